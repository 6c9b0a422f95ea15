//! Gets a token where a server wants one that another server gives out, and keeps it for the one URL that it is for. A
//! component sees nothing of it. A server of tokens at another origin than that of the URL is asked without a credential
//! unless the job has one for just these two: any server could name that one as its own.

use super::challenge::token_url;
use super::failure::End;
use super::types::{ErrorCode, Header, Method, Response};
use super::{Ended, Request, Web};
use lockstep_model::call::{Answer, CallError};
use lockstep_model::gate::Permit;
use serde_json::Value;
use std::sync::Arc;

/// The largest answer of a server of tokens, in bytes.
const MOST: usize = 64 * 1024;
/// The most tokens of a run, and the most URLs of which it is remembered who gives out theirs.
const TOKENS: usize = 100;
const REMEMBERED: usize = 1000;

impl Web {
    /// Remembers which servers of tokens answers have named.
    pub(super) fn remember(&mut self, permits: &[Permit], ended: &[Ended]) {
        for (permit, ended) in permits.iter().zip(ended) {
            let (Some(address), Ok(Answer { value: Ok(response), .. })) = (permit.web(), ended) else {
                continue;
            };
            let named =
                Some(response).filter(|one| one.status == 401).and_then(|one| token_url(&one.headers));
            match named {
                Some(named) if self.challenges.len() < REMEMBERED => {
                    self.challenges.insert(address.as_str().to_owned(), named);
                }
                _ => drop(self.challenges.remove(address.as_str())),
            }
        }
    }

    /// The URL at which tokens for this one are given out, as the last answer to it has said; none if it has not.
    #[must_use]
    pub fn token_url(&self, url: &str) -> Option<&str> {
        self.challenges.get(url).map(String::as_str)
    }

    /// Gets a token for the first permit's URL at the second's, and shows it to the first from then on.
    ///
    /// # Errors
    /// The one has not named the other, which does not let the run in, or gives none.
    pub fn authenticate(
        &mut self,
        permits: &[Permit],
        timeout_ms: u32,
    ) -> Result<Answer<Result<(), ErrorCode>>, CallError> {
        let [url, giver] = permits else {
            return Err(CallError::Invalid(
                "no answer to it has named where its tokens are given out".into(),
            ));
        };
        let (Some(address), Some(at)) = (url.web(), giver.web()) else {
            return Err(CallError::Invalid("the call is about no web server".into()));
        };
        let origin = at.origin();
        if self.token_url(address.as_str()) != Some(at.as_str()) {
            return Err(CallError::Invalid(format!("{} does not name {origin}", address.origin())));
        }
        if self.known.tokens() >= TOKENS {
            return Err(CallError::LimitExceeded(format!("more than {TOKENS} tokens for web servers")));
        }
        // The same checks as for any other request.
        let accept = Header { name: "accept".into(), value: "application/json".into() };
        let request =
            Request { method: Method::Get, headers: vec![accept], timeout_ms, max_body_bytes: MOST as u32 };
        let mut ask = self.ask(giver, request)?;
        ask.authorization = self.known.for_token(address, at)?;
        let (runtime, means) = self.server()?;
        let response = match runtime.block_on(ask.carry_out(&means)) {
            Ok(response) => response,
            Err(End::ErrorCode(trouble)) => return Ok(Answer::plain(Err(trouble))),
            Err(End::Refused(error)) => return Err(error),
        };
        let token = token(&origin, &response)?;
        self.known = Arc::new(self.known.with(address.as_str(), &token));
        self.server = self.server.take().map(|(runtime, means)| (runtime, means.knowing(&self.known)));
        Ok(Answer { bytes: response.body.len() as u64, digest: None, value: Ok(()) })
    }
}

/// The token of an answer. <https://distribution.github.io/distribution/spec/auth/token/#token-response-fields>
fn token(origin: &str, response: &Response) -> Result<String, CallError> {
    let no_token = |why: &str| format!("{origin} gives no token: {why}");
    match response.status {
        200 => {}
        status @ (401 | 403) => {
            return Err(CallError::Unauthorized(no_token(&format!("it answers with {status}"))));
        }
        status => {
            return Err(CallError::Upstream {
                status,
                message: no_token(&format!("it answers with {status}")),
            });
        }
    }
    let body: Value = serde_json::from_slice(&response.body).unwrap_or_default();
    let token = body["token"].as_str().or(body["access_token"].as_str());
    // RFC 6750, section 2.1.
    let fits = |token: &&str| !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic());
    let token = token.filter(fits).map(str::to_owned);
    token.ok_or_else(|| CallError::Unavailable(no_token("its answer has not the form of one")))
}
