//! The HTTP clients for the store and for servers that give out credentials. Requests to metadata services of the
//! machine bypass every proxy: they fetch credentials, and their addresses are local.

use super::answer_limits::bound_responses;
use aws_sdk_s3::config::{RuntimeComponents, SharedHttpClient};
use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use aws_smithy_http_client::{Builder, Connector};
use aws_smithy_runtime_api::client::http::{
    HttpClient as _, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
    http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::result::ConnectorError;
use reqwest::Url;
use std::net::IpAddr;

/// An HTTP client that trusts the certificates of the system.
pub(super) fn http_client(proxies: ProxyConfig) -> SharedHttpClient {
    Builder::new().build_with_connector_fn(move |settings, components| {
        let mut connector = Connector::builder()
            .tls_provider(Provider::Rustls(CryptoMode::Ring))
            .proxy_config(proxies.clone());
        connector.set_connector_settings(settings.cloned());
        connector.set_sleep_impl(components.and_then(|components| components.sleep_impl()));
        connector.build()
    })
}

/// The HTTP client for servers that give out credentials. It uses the proxies of the environment, except for local
/// endpoints.
pub(super) fn for_credentials() -> SharedHttpClient {
    let bounded = |proxies| bound_responses(http_client(proxies));
    let (direct, usual) = (bounded(ProxyConfig::disabled()), bounded(ProxyConfig::from_env()));
    http_client_fn(move |settings: &HttpConnectorSettings, components: &RuntimeComponents| {
        SharedHttpConnector::new(CredentialsConnector {
            direct: direct.http_connector(settings, components),
            usual: usual.http_connector(settings, components),
        })
    })
}

/// The HTTP client for the store. It sends a session token without TLS only within this machine, whatever named the
/// address.
pub(super) fn for_store(proxies: ProxyConfig) -> SharedHttpClient {
    let inner = http_client(proxies);
    http_client_fn(move |settings: &HttpConnectorSettings, components: &RuntimeComponents| {
        SharedHttpConnector::new(StoreConnector(inner.http_connector(settings, components)))
    })
}

/// See [`for_store`].
#[derive(Debug)]
struct StoreConnector(SharedHttpConnector);

impl HttpConnector for StoreConnector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let holds_token = request.headers().get("x-amz-security-token").is_some();
        if holds_token && !request.uri().starts_with("https://") && !is_local_endpoint(request.uri()) {
            return refuse_plain_http(request.uri());
        }
        self.0.call(request)
    }
}

/// Rejects a request that would show a token to others.
fn refuse_plain_http(uri: &str) -> HttpConnectorFuture {
    let host = Url::parse(uri).ok().and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default();
    let message = format!(
        "the host sends no tokens and keys to {host} without TLS, where others could read them; use an `https` address"
    );
    HttpConnectorFuture::ready(Err(ConnectorError::user(message.into())))
}

/// Chooses between the direct connector and the one with proxies.
#[derive(Debug)]
struct CredentialsConnector {
    direct: SharedHttpConnector,
    usual: SharedHttpConnector,
}

impl HttpConnector for CredentialsConnector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let is_local = is_local_endpoint(request.uri());
        // Such a request holds the token of the job, or its response holds keys.
        if !is_local && !request.uri().starts_with("https://") {
            return refuse_plain_http(request.uri());
        }
        let connector = if is_local { &self.direct } else { &self.usual };
        connector.call(request)
    }
}

/// Whether a URL belongs to this machine: link-local and loopback addresses, the addresses that Amazon gives to
/// metadata services, and the paths of instance metadata at any address that the configuration names.
/// <https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-data-retrieval.html>,
/// <https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html>
pub(super) fn is_local_endpoint(uri: &str) -> bool {
    let Ok(url) = Url::parse(uri) else { return false };
    let host = url.host_str().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
    let is_local_address = host.parse().is_ok_and(|address: IpAddr| match address {
        IpAddr::V4(address) => address.is_link_local() || address.is_loopback(),
        IpAddr::V6(address) => {
            let amazon = address.segments()[..2] == [0xfd00, 0x0ec2];
            amazon || address.is_unicast_link_local() || address.is_loopback()
        }
    });
    let metadata = url.path() == "/latest/api/token" || url.path().starts_with("/latest/meta-data/");
    is_local_address || (url.scheme() == "http" && (host == "localhost" || metadata))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_to_local_endpoints_bypass_proxies() {
        for own in [
            "http://169.254.169.254/latest/api/token",
            "http://169.254.170.2/v2/credentials/x",
            "http://169.254.170.23/v1/credentials",
            "http://[fd00:ec2::254]/latest/meta-data/placement/region",
            "http://[fd00:ec2::23]/v1/credentials",
            "http://[fe80::1]/x",
            "http://localhost:1234/creds",
            "http://127.0.0.1:1234/creds",
            "http://metadata.example/latest/meta-data/iam/security-credentials/",
        ] {
            assert!(is_local_endpoint(own), "{own}");
        }
        for other in [
            "https://sts.amazonaws.com/",
            "http://169.255.0.1/",
            "http://proxy.example/latest/x",
            "http://169.254.169.254.example.com/",
            "http://[fd00:ec3::254]/",
            "https://oidc.eu-west-1.amazonaws.com/latest/api/token",
        ] {
            assert!(!is_local_endpoint(other), "{other}");
        }
    }
}
