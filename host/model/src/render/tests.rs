//! Tests of the effects for each CI system, for a report that is hostile in every field and for ordinary ones.

use super::*;
use crate::digest::Digest;
use crate::exit::Exit;
use crate::outputs::redacted;
use crate::report::{Block, Change, Level, Location, RunEnd};
use serde_json::json;

const HOSTILE: &str =
    "%0A::error::a\n::add-mask::b\r\n ##[error]c,d:e \u{1b}[31m\u{202e}</details> `@me` | [x](http://y)";
const TOKEN: &str = "0123456789abcdef0123456789abcdef";

fn location() -> Location {
    Location { path: "a\n::error::,b:%".to_owned(), line: Some(3), column: Some(7) }
}

fn hostile() -> Report {
    let text = || HOSTILE.to_owned();
    let note = |level| Note { level, message: text(), location: Some(location()) };
    Report {
        step: "x\n::error::y".to_owned(),
        ending: RunEnd {
            exit: Exit::Rejected,
            code: text(),
            message: text(),
            hint: Some(text()),
            location: Some(location()),
        },
        dry_run: true,
        outputs: vec![
            Output::plain("diff", json!(HOSTILE)),
            Output::plain("a=b<<c\nPATH", json!([HOSTILE])),
            Output::plain("plain", json!("v1.2.3")),
            Output::plain("secret", json!("hunter2")),
        ],
        notes: vec![note(Level::Warning), note(Level::Debug)],
        summary: vec![
            Block::Heading(format!("# {HOSTILE}")),
            Block::Paragraph(format!("p {HOSTILE}")),
            Block::Code { language: "mermaid\n```".to_owned(), text: format!("````\n{HOSTILE}") },
            Block::Table {
                columns: vec!["a|b".to_owned(), text()],
                rows: vec![vec![format!("td {HOSTILE}")], ["1", "2", "3"].map(str::to_owned).to_vec()],
            },
        ],
        changes: vec![Change {
            path: location().path,
            before: None,
            after: Some(Digest::of(b"")),
            private: false,
        }],
        objects: vec![],
        diff: Some(format!("--- a\n+++ b\n@@ -1 +1 @@\n ::error::x\n+{HOSTILE}\n")),
        receipt: Some(Digest::of(b"")),
    }
}

fn ordinary() -> Report {
    Report {
        step: "manifest-patch".to_owned(),
        ending: RunEnd {
            exit: Exit::Done,
            code: "done".to_owned(),
            message: "1 value in 1 file".to_owned(),
            hint: None,
            location: None,
        },
        dry_run: false,
        outputs: vec![Output::plain("changed", json!(true)), Output::plain("files", json!(["a.yaml"]))],
        notes: Vec::new(),
        summary: Vec::new(),
        changes: vec![Change {
            path: "a.yaml".to_owned(),
            before: Some(Digest::of(b"1")),
            after: Some(Digest::of(b"2")),
            private: false,
        }],
        objects: vec![],
        diff: None,
        receipt: None,
    }
}

fn renderer<'a>(platform: Platform, report: &'a Report, redactor: &'a Redactor) -> Renderer<'a> {
    Renderer {
        platform,
        step: &report.step,
        redactor,
        credentials: redactor,
        token: TOKEN,
        masks: true,
        is_builtin: true,
        style: LogStyle::PLAIN,
        result_file: "lockstep-x.json",
        keeps_result: true,
        value_folder: "/tmp/values",
    }
}

/// The whole run, with the control characters of our own commands made visible.
fn rendered(platform: Platform, report: &Report) -> String {
    let redactor = Redactor::new(&["hunter2", "two\nlines!"]).unwrap();
    let r = renderer(platform, report, &redactor);
    let mut effects = r.opening(1_000);
    effects.extend(report.notes.iter().flat_map(|note| r.note(note)));
    effects.extend(r.stdio(HOSTILE));
    effects.extend(r.progress(120, Some(5_000), "files\n::x::").map(Effect::Line));
    effects.extend(r.closing(report, &redacted(&report.outputs, &redactor), 1_001, &mut || [0xAB; 16]));
    let shown = effects.iter().map(|effect| match effect {
        Effect::Line(line) => format!("{line}\n"),
        Effect::Append { to, text } => format!("=== append {to:?}\n{text}"),
        Effect::Replace { to: OutputFile::ResultFile, .. } => "=== replace ResultFile".to_owned(),
        Effect::Replace { to, text } => format!("=== replace {to:?}\n{text}"),
    });
    shown.collect::<String>().replace('\u{1b}', "␛").replace('\r', "␍").replace('\u{202e}', "⟲")
}

mod human;
mod limits;
mod sensitive;
mod snapshots;
