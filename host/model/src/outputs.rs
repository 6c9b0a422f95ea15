//! The outputs of a run, each with the value for the CI system and the value for readers.

use crate::digest::Digest;
use crate::redact::Redactor;
use crate::types::{Field, Type};
use serde_json::{Map, Value};
use std::collections::BTreeSet;
use std::num::NonZero;
use std::panic::resume_unwind;
use std::thread;

/// The longest name of an output, in bytes.
const MAX_NAME_BYTES: usize = 100;

/// The smallest size in bytes for which a search for secrets on several threads is faster.
const MIN_PARALLEL_BYTES: usize = 1 << 20;

/// One output.
#[derive(Debug, Clone, PartialEq)]
pub struct Output {
    /// The name: a field of the step's `outputs` record, or the name of a `named-output`.
    pub name: String,
    /// The value.
    pub value: OutputValue,
}

/// The value of an output, by the readers that may see it.
#[derive(Debug, Clone, PartialEq)]
pub enum OutputValue {
    /// A value of the contract.
    Plain(Value),
    /// A text that readers may see. The CI system gets it unchanged, also if it is masked.
    Text(String),
    /// A sensitive text: only the CI system gets it.
    Sensitive {
        /// The text.
        value: String,
        /// The text for readers.
        display: String,
    },
}

impl Output {
    /// An output that is a value of the contract.
    #[must_use]
    pub fn plain(name: &str, value: Value) -> Self {
        Self { name: name.to_owned(), value: OutputValue::Plain(value) }
    }

    /// The value for readers, the result and the receipt.
    #[must_use]
    pub fn display(&self) -> Value {
        match &self.value {
            OutputValue::Plain(value) => value.clone(),
            OutputValue::Text(text) | OutputValue::Sensitive { display: text, .. } => {
                Value::String(text.clone())
            }
        }
    }

    /// The approximate size of the value for readers, in bytes.
    fn bytes(&self) -> usize {
        match &self.value {
            OutputValue::Plain(Value::String(text))
            | OutputValue::Text(text)
            | OutputValue::Sensitive { display: text, .. } => text.len(),
            OutputValue::Plain(Value::Array(items)) => 32 * items.len(),
            OutputValue::Plain(_) => 32,
        }
    }

    /// Whether the output is sensitive.
    #[must_use]
    pub fn is_sensitive(&self) -> bool {
        matches!(self.value, OutputValue::Sensitive { .. })
    }
}

/// An output without secrets.
#[derive(Debug, Clone, PartialEq)]
pub struct RedactedOutput {
    /// The name.
    pub name: String,
    /// The value.
    pub value: Value,
    /// The digest of the value's JSON.
    pub digest: Digest,
}

/// The error of invalid outputs.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OutputError {
    /// A name is invalid.
    #[error("the component returned an output with the invalid name `{0}`")]
    Name(String),
    /// Two names are equal for some CI system.
    #[error("the component returned two outputs with the name `{0}`")]
    Twice(String),
    /// A value does not fit its type.
    #[error("the value of output `{0}` does not fit the type of the output")]
    Syntax(String),
}

/// Makes outputs of the fields that a component returned, in their order. A list of `named-output` makes an output of
/// each item.
///
/// # Errors
/// A name is invalid, or two names differ only in case or in `-` and `_`, which some CI systems do not distinguish.
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

/// The outputs for readers, the result and the receipt, without secrets. It searches large outputs on several threads.
#[must_use]
pub fn redacted(outputs: &[Output], redactor: &Redactor) -> Vec<RedactedOutput> {
    let one = |output: &Output| {
        let value = redactor.redact_json(output.display());
        RedactedOutput { name: output.name.clone(), digest: Digest::of_json(&value), value }
    };
    let all = |outputs: &[Output]| outputs.iter().map(one).collect::<Vec<_>>();
    let bytes = outputs.iter().map(Output::bytes).sum::<usize>();
    if bytes < MIN_PARALLEL_BYTES {
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

/// Divides outputs into parts of about `bytes` bytes. An output of which less than half fits begins the next part.
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
    name.len() <= MAX_NAME_BYTES
        && name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'))
}

/// The name in the form in which all CI systems distinguish names: as a part of the name of a variable.
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
    fn a_named_output_is_one_output_and_a_sensitive_one_has_two_forms() {
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
            |i: usize| format!("{i} hunter2 {}", "x".repeat(if i == 7 { MIN_PARALLEL_BYTES } else { 5_000 }));
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
    fn names_that_a_ci_system_takes_for_one_are_refused() {
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
