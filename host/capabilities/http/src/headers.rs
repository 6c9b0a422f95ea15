//! Checks the headers of a component. It corrects none: it rejects a header that a server or a proxy could take for
//! something else, and the host then sends nothing.

use super::types::Header;
use http::{HeaderMap, HeaderName, HeaderValue};

/// The most headers of a request.
const MAX_HEADERS: usize = 64;
/// The most bytes of all headers, names and values: half of what common servers accept.
const MAX_HEADER_BYTES: usize = 4096;

/// The headers that only the host sets: the sender and its credentials, the host of the URL, the limits of a message.
/// <https://www.rfc-editor.org/rfc/rfc9110#section-7.6.1>, <https://www.rfc-editor.org/rfc/rfc9112#section-6>
const SET_BY_HOST: [&str; 14] = [
    "authorization",
    "cookie",
    "cookie2",
    "host",
    "connection",
    "keep-alive",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "http2-settings",
    "content-length",
    "expect",
    "via",
];

/// The headers that can hide a credential from the search in a response: by compression, or by ranges.
const HIDES_CREDENTIALS: [&str; 4] = ["accept-encoding", "range", "if-range", "a-im"];

/// The headers by which some servers replace the method, the path or the sender of a request.
const OVERRIDES_REQUEST: [&str; 12] = [
    "forwarded",
    "x-real-ip",
    "x-client-ip",
    "x-cluster-client-ip",
    "true-client-ip",
    "cf-connecting-ip",
    "x-host",
    "x-http-method",
    "x-http-method-override",
    "x-method-override",
    "x-original-url",
    "x-rewrite-url",
];

/// The headers in which a proxy describes the client's connection; they do not name the client.
const FORWARDED_CONNECTION: [&str; 2] = ["x-forwarded-proto", "x-forwarded-port"];

/// Reads the headers of a component.
///
/// # Errors
/// Names the invalid header and the reason, without its value.
pub(super) fn read(headers: &[Header]) -> Result<HeaderMap, String> {
    if headers.len() > MAX_HEADERS {
        return Err(format!("{} headers: expected at most {MAX_HEADERS}", headers.len()));
    }
    let bytes: usize = headers.iter().map(|header| header.name.len() + header.value.len()).sum();
    if bytes > MAX_HEADER_BYTES {
        return Err(format!("headers of {bytes} bytes: expected at most {MAX_HEADER_BYTES}"));
    }
    let mut map = HeaderMap::new();
    for header in headers {
        let escaped = header.name.escape_debug();
        let name = HeaderName::from_bytes(header.name.as_bytes()).map_err(|_| {
            format!("invalid header name `{escaped}`: expected a token of RFC 9110, such as `x-request-id`")
        })?;
        if let Some(reason) = refusal(name.as_str()) {
            return Err(format!("the header `{name}` {reason}"));
        }
        let value = visible_ascii(&header.value).ok_or_else(|| {
            format!("invalid value of the header `{name}`: expected visible ASCII and blanks")
        })?;
        map.append(name, value);
    }
    Ok(map)
}

/// Why a component may not set a header of this lower-case name.
fn refusal(name: &str) -> Option<&'static str> {
    // Servers that pass headers as variables take `_` for `-`: <https://www.rfc-editor.org/rfc/rfc3875#section-4.1.18>
    let name = name.replace('_', "-");
    let name = name.as_str();
    if SET_BY_HOST.contains(&name) || name.starts_with("proxy-") || name.starts_with("sec-websocket-") {
        return Some("is one that only the host sets");
    }
    if HIDES_CREDENTIALS.contains(&name) {
        return Some("could hide the content of a response from the host");
    }
    let pretends = name.starts_with("x-forwarded-") && !FORWARDED_CONNECTION.contains(&name);
    (pretends || OVERRIDES_REQUEST.contains(&name))
        .then_some("could make a server treat the request as another one")
}

fn visible_ascii(value: &str) -> Option<HeaderValue> {
    let visible_ascii = value.bytes().all(|byte| (b' '..=b'~').contains(&byte));
    visible_ascii.then(|| HeaderValue::from_str(value).ok()).flatten()
}
