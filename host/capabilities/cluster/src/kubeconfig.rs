//! Reads the kubeconfig, and refuses files that a commit could have put into the checkout. It connects to nothing.

use crate::config::{ClusterConfig, refuse_in_checkout};
use kube::config::{AuthInfo, Cluster, Config, KubeConfigOptions, Kubeconfig, KubeconfigError};
use lockstep_model::call::CallError;
use lockstep_model::causes;
use lockstep_process::regular_file;
use std::net::IpAddr;
use std::path::Path;

/// The address and the credentials of a cluster, with warnings about them.
pub(super) struct AccessConfig {
    pub(super) client: Config,
    pub(super) warnings: Vec<String>,
}

/// Loads the address and the credentials from a kubeconfig, or from the service account of the pod that the job runs in.
pub(super) async fn load(config: &ClusterConfig) -> Result<AccessConfig, CallError> {
    let Some(kubeconfig) = read(config)? else {
        return Ok(AccessConfig { client: service_account(config)?, warnings: Vec::new() });
    };
    if let Some(context) = &config.context
        && !kubeconfig.contexts.iter().any(|named| named.name == *context)
    {
        let names: Vec<_> = kubeconfig.contexts.iter().map(|named| format!("`{}`", named.name)).collect();
        return Err(CallError::Invalid(format!(
            "invalid context `{context}`: the kubeconfig has {}",
            names.join(", ")
        )));
    }
    check(config, &kubeconfig)?;
    let options = KubeConfigOptions { context: config.context.clone(), cluster: None, user: None };
    let client = Config::from_custom_kubeconfig(kubeconfig, &options)
        .await
        .map_err(|error| CallError::Invalid(format!("invalid kubeconfig: {}", causes::line(&error))))?;
    protect_credentials(client)
}

/// The kubeconfig merged from all its files; none if it has no context.
fn read(config: &ClusterConfig) -> Result<Option<Kubeconfig>, CallError> {
    let mut all = Kubeconfig::default();
    for file in &config.kubeconfigs {
        let bad = |error: &KubeconfigError| {
            let file = file.display();
            CallError::Invalid(format!("cannot read the kubeconfig `{file}`: {}", causes::line(error)))
        };
        if file.symlink_metadata().is_ok() {
            refuse_in_checkout(config, "the kubeconfig", file)?;
        }
        // Like kubectl, it accepts that some of several files are missing.
        if !file.exists() {
            continue;
        }
        regular_file::check(file)
            .map_err(|error| CallError::Invalid(format!("cannot read the kubeconfig: {error}")))?;
        all = Kubeconfig::read_from(file).and_then(|read| all.merge(read)).map_err(|error| bad(&error))?;
    }
    Ok((!all.contexts.is_empty()).then_some(all))
}

/// The address and the credentials of the pod that the job runs in.
fn service_account(config: &ClusterConfig) -> Result<Config, CallError> {
    let missing = config.kubeconfigs.iter().find(|file| !file.exists());
    let none = match missing {
        Some(file) => format!("there is no kubeconfig at `{}`", file.display()),
        None => "there is no kubeconfig that names a context".to_owned(),
    };
    let none = format!("{none}: set KUBECONFIG to the path of one, or run in a pod with a service account");
    match (&config.context, Config::incluster()) {
        (Some(context), _) => Err(CallError::Unauthorized(format!("context `{context}`: {none}"))),
        (None, Ok(config)) => Ok(config),
        (None, Err(_)) => Err(CallError::Unauthorized(none)),
    }
}

/// Refuses files in the checkout that the kubeconfig names, and programs that the host cannot limit.
fn check(config: &ClusterConfig, kubeconfig: &Kubeconfig) -> Result<(), CallError> {
    let (cluster, user) = cluster_and_user(config, kubeconfig);
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
    for (label, path) in files.chain([authority]).flatten() {
        let path = Path::new(&path);
        refuse_in_checkout(config, label, path)?;
        if path.exists() {
            regular_file::check(path)
                .map_err(|error| CallError::Invalid(format!("cannot read {label}: {error}")))?;
        }
    }
    let provider = user.and_then(|user| user.auth_provider.as_ref());
    match provider.filter(|provider| provider.config.contains_key("cmd-path")) {
        Some(provider) => Err(CallError::Invalid(format!(
            "the kubeconfig starts a program by the auth-provider `{}`, which Kubernetes has removed; create the \
             kubeconfig again with a plugin such as gke-gcloud-auth-plugin",
            provider.name
        ))),
        None => Ok(()),
    }
}

/// The cluster and the user of the context.
fn cluster_and_user<'k>(
    config: &ClusterConfig,
    kubeconfig: &'k Kubeconfig,
) -> (Option<&'k Cluster>, Option<&'k AuthInfo>) {
    let context = config.context.as_ref().or(kubeconfig.current_context.as_ref());
    let context = kubeconfig.contexts.iter().find(|named| Some(&named.name) == context);
    let Some(context) = context.and_then(|context| context.context.as_ref()) else { return (None, None) };
    let cluster = kubeconfig.clusters.iter().find(|named| named.name == context.cluster);
    let user = kubeconfig.auth_infos.iter().find(|named| Some(&named.name) == context.user.as_ref());
    (cluster.and_then(|named| named.cluster.as_ref()), user.and_then(|named| named.auth_info.as_ref()))
}

/// Keeps the credentials from others: no connection without TLS, and no proxy for a server on this machine.
fn protect_credentials(mut client: Config) -> Result<AccessConfig, CallError> {
    let mut warnings = Vec::new();
    let is_local = is_loopback(&client.cluster_url);
    let address = client.cluster_url.to_string().trim_end_matches('/').to_owned();
    let user = &client.auth_info;
    let in_headers = user.token.is_some()
        || user.token_file.is_some()
        || user.password.is_some()
        || user.auth_provider.is_some()
        || user.exec.is_some();
    if is_local {
        // A proxy would be another machine.
        client.proxy_url = None;
    } else if in_headers && client.cluster_url.scheme_str() != Some("https") {
        return Err(CallError::Unauthorized(format!(
            "the host does not send the credentials of the kubeconfig to {address} without TLS, because others could read \
             them; use an `https` address as `server`, or 127.0.0.1 for a server on this machine"
        )));
    } else if in_headers && client.accept_invalid_certs {
        warnings.push(format!(
            "the kubeconfig has `insecure-skip-tls-verify`: anybody on the network path to {address} can steal its \
             credentials; set the cluster's `certificate-authority-data` instead"
        ));
    }
    Ok(AccessConfig { client, warnings })
}

/// Whether a URL names this machine by its address. The name `localhost` can resolve to anything.
fn is_loopback(url: &http::Uri) -> bool {
    let host = url.host().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
    host.parse().is_ok_and(|address: IpAddr| address.is_loopback())
}
