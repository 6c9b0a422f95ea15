//! Gathers what the user gave as inputs: a wrapper's environment, a file, flags. It never types or checks a
//! value; the model does.

use crate::environment;
use lockstep_model::info::InputInfo;
use lockstep_model::inputs::{self, InputError, RawInput, RawValue};
use lockstep_model::report::{Level, Note};
use lockstep_process::regular;
use serde_json::Value;
use std::io::Read as _;
use std::path::Path;

/// What a wrapper hands over beside the inputs, under these names in the same document. An input of the step that
/// has one of these names is that input.
const CONTROLS: [&str; 5] = ["policy", "dry-run", "receipt", "binary", "own-build"];

/// The variable that holds all inputs as one JSON document.
const DOCUMENT: &str = "LOCKSTEP_INPUTS";
/// The beginning of the variables that hold one input each.
const SINGLE: &str = "LOCKSTEP_INPUT_";
/// The variable that names the file with the event that started a job of GitHub Actions.
const EVENT: &str = "GITHUB_EVENT_PATH";
/// The most bytes of an event that are read. A webhook brings 25 MB at most, <https://docs.github.com/webhooks>.
const MOST_EVENT: u64 = 64 * 1024 * 1024;
/// The most variables that a note names one by one.
const MOST_NAMES: usize = 12;

/// What was given from outside the command line.
pub(crate) struct RawValue {
    /// The inputs.
    pub(crate) raws: Vec<RawInput>,
    /// What was there and does not count.
    pub(crate) ignored: Option<Note>,
}

/// The inputs of the one source that counts: the file, or else the document in the environment, or else single variables.
/// An earlier step or job may have set variables, so beside a document they add nothing.
pub(crate) fn gather(file: Option<&str>, fields: &[InputInfo]) -> Result<RawValue, String> {
    let document = environment::text(DOCUMENT);
    let single = environment::with_prefix(SINGLE);
    let single_names = single.iter().map(|(suffix, _)| format!("{SINGLE}{suffix}"));
    match (file, document) {
        (Some(file), document) => {
            let names = document.map(|_| DOCUMENT.to_owned()).into_iter().chain(single_names);
            Ok(RawValue { raws: from_file(file)?, ignored: ignored(names, "--inputs") })
        }
        (None, Some(document)) => {
            let ignored = ignored(single_names, DOCUMENT);
            Ok(RawValue { raws: from_document(&document, fields)?, ignored })
        }
        (None, None) => Ok(RawValue { raws: from_single(single, fields), ignored: None }),
    }
}

/// Says which variables do not count, and beside what.
fn ignored(names: impl Iterator<Item = String>, beside: &str) -> Option<Note> {
    let mut names: Vec<String> = names.collect();
    if names.is_empty() {
        return None;
    }
    names.sort();
    let more = names.len().saturating_sub(MOST_NAMES);
    names.truncate(MOST_NAMES);
    let more = if more == 0 { String::new() } else { format!(" and {more} more") };
    let message = format!(
        "{}{more}: ignored, since {beside} gives the inputs and variables beside it add nothing",
        names.join(", ")
    );
    Some(Note { level: Level::Notice, message, location: None })
}

/// Refuses a list into which a value of the event that started the job brought a line of its own. Where the event cannot
/// be read, a note says that this was not checked.
pub(crate) fn foreign_lines(raws: &[RawInput], fields: &[InputInfo]) -> Result<Vec<InputError>, Note> {
    let Some(path) = environment::path(EVENT).filter(|_| environment::is_github()) else {
        return Ok(Vec::new());
    };
    let event = || {
        let mut text = Vec::new();
        if !path.is_file() {
            return Err("it is no file".to_owned());
        }
        let file = std::fs::File::open(&path).map_err(|error| error.to_string())?;
        let read = file.take(MOST_EVENT + 1).read_to_end(&mut text).map_err(|error| error.to_string())?;
        if read as u64 > MOST_EVENT {
            return Err(format!("it has more than {MOST_EVENT} bytes"));
        }
        serde_json::from_slice(&text).map_err(|error| error.to_string())
    };
    inputs::foreign_lines(raws, fields, event).map_err(|problem| {
        let message = format!(
            "{EVENT} names {}, which cannot be read ({problem}): no list was searched for lines that came with a value of the event",
            path.display()
        );
        Note { level: Level::Warning, message, location: None }
    })
}

/// The inputs of the document in the environment.
fn from_document(text: &str, fields: &[InputInfo]) -> Result<Vec<RawInput>, String> {
    let document = parse(text).map_err(|error| format!("{DOCUMENT}: {error}"))?;
    let given = |value| match value {
        Value::String(text) => Form::Text(text),
        value => Form::Value(value),
    };
    let is_input = |name: &str| fields.iter().any(|field| field.name == name) || !CONTROLS.contains(&name);
    let inputs = document.into_iter().filter(|(name, _)| is_input(name));
    Ok(inputs.map(|(name, value)| RawInput { name, source: DOCUMENT.into(), value: given(value) }).collect())
}

/// The inputs that have a variable each.
fn from_single(variables: Vec<(String, String)>, fields: &[InputInfo]) -> Vec<RawInput> {
    let raw = |(suffix, text): (String, String)| {
        let known = fields.iter().map(|field| &field.name).find(|name| variable(name) == suffix);
        let name = known.cloned().unwrap_or_else(|| suffix.clone());
        RawInput { name, source: format!("{SINGLE}{suffix}"), given: Form::Text(text) }
    };
    variables.into_iter().map(raw).collect()
}

/// The inputs that a file holds, JSON or YAML; `-` is standard input.
fn from_file(path: &str) -> Result<Vec<RawInput>, String> {
    let text = match path {
        "-" => {
            let mut text = String::new();
            let read = std::io::stdin().take(regular::DOCUMENT + 1).read_to_string(&mut text);
            match read.map_err(|error| format!("standard input: {error}"))? as u64 {
                length if length > regular::DOCUMENT => {
                    return Err(format!("standard input has more than {} bytes", regular::DOCUMENT));
                }
                _ => text,
            }
        }
        path => regular::text(Path::new(path), regular::DOCUMENT)?,
    };
    let document = parse(&text).map_err(|error| format!("{path}: {error}"))?;
    let raw = |(name, value)| RawInput { name, source: path.to_owned(), given: Form::Value(value) };
    Ok(document.into_iter().map(raw).collect())
}

/// Reads a document of inputs. JSON is tried first: it keeps numbers exactly.
fn parse(text: &str) -> Result<serde_json::Map<String, Value>, String> {
    let value = match serde_json::from_str(text) {
        Ok(value) => value,
        Err(_) if text.trim().is_empty() => Value::Object(serde_json::Map::new()),
        Err(_) => serde_saphyr::from_str::<Value>(text)
            .map_err(|error| error.to_string().lines().next().unwrap_or_default().to_owned())?,
    };
    match value {
        Value::Object(document) => Ok(document),
        _ => Err("not a document of `NAME: VALUE`".into()),
    }
}

/// The name of an input as a variable spells it.
fn variable(name: &str) -> String {
    name.replace('-', "_").to_ascii_uppercase()
}
