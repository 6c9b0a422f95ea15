//! The outputs of a run, each in the two forms it can have: what machines get and what people see. What
//! the machine of the platform gets is not redacted here.

use crate::digest::Digest;
use crate::redact::Redactor;
use crate::types::{Field, Type};
use serde_json::{Map, Value};
use std::collections::BTreeSet;
use std::num::NonZero;
use std::panic::resume_unwind;
use std::thread;

/// The longest name of an output, in bytes.
const LONGEST_NAME: usize = 100;

/// So many bytes are searched for secrets in about the time that starting a thread takes, many times over.
const WORTH_A_THREAD: usize = 1 << 20;

/// One output.
#[derive(Debug, Clone, PartialEq)]
pub struct Output {
    /// Its name: a field of the step's `outputs` record, or one that only this run has.
    pub name: String,
    /// Its value.
    pub value: OutputValue,
}

/// The value of an output, and who may see it.
#[derive(Debug, Clone, PartialEq)]
pub enum OutputValue {
    /// A value of the contract.
    Plain(Value),
    /// A text that the CI system gets to the byte, masked or not, and that people may see.
    Text(String),
    /// A text that only the CI system gets.
    Sensitive {
        /// The text.
        value: String,
        /// The text that people see instead.
        display: String,
    },
}

impl Output {
    /// An output that is a value of the contract.
    #[must_use]
    pub fn plain(name: &str, value: Value) -> Self {
        Self { name: name.to_owned(), value: OutputValue::Plain(value) }
    }

    /// The value that people, the result and the receipt see.
    #[must_use]
    pub fn display(&self) -> Value {
        match &self.value {
            OutputValue::Plain(value) => value.clone(),
            OutputValue::Text(text) | OutputValue::Sensitive { display: text, .. } => {
                Value::String(text.clone())
            }
        }
    }

    /// About how long it is as people see it.
    fn bytes(&self) -> usize {
        match &self.value {
            OutputValue::Plain(Value::String(text))
            | OutputValue::Text(text)
            | OutputValue::Sensitive { display: text, .. } => text.len(),
            OutputValue::Plain(Value::Array(items)) => 32 * items.len(),
            OutputValue::Plain(_) => 32,
        }
    }

    /// Whether only the CI system may have the value.
    #[must_use]
    pub fn is_sensitive(&self) -> bool {
        matches!(self.value, OutputValue::Sensitive { .. })
    }
}

/// An output without secrets.
#[derive(Debug, Clone, PartialEq)]
pub struct RedactedOutput {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: Value,
    /// The digest of the value's JSON.
    pub digest: Digest,
}

/// Why what a component returned cannot be its outputs.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OutputError {
    /// A name that no platform could keep.
    #[error("the component gave an output the name `{0}`")]
    Name(String),
    /// Two names that some platform cannot tell apart.
    #[error("the component gave two outputs the name `{0}`")]
    Twice(String),
    /// A value of another form than its type says.
    #[error("output `{0}` has another form than the component said")]
    Syntax(String),
}

/// Reads the fields that a component returned, in their order; one that is a list of `named-output` gives an
/// output for each of its items.
///
/// # Errors
/// Names that cannot be, or that are the same to some platform: upper and lower case, `-` and `_` are one.
pub fn read(values: Map<String, Value>, types: &[Field]) -> Result<Vec<Output>, OutputError> {
    let mut outputs = Vec::with_capacity(values.len());
    for (name, value) in values {
        let ty = types.iter().find(|field| field.name == name).map(|field| &field.ty);
        if ty.is_some_and(Type::is_named_outputs) {
            let Value::Array(items) = value else { return Err(OutputError::Syntax(name)) };
            for item in items {
                outputs.push(named(item).ok_or_else(|| OutputError::Syntax(name.clone()))?);
            }
        } else if ty.is_some_and(Type::is_sensitive) {
            let value = sensitive(value).ok_or_else(|| OutputError::Syntax(name.clone()))?;
            outputs.push(Output { name, value });
        } else {
            outputs.push(Output { name, value: OutputValue::Plain(value) });
        }
    }
    let mut names = BTreeSet::new();
    for Output { name, .. } in &outputs {
        if !is_name(name) {
            return Err(OutputError::Name(name.clone()));
        }
        if !names.insert(folded(name)) {
            return Err(OutputError::Twice(name.clone()));
        }
    }
    Ok(outputs)
}

/// The outputs as people, the result and the receipt see them, without secrets. To search large ones takes a while:
/// it is done once for a run, and on as many threads as help.
#[must_use]
pub fn redacted(outputs: &[Output], redactor: &Redactor) -> Vec<RedactedOutput> {
    let one = |output: &Output| {
        let value = redactor.redact_json(output.display());
        RedactedOutput { name: output.name.clone(), digest: Digest::of_json(&value), value }
    };
    let all = |outputs: &[Output]| outputs.iter().map(one).collect::<Vec<_>>();
    let bytes = outputs.iter().map(Output::bytes).sum::<usize>();
    if bytes < WORTH_A_THREAD {
        return all(outputs);
    }
    let threads = thread::available_parallelism().map_or(1, NonZero::get);
    thread::scope(|scope| {
        let parts: Vec<_> = parts(outputs, bytes.div_ceil(threads))
            .into_iter()
            .map(|part| scope.spawn(move || all(part)))
            .collect();
        let done = parts.into_iter().map(|part| part.join().unwrap_or_else(|panic| resume_unwind(panic)));
        done.flatten().collect()
    })
}

/// Parts of about so many bytes, in order. An output of which less than half would fit begins the next.
fn parts(mut outputs: &[Output], bytes: usize) -> Vec<&[Output]> {
    let mut parts = Vec::new();
    while !outputs.is_empty() {
        let mut sum = 0;
        let fit = outputs.iter().take_while(|output| {
            let half = sum + output.bytes() / 2;
            sum += output.bytes();
            half <= bytes
        });
        let (part, rest) = outputs.split_at(fit.count().max(1));
        parts.push(part);
        outputs = rest;
    }
    parts
}

/// Whether the name is `[A-Za-z_][A-Za-z0-9_-]*` and not too long.
#[must_use]
pub fn is_name(name: &str) -> bool {
    name.len() <= LONGEST_NAME
        && name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'))
}

/// The name as the least able platform tells it from others: as a part of a variable's name.
#[must_use]
pub fn folded(name: &str) -> String {
    let allowed = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' };
    name.chars().map(allowed).collect()
}

fn named(mut item: Value) -> Option<Output> {
    let Value::String(name) = item.get_mut("name")?.take() else { return None };
    Some(Output { name, value: sensitive(item)? })
}

fn sensitive(mut record: Value) -> Option<OutputValue> {
    let Value::String(value) = record.get_mut("value")?.take() else { return None };
    Some(match record.get_mut("display")?.take() {
        Value::String(display) => OutputValue::Sensitive { value, display },
        _ => OutputValue::Text(value),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn types() -> Vec<Field> {
        let field = |name: &str, ty| Field { name: name.to_owned(), ty };
        vec![
            field("values", Type::named_outputs()),
            field("json", Type::sensitive()),
            field("names", Type::List(Box::new(Type::String))),
        ]
    }

    fn read(value: Value) -> Result<Vec<Output>, OutputError> {
        let Value::Object(values) = value else { panic!("no object") };
        super::read(values, &types())
    }

    #[test]
    fn each_named_output_is_one_and_a_sensitive_one_has_two_forms() {
        let outputs = read(json!({
            "values": [
                {"name": "vpc_id", "value": "vpc-1", "display": null},
                {"name": "password", "value": "hunter2", "display": "***"},
            ],
            "json": {"value": "{}", "display": "{***}"},
            "names": ["vpc_id", "password"],
        }))
        .unwrap();
        let shown: Vec<_> = outputs.iter().map(|output| (output.name.as_str(), output.display())).collect();
        assert_eq!(
            shown,
            [
                ("vpc_id", json!("vpc-1")),
                ("password", json!("***")),
                ("json", json!("{***}")),
                ("names", json!(["vpc_id", "password"])),
            ]
        );
        assert_eq!(outputs.iter().filter(|output| output.is_sensitive()).count(), 2);
    }

    #[test]
    fn large_outputs_are_searched_in_parts_and_stay_in_order() {
        let text =
            |i: usize| format!("{i} hunter2 {}", "x".repeat(if i == 7 { WORTH_A_THREAD } else { 5_000 }));
        let outputs: Vec<_> = (0..300).map(|i| Output::plain(&format!("o{i}"), text(i).into())).collect();
        let redactor = Redactor::new(&["hunter2"]).unwrap();
        let shown = redacted(&outputs, &redactor);
        for (i, RedactedOutput { name, value, digest }) in shown.iter().enumerate() {
            assert_eq!((name, value), (&format!("o{i}"), &json!(text(i).replace("hunter2", "***"))));
            assert_eq!(*digest, Digest::of_json(value));
        }
        let cut = |bytes| parts(&outputs, bytes).iter().map(|part| part.len()).collect::<Vec<_>>();
        assert_eq!((shown.len(), cut(usize::MAX), cut(1).len()), (300, vec![300], 300));
        assert_eq!(cut(1 << 20)[0], 8, "more than half of the large one fits");
        assert_eq!(cut(1 << 19)[0], 7, "less than half of it does");
    }

    #[test]
    fn names_that_a_platform_cannot_keep_apart_are_refused() {
        let named = |names: &[&str]| {
            let item = |name: &&str| json!({"name": name, "value": "", "display": null});
            read(
                json!({"values": names.iter().map(item).collect::<Vec<_>>(), "json": {"value": "", "display": null}}),
            )
        };
        assert!(named(&["a", "b", "_c-9"]).is_ok());
        for pair in [["a-b", "a_b"], ["Web", "web"], ["x", "JSON"]] {
            assert!(matches!(named(&pair), Err(OutputError::Twice(_))), "{pair:?}");
        }
        for name in ["", "9a", "a b", "a\nPATH<<x", "ä", "-a", &"a".repeat(101)] {
            assert!(matches!(named(&[name]), Err(OutputError::Name(_))), "{name:?}");
        }
    }
}
