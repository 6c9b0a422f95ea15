//! What a promotion says of itself: the message of its commit, with trailers that survive a squash, and its line of the
//! ledger. Never says when: the same promotion says the same.

use serde_json::json;

use crate::plan::Plan;
use crate::settings::Settings;

/// The trailer that tells versions of what is promoted apart.
const KEY: &str = "Promotion";
/// The trailer that says where it comes from, on a line of its own.
const FROM: &str = "\nPromoted-From: ";
/// The most values that a message lists.
const MOST: usize = 100;

/// The message of the commit. <https://git-scm.com/docs/git-interpret-trailers>
#[must_use]
pub fn commit(settings: &Settings, plan: &Plan, source: &str) -> String {
    let mut text = format!("{}\n\n", settings.title);
    for one in plan.moves.iter().take(MOST) {
        let place = if one.path.is_empty() { one.file.clone() } else { format!("{} {}", one.file, one.path) };
        let before = if one.before.is_empty() { "nothing" } else { &one.before };
        text += &format!("{}: {} -> {}\n", plain(&place), plain(before), plain(&one.after));
    }
    if plan.moves.len() > MOST {
        text += &format!("and {} more\n", plan.moves.len() - MOST);
    }
    text += &format!("\n{KEY}: {}{FROM}{}@{source}\n", plan.key(), settings.from);
    for target in &settings.to {
        text += &format!("Promoted-To: {target}\n");
    }
    text
}

/// Whether a message is that of a promotion of the same values to the same places.
#[must_use]
pub fn has_key(message: &str, plan: &Plan) -> bool {
    let line = format!("{KEY}: {}", plan.key());
    message.lines().any(|own| own == line)
}

/// Whether a message is that of this very promotion, wherever it comes from.
#[must_use]
pub fn is_of(message: &str, settings: &Settings, plan: &Plan) -> bool {
    let said = |message: &str| message.split(FROM).next().map(str::to_owned);
    said(message) == said(&commit(settings, plan, ""))
}

/// Whether a file is a ledger, or empty: each line is a promotion as JSON.
#[must_use]
pub fn is_ledger(content: &[u8]) -> bool {
    let lines = content.split(|byte| *byte == b'\n').filter(|line| !line.trim_ascii().is_empty());
    let is_promotion = |line: &[u8]| {
        serde_json::from_slice::<serde_json::Value>(line).is_ok_and(|line| line.get("promoted").is_some())
    };
    lines.into_iter().all(is_promotion)
}

/// The ledger with one more line.
#[must_use]
pub fn ledger(before: &[u8], settings: &Settings, plan: &Plan, source: &str) -> Vec<u8> {
    let moves = plan
        .moves
        .iter()
        .map(|one| json!({"file": one.file, "path": one.path, "before": one.before, "after": one.after}));
    let line = json!({
        "source": source, "from": settings.from, "to": settings.to, "promoted": moves.collect::<Vec<_>>(),
    });
    let mut all = before.to_vec();
    if !all.is_empty() && !all.ends_with(b"\n") {
        all.push(b'\n');
    }
    all.extend(format!("{line}\n").into_bytes());
    all
}

/// A text on one line.
pub(crate) fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}
