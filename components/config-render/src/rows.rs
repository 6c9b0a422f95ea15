//! Reads the rows: records of names and values, from YAML, JSON or CSV.

use std::collections::HashSet;

use lockstep_yaml::{Position, Stream, Value};

use crate::csv;
use crate::failure::{self, Code, Error, refused};
use crate::format::extension;

/// A record.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Its number, counted from 1.
    pub number: u32,
    /// Its position in the file, if known.
    pub at: Option<Position>,
    /// Its values by name; names are unique.
    pub values: Vec<(String, Value)>,
}

impl Row {
    /// The value of a name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.values.iter().find(|(own, _)| own == name).map(|(_, value)| value)
    }
}

/// Reads the rows of a file, by its extension.
///
/// # Errors
/// Every error in the file.
pub fn read(path: &str, bytes: &[u8]) -> Result<Vec<Row>, Vec<Error>> {
    match extension(path).as_str() {
        "csv" => from_csv(path, bytes),
        "json" => from_json(path, bytes),
        "yaml" | "yml" => from_yaml(path, bytes),
        _ => Err(vec![bad_rows(
            path,
            None,
            "invalid extension: expected one of `.yaml`, `.yml`, `.json`, `.csv`",
        )]),
    }
}

fn bad_rows(path: &str, at: Option<Position>, message: impl Into<String>) -> Error {
    failure::at(Error::new(Code::BadRows, message), path, at)
}

fn utf8<'a>(path: &str, bytes: &'a [u8]) -> Result<&'a str, Vec<Error>> {
    let hint = "convert the file to UTF-8";
    str::from_utf8(bytes).map_err(|error| {
        vec![bad_rows(path, None, format!("not UTF-8 at byte {}", error.valid_up_to())).hint(hint)]
    })
}

fn from_csv(path: &str, bytes: &[u8]) -> Result<Vec<Row>, Vec<Error>> {
    let position = |line| Some(Position { line, column: 1 });
    let mut records = csv::records(utf8(path, bytes)?)
        .map_err(|error| vec![bad_rows(path, position(error.line), format!("not CSV: {}", error.message))])?
        .into_iter();
    let Some((_, names)) = records.next() else {
        return Err(vec![bad_rows(path, None, "the file is empty; its first line holds the names")]);
    };
    let mut seen = HashSet::new();
    if let Some(twice) = names.iter().find(|name| !seen.insert(name.as_str())) {
        return Err(vec![bad_rows(
            path,
            position(1),
            format!("the first line has the name `{twice}` twice"),
        )]);
    }
    let mut errors = Vec::new();
    let mut rows = Vec::new();
    for (number, (line, fields)) in (1..).zip(records) {
        if fields.len() == names.len() {
            let values = names.iter().cloned().zip(fields.into_iter().map(Value::String)).collect();
            rows.push(Row { number, at: position(line), values });
        } else {
            let (found, wanted) = (fields.len(), names.len());
            let message = format!("row {number} has {found} fields, the first line has {wanted}");
            errors.push(bad_rows(path, position(line), message));
        }
    }
    if errors.is_empty() { Ok(rows) } else { Err(errors) }
}

fn from_json(path: &str, bytes: &[u8]) -> Result<Vec<Row>, Vec<Error>> {
    let value = Value::from_json(utf8(path, bytes)?)
        .map_err(|error| vec![bad_rows(path, None, error.to_string())])?;
    let Value::Sequence(items) = value else {
        return Err(vec![not_a_list(path)]);
    };
    let rows = (1..).zip(items).map(|(number, value)| row(path, number, None, value));
    collect(rows)
}

fn from_yaml(path: &str, bytes: &[u8]) -> Result<Vec<Row>, Vec<Error>> {
    let stream = Stream::open(bytes).map_err(|refusal| vec![refused(Code::BadRows, path, &refusal)])?;
    let &[root] = stream.documents() else {
        return Err(vec![not_a_list(path)]);
    };
    if stream.items(root).is_empty() && stream.value(root) != Ok(Value::Sequence(Vec::new())) {
        return Err(vec![not_a_list(path)]);
    }
    let rows = (1..).zip(stream.items(root)).map(|(number, &item)| {
        let value = stream.value(item).map_err(|refusal| {
            let error = refused(Code::BadRows, path, &refusal);
            Error { message: format!("row {number}: {}", error.message), ..error }
        })?;
        row(path, number, Some(stream.position(item)), value)
    });
    collect(rows)
}

fn not_a_list(path: &str) -> Error {
    bad_rows(path, None, "the rows are not one list of mappings").hint("for no rows at all write `[]`")
}

fn row(path: &str, number: u32, at: Option<Position>, value: Value) -> Result<Row, Error> {
    match value {
        Value::Mapping(values) => Ok(Row { number, at, values }),
        _ => Err(bad_rows(path, at, format!("row {number} is not a mapping of names and values"))),
    }
}

/// All rows, or all errors.
fn collect(rows: impl Iterator<Item = Result<Row, Error>>) -> Result<Vec<Row>, Vec<Error>> {
    let mut good = Vec::new();
    let mut errors = Vec::new();
    for row in rows {
        match row {
            Ok(row) => good.push(row),
            Err(error) => errors.push(error),
        }
    }
    if errors.is_empty() { Ok(good) } else { Err(errors) }
}
