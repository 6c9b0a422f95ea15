//! The leaves of sensitive values, which become secrets. Never looks at a value that is not sensitive.

use std::collections::HashSet;

use crate::document::Output;
use crate::json::Json;

/// The shortest text that is masked, in bytes.
const SHORTEST: usize = 4;

/// What is secret in a document.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Secrets {
    /// The texts to mask, each once.
    pub texts: Vec<String>,
    /// How many leaves are too short to be masked. Empty ones do not count.
    pub short: usize,
    /// The outputs they are in.
    pub short_in: Vec<String>,
}

impl Secrets {
    /// The strings and numbers in all sensitive outputs. Truth values and null are common words and stay.
    pub fn of(outputs: &[Output<'_>]) -> Self {
        let mut gathered = Gathered::default();
        let mut short_in = Vec::new();
        for output in outputs.iter().filter(|output| output.sensitive) {
            let before = gathered.short;
            gathered.add(&output.value);
            if gathered.short > before {
                short_in.push(output.name.clone().into_owned());
            }
        }
        Self { texts: gathered.texts, short: gathered.short, short_in }
    }
}

#[derive(Default)]
struct Gathered<'a> {
    seen: HashSet<&'a str>,
    texts: Vec<String>,
    short: usize,
}

impl<'a> Gathered<'a> {
    fn add(&mut self, value: &'a Json<'_>) {
        match value {
            Json::Null | Json::Bool(_) => {}
            Json::Number(raw) => self.leaf(raw.get()),
            Json::String(text) => self.leaf(text),
            Json::List(items) => items.iter().for_each(|item| self.add(item)),
            Json::Object(members) => members.iter().for_each(|(_, value)| self.add(value)),
        }
    }

    fn leaf(&mut self, text: &'a str) {
        if text.len() < SHORTEST {
            self.short += usize::from(!text.is_empty());
        } else if self.seen.insert(text) {
            self.texts.push(text.to_owned());
        }
    }
}
