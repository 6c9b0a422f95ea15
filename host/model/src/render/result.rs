//! The result of a run as JSON: the same on every platform, for scripts. Texts are redacted in it and
//! otherwise the ones of the report, to the byte.

use crate::redact::Redactor;
use crate::report::{Location, Note, Report};
use crate::text;
use serde_json::{Map, Value, json};

/// The result of a run, version 1. `hint`, `at` and `receipt` are null where there is none. A run that only
/// planned has `planned` and `diff` besides. `shown` are the outputs without secrets. `redactor` also knows what the
/// component had masked; in what the host itself says, only `credentials` are taken out, or a component could blacken
/// what it did.
#[must_use]
pub fn result_json(
    report: &Report,
    shown: &Map<String, Value>,
    redactor: &Redactor,
    credentials: &Redactor,
) -> Value {
    let ending = &report.ending;
    let text = |text: &str| redactor.redact(text).into_owned();
    let own = |text: &str| credentials.redact(text).into_owned();
    let at = |at: &Location| Value::Object(place(Some(at), redactor));
    let mut result = json!({
        "version": 1,
        "step": own(&report.step),
        "outcome": ending.exit.word(),
        "code": own(&ending.code),
        "message": text(&ending.message),
        "hint": ending.hint.as_deref().map(text),
        "at": ending.at.as_ref().map(at),
        "outputs": null,
        "notes": report.notes.iter().map(|note| note_json(note, redactor)).collect::<Vec<_>>(),
        "changed": report.changes.iter().map(|change| own(&change.path)).collect::<Vec<_>>(),
        "receipt": report.receipt.map(|digest| digest.to_string()),
    });
    // Put in afterwards, since the macro would copy them once more.
    result["outputs"] = Value::Object(shown.clone());
    if report.planned {
        result["planned"] = Value::Bool(true);
        result["diff"] = json!(report.diff.as_deref().map(text));
    }
    result
}

/// JSON as text that may be printed into any log: what a CI system could read as a command and what a
/// terminal would obey is written with JSON's own escapes. It reads back as the same value.
#[must_use]
pub fn json_text(json: &Value) -> String {
    let text = json.to_string();
    if !text.contains("##") && text.chars().all(text::is_inert) {
        return text;
    }
    let mut out = String::with_capacity(text.len());
    // Outside of strings JSON has neither `#` nor a character that is not inert.
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

fn note_json(note: &Note, redactor: &Redactor) -> Value {
    let mut members = Map::new();
    members.insert("level".to_owned(), json!(note.level.word()));
    members.insert("message".to_owned(), json!(redactor.redact(&note.message)));
    members.append(&mut place(note.at.as_ref(), redactor));
    Value::Object(members)
}

fn place(at: Option<&Location>, redactor: &Redactor) -> Map<String, Value> {
    let path = at.map(|at| redactor.redact(&at.path));
    let line = at.and_then(|at| at.line);
    let column = at.and_then(|at| at.column);
    [("path", json!(path)), ("line", json!(line)), ("column", json!(column))]
        .map(|(name, value)| (name.to_owned(), value))
        .into_iter()
        .collect()
}
