//! What a step says about itself, as data: for `lockstep describe`, for `--help`, for the wrappers and the
//! reference pages. It holds no rule of a run.

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
    /// What it does, in one line without a final dot.
    pub summary: String,
    /// What it does, at length.
    pub docs: String,
    /// Its inputs, in order.
    pub inputs: Vec<InputInfo>,
    /// Its outputs, in order.
    pub outputs: Vec<OutputInfo>,
    /// What it asks for, by capability: templates over the inputs.
    pub asks: BTreeMap<String, Value>,
    /// The limits it runs under: `seconds`, `memory-mb`, `calls`.
    pub limits: BTreeMap<String, u64>,
    /// Why it may say no.
    pub failures: Vec<FailureInfo>,
}

/// An input of a step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct InputInfo {
    /// The name, in `kebab-case`.
    pub name: String,
    /// The type as WIT has it, such as `list<string>`.
    #[serde(rename = "type")]
    pub type_name: String,
    /// How people write it.
    pub shape: Shape,
    /// What it is for.
    pub docs: String,
    /// Whether it must be given.
    pub required: bool,
    /// What it is when it is not given; null if it is then nothing, or if it must be given.
    pub default: Value,
    /// Whether its value is a secret.
    pub secret: bool,
    /// The words it can be, for [`Shape::Choice`].
    pub choices: Vec<ChoiceInfo>,
}

/// How people write an input.
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
    /// Several texts, numbers or words; where there is only one text for all, one on each line.
    List,
    /// Anything deeper, as JSON.
    Json,
}

/// One word that an input can be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChoiceInfo {
    /// The word.
    pub name: String,
    /// What it means.
    pub docs: String,
}

/// An output of a step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutputInfo {
    /// The name, in `kebab-case`.
    pub name: String,
    /// The type as WIT has it.
    #[serde(rename = "type")]
    pub type_name: String,
    /// What it is.
    pub docs: String,
}

/// One reason for a step to say no.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailureInfo {
    /// The stable name in the result.
    pub code: String,
    /// What it means.
    pub meaning: String,
}
