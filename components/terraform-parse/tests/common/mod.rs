//! Runs the whole step on fakes, and collects everything that people would see.
#![allow(dead_code, clippy::unwrap_used, reason = "each test file uses a part of this module")]

use lockstep_sdk::FailureCode;
use lockstep_sdk::fake::{FakeFile, FakeReporter, FakeWorkspace};
use lockstep_sdk::report::{Block, Level};
use lockstep_sdk::text::first_of;
use lockstep_sdk::types::Failure;
use terraform_parse::failure::Error;
use terraform_parse::inputs::Request;
use terraform_parse::{Inputs, SensitiveMode, Tool, choose, document as documents};

/// The paths of the document and of the file for all values.
const SOURCE: &str = "outputs.json";
const FILE: &str = "values.json";

/// The inputs of a run.
pub(crate) struct Run<'a> {
    pub(crate) outputs: &'a [&'a str],
    pub(crate) select: &'a [&'a str],
    pub(crate) prefix: &'a str,
    pub(crate) sensitive: SensitiveMode,
}

impl Default for Run<'_> {
    fn default() -> Self {
        Self { outputs: &[], select: &[], prefix: "", sensitive: SensitiveMode::Mask }
    }
}

/// The result of a run that succeeds.
#[derive(Debug, PartialEq)]
pub(crate) struct Success {
    /// Name, value and displayed text.
    pub(crate) values: Vec<(String, String, Option<String>)>,
    pub(crate) json: String,
    pub(crate) display: Option<String>,
    pub(crate) file: String,
    /// Everything that people see.
    pub(crate) visible: Vec<String>,
    pub(crate) masked: Vec<String>,
}

impl Success {
    /// The value of a step output.
    pub(crate) fn value(&self, name: &str) -> &str {
        let value = self.values.iter().find(|(other, ..)| other == name);
        &value.unwrap_or_else(|| panic!("no {name} in {:?}", self.values)).1
    }

    /// The names of the step outputs.
    pub(crate) fn names(&self) -> Vec<&str> {
        self.values.iter().map(|(name, ..)| name.as_str()).collect()
    }
}

/// The result of a run that fails.
#[derive(Debug)]
pub(crate) struct Rejected {
    pub(crate) failure: Failure,
    /// Every error of the run.
    pub(crate) errors: Vec<Error>,
    /// The log and the summary.
    pub(crate) visible: Vec<String>,
}

impl Rejected {
    /// The code and the message of each error.
    pub(crate) fn errors(&self) -> Vec<(&'static str, String)> {
        self.errors.iter().map(|error| (error.code.name(), error.message.clone())).collect()
    }

    /// Every text that people see.
    pub(crate) fn texts(self) -> Vec<String> {
        let Failure { message, hint, .. } = self.failure;
        self.visible.into_iter().chain([message]).chain(hint).collect()
    }
}

impl Run<'_> {
    fn inputs(&self) -> Inputs {
        let owned = |lines: &[&str]| lines.iter().map(|&line| line.into()).collect();
        Inputs {
            source: SOURCE.to_owned(),
            tool: Tool::Terraform,
            secret_outputs: Vec::new(),
            outputs: owned(self.outputs),
            select: owned(self.select),
            prefix: self.prefix.to_owned(),
            sensitive: self.sensitive,
            file: Some(FILE.to_owned()),
        }
    }

    /// Runs over a document.
    pub(crate) fn over(&self, text: &[u8]) -> Result<Success, Box<Rejected>> {
        let mut host = FakeWorkspace::default().with_file(SOURCE, text);
        let mut reporter = FakeReporter::default();
        let result = terraform_parse::run(&mut host, &mut reporter, &self.inputs());
        let notes: Vec<_> = reporter.notes.iter().map(|note| note.message.clone()).collect();
        let summary = summary_texts(&reporter.summary);
        let outputs = match result {
            Ok(outputs) => outputs,
            Err(failure) => {
                let errors = self.errors(text);
                assert_reported(&errors, &failure, &reporter);
                let visible = notes.into_iter().chain(summary).collect();
                return Err(Box::new(Rejected { failure, errors, visible }));
            }
        };
        Ok(Success {
            visible: notes.into_iter().chain(summary).chain(outputs.json.display.clone()).collect(),
            json: outputs.json.value,
            display: outputs.json.display,
            file: host.text(FILE).unwrap().to_owned(),
            values: outputs.values.into_iter().map(|one| (one.name, one.value, one.display)).collect(),
            masked: reporter.masked,
        })
    }

    /// The errors of a run that fails, from the functions below the run.
    fn errors(&self, text: &[u8]) -> Vec<Error> {
        let chosen = Request::parse(&self.inputs()).and_then(|request| {
            let text = documents::read(&FakeFile(text.to_vec())).map_err(|error| vec![error])?;
            let outputs = documents::parse(&text).map_err(|error| vec![error])?;
            choose::choose(&request, &outputs).map(drop)
        });
        chosen.expect_err("the run fails and has no error")
    }

    /// Runs over a document that the step must reject, and returns the code and the message of each error.
    pub(crate) fn rejected(&self, text: &str) -> Vec<(&'static str, String)> {
        self.over(text.as_bytes()).expect_err("the step accepts it").errors()
    }

    /// Runs over a document that the step must reject, and returns the message of each error.
    pub(crate) fn messages(&self, text: &str) -> Vec<String> {
        self.rejected(text).into_iter().map(|(_, message)| message).collect()
    }

    /// Runs over a document that the step must accept.
    pub(crate) fn done(&self, text: &str) -> Success {
        self.over(text.as_bytes()).unwrap_or_else(|rejected| panic!("{rejected:#?}"))
    }
}

/// Fails unless the run ends with the first error and, if there are several, notes each.
fn assert_reported(errors: &[Error], failure: &Failure, reporter: &FakeReporter) {
    let notes = reporter.notes.iter().filter(|note| note.level == Level::Error);
    let notes: Vec<_> = notes.map(|note| note.message.clone()).collect();
    let lines: Vec<_> = errors.iter().map(Error::line).collect();
    assert_eq!(notes, if lines.len() > 1 { lines } else { Vec::new() });
    assert_eq!(failure.code, errors[0].code.name());
    assert_eq!(failure.message, first_of(errors.iter().map(|error| &error.message), "problem"));
    assert_eq!(failure.hint, errors[0].hint);
}

fn summary_texts(blocks: &[Block]) -> Vec<String> {
    let mut texts = Vec::new();
    for block in blocks {
        match block {
            Block::Table(table) => texts.extend(table.rows.concat()),
            Block::Heading(text) | Block::Paragraph(text) => texts.push(text.clone()),
            Block::Code(code) => texts.push(code.text.clone()),
        }
    }
    texts
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
