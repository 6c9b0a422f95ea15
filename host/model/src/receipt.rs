//! The receipt of a run: an in-toto Statement. Its predicate has a *record*, which is equal for equal runs, and data of
//! this run only. A receipt has digests and names, and no content of files.

use crate::call::CallRecord;
use crate::digest::Digest;
use crate::gate::CallLog;
use crate::grant::{Grant, Permission};
use crate::inputs::Inputs;
use crate::limits::Limits;
use crate::outputs::RedactedOutput;
use crate::redact::Redactor;
use crate::report::{Change, ChangeVerb, ObjectChange, Report};
use crate::secret;
use serde::{Serialize, Serializer, ser::SerializeMap as _};
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

/// The type of the statement, <https://in-toto.io/Statement/v1>.
const STATEMENT: &str = "https://in-toto.io/Statement/v1";
/// The type of the predicate. Within a version, no field disappears or changes its meaning.
const PREDICATE: &str = "urn:lockstep:receipt:v1";
/// The first bytes of each receipt, as the host writes it: JSON with an indent of two. They tell a receipt from other files.
pub const START: &str =
    "{\n  \"_type\": \"https://in-toto.io/Statement/v1\",\n  \"predicateType\": \"urn:lockstep:receipt:v";
/// The longest value of an input in bytes. Of a longer one the receipt has size and digest.
const MAX_VALUE_BYTES: usize = 4096;

/// The facts of a run for its record.
#[derive(Debug, Clone, Copy)]
pub struct RecordFacts<'a> {
    /// The version of lockstep.
    pub version: &'a str,
    /// The report. The record ignores its `receipt`, and takes the outputs from `shown`.
    pub report: &'a Report,
    /// The outputs without secrets.
    pub shown: &'a [RedactedOutput],
    /// The digest of the component's `.wasm`; none if the run ended before the host read it.
    pub component: Option<Digest>,
    /// The digest of the policy file, if there was one.
    pub policy: Option<Digest>,
    /// The typed inputs.
    pub inputs: &'a Inputs,
    /// The grant.
    pub grant: &'a Grant,
    /// The budgets.
    pub limits: &'a Limits,
    /// The log of the gate.
    pub log: &'a CallLog,
}

/// A function that redacts a text.
pub type RedactFn<'a> = &'a dyn Fn(&str) -> String;

/// The part of a receipt that is equal for equal runs. All its texts pass `redact`. It serialises itself piece by
/// piece, because the record of a long run is large.
#[derive(Clone, Copy)]
pub struct RunRecord<'a> {
    facts: RecordFacts<'a>,
    redact: RedactFn<'a>,
}

impl<'a> RunRecord<'a> {
    /// The record for these facts.
    #[must_use]
    pub fn of(facts: RecordFacts<'a>, redact: RedactFn<'a>) -> Self {
        Self { facts, redact }
    }

    /// The digest of the record: of its JSON without white space, with the keys in their order.
    #[must_use]
    pub fn digest(&self) -> Digest {
        Digest::of_json(self)
    }
}

impl Serialize for RunRecord<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { facts, redact } = *self;
        let RecordFacts { report, limits, log, .. } = facts;
        // Secrets of known forms in an input are redacted in the inputs only. Otherwise the author of an input could
        // hide the actions of the run.
        let own: BTreeSet<String> =
            facts.inputs.iter().flat_map(|(_, value)| secret::find_secrets_in(value)).collect();
        let own = Redactor::new(&own.iter().map(String::as_str).collect::<Vec<_>>());
        let own = own.map_err(serde::ser::Error::custom)?;
        let input = |value: &Value| short(&redacted(own.redact_json(value.clone()), redact));
        let inputs = facts.inputs.iter().map(|(name, value)| (name.clone(), input(value)));
        let outputs = facts.shown.iter().map(|shown| (shown.name.clone(), shown.digest.to_string().into()));
        let text = |digest: Option<Digest>| Value::from(digest.map(|digest| digest.to_string()));
        let limits = json!({
            "seconds": limits.seconds,
            "memory-mb": limits.memory_mb,
            "calls": limits.calls,
            "output-mb": limits.output_bytes / Limits::MB,
        });
        let before = [
            ("version", 1.into()),
            ("lockstep", facts.version.into()),
            ("step", report.step.as_str().into()),
            ("component", text(facts.component)),
            ("policy", text(facts.policy)),
            ("dry-run", report.dry_run.into()),
            ("inputs", Value::Object(inputs.collect())),
            ("grant", grant(facts.grant)),
            ("limits", limits),
        ];
        let after = [
            ("outputs", Value::Object(outputs.collect())),
            ("outcome", report.ending.exit.word().into()),
            ("exit-code", report.ending.exit.code().into()),
            ("code", report.ending.code.as_str().into()),
        ];
        let mut record = serializer.serialize_map(None)?;
        for (name, value) in before {
            record.serialize_entry(name, &redacted(value, redact))?;
        }
        record.serialize_entry("calls", &RedactedList { items: &log.records, one: call, redact })?;
        record.serialize_entry("denied", &redacted(log.denial.clone().into(), redact))?;
        record.serialize_entry("changes", &RedactedList { items: &report.changes, one: change, redact })?;
        record.serialize_entry("objects", &RedactedList { items: &report.objects, one: object, redact })?;
        for (name, value) in after {
            record.serialize_entry(name, &redacted(value, redact))?;
        }
        record.end()
    }
}

/// A list that makes one item after the other into JSON.
struct RedactedList<'a, T> {
    items: &'a [T],
    one: fn(&T) -> Value,
    redact: RedactFn<'a>,
}

impl<T> Serialize for RedactedList<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.items.iter().map(|item| redacted((self.one)(item), self.redact)))
    }
}

/// The whole receipt.
pub struct Statement<'a> {
    /// The record.
    pub record: RunRecord<'a>,
    /// The digest of the record.
    pub digest: Digest,
    /// Data of this run only: platform, times, addresses.
    pub run: Value,
}

impl Serialize for Statement<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Predicate<'a> {
            digest: String,
            record: &'a RunRecord<'a>,
            run: &'a Value,
        }
        let Self { record, digest, run } = self;
        let predicate = Predicate { digest: digest.to_string(), record, run };
        let mut statement = serializer.serialize_map(Some(4))?;
        statement.serialize_entry("_type", STATEMENT)?;
        statement.serialize_entry("predicateType", PREDICATE)?;
        statement.serialize_entry("subject", &Subjects(&record.facts))?;
        statement.serialize_entry("predicate", &predicate)?;
        statement.end()
    }
}

/// The subjects of the statement: the changed files and objects with their digests, or the component if there are none.
struct Subjects<'a>(&'a RecordFacts<'a>);

impl Serialize for Subjects<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let RecordFacts { report, component, .. } = self.0;
        // The digest of a private file would allow to guess its content.
        let files = report.changes.iter().filter(|change| !change.private);
        let files = files.filter_map(|change| Some((&change.path, change.after.or(change.before)?)));
        let objects = report.objects.iter().filter_map(|object| Some((&object.name, object.digest?)));
        let mut changed = files.chain(objects).peekable();
        let itself = changed.peek().is_none().then_some(*component).flatten();
        let all = changed.chain(itself.map(|digest| (&report.step, digest)));
        serializer
            .collect_seq(all.map(|(name, digest)| json!({"name": name, "digest": {"sha256": digest.hex()}})))
    }
}

fn grant(grant: &Grant) -> Value {
    let lines = |rights: &[Permission]| -> Value {
        rights.iter().map(|right| format!("{}: {}", right.capability.name(), right.line())).collect()
    };
    let restricted: Map<_, _> =
        grant.ceilings.iter().map(|ceiling| (ceiling.source.clone(), lines(&ceiling.rights))).collect();
    json!({"requested": lines(&grant.requested), "restricted-to": restricted})
}

fn call(record: &CallRecord) -> Value {
    let digest = record.digest.map(|digest| digest.to_string());
    let mut call = json!({
        "call": format!("{}.{}", record.capability.name(), record.function),
        "target": record.target.as_str(),
        "verdict": record.verdict,
        "bytes": record.bytes,
        "digest": digest,
    });
    if record.skipped_count > 0 {
        call["skipped"] = json!({"count": record.skipped_count, "first": record.skipped});
    }
    call
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
    json!({"name": object.name, "digest": digest, "deleted": object.verb == ChangeVerb::Deleted})
}

fn short(value: &Value) -> Value {
    let text = value.to_string();
    if text.len() <= MAX_VALUE_BYTES {
        return value.clone();
    }
    json!({"bytes": text.len(), "digest": Digest::of(text.as_bytes()).to_string()})
}

/// The value with every text and key in it redacted.
#[must_use]
pub fn redacted(mut value: Value, redact: RedactFn<'_>) -> Value {
    redact_in_place(&mut value, redact);
    value
}

fn redact_in_place(value: &mut Value, redact: RedactFn<'_>) {
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
    use crate::report::RunEnd;

    fn report(changes: Vec<Change>) -> Report {
        Report {
            step: "manifest-patch".into(),
            ending: RunEnd {
                exit: Exit::Done,
                code: "done".into(),
                message: String::new(),
                hint: None,
                location: None,
            },
            dry_run: false,
            outputs: vec![Output::plain("diff", "hunter2".into())],
            notes: vec![],
            summary: vec![],
            changes,
            objects: vec![],
            diff: None,
            receipt: None,
        }
    }

    fn facts<'a>(
        report: &'a Report,
        rest: &'a (Inputs, Grant, Limits, CallLog, Vec<RedactedOutput>),
    ) -> RecordFacts<'a> {
        let (inputs, grant, limits, log, shown) = rest;
        let component = Some(Digest::of(b"component"));
        RecordFacts { version: "0.1.0", report, shown, component, policy: None, inputs, grant, limits, log }
    }

    fn statement(record: RunRecord<'_>, run: Value) -> Value {
        serde_json::to_value(Statement { record, digest: record.digest(), run }).unwrap()
    }

    #[test]
    fn equal_runs_on_two_ci_systems_have_equal_digests() {
        let (report, rest) = (report(vec![]), Default::default());
        let facts = facts(&report, &rest);
        let record = RunRecord::of(facts, &str::to_owned);
        let here = statement(record, json!({"platform": "github"}));
        let there = statement(record, json!({"platform": "plain"}));
        assert_ne!(here, there);
        assert_eq!(here["predicate"]["digest"], there["predicate"]["digest"]);
        assert_eq!(here["subject"][0]["name"], "manifest-patch");
    }

    #[test]
    fn another_change_makes_another_digest_and_its_files_are_the_subjects() {
        let change =
            Change { path: "a.yaml".into(), before: None, after: Some(Digest::of(b"a")), private: false };
        let (changed, same, rest) = (report(vec![change]), report(vec![]), Default::default());
        let (changed, same) = (facts(&changed, &rest), facts(&same, &rest));
        let (changed, same) = (RunRecord::of(changed, &str::to_owned), RunRecord::of(same, &str::to_owned));
        assert_ne!(changed.digest(), same.digest());
        let statement = statement(changed, Value::Null);
        assert_eq!(statement["subject"][0]["digest"]["sha256"], Digest::of(b"a").hex());
    }

    #[test]
    fn a_receipt_has_no_digest_of_a_private_file() {
        let digest = Digest::of(b"1234");
        let change = Change { path: "out.json".into(), before: None, after: Some(digest), private: true };
        let (report, rest) = (report(vec![change]), Default::default());
        let statement = statement(RunRecord::of(facts(&report, &rest), &str::to_owned), Value::Null);
        let record = &statement["predicate"]["record"];
        assert_eq!(record["changes"][0]["after"], "private");
        assert!(!record.to_string().contains(&digest.hex()));
        assert_eq!(statement["subject"][0]["name"], "manifest-patch");
    }

    #[test]
    fn every_text_is_redacted() {
        let mut report = report(vec![]);
        report.step = "step-hunter2".into();
        let redactor = Redactor::new(&["hunter2"]).unwrap();
        let shown = outputs::redacted(&report.outputs, &redactor);
        let rest = (Inputs::default(), Grant::default(), Limits::default(), CallLog::default(), shown);
        let redact = |text: &str| redactor.redact(text).into_owned();
        let record = serde_json::to_value(RunRecord::of(facts(&report, &rest), &redact)).unwrap();
        assert!(!record.to_string().contains("hunter2"));
        assert_eq!(record["outputs"]["diff"], Digest::of(b"\"***\"").to_string());
    }
}
