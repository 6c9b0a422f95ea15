//! What the log of a run has already, so that its end does not repeat it.

use super::{Renderer, fragments, plain_value};
use crate::exit::Exit;
use crate::report::{Change, ChangeVerb, Level, Note, Report};
use serde_json::{Number, Value};
use std::cell::Cell;

/// The most bytes of lines that the comparisons of one run read. The log prints what was not compared.
const MAX_BYTES: usize = 64 * 1024 * 1024;
/// The longest text that may be JSON, in bytes.
const MAX_JSON: usize = 64 * 1024;
/// The shortest text that is itself enough to recognise it in a line, in bytes. A shorter one needs its name beside it.
const MIN_TEXT: usize = 8;

/// The lines that the log has.
pub(super) struct Printed {
    /// Lines about changes: notes, and the lines of the host.
    changes: Vec<String>,
    /// Other lines.
    others: Vec<String>,
    /// How many bytes of lines may still be read.
    left: Cell<usize>,
}

impl Printed {
    /// The notes of a run, and its last line.
    pub(super) fn of(r: &Renderer, report: &Report) -> Self {
        let notes = report.notes.iter().filter(|note| r.shows(note.level));
        let line = |note: &Note| {
            fragments::place(r, note.location.as_ref()) + &r.clean_lines(&note.message).join(" ")
        };
        Self {
            changes: notes.map(line).collect(),
            others: r.clean_lines(&report.ending.message),
            left: Cell::new(MAX_BYTES),
        }
    }

    /// Adds the lines of a part of the summary.
    pub(super) fn add(&mut self, lines: &[String]) {
        self.others.extend_from_slice(lines);
    }

    /// Adds what the log says about a changed file or object. The words are those of the host and of the steps.
    pub(super) fn add_change(&mut self, verbs: &str, name: &str) {
        self.changes.push(format!("{verbs} {name}"));
    }

    /// Whether one line has all cells of a row, or its count, as in `2 objects uploaded, 0 skipped`.
    pub(super) fn has_row(&self, cells: &[String]) -> bool {
        let cells: Vec<&str> = cells.iter().map(String::as_str).filter(|cell| !cell.is_empty()).collect();
        if let [name, count] = cells[..]
            && let Ok(count) = count.parse::<u64>()
            && name.parse::<f64>().is_err()
        {
            return self.has_number(&name.to_lowercase(), &count.into());
        }
        let mut lines = self.changes.iter();
        !cells.is_empty()
            && lines.any(|line| self.reads(line) && cells.iter().all(|cell| has_word(line, cell)))
    }

    /// Whether the log shows the value of an output.
    pub(super) fn has_value(&self, name: &str, value: &Value) -> bool {
        match value {
            Value::Null => true,
            Value::Bool(false) => self.has_nothing(),
            Value::Bool(true) => false,
            Value::Number(number) => self.has_number(name, number),
            Value::String(text) => {
                self.has_text(name, text) || json(text).is_some_and(|value| self.has_value(name, &value))
            }
            Value::Array(items) => items.iter().all(|item| match item {
                // The name of a file can be short.
                Value::String(text) => self.lines().any(|line| has_word(line, text)),
                item => self.has_value(name, item),
            }),
            Value::Object(fields) => {
                let cells: Vec<String> = fields.values().map(plain_value).collect();
                let mut told = fields.iter().filter(|(_, value)| !says_nothing(value)).peekable();
                self.has_row(&cells)
                    || told.peek().is_some() && told.all(|(name, value)| self.has_value(name, value))
            }
        }
    }

    fn has_text(&self, name: &str, text: &str) -> bool {
        let named = |line: &str| text.len() >= MIN_TEXT || has_word(&line.to_lowercase(), name);
        !text.contains('\n') && self.lines().any(|line| has_word(line, text) && named(line))
    }

    /// Whether a part of a line has the number and the name, as in `2 to update, 1 to replace`.
    fn has_number(&self, name: &str, number: &Number) -> bool {
        let number = number.to_string();
        let beside = |part: &str| has_word(part, &number) && has_word(part, name);
        (number == "0" && self.has_nothing()) || self.lines().any(|line| line.split([',', ';']).any(beside))
    }

    /// Whether the log says that there is nothing to do. A count of 0 says no more.
    fn has_nothing(&self) -> bool {
        self.others.iter().any(|line| has_word(&line.to_lowercase(), "nothing to change"))
    }

    fn lines(&self) -> impl Iterator<Item = &String> {
        self.changes.iter().chain(&self.others).filter(|line| self.reads(line))
    }

    /// Whether a line may still be read.
    fn reads(&self, line: &str) -> bool {
        let left = self.left.get().checked_sub(line.len() + 1);
        self.left.set(left.unwrap_or_default());
        left.is_some()
    }
}

/// Whether the value of a field adds nothing to a line about its record: a count of 0, a flag, or no text.
fn says_nothing(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(_) => true,
        Value::Number(number) => number.as_u64() == Some(0),
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(_) => false,
    }
}

/// The object or the list that a short text is as JSON.
fn json(text: &str) -> Option<Value> {
    let is_short = text.starts_with(['{', '[']) && text.len() <= MAX_JSON;
    let value: Value = is_short.then(|| serde_json::from_str(text).ok())??;
    (value.is_object() || value.is_array()).then_some(value)
}

/// Whether a line has a text as whole words. `web:v1` is not in `web:v1.2`.
fn has_word(line: &str, text: &str) -> bool {
    let joins = |c: char| matches!(c, '.' | '-' | '_' | '/' | '@');
    let inner = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    !text.is_empty()
        && line.match_indices(text).any(|(at, _)| {
            let mut before = line[..at].chars().rev();
            let mut after = line[at + text.len()..].chars();
            let (last, next) = (before.next(), after.next());
            let starts = !inner(last) && !last.is_some_and(joins);
            starts && !inner(next) && !(next.is_some_and(joins) && inner(after.next()))
        })
}

/// Whether the log has a note of the step about this file, or the diff of a dry run shows it. Only the notes of a built-in
/// step count: another component could hide with a note that it changed a file.
pub(super) fn shows_file(r: &Renderer, report: &Report, diff: &[String], change: &Change) -> bool {
    let is_about = |note: &Note| {
        let level = matches!(note.level, Level::Info | Level::Notice) && r.shows(note.level);
        level && note.location.as_ref().is_some_and(|at| at.path == change.path)
    };
    // The lines of a file begin with another character.
    let header = format!("diff --git a/{0} b/{0}", r.clean(&change.path));
    !change.private && ((r.is_builtin && report.notes.iter().any(is_about)) || diff.contains(&header))
}

/// The words for a change that a run has made or would make.
pub(super) fn file_verbs(change: &Change) -> &'static str {
    match (change.before.is_some(), change.after.is_some()) {
        (false, _) => "created",
        (true, true) => "changed",
        (true, false) => "removed deleted",
    }
}

/// The words for a change of an object.
pub(super) fn object_verbs(verb: ChangeVerb) -> &'static str {
    match verb {
        ChangeVerb::Uploaded => "uploaded",
        ChangeVerb::Changed => "changed",
        ChangeVerb::Deleted => "deleted",
    }
}

/// What the last line still has to say, if an error of the log is the message of a failed run or its beginning.
pub(super) fn rest_of_ending<'r>(r: &Renderer, report: &'r Report) -> Option<&'r str> {
    let notes = || report.notes.iter().filter(|note| is_ending(r, report, note));
    let note = notes().next().filter(|_| report.ending.exit != Exit::Done)?;
    report.ending.message.strip_prefix(note.message.as_str())
}

/// Whether a note is the failure of the run. Only a note of a built-in step counts: the last line is that of the host.
pub(super) fn is_ending(r: &Renderer, report: &Report, note: &Note) -> bool {
    let ending = &report.ending;
    let rest = ending.message.strip_prefix(note.message.as_str());
    let same = note.level == Level::Error && note.location == ending.location && !note.message.is_empty();
    r.is_builtin && same && rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(" ("))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn printed(changes: &[&str], others: &[&str]) -> Printed {
        let lines = |lines: &[&str]| lines.iter().map(|line| (*line).to_owned()).collect();
        Printed { changes: lines(changes), others: lines(others), left: Cell::new(MAX_BYTES) }
    }

    #[test]
    fn a_text_counts_as_whole_words_only() {
        for (line, text) in [
            ("a.yaml:27:18: x", "a.yaml:27"),
            ("spec.image: web:v1 → web:v2", "web:v1"),
            ("spec.image: web:v1 → web:v2", "spec.image"),
            ("sent to x.", "x"),
        ] {
            assert!(has_word(line, text), "{line} {text}");
        }
        for (line, text) in [
            ("a.yaml:27:18: x", "yaml"),
            ("image: web:v1.7", "web:v1"),
            ("a/b.yaml", "b.yaml"),
            ("12 files", "2"),
            ("x", ""),
        ] {
            assert!(!has_word(line, text), "{line} {text}");
        }
    }

    #[test]
    fn a_number_needs_its_name_beside_it() {
        let printed = printed(&[], &["Plan: 2 to update, 1 to replace"]);
        assert!(printed.has_value("update", &json!(2)) && printed.has_value("replace", &json!(1)));
        for (name, value) in [("update", json!(1)), ("delete", json!(0)), ("delete", json!(2))] {
            assert!(!printed.has_value(name, &value), "{name} = {value}");
        }
    }

    #[test]
    fn a_list_of_records_is_shown_by_a_line_each() {
        let printed = printed(&["a.yaml spec.replicas: 2 -> 1"], &[]);
        let record = |before: &str| json!([{"file": "a.yaml", "path": "spec.replicas", "before": before}]);
        assert!(printed.has_value("promoted", &record("2")) && !printed.has_value("promoted", &record("3")));
    }

    #[test]
    fn comparing_ends_at_its_budget() {
        let printed = printed(&["a.yaml b"], &[]);
        let row = ["a.yaml".to_owned(), String::new()];
        assert!(printed.has_row(&row));
        printed.left.set(5);
        assert!(!printed.has_row(&row) && !printed.has_value("x", &json!("a.yaml b")));
    }
}
