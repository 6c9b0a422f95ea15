//! The result of a run as JSON, for scripts. It is the same on every CI system, and has the texts of the report,
//! redacted.

use crate::outputs::RedactedOutput;
use crate::redact::Redactor;
use crate::report::{Location, Note, Report};
use crate::text;
use serde::{Serialize, Serializer};

/// The first bytes of each result, as the host writes it. They tell a result from other files.
pub const RESULT_START: &str = r#"{"version":1,"step":""#;

/// The result of a run, version 1, in the order in which it is printed.
#[derive(Debug, Serialize)]
pub struct ResultDocument<'a> {
    version: u32,
    step: String,
    outcome: &'a str,
    code: String,
    message: String,
    hint: Option<String>,
    location: Option<LocationFields>,
    #[serde(serialize_with = "by_name")]
    outputs: &'a [RedactedOutput],
    notes: Vec<NoteFields<'a>>,
    changed: Vec<String>,
    receipt: Option<String>,
    #[serde(flatten)]
    dry_run: Option<DryRun>,
}

/// The fields of a dry run.
#[derive(Debug, Serialize)]
struct DryRun {
    #[serde(rename = "dry-run")]
    dry_run: bool,
    diff: Option<String>,
}

#[derive(Debug, Serialize)]
struct NoteFields<'a> {
    level: &'a str,
    message: String,
    #[serde(flatten)]
    at: LocationFields,
}

#[derive(Debug, Default, Serialize)]
struct LocationFields {
    path: Option<String>,
    line: Option<u32>,
    column: Option<u32>,
}

impl<'a> ResultDocument<'a> {
    /// The result of a run with these redacted outputs. `redactor` has the texts that the component masked. The names
    /// of the host are redacted with `credentials` only, because a component could hide its actions with masks.
    #[must_use]
    pub fn of(
        report: &'a Report,
        shown: &'a [RedactedOutput],
        redactor: &Redactor,
        credentials: &Redactor,
    ) -> Self {
        let ending = &report.ending;
        let text = |text: &str| redactor.redact(text).into_owned();
        let own = |text: &str| credentials.redact(text).into_owned();
        let note_fields = |note: &'a Note| NoteFields {
            level: note.level.word(),
            message: text(&note.message),
            at: note
                .location
                .as_ref()
                .map_or_else(LocationFields::default, |at| LocationFields::of(at, redactor)),
        };
        Self {
            version: 1,
            step: own(&report.step),
            outcome: ending.exit.word(),
            code: own(&ending.code),
            message: text(&ending.message),
            hint: ending.hint.as_deref().map(text),
            location: ending.location.as_ref().map(|at| LocationFields::of(at, redactor)),
            outputs: shown,
            notes: report.notes.iter().map(note_fields).collect(),
            changed: report.changed().map(own).collect(),
            receipt: report.receipt.map(|digest| digest.to_string()),
            dry_run: report.dry_run.then(|| DryRun { dry_run: true, diff: report.diff.as_deref().map(text) }),
        }
    }
}

fn by_name<S: Serializer>(outputs: &[RedactedOutput], out: S) -> Result<S::Ok, S::Error> {
    out.collect_map(outputs.iter().map(|output| (&output.name, &output.value)))
}

impl LocationFields {
    fn of(at: &Location, redactor: &Redactor) -> Self {
        Self { path: Some(redactor.redact(&at.path).into_owned()), line: at.line, column: at.column }
    }
}

/// JSON as text for any log. It writes commands of CI systems and of terminals with the escapes of JSON, so the value
/// is the same.
#[must_use]
pub fn json_text(json: &impl Serialize) -> String {
    // Every value has a JSON form.
    let text = serde_json::to_string(json).unwrap_or_default();
    let is_plain = text.bytes().all(|byte| (b' '..=b'~').contains(&byte)) || text.chars().all(text::is_inert);
    if is_plain && !text.contains("##") {
        return text;
    }
    let mut out = String::with_capacity(text.len());
    // JSON has `#` and characters that are not inert only in strings.
    for c in text.replace("##", "#\\u0023").chars() {
        if text::is_inert(c) {
            out.push(c);
        } else {
            let units = &mut [0; 2];
            out.extend(c.encode_utf16(units).iter().map(|unit| format!("\\u{unit:04x}")));
        }
    }
    out
}
