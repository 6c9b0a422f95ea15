//! The manifest: a JSON list of all files. It holds nothing that differs between runs with the same files.

use lockstep_sdk::skipped;
use lockstep_sdk::workspace::SkippedEntry;
use serde::Serialize;

use crate::files::{Files, Item};

#[derive(Serialize)]
struct File<'f> {
    path: &'f str,
    key: &'f str,
    size: u64,
    sha256: &'f str,
    mode: String,
}

#[derive(Serialize)]
struct Skipped<'f> {
    path: &'f str,
    reason: &'f str,
    #[serde(skip_serializing_if = "Option::is_none")]
    target: Option<&'f str>,
}

/// The bytes of the manifest: one line per file, sorted by key, and one per skipped file.
///
/// # Errors
/// Never: JSON can represent all texts and numbers.
pub fn write(files: &Files) -> Result<Vec<u8>, serde_json::Error> {
    let file = |item: &Item| {
        serde_json::to_string(&File {
            path: item.path(),
            key: &item.key,
            size: item.size,
            sha256: item.sha256.as_deref().unwrap_or_default(),
            mode: format!("{:04o}", item.mode & 0o7777),
        })
    };
    let skipped = |entry: &SkippedEntry| {
        let SkippedEntry { path, reason, target, .. } = entry;
        serde_json::to_string(&Skipped { path, reason: skipped::reason(*reason), target: target.as_deref() })
    };
    let mut text = "{\n  \"version\": 1,\n".to_owned();
    list(&mut text, "files", files.items.iter().map(file).collect::<Result<_, _>>()?);
    text.push_str(",\n");
    list(&mut text, "skipped", files.left_out.skipped.values().map(skipped).collect::<Result<_, _>>()?);
    text.push_str("\n}\n");
    Ok(text.into_bytes())
}

fn list(text: &mut String, name: &str, lines: Vec<String>) {
    text.push_str(&format!("  \"{name}\": ["));
    for (index, line) in lines.iter().enumerate() {
        text.push_str(if index == 0 { "\n    " } else { ",\n    " });
        text.push_str(line);
    }
    text.push_str(if lines.is_empty() { "]" } else { "\n  ]" });
}
