//! The parts of a log that all CI systems share, as lines without commands.

use super::fragments::{self, WITHOUT_DRY_RUN, place};
use super::printed::{self, Printed};
use super::{BAR, Renderer, Verbosity, plain_value, table};
use crate::exit::Exit;
use crate::outputs::{Output, OutputValue};
use crate::report::{Block, Change, ChangeVerb, Level, Location, Note, ObjectChange, Report, RunEnd};
use serde_json::Value;
use std::collections::BTreeSet;

/// The largest number of changed files in the log.
const MAX_CHANGES: usize = 50;
/// The largest number of outputs in the log.
const MAX_OUTPUTS: usize = 100;
/// The longest value of an output in the log, in characters.
const MAX_VALUE: usize = 200;

/// The lines at the end of a run, except the last.
#[derive(Default)]
pub(super) struct Closing {
    /// The diff of a dry run, the changes and the outputs.
    pub(super) details: Vec<String>,
    /// The summary as text.
    pub(super) summary: Vec<String>,
}

impl Closing {
    /// Makes the lines. Unless the run is verbose, they repeat nothing that the log has.
    pub(super) fn of(r: &Renderer, report: &Report) -> Self {
        if r.style.verbosity == Verbosity::Quiet {
            return Self::default();
        }
        let mut printed = Printed::of(r, report);
        let diff = report.diff.as_deref().filter(|_| report.dry_run).map(|diff| r.clean_lines(diff));
        let diff = diff.unwrap_or_default();
        let mut details: Vec<String> = diff.iter().map(|line| diff_line(r, line)).collect();
        details.extend(changes(r, report, &diff, &mut printed));
        let mut summary = summary(r, report, &mut printed);
        let outputs = outputs(r, report, &mut printed);
        let label = report.would_change().then(|| format!("{BAR}{WITHOUT_DRY_RUN}"));
        match (outputs.is_empty(), summary.is_empty()) {
            (false, _) => details.extend(label.into_iter().chain(outputs)),
            (true, false) => summary.splice(..0, label).for_each(drop),
            (true, true) => {}
        }
        Self { details, summary }
    }
}

/// A line for each of the first changes that the log does not show yet, and the number of the others.
fn changes(r: &Renderer, report: &Report, diff: &[String], printed: &mut Printed) -> Vec<String> {
    let mut lines = Vec::new();
    let mut left_out = 0;
    for change in &report.changes {
        let shown = !r.is_verbose() && printed::shows_file(r, report, diff, change);
        if !shown && lines.len() == MAX_CHANGES {
            left_out += 1;
            continue;
        }
        let name = r.clean(&change.path);
        printed.add_change(printed::file_verbs(change), &name);
        if !shown {
            lines.push(format!("{BAR}{} {name}", verb(change, report.dry_run)));
        }
    }
    lines.extend(more(left_out, "files"));
    for object in report.objects.iter().take(MAX_CHANGES) {
        let name = r.clean(&object.name);
        printed.add_change(printed::object_verbs(object.verb), &name);
        lines.push(format!("{BAR}{} {name}", object_verb(object, report.dry_run)));
    }
    lines.extend(more(report.objects.len().saturating_sub(MAX_CHANGES), "objects"));
    lines
}

/// The outputs that the log does not show yet: a line for each text, and one for all numbers.
fn outputs(r: &Renderer, report: &Report, printed: &mut Printed) -> Vec<String> {
    let (mut lines, mut numbers) = (Vec::new(), Vec::new());
    let mut left_out = 0;
    for output in report.outputs.iter().filter(|output| !is_empty(output)) {
        let value = output.display();
        if !r.is_verbose() && is_known(r, report, (output, &value), printed) {
            continue;
        }
        if lines.len() + numbers.len() == MAX_OUTPUTS {
            left_out += 1;
            continue;
        }
        let text = format!("{} = {}", r.clean(&output.name), shown(r, &plain_value(&value)));
        printed.add(std::slice::from_ref(&text));
        match is_number(output) {
            true => numbers.push(text),
            false => lines.push(format!("{BAR}{text}")),
        }
    }
    if !numbers.is_empty() {
        lines.push(format!("{BAR}{}", numbers.join(", ")));
    }
    lines.extend(more(left_out, "outputs"));
    lines
}

/// Whether the log shows the value of an output.
fn is_known(r: &Renderer, report: &Report, (output, value): (&Output, &Value), printed: &Printed) -> bool {
    let is_diff = report.dry_run && value.as_str().is_some_and(|text| Some(text) == report.diff.as_deref());
    // The last line says how much changed.
    let is_changed = output.name == "changed" && *value == Value::Bool(report.changed().next().is_some());
    // Records are for programs. People read the table of the step.
    let has_records = value.as_array().is_some_and(|items| items.iter().any(Value::is_object));
    let is_table = has_records && report.summary.iter().any(|block| matches!(block, Block::Table { .. }));
    is_diff
        || is_changed
        || is_table
        || printed.has_value(&output.name, &r.redactor.redact_json(value.clone()))
}

fn more(count: usize, what: &str) -> Option<String> {
    (count > 0).then(|| format!("{BAR}and {} more {what}", fragments::count(count as u64)))
}

/// Whether an output is a number or a bool.
fn is_number(output: &Output) -> bool {
    matches!(&output.value, OutputValue::Plain(Value::Number(_) | Value::Bool(_)))
}

/// Whether an output has no text or no items.
fn is_empty(output: &Output) -> bool {
    match &output.value {
        OutputValue::Plain(Value::Null) => true,
        OutputValue::Plain(Value::String(text)) | OutputValue::Text(text) => text.is_empty(),
        OutputValue::Plain(Value::Array(items)) => items.is_empty(),
        OutputValue::Plain(_) | OutputValue::Sensitive { .. } => false,
    }
}

/// The summary as text.
fn summary(r: &Renderer, report: &Report, printed: &mut Printed) -> Vec<String> {
    let mut lines = Vec::new();
    for block in &report.summary {
        let part = match block {
            Block::Heading(text) | Block::Paragraph(text) if !r.is_verbose() && is_said(r, report, text) => {
                continue;
            }
            Block::Heading(text) => vec![format!("{BAR}{}", bold(r, &r.clean(text)))],
            Block::Paragraph(text) | Block::Code { text, .. } => r.barred(text).collect(),
            Block::Table { columns, rows } => new_rows(r, report, (columns, rows), printed),
        };
        printed.add(&part);
        lines.extend(part);
    }
    lines
}

/// Whether a text of the summary is that of the last line, or of a note in the log.
fn is_said(r: &Renderer, report: &Report, text: &str) -> bool {
    let is_note = |note: &Note| r.shows(note.level) && note.message == text;
    text.to_lowercase() == report.ending.message.to_lowercase() || report.notes.iter().any(is_note)
}

/// A table with the rows that the log does not show yet. A row with the message of a note tells of that note.
fn new_rows(
    r: &Renderer,
    report: &Report,
    (columns, rows): (&[String], &[Vec<String>]),
    printed: &Printed,
) -> Vec<String> {
    let messages: BTreeSet<&str> = match r.is_verbose() {
        true => BTreeSet::new(),
        false => report.notes.iter().filter(|note| r.shows(note.level)).map(|note| &*note.message).collect(),
    };
    let is_new = |row: &&Vec<String>| {
        let cells: Vec<String> = row.iter().map(|cell| r.clean_lines(cell).join(" ")).collect();
        r.is_verbose() || !(row.iter().any(|cell| messages.contains(&**cell)) || printed.has_row(&cells))
    };
    let new: Vec<&[String]> = rows.iter().filter(is_new).map(Vec::as_slice).collect();
    let known = rows.len() - new.len();
    if new.is_empty() && known > 0 {
        return Vec::new();
    }
    let mut lines = table::table(r, columns, new);
    if known > 0 {
        let rows = if known == 1 {
            "1 row that is".to_owned()
        } else {
            format!("{} rows that are", fragments::count(known as u64))
        };
        lines.push(format!("{BAR}and {rows} above"));
    }
    lines
}

/// The message about the end of the run, and its hint. If an error of the log is that message, the line refers to it.
pub(super) fn ending(r: &Renderer, report: &Report) -> Vec<String> {
    let RunEnd { exit, code, message, hint, location } = &report.ending;
    let step = || format!("lockstep {}", r.clean(&report.step));
    let above = || printed::rest_of_ending(r, report).filter(|_| !r.is_verbose());
    let mut lines = match exit {
        Exit::Done if r.style.verbosity == Verbosity::Quiet => return Vec::new(),
        Exit::Done if report.dry_run => labelled(r, &format!("{} (dry run)", step()), None, message),
        Exit::Done => labelled(r, &step(), None, message),
        _ => {
            let label = coloured(r, "31", "error");
            match above() {
                Some(rest) => {
                    let message = format!("{} ({code}), for the error above{rest}", exit.word());
                    labelled(r, &label, None, &message)
                }
                None => labelled(r, &label, location.as_ref(), message),
            }
        }
    };
    if let Some(hint) = hint {
        lines.extend(labelled(r, "  hint", None, hint));
    }
    lines
}

/// The lines of a note. Debug notes have none unless the run is verbose; a quiet run has only warnings and errors.
pub(super) fn note(r: &Renderer, note: &Note) -> impl Iterator<Item = String> {
    let label = match note.level {
        Level::Info => String::new(),
        Level::Debug | Level::Notice => format!("{}: ", note.level.word()),
        Level::Warning => coloured(r, "33", "warning") + ": ",
        Level::Error => coloured(r, "31", "error") + ": ",
    };
    let first = format!("{BAR}{label}{}", place(r, note.location.as_ref()));
    let lines = if r.shows(note.level) { continued(r, first, &note.message) } else { Vec::new() };
    lines.into_iter()
}

fn labelled(r: &Renderer, label: &str, at: Option<&Location>, message: &str) -> Vec<String> {
    continued(r, format!("{label}: {}", place(r, at)), message)
}

/// A text after `first`, with [`BAR`] before its other lines.
fn continued(r: &Renderer, first: String, text: &str) -> Vec<String> {
    let mut lines = r.clean_lines(text).into_iter();
    let mut out = vec![first + &lines.next().unwrap_or_default()];
    out.extend(lines.map(|line| format!("{BAR}  {line}")));
    out
}

fn verb(change: &Change, dry_run: bool) -> &'static str {
    match (change.before.is_some(), change.after.is_some(), dry_run) {
        (false, _, false) => "created",
        (true, true, false) => "changed",
        (true, false, false) => "removed",
        (false, _, true) => "would create",
        (true, true, true) => "would change",
        (true, false, true) => "would remove",
    }
}

fn object_verb(object: &ObjectChange, dry_run: bool) -> &'static str {
    match (object.verb, dry_run) {
        (ChangeVerb::Uploaded, false) => "uploaded",
        (ChangeVerb::Changed, false) => "changed",
        (ChangeVerb::Deleted, false) => "deleted",
        (ChangeVerb::Uploaded, true) => "would upload",
        (ChangeVerb::Changed, true) => "would change",
        (ChangeVerb::Deleted, true) => "would delete",
    }
}

/// The value of an output if it is short, else its length.
fn shown(r: &Renderer, value: &str) -> String {
    let bytes = fragments::count(value.len() as u64);
    let line = value.trim_end_matches('\n');
    if line.contains('\n') {
        format!("({} lines, {bytes} bytes)", fragments::count(value.lines().count() as u64))
    } else if line.chars().count() > MAX_VALUE {
        format!("({bytes} bytes)")
    } else {
        r.clean(line)
    }
}

fn diff_line(r: &Renderer, line: &str) -> String {
    let colour = match line.as_bytes().first() {
        Some(b'+') => "32",
        Some(b'-') => "31",
        Some(b'@') => "36",
        _ => return format!("{BAR}{line}"),
    };
    format!("{BAR}{}", coloured(r, colour, line))
}

fn bold(r: &Renderer, text: &str) -> String {
    coloured(r, "1", text)
}

fn coloured(r: &Renderer, code: &str, text: &str) -> String {
    if r.style.colour { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
}
