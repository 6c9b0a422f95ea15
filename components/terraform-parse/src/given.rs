//! What a run gives out, in each of its forms: exact for machines, `***` for people. Never decides what is sensitive.

use std::borrow::Cow;

use serde::{Serialize, Serializer};

use crate::document::Output;
use crate::json::Json;

/// What stands for a sensitive value.
pub const HIDDEN: &str = "***";

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

    /// The text of its step output.
    pub fn exact(&self) -> String {
        self.value.exact()
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

    /// All values as one JSON object without blanks.
    pub fn json(&self) -> String {
        serde_json::to_string(&Form { given: self, shown: false }).unwrap_or_default()
    }

    /// What people see of that; nothing if they may see all.
    pub fn shown_json(&self) -> Option<String> {
        let sensitive = self.items.iter().any(|item| item.sensitive);
        sensitive.then(|| serde_json::to_string(&Form { given: self, shown: true }).unwrap_or_default())
    }

    /// All values as one JSON object for a file, with a line for each.
    pub fn file(&self) -> String {
        let mut text = serde_json::to_string_pretty(&Form { given: self, shown: false }).unwrap_or_default();
        text.push('\n');
        text
    }
}

/// The values as one object, with or without the sensitive ones.
struct Form<'g, 'd> {
    given: &'g Given<'d>,
    shown: bool,
}

impl Serialize for Form<'_, '_> {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        out.collect_map(self.given.items.iter().map(|item| {
            let hidden = self.shown && item.sensitive;
            (item.name, if hidden { &Json::String(Cow::Borrowed(HIDDEN)) } else { item.value.as_ref() })
        }))
    }
}
