//! Runs the plugin that a kubeconfig names, and keeps what it gives until that ends. A plugin gets the variables of its own
//! kind, never a terminal, and does not outlive the run. What it says is shown only without secrets.
//! <https://kubernetes.io/docs/reference/access-authn-authz/authentication/#client-go-credential-plugins>

use crate::connection::{Connection, SHORTEST, inside, outside};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::config::ExecConfig;
use lockstep_model::call::CallError;
use lockstep_model::secret_registry::SecretRegistry;
use lockstep_model::text::short;
use lockstep_process::{Bounds, Programs};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use serde_json::json;
use std::ffi::OsString;
use std::path::Path;
use std::process::{Command, Output};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// What a plugin may print, and how long it may take.
const BOUNDS: Bounds =
    Bounds { stdout: 1024 * 1024, stderr: 16 * 1024, patience: Some(Duration::from_secs(120)), idle: None };
/// The most bytes of what it says that are shown.
const LONGEST: usize = 1000;
/// How long before its end a token is replaced.
const EARLY: Duration = Duration::from_secs(60);

/// The plugins that are known by the exact name of their program, with the beginnings of the variables that each reads
/// and where that is written. A plugin gets these variables of the job, secret or not, and of the rest only [`PLAIN`].
/// The page `docs/credentials.md` lists them.
const PLUGINS: [(&str, &[&str]); 8] = [
    // https://docs.aws.amazon.com/cli/latest/userguide/cli-configure-envvars.html
    ("aws", &["AWS_"]),
    // https://github.com/kubernetes-sigs/aws-iam-authenticator#specifying-credentials--using-aws-profiles
    ("aws-iam-authenticator", &["AWS_"]),
    // https://cloud.google.com/sdk/docs/properties
    ("gcloud", &["CLOUDSDK_", "GOOGLE_"]),
    // https://cloud.google.com/kubernetes-engine/docs/how-to/cluster-access-for-kubectl
    ("gke-gcloud-auth-plugin", &["CLOUDSDK_", "GOOGLE_"]),
    // https://azure.github.io/kubelogin/concepts/login-modes.html
    ("kubelogin", &["AAD_", "ARM_", "AZURE_"]),
    // https://docs.digitalocean.com/reference/doctl/how-to/install/
    ("doctl", &["DIGITALOCEAN_"]),
    // https://docs.oracle.com/en-us/iaas/Content/API/SDKDocs/clienvironmentvariables.htm
    ("oci", &["OCI_"]),
    // https://goteleport.com/docs/reference/cli/tsh/
    ("tsh", &["TELEPORT_"]),
];

/// Where plugins look below the home folder.
const AT_HOME: [&str; 7] =
    [".aws/config", ".aws/credentials", ".azure", ".config/gcloud", ".config/doctl", ".oci/config", ".tsh"];

/// What every plugin gets, besides PATH.
const PLAIN: [&str; 25] = [
    "HOME",
    "USER",
    "LOGNAME",
    "LANG",
    "LC_ALL",
    "LC_CTYPE",
    "TZ",
    "TMPDIR",
    "XDG_CONFIG_HOME",
    "XDG_CACHE_HOME",
    "XDG_DATA_HOME",
    "XDG_STATE_HOME",
    "XDG_RUNTIME_DIR",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "REQUESTS_CA_BUNDLE",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "ALL_PROXY",
    "NO_PROXY",
    "http_proxy",
    "https_proxy",
    "all_proxy",
    "no_proxy",
    "SSH_AUTH_SOCK",
];

/// Whether some plugin gets the variable of this name.
#[must_use]
pub fn is_for_plugins(variable: &str) -> bool {
    PLAIN.contains(&variable) || PLUGINS.iter().any(|(plugin, _)| is_of(plugin, variable))
}

/// Whether this plugin gets the variable of this name, where that is no secret.
#[must_use]
pub fn is_for_plugin(plugin: &str, variable: &str) -> bool {
    PLAIN.contains(&variable) || is_of(plugin, variable)
}

/// Whether a variable is of a plugin's own kind.
fn is_of(plugin: &str, variable: &str) -> bool {
    let mut own = PLUGINS.iter().filter(|(known, _)| *known == plugin).flat_map(|(_, prefixes)| *prefixes);
    own.any(|begin| variable.starts_with(begin))
}

/// A plugin, and the token that it gave last.
pub(super) struct Plugin {
    exec: ExecConfig,
    name: String,
    variables: Vec<(String, OsString)>,
    programs: Programs,
    known: Arc<SecretRegistry>,
    held: tokio::sync::Mutex<Option<Token>>,
    /// What it said and nobody has heard yet, and what it said last.
    said: Mutex<(Vec<String>, String)>,
}

#[derive(Clone)]
struct Token {
    token: Option<SecretString>,
    until: Option<SystemTime>,
}

/// What a plugin prints. <https://kubernetes.io/docs/reference/config-api/client-authentication.v1/>
#[derive(Deserialize)]
struct ExecCredential {
    status: Option<Given>,
}

/// What it gives.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Given {
    token: Option<String>,
    expiration_timestamp: Option<Time>,
    /// A certificate for TLS, as PEM.
    pub(super) client_certificate_data: Option<String>,
    /// Its key, as PEM.
    pub(super) client_key_data: Option<String>,
}

impl Plugin {
    pub(super) fn new(
        exec: ExecConfig,
        connection: &Connection,
        known: &Arc<SecretRegistry>,
    ) -> Result<Self, CallError> {
        let command = exec.command.clone().unwrap_or_default();
        let name = command.rsplit('/').next().unwrap_or_default().to_owned();
        let variables = variables(&name, connection);
        let said = exec.env.iter().flatten();
        let said = said.filter_map(|said| Some((said.get("name")?.clone(), said.get("value")?.into())));
        let all: Vec<(String, OsString)> = variables.iter().cloned().chain(said).collect();
        if let Some((variable, path)) = connection.programs.checkout().setting(&all)
            && !connection.trusts_workspace
        {
            let what = format!("{variable}, where the plugin `{name}` of the kubeconfig looks,");
            return Err(inside(&what, path));
        }
        let args = exec.args.as_deref().unwrap_or_default();
        if let Some(arg) = connection.programs.names_within(args).filter(|_| !connection.trusts_workspace) {
            return Err(CallError::Unauthorized(format!(
                "the plugin `{name}` of the kubeconfig is not started: its argument `{arg}` names a file of the workspace or \
                 its checkout; keep it outside"
            )));
        }
        let home = all.iter().find(|(name, _)| name == "HOME").map(|(_, home)| Path::new(home));
        let at_home = home.into_iter().flat_map(|home| AT_HOME.map(|file| home.join(file)));
        for file in at_home.filter(|file| file.exists()) {
            outside(
                connection,
                &format!("a file that the plugin `{name}` of the kubeconfig may read"),
                &file,
            )?;
        }
        Ok(Self {
            exec,
            name,
            variables,
            programs: connection.programs.clone(),
            known: Arc::clone(known),
            held: tokio::sync::Mutex::default(),
            said: Mutex::default(),
        })
    }

    /// Runs the plugin for the first time. It may give a certificate, too.
    pub(super) async fn begin(self: &Arc<Self>) -> Result<Given, CallError> {
        let given = self.ask().await.map_err(CallError::Unauthorized)?;
        *self.held.lock().await = Some(token(&given));
        Ok(given)
    }

    /// The token, made anew if it is about to end; none if the plugin gives none.
    pub(super) async fn token(self: &Arc<Self>) -> Result<Option<SecretString>, String> {
        let mut held = self.held.lock().await;
        let now = SystemTime::now() + EARLY;
        if let Some(held) = held.as_ref().filter(|held| held.until.is_none_or(|until| now < until)) {
            return Ok(held.token.clone());
        }
        let new = token(&self.ask().await?);
        *held = Some(new.clone());
        Ok(new.token)
    }

    /// What it has said since this was last asked.
    pub(super) fn said(&self) -> Vec<String> {
        std::mem::take(&mut self.said.lock().unwrap_or_else(PoisonError::into_inner).0)
    }

    async fn ask(self: &Arc<Self>) -> Result<Given, String> {
        let plugin = Arc::clone(self);
        let given = tokio::task::spawn_blocking(move || plugin.run()).await;
        given.unwrap_or_else(|error| Err(format!("the plugin `{}` could not be run: {error}", self.name)))
    }

    fn run(&self) -> Result<Given, String> {
        let called = format!("the plugin `{}` of the kubeconfig", self.name);
        let command = self.exec.command.as_deref().unwrap_or_default();
        let program = self.programs.find(command).map_err(|error| format!("{called}: {error}"))?;
        let mut command = Command::new(program);
        command
            .args(self.exec.args.iter().flatten())
            .envs(self.variables.iter().map(|(name, value)| (name, value)));
        for variable in self.exec.env.iter().flatten() {
            if let (Some(name), Some(value)) = (variable.get("name"), variable.get("value")) {
                command.env(name, value);
            }
        }
        command.env("PATH", self.programs.path()).env("KUBERNETES_EXEC_INFO", self.info());
        let ended = self.programs.run(&command, b"", BOUNDS).map_err(|error| format!("{called}: {error}"))?;
        let given =
            serde_saphyr::from_slice::<ExecCredential>(&ended.stdout).ok().and_then(|read| read.status);
        self.learn(given.as_ref());
        let said = self.clean(&ended);
        match given {
            Some(given) if ended.status.success() => {
                self.hear(format!("{called} says: {said}"), said.is_empty());
                Ok(given)
            }
            Some(_) | None => Err(format!("{called} {}{}", outcome(&ended, &said), self.hint())),
        }
    }

    /// What a plugin is told of its call.
    fn info(&self) -> String {
        let cluster = self.exec.cluster.as_ref().filter(|_| self.exec.provide_cluster_info);
        let cluster = cluster.and_then(|cluster| serde_json::to_value(cluster).ok());
        let mut spec = json!({ "interactive": false });
        if let Some(cluster) = cluster {
            spec["cluster"] = cluster;
        }
        json!({"kind": "ExecCredential", "apiVersion": self.exec.api_version, "spec": spec}).to_string()
    }

    /// No message may show what it gives.
    fn learn(&self, given: Option<&Given>) {
        let secrets = given.into_iter().flat_map(|given| [&given.token, &given.client_key_data]).flatten();
        secrets.filter(|secret| secret.len() >= SHORTEST).for_each(|secret| self.known.add(secret));
    }

    /// What it says, in one line and without secrets.
    fn clean(&self, ended: &Output) -> String {
        // Secrets are taken out before anything is joined or cut.
        let text = self.known.redact(&String::from_utf8_lossy(&ended.stderr));
        let lines: Vec<_> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        short(&lines.join("; "), LONGEST)
    }

    fn hear(&self, text: String, nothing: bool) {
        let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        if !nothing && said.1 != text {
            said.0.push(text.clone());
            said.1 = text;
        }
    }

    fn hint(&self) -> String {
        match PLUGINS.iter().any(|(known, _)| *known == self.name) {
            true => String::new(),
            false => format!(
                "; `{}` is no plugin that lockstep knows by name, so it got no variable of the job but those that every \
                 program has",
                self.name
            ),
        }
    }
}

fn token(given: &Given) -> Token {
    let until = given.expiration_timestamp.as_ref().and_then(|time| u64::try_from(time.0.as_second()).ok());
    Token {
        token: given.token.clone().map(SecretString::from),
        until: until.map(|seconds| UNIX_EPOCH + Duration::from_secs(seconds)),
    }
}

fn outcome(ended: &Output, said: &str) -> String {
    let said = if said.is_empty() { String::new() } else { format!(": {said}") };
    match ended.status.code() {
        Some(0) => format!("printed no credential{said}"),
        Some(code) => format!("failed with exit code {code}{said}"),
        None => format!("was stopped by a signal{said}"),
    }
}

/// The variables for a plugin of this name.
fn variables(name: &str, connection: &Connection) -> Vec<(String, OsString)> {
    let plain = connection.variables.iter().filter(|(variable, _)| is_for_plugin(name, variable));
    let secrets = connection.secrets.iter().filter(|(variable, _)| is_of(name, variable));
    let secrets = secrets.map(|(name, value)| (name.clone(), OsString::from(value)));
    plain.cloned().chain(secrets).collect()
}

/// The header that shows a token.
pub(super) fn bearer(token: &SecretString) -> Result<http::HeaderValue, String> {
    let mut value = http::HeaderValue::try_from(format!("Bearer {}", token.expose_secret()))
        .map_err(|_| "the plugin of the kubeconfig gave a token that fits in no header".to_owned())?;
    value.set_sensitive(true);
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use lockstep_process::DATA;

    fn names(command: &str) -> Vec<String> {
        let secrets = ["AWS_SECRET_ACCESS_KEY", "AZURE_CLIENT_SECRET", "GITHUB_TOKEN"];
        let plain = ["HOME", "AWS_REGION", "JUNK"];
        let connection = Connection {
            secrets: secrets.map(|name| (name.to_owned(), "x".to_owned())).to_vec(),
            variables: plain.map(|name| (name.to_owned(), "y".into())).to_vec(),
            ..Connection::default()
        };
        variables(command, &connection).into_iter().map(|(name, _)| name).collect()
    }

    #[test]
    fn a_plugin_gets_only_the_secrets_of_its_kind() {
        assert_eq!(names("aws"), ["HOME", "AWS_REGION", "AWS_SECRET_ACCESS_KEY"]);
        assert_eq!(names("aws-iam-authenticator"), ["HOME", "AWS_REGION", "AWS_SECRET_ACCESS_KEY"]);
        assert_eq!(names("kubelogin"), ["HOME", "AZURE_CLIENT_SECRET"]);
        for other in ["laws", "aws.sh", "AWS", "aws ", "", "kubelogin2", "gke-gcloud-auth-plugin"] {
            assert_eq!(names(other), ["HOME"], "{other}");
        }
        assert!(is_for_plugins("AWS_PROFILE") && is_for_plugins("no_proxy") && !is_for_plugins("LOCKSTEP_X"));
    }

    #[test]
    fn the_page_lists_every_plugin_and_what_it_gets() {
        let page = include_str!("../../../../docs/credentials.md");
        for (name, prefixes) in PLUGINS {
            let variables: Vec<_> = prefixes.iter().map(|prefix| format!("`{prefix}*`")).collect();
            let row = format!("| `{name}` | {} | <https://", variables.join(", "));
            assert!(page.contains(&row), "{row}");
        }
        for name in
            DATA.iter().chain(PLAIN.iter().filter(|name| !name.contains("PROXY") && !name.contains("proxy")))
        {
            let folder = name.starts_with("XDG_") && name.ends_with("_HOME");
            assert!(folder || page.contains(&format!("`{name}`")), "{name}");
        }
    }
}
