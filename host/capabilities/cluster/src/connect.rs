//! Creates the client of a cluster from the kubeconfig, the plugin that it names, or the pod that the job runs in. The
//! credentials stay in this crate.

use crate::answer_limits;
use crate::config::{ClusterConfig, MIN_SECRET_BYTES};
use crate::kubeconfig::{self, AccessConfig};
use crate::plugin::{self, CredentialPlugin};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::Request;
use http::header::AUTHORIZATION;
use kube::client::{Body, ConfigExt as _};
use kube::config::{AuthInfo, Config};
use lockstep_model::call::CallError;
use lockstep_model::causes;
use lockstep_model::secret_registry::SecretRegistry;
use secrecy::{ExposeSecret as _, SecretString};
use std::sync::Arc;
use std::time::Duration;
use tower::{BoxError, Layer as _, service_fn};

/// The client of one cluster.
pub(super) struct ClusterClient {
    pub(super) kube: kube::Client,
    /// The namespace of the context, which inputs call `.`.
    pub(super) namespace: String,
    /// The secrets that the host redacts from logs and messages.
    pub(super) secrets: Arc<SecretRegistry>,
    /// Warnings about the configuration of the connection.
    pub(super) warnings: Vec<String>,
    pub(super) plugin: Option<Arc<CredentialPlugin>>,
}

impl ClusterClient {
    /// Takes the warnings since the last call.
    pub(super) fn warnings(&mut self) -> Vec<String> {
        let messages = self.plugin.as_ref().map(|plugin| plugin.take_messages());
        self.warnings.drain(..).chain(messages.unwrap_or_default()).collect()
    }

    /// An error with redacted text.
    pub(super) fn redact_error(&self, error: CallError) -> CallError {
        error.map_message(|text| self.secrets.redact(text))
    }
}

/// How long a server may take to accept a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a server may send nothing. A watch ends sooner by itself, see `watch`.
const IDLE_TIMEOUT: Duration = Duration::from_secs(90);

/// Creates the client. It runs the plugin, but sends nothing to the cluster.
pub(super) async fn connect(config: &ClusterConfig) -> Result<ClusterClient, CallError> {
    // All clients of this program use the same provider; a second call finds it installed.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let AccessConfig { client: mut access, warnings } = kubeconfig::load(config).await?;
    access.connect_timeout = Some(CONNECT_TIMEOUT);
    access.read_timeout = Some(IDLE_TIMEOUT);
    access.write_timeout = Some(IDLE_TIMEOUT);
    access.reset_reader_on_write = true;
    // The retries of kube would hide for minutes that a PodDisruptionBudget blocks an eviction. See `retry`.
    access.default_retry = false;
    let namespace = access.default_namespace.clone();
    let address = access.cluster_url.to_string().trim_end_matches('/').to_owned();
    let secrets = Arc::new(registry(config, &access.auth_info));
    let plugin = start_plugin(&mut access, config, &secrets).await?;
    let kube = client(access, plugin.clone(), &secrets).map_err(|error| {
        let cause = secrets.redact(&causes::line(&error));
        CallError::Unauthorized(format!("{address}: cannot authenticate to the cluster: {cause}"))
    })?;
    Ok(ClusterClient { kube, namespace, secrets, warnings, plugin })
}

/// Runs the plugin, if the configuration authenticates by one, and removes it there: kube would run it without limits.
async fn start_plugin(
    access: &mut Config,
    config: &ClusterConfig,
    secrets: &Arc<SecretRegistry>,
) -> Result<Option<Arc<CredentialPlugin>>, CallError> {
    let user = &mut access.auth_info;
    let has_other = user.auth_provider.is_some()
        || user.password.is_some()
        || user.token.is_some()
        || user.token_file.is_some();
    let Some(exec) = user.exec.take().filter(|_| !has_other) else { return Ok(None) };
    let plugin = Arc::new(CredentialPlugin::new(exec, config, secrets)?);
    let credentials = plugin.start().await?;
    if let (Some(certificate), Some(key)) = (credentials.client_certificate_data, credentials.client_key_data)
    {
        user.client_certificate_data = Some(STANDARD.encode(certificate));
        user.client_key_data = Some(SecretString::from(STANDARD.encode(key)));
    }
    Ok(Some(plugin))
}

/// A client that registers each credential that it sends: a plugin or a file may give another token each time.
fn client(
    mut access: Config,
    plugin: Option<Arc<CredentialPlugin>>,
    secrets: &Arc<SecretRegistry>,
) -> Result<kube::Client, kube::Error> {
    if let Some(plugin) = plugin {
        return with_plugin(access, plugin);
    }
    let Some(auth) = access.auth_layer()? else { return answer_limits::client(access) };
    // The outer layer sets the header; the inner client must not set it again.
    let user = &mut access.auth_info;
    (user.username, user.password, user.token, user.token_file) = (None, None, None, None);
    (user.exec, user.auth_provider) = (None, None);
    let (secrets, namespace) = (Arc::clone(secrets), access.default_namespace.clone());
    let inner = answer_limits::client(access)?;
    let registering = service_fn(move |request: Request<Body>| {
        let value = request.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        let secret = value.and_then(|value| value.split_once(' ')).map_or("", |(_, secret)| secret);
        if secret.len() >= MIN_SECRET_BYTES {
            secrets.add(secret);
        }
        let inner = inner.clone();
        async move { inner.send(request).await.map_err(BoxError::from) }
    });
    Ok(kube::Client::new(auth.layer(registering), namespace))
}

/// A client that sends the token of a plugin.
fn with_plugin(access: Config, plugin: Arc<CredentialPlugin>) -> Result<kube::Client, kube::Error> {
    let namespace = access.default_namespace.clone();
    let inner = answer_limits::client(access)?;
    let authenticating = service_fn(move |mut request: Request<Body>| {
        let (plugin, inner) = (Arc::clone(&plugin), inner.clone());
        async move {
            if let Some(token) = plugin.token().await.map_err(BoxError::from)? {
                request.headers_mut().insert(AUTHORIZATION, plugin::bearer(&token).map_err(BoxError::from)?);
            }
            inner.send(request).await.map_err(BoxError::from)
        }
    });
    Ok(kube::Client::new(authenticating, namespace))
}

/// The secrets of the job and of the kubeconfig, which no log and no message may show.
fn registry(config: &ClusterConfig, user: &AuthInfo) -> SecretRegistry {
    let own = [&user.token, &user.password, &user.client_key_data];
    let own = own.into_iter().flatten().map(|secret| secret.expose_secret());
    let of_job = config.secrets.iter().map(|(_, value)| value.as_str());
    let secrets = SecretRegistry::default();
    let all = own.chain(of_job).filter(|secret| secret.len() >= MIN_SECRET_BYTES);
    all.for_each(|secret| secrets.add(secret));
    secrets
}
