//! The parts of a log that all CI systems share, as lines without commands.

use super::{BAR, Renderer, plain_value};
use crate::exit::Exit;
use crate::outputs::{Output, OutputValue};
use crate::report::{Block, Change, ChangeVerb, Level, Location, Note, ObjectChange, Report, RunEnd};
use serde_json::Value;

/// The largest number of changed files in the log.
const MAX_CHANGES: usize = 50;
/// The largest number of outputs in the log.
const MAX_OUTPUTS: usize = 100;
/// The largest width of a column of a table that gets padding, in characters.
const MAX_COLUMN: usize = 40;
/// The longest value of an output in the log, in characters.
const MAX_VALUE: usize = 200;

/// The lines at the end of a run: details, summary, result.
pub(super) fn closing(r: &Renderer, report: &Report) -> impl Iterator<Item = String> {
    let mut lines = details(r, report);
    lines.extend(summary(r, &report.summary));
    lines.extend(ending(r, report));
    lines.into_iter()
}

/// The diff of a dry run, the changes and the outputs.
pub(super) fn details(r: &Renderer, report: &Report) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(diff) = report.diff.as_deref().filter(|_| report.dry_run) {
        lines.extend(r.clean_lines(diff).iter().map(|line| diff_line(r, line)));
    }
    lines.extend(changes(r, &report.changes, "files", |change| (verb(change, report.dry_run), &change.path)));
    lines.extend(changes(r, &report.objects, "objects", |object| {
        (object_verb(object, report.dry_run), &object.name)
    }));
    let outputs = || report.outputs.iter().filter(|output| !is_empty(output));
    for output in outputs().take(MAX_OUTPUTS) {
        lines.push(format!("{BAR}{} = {}", r.clean(&output.name), shown(r, &plain_value(&output.display()))));
    }
    if let Some(more) = outputs().count().checked_sub(MAX_OUTPUTS + 1) {
        lines.push(format!("{BAR}and {} more outputs", count(more as u64 + 1)));
    }
    lines
}

/// A line for each of the first changes, and the number of the others.
fn changes<T>(
    r: &Renderer,
    all: &[T],
    what: &str,
    say: impl Fn(&T) -> (&'static str, &String),
) -> Vec<String> {
    let listed = all.iter().take(MAX_CHANGES).map(say);
    let mut lines: Vec<_> = listed.map(|(verb, name)| format!("{BAR}{verb} {}", r.clean(name))).collect();
    if let Some(more) = all.len().checked_sub(MAX_CHANGES + 1) {
        lines.push(format!("{BAR}and {} more {what}", count(more as u64 + 1)));
    }
    lines
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
pub(super) fn summary(r: &Renderer, blocks: &[Block]) -> Vec<String> {
    let mut lines = Vec::new();
    for block in blocks {
        match block {
            Block::Heading(text) => lines.push(format!("{BAR}{}", bold(r, &r.clean(text)))),
            Block::Paragraph(text) | Block::Code { text, .. } => lines.extend(r.barred(text)),
            Block::Table { columns, rows } => lines.extend(table(r, columns, rows)),
        }
    }
    lines
}

/// The message about the end of the run, and its hint.
pub(super) fn ending(r: &Renderer, report: &Report) -> Vec<String> {
    let RunEnd { message, hint, location, .. } = &report.ending;
    let (label, location) = match report.ending.exit {
        Exit::Done if report.dry_run => (format!("lockstep {} (dry run)", r.clean(&report.step)), None),
        Exit::Done => (format!("lockstep {}", r.clean(&report.step)), None),
        _ => (coloured(r, "31", "error"), location.as_ref()),
    };
    let mut lines = labelled(r, &label, location, message);
    if let Some(hint) = hint {
        lines.extend(labelled(r, "  hint", None, hint));
    }
    lines
}

/// The lines of a note. Debug notes have none unless the run is verbose.
pub(super) fn note(r: &Renderer, note: &Note) -> impl Iterator<Item = String> {
    let label = match note.level {
        Level::Info => String::new(),
        Level::Debug | Level::Notice => format!("{}: ", note.level.word()),
        Level::Warning => coloured(r, "33", "warning") + ": ",
        Level::Error => coloured(r, "31", "error") + ": ",
    };
    let first = format!("{BAR}{label}{}", place(r, note.location.as_ref()));
    let shown = note.level > Level::Debug || r.verbose;
    let lines = if shown { continued(r, first, &note.message) } else { Vec::new() };
    lines.into_iter()
}

/// `path:line:column: `, without the unknown parts.
pub(super) fn place(r: &Renderer, at: Option<&Location>) -> String {
    let Some(at) = at else { return String::new() };
    let number = |n: Option<u32>| n.map_or(String::new(), |n| format!(":{n}"));
    let column = at.column.filter(|_| at.line.is_some());
    format!("{}{}{}: ", r.clean(&at.path), number(at.line), number(column))
}

/// A number with a comma before each three digits.
pub(super) fn count(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
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
    let bytes = count(value.len() as u64);
    let line = value.trim_end_matches('\n');
    if line.contains('\n') {
        format!("({} lines, {bytes} bytes)", count(value.lines().count() as u64))
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

/// A table with aligned columns.
fn table(r: &Renderer, columns: &[String], rows: &[Vec<String>]) -> Vec<String> {
    let cell = |text: &String| r.clean_lines(text).join(" ");
    let all: Vec<Vec<String>> = std::iter::once(columns)
        .chain(rows.iter().map(Vec::as_slice))
        .map(|row| row.iter().map(cell).collect())
        .collect();
    let width = |i: usize| {
        all.iter().filter_map(|row| row.get(i)).map(|cell| cell.chars().count().min(MAX_COLUMN)).max()
    };
    let widths: Vec<usize> = (0..).map_while(width).collect();
    let line = |row: &Vec<String>| {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}  "));
        format!("{BAR}{}", cells.collect::<String>().trim_end())
    };
    all.iter().map(line).collect()
}

fn bold(r: &Renderer, text: &str) -> String {
    coloured(r, "1", text)
}

fn coloured(r: &Renderer, code: &str, text: &str) -> String {
    if r.colour { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
}
