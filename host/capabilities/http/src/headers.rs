//! Which headers a component may set. It never repairs one: what could mean something else to somebody on the way is
//! refused, and then nothing of the request is sent.

use super::types::Header;
use http::{HeaderMap, HeaderName, HeaderValue};

/// The most headers of one request.
const MAX_HEADERS: usize = 64;
/// The most bytes of them all, names and values: half of what common servers take.
const MAX_HEADER_BYTES: usize = 4096;

/// What is the host's to say: who asks and with what credential, which host is meant, where a message begins and ends.
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

/// What could hide a credential from the search for it: a compressed answer, or one in pieces.
const HIDES_CREDENTIALS: [&str; 4] = ["accept-encoding", "range", "if-range", "a-im"];

/// What servers take for another method, another path or another sender than the request has, when they trust it.
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

/// What a proxy in front of a server says of the way to it; it tells nothing of who asks.
const FORWARDED_CONNECTION: [&str; 2] = ["x-forwarded-proto", "x-forwarded-port"];

/// Reads the headers of a component.
///
/// # Errors
/// Says which one is wrong and why, without its value.
pub(super) fn read(headers: &[Header]) -> Result<HeaderMap, String> {
    if headers.len() > MAX_HEADERS {
        return Err(format!("{} headers; {MAX_HEADERS} are the most", headers.len()));
    }
    let bytes: usize = headers.iter().map(|header| header.name.len() + header.value.len()).sum();
    if bytes > MAX_HEADER_BYTES {
        return Err(format!("headers of {bytes} bytes; {MAX_HEADER_BYTES} are the most"));
    }
    let mut map = HeaderMap::new();
    for header in headers {
        let escaped = header.name.escape_debug();
        let name = HeaderName::from_bytes(header.name.as_bytes())
            .map_err(|_| format!("`{escaped}` is no name of a header"))?;
        if let Some(reason) = refusal(name.as_str()) {
            return Err(format!("the header `{name}` {reason}"));
        }
        let value = visible_ascii(&header.value)
            .ok_or_else(|| format!("the value of the header `{name}` is not of visible ASCII and blanks"))?;
        map.append(name, value);
    }
    Ok(map)
}

/// Why a header of this name, in lower case, is not the component's to set.
fn refusal(name: &str) -> Option<&'static str> {
    // Servers that hand headers on as variables take `_` for `-`: <https://www.rfc-editor.org/rfc/rfc3875#section-4.1.18>
    let name = name.replace('_', "-");
    let name = name.as_str();
    if SET_BY_HOST.contains(&name) || name.starts_with("proxy-") || name.starts_with("sec-websocket-") {
        return Some("is the host's to set");
    }
    if HIDES_CREDENTIALS.contains(&name) {
        return Some("could hide from the host what an answer holds");
    }
    let pretends = name.starts_with("x-forwarded-") && !FORWARDED_CONNECTION.contains(&name);
    (pretends || OVERRIDES_REQUEST.contains(&name)).then_some("would make a request pass for another one")
}

fn visible_ascii(value: &str) -> Option<HeaderValue> {
    let visible_ascii = value.bytes().all(|byte| (b' '..=b'~').contains(&byte));
    visible_ascii.then(|| HeaderValue::from_str(value).ok()).flatten()
}
