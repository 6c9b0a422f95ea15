//! Runs the credential plugin that a kubeconfig names, and caches its token until that expires. A plugin gets the variables of
//! its vendor and no terminal, and ends with the run. The host redacts its messages.
//! <https://kubernetes.io/docs/reference/access-authn-authz/authentication/#client-go-credential-plugins>

use crate::config::{ClusterConfig, MIN_SECRET_BYTES, checkout_error, refuse_in_checkout};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::config::ExecConfig;
use lockstep_model::call::CallError;
use lockstep_model::secret_registry::SecretRegistry;
use lockstep_model::text::short;
use lockstep_process::{ProgramLimits, Programs};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use serde_json::json;
use std::ffi::OsString;
use std::path::Path;
use std::process::{Command, Output};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// How many bytes a plugin may print, and how long it may take.
const PROGRAM_LIMITS: ProgramLimits = ProgramLimits {
    max_stdout_bytes: 1024 * 1024,
    max_stderr_bytes: 16 * 1024,
    timeout: Some(Duration::from_secs(120)),
    idle_timeout: None,
};
/// The longest message of a plugin that the host shows, in bytes.
const MAX_MESSAGE_BYTES: usize = 1000;
/// How long before a token expires the host renews it.
const RENEW_BEFORE: Duration = Duration::from_secs(60);

/// The known plugins by the exact names of their programs, with the prefixes of the variables that each reads and the page
/// that documents it. A plugin gets these variables of the job, secret or not, and of the others only [`COMMON_VARIABLES`].
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

/// The files below the home folder that plugins read.
const HOME_FILES: [&str; 7] =
    [".aws/config", ".aws/credentials", ".azure", ".config/gcloud", ".config/doctl", ".oci/config", ".tsh"];

/// The variables that every plugin gets, in addition to PATH.
const COMMON_VARIABLES: [&str; 25] = [
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
    COMMON_VARIABLES.contains(&variable) || PLUGINS.iter().any(|(plugin, _)| has_prefix_of(plugin, variable))
}

/// Whether this plugin gets the variable of this name, if its value is no secret.
#[must_use]
pub fn is_for_plugin(plugin: &str, variable: &str) -> bool {
    COMMON_VARIABLES.contains(&variable) || has_prefix_of(plugin, variable)
}

/// Whether a variable has a prefix of this plugin.
fn has_prefix_of(plugin: &str, variable: &str) -> bool {
    let mut all = PLUGINS.iter().filter(|(name, _)| *name == plugin).flat_map(|(_, prefixes)| *prefixes);
    all.any(|prefix| variable.starts_with(prefix))
}

/// A plugin and its last token.
pub(super) struct CredentialPlugin {
    exec: ExecConfig,
    name: String,
    variables: Vec<(String, OsString)>,
    programs: Programs,
    secrets: Arc<SecretRegistry>,
    cached: tokio::sync::Mutex<Option<PluginToken>>,
    /// The messages that nobody has taken yet, and the last message.
    messages: Mutex<(Vec<String>, String)>,
}

#[derive(Clone)]
struct PluginToken {
    token: Option<SecretString>,
    expires: Option<SystemTime>,
}

/// The output of a plugin. <https://kubernetes.io/docs/reference/config-api/client-authentication.v1/>
#[derive(Deserialize)]
struct ExecCredential {
    status: Option<PluginCredentials>,
}

/// The credentials in the output of a plugin.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PluginCredentials {
    token: Option<String>,
    expiration_timestamp: Option<Time>,
    /// A certificate for TLS, as PEM.
    pub(super) client_certificate_data: Option<String>,
    /// Its key, as PEM.
    pub(super) client_key_data: Option<String>,
}

impl CredentialPlugin {
    pub(super) fn new(
        exec: ExecConfig,
        config: &ClusterConfig,
        secrets: &Arc<SecretRegistry>,
    ) -> Result<Self, CallError> {
        let command = exec.command.clone().unwrap_or_default();
        let name = command.rsplit('/').next().unwrap_or_default().to_owned();
        let variables = variables(&name, config);
        let set = exec.env.iter().flatten();
        let set = set.filter_map(|entry| Some((entry.get("name")?.clone(), entry.get("value")?.into())));
        let all: Vec<(String, OsString)> = variables.iter().cloned().chain(set).collect();
        if let Some((variable, path)) = config.programs.checkout().first_setting_inside(&all)
            && !config.trusts_workspace
        {
            let label = format!("{variable}, which the plugin `{name}` of the kubeconfig reads,");
            return Err(checkout_error(&label, path));
        }
        let args = exec.args.as_deref().unwrap_or_default();
        if let Some(arg) = config.programs.first_arg_inside(args).filter(|_| !config.trusts_workspace) {
            return Err(CallError::Unauthorized(format!(
                "the host does not start the plugin `{name}` of the kubeconfig: its argument `{arg}` names a file of the \
                 workspace or its checkout; keep it outside"
            )));
        }
        let home = all.iter().find(|(name, _)| name == "HOME").map(|(_, home)| Path::new(home));
        let at_home = home.into_iter().flat_map(|home| HOME_FILES.map(|file| home.join(file)));
        for file in at_home.filter(|file| file.exists()) {
            refuse_in_checkout(
                config,
                &format!("a file that the plugin `{name}` of the kubeconfig may read"),
                &file,
            )?;
        }
        Ok(Self {
            exec,
            name,
            variables,
            programs: config.programs.clone(),
            secrets: Arc::clone(secrets),
            cached: tokio::sync::Mutex::default(),
            messages: Mutex::default(),
        })
    }

    /// Runs the plugin for the first time. Its credentials may be a certificate.
    pub(super) async fn start(self: &Arc<Self>) -> Result<PluginCredentials, CallError> {
        let credentials = self.run_blocking().await.map_err(CallError::Unauthorized)?;
        *self.cached.lock().await = Some(token(&credentials));
        Ok(credentials)
    }

    /// The token, renewed if it is about to expire; none if the plugin gives none.
    pub(super) async fn token(self: &Arc<Self>) -> Result<Option<SecretString>, String> {
        let mut cached = self.cached.lock().await;
        let now = SystemTime::now() + RENEW_BEFORE;
        if let Some(cached) =
            cached.as_ref().filter(|cached| cached.expires.is_none_or(|expires| now < expires))
        {
            return Ok(cached.token.clone());
        }
        let new = token(&self.run_blocking().await?);
        *cached = Some(new.clone());
        Ok(new.token)
    }

    /// Takes the messages since the last call.
    pub(super) fn take_messages(&self) -> Vec<String> {
        std::mem::take(&mut self.messages.lock().unwrap_or_else(PoisonError::into_inner).0)
    }

    async fn run_blocking(self: &Arc<Self>) -> Result<PluginCredentials, String> {
        let plugin = Arc::clone(self);
        let credentials = tokio::task::spawn_blocking(move || plugin.run()).await;
        credentials.unwrap_or_else(|error| Err(format!("cannot run the plugin `{}`: {error}", self.name)))
    }

    fn run(&self) -> Result<PluginCredentials, String> {
        let label = format!("the plugin `{}` of the kubeconfig", self.name);
        let command = self.exec.command.as_deref().unwrap_or_default();
        let program = self.programs.find(command).map_err(|error| format!("{label}: {error}"))?;
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
        let output =
            self.programs.run(&command, b"", PROGRAM_LIMITS).map_err(|error| format!("{label}: {error}"))?;
        let credentials =
            serde_saphyr::from_slice::<ExecCredential>(&output.stdout).ok().and_then(|read| read.status);
        self.register_secrets(credentials.as_ref());
        let message = self.message(&output);
        match credentials {
            Some(credentials) if output.status.success() => {
                if !message.is_empty() {
                    self.add_message(format!("{label} says: {message}"));
                }
                Ok(credentials)
            }
            Some(_) | None => Err(format!("{label} {}{}", failure(&output, &message), self.hint())),
        }
    }

    /// The value of `KUBERNETES_EXEC_INFO`.
    fn info(&self) -> String {
        let cluster = self.exec.cluster.as_ref().filter(|_| self.exec.provide_cluster_info);
        let cluster = cluster.and_then(|cluster| serde_json::to_value(cluster).ok());
        let mut spec = json!({ "interactive": false });
        if let Some(cluster) = cluster {
            spec["cluster"] = cluster;
        }
        json!({"kind": "ExecCredential", "apiVersion": self.exec.api_version, "spec": spec}).to_string()
    }

    /// Registers the credentials, so that no message shows them.
    fn register_secrets(&self, credentials: Option<&PluginCredentials>) {
        let secrets = credentials.into_iter().flat_map(|all| [&all.token, &all.client_key_data]).flatten();
        secrets.filter(|secret| secret.len() >= MIN_SECRET_BYTES).for_each(|secret| self.secrets.add(secret));
    }

    /// The plugin's own message on one line, redacted.
    fn message(&self, output: &Output) -> String {
        // It redacts the whole text: after a join or a cut it could miss a secret.
        let text = self.secrets.redact(&String::from_utf8_lossy(&output.stderr));
        let lines: Vec<_> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        short(&lines.join("; "), MAX_MESSAGE_BYTES)
    }

    /// Adds a message, unless it repeats the last one.
    fn add_message(&self, text: String) {
        let mut messages = self.messages.lock().unwrap_or_else(PoisonError::into_inner);
        if messages.1 != text {
            messages.0.push(text.clone());
            messages.1 = text;
        }
    }

    fn hint(&self) -> String {
        match PLUGINS.iter().any(|(name, _)| *name == self.name) {
            true => String::new(),
            false => format!(
                "; lockstep does not know the plugin `{}`, so it gave it only the variables that every plugin gets",
                self.name
            ),
        }
    }
}

fn token(credentials: &PluginCredentials) -> PluginToken {
    let expires =
        credentials.expiration_timestamp.as_ref().and_then(|time| u64::try_from(time.0.as_second()).ok());
    PluginToken {
        token: credentials.token.clone().map(SecretString::from),
        expires: expires.map(|seconds| UNIX_EPOCH + Duration::from_secs(seconds)),
    }
}

fn failure(output: &Output, message: &str) -> String {
    let message = if message.is_empty() { String::new() } else { format!(": {message}") };
    match output.status.code() {
        Some(0) => format!("printed no credential{message}"),
        Some(code) => format!("failed with exit code {code}{message}"),
        None => format!("ended by a signal{message}"),
    }
}

/// The variables for a plugin of this name.
fn variables(name: &str, config: &ClusterConfig) -> Vec<(String, OsString)> {
    let plain = config.variables.iter().filter(|(variable, _)| is_for_plugin(name, variable));
    let secrets = config.secrets.iter().filter(|(variable, _)| has_prefix_of(name, variable));
    let secrets = secrets.map(|(name, value)| (name.clone(), OsString::from(value)));
    plain.cloned().chain(secrets).collect()
}

/// The header with a token.
pub(super) fn bearer(token: &SecretString) -> Result<http::HeaderValue, String> {
    let mut value = http::HeaderValue::try_from(format!("Bearer {}", token.expose_secret()))
        .map_err(|_| "the plugin of the kubeconfig gave a token that is no valid header value".to_owned())?;
    value.set_sensitive(true);
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use lockstep_process::DATA_FILE_VARIABLES;

    fn names(command: &str) -> Vec<String> {
        let secrets = ["AWS_SECRET_ACCESS_KEY", "AZURE_CLIENT_SECRET", "GITHUB_TOKEN"];
        let plain = ["HOME", "AWS_REGION", "JUNK"];
        let config = ClusterConfig {
            secrets: secrets.map(|name| (name.to_owned(), "x".to_owned())).to_vec(),
            variables: plain.map(|name| (name.to_owned(), "y".into())).to_vec(),
            ..ClusterConfig::default()
        };
        variables(command, &config).into_iter().map(|(name, _)| name).collect()
    }

    #[test]
    fn a_plugin_gets_only_the_secrets_of_its_vendor() {
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
        for name in DATA_FILE_VARIABLES
            .iter()
            .chain(COMMON_VARIABLES.iter().filter(|name| !name.contains("PROXY") && !name.contains("proxy")))
        {
            let folder = name.starts_with("XDG_") && name.ends_with("_HOME");
            assert!(folder || page.contains(&format!("`{name}`")), "{name}");
        }
    }
}
