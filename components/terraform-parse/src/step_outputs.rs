//! The step outputs in each of their forms: exact for machines, `***` for people. It does not decide what is sensitive.

use std::borrow::Cow;

use crate::document::Output;
use crate::json::Json;

/// The text that people see instead of a sensitive value.
pub const REDACTED: &str = "***";
/// The same as JSON.
const REDACTED_JSON: &str = "\"***\"";

/// All step outputs of a run.
#[derive(Debug)]
pub struct StepOutputs<'d> {
    /// The prefix of their names.
    pub prefix: &'d str,
    /// The step outputs, in order.
    pub items: Vec<StepOutput<'d>>,
}

/// A step output.
#[derive(Debug)]
pub struct StepOutput<'d> {
    /// Its name without the prefix.
    pub name: &'d str,
    /// Whether its value is sensitive.
    pub sensitive: bool,
    /// Its type; empty if the type is unknown.
    pub ty: String,
    /// Its value.
    pub value: Cow<'d, Json<'d>>,
    /// The origin of its value.
    pub state: ValueState,
}

/// The origin of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ValueState {
    /// The document has a value.
    Present,
    /// The document has null.
    Null,
    /// The document has no such output.
    Absent,
    /// The declaration has a default.
    Default,
}

impl<'d> StepOutput<'d> {
    /// The step output for an output of the document.
    pub fn from_document(output: &'d Output<'_>) -> Self {
        // The type of a sensitive value can name keys of the value.
        let ty = output.ty.as_ref().filter(|_| !output.sensitive);
        Self {
            name: &output.name,
            sensitive: output.sensitive,
            ty: ty.map(ToString::to_string).unwrap_or_default(),
            value: Cow::Borrowed(&output.value),
            state: if output.value.is_null() { ValueState::Null } else { ValueState::Present },
        }
    }

    /// The text that people see instead of the value; none if everybody may see the value.
    pub fn display(&self) -> Option<String> {
        self.sensitive.then(|| REDACTED.to_owned())
    }
}

impl StepOutputs<'_> {
    /// The name of a step output with its prefix.
    pub fn name(&self, item: &StepOutput<'_>) -> String {
        format!("{}{}", self.prefix, item.name)
    }

    /// Each value as compact JSON. Values can be large, so the caller does this once and passes the result on.
    pub fn to_json(&self) -> Vec<String> {
        self.items.iter().map(|item| item.value.compact()).collect()
    }

    /// The texts of the step outputs: a string as it is, null as empty text, everything else as compact JSON.
    pub fn texts(&self, json: Vec<String>) -> Vec<String> {
        let text = |(item, json): (&StepOutput<'_>, _)| match item.value.as_ref() {
            Json::Null => String::new(),
            Json::String(text) => text.clone().into_owned(),
            _ => json,
        };
        self.items.iter().zip(json).map(text).collect()
    }

    /// All values as one compact JSON object.
    pub fn object(&self, json: &[String]) -> String {
        self.join(json.iter().map(String::as_str), ["", ":", "}"])
    }

    /// The object that people see instead; none if everybody may see all values.
    pub fn display_object(&self, json: &[String]) -> Option<String> {
        let values = self.items.iter().zip(json);
        let values = values.map(|(item, value)| if item.sensitive { REDACTED_JSON } else { value });
        self.items.iter().any(|item| item.sensitive).then(|| self.join(values, ["", ":", "}"]))
    }

    /// All values as one JSON object for a file, with one line per value.
    pub fn file(&self, json: &[String]) -> String {
        self.join(json.iter().map(String::as_str), ["\n  ", ": ", "\n}\n"])
    }

    /// Joins JSON values to an object, with these texts before each name, after it, and at the end.
    fn join<'v>(
        &self,
        values: impl Iterator<Item = &'v str> + Clone,
        [before, colon, end]: [&str; 3],
    ) -> String {
        let names = self.items.iter().map(|item| item.name);
        let size = names.clone().zip(values.clone()).map(|(name, value)| name.len() + value.len() + 10).sum();
        let mut object = String::with_capacity(size);
        object.push('{');
        for (index, (name, value)) in names.zip(values).enumerate() {
            let name = serde_json::to_string(name).unwrap_or_default();
            for part in [if index == 0 { "" } else { "," }, before, &name, colon, value] {
                object.push_str(part);
            }
        }
        object + end
    }
}
