//! What the body of an answer holds. Never unpacks one.

use serde_json::Value as Json;

use crate::web::{Response, shown, shown_bytes};

/// How an answer's body is packed, if it is.
pub(super) fn packed(response: &Response) -> Option<&str> {
    response.values("content-encoding").map(str::trim).find(|how| !matches!(*how, "" | "identity"))
}

/// The body in words.
pub(super) fn came(response: &Response) -> String {
    match packed(response) {
        Some(how) => format!("a body packed as `{}`, which is not unpacked", shown(how)),
        None => shown_bytes(&response.body),
    }
}

/// The body as JSON, or what it is instead.
pub(super) fn json(response: &Response) -> Result<Json, String> {
    serde_json::from_slice(&response.body).map_err(|_| match came(response).as_str() {
        came if came.starts_with('`') => format!("{came}, which is no JSON"),
        came => came.to_owned(),
    })
}

/// Whether the body has this text.
pub(super) fn contains(response: &Response, text: &str) -> bool {
    let text = text.as_bytes();
    text.is_empty() || response.body.windows(text.len()).any(|window| window == text)
}
