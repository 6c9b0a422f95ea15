//! The audit log of an API server. It reads the log and judges nothing.

use crate::services::Result;
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// The audit policy: every request, once when its answer begins and once at the end.
pub(super) const POLICY: &str = r#"{"apiVersion": "audit.k8s.io/v1", "kind": "Policy",
"omitStages": ["RequestReceived"], "rules": [{"level": "Metadata"}]}"#;

/// A request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The user.
    pub user: String,
    /// The verb: `get`, `list`, `watch`, `patch` and so on.
    pub verb: String,
    /// Path and query.
    pub uri: String,
    /// The status of the answer.
    pub code: u16,
    /// The program that sent the request.
    pub agent: String,
}

/// The requests in this file, each once, in the order of the first byte of their answers.
pub(super) fn read(path: &Path) -> Result<Vec<Request>> {
    let text = fs::read_to_string(path).map_err(|error| format!("the audit log cannot be read: {error}"))?;
    let mut seen = BTreeSet::new();
    let mut requests = Vec::new();
    // The last line may be incomplete.
    for event in text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok()) {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        // A watch has two lines, at its beginning and at its end.
        if seen.insert(text(&event["auditID"])) {
            requests.push(Request {
                user: text(&event["user"]["username"]),
                verb: text(&event["verb"]),
                uri: text(&event["requestURI"]),
                code: event["responseStatus"]["code"].as_u64().and_then(|c| c.try_into().ok()).unwrap_or(0),
                agent: text(&event["userAgent"]),
            });
        }
    }
    Ok(requests)
}
