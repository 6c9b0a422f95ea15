//! Who a run is to its storage: keys, or a role taken on with the CI's token, made anew before they end. Credentials
//! stay in this crate; nothing here gives one to a caller but the SDK.

use super::connection::Identity;
use super::failure::not_made;
use super::profiles::Process;
use aws_config::SdkConfig;
use aws_credential_types::provider::{error::CredentialsError, future};
use aws_sdk_s3::config::{Credentials, ProvideCredentials, SharedCredentialsProvider};
use aws_sdk_s3::error::DisplayErrorContext;
use lockstep_model::secret_registry::SecretRegistry;
use lockstep_process::regular;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, SystemTime};
use tokio::sync::Mutex;

/// Where credentials come from.
#[derive(Debug)]
pub(super) enum Source {
    /// The job holds them.
    Fixed(Credentials),
    /// The SDK's own chain: profile, web identity of the environment, container, machine.
    Chain,
    /// A role, for the token that the CI signs.
    WebIdentity { role: String, session: String, identity: Identity },
    /// A role, for other credentials.
    Role { role: String, session: String, keys: Option<Credentials>, process: Option<Process> },
    /// A program that the configuration names.
    Process(Process),
}

impl Source {
    /// Whether the SDK's own chain is asked, at whose end is the machine.
    pub(super) fn asks_the_chain(&self) -> bool {
        matches!(self, Self::Chain | Self::Role { keys: None, process: None, .. })
    }
}

/// How long before its end a credential is replaced; one that lives for less than twice this, in the middle.
const EARLY: Duration = Duration::from_secs(300);
/// What the token is for, <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_create_oidc.html>.
const AUDIENCE: &str = "sts.amazonaws.com";

/// Credentials that are made anew before they end, or when a server says that they have.
#[derive(Debug)]
pub(super) struct Renewing {
    source: Source,
    sts: aws_sdk_sts::Client,
    chain: Option<SharedCredentialsProvider>,
    held: Mutex<Option<Held>>,
    /// The sessions, or names of keys without one, that a server took for ended.
    refused: std::sync::Mutex<Vec<String>>,
    known: Arc<SecretRegistry>,
    /// The server, where others can read what is sent to it.
    in_the_clear: Option<String>,
}

#[derive(Debug, Clone)]
struct Held {
    credentials: Credentials,
    until: Option<SystemTime>,
}

impl Renewing {
    pub(super) fn new(
        source: Source,
        base: &SdkConfig,
        known: &Arc<SecretRegistry>,
        in_the_clear: Option<String>,
    ) -> Self {
        // An STS of its own is named by the environment only: the endpoint of a run is its storage's.
        let config = aws_sdk_sts::config::Builder::from(base);
        let sts = aws_sdk_sts::Client::from_conf(config.build());
        Self {
            source,
            sts,
            chain: base.credentials_provider(),
            held: Mutex::default(),
            refused: std::sync::Mutex::default(),
            known: Arc::clone(known),
            in_the_clear,
        }
    }

    /// Says that a server took the credentials of this session, or key without one, for ended: the next request gets
    /// others.
    pub(super) fn refused(&self, name: &str) {
        let mut refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        if !refused.iter().any(|known| known == name) {
            refused.push(name.to_owned());
        }
    }

    /// Whether there are others to be had when these have ended.
    pub(super) fn renews(&self) -> bool {
        !matches!(self.source, Source::Fixed(_))
    }

    fn is_refused(&self, credentials: &Credentials) -> bool {
        let refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        let name = credentials.session_token().unwrap_or(credentials.access_key_id());
        refused.iter().any(|known| known == name)
    }

    async fn current(&self) -> Result<Credentials, CredentialsError> {
        let mut held = self.held.lock().await;
        let now = SystemTime::now();
        if let Some(held) = held.as_ref().filter(|held| self.is_good(held, now)) {
            return Ok(held.credentials.clone());
        }
        let credentials = self.make().await?;
        self.known.add(credentials.secret_access_key());
        self.known.add(credentials.session_token().unwrap_or_default());
        // Of a permanent key nothing secret is sent: it signs. A session's token is sent with each request.
        if let Some(server) = self.in_the_clear.as_ref().filter(|_| credentials.session_token().is_some()) {
            return Err(not_made(format!(
                "the session token of these credentials is not sent to {server} without TLS, where others could read it; \
                 use an `https` address, or 127.0.0.1 for a server on this machine"
            )));
        }
        let until = credentials.expiry().map(|end| {
            let left = end.duration_since(now).unwrap_or_default();
            end - EARLY.min(left / 2)
        });
        *held = Some(Held { credentials: credentials.clone(), until });
        Ok(credentials)
    }

    fn is_good(&self, held: &Held, now: SystemTime) -> bool {
        held.until.is_none_or(|until| now < until) && !self.is_refused(&held.credentials)
    }

    async fn make(&self) -> Result<Credentials, CredentialsError> {
        match &self.source {
            Source::Fixed(credentials) => Ok(credentials.clone()),
            Source::Chain => match &self.chain {
                Some(chain) => chain.provide_credentials().await,
                None => Err(CredentialsError::not_loaded("no credentials are configured")),
            },
            Source::WebIdentity { role, session, identity } => {
                let token = self.token(identity).await?;
                self.known.add(&token);
                let answer = self
                    .sts
                    .assume_role_with_web_identity()
                    .role_arn(role)
                    .role_session_name(session)
                    .web_identity_token(token)
                    .send()
                    .await
                    .map_err(|error| self.said(role, &error))?;
                read(answer.credentials, role)
            }
            Source::Process(process) => process.credentials().await,
            Source::Role { role, session, keys, process } => {
                let mut request =
                    self.sts.assume_role().role_arn(role).role_session_name(session).customize();
                let chain = self.chain.clone();
                let made = match process {
                    Some(process) => Some(process.credentials().await?),
                    None => keys.clone(),
                };
                let own = made.map(SharedCredentialsProvider::new).or(chain);
                let own = own.ok_or_else(|| {
                    CredentialsError::not_loaded("there is no token to take on the role with")
                })?;
                request =
                    request.config_override(aws_sdk_sts::config::Config::builder().credentials_provider(own));
                let answer = request.send().await.map_err(|error| self.said(role, &error))?;
                read(answer.credentials, role)
            }
        }
    }

    /// The token that says which job this is.
    async fn token(&self, identity: &Identity) -> Result<String, CredentialsError> {
        match identity {
            Identity::Token(token) => Ok(token.clone()),
            Identity::File(path) => {
                let text = regular::text(path, regular::DOCUMENT).map_err(not_made)?;
                Ok(text.trim().to_owned())
            }
            Identity::Request { url, token } => {
                self.known.add(token);
                super::oidc::request(url, token, AUDIENCE)
                    .await
                    .map_err(|error| not_made(self.known.redact(&error)))
            }
        }
    }

    fn said<E>(&self, role: &str, error: &aws_sdk_sts::error::SdkError<E>) -> CredentialsError
    where
        E: std::error::Error + aws_sdk_sts::error::ProvideErrorMetadata + 'static,
    {
        use aws_sdk_sts::error::ProvideErrorMetadata as _;
        let text = match (error.code(), error.message()) {
            (Some(code), message) => format!("{code}: {}", message.unwrap_or_default()),
            _ => DisplayErrorContext(error).to_string(),
        };
        not_made(format!("the role `{role}` was not given: {}", self.known.redact(&text)))
    }
}

fn read(given: Option<aws_sdk_sts::types::Credentials>, role: &str) -> Result<Credentials, CredentialsError> {
    let given = given.ok_or_else(|| not_made(format!("the role `{role}` came without credentials")))?;
    let until = SystemTime::try_from(given.expiration).ok();
    Ok(Credentials::new(
        given.access_key_id,
        given.secret_access_key,
        Some(given.session_token),
        until,
        "role",
    ))
}

/// The same credentials for each request, as the SDK asks for them.
#[derive(Debug, Clone)]
pub(super) struct Provider(pub(super) Arc<Renewing>);

impl ProvideCredentials for Provider {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(self.0.current())
    }
}
