//! The HTTP client of a request: one connection, no redirects, no cookies, no decompression, no retries. It does not
//! decide where to connect.

use super::resolve::CheckedResolver;
use super::stage::ConnectionStage;
use http::header::{ACCEPT_ENCODING, HeaderMap, HeaderValue, USER_AGENT};
use rustls::client::Resumption;
use rustls::crypto::{CryptoProvider, ring};
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::Verifier;
use std::sync::Arc;
use std::time::Duration;

/// The user agent of Lockstep.
const USER_AGENT_TEXT: &str = concat!("lockstep/", env!("CARGO_PKG_VERSION"));

/// The TLS settings of a run: the client trusts the certificates of the system, or those in the file that
/// `SSL_CERT_FILE` names; the verifier reads both.
///
/// # Errors
/// The system has no such certificates.
pub fn trust() -> Result<ClientConfig, rustls::Error> {
    let provider = Arc::new(ring::default_provider());
    let verifier = Arc::new(Verifier::new(Arc::clone(&provider))?);
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    Ok(with_http1(builder.dangerous().with_custom_certificate_verifier(verifier).with_no_client_auth()))
}

/// TLS settings that trust no certificate, for requests without TLS on a system without certificates.
///
/// # Errors
/// This provider returns none.
pub(super) fn no_trust() -> Result<ClientConfig, rustls::Error> {
    let provider: Arc<CryptoProvider> = Arc::new(ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    Ok(with_http1(builder.with_root_certificates(RootCertStore::empty()).with_no_client_auth()))
}

fn with_http1(mut config: ClientConfig) -> ClientConfig {
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    config
}

/// The client of one request. `connect` is the timeout of the connection.
///
/// # Errors
/// The library cannot build the client.
pub(super) fn client(
    tls: &ClientConfig,
    resolver: CheckedResolver,
    bypasses_proxy: bool,
    connect: Duration,
) -> Result<reqwest::Client, reqwest::Error> {
    let mut tls = tls.clone();
    let stage: Arc<ConnectionStage> = Arc::clone(&resolver.stage);
    tls.resumption = Resumption::store(stage);
    let builder = reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .dns_resolver(Arc::new(resolver))
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .referer(false)
        // Another crate can turn these features on for all crates.
        .no_gzip()
        .no_brotli()
        .no_zstd()
        .no_deflate()
        .http1_only()
        .pool_max_idle_per_host(0)
        .connect_timeout(connect)
        .default_headers(default_headers());
    // The library reads the proxies from the environment.
    if bypasses_proxy { builder.no_proxy() } else { builder }.build()
}

/// The headers of a request that the component does not set.
fn default_headers() -> HeaderMap {
    HeaderMap::from_iter([
        (USER_AGENT, HeaderValue::from_static(USER_AGENT_TEXT)),
        (ACCEPT_ENCODING, HeaderValue::from_static("identity")),
    ])
}
