//! One forge over HTTP: sends a request, waits and sends it again where the table of answers says so. It follows no
//! redirect, shows its token to nobody else, and never sends twice what must not happen twice.

use crate::locate::Place;
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

/// The name under which a run asks.
const AGENT: &str = concat!("lockstep/", env!("CARGO_PKG_VERSION"));
/// How long a connection may take, and a request as a whole.
const CONNECT: Duration = Duration::from_secs(20);
const WHOLE: Duration = Duration::from_secs(60);
/// The first pause after a fault. Each is twice as long as the one before.
const PAUSE: Duration = Duration::from_millis(250);
/// The longest text of a refusal that is passed on, in bytes.
const LONGEST: usize = 500;
/// The largest answer.
const LARGEST: usize = 8 * 1024 * 1024;

/// How requests are sent.
enum Line {
    /// By the client of GitHub.
    GitHub(Octocrab),
    /// As they are.
    Plain(reqwest::Client, String),
}

/// The forge of a run's repository.
pub(crate) struct Client {
    runtime: Runtime,
    line: Line,
    kind: ForgeKind,
    /// The URL of its API, without a `/` at its end.
    base: String,
    known: SecretRegistry,
    /// How long a call waits for the forge in all.
    patience: Duration,
}

/// An answer that is no refusal.
#[derive(Debug)]
pub(crate) struct Reply {
    /// Its status.
    pub(crate) status: u16,
    /// Its body.
    pub(crate) body: Value,
    /// Whether it says that there is another page.
    pub(crate) more: bool,
}

/// Why a request came to nothing.
#[derive(Debug)]
pub(crate) struct Refusal {
    /// What is done about it.
    pub(crate) class: ErrorClass,
    /// What the component is told.
    pub(crate) error: CallError,
}

impl From<Refusal> for CallError {
    fn from(refusal: Refusal) -> Self {
        refusal.error
    }
}

/// An answer as it came.
struct Raw {
    status: u16,
    headers: HeaderMap,
    /// None if it is too large.
    text: Option<String>,
}

impl Client {
    pub(crate) fn new(place: &Place, known: SecretRegistry, patience: Duration) -> Result<Self, CallError> {
        let unable = |why: String| CallError::Unavailable(format!("no client for {}: {why}", place.kind));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| unable(error.to_string()))?;
        let trust = lockstep_http::trust().map_err(|error| unable(error.to_string()))?;
        let client = reqwest::Client::builder()
            .tls_backend_preconfigured(trust)
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .connect_timeout(CONNECT)
            .timeout(WHOLE)
            .build()
            .map_err(|error| unable(error.to_string()))?;
        let line = match place.kind {
            ForgeKind::GitHub => {
                let _inside = runtime.enter();
                let api = url::Url::parse(&place.api).map_err(|error| unable(error.to_string()))?;
                // Every request has a whole URL. To one with another path it would add that of its base.
                let built = Octocrab::builder().base_uri(api.origin().ascii_serialization());
                let built = built.map_err(|error| unable(error.to_string()))?;
                let crab = built.personal_token(place.token.clone()).build_with_reqwest(client);
                Line::GitHub(crab.map_err(|error| unable(error.to_string()))?)
            }
            _ => Line::Plain(client, format!("Bearer {}", place.token)),
        };
        Ok(Self { runtime, line, kind: place.kind, base: place.api.clone(), known, patience })
    }

    /// What the forge is.
    pub(crate) fn kind(&self) -> ForgeKind {
        self.kind
    }

    /// Asks for something.
    pub(crate) fn get(&self, path: &str) -> Result<Value, CallError> {
        Ok(self.ask(Method::GET, path, None, RequestKind::Other)?.body)
    }

    /// Makes a request. What may happen only once is sent again only if the forge says that it did nothing.
    pub(crate) fn ask(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
        asked: RequestKind,
    ) -> Result<Reply, Refusal> {
        let once = method == Method::POST && asked != RequestKind::Keep || asked == RequestKind::Merge;
        let url = self.url(path);
        let what = format!("{method} {url}");
        let (mut pause, begun) = (PAUSE, Instant::now());
        loop {
            let (class, error, told) = match self.runtime.block_on(self.send(&method, &url, body)) {
                Ok(raw) if raw.status < 300 => return self.accepted(&what, &method, &raw),
                Ok(raw) => self.refused(&what, asked, &raw),
                Err(why) => {
                    let error = CallError::Unavailable(format!("{what}: {}", self.known.redact(&why)));
                    (ErrorClass::Retry, error, None)
                }
            };
            let again = class == ErrorClass::Pause || class == ErrorClass::Retry && !once;
            let wait = told.unwrap_or(pause).max(pause);
            if !again || begun.elapsed().saturating_add(wait) > self.patience {
                return Err(Refusal { class, error });
            }
            std::thread::sleep(wait);
            pause *= 2;
        }
    }

    /// The URL of a path. On an Enterprise Server that of GraphQL is beside that of REST:
    /// <https://docs.github.com/enterprise-server/graphql/guides/forming-calls-with-graphql#the-graphql-endpoint>
    fn url(&self, path: &str) -> String {
        match self.base.strip_suffix("/api/v3") {
            Some(server) if path == "/graphql" => format!("{server}/api/graphql"),
            _ => format!("{}{path}", self.base),
        }
    }

    async fn send(&self, method: &Method, url: &str, body: Option<&Value>) -> Result<Raw, String> {
        match &self.line {
            Line::GitHub(crab) => {
                let request = http::request::Builder::new().method(method.clone()).uri(url);
                let request = request.header(ACCEPT, "application/vnd.github+json");
                let request = crab.build_request(request, body).map_err(|error| causes::line(&error))?;
                let response = crab.execute(request).await.map_err(|error| causes::line(&error))?;
                let (head, body) = response.into_parts();
                let text = text(Limited::new(body, LARGEST).collect().await.map(|body| body.to_bytes()))?;
                Ok(Raw { status: head.status.as_u16(), headers: head.headers, text })
            }
            Line::Plain(client, authorization) => {
                let request = client.request(method.clone(), url).header(USER_AGENT, AGENT);
                let request = request.header(AUTHORIZATION, authorization).header(ACCEPT, "application/json");
                let request = match body {
                    Some(body) => request.header(CONTENT_TYPE, "application/json").body(body.to_string()),
                    None => request,
                };
                let response = request.send().await.map_err(|error| causes::line(&error))?;
                let (status, headers) = (response.status().as_u16(), response.headers().clone());
                let body = Limited::new(reqwest::Body::from(response), LARGEST);
                Ok(Raw { status, headers, text: text(body.collect().await.map(|body| body.to_bytes()))? })
            }
        }
    }

    /// What the forge says where it does what it was asked for. What cannot be read is not asked for again: it would be the
    /// same.
    fn accepted(&self, what: &str, method: &Method, raw: &Raw) -> Result<Reply, Refusal> {
        let Raw { status, headers, text } = raw;
        let stop = |error| Refusal { class: ErrorClass::Stop, error };
        let text = text.as_deref().map(str::trim).ok_or_else(|| {
            stop(CallError::Unavailable(format!("{what}: the answer has more than {LARGEST} bytes")))
        })?;
        let body = match text {
            "" if *method != Method::GET => Value::Null,
            text => serde_json::from_str(text).map_err(|_| stop(unreadable()))?,
        };
        let next = |link: &http::HeaderValue| link.to_str().is_ok_and(|link| link.contains("rel=\"next\""));
        let more = headers.get_all(LINK).iter().any(next);
        Ok(Reply { status: *status, body: clean(&self.known, body), more })
    }

    /// What a refusal means, and how long the forge says to wait.
    fn refused(
        &self,
        what: &str,
        asked: RequestKind,
        raw: &Raw,
    ) -> (ErrorClass, CallError, Option<Duration>) {
        let Raw { status, headers, text } = raw;
        let says = says(&self.known, text.as_deref().unwrap_or_default());
        let told = wait(headers);
        let class = match classify(self.kind, asked, *status, &says) {
            // GitHub says it in this header alone: https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api
            ErrorClass::Stop if *status == 403 && told.is_some() => ErrorClass::Pause,
            class => class,
        };
        let text = format!("{what}: {status}: {says}");
        let error = match (class, status) {
            (ErrorClass::Retry | ErrorClass::Pause, _) => match told {
                Some(wait) => {
                    CallError::Unavailable(format!("{text}; to be asked again in {} s", wait.as_secs()))
                }
                None => CallError::Unavailable(text),
            },
            (ErrorClass::Moved | ErrorClass::Taken, _) => CallError::Conflict(text),
            (_, 401) => CallError::Unauthorized(format!(
                "{text}; the token is not one of {}, or no longer",
                self.kind
            )),
            (_, 403) => CallError::Unauthorized(format!("{text}; the token may not do this")),
            (_, 404) => CallError::NotFound(format!("{text}; it is not there, or the token may not see it")),
            (_, 300..=399) => CallError::NotFound(format!(
                "{text}; the repository has moved: name the place where it is now"
            )),
            _ => CallError::Upstream { status: *status, message: text },
        };
        (class, error, told)
    }
}

/// An answer that has not the form which the forge documents.
pub(crate) fn unreadable() -> CallError {
    CallError::Unavailable("the forge's answer has not the form that its documentation says".into())
}

/// How long a forge says to wait.
fn wait(headers: &HeaderMap) -> Option<Duration> {
    let number = |name: &str| headers.get(name)?.to_str().ok()?.trim().parse::<u64>().ok();
    let reset = || {
        let (left, at) = (number("x-ratelimit-remaining")?, number("x-ratelimit-reset")?);
        let now = SystemTime::now().duration_since(UNIX_EPOCH).ok()?.as_secs();
        (left == 0).then(|| at.saturating_sub(now) + 1)
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

/// An answer without the secrets that its texts hold. It is read first: a secret can be like a number, or like a name that
/// the forge uses.
fn clean(known: &SecretRegistry, value: Value) -> Value {
    match value {
        Value::String(text) => Value::String(known.redact(&text)),
        Value::Array(all) => all.into_iter().map(|one| clean(known, one)).collect(),
        Value::Object(all) => all.into_iter().map(|(name, one)| (name, clean(known, one))).collect(),
        other => other,
    }
}

/// What a forge says of a refusal, on one line and without secrets: `message` and the messages of `errors`, or `error`.
fn says(known: &SecretRegistry, text: &str) -> String {
    let flat = |value: &Value| match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    };
    let said = match serde_json::from_str::<Value>(text) {
        Ok(body @ Value::Object(_)) => {
            let one = |error: &Value| flat(error.get("message").unwrap_or(error));
            let errors = body["errors"].as_array().into_iter().flatten().map(one);
            let parts = [flat(&body["message"]), flat(&body["error"])].into_iter().chain(errors);
            parts.filter(|part| !part.is_empty()).collect::<Vec<_>>().join(": ")
        }
        Ok(Value::String(text)) => text,
        _ => text.to_owned(),
    };
    let plain: String = known.redact(&said).chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    short(plain.trim(), LONGEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_shows_no_piece_of_a_token() {
        let (known, token) = (SecretRegistry::default(), "ghs_AbCdEfGhIjKlMnOpQrStUvWxYz0123456789");
        known.add(token);
        for before in LONGEST - 60..=LONGEST {
            let text = format!("{}{token} and more", "B".repeat(before));
            for body in [text.clone(), serde_json::json!({ "message": text }).to_string()] {
                let said = says(&known, &body);
                assert!(said.len() <= LONGEST && !said.contains("ghs_"), "{before}: {said}");
            }
        }
    }
}
