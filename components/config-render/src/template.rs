//! A template: a YAML or JSON file whose scalars have placeholders. The step parses it once and renders it for each row. It
//! sets the values in the parsed tree; the YAML library parses each result again and compares it with that tree.

use std::collections::BTreeMap;

use lockstep_yaml::{NodeId, Op, Position, Refusal, RefusalReason, ScalarStyle, Stream, Value};
use serde::de::IgnoredAny;

use crate::failure::{self, Code, Error};
use crate::format::Format;
use crate::placeholder::{self, Piece, PlaceholderError};
use crate::rows::Row;
use crate::scalar;

/// A parsed template.
#[derive(Debug)]
pub struct Template<'a> {
    path: &'a str,
    text: &'a str,
    format: Format,
    stream: Stream<'a>,
    slots: Vec<Slot>,
}

/// A scalar with placeholders or escaped placeholders.
#[derive(Debug)]
struct Slot {
    node: NodeId,
    /// Whether it is the key of `node`.
    is_key: bool,
    /// Whether the scalar is one placeholder without quotes, which takes a value of any type.
    typed: bool,
    pieces: Vec<Piece>,
    at: Position,
}

impl<'a> Template<'a> {
    /// Parses a template.
    ///
    /// # Errors
    /// Every error in it.
    pub fn read(path: &'a str, bytes: &'a [u8]) -> Result<Self, Vec<Error>> {
        let error = |message: String| failure::at(Error::new(Code::BadTemplate, message), path, None);
        let Some(format) = Format::of(path) else {
            let error = error("invalid extension: expected one of `.yaml`, `.yml`, `.json`".into());
            return Err(vec![error.hint("put the text into a YAML file, for example as a ConfigMap")]);
        };
        let refused = |refusal| vec![failure::refused(Code::BadTemplate, path, &refusal)];
        let stream = Stream::open(bytes).map_err(refused)?;
        let text = str::from_utf8(bytes).unwrap_or_default();
        if format == Format::Json
            && let Err(cause) = serde_json::from_str::<IgnoredAny>(text)
        {
            let hint = "in JSON, write placeholders in quotes: `\"((name))\"`";
            return Err(vec![error(format!("not JSON: {cause}")).hint(hint)]);
        }
        let mut errors = Vec::new();
        let slots = slots(&stream, format, &mut |error, at| errors.push(placeholder_error(path, error, at)));
        if errors.is_empty() { Ok(Self { path, text, format, stream, slots }) } else { Err(errors) }
    }

    /// Its path.
    #[must_use]
    pub fn path(&self) -> &'a str {
        self.path
    }

    /// The format of the template and of the files that it renders.
    #[must_use]
    pub fn format(&self) -> Format {
        self.format
    }

    /// The names of its placeholders, each with its first position.
    #[must_use]
    pub fn names(&self) -> BTreeMap<&str, Position> {
        let mut names = BTreeMap::new();
        for slot in &self.slots {
            for piece in &slot.pieces {
                if let Piece::Placeholder(name) = piece {
                    names.entry(name.as_str()).or_insert(slot.at);
                }
            }
        }
        names
    }

    /// The file of a row that has all names, not verified: good enough to see that a file has this content already.
    ///
    /// # Errors
    /// The value that a placeholder cannot take.
    pub fn draft(&self, row: &Row) -> Result<String, Error> {
        self.stream.edit_unverified(&self.ops(row)?).map_err(|refusal| self.refused(row, &refusal))
    }

    /// The verified file of a row that has all names.
    ///
    /// # Errors
    /// The value that a placeholder cannot take.
    pub fn render(&self, row: &Row) -> Result<String, Error> {
        let edited = self.stream.edit(&self.ops(row)?).map_err(|refusal| self.refused(row, &refusal))?;
        let text = edited.text.unwrap_or_else(|| self.text.to_owned());
        if self.format == Format::Json
            && let Err(error) = serde_json::from_str::<IgnoredAny>(&text)
        {
            let message = format!("row {}: the file would not be JSON: {error}", row.number);
            let hint = "put the list with the placeholder into an object";
            return Err(failure::at(Error::new(Code::BadValue, message).hint(hint), self.path, None));
        }
        Ok(text)
    }

    fn ops(&self, row: &Row) -> Result<Vec<Op>, Error> {
        self.slots.iter().map(|slot| self.op(slot, row)).collect()
    }

    fn op(&self, slot: &Slot, row: &Row) -> Result<Op, Error> {
        let node = slot.node;
        if let ([Piece::Placeholder(name)], true) = (slot.pieces.as_slice(), slot.typed) {
            return Ok(Op::Set { node, value: row.get(name).cloned().unwrap_or(Value::Null) });
        }
        let mut text = String::new();
        for piece in &slot.pieces {
            match piece {
                Piece::Text(literal) => text.push_str(literal),
                Piece::Placeholder(name) => {
                    let value = row.get(name).unwrap_or(&Value::Null);
                    text.push_str(&scalar::text(value).map_err(|kind| self.not_text(slot, row, name, kind))?);
                }
            }
        }
        Ok(match slot.is_key {
            true => Op::Rename { node, key: text },
            false => Op::Set { node, value: Value::String(text) },
        })
    }

    fn not_text(&self, slot: &Slot, row: &Row, name: &str, kind: &str) -> Error {
        let single = slot.pieces.len() == 1;
        let place = match (slot.is_key, single) {
            (true, _) => "is a key or a part of one",
            (false, true) => "is in quotes or in a block",
            (false, false) => "is a part of a text",
        };
        let number = row.number;
        let message =
            format!("row {number}: `{name}` is {kind}, and its placeholder {place}, which takes only text");
        let hint = match (self.format, slot.is_key, single) {
            (Format::Yaml, false, true) => {
                format!("write `(({name}))` without quotes, or give row {number} a text")
            }
            _ => format!("give row {number} a text, or `(({name}))` a value of its own"),
        };
        failure::at(Error::new(Code::BadValue, message).hint(hint), self.path, Some(slot.at))
    }

    fn refused(&self, row: &Row, refusal: &Refusal) -> Error {
        let error = failure::refused(Code::BadValue, self.path, refusal);
        let message = format!("row {}: {}", row.number, error.message);
        let hint = match &refusal.reason {
            RefusalReason::Unproven { .. } | RefusalReason::Unsupported(_) => {
                "write the placeholder in double quotes, which can hold every text"
            }
            RefusalReason::DuplicateKey { .. } => {
                "two keys would have the same name; give the row another value"
            }
            _ => return Error { message, ..error },
        };
        Error { message, hint: Some(hint.into()), ..error }
    }
}

/// The scalars with placeholders. Placeholders in comments have no effect.
fn slots(
    stream: &Stream<'_>,
    format: Format,
    report: &mut impl FnMut(PlaceholderError, Position),
) -> Vec<Slot> {
    for (name, at) in stream.anchors_and_tags() {
        if !matches!(placeholder::split(name), Ok(None)) {
            let message = "an anchor or a tag cannot contain a placeholder";
            let hint = "write the name itself".into();
            report(PlaceholderError { text: name.to_owned(), message, hint }, at);
        }
    }
    let typed_form = match format {
        Format::Yaml => ScalarStyle::Plain,
        Format::Json => ScalarStyle::DoubleQuoted,
    };
    let mut slots = Vec::new();
    for scalar in stream.scalars() {
        match placeholder::split(scalar.text) {
            Ok(None) => {}
            Ok(Some(pieces)) => {
                let one = matches!(pieces.as_slice(), [Piece::Placeholder(_)]);
                let typed = one && !scalar.is_key && scalar.style == typed_form;
                let (node, is_key, at) = (scalar.node, scalar.is_key, scalar.at);
                slots.push(Slot { node, is_key, typed, pieces, at });
            }
            Err(error) => report(error, scalar.at),
        }
    }
    slots
}

fn placeholder_error(path: &str, error: PlaceholderError, at: Position) -> Error {
    let message = format!("invalid placeholder `{}`: {}", error.text, error.message);
    failure::at(Error::new(Code::BadTemplate, message).hint(error.hint), path, Some(at))
}
