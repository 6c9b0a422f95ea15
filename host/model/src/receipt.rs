//! The receipt of a run: an in-toto Statement whose predicate holds a *record*, the same wherever the same
//! run is made, and what belongs to this one run only. It holds digests and names, never a body.

use crate::call::Record;
use crate::digest::Digest;
use crate::gate::CallLog;
use crate::grant::{Grant, Right};
use crate::inputs::Inputs;
use crate::limits::Limits;
use crate::outputs::Shown;
use crate::report::{Change, ObjectChange, Report};
use serde_json::{Map, Value, json};

/// The form of the statement, <https://in-toto.io/Statement/v1>.
const STATEMENT: &str = "https://in-toto.io/Statement/v1";
/// The form of the predicate. A field is never taken away or given another meaning within a version.
const PREDICATE: &str = "urn:lockstep:receipt:v1";
/// Longer input values are kept as size and digest.
const LONGEST_VALUE: usize = 4096;

/// What a record is made of.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    /// The version of lockstep.
    pub version: &'a str,
    /// What the run had to tell; its own `receipt` is not looked at, and of its outputs only `shown`.
    pub report: &'a Report,
    /// The outputs without secrets.
    pub shown: &'a [Shown],
    /// The digest of the component's `.wasm`; none if the run ended before it was known.
    pub component: Option<Digest>,
    /// The digest of the policy file, if there was one.
    pub policy: Option<Digest>,
    /// The typed inputs.
    pub inputs: &'a Inputs,
    /// What the run was granted.
    pub grant: &'a Grant,
    /// Its budgets.
    pub limits: &'a Limits,
    /// What passed the gate.
    pub log: &'a CallLog,
}

/// The part of a receipt that is equal for equal runs. All its texts have gone through `redact`.
#[must_use]
pub fn record(facts: &Facts<'_>, redact: &dyn Fn(&str) -> String) -> Value {
    let Facts { report, limits, log, .. } = facts;
    let outputs = facts.shown.iter().map(|shown| (shown.name.clone(), shown.digest.to_string().into()));
    let mut record = json!({
        "version": 1,
        "lockstep": facts.version,
        "step": report.step,
        "component": facts.component.map(|digest| digest.to_string()),
        "policy": facts.policy.map(|digest| digest.to_string()),
        "planned": report.planned,
        "inputs": facts.inputs.iter().map(|(name, value)| (name.clone(), short(&redacted(value.clone(), redact)))).collect::<Map<_, _>>(),
        "grant": grant(facts.grant),
        "limits": {"seconds": limits.seconds, "memory-mb": limits.memory_mb, "calls": limits.calls},
        "calls": null,
        "denied": log.denial,
        "changes": report.changes.iter().map(change).collect::<Vec<_>>(),
        "objects": null,
        "outputs": outputs.collect::<Map<_, _>>(),
        "outcome": report.ending.exit.word(),
        "exit-code": report.ending.exit.code(),
        "code": report.ending.code,
    });
    // Put in afterwards, since the macro would copy them.
    record["calls"] = log.records.iter().map(call).collect();
    record["objects"] = report.objects.iter().map(object).collect();
    redacted(record, redact)
}

/// The digest that names a record: of its JSON without white space, keys in the order they are in.
#[must_use]
pub fn digest(record: &Value) -> Digest {
    Digest::of_json(record)
}

/// The whole receipt. `digest` is the record's, `run` is what belongs to this one run: platform, times, addresses.
#[must_use]
pub fn statement(facts: &Facts<'_>, record: Value, digest: Digest, run: Value) -> Value {
    // Moved and not copied: the record of a long run is large.
    let predicate = [("digest", digest.to_string().into()), ("record", record), ("run", run)];
    let predicate: Map<_, _> = predicate.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    let mut statement = json!({"_type": STATEMENT, "subject": subjects(facts), "predicateType": PREDICATE});
    statement["predicate"] = Value::Object(predicate);
    statement
}

/// What the statement is about: the files and objects as they are now, or the component if none changed.
fn subjects(facts: &Facts<'_>) -> Value {
    // Of a private file not even the digest is told: what is in it could be guessed.
    let subject = |name: &str, digest: Digest| json!({"name": name, "digest": {"sha256": digest.hex()}});
    let mut files: Vec<_> = facts
        .report
        .changes
        .iter()
        .filter(|change| !change.private)
        .filter_map(|change| Some(subject(&change.path, change.after.or(change.before)?)))
        .collect();
    let objects = facts.report.objects.iter();
    files.extend(objects.filter_map(|object| Some(subject(&object.name, object.digest?))));
    if files.is_empty() {
        return facts.component.map(|digest| subject(&facts.report.step, digest)).into_iter().collect();
    }
    Value::Array(files)
}

fn grant(grant: &Grant) -> Value {
    let lines = |rights: &[Right]| -> Value {
        rights.iter().map(|right| format!("{}: {}", right.capability.word(), right.line())).collect()
    };
    let bounds: Map<_, _> =
        grant.ceilings.iter().map(|ceiling| (ceiling.source.clone(), lines(&ceiling.rights))).collect();
    json!({"asked": lines(&grant.asked), "bounds": bounds})
}

fn call(record: &Record) -> Value {
    // There can be very many, so each gets no more room than it needs.
    let mut call = Map::with_capacity(5);
    call.insert("call".to_owned(), format!("{}.{}", record.capability.word(), record.verb).into());
    call.insert("target".to_owned(), record.target.as_str().into());
    call.insert("verdict".to_owned(), record.verdict.into());
    call.insert("bytes".to_owned(), record.bytes.into());
    call.insert("digest".to_owned(), record.digest.map(|digest| digest.to_string()).into());
    Value::Object(call)
}

fn change(change: &Change) -> Value {
    let text = |digest: Option<Digest>| match (digest, change.private) {
        (Some(_), true) => Some("private".to_owned()),
        (digest, _) => digest.map(|digest| digest.to_string()),
    };
    json!({"path": change.path, "before": text(change.before), "after": text(change.after)})
}

fn object(object: &ObjectChange) -> Value {
    let digest = object.digest.map(|digest| digest.to_string());
    json!({"name": object.name, "digest": digest, "deleted": object.deleted})
}

fn short(value: &Value) -> Value {
    let text = value.to_string();
    if text.len() <= LONGEST_VALUE {
        return value.clone();
    }
    json!({"bytes": text.len(), "digest": Digest::of(text.as_bytes()).to_string()})
}

/// The value with every text in it, keys included, redacted.
#[must_use]
pub fn redacted(mut value: Value, redact: &dyn Fn(&str) -> String) -> Value {
    redact_in_place(&mut value, redact);
    value
}

fn redact_in_place(value: &mut Value, redact: &dyn Fn(&str) -> String) {
    match value {
        Value::String(text) => *text = redact(text),
        Value::Array(items) => items.iter_mut().for_each(|item| redact_in_place(item, redact)),
        Value::Object(fields) => {
            if fields.keys().any(|name| redact(name) != *name) {
                let named = std::mem::take(fields).into_iter();
                *fields = named.map(|(name, value)| (redact(&name), value)).collect();
            }
            fields.values_mut().for_each(|value| redact_in_place(value, redact));
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exit::Exit;
    use crate::outputs::{self, Output};
    use crate::redact::Redactor;
    use crate::report::Ending;

    fn report(changes: Vec<Change>) -> Report {
        Report {
            step: "manifest-patch".into(),
            ending: Ending {
                exit: Exit::Done,
                code: "done".into(),
                message: String::new(),
                hint: None,
                at: None,
            },
            planned: false,
            outputs: vec![Output::plain("diff", "hunter2".into())],
            notes: vec![],
            summary: vec![],
            changes,
            objects: vec![],
            diff: None,
            receipt: None,
        }
    }

    fn facts<'a>(report: &'a Report, rest: &'a (Inputs, Grant, Limits, CallLog, Vec<Shown>)) -> Facts<'a> {
        let (inputs, grant, limits, log, shown) = rest;
        let component = Some(Digest::of(b"component"));
        Facts { version: "0.1.0", report, shown, component, policy: None, inputs, grant, limits, log }
    }

    #[test]
    fn equal_runs_have_equal_digests_whatever_else_differs() {
        let (report, rest) = (report(vec![]), Default::default());
        let facts = facts(&report, &rest);
        let record = record(&facts, &str::to_owned);
        let digest = digest(&record);
        let here = statement(&facts, record.clone(), digest, json!({"platform": "github"}));
        let there = statement(&facts, record, digest, json!({"platform": "plain"}));
        assert_ne!(here, there);
        assert_eq!(here["predicate"]["digest"], there["predicate"]["digest"]);
        assert_eq!(here["subject"][0]["name"], "manifest-patch");
    }

    #[test]
    fn another_change_is_another_digest_and_the_files_are_the_subjects() {
        let change =
            Change { path: "a.yaml".into(), before: None, after: Some(Digest::of(b"a")), private: false };
        let (changed, same, rest) = (report(vec![change]), report(vec![]), Default::default());
        let (changed, same) = (facts(&changed, &rest), facts(&same, &rest));
        let plain = &str::to_owned;
        assert_ne!(digest(&record(&changed, plain)), digest(&record(&same, plain)));
        let statement = statement(&changed, Value::Null, Digest::of(b""), Value::Null);
        assert_eq!(statement["subject"][0]["digest"]["sha256"], Digest::of(b"a").hex());
    }

    #[test]
    fn the_digest_of_a_private_file_is_told_nowhere() {
        let digest = Digest::of(b"1234");
        let change = Change { path: "out.json".into(), before: None, after: Some(digest), private: true };
        let (report, rest) = (report(vec![change]), Default::default());
        let facts = facts(&report, &rest);
        let record = record(&facts, &str::to_owned);
        assert_eq!(record["changes"][0]["after"], "private");
        let statement = statement(&facts, record, digest, Value::Null);
        assert!(!statement["predicate"]["record"].to_string().contains(&digest.hex()));
        assert_eq!(statement["subject"][0]["name"], "manifest-patch");
    }

    #[test]
    fn every_text_is_redacted() {
        let mut report = report(vec![]);
        report.step = "step-hunter2".into();
        let redactor = Redactor::new(&["hunter2"]).unwrap();
        let shown = outputs::shown(&report.outputs, &redactor);
        let rest = (Inputs::default(), Grant::default(), Limits::default(), CallLog::default(), shown);
        let redact = |text: &str| redactor.redact(text).into_owned();
        let record = record(&facts(&report, &rest), &redact);
        assert!(!record.to_string().contains("hunter2"));
        assert_eq!(record["outputs"]["diff"], Digest::of(b"\"***\"").to_string());
    }
}
