//! The client of a run's cluster, by the kubeconfig, a plugin that it names, or the pod that the job runs in. What opens
//! the cluster stays in this crate.

use crate::bound;
use crate::connection::{Connection, SHORTEST};
use crate::kubeconfig::{self, Way};
use crate::plugin::{self, Plugin};
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

/// A client of one cluster.
pub(super) struct Connected {
    pub(super) client: kube::Client,
    /// The namespace that `.` stands for.
    pub(super) namespace: String,
    /// Takes what the job must not show out of logs and messages.
    pub(super) known: Arc<SecretRegistry>,
    /// What is worth a warning about how this run gets in.
    pub(super) warnings: Vec<String>,
    pub(super) plugin: Option<Arc<Plugin>>,
}

impl Connected {
    /// What is worth a warning, since this was last asked.
    pub(super) fn warnings(&mut self) -> Vec<String> {
        let said = self.plugin.as_ref().map(|plugin| plugin.said());
        self.warnings.drain(..).chain(said.unwrap_or_default()).collect()
    }

    /// An error whose text holds no secret, whatever the cluster said.
    pub(super) fn without_secrets(&self, error: CallError) -> CallError {
        error.map_message(|text| self.known.redact(text))
    }
}

/// How long a server may take to accept a connection.
const CONNECT: Duration = Duration::from_secs(10);
/// How long a server may be silent: watches end themselves before, see `watch`.
const SILENCE: Duration = Duration::from_secs(90);

/// Makes the client. A plugin is run here, the cluster is not asked yet.
pub(super) async fn connect(connection: &Connection) -> Result<Connected, CallError> {
    // All TLS users of this program take the same provider; the second one finds it there.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let Way { mut config, warnings } = kubeconfig::way(connection).await?;
    config.connect_timeout = Some(CONNECT);
    config.read_timeout = Some(SILENCE);
    config.write_timeout = Some(SILENCE);
    config.reset_reader_on_write = true;
    // Of kube's own, an eviction that a PodDisruptionBudget needs to wait is no error for minutes. See `patience`.
    config.default_retry = false;
    let namespace = config.default_namespace.clone();
    let address = config.cluster_url.to_string().trim_end_matches('/').to_owned();
    let known = Arc::new(known(connection, &config.auth_info));
    let plugin = begin(&mut config, connection, &known).await?;
    let client = client(config, plugin.clone(), &known).map_err(|error| {
        let cause = known.redact(&causes::line(&error));
        CallError::Unauthorized(format!("{address}: no way into the cluster: {cause}"))
    })?;
    Ok(Connected { client, namespace, known, warnings, plugin })
}

/// Runs the plugin, where one is the way in. It is taken out of the configuration, whose client would run it unbounded.
async fn begin(
    config: &mut Config,
    connection: &Connection,
    known: &Arc<SecretRegistry>,
) -> Result<Option<Arc<Plugin>>, CallError> {
    let user = &mut config.auth_info;
    let otherwise = user.auth_provider.is_some()
        || user.password.is_some()
        || user.token.is_some()
        || user.token_file.is_some();
    let Some(exec) = user.exec.take().filter(|_| !otherwise) else { return Ok(None) };
    let plugin = Arc::new(Plugin::new(exec, connection, known)?);
    let given = plugin.begin().await?;
    if let (Some(certificate), Some(key)) = (given.client_certificate_data, given.client_key_data) {
        user.client_certificate_data = Some(STANDARD.encode(certificate));
        user.client_key_data = Some(SecretString::from(STANDARD.encode(key)));
    }
    Ok(Some(plugin))
}

/// A client that remembers whatever it is let in with: a plugin or a file may give another token each time.
fn client(
    mut config: Config,
    plugin: Option<Arc<Plugin>>,
    known: &Arc<SecretRegistry>,
) -> Result<kube::Client, kube::Error> {
    if let Some(plugin) = plugin {
        return with_plugin(config, plugin);
    }
    let Some(auth) = config.auth_layer()? else { return bound::client(config) };
    // The header is set outside of where it is looked at, and not once more inside.
    let user = &mut config.auth_info;
    (user.username, user.password, user.token, user.token_file) = (None, None, None, None);
    (user.exec, user.auth_provider) = (None, None);
    let (known, namespace) = (Arc::clone(known), config.default_namespace.clone());
    let inner = bound::client(config)?;
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

/// A client that shows the token of a plugin.
fn with_plugin(config: Config, plugin: Arc<Plugin>) -> Result<kube::Client, kube::Error> {
    let namespace = config.default_namespace.clone();
    let inner = bound::client(config)?;
    let showing = service_fn(move |mut request: Request<Body>| {
        let (plugin, inner) = (Arc::clone(&plugin), inner.clone());
        async move {
            if let Some(token) = plugin.token().await.map_err(BoxError::from)? {
                request.headers_mut().insert(AUTHORIZATION, plugin::bearer(&token).map_err(BoxError::from)?);
            }
            inner.send(request).await.map_err(BoxError::from)
        }
    });
    Ok(kube::Client::new(showing, namespace))
}

/// What must appear in no log and no message: the secrets of the job and those of the kubeconfig.
fn known(connection: &Connection, user: &AuthInfo) -> SecretRegistry {
    let own = [&user.token, &user.password, &user.client_key_data];
    let own = own.into_iter().flatten().map(|secret| secret.expose_secret());
    let secrets = connection.secrets.iter().map(|(_, value)| value.as_str());
    let known = SecretRegistry::default();
    own.chain(secrets).filter(|secret| secret.len() >= SHORTEST).for_each(|secret| known.add(secret));
    known
}
