//! Collects the leaves of sensitive values, which the step masks. It does not look at other values.

use std::collections::HashSet;

use crate::document::Output;
use crate::json::Json;

/// The length in bytes of the shortest text that the host can mask.
const MIN_BYTES: usize = 4;

/// The secrets of a document.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Secrets {
    /// The texts to mask, without duplicates.
    pub texts: Vec<String>,
    /// How many leaves are too short to be masked. Empty ones do not count.
    pub short: usize,
    /// The outputs that contain such leaves.
    pub short_in: Vec<String>,
}

impl Secrets {
    /// Collects the strings and numbers of all sensitive outputs. Booleans and null are common words, so they are no secrets.
    pub fn collect(outputs: &[Output<'_>]) -> Self {
        let mut collector = Collector::default();
        let mut short_in = Vec::new();
        for output in outputs.iter().filter(|output| output.sensitive) {
            let before = collector.short;
            collector.add(&output.value);
            if collector.short > before {
                short_in.push(output.name.clone().into_owned());
            }
        }
        Self { texts: collector.texts, short: collector.short, short_in }
    }
}

#[derive(Default)]
struct Collector<'a> {
    unique: HashSet<&'a str>,
    texts: Vec<String>,
    short: usize,
}

impl<'a> Collector<'a> {
    fn add(&mut self, value: &'a Json<'_>) {
        match value {
            Json::Null | Json::Bool(_) => {}
            Json::Number(raw) => self.add_leaf(raw.get()),
            Json::String(text) => self.add_leaf(text),
            Json::List(items) => items.iter().for_each(|item| self.add(item)),
            Json::Object(members) => members.iter().for_each(|(_, value)| self.add(value)),
        }
    }

    fn add_leaf(&mut self, text: &'a str) {
        if text.len() < MIN_BYTES {
            self.short += usize::from(!text.is_empty());
        } else if self.unique.insert(text) {
            self.texts.push(text.to_owned());
        }
    }
}
