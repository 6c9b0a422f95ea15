//! The inputs of one line per edit: `set`, `set-json`, `append`, `append-json`, `delete`, `image` and `marker`.

use lockstep_yaml::{Path, Value, clip};

use crate::Inputs;
use crate::edit::{Action, Edit};
use crate::failure::{Code, Error};
use crate::images::ImageEdit;
use crate::marker::MarkerEdit;

/// Reads all lines, in the order of the inputs.
pub(crate) fn read(inputs: &Inputs) -> Vec<Result<Edit, Error>> {
    let mut edits = Vec::new();
    edits.extend(inputs.set.iter().map(|text| string("set", text, Action::SetScalar)));
    edits.extend(inputs.set_json.iter().map(|text| json("set-json", text, Action::SetJson)));
    edits.extend(inputs.append.iter().map(|text| string("append", text, Action::Append)));
    edits.extend(inputs.append_json.iter().map(|text| json("append-json", text, Action::Append)));
    edits.extend(inputs.delete.iter().map(|text| delete(text)));
    edits.extend(inputs.image.iter().map(|text| image(text)));
    edits.extend(inputs.marker.iter().map(|text| marker(text)));
    edits
}

fn string(input: &str, text: &str, action: fn(Path, Value) -> Action) -> Result<Edit, Error> {
    let (path, value) = Path::parse_assignment(text).map_err(|error| bad_input(input, text, &error))?;
    Ok(Edit::new(format!("{input} {path}"), action(path, Value::String(value.to_owned()))))
}

fn json(input: &str, text: &str, action: fn(Path, Value) -> Action) -> Result<Edit, Error> {
    let bad = |error: &dyn std::fmt::Display| bad_input(input, text, error);
    let (path, json) = Path::parse_assignment(text).map_err(|error| bad(&error))?;
    let value = Value::from_json(json).map_err(|error| {
        let plain = input.trim_end_matches("-json");
        bad(&error).hint(format!("a string needs double quotes in JSON; `{plain}` takes it without"))
    })?;
    Ok(Edit::new(format!("{input} {path}"), action(path, value)))
}

fn delete(text: &str) -> Result<Edit, Error> {
    let path = Path::parse(text).map_err(|error| bad_input("delete", text, &error))?;
    if path.segments().is_empty() {
        return Err(bad_input("delete", text, &"the step cannot delete a whole document"));
    }
    Ok(Edit::new(format!("delete {path}"), Action::Delete(path)))
}

fn image(text: &str) -> Result<Edit, Error> {
    let edit = ImageEdit::parse(text)
        .map_err(|error| bad_input("image", text, &error).hint("write NAME[=NEW][:TAG][@DIGEST]"))?;
    Ok(Edit::new(format!("image {}", edit.name), Action::Image(edit)))
}

fn marker(text: &str) -> Result<Edit, Error> {
    let edit = MarkerEdit::parse(text).map_err(|error| {
        bad_input("marker", text, &error).hint("write NAMESPACE:POLICY=REPOSITORY[:TAG][@DIGEST]")
    })?;
    Ok(Edit::new(format!("marker {}", edit.policy), Action::Marker(edit)))
}

/// The error for a line of an input.
pub(crate) fn bad_input(input: &str, text: &str, error: &dyn std::fmt::Display) -> Error {
    let line = clip(text.lines().next().unwrap_or_default(), 80);
    Error::new(Code::BadInput, format!("{input} `{line}`: {error}"))
}
