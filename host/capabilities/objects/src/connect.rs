//! Builds the S3 client of a run from its configuration: endpoint, region, credentials, timeouts. It asks the machine
//! for its region only if no configuration has one.

use super::config::ObjectsConfig;
use super::credentials::{CredentialCache, CredentialSource};
use super::notes::Notes;
use super::partition::{self, default_region, domain};
use super::profiles::{self, Profiles};
use super::region::{BucketRegions, RegionResolver};
use super::retry::{RequestMonitor, RetryClassifier, RetryInterceptor};
use super::route;
use super::source;
use aws_config::SdkConfig;
use aws_config::imds::region::ImdsRegionProvider;
use aws_config::provider_config::ProviderConfig;
use aws_credential_types::credential_feature::AwsCredentialFeature;
use aws_credential_types::provider::ProvideCredentials as _;
use aws_sdk_s3::config::retry::RetryConfig;
use aws_sdk_s3::config::timeout::TimeoutConfig;
use aws_sdk_s3::config::{
    BehaviorVersion, IdentityCache, Region, RequestChecksumCalculation, ResponseChecksumValidation,
};
use aws_smithy_http_client::proxy::ProxyConfig;
use aws_types::service_config::ServiceConfigKey;
use lockstep_model::call::CallError;
use lockstep_model::report::Level;
use lockstep_model::secret_registry::SecretRegistry;
use reqwest::Url;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

/// The most attempts of a request.
const ATTEMPTS: u32 = 8;
/// The longest first wait between attempts. Each wait is twice as long as the one before, times a random factor.
const FIRST_WAIT: Duration = Duration::from_millis(200);
const MAX_WAIT: Duration = Duration::from_secs(10);
/// The timeout of a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// The timeout from the first byte of a request to the first byte of its response, and the timeout of all attempts
/// together. A server that accepts and never answers ends the run after about two minutes.
const RESPONSE_TIMEOUT: Duration = Duration::from_secs(60);
const OPERATION_TIMEOUT: Duration = Duration::from_secs(130);
/// The slowest upload that the timeouts allow, in bytes a second. The timeouts of a request grow with its content.
const MIN_BYTES_PER_SECOND: u64 = 256 * 1024;
/// The timeout for completing a multipart upload, which takes minutes for a large one.
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_CompleteMultipartUpload.html>
const COMPLETION_TIMEOUT: Duration = Duration::from_secs(300);

/// The warning about a key without an end.
const PERMANENT_KEY: &str = "the job uses a permanent access key (AWS_ACCESS_KEY_ID), which anybody who gets it can use \
    until somebody deletes it; with `role` and an OIDC token of the CI system the job needs no key";

/// The client of an S3 store, and what belongs to it.
pub(super) struct S3Connection {
    pub(super) client: aws_sdk_s3::Client,
    pub(super) monitor: Arc<RequestMonitor>,
    /// The address of the server for messages.
    pub(super) endpoint: String,
    /// Whether the connection has TLS or stays within the machine, so that nobody can change a body on the way.
    pub(super) is_protected: bool,
}

/// Connects to the store of the configuration. It reads the files and variables of the SDK's own configuration.
pub(super) async fn connect(
    config: &ObjectsConfig,
    secrets: &Arc<SecretRegistry>,
    notes: &Arc<Notes>,
) -> Result<S3Connection, CallError> {
    let profiles = profiles::read(config).await?;
    let source = source::source(config, &profiles, secrets)?;
    let base = base(config, &profiles, &source).await;
    let endpoint = endpoint(config, &base)?;
    if matches!(&source, CredentialSource::Fixed(keys) if keys.session_token().is_none())
        && is_amazon(&endpoint)
    {
        notes.add(Level::Warning, PERMANENT_KEY.to_owned());
    }
    let is_protected = endpoint.starts_with("https://") || is_local_server(&endpoint);
    if !is_protected {
        let text = format!(
            "Lockstep sends requests to {endpoint} without TLS: others on the way can read the content and the names of \
             objects"
        );
        notes.add(Level::Warning, text);
    }
    let renewing = CredentialCache::new(source, &base, secrets, (!is_protected).then(|| endpoint.clone()));
    let regions = Arc::default();
    let monitor = Arc::new(RequestMonitor::new(renewing, Arc::clone(&regions), &endpoint, (secrets, notes)));
    let client = client(config, &base, &endpoint, &monitor, regions);
    Ok(S3Connection { client, monitor, endpoint, is_protected })
}

/// The settings of the SDK. They always have a region: without one the SDK asks the machine, even if the job has
/// credentials.
async fn base(config: &ObjectsConfig, profiles: &Profiles, source: &CredentialSource) -> SdkConfig {
    let named = config.region.clone().or_else(|| profiles.region());
    let default = Region::new(default_region(config.role.as_deref()));
    let http = route::for_credentials();
    let base = aws_config::defaults(BehaviorVersion::latest())
        .region(named.clone().map_or_else(|| default.clone(), Region::new))
        .profile_files(profiles.files.clone())
        .http_client(http.clone())
        .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
        .response_checksum_validation(ResponseChecksumValidation::WhenRequired)
        .retry_config(
            RetryConfig::standard()
                .with_max_attempts(ATTEMPTS)
                .with_initial_backoff(FIRST_WAIT)
                .with_max_backoff(MAX_WAIT),
        )
        .timeout_config(timeouts(RESPONSE_TIMEOUT, OPERATION_TIMEOUT))
        .load()
        .await;
    let asks_machine = named.is_none() && source.asks_the_chain() && is_from_machine(&base).await;
    if !asks_machine {
        return base;
    }
    let config = ProviderConfig::without_region().with_http_client(http);
    let region = ImdsRegionProvider::builder().configure(&config).build().region().await;
    base.into_builder().region(region.unwrap_or(default)).build()
}

/// Whether the credentials come from the machine.
async fn is_from_machine(base: &SdkConfig) -> bool {
    let Some(chain) = base.credentials_provider() else { return false };
    let Ok(credentials) = chain.provide_credentials().await else { return false };
    let features = credentials.get_property::<Vec<AwsCredentialFeature>>();
    features.is_some_and(|features| features.contains(&AwsCredentialFeature::CredentialsImds))
}

fn timeouts(answer: Duration, all: Duration) -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .read_timeout(answer)
        .operation_timeout(all)
        .build()
}

/// The timeouts of a request with this many bytes of content.
pub(super) fn content_timeouts(bytes: u64) -> aws_sdk_s3::config::Builder {
    let content = Duration::from_secs(bytes / MIN_BYTES_PER_SECOND);
    let timeouts = timeouts(RESPONSE_TIMEOUT + content, OPERATION_TIMEOUT + content * 3);
    aws_sdk_s3::config::Builder::new().timeout_config(timeouts)
}

/// The timeouts of a request that completes an upload.
pub(super) fn completion_timeouts() -> aws_sdk_s3::config::Builder {
    aws_sdk_s3::config::Builder::new()
        .timeout_config(timeouts(COMPLETION_TIMEOUT, COMPLETION_TIMEOUT + RESPONSE_TIMEOUT))
}

/// The address of the server: from the inputs, or else from the environment or the AWS configuration, first for S3 and
/// then for all services.
/// <https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html>
///
/// # Errors
/// It is no URL of a server.
fn endpoint(config: &ObjectsConfig, base: &SdkConfig) -> Result<String, CallError> {
    let of_s3 = || {
        let key =
            ServiceConfigKey::builder().service_id("S3").env("AWS_ENDPOINT_URL").profile("endpoint_url");
        base.service_config()?.load_config(key.build().ok()?)
    };
    let place = match &config.endpoint {
        Some(_) => "input `endpoint`",
        None => "endpoint of AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL or the AWS configuration",
    };
    let named = config.endpoint.clone().or_else(of_s3);
    match named.or_else(|| base.endpoint_url().map(str::to_owned)) {
        Some(endpoint) => check_endpoint(&endpoint, place).map(|()| endpoint),
        None => {
            let region = base.region().map_or("us-east-1", Region::as_ref);
            Ok(format!("https://s3.{region}.{}", domain(region)))
        }
    }
}

/// Rejects an endpoint that is no URL of a server, mostly one without a scheme.
fn check_endpoint(endpoint: &str, place: &str) -> Result<(), CallError> {
    let url = Url::parse(endpoint).ok();
    if url.is_some_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host()) {
        return Ok(());
    }
    let host = endpoint.rsplit("//").next().unwrap_or_default().trim_matches('/').to_ascii_lowercase();
    let local = format!("http://{host}");
    let example = if is_local_server(&local) { local } else { format!("https://{host}") };
    let act = match Url::parse(&example) {
        Ok(_) => format!("write `{example}`"),
        Err(_) => "write a URL such as `https://minio.example.com`".to_owned(),
    };
    Err(CallError::Invalid(format!("{place}: `{}` is no URL of a server: {act}", endpoint.escape_debug())))
}

/// Whether a URL names one of Amazon's servers.
fn is_amazon(endpoint: &str) -> bool {
    Url::parse(endpoint).is_ok_and(|url| partition::is_amazon(url.host_str().unwrap_or_default()))
}

fn client(
    config: &ObjectsConfig,
    base: &SdkConfig,
    endpoint: &str,
    monitor: &Arc<RequestMonitor>,
    regions: Arc<BucketRegions>,
) -> aws_sdk_s3::Client {
    let mut builder = aws_sdk_s3::config::Builder::from(base)
        // `CredentialCache` caches them, because it also learns when a server calls them expired.
        .identity_cache(IdentityCache::no_cache())
        .credentials_provider(monitor.credentials())
        .endpoint_resolver(RegionResolver::new(regions))
        .interceptor(RetryInterceptor(Arc::clone(monitor)))
        .retry_classifier(RetryClassifier(Arc::clone(monitor)));
    if let Some(endpoint) = &config.endpoint {
        // Few self-hosted servers have a host name for each bucket.
        builder = builder.endpoint_url(endpoint).force_path_style(true);
    } else if base.endpoint_url().is_some() {
        builder = builder.force_path_style(true);
    }
    let proxies = if is_local_server(endpoint) { ProxyConfig::disabled() } else { ProxyConfig::from_env() };
    builder = builder.http_client(route::for_store(proxies));
    aws_sdk_s3::Client::from_conf(builder.build())
}

/// Whether a server is on this machine, by its address. Requests to it bypass the proxy, as in other clients.
/// <https://pkg.go.dev/net/http#ProxyFromEnvironment>
fn is_local_server(endpoint: &str) -> bool {
    let Ok(url) = Url::parse(endpoint) else {
        return false;
    };
    let host = url.host_str().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
    let is_local = host == "localhost" || host.parse().is_ok_and(|address: IpAddr| address.is_loopback());
    is_local && url.scheme() == "http"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_without_a_scheme_is_rejected_with_the_one_to_write() {
        for (endpoint, act) in [
            ("minio.example.com", "write `https://minio.example.com`"),
            ("minio.example.com:9000/", "write `https://minio.example.com:9000`"),
            ("localhost:9000", "write `http://localhost:9000`"),
            ("ftp://minio.example.com", "write `https://minio.example.com`"),
            ("//minio", "write `https://minio`"),
            ("", "write a URL such as"),
            ("a b", "write a URL such as"),
        ] {
            let error = check_endpoint(endpoint, "input `endpoint`").unwrap_err();
            assert!(error.word() == "invalid" && error.message().contains(act), "{endpoint}: {error}");
        }
        for endpoint in ["https://minio.example.com", "http://10.0.0.1:9000/", "HTTPS://x"] {
            assert!(check_endpoint(endpoint, "").is_ok(), "{endpoint}");
        }
    }

    #[test]
    fn only_loopback_addresses_without_tls_are_local_servers() {
        for local in ["http://127.0.0.1:9000", "http://127.8.8.8/x", "http://localhost", "http://[::1]:9000/"]
        {
            assert!(is_local_server(local), "{local}");
        }
        for other in [
            "https://127.0.0.1",
            "http://127.0.0.1.example.com",
            "http://127.0.0.1@example.com",
            "http://127.0.0.1:80@example.com",
            "http://localhost.example.com:80",
            "http://user:127.0.0.1@example.com",
            "http://[::2]:80",
            "http://10.0.0.1",
            "http://",
        ] {
            assert!(!is_local_server(other), "{other}");
        }
    }
}
