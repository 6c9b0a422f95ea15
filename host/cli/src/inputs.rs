//! Gathers the inputs of a run from the environment or a file. The model checks their values and types.

use crate::document;
use crate::environment;
use crate::unique_keys;
use lockstep_model::info::InputInfo;
use lockstep_model::inputs::{self, InputError, RawInput, RawValue, WRAPPER_CONTROLS};
use lockstep_model::report::{Level, Note};
use lockstep_model::text;
use lockstep_process::regular_file;
use serde_json::Value;
use std::io::Read as _;
use std::path::Path;

/// The variable that holds all inputs as one JSON document.
const DOCUMENT: &str = "LOCKSTEP_INPUTS";
/// The prefix of the variables that hold one input each.
const SINGLE_PREFIX: &str = "LOCKSTEP_INPUT_";
/// The variable with the path of the event that started a job of GitHub Actions.
const EVENT_PATH: &str = "GITHUB_EVENT_PATH";
/// The most bytes of an event that the host reads. A webhook has 25 MB at most, <https://docs.github.com/webhooks>.
const MAX_EVENT_BYTES: u64 = 64 * 1024 * 1024;
/// The most variables that a note names.
const MAX_NAMES: usize = 12;

/// The inputs from the environment or a file.
pub(crate) struct GatheredInputs {
    /// The inputs.
    pub(crate) raws: Vec<RawInput>,
    /// A note about variables that the host ignores.
    pub(crate) ignored: Option<Note>,
}

/// Gathers the inputs from one source: the file, or else the document in the environment, or else single variables. An
/// earlier step or job may have set variables, so the host ignores them if there is a document.
pub(crate) fn gather(
    file: Option<&str>,
    workspace: &Path,
    fields: &[InputInfo],
) -> Result<GatheredInputs, String> {
    let document = environment::text(DOCUMENT);
    let single = environment::variables_with_prefix(SINGLE_PREFIX);
    let single_names = single.iter().map(|(suffix, _)| format!("{SINGLE_PREFIX}{suffix}"));
    match (file, document) {
        (Some(file), document) => {
            let names = document.map(|_| DOCUMENT.to_owned()).into_iter().chain(single_names);
            Ok(GatheredInputs { raws: from_file(file, workspace)?, ignored: ignored(names, "--inputs") })
        }
        (None, Some(document)) => {
            let ignored = ignored(single_names, DOCUMENT);
            Ok(GatheredInputs { raws: from_document(&document, fields)?, ignored })
        }
        (None, None) => Ok(GatheredInputs { raws: from_single(single, fields), ignored: None }),
    }
}

/// Makes the note about ignored variables.
fn ignored(names: impl Iterator<Item = String>, beside: &str) -> Option<Note> {
    let mut names: Vec<String> = names.collect();
    if names.is_empty() {
        return None;
    }
    names.sort();
    let more = names.len().saturating_sub(MAX_NAMES);
    names.truncate(MAX_NAMES);
    let more = if more == 0 { String::new() } else { format!(" and {more} more") };
    let message = format!("{}{more}: ignored, since {beside} gives the inputs", names.join(", "));
    Some(Note { level: Level::Notice, message, location: None })
}

/// Finds lists with a line that came with a value of the event that started the job.
///
/// # Errors
/// A note that the host did not check the lists, because it cannot read the event.
pub(crate) fn foreign_lines(raws: &[RawInput], fields: &[InputInfo]) -> Result<Vec<InputError>, Note> {
    let Some(path) = environment::path(EVENT_PATH).filter(|_| environment::is_github()) else {
        return Ok(Vec::new());
    };
    let event = || {
        let mut text = Vec::new();
        if !path.is_file() {
            return Err("it is not a file".to_owned());
        }
        let file = std::fs::File::open(&path).map_err(|error| error.to_string())?;
        let read =
            file.take(MAX_EVENT_BYTES + 1).read_to_end(&mut text).map_err(|error| error.to_string())?;
        if read as u64 > MAX_EVENT_BYTES {
            return Err(format!("it has more than {MAX_EVENT_BYTES} bytes"));
        }
        serde_json::from_slice(&text).map_err(|error| error.to_string())
    };
    inputs::foreign_lines(raws, fields, event).map_err(|problem| {
        let message = format!(
            "cannot read {}, which {EVENT_PATH} names ({problem}): no list was searched for lines that came with a value of the event",
            path.display()
        );
        Note { level: Level::Warning, message, location: None }
    })
}

/// Reads the inputs from the document in the environment.
fn from_document(text: &str, fields: &[InputInfo]) -> Result<Vec<RawInput>, String> {
    let document = parse(text).map_err(|error| format!("{DOCUMENT}: {error}"))?;
    let given = |value| match value {
        Value::String(text) => RawValue::Text(text),
        value => RawValue::Value(value),
    };
    let is_input =
        |name: &str| fields.iter().any(|field| field.name == name) || !WRAPPER_CONTROLS.contains(&name);
    let inputs = document.into_iter().filter(|(name, _)| is_input(name));
    Ok(inputs.map(|(name, value)| RawInput { name, source: DOCUMENT.into(), value: given(value) }).collect())
}

/// Reads the inputs that have a variable each.
fn from_single(variables: Vec<(String, String)>, fields: &[InputInfo]) -> Vec<RawInput> {
    let raw = |(suffix, text): (String, String)| {
        let known = fields.iter().map(|field| &field.name).find(|name| variable(name) == suffix);
        let name = known.cloned().unwrap_or_else(|| suffix.clone());
        RawInput { name, source: format!("{SINGLE_PREFIX}{suffix}"), value: RawValue::Text(text) }
    };
    variables.into_iter().map(raw).collect()
}

/// Reads the inputs from a file, JSON or YAML; `-` is standard input.
fn from_file(path: &str, workspace: &Path) -> Result<Vec<RawInput>, String> {
    let text = match path {
        "-" => {
            let mut text = String::new();
            let read = std::io::stdin().take(regular_file::MAX_DOCUMENT_BYTES + 1).read_to_string(&mut text);
            match read.map_err(|error| format!("standard input: {error}"))? as u64 {
                length if length > regular_file::MAX_DOCUMENT_BYTES => {
                    return Err(format!(
                        "standard input has more than {} bytes",
                        regular_file::MAX_DOCUMENT_BYTES
                    ));
                }
                _ => text,
            }
        }
        path => document::read("the inputs", path, workspace)?,
    };
    let source = if path == "-" { "standard input" } else { path };
    let document = parse(&text).map_err(|error| format!("{source}: {error}"))?;
    let raw = |(name, value)| RawInput { name, source: path.to_owned(), value: RawValue::Value(value) };
    Ok(document.into_iter().map(raw).collect())
}

/// Reads a document of inputs. It tries JSON first, which keeps numbers exactly.
fn parse(text: &str) -> Result<serde_json::Map<String, Value>, String> {
    let value = match serde_json::from_str(text) {
        Ok(value) => {
            unique_keys::check(text)?;
            value
        }
        Err(_) if text.trim().is_empty() => Value::Object(serde_json::Map::new()),
        Err(_) => {
            serde_saphyr::from_str::<Value>(text).map_err(|error| text::yaml_problem(&error.to_string()))?
        }
    };
    match value {
        Value::Object(document) => Ok(document),
        _ => Err("expected a document of `NAME: VALUE`".into()),
    }
}

/// The name of an input in a variable.
fn variable(name: &str) -> String {
    name.replace('-', "_").to_ascii_uppercase()
}
