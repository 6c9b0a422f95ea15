//! What the tests share: a whole run over the pure modules, with everything it would say.
#![allow(dead_code, clippy::unwrap_used, reason = "each test file uses its part")]

use std::convert::Infallible;

use terraform_parse::choose::choose;
use terraform_parse::document::{self, Unread};
use terraform_parse::problem::Problem;
use terraform_parse::request::{Inputs, Request, Treatment};
use terraform_parse::secret::Secrets;
use terraform_parse::words;

/// The inputs of a run.
pub(crate) struct Run<'a> {
    pub(crate) outputs: &'a [&'a str],
    pub(crate) select: &'a [&'a str],
    pub(crate) prefix: &'a str,
    pub(crate) sensitive: Treatment,
}

impl Default for Run<'_> {
    fn default() -> Self {
        Self { outputs: &[], select: &[], prefix: "", sensitive: Treatment::Mask }
    }
}

/// What a run comes to.
#[derive(Debug, PartialEq)]
pub(crate) struct Done {
    /// Name, exact text, shown text.
    pub(crate) values: Vec<(String, String, Option<String>)>,
    pub(crate) json: String,
    pub(crate) shown: Option<String>,
    pub(crate) file: String,
    /// Everything that people see.
    pub(crate) said: Vec<String>,
    pub(crate) masked: Vec<String>,
}

impl Done {
    /// The text of a step output.
    pub(crate) fn value(&self, name: &str) -> &str {
        let found = self.values.iter().find(|(other, ..)| other == name);
        &found.unwrap_or_else(|| panic!("no {name} in {:?}", self.values)).1
    }

    /// The names of the step outputs.
    pub(crate) fn names(&self) -> Vec<&str> {
        self.values.iter().map(|(name, ..)| name.as_str()).collect()
    }
}

impl Run<'_> {
    /// Runs over a document.
    pub(crate) fn over(&self, text: &[u8]) -> Result<Done, Vec<Problem>> {
        let owned = |lines: &[&str]| -> Vec<String> { lines.iter().map(|&line| line.into()).collect() };
        let request = Request::read(&Inputs {
            source: "outputs.json",
            outputs: &owned(self.outputs),
            select: &owned(self.select),
            prefix: self.prefix,
            sensitive: self.sensitive,
            file: None,
        })?;
        let fetch = |offset: u64, length: u32| {
            let from = usize::try_from(offset).unwrap();
            Ok::<_, Infallible>(text[from..text.len().min(from + length as usize)].to_vec())
        };
        let text = document::fetch(text.len() as u64, fetch).map_err(|unread| match unread {
            Unread::Problem(problem) => vec![problem],
            Unread::Fetch(never) => match never {},
        })?;
        let outputs = document::outputs(&text).map_err(|problem| vec![problem])?;
        let secrets = Secrets::of(&outputs);
        let given = choose(&request, &outputs)?;
        let mut said = vec![words::heading(&given)];
        said.extend(words::short(&secrets));
        said.extend(words::rows(&given).concat());
        let compact = given.compact();
        said.extend(given.shown_json(&compact));
        let value = |(item, exact)| (given.name(item), exact, item.shown());
        Ok(Done {
            json: given.json(&compact),
            shown: given.shown_json(&compact),
            file: given.file(&compact),
            values: given.items.iter().zip(given.exact(compact)).map(value).collect(),
            said,
            masked: secrets.texts,
        })
    }

    /// Runs over a document that must go through.
    pub(crate) fn done(&self, text: &str) -> Done {
        self.over(text.as_bytes()).unwrap_or_else(|problems| panic!("{problems:#?}"))
    }

    /// Runs over a document that must not, and gives each code and message.
    pub(crate) fn refused(&self, text: &str) -> Vec<(&'static str, String)> {
        let problems = self.over(text.as_bytes()).expect_err("it went through");
        problems.into_iter().map(|problem| (problem.code.name(), problem.message)).collect()
    }

    /// Runs over a document that must not go through, and gives each message.
    pub(crate) fn messages(&self, text: &str) -> Vec<String> {
        self.refused(text).into_iter().map(|(_, message)| message).collect()
    }
}

/// A document of outputs from members such as `"a": 1`, or `"!a": 1` for a sensitive one.
pub(crate) fn document(members: &[(&str, &str)]) -> String {
    let entry = |(name, value): &(&str, &str)| {
        let sensitive = name.starts_with('!');
        let name = serde_json::to_string(name.trim_start_matches('!')).unwrap();
        format!("{name}: {{\"sensitive\": {sensitive}, \"value\": {value}}}")
    };
    format!("{{{}}}", members.iter().map(entry).collect::<Vec<_>>().join(", "))
}
