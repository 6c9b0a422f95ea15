//! The description of a step as data: for the flags of a run, the help, the wrappers and the reference pages.

use crate::connect::Connect;
use crate::limits::Limits;
use crate::types::Type;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// A step. Texts are paragraphs separated by an empty line, each on one line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StepInfo {
    /// The version of this form, 1.
    pub version: u32,
    /// The name, such as `manifest-patch`.
    pub name: String,
    /// The summary: one line without a final dot.
    pub summary: String,
    /// The description.
    pub docs: String,
    /// Its inputs, in order.
    pub inputs: Vec<InputInfo>,
    /// Its outputs, in order.
    pub outputs: Vec<OutputInfo>,
    /// The permissions that it requests, by capability: templates over the inputs.
    pub permissions: BTreeMap<String, Vec<String>>,
    /// The inputs that configure clients of the host.
    #[serde(default, skip_serializing_if = "Connect::is_empty")]
    pub connect: Connect,
    /// The budgets that it sets.
    #[serde(default)]
    pub limits: StepLimits,
    /// The reasons for which it may reject.
    pub failures: Vec<FailureInfo>,
    /// Example values of the inputs, in the order of the inputs.
    #[serde(default)]
    pub example: Vec<(String, Value)>,
}

/// The budgets that a step may set, see [`crate::limits::Limits`]. The host sets the others.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct StepLimits {
    /// Wall clock, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seconds: Option<u32>,
    /// Memory of the component, in MiB.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory_mb: Option<u32>,
    /// Host calls.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calls: Option<u64>,
    /// Outputs, in MiB.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output_mb: Option<u32>,
}

impl StepLimits {
    /// Checks that each budget that is set lies in its range.
    ///
    /// # Errors
    /// The first one that does not.
    pub fn check(self) -> Result<(), LimitError> {
        let set = [
            ("seconds", self.seconds.map(u64::from), u64::from(Limits::MAX_SECONDS)),
            ("memory-mb", self.memory_mb.map(u64::from), u64::from(Limits::MAX_MEMORY_MB)),
            ("calls", self.calls, Limits::MAX_CALLS),
            ("output-mb", self.output_mb.map(u64::from), u64::from(Limits::MAX_OUTPUT_MB)),
        ];
        for (name, value, largest) in set {
            if let Some(value) = value.filter(|value| !(1..=largest).contains(value)) {
                return Err(LimitError { name, value, largest });
            }
        }
        Ok(())
    }

    /// The budgets of a run: those that the step sets, and the defaults for the others.
    #[must_use]
    pub fn applied(self) -> Limits {
        let host = Limits::default();
        Limits {
            seconds: self.seconds.unwrap_or(host.seconds),
            memory_mb: self.memory_mb.unwrap_or(host.memory_mb),
            calls: self.calls.unwrap_or(host.calls),
            output_bytes: self.output_mb.map_or(host.output_bytes, |output| output as usize * Limits::MB),
            ..host
        }
    }
}

/// A budget out of its range.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("invalid limit `{name}: {value}`: expected 1 to {largest}")]
pub struct LimitError {
    name: &'static str,
    value: u64,
    largest: u64,
}

/// An input of a step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct InputInfo {
    /// The name, in `kebab-case`.
    pub name: String,
    /// The type.
    #[serde(rename = "type")]
    pub ty: Type,
    /// How a user writes it.
    pub shape: Shape,
    /// The documentation.
    pub docs: String,
    /// Whether the input is required.
    pub required: bool,
    /// The default value; null if there is none.
    pub default: Value,
    /// The valid words, for [`Shape::Choice`].
    pub choices: Vec<ChoiceInfo>,
    /// The fields of a record, or of each record of a list.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<FieldInfo>,
}

/// A field of a record that is an input.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldInfo {
    /// The name, in `kebab-case`.
    pub name: String,
    /// The type.
    #[serde(rename = "type")]
    pub ty: Type,
    /// The documentation.
    pub docs: String,
    /// The valid words.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub choices: Vec<ChoiceInfo>,
}

impl InputInfo {
    /// An input with name and type only, as a component without documentation has it. Lists and options are optional.
    #[must_use]
    pub fn bare(name: &str, ty: &Type) -> Self {
        let default = match ty {
            Type::List(_) => Value::Array(Vec::new()),
            Type::Bool => Value::Bool(false),
            _ => Value::Null,
        };
        Self {
            name: name.to_owned(),
            shape: Shape::of(ty),
            docs: String::new(),
            required: default.is_null() && !matches!(ty, Type::Option(_)),
            default,
            choices: Vec::new(),
            fields: Vec::new(),
            ty: ty.clone(),
        }
    }
}

/// How a user writes an input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Shape {
    /// Any text.
    Text,
    /// `true` or `false`.
    Flag,
    /// A number.
    Number,
    /// One of some words.
    Choice,
    /// Several texts, numbers or words; in a text, one on each line.
    List,
    /// JSON, for all other types.
    Json,
}

impl Shape {
    /// The shape of a type.
    #[must_use]
    pub fn of(ty: &Type) -> Self {
        match ty {
            Type::Bool => Self::Flag,
            Type::String => Self::Text,
            Type::Integer(_) | Type::Float => Self::Number,
            Type::Enum(_) => Self::Choice,
            Type::Option(inner) => Self::of(inner),
            Type::List(item) if matches!(Self::of(item), Self::List | Self::Json) => Self::Json,
            Type::List(_) => Self::List,
            Type::Record(_) => Self::Json,
        }
    }
}

/// A valid word of an input.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChoiceInfo {
    /// The word.
    pub name: String,
    /// The meaning.
    pub docs: String,
}

/// An output of a step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutputInfo {
    /// The name, in `kebab-case`.
    pub name: String,
    /// The type.
    #[serde(rename = "type")]
    pub ty: Type,
    /// The documentation.
    pub docs: String,
}

/// A reason for which a step rejects.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct FailureInfo {
    /// The stable name in the result.
    pub code: String,
    /// The exit code that belongs to it.
    pub exit_code: u8,
    /// The meaning.
    pub meaning: String,
}
