//! Web servers in memory.

use std::collections::BTreeMap;

use crate::Http;
use crate::http::{ErrorCode, Request, Response};
use crate::traits::HostResult;

/// Answers each URL with the responses that a test gives, in order; the last one repeats. A URL without any is a name without
/// an address.
#[derive(Clone, Debug, Default)]
pub struct FakeHttp {
    /// What each URL answers.
    pub responses: BTreeMap<String, Vec<Result<Response, ErrorCode>>>,
    /// The requests so far.
    pub requests: Vec<Request>,
}

impl FakeHttp {
    /// Adds a response with this status and body.
    #[must_use]
    pub fn with_response(mut self, url: &str, status: u16, body: &str) -> Self {
        let response = Response {
            status,
            headers: Vec::new(),
            body: body.as_bytes().to_vec(),
            truncated: false,
            elapsed_ms: 1,
            remote_address: None,
        };
        self.responses.entry(url.to_owned()).or_default().push(Ok(response));
        self
    }

    fn answer(&mut self, request: &Request) -> Result<Response, ErrorCode> {
        self.requests.push(request.clone());
        match self.responses.get_mut(&request.url) {
            Some(responses) if responses.len() > 1 => responses.remove(0),
            Some(responses) if !responses.is_empty() => responses[0].clone(),
            _ => Err(ErrorCode::DnsError(format!("`{}` has no address", request.url))),
        }
    }
}

impl Http for FakeHttp {
    fn authenticate(&mut self, _url: &str, _timeout_ms: u32) -> HostResult<Result<(), ErrorCode>> {
        Ok(Ok(()))
    }

    fn send(&mut self, requests: &[Request]) -> HostResult<Vec<Result<Response, ErrorCode>>> {
        Ok(requests.iter().map(|request| self.answer(request)).collect())
    }
}
