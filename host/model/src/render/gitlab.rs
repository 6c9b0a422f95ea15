//! GitLab CI: a section of the log and a dotenv report. It puts into the report only what GitLab reads back
//! unchanged and no later job can expand.

use super::{Effect, Renderer, Target, log, plain_value, slug};
use crate::report::Report;

/// The most variables of a report: what GitLab takes by default.
const MAX_ENTRIES: usize = 20;
/// The most bytes of a report; GitLab refuses 5 KiB.
const MAX_BYTES: usize = 4608;
/// How the names begin that would change what a later step does: later jobs get a report's variables.
const RESERVED: [&str; 3] = ["LOCKSTEP_ALLOW_", "LOCKSTEP_DOWNLOAD_", "LOCKSTEP_INPUT"];

pub(super) fn opening(r: &Renderer, now: u64) -> Vec<Effect> {
    let header = format!("lockstep {}", r.clean(r.step));
    let line = format!("\u{1b}[0Ksection_start:{now}:{}\r\u{1b}[0K{header}", section(r));
    vec![Effect::Line(line)]
}

pub(super) fn closing(r: &Renderer, report: &Report, now: u64) -> Vec<Effect> {
    let mut lines = log::details(r, report);
    lines.push(format!("\u{1b}[0Ksection_end:{now}:{}\r\u{1b}[0K", section(r)));
    lines.extend(log::summary(r, &report.summary));
    let (dotenv, left_out) = dotenv(r, report);
    if !left_out.is_empty() {
        let names = left_out.join(", ");
        lines.push(format!("outputs that do not fit a variable are in {}: {names}", r.result_file));
    }
    lines.extend(log::ending(r, report));
    let mut effects: Vec<Effect> = lines.into_iter().map(Effect::Line).collect();
    effects.push(Effect::Replace { to: Target::Dotenv, text: dotenv });
    effects
}

/// A section's name must be its own within the job.
fn section(r: &Renderer) -> String {
    format!("lockstep-{}-{}", slug(r.step), r.token.get(..8).unwrap_or_default())
}

/// The report, and the names of the outputs that are not in it.
fn dotenv(r: &Renderer, report: &Report) -> (String, Vec<String>) {
    let mut text = String::new();
    let mut left_out = Vec::new();
    for (i, (name, value)) in report.outputs.iter().enumerate() {
        let value = plain_value(&r.redactor.redact_json(value));
        let variable = format!("LOCKSTEP_{}_{}", upper(&report.step), upper(name));
        let reserved = RESERVED.iter().any(|reserved| variable.starts_with(reserved));
        let line = format!("{variable}={value}\n");
        if i < MAX_ENTRIES && !reserved && is_simple(&value) && text.len() + line.len() <= MAX_BYTES {
            text.push_str(&line);
        } else {
            left_out.push(r.clean(name));
        }
    }
    (text, left_out)
}

/// A name as part of a variable's name.
fn upper(name: &str) -> String {
    let allowed = |c: char| {
        if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' }
    };
    name.chars().map(allowed).collect()
}

/// Whether a report gives the value back as it is: printable ASCII without quotes, no space at an end,
/// and no `$`, which a later job could expand.
fn is_simple(value: &str) -> bool {
    let plain = |c: char| matches!(c, ' '..='~') && !matches!(c, '"' | '\'' | '`' | '$' | '\\' | '#');
    value.chars().all(plain) && value.trim() == value
}
