//! Reads the rows: records of names and values, from YAML, JSON or CSV. Never knows what uses them.

use std::collections::HashSet;

use lockstep_yaml::{Position, Stream, Value};

use crate::csv;
use crate::kind::extension;
use crate::problem::{Code, Problem};

/// One record.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Counted from 1.
    pub number: u32,
    /// Where it begins in its file, if that is known.
    pub at: Option<Position>,
    /// Its values; no name twice.
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
/// Everything that is wrong with it.
pub fn read(path: &str, bytes: &[u8]) -> Result<Vec<Row>, Vec<Problem>> {
    match extension(path).as_str() {
        "csv" => from_csv(path, bytes),
        "json" => from_json(path, bytes),
        "yaml" | "yml" => from_yaml(path, bytes),
        _ => Err(vec![bad(path, None, "rows are a .yaml, .yml, .json or .csv file")]),
    }
}

fn bad(path: &str, at: Option<Position>, message: impl Into<String>) -> Problem {
    Problem::new(Code::BadRows, message).at(path, at)
}

fn utf8<'a>(path: &str, bytes: &'a [u8]) -> Result<&'a str, Vec<Problem>> {
    let hint = "convert the file to UTF-8";
    str::from_utf8(bytes).map_err(|error| {
        vec![bad(path, None, format!("not UTF-8 at byte {}", error.valid_up_to())).hint(hint)]
    })
}

fn from_csv(path: &str, bytes: &[u8]) -> Result<Vec<Row>, Vec<Problem>> {
    let place = |line| Some(Position { line, column: 1 });
    let mut records = csv::records(utf8(path, bytes)?)
        .map_err(|error| vec![bad(path, place(error.line), format!("not CSV: {}", error.problem))])?
        .into_iter();
    let Some((_, names)) = records.next() else {
        return Err(vec![bad(path, None, "the file is empty; its first line holds the names")]);
    };
    let mut seen = HashSet::new();
    if let Some(twice) = names.iter().find(|name| !seen.insert(name.as_str())) {
        return Err(vec![bad(path, place(1), format!("the name `{twice}` stands twice in the first line"))]);
    }
    let mut problems = Vec::new();
    let mut rows = Vec::new();
    for (number, (line, fields)) in (1..).zip(records) {
        if fields.len() == names.len() {
            let values = names.iter().cloned().zip(fields.into_iter().map(Value::String)).collect();
            rows.push(Row { number, at: place(line), values });
        } else {
            let (found, wanted) = (fields.len(), names.len());
            let message = format!("row {number} has {found} fields, the first line has {wanted}");
            problems.push(bad(path, place(line), message));
        }
    }
    if problems.is_empty() { Ok(rows) } else { Err(problems) }
}

fn from_json(path: &str, bytes: &[u8]) -> Result<Vec<Row>, Vec<Problem>> {
    let value =
        Value::from_json(utf8(path, bytes)?).map_err(|error| vec![bad(path, None, error.to_string())])?;
    let Value::Sequence(items) = value else {
        return Err(vec![no_list(path)]);
    };
    let rows = (1..).zip(items).map(|(number, value)| row(path, number, None, value));
    gather(rows)
}

fn from_yaml(path: &str, bytes: &[u8]) -> Result<Vec<Row>, Vec<Problem>> {
    let stream =
        Stream::open(bytes).map_err(|refusal| vec![Problem::refused(Code::BadRows, path, &refusal)])?;
    let &[root] = stream.documents() else {
        return Err(vec![no_list(path)]);
    };
    if stream.items(root).is_empty() && stream.value(root) != Ok(Value::Sequence(Vec::new())) {
        return Err(vec![no_list(path)]);
    }
    let rows = (1..).zip(stream.items(root)).map(|(number, &item)| {
        let value = stream.value(item).map_err(|refusal| {
            let problem = Problem::refused(Code::BadRows, path, &refusal);
            Problem { message: format!("row {number}: {}", problem.message), ..problem }
        })?;
        row(path, number, Some(stream.position(item)), value)
    });
    gather(rows)
}

fn no_list(path: &str) -> Problem {
    bad(path, None, "the rows are not one list of mappings").hint("for no rows at all write `[]`")
}

fn row(path: &str, number: u32, at: Option<Position>, value: Value) -> Result<Row, Problem> {
    match value {
        Value::Mapping(values) => Ok(Row { number, at, values }),
        _ => Err(bad(path, at, format!("row {number} is not a mapping of names to values"))),
    }
}

/// All rows, or all problems.
fn gather(rows: impl Iterator<Item = Result<Row, Problem>>) -> Result<Vec<Row>, Vec<Problem>> {
    let mut good = Vec::new();
    let mut problems = Vec::new();
    for row in rows {
        match row {
            Ok(row) => good.push(row),
            Err(problem) => problems.push(problem),
        }
    }
    if problems.is_empty() { Ok(good) } else { Err(problems) }
}
