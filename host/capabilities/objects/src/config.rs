//! What a run says about its object storage: the address, and the credentials that the job holds. It reads no file and asks no
//! server.

use lockstep_process::Programs;
use std::ffi::OsString;
use std::path::PathBuf;

/// What a run says about its object storage, and the secrets that open it.
#[derive(Default)]
pub struct ObjectsConfig {
    /// The URL of an S3-compatible server; none for Amazon's, or the one that the environment names.
    pub endpoint: Option<String>,
    /// The region; none for the one that the configuration names, else the machine's where that alone gives credentials,
    /// else `us-east-1`.
    pub region: Option<String>,
    /// The role to take on.
    pub role: Option<String>,
    /// What the role's owner reads in its log: letters, digits and `=,.@-`.
    pub session: String,
    /// Keys that the job holds.
    pub keys: Option<AccessKey>,
    /// What proves to others which job this is.
    pub identity: Option<IdentityToken>,
    /// Amazon's configuration and credentials files.
    pub files: ConfigFiles,
    /// Where a program that the configuration names may be, and what it finds in its environment.
    pub programs: Programs,
    /// See `programs`.
    pub variables: Vec<(String, OsString)>,
    /// Whether these files may lie in the checkout.
    pub trusts_workspace: bool,
}

/// Where Amazon's own configuration is.
/// <https://docs.aws.amazon.com/sdkref/latest/guide/file-location.html>
#[derive(Default, Clone)]
pub struct ConfigFiles {
    /// `~/.aws/config`, or what AWS_CONFIG_FILE names.
    pub config: Option<PathBuf>,
    /// `~/.aws/credentials`, or what AWS_SHARED_CREDENTIALS_FILE names.
    pub credentials: Option<PathBuf>,
}

/// An access key.
pub struct AccessKey {
    /// Its name.
    pub id: String,
    /// Its secret half.
    pub secret: String,
    /// What makes it a temporary one.
    pub token: Option<String>,
}

/// A token that a CI signs: OpenID Connect.
#[derive(Clone)]
pub enum IdentityToken {
    /// GitHub makes one at this address for who shows this token.
    /// <https://docs.github.com/en/actions/reference/security/oidc>
    Request {
        /// `ACTIONS_ID_TOKEN_REQUEST_URL`.
        url: String,
        /// `ACTIONS_ID_TOKEN_REQUEST_TOKEN`.
        token: String,
    },
    /// The job was given it, as GitLab does.
    Token(String),
    /// It is in a file, which may be replaced by a newer one while the run lasts.
    File(PathBuf),
}

impl std::fmt::Debug for IdentityToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Identity")
    }
}
