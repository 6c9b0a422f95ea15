//! Writes the ledger: a file with one line of JSON per promotion.

use serde_json::{Value, json};

use crate::inputs::Request;
use crate::plan::Plan;

/// Whether a file is a ledger: each line is empty or a promotion as JSON.
pub fn is_ledger(content: &[u8]) -> bool {
    let lines = content.split(|byte| *byte == b'\n').filter(|line| !line.trim_ascii().is_empty());
    let is_promotion =
        |line: &[u8]| serde_json::from_slice::<Value>(line).is_ok_and(|line| line.get("promoted").is_some());
    lines.into_iter().all(is_promotion)
}

/// The ledger with one more line.
pub fn append(before: &[u8], request: &Request, plan: &Plan, source: &str) -> Vec<u8> {
    let values = plan.values.iter().map(|change| {
        json!({"file": change.file, "path": change.path, "before": change.before, "after": change.after})
    });
    let line = json!({
        "source": source, "from": request.from, "to": request.to, "promoted": values.collect::<Vec<_>>(),
    });
    let mut content = before.to_vec();
    if !content.is_empty() && !content.ends_with(b"\n") {
        content.push(b'\n');
    }
    content.extend(format!("{line}\n").into_bytes());
    content
}
