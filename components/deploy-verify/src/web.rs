//! What smoke checks and metrics share: requests, responses, and texts about them.

mod excerpt;
mod url;

pub use excerpt::{body_excerpt, excerpt, quoted_list};
pub use url::{MAX_URL_BYTES, Url, percent_encode};

use lockstep_sdk::http::{ErrorCode, Header, Method, Request, Response};
use lockstep_sdk::types::Error;

/// The most requests of one call of `send`.
pub const MAX_REQUESTS: usize = 100;

/// A GET request.
#[must_use]
pub fn get(url: &str, headers: &[Header], timeout_ms: u64, max_body_bytes: u32) -> Request {
    Request {
        method: Method::Get,
        url: url.to_owned(),
        headers: headers.to_vec(),
        timeout_ms: u32::try_from(timeout_ms).unwrap_or(u32::MAX),
        max_body_bytes,
    }
}

/// The values of a header; `name` is in lower case.
pub fn header_values<'a>(response: &'a Response, name: &'a str) -> impl Iterator<Item = &'a str> {
    response.headers.iter().filter(move |header| header.name == name).map(|header| header.value.as_str())
}

/// The address that a redirect names; none for another response.
#[must_use]
pub fn redirect_target(response: &Response) -> Option<&str> {
    let is_redirect = matches!(response.status, 301 | 302 | 303 | 307 | 308);
    is_redirect.then(|| header_values(response, "location").next()).flatten()
}

/// The name of an error code in the contract.
#[must_use]
pub fn error_name(error: &ErrorCode) -> &'static str {
    match error {
        ErrorCode::NotSent(_) => "not-sent",
        ErrorCode::DnsError(_) => "dns-error",
        ErrorCode::ConnectionRefused(_) => "connection-refused",
        ErrorCode::TlsError(_) => "tls-error",
        ErrorCode::ResponseTimeout(_) => "response-timeout",
        ErrorCode::BodyTimeout(_) => "body-timeout",
        ErrorCode::ConnectionClosed(_) => "connection-closed",
        ErrorCode::ProtocolError(_) => "protocol-error",
    }
}

/// The message of an error.
#[must_use]
pub fn error_message(error: &ErrorCode) -> &str {
    match error {
        ErrorCode::NotSent(error) => error.message(),
        ErrorCode::DnsError(text)
        | ErrorCode::ConnectionRefused(text)
        | ErrorCode::TlsError(text)
        | ErrorCode::ResponseTimeout(text)
        | ErrorCode::BodyTimeout(text)
        | ErrorCode::ConnectionClosed(text)
        | ErrorCode::ProtocolError(text) => text,
    }
}

/// Whether a retry cannot help, because the host did not send the request. All other errors may go away, even an untrusted
/// certificate: some are issued after the deployment.
#[must_use]
pub fn is_permanent(error: &ErrorCode) -> bool {
    matches!(error, ErrorCode::NotSent(error) if !matches!(error, Error::Unavailable(_) | Error::Upstream(_)))
}
