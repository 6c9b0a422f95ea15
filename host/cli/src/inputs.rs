//! Gathers what the user gave as inputs: a wrapper's environment, a file, flags. It never types or checks a
//! value; the model does.

use crate::environment;
use lockstep_model::info::InputInfo;
use lockstep_model::inputs::{Given, Raw};
use serde_json::Value;
use std::io::Read as _;
use std::path::Path;

/// What a wrapper hands over beside the inputs, under these names in the same document. An input of the step that
/// has one of these names is that input.
const CONTROLS: [&str; 5] = ["policy", "plan", "receipt", "binary", "own-build"];

/// The variable that holds all inputs as one JSON document.
const DOCUMENT: &str = "LOCKSTEP_INPUTS";
/// The beginning of the variables that hold one input each.
const SINGLE: &str = "LOCKSTEP_INPUT_";

/// The inputs that the environment holds.
pub(crate) fn from_environment(fields: &[InputInfo]) -> Result<Vec<Raw>, String> {
    match environment::text(DOCUMENT) {
        Some(text) => from_document(&text, fields),
        None => Ok(from_single(fields)),
    }
}

/// The inputs of the document. Where there is one, single variables do not count: an earlier step of the job
/// may have set them.
fn from_document(text: &str, fields: &[InputInfo]) -> Result<Vec<Raw>, String> {
    let document = parse(text).map_err(|error| format!("{DOCUMENT}: {error}"))?;
    let given = |value| match value {
        Value::String(text) => Given::Text(text),
        value => Given::Value(value),
    };
    let is_input = |name: &str| fields.iter().any(|field| field.name == name) || !CONTROLS.contains(&name);
    let inputs = document.into_iter().filter(|(name, _)| is_input(name));
    Ok(inputs.map(|(name, value)| Raw { name, source: DOCUMENT.into(), given: given(value) }).collect())
}

/// The inputs that have a variable each.
fn from_single(fields: &[InputInfo]) -> Vec<Raw> {
    let raw = |(suffix, text): (String, String)| {
        let known = fields.iter().map(|field| &field.name).find(|name| variable(name) == suffix);
        let name = known.cloned().unwrap_or_else(|| suffix.clone());
        Raw { name, source: format!("{SINGLE}{suffix}"), given: Given::Text(text) }
    };
    environment::with_prefix(SINGLE).into_iter().map(raw).collect()
}

/// The inputs that a file holds, JSON or YAML; `-` is standard input.
pub(crate) fn from_file(path: &str) -> Result<Vec<Raw>, String> {
    let text = match path {
        "-" => {
            let mut text = String::new();
            std::io::stdin().read_to_string(&mut text).map(|_| text)
        }
        path => std::fs::read_to_string(Path::new(path)),
    };
    let text = text.map_err(|error| format!("{path}: {error}"))?;
    let document = parse(&text).map_err(|error| format!("{path}: {error}"))?;
    let raw = |(name, value)| Raw { name, source: path.to_owned(), given: Given::Value(value) };
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
