//! What a run gives out, in each of its forms: exact for machines, `***` for people. Never decides what is sensitive.

use std::borrow::Cow;

use crate::document::Output;
use crate::json::Json;

/// What stands for a sensitive value.
pub const HIDDEN: &str = "***";
/// The same in JSON.
const HIDDEN_JSON: &str = "\"***\"";

/// What a run gives out.
#[derive(Debug)]
pub struct Given<'d> {
    /// What stands before the names of step outputs.
    pub prefix: &'d str,
    /// The values, in order.
    pub items: Vec<Item<'d>>,
}

/// A value that is given out.
#[derive(Debug)]
pub struct Item<'d> {
    /// Its name without the prefix.
    pub name: &'d str,
    /// Whether it is sensitive.
    pub sensitive: bool,
    /// Its type as far as one is known; empty if not.
    pub ty: String,
    /// The value.
    pub value: Cow<'d, Json<'d>>,
    /// Where it comes from.
    pub state: State,
}

/// Where a value comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// From the document.
    Present,
    /// The document has null.
    Null,
    /// The document does not have it.
    Absent,
    /// From the contract.
    Default,
}

impl<'d> Item<'d> {
    /// An output as the document has it.
    pub fn present(output: &'d Output<'_>) -> Self {
        // The attributes of an object may come from the value.
        let ty = output.ty.as_ref().filter(|_| !output.sensitive);
        Self {
            name: &output.name,
            sensitive: output.sensitive,
            ty: ty.map(ToString::to_string).unwrap_or_default(),
            value: Cow::Borrowed(&output.value),
            state: if output.value.is_null() { State::Null } else { State::Present },
        }
    }

    /// What people see of it; nothing if they may see all.
    pub fn shown(&self) -> Option<String> {
        self.sensitive.then(|| HIDDEN.to_owned())
    }
}

impl Given<'_> {
    /// The name of the step output of an item.
    pub fn name(&self, item: &Item<'_>) -> String {
        format!("{}{}", self.prefix, item.name)
    }

    /// Each value as JSON without blanks. They can be large, so this is made once.
    pub fn compact(&self) -> Vec<String> {
        self.items.iter().map(|item| item.value.compact()).collect()
    }

    /// The texts of the step outputs: a string as it is, null as nothing, all else as JSON.
    pub fn exact(&self, compact: Vec<String>) -> Vec<String> {
        let exact = |(item, compact): (&Item<'_>, _)| match item.value.as_ref() {
            Json::Null => String::new(),
            Json::String(text) => text.clone().into_owned(),
            _ => compact,
        };
        self.items.iter().zip(compact).map(exact).collect()
    }

    /// All values as one JSON object without blanks.
    pub fn json(&self, compact: &[String]) -> String {
        self.object(compact.iter().map(String::as_str), ["", ":", "}"])
    }

    /// What people see of that; nothing if they may see all.
    pub fn shown_json(&self, compact: &[String]) -> Option<String> {
        let values = self.items.iter().zip(compact);
        let shown = values.map(|(item, value)| if item.sensitive { HIDDEN_JSON } else { value });
        self.items.iter().any(|item| item.sensitive).then(|| self.object(shown, ["", ":", "}"]))
    }

    /// All values as one JSON object for a file, with a line for each.
    pub fn file(&self, compact: &[String]) -> String {
        self.object(compact.iter().map(String::as_str), ["\n  ", ": ", "\n}\n"])
    }

    /// An object of values that are JSON, with texts before each name, after it, and at the end.
    fn object<'v>(
        &self,
        values: impl Iterator<Item = &'v str> + Clone,
        [before, colon, end]: [&str; 3],
    ) -> String {
        let names = self.items.iter().map(|item| item.name);
        let room = names.clone().zip(values.clone()).map(|(name, value)| name.len() + value.len() + 10).sum();
        let mut object = String::with_capacity(room);
        object.push('{');
        for (at, (name, value)) in names.zip(values).enumerate() {
            let name = serde_json::to_string(name).unwrap_or_default();
            for part in [if at == 0 { "" } else { "," }, before, &name, colon, value] {
                object.push_str(part);
            }
        }
        object + end
    }
}
