//! The body of a response. A compressed body stays compressed.

use serde_json::Value as Json;

use lockstep_sdk::http::Response;

use crate::web::{body_excerpt, excerpt, header_values};

/// The content encoding of a compressed body.
pub(super) fn encoding(response: &Response) -> Option<&str> {
    header_values(response, "content-encoding")
        .map(str::trim)
        .find(|encoding| !matches!(*encoding, "" | "identity"))
}

/// A description of the body.
pub(super) fn describe(response: &Response) -> String {
    match encoding(response) {
        Some(encoding) => {
            format!("a body compressed with `{}`, which this step cannot read", excerpt(encoding))
        }
        None => body_excerpt(&response.body),
    }
}

/// The body as JSON, or a description of the body.
pub(super) fn json(response: &Response) -> Result<Json, String> {
    serde_json::from_slice(&response.body).map_err(|_| match describe(response) {
        text if text.starts_with('`') => format!("{text}, which is not JSON"),
        text => text,
    })
}

/// Whether the body contains a text.
pub(super) fn contains(response: &Response, text: &str) -> bool {
    let text = text.as_bytes();
    text.is_empty() || response.body.windows(text.len()).any(|window| window == text)
}
