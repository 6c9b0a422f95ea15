//! The configuration of a run for its object store: the address, and the credentials of the job. This module reads no
//! file and asks no server.

use lockstep_model::render::Platform;
use lockstep_process::Programs;
use lockstep_workspace::OwnPaths;
use std::ffi::OsString;
use std::path::PathBuf;

/// The configuration of an object store.
#[derive(Default)]
pub struct ObjectsConfig {
    /// The URL of an S3-compatible server; none for the URL in the environment or else that of Amazon.
    pub endpoint: Option<String>,
    /// The region; none for the region in the AWS configuration. If that has none, and only the machine gives
    /// credentials, the host asks the machine; else the region is `us-east-1`, or the first of the role's partition.
    pub region: Option<String>,
    /// The role to assume.
    pub role: Option<String>,
    /// The name of the session in the log of the role's owner: letters, digits and `=,.@-`.
    pub session: String,
    /// The access key of the job.
    pub keys: Option<AccessKey>,
    /// The variable of the other half, if the job has half an access key.
    pub missing_variable: Option<&'static str>,
    /// The CI system, for advice.
    pub platform: Option<Platform>,
    /// The token that identifies the job.
    pub identity: Option<IdentityToken>,
    /// The AWS configuration files.
    pub files: ConfigFiles,
    /// Finds the program that the AWS configuration names.
    pub programs: Programs,
    /// The environment of that program.
    pub variables: Vec<(String, OsString)>,
    /// The files of the run itself, which no step may change in a folder that is a store.
    pub own_files: OwnPaths,
    /// Whether the AWS configuration may lie in the checkout.
    pub trusts_workspace: bool,
}

/// The paths of the AWS configuration.
/// <https://docs.aws.amazon.com/sdkref/latest/guide/file-location.html>
#[derive(Default, Clone)]
pub struct ConfigFiles {
    /// `~/.aws/config`, or the file that AWS_CONFIG_FILE names.
    pub config: Option<PathBuf>,
    /// `~/.aws/credentials`, or the file that AWS_SHARED_CREDENTIALS_FILE names.
    pub credentials: Option<PathBuf>,
}

/// An access key.
pub struct AccessKey {
    /// The access key ID.
    pub id: String,
    /// The secret access key.
    pub secret: String,
    /// The session token of a temporary key.
    pub token: Option<String>,
}

/// An OpenID Connect token of the CI system.
#[derive(Clone)]
pub enum IdentityToken {
    /// The GitHub runner returns a token at this URL.
    /// <https://docs.github.com/en/actions/reference/security/oidc>
    Request {
        /// `ACTIONS_ID_TOKEN_REQUEST_URL`.
        url: String,
        /// `ACTIONS_ID_TOKEN_REQUEST_TOKEN`.
        token: String,
    },
    /// The token, as GitLab gives it to a job.
    Token(String),
    /// The file with the token. Its content can change during the run.
    File(PathBuf),
}

impl std::fmt::Debug for IdentityToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Identity")
    }
}
