//! The credentials of a run for its object store: an access key, or a role that the host assumes. The host renews them
//! before they expire. They stay in this crate, and only the SDK gets them.

use super::config::IdentityToken;
use super::failure::credential_error;
use super::partition::audience;
use super::pause::Pause;
use super::profiles::CredentialProcess;
use aws_config::SdkConfig;
use aws_credential_types::provider::{error::CredentialsError, future};
use aws_sdk_s3::config::{Credentials, ProvideCredentials, SharedCredentialsProvider};
use aws_sdk_s3::error::DisplayErrorContext;
use lockstep_model::secret_registry::SecretRegistry;
use lockstep_process::regular_file;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, SystemTime};
use tokio::sync::Mutex;

/// A source of credentials.
#[derive(Debug)]
pub(super) enum CredentialSource {
    /// An access key of the job.
    Fixed(Credentials),
    /// The SDK's own chain: profile, web identity of the environment, container, machine.
    Chain { profile: String },
    /// A role, assumed with a token of the CI system.
    WebIdentity { role: String, session: String, identity: IdentityToken },
    /// A role, assumed with other credentials.
    Role {
        role: String,
        session: String,
        keys: Option<Credentials>,
        process: Option<CredentialProcess>,
        /// How the job gets credentials, if it has none.
        advice: String,
    },
    /// A program that the AWS configuration names.
    Process(CredentialProcess),
}

impl CredentialSource {
    /// Whether the host asks the SDK's own chain, which asks the machine last.
    pub(super) fn asks_the_chain(&self) -> bool {
        matches!(self, Self::Chain { .. } | Self::Role { keys: None, process: None, .. })
    }
}

/// How long before the end of a credential the host renews it. If half of its lifetime is shorter, the host renews it
/// after half of that time.
const RENEWAL_MARGIN: Duration = Duration::from_secs(300);
/// Caches credentials, and renews them before they expire or when a server calls them expired.
#[derive(Debug)]
pub(super) struct CredentialCache {
    source: CredentialSource,
    sts: aws_sdk_sts::Client,
    chain: Option<SharedCredentialsProvider>,
    cached: Mutex<Option<CachedCredentials>>,
    /// The session tokens, or IDs of keys without one, that a server called expired.
    expired: std::sync::Mutex<Vec<String>>,
    secrets: Arc<SecretRegistry>,
    /// The server, if the connection has no TLS and leaves the machine.
    plain_http_server: Option<String>,
}

#[derive(Debug, Clone)]
struct CachedCredentials {
    credentials: Credentials,
    until: Option<SystemTime>,
}

impl CredentialCache {
    pub(super) fn new(
        source: CredentialSource,
        base: &SdkConfig,
        secrets: &Arc<SecretRegistry>,
        plain_http_server: Option<String>,
    ) -> Self {
        // Only the environment names another STS: the endpoint of a run is that of its store.
        let config = aws_sdk_sts::config::Builder::from(base);
        let sts = aws_sdk_sts::Client::from_conf(config.build());
        Self {
            source,
            sts,
            chain: base.credentials_provider(),
            cached: Mutex::default(),
            expired: std::sync::Mutex::default(),
            secrets: Arc::clone(secrets),
            plain_http_server,
        }
    }

    /// Marks the credentials with this session token, or key ID, as expired. The next request gets others.
    pub(super) fn mark_expired(&self, name: &str) {
        let mut expired = self.expired.lock().unwrap_or_else(PoisonError::into_inner);
        if !expired.iter().any(|expired| expired == name) {
            expired.push(name.to_owned());
        }
    }

    /// Whether the source can return other credentials.
    pub(super) fn can_renew(&self) -> bool {
        !matches!(self.source, CredentialSource::Fixed(_))
    }

    fn is_marked_expired(&self, credentials: &Credentials) -> bool {
        let expired = self.expired.lock().unwrap_or_else(PoisonError::into_inner);
        let name = credentials.session_token().unwrap_or(credentials.access_key_id());
        expired.iter().any(|expired| expired == name)
    }

    async fn current(&self) -> Result<Credentials, CredentialsError> {
        let mut cached = self.cached.lock().await;
        let now = SystemTime::now();
        if let Some(cached) = cached.as_ref().filter(|cached| self.is_valid(cached, now)) {
            return Ok(cached.credentials.clone());
        }
        let credentials = self.fetch().await?;
        self.secrets.add(credentials.secret_access_key());
        self.secrets.add(credentials.session_token().unwrap_or_default());
        // A permanent key signs and never leaves the machine. The token of a session is part of each request.
        if let Some(server) =
            self.plain_http_server.as_ref().filter(|_| credentials.session_token().is_some())
        {
            return Err(credential_error(format!(
                "the host does not send the session token to {server} without TLS, where others could read it; \
                 use an `https` address, or 127.0.0.1 for a server on this machine"
            )));
        }
        let until = credentials.expiry().map(|end| {
            let left = end.duration_since(now).unwrap_or_default();
            end - RENEWAL_MARGIN.min(left / 2)
        });
        *cached = Some(CachedCredentials { credentials: credentials.clone(), until });
        Ok(credentials)
    }

    fn is_valid(&self, cached: &CachedCredentials, now: SystemTime) -> bool {
        cached.until.is_none_or(|until| now < until) && !self.is_marked_expired(&cached.credentials)
    }

    async fn fetch(&self) -> Result<Credentials, CredentialsError> {
        match &self.source {
            CredentialSource::Fixed(credentials) => Ok(credentials.clone()),
            CredentialSource::Chain { profile } => {
                let none = format!(
                    "there are none in the environment, in the profile `{profile}` of the AWS configuration, or on this \
                     machine"
                );
                self.ask_chain(none).await
            }
            CredentialSource::WebIdentity { role, session, identity } => {
                let token = self.token(identity, audience(role)).await?;
                self.secrets.add(&token);
                let answer = self
                    .sts
                    .assume_role_with_web_identity()
                    .role_arn(role)
                    .role_session_name(session)
                    .web_identity_token(token)
                    .send()
                    .await
                    .map_err(|error| self.sts_error(role, &error))?;
                read(answer.credentials, role)
            }
            CredentialSource::Process(process) => process.credentials().await,
            CredentialSource::Role { role, session, keys, process, advice } => {
                let keys = match (process, keys) {
                    (Some(process), _) => process.credentials().await?,
                    (None, Some(keys)) => keys.clone(),
                    (None, None) => {
                        let none = format!(
                            "the job has no token of the CI system that it could assume the role `{role}` with: {advice}"
                        );
                        self.ask_chain(none).await?
                    }
                };
                let provider = SharedCredentialsProvider::new(keys);
                let config = aws_sdk_sts::config::Config::builder().credentials_provider(provider);
                let request = self.sts.assume_role().role_arn(role).role_session_name(session).customize();
                let answer = request.config_override(config).send().await;
                let answer = answer.map_err(|error| self.sts_error(role, &error))?;
                read(answer.credentials, role)
            }
        }
    }

    /// The credentials of the SDK's own chain. `none` is the error if it has none: that of the SDK lists its providers.
    async fn ask_chain(&self, none: String) -> Result<Credentials, CredentialsError> {
        let Some(chain) = &self.chain else { return Err(credential_error(none)) };
        chain.provide_credentials().await.map_err(|error| match error {
            CredentialsError::CredentialsNotLoaded(_) => credential_error(none),
            error => error,
        })
    }

    /// The token that identifies the job.
    async fn token(&self, identity: &IdentityToken, audience: &str) -> Result<String, CredentialsError> {
        match identity {
            IdentityToken::Token(token) => Ok(token.clone()),
            IdentityToken::File(path) => {
                let text = regular_file::read_text(path, regular_file::MAX_DOCUMENT_BYTES)
                    .map_err(credential_error)?;
                Ok(text.trim().to_owned())
            }
            IdentityToken::Request { url, token } => {
                self.secrets.add(token);
                super::oidc::request(url, token, audience)
                    .await
                    .map_err(|error| credential_error(self.secrets.redact(&error)))
            }
        }
    }

    fn sts_error<E>(&self, role: &str, error: &aws_sdk_sts::error::SdkError<E>) -> CredentialsError
    where
        E: std::error::Error + aws_sdk_sts::error::ProvideErrorMetadata + 'static,
    {
        use aws_sdk_sts::error::ProvideErrorMetadata as _;
        let text = match (error.code(), error.message()) {
            (Some(code), message) => format!("{code}: {}", message.unwrap_or_default()),
            _ => DisplayErrorContext(error).to_string(),
        };
        let about_token = match error.code() {
            Some("InvalidIdentityToken") => {
                format!("; the provider in IAM needs the audience `{}`", audience(role))
            }
            _ => String::new(),
        };
        credential_error(format!(
            "the host could not assume the role `{role}`: {}{about_token}",
            self.secrets.redact(&text)
        ))
    }
}

fn read(
    credentials: Option<aws_sdk_sts::types::Credentials>,
    role: &str,
) -> Result<Credentials, CredentialsError> {
    let credentials = credentials
        .ok_or_else(|| credential_error(format!("STS returned no credentials for the role `{role}`")))?;
    let until = SystemTime::try_from(credentials.expiration).ok();
    Ok(Credentials::new(
        credentials.access_key_id,
        credentials.secret_access_key,
        Some(credentials.session_token),
        until,
        "role",
    ))
}

/// Gives the SDK the cached credentials. The SDK asks before each attempt, so this is also where a request waits for
/// the end of a pause: before it is signed and before its timeouts begin.
#[derive(Debug, Clone)]
pub(super) struct CachedProvider {
    pub(super) credentials: Arc<CredentialCache>,
    pub(super) pause: Arc<Pause>,
}

impl ProvideCredentials for CachedProvider {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(async move {
            self.pause.end().await;
            self.credentials.current().await
        })
    }
}
