//! Where a run's objects are and who it is there: endpoint, region, settings of the SDK. Of the machine it asks what it is
//! only where nothing else says it.

use super::connection::Connection;
use super::credentials::{Renewing, Source};
use super::hearing::{Again, Ear, Hearing};
use super::profiles::{self, Profiles};
use super::route;
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
use lockstep_model::secret_registry::SecretRegistry;
use reqwest::Url;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

/// How often a request is sent at most, the first time included.
const ATTEMPTS: u32 = 8;
/// How long the first wait before another attempt is at most; each is twice the one before, times a random share.
const FIRST_WAIT: Duration = Duration::from_millis(200);
const LONGEST_WAIT: Duration = Duration::from_secs(10);
/// How long a server may take to accept a connection.
const CONNECT: Duration = Duration::from_secs(10);
/// How long a server may take to begin an answer, from the first byte of the request on, and how long that may take with
/// all attempts. So a server that accepts and never answers ends the run after two minutes, and one that fails for a
/// moment is asked as often as it takes.
const ANSWER: Duration = Duration::from_secs(60);
const ALL_ATTEMPTS: Duration = Duration::from_secs(130);
/// The slowest line that content may be sent on, in bytes a second: so much longer may a request with content take.
const SLOWEST: u64 = 256 * 1024;
/// How long a server may take to complete an upload in parts: with a large one this takes minutes.
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_CompleteMultipartUpload.html>
const COMPLETION: Duration = Duration::from_secs(300);

/// A client of the storage that a run names, and what it hears.
pub(super) struct Connected {
    pub(super) client: aws_sdk_s3::Client,
    pub(super) hearing: Arc<Hearing>,
    /// The address of the server as messages name it.
    pub(super) endpoint: String,
    /// Whether bodies need no signature of their own: nobody on the way can change them.
    pub(super) sealed: bool,
    /// What is worth a warning about how this run gets in.
    pub(super) warnings: Vec<String>,
}

/// Makes the client. It looks at the files and variables of the SDK's own configuration. Where no region is named and
/// nothing but the machine gives credentials, the machine is asked for its region.
pub(super) async fn connect(
    connection: &Connection,
    known: &Arc<SecretRegistry>,
) -> Result<Connected, CallError> {
    let profiles = profiles::read(connection).await?;
    let mut warnings = Vec::new();
    let source = source(connection, &profiles, known, &mut warnings);
    let base = base(connection, &profiles, &source).await;
    let endpoint = endpoint(connection, &base);
    let sealed = endpoint.starts_with("https://") || is_own(&endpoint);
    if !sealed {
        warnings.push(format!(
            "{endpoint} is asked without TLS: others on the way can read what is uploaded, and the names of buckets and files"
        ));
    }
    let renewing = Renewing::new(source, &base, known, (!sealed).then(|| endpoint.clone()));
    let hearing = Arc::new(Hearing::new(renewing));
    let client = client(connection, &base, &endpoint, &hearing);
    Ok(Connected { client, hearing, endpoint, sealed, warnings })
}

/// The settings of the SDK. Without a region it would ask the machine for one at once, whoever gives the credentials.
async fn base(connection: &Connection, profiles: &Profiles, source: &Source) -> SdkConfig {
    let given = connection.region.clone().or_else(|| profiles.region());
    let usual = Region::new("us-east-1");
    let http = route::for_credentials();
    let base = aws_config::defaults(BehaviorVersion::latest())
        .region(given.clone().map_or_else(|| usual.clone(), Region::new))
        .profile_files(profiles.files.clone())
        .http_client(http.clone())
        .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
        .response_checksum_validation(ResponseChecksumValidation::WhenRequired)
        .retry_config(
            RetryConfig::standard()
                .with_max_attempts(ATTEMPTS)
                .with_initial_backoff(FIRST_WAIT)
                .with_max_backoff(LONGEST_WAIT),
        )
        .timeout_config(timeouts(ANSWER, ALL_ATTEMPTS))
        .load()
        .await;
    let alone = given.is_none() && source.asks_the_chain() && is_from_machine(&base).await;
    if !alone {
        return base;
    }
    let config = ProviderConfig::without_region().with_http_client(http);
    let region = ImdsRegionProvider::builder().configure(&config).build().region().await;
    base.into_builder().region(region.unwrap_or(usual)).build()
}

/// Whether only the machine gives credentials.
async fn is_from_machine(base: &SdkConfig) -> bool {
    let Some(chain) = base.credentials_provider() else { return false };
    let Ok(credentials) = chain.provide_credentials().await else { return false };
    let features = credentials.get_property::<Vec<AwsCredentialFeature>>();
    features.is_some_and(|features| features.contains(&AwsCredentialFeature::CredentialsImds))
}

fn timeouts(answer: Duration, all: Duration) -> TimeoutConfig {
    TimeoutConfig::builder().connect_timeout(CONNECT).read_timeout(answer).operation_timeout(all).build()
}

/// The settings of a request with so many bytes of content.
pub(super) fn sending(bytes: u64) -> aws_sdk_s3::config::Builder {
    let content = Duration::from_secs(bytes / SLOWEST);
    let timeouts = timeouts(ANSWER + content, ALL_ATTEMPTS + content * 3);
    aws_sdk_s3::config::Builder::new().timeout_config(timeouts)
}

/// The settings of a request to complete an upload.
pub(super) fn completing() -> aws_sdk_s3::config::Builder {
    aws_sdk_s3::config::Builder::new().timeout_config(timeouts(COMPLETION, COMPLETION + ANSWER))
}

/// How this run shows who it is.
fn source(
    connection: &Connection,
    profiles: &Profiles,
    known: &Arc<SecretRegistry>,
    warnings: &mut Vec<String>,
) -> Source {
    let keys = connection.keys.as_ref().map(|keys| {
        aws_sdk_s3::config::Credentials::new(&keys.id, &keys.secret, keys.token.clone(), None, "environment")
    });
    if let (Some(role), Some(identity)) = (&connection.role, &connection.identity) {
        let (role, session) = (role.clone(), connection.session.clone());
        return Source::WebIdentity { role, session, identity: identity.clone() };
    }
    if let Some(role) = &connection.role {
        let process = keys.is_none().then(|| profiles.process(connection, known)).flatten();
        return Source::Role { role: role.clone(), session: connection.session.clone(), keys, process };
    }
    match keys {
        Some(keys) => {
            if keys.session_token().is_none() {
                warnings.push(
                    "the keys of this job are permanent ones (AWS_ACCESS_KEY_ID): whoever takes them can use them for \
                     ever; with `role` and the CI's OIDC token no key needs to be stored"
                        .to_owned(),
                );
            }
            Source::Fixed(keys)
        }
        None => profiles.process(connection, known).map_or(Source::Chain, Source::Process),
    }
}

/// The address of the server: as the run says, else as the environment or the configuration says of S3 or of all services.
/// <https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html>
fn endpoint(connection: &Connection, base: &SdkConfig) -> String {
    let of_s3 = || {
        let key =
            ServiceConfigKey::builder().service_id("S3").env("AWS_ENDPOINT_URL").profile("endpoint_url");
        base.service_config()?.load_config(key.build().ok()?)
    };
    let given = connection.endpoint.clone().or_else(of_s3);
    let given = given.or_else(|| base.endpoint_url().map(str::to_owned));
    given.unwrap_or_else(|| {
        format!("https://s3.{}.amazonaws.com", base.region().map_or("us-east-1", Region::as_ref))
    })
}

fn client(
    connection: &Connection,
    base: &SdkConfig,
    endpoint: &str,
    hearing: &Arc<Hearing>,
) -> aws_sdk_s3::Client {
    let mut config = aws_sdk_s3::config::Builder::from(base)
        // They are kept by `Renewing`, which knows when a server takes them for ended.
        .identity_cache(IdentityCache::no_cache())
        .credentials_provider(hearing.credentials())
        .interceptor(Ear(Arc::clone(hearing)))
        .retry_classifier(Again(Arc::clone(hearing)));
    if let Some(endpoint) = &connection.endpoint {
        // Servers of one's own seldom have a name for each bucket.
        config = config.endpoint_url(endpoint).force_path_style(true);
    } else if base.endpoint_url().is_some() {
        config = config.force_path_style(true);
    }
    let proxies = if is_own(endpoint) { ProxyConfig::disabled() } else { ProxyConfig::from_env() };
    config = config.http_client(route::for_store(proxies));
    aws_sdk_s3::Client::from_conf(config.build())
}

/// Whether a server is on this very machine, by its address: no proxy is asked for it, as elsewhere.
/// <https://pkg.go.dev/net/http#ProxyFromEnvironment>
fn is_own(endpoint: &str) -> bool {
    let Ok(url) = Url::parse(endpoint) else {
        return false;
    };
    let host = url.host_str().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
    let own = host == "localhost" || host.parse().is_ok_and(|address: IpAddr| address.is_loopback());
    own && url.scheme() == "http"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_address_of_this_machine_is_its_own() {
        for own in ["http://127.0.0.1:9000", "http://127.8.8.8/x", "http://localhost", "http://[::1]:9000/"] {
            assert!(is_own(own), "{own}");
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
            assert!(!is_own(other), "{other}");
        }
    }
}
