//! Sends one request and reads its response. It follows no redirect, and removes credentials from everything that it
//! returns.

use super::client::client;
use super::failure::{RequestFailure, connection_failure, transfer_error};
use super::resolve::rule_for;
use super::resolve::{CheckedResolver, NameLookup};
use super::secret::ServerSecrets;
use super::stage::ConnectionStage;
use super::types::{ErrorCode, Header, Method, Response};
use http::HeaderMap;
use http::header::{CONTENT_ENCODING, HeaderName, HeaderValue, TRANSFER_ENCODING};
use lockstep_model::call::CallError;
use lockstep_model::web::WebAddress;
use rustls::ClientConfig;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, timeout_at};

/// The most headers of a response.
const MAX_HEADERS: usize = 256;
/// The most bytes of the headers of a response, names and values.
const MAX_HEADER_BYTES: usize = 64 * 1024;
/// How much earlier the connection times out than the request, so that the error can name the stage.
const MARGIN: Duration = Duration::from_millis(10);

/// A request that has passed all checks.
pub(super) struct CheckedRequest {
    pub(super) address: WebAddress,
    pub(super) allows_private: bool,
    pub(super) method: Method,
    pub(super) headers: HeaderMap,
    /// The headers with credentials.
    pub(super) credentials: HeaderMap,
    pub(super) timeout_ms: Duration,
    pub(super) max_body_bytes: usize,
}

/// What the requests of a run share.
pub(super) struct RequestContext {
    pub(super) lookup: Arc<dyn NameLookup>,
    pub(super) secrets: Arc<ServerSecrets>,
    /// The TLS settings, or why the system has no certificates.
    pub(super) trust: Result<ClientConfig, rustls::Error>,
    /// The TLS settings of requests without TLS.
    pub(super) no_trust: ClientConfig,
}

impl RequestContext {
    /// A copy with other secrets.
    pub(super) fn with_secrets(&self, secrets: &Arc<ServerSecrets>) -> Arc<Self> {
        Arc::new(Self {
            lookup: Arc::clone(&self.lookup),
            secrets: Arc::clone(secrets),
            trust: self.trust.clone(),
            no_trust: self.no_trust.clone(),
        })
    }
}

impl CheckedRequest {
    /// Sends the request and reads the response.
    pub(super) async fn send(self, context: &RequestContext) -> Result<Response, RequestFailure> {
        self.exchange(context).await.map_err(|failure| match failure {
            // These texts hold words of a server or of a name server.
            RequestFailure::ErrorCode(error) => {
                RequestFailure::ErrorCode(error.map(|text| context.secrets.redact_text(&text)))
            }
            rejected @ RequestFailure::NotSent(_) => rejected,
        })
    }

    async fn exchange(&self, context: &RequestContext) -> Result<Response, RequestFailure> {
        let started = Instant::now();
        let (origin, deadline) = (self.address.origin(), started + self.timeout_ms);
        let stage = Arc::new(ConnectionStage::default());
        let request = self.client(context, &stage)?.request(
            match self.method {
                Method::Get => http::Method::GET,
                Method::Head => http::Method::HEAD,
            },
            self.address.as_str(),
        );
        let mut headers = self.headers.clone();
        // A credential replaces a header of the component.
        headers.extend(self.credentials.iter().map(|(name, value)| (name.clone(), value.clone())));
        let sent = timeout_at(deadline, request.headers(headers).send()).await;
        let sent = sent.map_err(|_| {
            let text =
                format!("{origin} accepted the connection and sent no response within {:?}", self.timeout_ms);
            RequestFailure::ErrorCode(ErrorCode::ResponseTimeout(text))
        })?;
        let answer = sent.map_err(|error| connection_failure(&self.address, &stage, error))?;
        let head = self
            .head(&answer, &context.secrets)
            .map_err(|text| RequestFailure::ErrorCode(ErrorCode::ProtocolError(text)))?;
        let body = timeout_at(deadline, self.body(answer, context.secrets.overlap())).await;
        let body = body.map_err(|_| {
            let text =
                format!("{origin} began its response and did not complete it within {:?}", self.timeout_ms);
            RequestFailure::ErrorCode(ErrorCode::BodyTimeout(text))
        })?;
        let body = body.map_err(RequestFailure::ErrorCode)?;
        let elapsed_ms = u32::try_from(started.elapsed().as_millis()).unwrap_or(u32::MAX);
        // The search in a large body takes a while; other requests go on meanwhile.
        let (body, truncated) = tokio::task::block_in_place(|| self.limit_body(body, &context.secrets))?;
        Ok(Response { body, truncated, elapsed_ms, ..head })
    }

    /// The client for this request only.
    fn client(
        &self,
        context: &RequestContext,
        stage: &Arc<ConnectionStage>,
    ) -> Result<reqwest::Client, RequestFailure> {
        let tls = match &context.trust {
            Ok(tls) => tls,
            Err(_) if !self.address.is_secure() => &context.no_trust,
            Err(error) => {
                return Err(RequestFailure::ErrorCode(ErrorCode::TlsError(format!(
                    "this machine has no certificates of authorities ({error}); set SSL_CERT_FILE to a file with them, or \
                     install those of the system"
                ))));
            }
        };
        let host = self.address.host();
        let is_local = host == "localhost" || self.address.is_loopback();
        if self.address.is_literal() {
            stage.resolved();
        }
        let resolver = CheckedResolver {
            lookup: Arc::clone(&context.lookup),
            host: host.to_owned(),
            rule: rule_for(&self.address, self.allows_private),
            stage: Arc::clone(stage),
        };
        client(tls, resolver, is_local, self.timeout_ms.saturating_sub(MARGIN).max(self.timeout_ms / 2))
            .map_err(|error| {
                RequestFailure::NotSent(CallError::Unavailable(format!(
                    "cannot build an HTTP client: {}",
                    error.without_url()
                )))
            })
    }

    /// The head of the response, if a component may see it.
    fn head(&self, answer: &reqwest::Response, secrets: &ServerSecrets) -> Result<Response, String> {
        let origin = self.address.origin();
        let (status, headers) = (answer.status().as_u16(), answer.headers());
        if status > 599 {
            return Err(format!("{origin} responds with the invalid status {status}"));
        }
        let bytes: usize = headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
        if headers.len() > MAX_HEADERS || bytes > MAX_HEADER_BYTES {
            return Err(format!(
                "the response of {origin} has more than {MAX_HEADERS} headers, or more than {MAX_HEADER_BYTES} bytes \
                 of them"
            ));
        }
        if let Some(encoding) = encoding(headers).filter(|_| !self.credentials.is_empty()) {
            return Err(format!(
                "{origin} responds with {encoding}, which could hide the credential of the request; let the server honour \
                 `accept-encoding: identity`"
            ));
        }
        let header = |(name, value): (&HeaderName, &HeaderValue)| Header {
            name: secrets.redact_name(name.as_str()),
            value: secrets.redact_text(&String::from_utf8_lossy(value.as_bytes())),
        };
        Ok(Response {
            status,
            headers: headers.iter().map(header).collect(),
            body: Vec::new(),
            truncated: false,
            elapsed_ms: 0,
            remote_address: answer.remote_addr().map(|peer| peer.to_string()),
        })
    }

    /// The body and whether it is complete. The host reads `overlap` more bytes than it keeps.
    async fn body(
        &self,
        mut answer: reqwest::Response,
        overlap: usize,
    ) -> Result<(Vec<u8>, bool), ErrorCode> {
        let max = self.max_body_bytes + overlap;
        let mut body = Vec::new();
        loop {
            let chunk =
                answer.chunk().await.map_err(|error| transfer_error(&self.address, &error.without_url()))?;
            let Some(chunk) = chunk else {
                return Ok((body, true));
            };
            let fits = chunk.len().min(max - body.len());
            body.extend_from_slice(&chunk[..fits]);
            if fits < chunk.len() {
                return Ok((body, false));
            }
        }
    }

    /// The bytes of the body that the host keeps, and whether it cut the body.
    fn limit_body(
        &self,
        (body, complete): (Vec<u8>, bool),
        secrets: &ServerSecrets,
    ) -> Result<(Vec<u8>, bool), RequestFailure> {
        let cut = !complete || body.len() > self.max_body_bytes;
        let mut body = secrets.redact_body(body).map_err(|_| {
            let text =
                format!("the response of {} repeats the credential of the request", self.address.origin());
            RequestFailure::NotSent(CallError::Denied(text))
        })?;
        if !complete {
            // A credential can start here and end in the bytes that the host did not read. The replacement is shorter
            // than a credential, so the end of the body is still at the end.
            body.truncate(body.len().saturating_sub(secrets.overlap()));
        }
        body.truncate(self.max_body_bytes);
        Ok((body, cut))
    }
}

/// The encoding of the body, if it has one.
fn encoding(headers: &HeaderMap) -> Option<String> {
    let other_than = |name, plain: &'static str| {
        let values = headers.get_all(&name).into_iter();
        values
            .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
            .find(|value| !value.split(',').all(|encoding| encoding.trim().eq_ignore_ascii_case(plain)))
            .map(|value| format!("`{name}: {}`", value.escape_debug()))
    };
    other_than(CONTENT_ENCODING, "identity").or_else(|| other_than(TRANSFER_ENCODING, "chunked"))
}
