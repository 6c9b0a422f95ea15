//! Sends requests to web servers. It acts only on the URLs of permits, follows no redirect, and no credential leaves
//! this crate.
#![forbid(unsafe_code)]

mod address;
mod challenge;
mod client;
mod exchange;
mod failure;
mod headers;
mod resolve;
mod secret;
mod stage;
mod token;
mod types;

pub use client::trust;
pub use secret::{AUTHORIZATION, Credential};
pub use types::{ErrorCode, Header, Method, Request, Response};

use exchange::{CheckedRequest, RequestContext};
use failure::RequestFailure;
use lockstep_model::call::{Answer, CallError};
use lockstep_model::capability::Right;
use lockstep_model::gate::Permit;
use lockstep_model::limits::Limits;
use resolve::{NameLookup, SystemLookup};
use secret::ServerSecrets;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Runtime;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

/// The most requests of a call.
const MAX_REQUESTS: usize = 100;
/// The most requests at once.
const MAX_CONCURRENT: usize = 16;
/// The most bytes of bodies that the host keeps in a call.
const MAX_RESPONSE_BYTES: u64 = 64 * 1024 * 1024;
/// The threads that send and receive.
const THREADS: usize = 2;

/// The configuration of a run for web servers.
#[derive(Debug, Clone, Default)]
pub struct HttpConfig {
    /// The credentials, at most one for each origin; of several the first counts.
    pub credentials: Vec<Credential>,
}

/// The result of a request: a response, an error code of the contract, or an error of the call if the host did not send
/// the request.
pub type SendResult = Result<Answer<Result<Response, ErrorCode>>, CallError>;

/// The client of a run for web servers.
pub struct WebClient {
    limits: Limits,
    secrets: Arc<ServerSecrets>,
    lookup: Arc<dyn NameLookup>,
    /// The runtime and the shared parts of requests, created for the first request.
    server: Option<(Runtime, Arc<RequestContext>)>,
    /// The sent bytes of URLs and headers.
    requested: u64,
    /// The URL of the token server, by the URL whose response named it.
    challenges: HashMap<String, String>,
}

impl WebClient {
    /// A client without a connection. It sends nothing yet.
    #[must_use]
    pub fn new(config: HttpConfig, limits: &Limits) -> Self {
        let secrets = Arc::new(ServerSecrets::new(config.credentials));
        Self {
            limits: *limits,
            secrets,
            lookup: Arc::new(SystemLookup),
            server: None,
            requested: 0,
            challenges: HashMap::new(),
        }
    }

    /// Sends a request for each permit, several at once, and returns the results in the order of the permits. A request
    /// that the host does not send has a [`CallError`] as its result; the others continue.
    pub fn send(&mut self, permits: &[Permit], requests: Vec<Request>) -> Vec<SendResult> {
        if let Err(error) = check_count(permits, &requests) {
            return permits.iter().map(|_| Err(error.clone())).collect();
        }
        let checked: Vec<_> =
            permits.iter().zip(requests).map(|(permit, request)| self.check(permit, request)).collect();
        if checked.iter().all(Result::is_err) {
            return checked
                .into_iter()
                .map(|request| Err(request.err().unwrap_or_else(lost_request)))
                .collect();
        }
        let results: Vec<SendResult> = match self.server() {
            Ok((runtime, context)) => {
                runtime.block_on(send_all(context, checked)).into_iter().map(to_send_result).collect()
            }
            Err(error) => permits.iter().map(|_| Err(error.clone())).collect(),
        };
        self.record_challenges(permits, &results);
        results
    }

    /// Checks a request and counts its bytes, before the host sends anything.
    fn check(&mut self, permit: &Permit, request: Request) -> Result<CheckedRequest, CallError> {
        let address =
            permit.web().ok_or_else(|| CallError::Invalid("the call names no web server".into()))?;
        let allows_private = permit.may(Right::Private);
        let invalid = |why: String| CallError::Invalid(format!("{}: {why}", address.origin()));
        if !(1..=Request::MAX_TIMEOUT_MS).contains(&request.timeout_ms) {
            return Err(invalid(format!(
                "invalid `timeout-ms`: expected 1 to {} milliseconds",
                Request::MAX_TIMEOUT_MS
            )));
        }
        if request.max_body_bytes > Request::MAX_BODY_BYTES {
            return Err(invalid(format!(
                "invalid `max-body-bytes`: expected at most {} bytes",
                Request::MAX_BODY_BYTES
            )));
        }
        let headers = headers::read(&request.headers).map_err(invalid)?;
        if let Ok(literal) = address.host().parse()
            && let Err(error) = resolve::check(&[literal], resolve::rule_for(address, allows_private))
            && let RequestFailure::NotSent(error) = failure::resolve_failure(address, &error)
        {
            return Err(error);
        }
        let credentials = self.secrets.headers(address)?;
        self.count(address.as_str(), &request.headers)?;
        Ok(CheckedRequest {
            address: address.clone(),
            allows_private,
            method: request.method,
            headers,
            credentials,
            timeout_ms: Duration::from_millis(request.timeout_ms.into()),
            max_body_bytes: request.max_body_bytes as usize,
        })
    }

    /// Counts the bytes that a component sends to servers, because they can carry data out of the run.
    fn count(&mut self, url: &str, headers: &[Header]) -> Result<(), CallError> {
        let headers: usize = headers.iter().map(|header| header.name.len() + header.value.len()).sum();
        self.requested = self.requested.saturating_add((url.len() + headers) as u64);
        if self.requested > self.limits.request_bytes {
            let max = self.limits.request_bytes;
            return Err(CallError::LimitExceeded(format!(
                "the run would send more than {max} bytes of URLs and headers to web servers"
            )));
        }
        Ok(())
    }

    /// The runtime and the shared parts of requests.
    fn server(&mut self) -> Result<(&Runtime, Arc<RequestContext>), CallError> {
        if self.server.is_none() {
            let unavailable = |part: &str, error: &dyn std::fmt::Display| {
                CallError::Unavailable(format!("cannot set up {part} for requests: {error}"))
            };
            let runtime = tokio::runtime::Builder::new_multi_thread()
                .worker_threads(THREADS)
                .thread_name("http")
                .enable_all()
                .build()
                .map_err(|error| unavailable("threads", &error))?;
            let context = RequestContext {
                lookup: Arc::clone(&self.lookup),
                secrets: Arc::clone(&self.secrets),
                trust: trust(),
                no_trust: client::no_trust().map_err(|error| unavailable("TLS", &error))?,
            };
            self.server = Some((runtime, Arc::new(context)));
        }
        match &self.server {
            Some((runtime, context)) => Ok((runtime, Arc::clone(context))),
            None => Err(lost_request()),
        }
    }
}

impl Drop for WebClient {
    /// Does not wait for a running lookup of a name.
    fn drop(&mut self) {
        if let Some((runtime, _)) = self.server.take() {
            runtime.shutdown_background();
        }
    }
}

fn check_count(permits: &[Permit], requests: &[Request]) -> Result<(), CallError> {
    if permits.len() != requests.len() {
        return Err(CallError::Invalid("the call does not have one permit for each request".into()));
    }
    if requests.len() > MAX_REQUESTS {
        return Err(CallError::LimitExceeded(format!("the call has more than {MAX_REQUESTS} requests")));
    }
    let body_bytes: u64 = requests.iter().map(|request| u64::from(request.max_body_bytes)).sum();
    if body_bytes > MAX_RESPONSE_BYTES {
        let text = format!(
            "the requests of the call keep {body_bytes} bytes of bodies: expected at most {MAX_RESPONSE_BYTES}"
        );
        return Err(CallError::Invalid(text));
    }
    Ok(())
}

/// Sends requests, several at once, and returns the results in their order.
async fn send_all(
    context: Arc<RequestContext>,
    checked: Vec<Result<CheckedRequest, CallError>>,
) -> Vec<Result<Response, RequestFailure>> {
    let slots = Arc::new(Semaphore::new(MAX_CONCURRENT));
    let mut tasks = JoinSet::new();
    let mut results: Vec<Option<Result<Response, RequestFailure>>> = Vec::new();
    for (index, request) in checked.into_iter().enumerate() {
        match request {
            Err(error) => results.push(Some(Err(RequestFailure::NotSent(error)))),
            Ok(request) => {
                results.push(None);
                let (slots, context) = (Arc::clone(&slots), Arc::clone(&context));
                tasks.spawn(async move {
                    let _slot = slots.acquire_owned().await;
                    (index, request.send(&context).await)
                });
            }
        }
    }
    while let Some(task) = tasks.join_next().await {
        if let Ok((index, result)) = task {
            results[index] = Some(result);
        }
    }
    results
        .into_iter()
        .map(|result| result.unwrap_or_else(|| Err(RequestFailure::NotSent(lost_request()))))
        .collect()
}

fn to_send_result(result: Result<Response, RequestFailure>) -> SendResult {
    match result {
        Ok(response) => {
            let bytes = response.body.len() as u64;
            Ok(Answer::new(Ok(response), bytes, None))
        }
        Err(RequestFailure::ErrorCode(error)) => Ok(Answer::plain(Err(error))),
        Err(RequestFailure::NotSent(error)) => Err(error),
    }
}

fn lost_request() -> CallError {
    CallError::Unavailable("a request ended without a result".into())
}

#[cfg(test)]
mod tests;
