//! How a run gets into its cluster: the kubeconfig, a plugin that it names, or the pod that the job runs in. What opens
//! the cluster stays in this crate.

use http::Request;
use http::header::AUTHORIZATION;
use kube::client::{Body, ConfigExt as _};
use kube::config::{AuthInfo, Config, ExecConfig, KubeConfigOptions, Kubeconfig, KubeconfigError};
use lockstep_model::call::CallError;
use lockstep_model::causes;
use lockstep_model::known::Known;
use secrecy::ExposeSecret as _;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tower::{BoxError, Layer as _, service_fn};

/// What a run says of its cluster, and the secrets of its job.
#[derive(Default)]
pub struct Connection {
    /// The context of the kubeconfig; none for the current one.
    pub context: Option<String>,
    /// The secrets of the job, by the variable each came in.
    pub secrets: Vec<(String, String)>,
}

/// A client of one cluster.
pub(super) struct Connected {
    pub(super) client: kube::Client,
    /// The namespace that `.` stands for.
    pub(super) namespace: String,
    /// Takes what the job must not show out of logs and messages.
    pub(super) known: Arc<Known>,
}

impl Connected {
    /// An error whose text holds no secret, whatever the cluster said.
    pub(super) fn without_secrets(&self, error: CallError) -> CallError {
        error.said(|text| self.known.redact(text))
    }
}

/// How long a server may take to accept a connection.
const CONNECT: Duration = Duration::from_secs(10);
/// How long a server may be silent: watches end themselves before, see `watch`.
const SILENCE: Duration = Duration::from_secs(90);

/// Texts too short to be a secret would blacken everything.
const SHORTEST: usize = 4;

/// The variables that a plugin needs, by what its program's name contains: it gets these of the job's secrets and no
/// others. <https://kubernetes.io/docs/reference/access-authn-authz/authentication/#client-go-credential-plugins>
const PLUGINS: [(&str, &[&str]); 5] = [
    ("aws", &["AWS_"]),
    ("gcloud", &["GOOGLE_", "CLOUDSDK_"]),
    ("gke", &["GOOGLE_", "CLOUDSDK_"]),
    ("kubelogin", &["AZURE_", "AAD_", "ARM_"]),
    ("doctl", &["DIGITALOCEAN_"]),
];

/// Makes the client. A plugin is run here, the cluster is not asked yet.
pub(super) async fn connect(connection: &Connection) -> Result<Connected, CallError> {
    // All TLS users of this program take the same provider; the second one finds it there.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut config = config(connection).await?;
    config.connect_timeout = Some(CONNECT);
    config.read_timeout = Some(SILENCE);
    config.write_timeout = Some(SILENCE);
    config.reset_reader_on_write = true;
    // Of kube's own, an eviction that a PodDisruptionBudget needs to wait is no error for minutes. See `patience`.
    config.default_retry = false;
    let namespace = config.default_namespace.clone();
    let address = config.cluster_url.to_string().trim_end_matches('/').to_owned();
    let known = Arc::new(known(connection, &config.auth_info));
    let client = client(config, &known).map_err(|error| {
        let cause = known.redact(&causes::line(&error));
        CallError::Unauthorized(format!("{address}: no way into the cluster: {cause}"))
    })?;
    Ok(Connected { client, namespace, known })
}

/// A client that remembers whatever it is let in with: a plugin or a file may give another token each time.
fn client(mut config: Config, known: &Arc<Known>) -> Result<kube::Client, kube::Error> {
    let Some(auth) = config.auth_layer()? else { return kube::Client::try_from(config) };
    // The header is set outside of where it is looked at, and not once more inside.
    let user = &mut config.auth_info;
    (user.username, user.password, user.token, user.token_file) = (None, None, None, None);
    (user.exec, user.auth_provider) = (None, None);
    let (known, namespace) = (Arc::clone(known), config.default_namespace.clone());
    let inner = kube::Client::try_from(config)?;
    let learning = service_fn(move |request: Request<Body>| {
        let value = request.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        let secret = value.and_then(|value| value.split_once(' ')).map_or("", |(_, secret)| secret);
        if secret.len() >= SHORTEST {
            known.add(secret);
        }
        let inner = inner.clone();
        async move { inner.send(request).await.map_err(BoxError::from) }
    });
    Ok(kube::Client::new(auth.layer(learning), namespace))
}

async fn config(connection: &Connection) -> Result<Config, CallError> {
    let mut kubeconfig = match Kubeconfig::read() {
        Ok(kubeconfig) if !kubeconfig.contexts.is_empty() => kubeconfig,
        Ok(_) | Err(KubeconfigError::ReadConfig(..) | KubeconfigError::FindPath) => {
            return own_pod(connection);
        }
        Err(error) => {
            return Err(CallError::Invalid(format!(
                "the kubeconfig cannot be read: {}",
                causes::line(&error)
            )));
        }
    };
    if let Some(context) = &connection.context
        && !kubeconfig.contexts.iter().any(|known| known.name == *context)
    {
        let known: Vec<_> = kubeconfig.contexts.iter().map(|context| context.name.as_str()).collect();
        let known = known.join(", ");
        return Err(CallError::Invalid(format!(
            "the kubeconfig has no context `{context}`; there are {known}"
        )));
    }
    for user in &mut kubeconfig.auth_infos {
        if let Some(exec) = user.auth_info.as_mut().and_then(|user| user.exec.as_mut()) {
            equip(exec, &connection.secrets);
        }
    }
    let options = KubeConfigOptions { context: connection.context.clone(), cluster: None, user: None };
    Config::from_custom_kubeconfig(kubeconfig, &options).await.map_err(|error| {
        CallError::Invalid(format!("the kubeconfig cannot be used: {}", causes::line(&error)))
    })
}

/// Inside a pod its service account is the way in.
fn own_pod(connection: &Connection) -> Result<Config, CallError> {
    let none =
        "there is no kubeconfig: set KUBECONFIG to the path of one, or run in a pod with a service account";
    match (&connection.context, Config::incluster()) {
        (Some(context), _) => Err(CallError::Unauthorized(format!("context `{context}`: {none}"))),
        (None, Ok(config)) => Ok(config),
        (None, Err(_)) => Err(CallError::Unauthorized(none.to_owned())),
    }
}

/// Gives a plugin the secrets that it is known to need: they are in no environment any more.
fn equip(exec: &mut ExecConfig, secrets: &[(String, String)]) {
    let program = exec.command.as_deref().unwrap_or_default();
    let program = program.rsplit('/').next().unwrap_or_default();
    let prefixes = PLUGINS.iter().filter(|(part, _)| program.contains(part)).flat_map(|(_, names)| *names);
    for prefix in prefixes {
        for (name, value) in secrets.iter().filter(|(name, _)| name.starts_with(prefix)) {
            let variable =
                HashMap::from([("name".to_owned(), name.clone()), ("value".to_owned(), value.clone())]);
            exec.env.get_or_insert_default().push(variable);
        }
    }
}

/// What must appear in no log and no message: the secrets of the job and those of the kubeconfig.
fn known(connection: &Connection, user: &AuthInfo) -> Known {
    let own = [&user.token, &user.password, &user.client_key_data];
    let own = own.into_iter().flatten().map(|secret| secret.expose_secret());
    let secrets = connection.secrets.iter().map(|(_, value)| value.as_str());
    let known = Known::default();
    own.chain(secrets).filter(|secret| secret.len() >= SHORTEST).for_each(|secret| known.add(secret));
    known
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(command: &str) -> Vec<String> {
        let mut exec: ExecConfig = serde_json::from_value(serde_json::json!({"command": command})).unwrap();
        let secrets = ["AWS_SECRET_ACCESS_KEY", "AZURE_CLIENT_SECRET", "GITHUB_TOKEN"];
        equip(&mut exec, &secrets.map(|name| (name.to_owned(), "x".to_owned())));
        exec.env.unwrap_or_default().into_iter().map(|variable| variable["name"].clone()).collect()
    }

    #[test]
    fn a_plugin_gets_only_the_secrets_of_its_kind() {
        assert_eq!(names("/usr/bin/aws"), ["AWS_SECRET_ACCESS_KEY"]);
        assert_eq!(names("aws-iam-authenticator"), ["AWS_SECRET_ACCESS_KEY"]);
        assert_eq!(names("kubelogin"), ["AZURE_CLIENT_SECRET"]);
        assert!(names("/opt/aws/evil").is_empty() && names("gke-gcloud-auth-plugin").is_empty());
    }
}
