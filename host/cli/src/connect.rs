//! The connections of a run: the inputs that the step declares for its clients, and the credentials of the job. It connects
//! to nothing.

use crate::args::RunArgs;
use crate::conclude::ending;
use crate::environment;
use crate::forges;
use crate::secrets::Secrets;
use lockstep_cluster::{is_for_plugin, is_for_plugins};
use lockstep_forge::Signed;
use lockstep_http::Credential;
use lockstep_model::capability::Capability;
use lockstep_model::connect::Connect;
use lockstep_model::exit::Exit;
use lockstep_model::forge::ForgeKind;
use lockstep_model::inputs::Inputs;
use lockstep_model::report::{Level, Note, RunEnd};
use lockstep_model::web::WebAddress;
use lockstep_objects::{ConfigFiles, Identity, Keys};
use lockstep_process::{Checkout, Programs, regular};
use lockstep_repository::Signing;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// The variables that hold the credentials which an input names.
const NAMED: &str = "LOCKSTEP_SECRET_";

/// The secrets of the job that can open something.
pub(crate) struct Held {
    keys: Option<Keys>,
    identity: Option<Identity>,
    all: Vec<(String, String)>,
    files: Vec<(String, PathBuf)>,
}

impl Held {
    /// The files that hold secrets by the name of a variable.
    pub(crate) fn files(&self) -> Vec<(String, PathBuf)> {
        self.files.clone()
    }
}

/// How each capability gets in.
pub(crate) struct Connections {
    pub(crate) objects: lockstep_objects::Connection,
    pub(crate) http: lockstep_http::Connection,
    pub(crate) cluster: lockstep_cluster::Connection,
    pub(crate) repository: lockstep_repository::Connection,
    pub(crate) forge: lockstep_forge::Connection,
}

/// Takes what can open something out of the secrets.
pub(crate) fn held(secrets: &Secrets) -> Held {
    let secret = |name: &str| secrets.get(name).map(str::to_owned);
    let keys = secret("AWS_ACCESS_KEY_ID").zip(secret("AWS_SECRET_ACCESS_KEY"));
    let keys = keys.map(|(id, key)| Keys { id, secret: key, token: secret("AWS_SESSION_TOKEN") });
    let request = || {
        let url = environment::text("ACTIONS_ID_TOKEN_REQUEST_URL")?;
        Some(Identity::Request { url, token: secret("ACTIONS_ID_TOKEN_REQUEST_TOKEN")? })
    };
    let identity = secret("LOCKSTEP_ID_TOKEN")
        .map(Identity::Token)
        .or_else(|| environment::path("AWS_WEB_IDENTITY_TOKEN_FILE").map(Identity::File))
        .or_else(request);
    Held { keys, identity, all: secrets.all(), files: secrets.files() }
}

/// Refuses files that libraries read for this run and would never end to read.
fn readable() -> Result<(), RunEnd> {
    const FILES: [&str; 3] =
        ["SSL_CERT_FILE", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"];
    for name in FILES {
        let Some(path) = environment::path(name).filter(|path| path.exists()) else { continue };
        if let Err(problem) = regular::check(&path) {
            let hint = format!("let {name} name a file, or unset it");
            return Err(wrong(format!("{name} names {problem}"), &hint));
        }
    }
    Ok(())
}

/// The connections that the inputs describe.
///
/// # Errors
/// A credential that cannot be read, or that the job does not hold.
pub(crate) fn connections(
    held: Held,
    inputs: &Inputs,
    connect: &Connect,
    args: &RunArgs,
) -> Result<Connections, RunEnd> {
    let value = |capability, setting: &str| inputs.get(connect.input(capability, setting)?);
    let text = |capability, setting: &str| {
        let text = value(capability, setting)?.as_str()?;
        (!text.is_empty()).then(|| text.to_owned())
    };
    let Held { keys, identity, all, .. } = held;
    readable()?;
    let credentials = connect.input(Capability::Http, "credentials").and_then(|input| inputs.texts(input));
    let credentials = credentials.unwrap_or_default();
    let credentials = credentials.into_iter().map(|line| credential(line, &all)).collect::<Result<_, _>>()?;
    let programs = programs(&args.workspace);
    let mut repository = forges::repositories(&all, &args.workspace, &programs);
    if let Some(timeout) = text(Capability::Repository, "timeout") {
        repository.patience = repository.patience.min(duration(&timeout));
    }
    let forge = lockstep_forge::Connection {
        repository: repository.clone(),
        kind: text(Capability::Forge, "kind").as_deref().and_then(ForgeKind::parse),
        servers: forges::servers(),
    };
    // The job's own key says who has made a commit, and signs for every forge.
    if value(Capability::Repository, "sign-commits") == Some(&Value::Bool(true))
        && matches!(repository.signing, Signing::None)
    {
        repository.signing = Signing::Server(Arc::new(Signed::new(forge.clone())));
    }
    Ok(Connections {
        objects: lockstep_objects::Connection {
            endpoint: text(Capability::Objects, "endpoint"),
            region: text(Capability::Objects, "region")
                .or_else(|| ["AWS_REGION", "AWS_DEFAULT_REGION"].into_iter().find_map(environment::text)),
            role: text(Capability::Objects, "role"),
            session: session(),
            keys,
            identity,
            files: amazons(),
            programs: programs.clone(),
            // What a profile names gives credentials of Amazon, as its plugin does.
            variables: environment::fitting(|name| is_for_plugin("aws", name)),
            trusts_workspace: args.trusts_workspace,
        },
        http: lockstep_http::Connection { credentials },
        forge,
        repository,
        cluster: lockstep_cluster::Connection {
            context: text(Capability::Cluster, "context"),
            secrets: all,
            kubeconfigs: kubeconfigs(),
            variables: environment::fitting(is_for_plugins),
            programs,
            trusts_workspace: args.trusts_workspace,
        },
    })
}

/// The programs that this run may start. What the platform says was checked out is part of the checkout, whatever folder of
/// it is the workspace: a variable can only make that more.
fn programs(workspace: &Path) -> Programs {
    const CHECKOUTS: [&str; 3] = ["GITHUB_WORKSPACE", "CI_PROJECT_DIR", "WORKSPACE"];
    let checkouts = CHECKOUTS.into_iter().filter_map(environment::path);
    let checkout = Checkout::new(std::iter::once(workspace.to_owned()).chain(checkouts));
    let path = environment::all_of(&["PATH"]).pop().map(|(_, path)| path);
    Programs::new(path, checkout)
}

/// The files of the kubeconfig.
/// <https://kubernetes.io/docs/concepts/configuration/organize-cluster-access-kubeconfig/>
fn kubeconfigs() -> Vec<PathBuf> {
    let usual = || environment::home().map(|home| home.join(".kube/config"));
    environment::paths("KUBECONFIG").unwrap_or_else(|| usual().into_iter().collect())
}

/// The files of Amazon's configuration.
/// <https://docs.aws.amazon.com/sdkref/latest/guide/file-location.html>
fn amazons() -> ConfigFiles {
    let file = |variable: &str, usual: &str| {
        environment::path(variable).or_else(|| environment::home().map(|home| home.join(usual)))
    };
    ConfigFiles {
        config: file("AWS_CONFIG_FILE", ".aws/config"),
        credentials: file("AWS_SHARED_CREDENTIALS_FILE", ".aws/credentials"),
    }
}

/// What is worth a note: a program that PATH names first is not the one that is started.
pub(crate) fn passed_over(connections: &Connections, granted: &[Capability]) -> Vec<Note> {
    if !granted.contains(&Capability::Repository) {
        return Vec::new();
    }
    let programs = &connections.repository.programs;
    let passed = ["git", "ssh"].into_iter().filter_map(|name| programs.passed_over(name));
    let note = |place: PathBuf| {
        let message = format!(
            "{} is not started: it lies in the workspace, or its entry of PATH is no absolute path",
            place.display()
        );
        Note { level: Level::Notice, message, location: None }
    };
    passed.map(note).collect()
}

/// A length of time such as `90s` or `1h30m`; none at all if it is not one, which the step says better.
fn duration(text: &str) -> Duration {
    let part = |part: &str| {
        let unit = [("h", 3_600), ("m", 60), ("s", 1)].into_iter().find(|(unit, _)| part.ends_with(unit))?;
        part.strip_suffix(unit.0)?.parse::<u64>().ok()?.checked_mul(unit.1)
    };
    let seconds: Option<u64> = text.trim().split_inclusive(char::is_alphabetic).map(part).sum();
    Duration::from_secs(seconds.unwrap_or(0))
}

/// Reads `ORIGIN=NAME`, or `ORIGIN,GIVER=NAME` with the server that gives out tokens for the first: which secret goes where.
fn credential(line: &str, secrets: &[(String, String)]) -> Result<Credential, RunEnd> {
    const FORM: &str = "write `ORIGIN=NAME`, for example `https://metrics.example.com=METRICS`";
    let (origins, name) = line.rsplit_once('=').ok_or_else(|| wrong(format!("`{line}` has no `=`"), FORM))?;
    let (opened, giver) = match origins.split_once(',') {
        Some((opened, giver)) => (opened, Some(giver)),
        None => (origins, None),
    };
    let origin = |text: &str| {
        let address = WebAddress::parse(text).map_err(|error| wrong(error.to_string(), FORM))?;
        let origin = address.origin();
        if address.as_str().trim_end_matches('/') != origin {
            return Err(wrong(format!("`{text}` is more than scheme, host and port"), FORM));
        }
        if !address.is_secure() && !address.is_loopback() {
            let message =
                format!("`{origin}` is not behind TLS: whoever is on the way could read the credential");
            return Err(wrong(message, "use an `https` address"));
        }
        Ok(origin)
    };
    let (opened, giver) = (origin(opened)?, giver.map(origin).transpose()?);
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if name.is_empty() || !name.chars().all(plain) {
        return Err(wrong(format!("`{name}` is no name of letters, digits and `_`"), FORM));
    }
    let variable = format!("{NAMED}{}", name.to_ascii_uppercase());
    let held = secrets.iter().find(|(known, _)| known.eq_ignore_ascii_case(&variable));
    let (_, secret) = held.ok_or_else(|| {
        let message = format!("credentials: the job has no secret in the variable `{variable}`");
        let hint = format!("set `{variable}` to the token for {opened}");
        ending(Exit::Credentials, "no-credential", message, Some(hint))
    })?;
    // A whole header says its scheme, a token alone is one to bear: RFC 9110, section 11.6.2, and RFC 6750.
    let authorization = if secret.contains(' ') { secret.clone() } else { format!("Bearer {secret}") };
    Ok(Credential { origin: opened, giver, authorization })
}

fn wrong(message: String, hint: &str) -> RunEnd {
    ending(Exit::Invalid, "bad-input", format!("credentials: {message}"), Some(hint.to_owned()))
}

/// What the owner of a role reads in its log: which job it was, of the characters that a session's name may have.
/// <https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html>
fn session() -> String {
    let job = ["GITHUB_RUN_ID", "CI_JOB_ID", "BUILD_TAG"].into_iter().find_map(environment::text);
    let name = job.map_or_else(|| "lockstep".to_owned(), |job| format!("lockstep-{job}"));
    let fit = |c: char| if c.is_ascii_alphanumeric() || "=,.@-".contains(c) { c } else { '-' };
    name.chars().map(fit).take(64).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_time_are_read() {
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
            (metrics.origin.as_str(), metrics.authorization.as_str()),
            ("https://m.example", "Bearer t0ken")
        );
        let basic = read("https://10.0.0.1:9090/=basic").ok().unwrap();
        assert_eq!(
            (basic.origin.as_str(), basic.authorization.as_str()),
            ("https://10.0.0.1:9090", "Basic dTpw")
        );
        assert_eq!(metrics.giver, None);
        let pair = read("https://r.example,https://t.example:8443/=METRICS").ok().unwrap();
        assert_eq!(
            (pair.origin.as_str(), pair.giver.as_deref()),
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
            ("https://m.example=A-B", Exit::Invalid),
            ("https://m.example=OTHER", Exit::Credentials),
            ("https://m.example=GITHUB_TOKEN", Exit::Credentials),
        ] {
            assert_eq!(read(bad).err().map(|ending| ending.exit), Some(exit), "{bad}");
        }
    }
}
