//! Gets a token from the token server that a `401` response names, and uses it for that one URL. The component does not
//! see it. The host sends a credential to a token server at another origin only if the credential is for these two
//! origins, because any server can name that token server.

use super::challenge::token_url;
use super::failure::RequestFailure;
use super::types::{ErrorCode, Header, Method, Response};
use super::{Request, SendResult, WebClient};
use lockstep_model::call::{Answer, CallError};
use lockstep_model::gate::Permit;
use serde_json::Value;
use std::sync::Arc;

/// The most bytes of a response with a token.
const MAX_RESPONSE_BYTES: usize = 64 * 1024;
/// The most tokens of a run, and the most URLs whose token server the client remembers.
const MAX_TOKENS: usize = 100;
const MAX_CHALLENGES: usize = 1000;

impl WebClient {
    /// Records the token servers that responses name.
    pub(super) fn record_challenges(&mut self, permits: &[Permit], results: &[SendResult]) {
        for (permit, result) in permits.iter().zip(results) {
            let (Some(address), Ok(Answer { value: Ok(response), .. })) = (permit.web(), result) else {
                continue;
            };
            let token_server =
                Some(response).filter(|one| one.status == 401).and_then(|one| token_url(&one.headers));
            match token_server {
                Some(token_server) if self.challenges.len() < MAX_CHALLENGES => {
                    self.challenges.insert(address.as_str().to_owned(), token_server);
                }
                _ => drop(self.challenges.remove(address.as_str())),
            }
        }
    }

    /// The URL that returns tokens for this URL, as its last response named it; none if it named none.
    #[must_use]
    pub fn token_url(&self, url: &str) -> Option<&str> {
        self.challenges.get(url).map(String::as_str)
    }

    /// Gets a token for the URL of the first permit from the URL of the second, and uses it for the first from then on.
    ///
    /// # Errors
    /// The last response of the first URL does not name the second, or the token server denies access or returns no
    /// token.
    pub fn authenticate(
        &mut self,
        permits: &[Permit],
        timeout_ms: u32,
    ) -> Result<Answer<Result<(), ErrorCode>>, CallError> {
        let [url, token_server] = permits else {
            return Err(CallError::Invalid("the last response of this URL names no token server".into()));
        };
        let (Some(address), Some(server_address)) = (url.web(), token_server.web()) else {
            return Err(CallError::Invalid("the call names no web server".into()));
        };
        let origin = server_address.origin();
        if self.token_url(address.as_str()) != Some(server_address.as_str()) {
            return Err(CallError::Invalid(format!(
                "the last response of {} does not name {origin}",
                address.origin()
            )));
        }
        if self.secrets.tokens() >= MAX_TOKENS {
            return Err(CallError::LimitExceeded(format!(
                "the run has more than {MAX_TOKENS} tokens for web servers"
            )));
        }
        // The checks of any other request.
        let accept = Header { name: "accept".into(), value: "application/json".into() };
        let request = Request {
            method: Method::Get,
            headers: vec![accept],
            timeout_ms,
            max_body_bytes: MAX_RESPONSE_BYTES as u32,
        };
        let mut request = self.check(token_server, request)?;
        request.credentials = self.secrets.for_token(address, server_address)?;
        let (runtime, context) = self.server()?;
        let response = match runtime.block_on(request.send(&context)) {
            Ok(response) => response,
            Err(RequestFailure::ErrorCode(error)) => return Ok(Answer::plain(Err(error))),
            Err(RequestFailure::NotSent(error)) => return Err(error),
        };
        let token = token(&origin, &response)?;
        self.secrets = Arc::new(self.secrets.with_token(address.as_str(), &token));
        self.server =
            self.server.take().map(|(runtime, context)| (runtime, context.with_secrets(&self.secrets)));
        Ok(Answer::new(Ok(()), response.body.len() as u64, None))
    }
}

/// The token in a response. <https://distribution.github.io/distribution/spec/auth/token/#token-response-fields>
fn token(origin: &str, response: &Response) -> Result<String, CallError> {
    let no_token = |why: &str| format!("no token from {origin}: {why}");
    match response.status {
        200 => {}
        status @ (401 | 403) => {
            return Err(CallError::Unauthorized(no_token(&format!("its response has the status {status}"))));
        }
        status => {
            return Err(CallError::Upstream {
                status,
                message: no_token(&format!("its response has the status {status}")),
            });
        }
    }
    let body: Value = serde_json::from_slice(&response.body).unwrap_or_default();
    let token = body["token"].as_str().or(body["access_token"].as_str());
    // RFC 6750, section 2.1.
    let is_valid = |token: &&str| !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic());
    let token = token.filter(is_valid).map(str::to_owned);
    token.ok_or_else(|| CallError::Unavailable(no_token("its response holds none")))
}
