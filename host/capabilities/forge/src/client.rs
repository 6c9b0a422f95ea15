//! The HTTP client of one forge: sends requests and retries them by the table of `lockstep_model::forge`. It follows no redirect,
//! sends its token to this forge only, and never repeats a request that may take effect twice.

use crate::locate::ForgeRepository;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, LINK, RETRY_AFTER, USER_AGENT};
use http::{HeaderMap, Method};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use lockstep_model::call::CallError;
use lockstep_model::causes;
use lockstep_model::forge::{ErrorClass, ForgeKind, RequestKind, classify};
use lockstep_model::secret_registry::SecretRegistry;
use lockstep_model::text::short;
use octocrab::Octocrab;
use serde_json::Value;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use tokio::runtime::Runtime;

/// The value of the header `User-Agent`.
const USER_AGENT_NAME: &str = concat!("lockstep/", env!("CARGO_PKG_VERSION"));
/// How long a connection and a whole request may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(20);
const REQUEST_TIMEOUT: Duration = Duration::from_secs(60);
/// The first pause before a retry. Each is twice as long as the one before.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
/// The longest error message of a forge that the component gets, in bytes.
const MAX_MESSAGE_BYTES: usize = 500;
/// The largest answer, in bytes.
const MAX_ANSWER_BYTES: usize = 8 * 1024 * 1024;

/// The HTTP library for the forge.
enum Transport {
    /// The client of GitHub.
    GitHub(Octocrab),
    /// A plain client, with the value of the header `Authorization`.
    Plain(reqwest::Client, String),
}

/// The client of the forge of one repository.
pub(crate) struct ForgeClient {
    runtime: Runtime,
    transport: Transport,
    kind: ForgeKind,
    /// The URL of its API, without a `/` at the end.
    base: String,
    secrets: SecretRegistry,
    /// How long a call retries.
    retry_timeout: Duration,
}

/// A successful answer.
#[derive(Debug)]
pub(crate) struct ForgeReply {
    /// The HTTP status.
    pub(crate) status: u16,
    /// The redacted body.
    pub(crate) body: Value,
    /// Whether the header `Link` names another page.
    pub(crate) more: bool,
}

/// An error answer, or no answer.
#[derive(Debug)]
pub(crate) struct ForgeFailure {
    /// The class, which decides about the next act of the host.
    pub(crate) class: ErrorClass,
    /// The error for the component.
    pub(crate) error: CallError,
}

impl From<ForgeFailure> for CallError {
    fn from(failure: ForgeFailure) -> Self {
        failure.error
    }
}

/// An answer before its check.
struct RawReply {
    status: u16,
    headers: HeaderMap,
    /// The body; none if it is too large.
    text: Option<String>,
}

impl ForgeClient {
    pub(crate) fn new(
        repository: &ForgeRepository,
        secrets: SecretRegistry,
        retry_timeout: Duration,
    ) -> Result<Self, CallError> {
        let unable = |why: String| {
            CallError::Unavailable(format!("cannot create a client for {}: {why}", repository.kind))
        };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| unable(error.to_string()))?;
        let trust = lockstep_http::trust().map_err(|error| unable(error.to_string()))?;
        let client = reqwest::Client::builder()
            .tls_backend_preconfigured(trust)
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(REQUEST_TIMEOUT)
            .build()
            .map_err(|error| unable(error.to_string()))?;
        let transport = match repository.kind {
            ForgeKind::GitHub => {
                let _inside = runtime.enter();
                let api = url::Url::parse(&repository.api).map_err(|error| unable(error.to_string()))?;
                // Every request has a full URL. With a path in the base, octocrab would add it to URLs with another path.
                let built = Octocrab::builder().base_uri(api.origin().ascii_serialization());
                let built = built.map_err(|error| unable(error.to_string()))?;
                let crab = built.personal_token(repository.token.clone()).build_with_reqwest(client);
                Transport::GitHub(crab.map_err(|error| unable(error.to_string()))?)
            }
            _ => Transport::Plain(client, format!("Bearer {}", repository.token)),
        };
        Ok(Self {
            runtime,
            transport,
            kind: repository.kind,
            base: repository.api.clone(),
            secrets,
            retry_timeout,
        })
    }

    /// The kind of the forge.
    pub(crate) fn kind(&self) -> ForgeKind {
        self.kind
    }

    /// Sends a GET request.
    pub(crate) fn get(&self, path: &str) -> Result<Value, CallError> {
        Ok(self.send(Method::GET, path, None, RequestKind::Other)?.body)
    }

    /// Sends a request with retries. It repeats a request that may take effect twice only if the forge has not executed it.
    pub(crate) fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
        request: RequestKind,
    ) -> Result<ForgeReply, ForgeFailure> {
        let once = method == Method::POST && request != RequestKind::Keep || request == RequestKind::Merge;
        let url = self.url(path);
        let label = format!("{method} {url}");
        let (mut pause, started) = (FIRST_PAUSE, Instant::now());
        loop {
            let (class, error, delay) = match self.runtime.block_on(self.send_once(&method, &url, body)) {
                Ok(raw) if raw.status < 300 => return self.success(&label, &method, &raw),
                Ok(raw) => self.failure(&label, request, &raw),
                Err(why) => {
                    let error = CallError::Unavailable(format!("{label}: {}", self.secrets.redact(&why)));
                    (ErrorClass::Retry, error, None)
                }
            };
            let may_retry = class == ErrorClass::Pause || class == ErrorClass::Retry && !once;
            let retry_after = delay.unwrap_or(pause).max(pause);
            if !may_retry || started.elapsed().saturating_add(retry_after) > self.retry_timeout {
                return Err(ForgeFailure { class, error });
            }
            std::thread::sleep(retry_after);
            pause *= 2;
        }
    }

    /// The URL of a path. The GraphQL API of an Enterprise Server is not below its REST API:
    /// <https://docs.github.com/enterprise-server/graphql/guides/forming-calls-with-graphql#the-graphql-endpoint>
    fn url(&self, path: &str) -> String {
        match self.base.strip_suffix("/api/v3") {
            Some(server) if path == "/graphql" => format!("{server}/api/graphql"),
            _ => format!("{}{path}", self.base),
        }
    }

    async fn send_once(&self, method: &Method, url: &str, body: Option<&Value>) -> Result<RawReply, String> {
        match &self.transport {
            Transport::GitHub(crab) => {
                let request = http::request::Builder::new().method(method.clone()).uri(url);
                let request = request.header(ACCEPT, "application/vnd.github+json");
                let request = crab.build_request(request, body).map_err(|error| causes::line(&error))?;
                let response = crab.execute(request).await.map_err(|error| causes::line(&error))?;
                let (head, body) = response.into_parts();
                let text =
                    text(Limited::new(body, MAX_ANSWER_BYTES).collect().await.map(|body| body.to_bytes()))?;
                Ok(RawReply { status: head.status.as_u16(), headers: head.headers, text })
            }
            Transport::Plain(client, authorization) => {
                let request = client.request(method.clone(), url).header(USER_AGENT, USER_AGENT_NAME);
                let request = request.header(AUTHORIZATION, authorization).header(ACCEPT, "application/json");
                let request = match body {
                    Some(body) => request.header(CONTENT_TYPE, "application/json").body(body.to_string()),
                    None => request,
                };
                let response = request.send().await.map_err(|error| causes::line(&error))?;
                let (status, headers) = (response.status().as_u16(), response.headers().clone());
                let body = Limited::new(reqwest::Body::from(response), MAX_ANSWER_BYTES);
                Ok(RawReply {
                    status,
                    headers,
                    text: text(body.collect().await.map(|body| body.to_bytes()))?,
                })
            }
        }
    }

    /// Reads a successful answer. It does not retry if it cannot parse one: the next would be the same.
    fn success(&self, label: &str, method: &Method, raw: &RawReply) -> Result<ForgeReply, ForgeFailure> {
        let RawReply { status, headers, text } = raw;
        let stop = |error| ForgeFailure { class: ErrorClass::Stop, error };
        let text = text.as_deref().map(str::trim).ok_or_else(|| {
            stop(CallError::Unavailable(format!(
                "{label}: the answer has more than {MAX_ANSWER_BYTES} bytes"
            )))
        })?;
        let body = match text {
            "" if *method != Method::GET => Value::Null,
            text => serde_json::from_str(text).map_err(|_| stop(unreadable()))?,
        };
        let next = |link: &http::HeaderValue| link.to_str().is_ok_and(|link| link.contains("rel=\"next\""));
        let more = headers.get_all(LINK).iter().any(next);
        Ok(ForgeReply { status: *status, body: redact_json(&self.secrets, body), more })
    }

    /// Classifies an error answer. Returns also the delay that the forge asks for.
    fn failure(
        &self,
        label: &str,
        request: RequestKind,
        raw: &RawReply,
    ) -> (ErrorClass, CallError, Option<Duration>) {
        let RawReply { status, headers, text } = raw;
        let message = error_message(&self.secrets, text.as_deref().unwrap_or_default());
        let delay = retry_after(headers);
        let class = match classify(self.kind, request, *status, &message) {
            // For this limit, GitHub sets only the header: https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api
            ErrorClass::Stop if *status == 403 && delay.is_some() => ErrorClass::Pause,
            class => class,
        };
        let text = format!("{label}: {status}: {message}");
        let error = match (class, status) {
            (ErrorClass::Retry | ErrorClass::Pause, _) => match delay {
                Some(retry_after) => CallError::Unavailable(format!(
                    "{text}; the forge asks for a pause of {} s",
                    retry_after.as_secs()
                )),
                None => CallError::Unavailable(text),
            },
            (ErrorClass::Moved | ErrorClass::Taken, _) => CallError::Conflict(text),
            (_, 401) => CallError::Unauthorized(format!("{text}; {} rejects the token", self.kind)),
            (_, 403) => CallError::Unauthorized(format!("{text}; the token lacks the permission")),
            (_, 404) => CallError::NotFound(format!("{text}; it does not exist, or the token cannot see it")),
            (_, 300..=399) => {
                CallError::NotFound(format!("{text}; the repository has moved: use its new URL"))
            }
            _ => CallError::Upstream { status: *status, message: text },
        };
        (class, error, delay)
    }
}

/// The error for an answer that does not match the documentation of the forge.
pub(crate) fn unreadable() -> CallError {
    CallError::Unavailable("the answer of the forge does not match its documentation".into())
}

/// The delay that the forge asks for.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let number = |name: &str| headers.get(name)?.to_str().ok()?.trim().parse::<u64>().ok();
    let reset = || {
        let (remaining, reset_at) = (number("x-ratelimit-remaining")?, number("x-ratelimit-reset")?);
        let now = SystemTime::now().duration_since(UNIX_EPOCH).ok()?.as_secs();
        (remaining == 0).then(|| reset_at.saturating_sub(now) + 1)
    };
    number(RETRY_AFTER.as_str()).or_else(reset).map(Duration::from_secs)
}

/// The text of a body; none if it is too large.
fn text<B: AsRef<[u8]>>(
    body: Result<B, Box<dyn std::error::Error + Send + Sync>>,
) -> Result<Option<String>, String> {
    match body {
        Ok(bytes) => Ok(Some(String::from_utf8_lossy(bytes.as_ref()).into_owned())),
        Err(error) if error.is::<LengthLimitError>() => Ok(None),
        Err(error) => Err(causes::line(&*error)),
    }
}

/// Redacts the texts of an answer. It works on parsed JSON, because a secret can equal a number or a key of the forge.
fn redact_json(secrets: &SecretRegistry, value: Value) -> Value {
    match value {
        Value::String(text) => Value::String(secrets.redact(&text)),
        Value::Array(all) => all.into_iter().map(|one| redact_json(secrets, one)).collect(),
        Value::Object(all) => all.into_iter().map(|(name, one)| (name, redact_json(secrets, one))).collect(),
        other => other,
    }
}

/// The error message of a forge, redacted and on one line: `message` and the messages of `errors`, or `error`.
fn error_message(secrets: &SecretRegistry, text: &str) -> String {
    let flat = |value: &Value| match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    };
    let message = match serde_json::from_str::<Value>(text) {
        Ok(body @ Value::Object(_)) => {
            let one = |error: &Value| flat(error.get("message").unwrap_or(error));
            let errors = body["errors"].as_array().into_iter().flatten().map(one);
            let parts = [flat(&body["message"]), flat(&body["error"])].into_iter().chain(errors);
            parts.filter(|part| !part.is_empty()).collect::<Vec<_>>().join(": ")
        }
        Ok(Value::String(text)) => text,
        _ => text.to_owned(),
    };
    let plain: String =
        secrets.redact(&message).chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    short(plain.trim(), MAX_MESSAGE_BYTES)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_message_shows_no_piece_of_a_token() {
        let (secrets, token) = (SecretRegistry::default(), "ghs_AbCdEfGhIjKlMnOpQrStUvWxYz0123456789");
        secrets.add(token);
        for before in MAX_MESSAGE_BYTES - 60..=MAX_MESSAGE_BYTES {
            let text = format!("{}{token} and more", "B".repeat(before));
            for body in [text.clone(), serde_json::json!({ "message": text }).to_string()] {
                let message = error_message(&secrets, &body);
                assert!(
                    message.len() <= MAX_MESSAGE_BYTES && !message.contains("ghs_"),
                    "{before}: {message}"
                );
            }
        }
    }
}
