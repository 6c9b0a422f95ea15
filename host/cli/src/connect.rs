//! The settings of the clients of a run: from the inputs that the step declares for them, and from the credentials of the
//! job. This module sends no request.

use crate::args::RunArgs;
use crate::environment;
use crate::forges;
use crate::secrets::Secrets;
use crate::verdict::run_end;
use lockstep_cluster::{is_for_plugin, is_for_plugins};
use lockstep_forge::GitHubSigner;
use lockstep_http::{AUTHORIZATION, Credential};
use lockstep_model::capability::Capability;
use lockstep_model::connect::Connect;
use lockstep_model::forge::ForgeKind;
use lockstep_model::host_code::HostCode;
use lockstep_model::inputs::Inputs;
use lockstep_model::report::{Level, Note, RunEnd};
use lockstep_model::web::WebAddress;
use lockstep_objects::{AccessKey, ConfigFiles, IdentityToken};
use lockstep_process::{Checkout, Programs, regular_file};
use lockstep_repository::Signing;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// The prefix of the variables with the credentials that an input names.
const SECRET_PREFIX: &str = "LOCKSTEP_SECRET_";

/// The credentials of the job.
pub(crate) struct JobCredentials {
    keys: Option<AccessKey>,
    /// The variable of the other half, if the job has half an access key.
    missing_variable: Option<&'static str>,
    identity: Option<IdentityToken>,
    all: Vec<(String, String)>,
    files: Vec<(String, PathBuf)>,
}

impl JobCredentials {
    /// The files with credentials that variables name.
    pub(crate) fn files(&self) -> Vec<(String, PathBuf)> {
        self.files.clone()
    }
}

/// The settings of the client of each capability.
pub(crate) struct ClientConfigs {
    pub(crate) objects: lockstep_objects::ObjectsConfig,
    pub(crate) http: lockstep_http::HttpConfig,
    pub(crate) cluster: lockstep_cluster::ClusterConfig,
    pub(crate) repository: lockstep_repository::RepositoryConfig,
    pub(crate) forge: lockstep_forge::ForgeConfig,
}

/// Takes the credentials out of the secrets of the job.
pub(crate) fn job_credentials(secrets: &Secrets) -> JobCredentials {
    let secret = |name: &str| secrets.get(name).map(str::to_owned);
    let (id, key) = (secret("AWS_ACCESS_KEY_ID"), secret("AWS_SECRET_ACCESS_KEY"));
    let missing_variable = match (&id, &key) {
        (Some(_), None) => Some("AWS_SECRET_ACCESS_KEY"),
        (None, Some(_)) => Some("AWS_ACCESS_KEY_ID"),
        _ => None,
    };
    let keys = id.zip(key).map(|(id, key)| AccessKey { id, secret: key, token: secret("AWS_SESSION_TOKEN") });
    let request = || {
        let url = environment::text("ACTIONS_ID_TOKEN_REQUEST_URL")?;
        Some(IdentityToken::Request { url, token: secret("ACTIONS_ID_TOKEN_REQUEST_TOKEN")? })
    };
    let identity = secret("LOCKSTEP_ID_TOKEN")
        .map(IdentityToken::Token)
        .or_else(|| environment::path("AWS_WEB_IDENTITY_TOKEN_FILE").map(IdentityToken::File))
        .or_else(request);
    JobCredentials { keys, missing_variable, identity, all: secrets.all(), files: secrets.files() }
}

/// Rejects files that a library would read without end, such as devices and pipes.
fn check_files_of_libraries() -> Result<(), RunEnd> {
    const FILES: [&str; 3] =
        ["SSL_CERT_FILE", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"];
    for name in FILES {
        let Some(path) = environment::path(name).filter(|path| path.exists()) else { continue };
        if let Err(problem) = regular_file::check(&path) {
            let hint = format!("set {name} to the path of a file, or unset it");
            return Err(bad_credential(format!("{name} names {problem}"), &hint));
        }
    }
    Ok(())
}

/// Makes the settings of all clients.
///
/// # Errors
/// An input names a credential in a wrong form, or one that the job does not have. A variable names a file that is not
/// regular.
pub(crate) fn client_configs(
    credentials: JobCredentials,
    inputs: &Inputs,
    connect: &Connect,
    args: &RunArgs,
) -> Result<ClientConfigs, RunEnd> {
    let value = |capability, setting: &str| inputs.get(connect.input(capability, setting)?);
    let text = |capability, setting: &str| {
        let text = value(capability, setting)?.as_str()?;
        (!text.is_empty()).then(|| text.to_owned())
    };
    let JobCredentials { keys, missing_variable, identity, all, .. } = credentials;
    check_files_of_libraries()?;
    let credentials = connect.input(Capability::Http, "credentials").and_then(|input| inputs.texts(input));
    let credentials = credentials.unwrap_or_default();
    let credentials = credentials.into_iter().map(|line| credential(line, &all)).collect::<Result<_, _>>()?;
    let programs = programs(&args.workspace);
    let mut repository = forges::repositories(&all, &args.workspace, &programs);
    if let Some(timeout) = text(Capability::Repository, "timeout") {
        repository.retry_timeout = repository.retry_timeout.min(duration(&timeout));
    }
    let forge = lockstep_forge::ForgeConfig {
        repository: repository.clone(),
        kind: text(Capability::Forge, "kind").as_deref().and_then(ForgeKind::parse),
        servers: forges::servers(),
    };
    // A key of the job signs for every forge, so it comes before the signature of the server.
    if value(Capability::Repository, "sign-commits") == Some(&Value::Bool(true))
        && matches!(repository.signing, Signing::None)
    {
        repository.signing = Signing::Server(Arc::new(GitHubSigner::new(forge.clone())));
    }
    Ok(ClientConfigs {
        objects: lockstep_objects::ObjectsConfig {
            own_files: lockstep_workspace::OwnPaths::default(),
            endpoint: text(Capability::Objects, "endpoint"),
            region: text(Capability::Objects, "region")
                .or_else(|| ["AWS_REGION", "AWS_DEFAULT_REGION"].into_iter().find_map(environment::text)),
            role: text(Capability::Objects, "role"),
            session: session_name(),
            keys,
            missing_variable,
            platform: Some(environment::Environment::detected().platform),
            identity,
            files: aws_config_files(),
            programs: programs.clone(),
            // A program that a profile names gets credentials of AWS, as the plugin of AWS does.
            variables: environment::variables_matching(|name| is_for_plugin("aws", name)),
            trusts_workspace: args.trusts_workspace,
        },
        http: lockstep_http::HttpConfig { credentials },
        forge,
        repository,
        cluster: lockstep_cluster::ClusterConfig {
            context: text(Capability::Cluster, "context"),
            secrets: all,
            kubeconfigs: kubeconfigs(),
            variables: environment::variables_matching(is_for_plugins),
            programs,
            trusts_workspace: args.trusts_workspace,
        },
    })
}

/// The programs that this run may start. The checkout has the workspace and each folder that the CI system names as
/// checked out, so a variable can only add to it.
fn programs(workspace: &Path) -> Programs {
    const CHECKOUTS: [&str; 3] = ["GITHUB_WORKSPACE", "CI_PROJECT_DIR", "WORKSPACE"];
    let checkouts = CHECKOUTS.into_iter().filter_map(environment::path);
    let checkout = Checkout::new(std::iter::once(workspace.to_owned()).chain(checkouts));
    let path = environment::variables(&["PATH"]).pop().map(|(_, path)| path);
    Programs::new(path, checkout)
}

/// The paths of the kubeconfig.
/// <https://kubernetes.io/docs/concepts/configuration/organize-cluster-access-kubeconfig/>
fn kubeconfigs() -> Vec<PathBuf> {
    let usual = || environment::home().map(|home| home.join(".kube/config"));
    environment::paths("KUBECONFIG").unwrap_or_else(|| usual().into_iter().collect())
}

/// The paths of the AWS configuration.
/// <https://docs.aws.amazon.com/sdkref/latest/guide/file-location.html>
fn aws_config_files() -> ConfigFiles {
    let file = |variable: &str, usual: &str| {
        environment::path(variable).or_else(|| environment::home().map(|home| home.join(usual)))
    };
    ConfigFiles {
        config: file("AWS_CONFIG_FILE", ".aws/config"),
        credentials: file("AWS_SHARED_CREDENTIALS_FILE", ".aws/credentials"),
    }
}

/// Notes about programs that are first in PATH and that the host does not start.
pub(crate) fn skipped_programs(configs: &ClientConfigs, granted: &[Capability]) -> Vec<Note> {
    if !granted.contains(&Capability::Repository) {
        return Vec::new();
    }
    let programs = &configs.repository.programs;
    let passed = ["git", "ssh"].into_iter().filter_map(|name| programs.skipped_program(name));
    let note = |place: PathBuf| {
        let message = format!(
            "{} is not started: it is in the workspace, or its entry of PATH is not an absolute path",
            place.display()
        );
        Note { level: Level::Notice, message, location: None }
    };
    passed.map(note).collect()
}

/// Reads a duration such as `90s` or `1h30m`. Other texts give zero; the step reports them.
fn duration(text: &str) -> Duration {
    let part = |part: &str| {
        let unit = [("h", 3_600), ("m", 60), ("s", 1)].into_iter().find(|(unit, _)| part.ends_with(unit))?;
        part.strip_suffix(unit.0)?.parse::<u64>().ok()?.checked_mul(unit.1)
    };
    let seconds: Option<u64> = text.trim().split_inclusive(char::is_alphabetic).map(part).sum();
    Duration::from_secs(seconds.unwrap_or(0))
}

/// Reads `ORIGIN=NAME`: the origin that gets the value of the variable `LOCKSTEP_SECRET_NAME`. In
/// `ORIGIN,TOKEN-ORIGIN=NAME` the second origin gets it, and gives out tokens for the first. In `ORIGIN HEADER=NAME` the
/// header has the bare value.
fn credential(line: &str, secrets: &[(String, String)]) -> Result<Credential, RunEnd> {
    const HINT: &str = "write `ORIGIN=NAME`, for example `https://metrics.example.com=METRICS` for the value of \
        `LOCKSTEP_SECRET_METRICS`; `ORIGIN HEADER=NAME` for a header of its own, for example \
        `https://shop.example.com X-Api-Key=SHOP`; or `ORIGIN,TOKEN-ORIGIN=NAME`, for example \
        `https://registry-1.docker.io,https://auth.docker.io=HUB`";
    let (origins, name) =
        line.rsplit_once('=').ok_or_else(|| bad_credential(format!("`{line}` has no `=`"), HINT))?;
    let (origins, header) = match origins.trim().split_once(' ') {
        Some((origins, header)) => (origins, Some(credential_header(header.trim(), HINT)?)),
        None => (origins.trim(), None),
    };
    let (opened, token_server) = match origins.split_once(',') {
        Some((opened, token_server)) => (opened, Some(token_server)),
        None => (origins, None),
    };
    let origin = |text: &str| {
        let address = WebAddress::parse(text).map_err(|error| bad_credential(error.to_string(), HINT))?;
        let origin = address.origin();
        if address.as_str().trim_end_matches('/') != origin {
            return Err(bad_credential(format!("`{text}` has more than a scheme, a host and a port"), HINT));
        }
        if !address.is_secure() && !address.is_loopback() {
            let message = format!("`{origin}` has no TLS: others on the network could read the credential");
            return Err(bad_credential(message, "use an `https` address"));
        }
        Ok(origin)
    };
    let (opened, token_server) = (origin(opened)?, token_server.map(origin).transpose()?);
    if header.is_some() && token_server.is_some() {
        return Err(bad_credential(format!("`{line}` has a token server and a header"), HINT));
    }
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if name.is_empty() || !name.chars().all(plain) {
        return Err(bad_credential(format!("invalid name `{name}`: expected letters, digits and `_`"), HINT));
    }
    let variable = format!("{SECRET_PREFIX}{}", name.to_ascii_uppercase());
    let secret = secrets.iter().find(|(known, _)| known.eq_ignore_ascii_case(&variable));
    let (_, secret) = secret.ok_or_else(|| {
        let message = format!("credentials: the job has no secret in the variable `{variable}`");
        let hint = format!("set `{variable}` to the token for {opened}");
        run_end(HostCode::NoCredential, message, Some(hint))
    })?;
    // A secret with a blank is a whole header with its scheme, RFC 9110, section 11.6.2. Any other is a bearer token,
    // RFC 6750.
    let value = match &header {
        None if !secret.contains(' ') => format!("Bearer {secret}"),
        _ => secret.clone(),
    };
    let header = header.unwrap_or_else(|| AUTHORIZATION.to_owned());
    Ok(Credential { origin: opened, token_server, header, value })
}

/// The name of the header of a credential, in lower case. Headers of the connection can carry none.
fn credential_header(name: &str, hint: &str) -> Result<String, RunEnd> {
    const RESERVED: [&str; 8] = [
        "host",
        "connection",
        "content-length",
        "content-type",
        "transfer-encoding",
        "te",
        "upgrade",
        "expect",
    ];
    let name = name.to_ascii_lowercase();
    let is_valid = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if name.is_empty() || !name.chars().all(is_valid) || RESERVED.contains(&name.as_str()) {
        return Err(bad_credential(format!("`{name}` is no header for a credential"), hint));
    }
    Ok(name)
}

fn bad_credential(message: String, hint: &str) -> RunEnd {
    run_end(HostCode::BadInput, format!("credentials: {message}"), Some(hint.to_owned()))
}

/// The name of the session: the owner of a role reads in a log which job it was. It has only the characters that AWS
/// allows.
/// <https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html>
fn session_name() -> String {
    let job = ["GITHUB_RUN_ID", "CI_JOB_ID", "BUILD_TAG"].into_iter().find_map(environment::text);
    let name = job.map_or_else(|| "lockstep".to_owned(), |job| format!("lockstep-{job}"));
    let fit = |c: char| if c.is_ascii_alphanumeric() || "=,.@-".contains(c) { c } else { '-' };
    name.chars().map(fit).take(64).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use lockstep_model::exit::Exit;

    #[test]
    fn a_duration_is_read_in_hours_minutes_and_seconds() {
        for (text, seconds) in
            [("20s", 20), ("5m", 300), ("1h30m", 5400), (" 2m ", 120), ("0s", 0), ("x", 0), ("", 0)]
        {
            assert_eq!(duration(text), Duration::from_secs(seconds), "{text}");
        }
    }

    #[test]
    fn a_credential_belongs_to_one_origin() {
        let secrets = [
            ("LOCKSTEP_SECRET_METRICS".to_owned(), "t0ken".to_owned()),
            ("LOCKSTEP_SECRET_BASIC".to_owned(), "Basic dTpw".to_owned()),
            ("GITHUB_TOKEN".to_owned(), "never".to_owned()),
        ];
        let read = |line: &str| credential(line, &secrets);
        let metrics = read("https://m.example=METRICS").ok().unwrap();
        assert_eq!(
            (metrics.origin.as_str(), metrics.header.as_str(), metrics.value.as_str()),
            ("https://m.example", "authorization", "Bearer t0ken")
        );
        let own = read("https://m.example X-Api-Key=METRICS").ok().unwrap();
        assert_eq!(
            (own.origin.as_str(), own.header.as_str(), own.value.as_str()),
            ("https://m.example", "x-api-key", "t0ken")
        );
        let basic = read("https://10.0.0.1:9090/=basic").ok().unwrap();
        assert_eq!((basic.origin.as_str(), basic.value.as_str()), ("https://10.0.0.1:9090", "Basic dTpw"));
        assert_eq!(metrics.token_server, None);
        let pair = read("https://r.example,https://t.example:8443/=METRICS").ok().unwrap();
        assert_eq!(
            (pair.origin.as_str(), pair.token_server.as_deref()),
            ("https://r.example", Some("https://t.example:8443"))
        );
        for (bad, exit) in [
            ("https://m.example", Exit::Invalid),
            ("https://m.example,=METRICS", Exit::Invalid),
            ("https://m.example,http://t.example=METRICS", Exit::Invalid),
            ("https://m.example,https://t.example/token=METRICS", Exit::Invalid),
            ("https://m.example,https://t.example,https://u.example=METRICS", Exit::Invalid),
            ("m.example=METRICS", Exit::Invalid),
            ("https://m.example/x=METRICS", Exit::Invalid),
            ("http://m.example=METRICS", Exit::Invalid),
            ("http://localhost:9090=METRICS", Exit::Invalid),
            ("http://10.0.0.1:9090=METRICS", Exit::Invalid),
            ("https://u@m.example=METRICS", Exit::Invalid),
            ("https://m.example=", Exit::Invalid),
            ("https://m.example a b=METRICS", Exit::Invalid),
            ("https://m.example host=METRICS", Exit::Invalid),
            ("https://m.example,https://t.example x-key=METRICS", Exit::Invalid),
            ("https://m.example=A-B", Exit::Invalid),
            ("https://m.example=OTHER", Exit::Credentials),
            ("https://m.example=GITHUB_TOKEN", Exit::Credentials),
        ] {
            assert_eq!(read(bad).err().map(|ending| ending.exit), Some(exit), "{bad}");
        }
    }
}
