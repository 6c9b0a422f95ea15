//! Reads the kubeconfig, and refuses what a commit could have put there. It connects to nothing.

use crate::connection::{Connection, outside};
use kube::config::{AuthInfo, Cluster, Config, KubeConfigOptions, Kubeconfig, KubeconfigError};
use lockstep_model::call::CallError;
use lockstep_model::causes;
use lockstep_process::regular;
use std::net::IpAddr;
use std::path::Path;

/// How a run gets in, and what is worth a warning about it.
pub(super) struct Way {
    pub(super) config: Config,
    pub(super) warnings: Vec<String>,
}

/// The way in: by a kubeconfig, or from inside a pod by its service account.
pub(super) async fn way(connection: &Connection) -> Result<Way, CallError> {
    let Some(kubeconfig) = read(connection)? else {
        return Ok(Way { config: own_pod(connection)?, warnings: Vec::new() });
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
    check(connection, &kubeconfig)?;
    let options = KubeConfigOptions { context: connection.context.clone(), cluster: None, user: None };
    let config = Config::from_custom_kubeconfig(kubeconfig, &options).await.map_err(|error| {
        CallError::Invalid(format!("the kubeconfig cannot be used: {}", causes::line(&error)))
    })?;
    shielded(config)
}

/// The kubeconfig of all its files; none if there is none, or it names no cluster.
fn read(connection: &Connection) -> Result<Option<Kubeconfig>, CallError> {
    let mut all = Kubeconfig::default();
    for file in &connection.kubeconfigs {
        let bad = |error: &KubeconfigError| {
            let file = file.display();
            CallError::Invalid(format!("the kubeconfig `{file}` cannot be read: {}", causes::line(error)))
        };
        if file.symlink_metadata().is_ok() {
            outside(connection, "the kubeconfig", file)?;
        }
        // As kubectl does: of several files some may be missing.
        if !file.exists() {
            continue;
        }
        regular::check(file)
            .map_err(|error| CallError::Invalid(format!("the kubeconfig cannot be read: {error}")))?;
        all = Kubeconfig::read_from(file).and_then(|read| all.merge(read)).map_err(|error| bad(&error))?;
    }
    Ok((!all.contexts.is_empty()).then_some(all))
}

/// Inside a pod its service account is the way in.
fn own_pod(connection: &Connection) -> Result<Config, CallError> {
    let missing = connection.kubeconfigs.iter().find(|file| !file.exists());
    let none = match missing {
        Some(file) => format!("there is no kubeconfig at `{}`", file.display()),
        None => "there is no kubeconfig that names a context".to_owned(),
    };
    let none = format!("{none}: set KUBECONFIG to the path of one, or run in a pod with a service account");
    match (&connection.context, Config::incluster()) {
        (Some(context), _) => Err(CallError::Unauthorized(format!("context `{context}`: {none}"))),
        (None, Ok(config)) => Ok(config),
        (None, Err(_)) => Err(CallError::Unauthorized(none)),
    }
}

/// Refuses files of the checkout that the kubeconfig names, and programs that nobody can bound.
fn check(connection: &Connection, kubeconfig: &Kubeconfig) -> Result<(), CallError> {
    let (cluster, user) = used(connection, kubeconfig);
    let authority = cluster.and_then(|cluster| cluster.certificate_authority.as_ref());
    let named = |name, path: Option<&String>| path.map(|path| (name, path.clone()));
    let of_user = |user: &AuthInfo| {
        [
            named("`tokenFile` of the kubeconfig", user.token_file.as_ref()),
            named("`client-certificate` of the kubeconfig", user.client_certificate.as_ref()),
            named("`client-key` of the kubeconfig", user.client_key.as_ref()),
        ]
    };
    let files = user.map(of_user).into_iter().flatten();
    let authority = named("`certificate-authority` of the kubeconfig", authority);
    for (what, path) in files.chain([authority]).flatten() {
        let path = Path::new(&path);
        outside(connection, what, path)?;
        if path.exists() {
            regular::check(path)
                .map_err(|error| CallError::Invalid(format!("{what} cannot be read: {error}")))?;
        }
    }
    let provider = user.and_then(|user| user.auth_provider.as_ref());
    match provider.filter(|provider| provider.config.contains_key("cmd-path")) {
        Some(provider) => Err(CallError::Invalid(format!(
            "the kubeconfig starts a program by the auth-provider `{}`, which Kubernetes has dropped; make the \
             kubeconfig anew, with a plugin such as gke-gcloud-auth-plugin",
            provider.name
        ))),
        None => Ok(()),
    }
}

/// The cluster and the user of the context.
fn used<'k>(
    connection: &Connection,
    kubeconfig: &'k Kubeconfig,
) -> (Option<&'k Cluster>, Option<&'k AuthInfo>) {
    let context = connection.context.as_ref().or(kubeconfig.current_context.as_ref());
    let context = kubeconfig.contexts.iter().find(|known| Some(&known.name) == context);
    let Some(context) = context.and_then(|context| context.context.as_ref()) else { return (None, None) };
    let cluster = kubeconfig.clusters.iter().find(|known| known.name == context.cluster);
    let user = kubeconfig.auth_infos.iter().find(|known| Some(&known.name) == context.user.as_ref());
    (cluster.and_then(|named| named.cluster.as_ref()), user.and_then(|named| named.auth_info.as_ref()))
}

/// Sees to it that what opens the cluster goes to nobody else: not in the clear, and by no proxy that can read it.
fn shielded(mut config: Config) -> Result<Way, CallError> {
    let mut warnings = Vec::new();
    let own = is_own(&config.cluster_url);
    let address = config.cluster_url.to_string().trim_end_matches('/').to_owned();
    let user = &config.auth_info;
    let in_headers = user.token.is_some()
        || user.token_file.is_some()
        || user.password.is_some()
        || user.auth_provider.is_some()
        || user.exec.is_some();
    if own {
        // A proxy would be another machine.
        config.proxy_url = None;
    } else if in_headers && config.cluster_url.scheme_str() != Some("https") {
        return Err(CallError::Unauthorized(format!(
            "the credentials of the kubeconfig are not sent to {address} without TLS, where others could read them; use \
             an `https` address as `server`, or 127.0.0.1 for a server on this machine"
        )));
    } else if in_headers && config.accept_invalid_certs {
        warnings.push(format!(
            "the kubeconfig says `insecure-skip-tls-verify`: whoever is on the way to {address} can take its \
             credentials; give the cluster's `certificate-authority-data` instead"
        ));
    }
    Ok(Way { config, warnings })
}

/// Whether a server is on this very machine, by its address. `localhost` is a name, and can be anything.
fn is_own(url: &http::Uri) -> bool {
    let host = url.host().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
    host.parse().is_ok_and(|address: IpAddr| address.is_loopback())
}
