//! Checks the inputs of a run against the types of the step, and reports every mistake with the name and the source of
//! the input. This module reads no file and no environment variable.

mod event;
mod lists;

pub use event::foreign_lines;

use crate::info::InputInfo;
use crate::near;
use crate::types::{Integer, Type};
use serde_json::{Map, Value};
use std::fmt;

/// The controls of a wrapper. GitHub puts them into the document of inputs, beside the inputs of the step.
pub const WRAPPER_CONTROLS: [&str; 6] =
    ["policy", "dry-run", "receipt", "binary", "own-build", "allow-workspace-credentials"];

/// An input as the user gave it.
#[derive(Debug, Clone, PartialEq)]
pub struct RawInput {
    /// The input's name.
    pub name: String,
    /// The source, for messages: `--files`, `inputs.yaml`, `LOCKSTEP_INPUTS`.
    pub source: String,
    /// The value, unchecked.
    pub value: RawValue,
}

/// The value of an input as the user gave it.
#[derive(Debug, Clone, PartialEq)]
pub enum RawValue {
    /// The occurrences of a flag. For a list, each is one item.
    Flags(Vec<String>),
    /// A text from a CI system. An empty text is an absent input, a list has one item on each line or is a JSON list,
    /// and all other types except strings are JSON.
    Text(String),
    /// A value from a file.
    Value(Value),
}

/// The checked inputs: every field of the step's `inputs` record, in its order.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Inputs(Map<String, Value>);

/// A mistake in an input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InputError {
    /// The input's name.
    pub input: String,
    /// The source; none if the input is missing.
    pub source: Option<String>,
    /// The problem.
    pub problem: String,
}

impl fmt::Display for InputError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.source {
            Some(source) => write!(f, "input `{}` ({source}): {}", self.input, self.problem),
            None => write!(f, "input `{}` {}", self.input, self.problem),
        }
    }
}

impl Inputs {
    /// Checks inputs against the fields of the step. Of several values for the same input, the last one counts.
    ///
    /// # Errors
    /// Every mistake: unknown names, invalid values, missing inputs.
    pub fn resolve(raw_inputs: &[RawInput], fields: &[InputInfo]) -> Result<Self, Vec<InputError>> {
        let mut errors = Vec::new();
        for raw in raw_inputs.iter().filter(|raw| fields.iter().all(|field| field.name != raw.name)) {
            errors.push(InputError {
                input: raw.name.clone(),
                source: Some(raw.source.clone()),
                problem: unknown(&raw.name, fields),
            });
        }
        let mut values = Map::new();
        for field in fields {
            match resolve_field(raw_inputs, field) {
                Ok(value) => drop(values.insert(field.name.clone(), value)),
                Err(error) => errors.push(error),
            }
        }
        if errors.is_empty() { Ok(Self(values)) } else { Err(errors) }
    }

    /// The value of an input.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }

    /// Names and values, in the order of the record.
    pub fn iter(&self) -> impl Iterator<Item = (&String, &Value)> {
        self.0.iter()
    }

    /// The texts of an input: a string is one text, a list of strings is several, an absent option has none. For
    /// `NAME.FIELD` it returns the texts of that field of a record, or of each record of a list. It returns `None` if
    /// the input does not exist or has another type.
    #[must_use]
    pub fn texts(&self, name: &str) -> Option<Vec<&str>> {
        if let Some((name, field)) = name.split_once('.') {
            fn of<'v>(record: &'v Value, field: &str) -> Option<&'v str> {
                record.get(field)?.as_str()
            }
            return match self.0.get(name)? {
                Value::Null => Some(Vec::new()),
                Value::Array(records) => records.iter().map(|record| of(record, field)).collect(),
                record => of(record, field).map(|text| vec![text]),
            };
        }
        match self.0.get(name)? {
            Value::Null => Some(Vec::new()),
            Value::String(text) => Some(vec![text]),
            Value::Array(items) => items.iter().map(Value::as_str).collect(),
            _ => None,
        }
    }
}

fn resolve_field(raw_inputs: &[RawInput], field: &InputInfo) -> Result<Value, InputError> {
    let given = raw_inputs.iter().rev().find(|raw| raw.name == field.name && !is_absent(&raw.value));
    let Some(raw) = given else {
        if field.required {
            let problem = format!("is missing: expected {}", field.ty);
            return Err(InputError { input: field.name.clone(), source: None, problem });
        }
        return Ok(field.default.clone());
    };
    let typed = match &raw.value {
        RawValue::Flags(words) => from_flags(words, &field.ty),
        RawValue::Text(text) => from_text(text, &field.ty),
        RawValue::Value(value) => check(value, &field.ty),
    };
    typed.map_err(|problem| InputError {
        input: field.name.clone(),
        source: Some(raw.source.clone()),
        problem,
    })
}

/// Whether the value stands for an absent input: CI systems pass an empty text for an input that the user left out.
fn is_absent(value: &RawValue) -> bool {
    match value {
        RawValue::Text(text) => text.is_empty(),
        RawValue::Value(value) => value.is_null(),
        RawValue::Flags(_) => false,
    }
}

fn from_flags(words: &[String], ty: &Type) -> Result<Value, String> {
    match (ty, words) {
        (Type::List(item), _) => words.iter().map(|word| from_word(word, item)).collect(),
        (_, [word]) => from_word(word, ty),
        _ => Err(format!("has {} values: expected a single {ty}", words.len())),
    }
}

fn from_text(text: &str, ty: &Type) -> Result<Value, String> {
    match ty {
        Type::Option(inner) => from_text(text, inner),
        Type::List(item) => lists::from_text(text, item),
        // A text block in a workflow file ends with a line end that is not part of the value.
        Type::String => from_word(text, ty),
        _ => from_word(text.trim(), ty),
    }
}

/// Parses one word: a string as it is, any other type as JSON.
fn from_word(word: &str, ty: &Type) -> Result<Value, String> {
    match ty {
        Type::String | Type::Enum(_) => check(&Value::String(word.to_owned()), ty),
        Type::Option(inner) => from_word(word, inner),
        _ => match serde_json::from_str(word) {
            Ok(value) => check(&value, ty),
            Err(_) => Err(format!("invalid value `{}`: expected {ty}", shorten(word))),
        },
    }
}

/// Checks a value against a type, and adds the optional fields that a record leaves out.
fn check(value: &Value, ty: &Type) -> Result<Value, String> {
    let wrong = || Err(format!("expected {ty}, found {}", describe(value)));
    match (ty, value) {
        (Type::Option(_), Value::Null) | (Type::Bool, Value::Bool(_)) | (Type::String, Value::String(_)) => {
            Ok(value.clone())
        }
        (Type::Option(inner), _) => check(value, inner),
        (Type::Integer(integer), Value::Number(_)) => check_integer(value, *integer),
        (Type::Float, Value::Number(number)) if number.as_f64().is_some_and(f64::is_finite) => {
            Ok(value.clone())
        }
        (Type::Enum(words), Value::String(word)) if words.contains(word) => Ok(value.clone()),
        (Type::Enum(words), Value::String(word)) => {
            Err(format!("invalid value `{}`: expected one of `{}`", shorten(word), words.join("`, `")))
        }
        (Type::List(item), Value::Array(items)) => items
            .iter()
            .enumerate()
            .map(|(i, value)| check(value, item).map_err(|problem| format!("item {}: {problem}", i + 1)))
            .collect(),
        (Type::Record(fields), Value::Object(object)) => {
            if let Some(name) = object.keys().find(|name| fields.iter().all(|field| field.name != **name)) {
                return Err(format!("invalid field `{name}`: expected {ty}"));
            }
            let check_one = |name: &str, ty: &Type| match (object.get(name), ty) {
                (None, Type::Bool) => Ok(Value::Bool(false)),
                (None, Type::Option(_)) => Ok(Value::Null),
                (None, _) => Err(format!("field `{name}` is missing")),
                (Some(value), ty) => check(value, ty).map_err(|problem| format!("field `{name}`: {problem}")),
            };
            let fields =
                fields.iter().map(|field| Ok((field.name.clone(), check_one(&field.name, &field.ty)?)));
            fields.collect::<Result<Map<_, _>, String>>().map(Value::Object)
        }
        _ => wrong(),
    }
}

fn check_integer(value: &Value, integer: Integer) -> Result<Value, String> {
    let (min, max) = integer.range();
    let number = value.to_string().parse::<i128>().ok().filter(|number| (min..=max).contains(number));
    match number {
        Some(_) => Ok(value.clone()),
        None => Err(format!("expected a whole number from {min} to {max}, found {value}")),
    }
}

fn describe(value: &Value) -> String {
    match value {
        Value::Null => "nothing".into(),
        Value::Bool(_) => "a bool".into(),
        Value::Number(number) => format!("the number {number}"),
        Value::String(text) => format!("the text `{}`", shorten(text)),
        Value::Array(_) => "a list".into(),
        Value::Object(_) => "a record".into(),
    }
}

fn shorten(text: &str) -> String {
    let mut short: String = text.chars().take(60).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}

fn unknown(name: &str, fields: &[InputInfo]) -> String {
    let names: Vec<_> = fields.iter().map(|field| field.name.as_str()).collect();
    // A variable has the name in upper case.
    let name = name.replace('_', "-").to_ascii_lowercase();
    let question =
        near::question(&name, names.iter().copied()).map(|question| question + " ").unwrap_or_default();
    format!("the step has no such input: {question}expected one of `{}`", names.join("`, `"))
}

#[cfg(test)]
mod tests;
