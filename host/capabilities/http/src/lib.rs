//! Requests to web servers. It acts only on what a permit names, follows no redirect, and no credential leaves this
//! crate.
#![forbid(unsafe_code)]

mod address;
mod ask;
mod challenge;
mod client;
mod failure;
mod headers;
mod resolve;
mod secret;
mod stage;
mod token;
mod types;

pub use client::trust;
pub use secret::Credential;
pub use types::{ErrorCode, Header, Method, Request, Response};

use ask::{Ask, Means};
use failure::End;
use lockstep_model::call::{Answer, CallError};
use lockstep_model::capability::Right;
use lockstep_model::gate::Permit;
use lockstep_model::limits::Limits;
use resolve::{Lookup, System};
use secret::Known;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Runtime;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

/// The most requests of one call.
const MOST: usize = 100;
/// How many of them are under way at once.
const AT_ONCE: usize = 16;
/// The most bytes that all answers of one call may have together.
const MOST_BYTES: u64 = 64 * 1024 * 1024;
/// The threads that send and receive.
const THREADS: usize = 2;

/// What a run shows to web servers.
#[derive(Debug, Clone, Default)]
pub struct Connection {
    /// At most one for each origin; of several the first counts.
    pub credentials: Vec<Credential>,
}

/// How a request ended: with an answer, with a trouble on the way, or not made at all.
pub type Ended = Result<Answer<Result<Response, ErrorCode>>, CallError>;

/// The web servers of one run.
pub struct Web {
    limits: Limits,
    known: Arc<Known>,
    lookup: Arc<dyn Lookup>,
    /// Made when it is first needed.
    server: Option<(Runtime, Arc<Means>)>,
    /// Bytes of URLs and headers that were sent.
    requested: u64,
    /// By URL, where tokens for it are given out.
    challenges: HashMap<String, String>,
}

impl Web {
    /// The web servers of a run. Nothing is asked of anybody yet.
    #[must_use]
    pub fn new(connection: Connection, limits: &Limits) -> Self {
        let known = Arc::new(Known::new(connection.credentials));
        Self {
            limits: *limits,
            known,
            lookup: Arc::new(System),
            server: None,
            requested: 0,
            challenges: HashMap::new(),
        }
    }

    /// Makes a request for each permit, several at once, and answers in their order. One that the host does not make is
    /// a [`CallError`] in its place; it keeps no other one from being made.
    pub fn send(&mut self, permits: &[Permit], requests: Vec<Request>) -> Vec<Ended> {
        if let Err(error) = few(permits, &requests) {
            return permits.iter().map(|_| Err(error.clone())).collect();
        }
        let asks: Vec<_> =
            permits.iter().zip(requests).map(|(permit, request)| self.ask(permit, request)).collect();
        if asks.iter().all(Result::is_err) {
            return asks.into_iter().map(|ask| Err(ask.err().unwrap_or_else(lost))).collect();
        }
        let ended: Vec<Ended> = match self.server() {
            Ok((runtime, means)) => runtime.block_on(all(means, asks)).into_iter().map(told).collect(),
            Err(error) => permits.iter().map(|_| Err(error.clone())).collect(),
        };
        self.remember(permits, &ended);
        ended
    }

    /// Reads a request, and counts it. What is wrong with it is found before anything is sent.
    fn ask(&mut self, permit: &Permit, request: Request) -> Result<Ask, CallError> {
        let address =
            permit.web().ok_or_else(|| CallError::Invalid("the call is about no web server".into()))?;
        let private = permit.may(Right::Private);
        let what = |why: String| CallError::Invalid(format!("{}: {why}", address.origin()));
        if !(1..=Request::MAX_TIMEOUT_MS).contains(&request.timeout_ms) {
            return Err(what(format!("`timeout-ms` is from 1 to {} milliseconds", Request::MAX_TIMEOUT_MS)));
        }
        if request.max_body_bytes > Request::MAX_BODY_BYTES {
            return Err(what(format!("at most {} bytes of an answer are kept", Request::MAX_BODY_BYTES)));
        }
        let headers = headers::read(&request.headers).map_err(what)?;
        if let Ok(literal) = address.host().parse()
            && let Err(way) = resolve::check(&[literal], resolve::reach(address, private))
            && let End::Refused(error) = failure::no_way(address, &way)
        {
            return Err(error);
        }
        let authorization = self.known.authorization(address)?;
        self.count(address.as_str(), &request.headers)?;
        Ok(Ask {
            address: address.clone(),
            private,
            method: request.method,
            headers,
            authorization,
            timeout_ms: Duration::from_millis(request.timeout_ms.into()),
            max_body_bytes: request.max_body_bytes as usize,
        })
    }

    /// Counts what a component says to servers: it could be what should stay.
    fn count(&mut self, url: &str, headers: &[Header]) -> Result<(), CallError> {
        let headers: usize = headers.iter().map(|header| header.name.len() + header.value.len()).sum();
        self.requested = self.requested.saturating_add((url.len() + headers) as u64);
        if self.requested > self.limits.request_bytes {
            let most = self.limits.request_bytes;
            return Err(CallError::LimitExceeded(format!(
                "more than {most} bytes of URLs and headers would be sent to web servers"
            )));
        }
        Ok(())
    }

    /// What requests are made with, made when it is first needed.
    fn server(&mut self) -> Result<(&Runtime, Arc<Means>), CallError> {
        if self.server.is_none() {
            let unavailable = |what: &str, error: &dyn std::fmt::Display| {
                CallError::Unavailable(format!("no {what} for requests: {error}"))
            };
            let runtime = tokio::runtime::Builder::new_multi_thread()
                .worker_threads(THREADS)
                .thread_name("http")
                .enable_all()
                .build()
                .map_err(|error| unavailable("threads", &error))?;
            let means = Means {
                lookup: Arc::clone(&self.lookup),
                known: Arc::clone(&self.known),
                trust: trust(),
                no_trust: client::no_trust().map_err(|error| unavailable("TLS", &error))?,
            };
            self.server = Some((runtime, Arc::new(means)));
        }
        match &self.server {
            Some((runtime, means)) => Ok((runtime, Arc::clone(means))),
            None => Err(lost()),
        }
    }
}

impl Drop for Web {
    /// A name that is still being looked up is not waited for.
    fn drop(&mut self) {
        if let Some((runtime, _)) = self.server.take() {
            runtime.shutdown_background();
        }
    }
}

fn few(permits: &[Permit], requests: &[Request]) -> Result<(), CallError> {
    if permits.len() != requests.len() {
        return Err(CallError::Invalid("there is not one permit for each request".into()));
    }
    if requests.len() > MOST {
        return Err(CallError::LimitExceeded(format!("more than {MOST} requests in one call")));
    }
    let kept: u64 = requests.iter().map(|request| u64::from(request.max_body_bytes)).sum();
    if kept > MOST_BYTES {
        let text =
            format!("{kept} bytes would be kept of the answers of one call; {MOST_BYTES} are the most");
        return Err(CallError::Invalid(text));
    }
    Ok(())
}

/// Carries requests out, so many at once, and gives how each ended in their order.
async fn all(means: Arc<Means>, asks: Vec<Result<Ask, CallError>>) -> Vec<Result<Response, End>> {
    let places = Arc::new(Semaphore::new(AT_ONCE));
    let mut tasks = JoinSet::new();
    let mut ended: Vec<Option<Result<Response, End>>> = Vec::new();
    for (index, ask) in asks.into_iter().enumerate() {
        match ask {
            Err(error) => ended.push(Some(Err(End::Refused(error)))),
            Ok(ask) => {
                ended.push(None);
                let (places, means) = (Arc::clone(&places), Arc::clone(&means));
                tasks.spawn(async move {
                    let _place = places.acquire_owned().await;
                    (index, ask.carry_out(&means).await)
                });
            }
        }
    }
    while let Some(task) = tasks.join_next().await {
        if let Ok((index, how)) = task {
            ended[index] = Some(how);
        }
    }
    ended.into_iter().map(|how| how.unwrap_or_else(|| Err(End::Refused(lost())))).collect()
}

fn told(how: Result<Response, End>) -> Ended {
    match how {
        Ok(response) => Ok(Answer { bytes: response.body.len() as u64, digest: None, value: Ok(response) }),
        Err(End::ErrorCode(trouble)) => Ok(Answer::plain(Err(trouble))),
        Err(End::Refused(error)) => Err(error),
    }
}

fn lost() -> CallError {
    CallError::Unavailable("a request ended without a word".into())
}

#[cfg(test)]
mod tests;
