//! A few lines of a receipt, after its digest was found to be that of its record. It shows what stands there and adds
//! nothing.

use super::stage::Stage;
use anyhow::{Context as _, Result, bail, ensure};
use lockstep_model::digest::Digest;
use serde_json::Value;
use std::fs;

/// The calls that change something. They are shown, and those that were not allowed.
const CHANGES: [&str; 4] =
    ["objects.put-objects", "workspace.write", "repository.create-commit", "repository.push"];

/// Shows the receipt of this name, which has to tell of this outcome.
pub(super) fn show(stage: &mut Stage, name: &str, outcome: &str) -> Result<()> {
    let file = format!("receipts/{name}.json");
    let text = fs::read_to_string(stage.path(&file)).with_context(|| file.clone())?;
    let receipt: Value = serde_json::from_str(&text).with_context(|| file.clone())?;
    let record = &receipt["predicate"]["record"];
    let digest = &receipt["predicate"]["digest"];
    ensure!(*digest == Digest::of_json(record).to_string(), "{file}: the digest is not that of the record");
    if record["outcome"] != outcome {
        bail!("{file}: the outcome was to be `{outcome}`, and is {}", record["outcome"]);
    }
    let mut lines = vec![format!("step     {}, {}", word(&record["step"]), word(&record["component"]))];
    // No policy restricts the runs here, so the grant is what the step requested.
    lines.extend(each(&record["grant"]["requested"]).iter().map(|right| format!("granted  {}", word(right))));
    for call in each(&record["calls"]) {
        let (what, verdict) = (word(&call["call"]), word(&call["verdict"]));
        if CHANGES.contains(&what) || verdict != "allowed" {
            lines.push(format!("{:<8} {what} {}", verdict, word(&call["target"])));
        }
    }
    lines.push(format!("outcome  {}, exit code {}", word(&record["outcome"]), record["exit-code"]));
    lines.push(format!("digest   {}", word(digest)));
    stage.tell(&file, &format!("{}\n", lines.join("\n")));
    Ok(())
}

fn each(list: &Value) -> &[Value] {
    list.as_array().map_or(&[], Vec::as_slice)
}

fn word(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
