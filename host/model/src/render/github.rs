//! Renders for GitHub Actions: workflow commands, outputs, annotations. It sets no environment variable and no path of
//! later steps.

use super::{BAR, Effect, OutputFile, Renderer, Verbosity, fragments, log, markdown, printed};
use crate::digest::hex;
use crate::exit::Exit;
use crate::outputs::is_name;
use crate::redact::{self, MIN_BYTES};
use crate::report::{Level, Location, Note, Report};
use crate::text;

/// The number of annotations of one level that GitHub shows for a step.
const MAX_ANNOTATIONS: usize = 10;
/// The longest message of an annotation, in bytes. GitHub cuts at this number of characters.
const MAX_MESSAGE: usize = 4096;
/// The longest value of an output, in bytes.
const MAX_OUTPUT: usize = 64 * 1024;
/// The longest outputs of a step together, in UTF-16 units. GitHub accepts 1 MiB of them from a job.
const MAX_OUTPUTS: usize = 480 * 1024;
/// The shortest text to mask, in bytes.
const MIN_MASK: usize = 8;
/// The largest number of names of outputs in one line.
const MAX_NAMES: usize = 10;

/// The opening. It masks no secret of the job: GitHub has them, and other readers of the log would see them.
pub(super) fn opening(r: &Renderer) -> Vec<Effect> {
    let group = command("group", &[], &format!("lockstep {}", r.clean(r.step)));
    let group = Some(group).filter(|_| !is_quiet(r));
    group.into_iter().chain([command("stop-commands", &[], r.token)]).map(Effect::Line).collect()
}

/// The commands that mask secrets of a step. GitHub redacts a masked text in all logs of the job, and drops job outputs
/// that contain it. A step could hide `true` or `main` for other steps, so the host masks no short text. The opening
/// has stopped commands, so this resumes them for these lines.
pub(super) fn masks(r: &Renderer, secrets: &[&str]) -> Vec<Effect> {
    let short = secrets.iter().filter(|secret| (MIN_BYTES..MIN_MASK).contains(&secret.trim().len())).count();
    // The other forms of a short text are long enough, but as common.
    let long: Vec<&str> = secrets.iter().copied().filter(|secret| secret.trim().len() >= MIN_MASK).collect();
    let masks = redact::forms(&long).into_iter().filter(|form| may_mask(form));
    let masks: Vec<_> = masks.map(|form| command("add-mask", &[], &form)).collect();
    let mut lines = Vec::new();
    if !masks.is_empty() {
        lines.push(command(r.token, &[], ""));
        lines.extend(masks);
        lines.push(command("stop-commands", &[], r.token));
    }
    if short > 0 && !is_quiet(r) {
        let (texts, have) = if short == 1 { ("text", "it has") } else { ("texts", "they have") };
        lines.push(format!(
            "{BAR}notice: GitHub does not mask {} {texts} that the step makes secret, because {have} fewer than {MIN_MASK} bytes: \
             Lockstep redacts them in the log of this step, but later steps do not",
            fragments::count(short as u64)
        ));
    }
    lines.into_iter().map(Effect::Line).collect()
}

/// Whether the log has only warnings and errors.
fn is_quiet(r: &Renderer) -> bool {
    r.style.verbosity == Verbosity::Quiet
}

/// Whether a form may be masked. GitHub masks each line of a text by itself, and the text between its quotes:
/// <https://github.com/actions/runner/blob/main/src/Runner.Worker/ActionCommandManager.cs>,
/// <https://github.com/actions/runner/blob/main/src/Sdk/DTLogging/Logging/ValueEncoders.cs>
fn may_mask(form: &str) -> bool {
    !form.contains(['\n', '\r']) && form.trim_matches('"').trim().len() >= MIN_MASK
}

pub(super) fn closing(
    r: &Renderer,
    report: &Report,
    result: &str,
    random: &mut dyn FnMut() -> [u8; 16],
) -> Vec<Effect> {
    let log::Closing { details: mut lines, summary } = log::Closing::of(r, report);
    lines.extend(summary);
    lines.push(command(r.token, &[], ""));
    lines.extend(Some(command("endgroup", &[], "")).filter(|_| !is_quiet(r)));
    lines.extend(annotations(r, report));
    if report.ending.exit == Exit::Done {
        lines.extend(log::ending(r, report));
    }
    let mut effects: Vec<Effect> = lines.into_iter().map(Effect::Line).collect();
    effects.extend(outputs(r, report, random));
    effects.push(last(r, result, random));
    effects.push(Effect::Append { to: OutputFile::Summary, text: markdown::summary(r, report) });
    effects
}

/// The error that ended the run, the first notes of each level, and the number of the others.
fn annotations(r: &Renderer, report: &Report) -> Vec<String> {
    let mut lines = Vec::new();
    let mut left_out = Vec::new();
    for level in [Level::Error, Level::Warning, Level::Notice].into_iter().filter(|level| r.shows(*level)) {
        let failed = level == Level::Error && report.ending.exit != Exit::Done;
        if failed {
            let ending = &report.ending;
            let hint = ending.hint.as_ref().map_or(String::new(), |hint| format!("\n  hint: {hint}"));
            lines.push(annotation(r, level, &format!("{}{hint}", ending.message), ending.location.as_ref()));
        }
        let room = MAX_ANNOTATIONS - usize::from(failed);
        let is_new = |note: &&Note| note.level == level && !(failed && printed::is_ending(r, report, note));
        let notes: Vec<&Note> = report.notes.iter().filter(is_new).collect();
        lines.extend(
            notes.iter().take(room).map(|note| annotation(r, level, &note.message, note.location.as_ref())),
        );
        if notes.len() > room {
            left_out.push(format!(
                "{} of level {}",
                fragments::count((notes.len() - room) as u64),
                level.word()
            ));
        }
    }
    if !left_out.is_empty() {
        lines.push(format!("more notes are in the log above: {}", left_out.join(", ")));
    }
    lines
}

fn annotation(r: &Renderer, level: Level, message: &str, at: Option<&Location>) -> String {
    let mut properties = Vec::new();
    if let Some(at) = at {
        properties.push(("file", r.clean(&at.path)));
        properties.extend(at.line.map(|line| ("line", line.to_string())));
        properties.extend(at.column.filter(|_| at.line.is_some()).map(|column| ("col", column.to_string())));
    }
    let message = text::cut(r.clean_lines(message).join("\n"), MAX_MESSAGE);
    command(level.word(), &properties, &message)
}

/// The outputs of the step. A value that is too long goes to a file; the output is its path.
fn outputs(r: &Renderer, report: &Report, random: &mut dyn FnMut() -> [u8; 16]) -> Vec<Effect> {
    let mut effects = Vec::new();
    let mut room = MAX_OUTPUTS;
    let mut masked = Vec::new();
    for output in &report.outputs {
        if !is_name(&output.name) {
            let name = r.clean(&output.name);
            let text =
                format!("GitHub does not accept the name of output `{name}`; it is in {}", r.result_file);
            effects.push(warning(&text));
            continue;
        }
        let value = r.value(output);
        if r.redactor.finds(&value) {
            masked.push(output.name.as_str());
        }
        let units = value.encode_utf16().count();
        if value.len() <= MAX_OUTPUT && units <= room {
            room -= units;
            effects.push(entry(&output.name, &value, random));
            continue;
        }
        let (name, bytes) = (&output.name, fragments::count(value.len() as u64));
        let path = format!("{}/{name}", r.value_folder);
        effects.push(warning(&format!(
            "output `{name}` is too long for GitHub ({bytes} bytes): its value is in a file, and the output is the path"
        )));
        effects.push(entry(name, &path, random));
        effects.push(Effect::Replace { to: OutputFile::Value(name.clone()), text: value });
    }
    effects.extend(not_for_jobs(&masked).filter(|_| !is_quiet(r)));
    effects
}

/// The notice about outputs with masked values. GitHub drops such an output of a job without an error.
fn not_for_jobs(masked: &[&str]) -> Option<Effect> {
    let names = masked.iter().take(MAX_NAMES).map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    let more = masked.len().saturating_sub(MAX_NAMES);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    (!masked.is_empty()).then(|| {
        let text =
            "contain masked values: GitHub passes them to later steps of this job, but not to other jobs";
        Effect::Line(command("notice", &[], &format!("outputs {names}{more} {text}")))
    })
}

/// The result, as the last output.
fn last(r: &Renderer, result: &str, random: &mut dyn FnMut() -> [u8; 16]) -> Effect {
    if result.len() > MAX_OUTPUT {
        let bytes = fragments::count(result.len() as u64);
        return warning(&format!(
            "output `result` is too long for GitHub ({bytes} bytes); it is in {}",
            r.result_file
        ));
    }
    entry("result", result, random)
}

/// An output in the format of GitHub's file, with a random delimiter.
fn entry(name: &str, value: &str, random: &mut dyn FnMut() -> [u8; 16]) -> Effect {
    let delimiter = loop {
        let drawn = hex(&random());
        if !value.contains(&drawn) && !name.contains(&drawn) {
            break format!("lockstep-{drawn}");
        }
    };
    Effect::Append { to: OutputFile::Outputs, text: format!("{name}<<{delimiter}\n{value}\n{delimiter}\n") }
}

fn warning(message: &str) -> Effect {
    Effect::Line(command("warning", &[], message))
}

/// A workflow command, escaped.
fn command(name: &str, properties: &[(&str, String)], data: &str) -> String {
    let properties: Vec<String> =
        properties.iter().map(|(name, value)| format!("{name}={}", escaped_property(value))).collect();
    let space = if properties.is_empty() { "" } else { " " };
    format!("::{name}{space}{}::{}", properties.join(","), escaped(data))
}

fn escaped(data: &str) -> String {
    data.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn escaped_property(value: &str) -> String {
    escaped(value).replace(':', "%3A").replace(',', "%2C")
}
