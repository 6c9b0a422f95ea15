//! The host functions of `wit/http.wit`.

use crate::bindings::http as wit;
use crate::host::{HostResult, RunHost, to_error};
use lockstep_http::{ErrorCode, Header, Method, Response};
use lockstep_model::call::{Answer, CallError, CallRequest, RawTarget};
use lockstep_model::capability::Capability;

impl wit::Host for RunHost {
    fn send(
        &mut self,
        requests: Vec<wit::Request>,
    ) -> HostResult<Vec<Result<wit::Response, wit::ErrorCode>>> {
        let (urls, web_requests): (Vec<_>, Vec<_>) = requests.into_iter().map(read_request).unzip();
        let calls: Vec<_> = urls.iter().map(|url| http_request("send", url)).collect();
        let answers = self.gate.call_each(&calls, |permits| self.web.send(permits, web_requests));
        self.answer(answers.map(|answers| answers.into_iter().map(to_result).collect()))
    }

    fn authenticate(&mut self, url: String, timeout_ms: u32) -> HostResult<Result<(), wit::ErrorCode>> {
        let token_url = self.web.token_url(&url).map(str::to_owned);
        // Two calls on two URLs: the one that the token is for, and the one that issues it.
        let calls: Vec<_> =
            std::iter::once(&url).chain(&token_url).map(|url| http_request("authenticate", url)).collect();
        let answers = self.gate.call_each(&calls, |permits| {
            let result = self.web.authenticate(permits, timeout_ms);
            let first = result.as_ref().map(|_| Answer::plain(Ok(()))).map_err(Clone::clone);
            std::iter::once(first).chain(Some(result)).take(permits.len()).collect()
        });
        let result =
            answers.and_then(|answers| answers.into_iter().next_back().unwrap_or_else(|| Err(no_url())));
        self.answer(result.map(|result| result.map_err(to_error_code)))
    }
}

/// The error of a call without URLs. Each call has one, so no component gets this error.
fn no_url() -> CallError {
    CallError::Invalid("the call names no web server".into())
}

fn http_request<'u>(function: &'static str, url: &'u str) -> CallRequest<'u> {
    CallRequest::new(Capability::Http, function, RawTarget::Url(url))
}

fn read_request(request: wit::Request) -> (String, lockstep_http::Request) {
    let method = match request.method {
        wit::Method::Get => Method::Get,
        wit::Method::Head => Method::Head,
    };
    let header = |wit::Header { name, value }| Header { name, value };
    let headers = request.headers.into_iter().map(header).collect();
    let (timeout_ms, max_body_bytes) = (request.timeout_ms, request.max_body_bytes);
    (request.url, lockstep_http::Request { method, headers, timeout_ms, max_body_bytes })
}

fn to_result(
    answer: Result<Result<Response, ErrorCode>, CallError>,
) -> Result<wit::Response, wit::ErrorCode> {
    match answer {
        Ok(answer) => answer.map(to_response).map_err(to_error_code),
        Err(error) => Err(wit::ErrorCode::NotSent(to_error(error))),
    }
}

fn to_response(response: Response) -> wit::Response {
    let Response { status, headers, body, truncated, elapsed_ms, remote_address } = response;
    let header = |Header { name, value }| wit::Header { name, value };
    let headers = headers.into_iter().map(header).collect();
    wit::Response { status, headers, body, truncated, elapsed_ms, remote_address }
}

fn to_error_code(error: ErrorCode) -> wit::ErrorCode {
    match error {
        ErrorCode::DnsError(text) => wit::ErrorCode::DnsError(text),
        ErrorCode::ConnectionRefused(text) => wit::ErrorCode::ConnectionRefused(text),
        ErrorCode::TlsError(text) => wit::ErrorCode::TlsError(text),
        ErrorCode::ResponseTimeout(text) => wit::ErrorCode::ResponseTimeout(text),
        ErrorCode::BodyTimeout(text) => wit::ErrorCode::BodyTimeout(text),
        ErrorCode::ConnectionClosed(text) => wit::ErrorCode::ConnectionClosed(text),
        ErrorCode::ProtocolError(text) => wit::ErrorCode::ProtocolError(text),
    }
}
