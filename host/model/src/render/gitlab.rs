//! Renders for GitLab CI: a section of the log and a dotenv report. The report has only values that GitLab returns
//! unchanged and no later job expands.

use super::{Effect, OutputFile, Renderer, Verbosity, log, slug};
use crate::outputs::{OutputValue, folded};
use crate::report::Report;

/// The largest number of variables of a report: the default limit of GitLab.
const MAX_ENTRIES: usize = 20;
/// The largest size of a report in bytes. GitLab rejects 5 KiB.
const MAX_BYTES: usize = 4608;
/// Prefixes of variables that would change later steps: later jobs get the variables of a report.
const RESERVED: [&str; 6] = [
    "LOCKSTEP_ALLOW_",
    "LOCKSTEP_CONTROL_",
    "LOCKSTEP_DOWNLOAD_",
    "LOCKSTEP_HANDOVER_",
    "LOCKSTEP_INPUT",
    "LOCKSTEP_SECRET_",
];

pub(super) fn opening(r: &Renderer, now: u64) -> Vec<Effect> {
    if is_quiet(r) {
        return Vec::new();
    }
    let header = format!("lockstep {}", r.clean(r.step));
    let line = format!("\u{1b}[0Ksection_start:{now}:{}\r\u{1b}[0K{header}", section(r));
    vec![Effect::Line(line)]
}

pub(super) fn closing(r: &Renderer, report: &Report, now: u64) -> Vec<Effect> {
    let dotenv = dotenv(r, report);
    let mut lines = Vec::new();
    if !is_quiet(r) {
        let log::Closing { details, summary } = log::Closing::of(r, report);
        lines.extend(details);
        lines.push(format!("\u{1b}[0Ksection_end:{now}:{}\r\u{1b}[0K", section(r)));
        lines.extend(summary);
        lines.extend(missing(r, &dotenv));
    }
    lines.extend(log::ending(r, report));
    let mut effects: Vec<Effect> = lines.into_iter().map(Effect::Line).collect();
    effects.push(Effect::Replace { to: OutputFile::Dotenv, text: dotenv.text });
    let file = |(name, text)| Effect::Replace { to: OutputFile::Value(name), text };
    effects.extend(dotenv.files.into_iter().map(file));
    effects
}

/// Whether the log has only warnings and errors.
fn is_quiet(r: &Renderer) -> bool {
    r.style.verbosity == Verbosity::Quiet
}

/// The lines about outputs that are not in the report.
fn missing(r: &Renderer, dotenv: &Dotenv) -> Vec<String> {
    let mut lines = Vec::new();
    let names = |names: &mut dyn Iterator<Item = &str>| {
        names.map(|name| r.clean(name)).collect::<Vec<_>>().join(", ")
    };
    if !dotenv.left_out.is_empty() {
        let names = names(&mut dotenv.left_out.iter().copied());
        lines.push(format!("outputs that are not in the dotenv report are in {}: {names}", r.result_file));
    }
    if !dotenv.files.is_empty() {
        let names = names(&mut dotenv.files.iter().map(|(name, _)| name.as_str()));
        lines.push(format!(
            "outputs that are not in the dotenv report are files in {}: {names}",
            r.value_folder
        ));
    }
    if !dotenv.secret.is_empty() {
        let names = names(&mut dotenv.secret.iter().copied());
        lines.push(format!(
            "outputs with secrets are not in the dotenv report, because others can download it: {names}"
        ));
    }
    lines
}

/// The name of the section, which must be unique in the job.
fn section(r: &Renderer) -> String {
    format!("lockstep-{}-{}", slug(r.step), r.token.get(..8).unwrap_or_default())
}

/// The outputs, divided by their destination.
#[derive(Default)]
struct Dotenv<'a> {
    /// The report.
    text: String,
    /// The names and values of the outputs that need a file.
    files: Vec<(String, String)>,
    /// The outputs that are only in the result.
    left_out: Vec<&'a str>,
    /// The outputs with secrets. Everybody who may see a job can download its reports.
    secret: Vec<&'a str>,
}

/// Divides the outputs. If a text does not fit a variable, it goes to a file, and the variable has the path.
fn dotenv<'a>(r: &Renderer, report: &'a Report) -> Dotenv<'a> {
    let mut dotenv = Dotenv::default();
    let mut entries = 0;
    for output in &report.outputs {
        let value = r.value(output);
        if output.is_sensitive() || r.redactor.finds(&value) {
            dotenv.secret.push(&output.name);
            continue;
        }
        let variable = format!("LOCKSTEP_{}_{}", folded(&report.step), folded(&output.name));
        let reserved = RESERVED.iter().any(|reserved| variable.starts_with(reserved));
        let mut add = |value: &str| {
            let line = format!("{variable}={value}\n");
            let fits = entries < MAX_ENTRIES && !reserved && dotenv.text.len() + line.len() <= MAX_BYTES;
            if fits && is_simple(value) {
                dotenv.text.push_str(&line);
                entries += 1;
            }
            fits && is_simple(value)
        };
        if add(&value) {
            continue;
        }
        if let OutputValue::Plain(_) = output.value {
            dotenv.left_out.push(&output.name);
        } else {
            add(&format!("{}/{}", r.value_folder, output.name));
            dotenv.files.push((output.name.clone(), value));
        }
    }
    dotenv
}

/// Whether GitLab returns a value unchanged: printable ASCII without quotes, without a blank at an end, and without
/// `$`, which a later job could expand.
fn is_simple(value: &str) -> bool {
    let plain = |c: char| matches!(c, ' '..='~') && !matches!(c, '"' | '\'' | '`' | '$' | '\\' | '#');
    value.chars().all(plain) && value.trim() == value
}
