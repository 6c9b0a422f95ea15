//! The input `changes`: files with paths and values, in the form of the action yaml-update-action.

use lockstep_yaml::{NodeId, Path, Segment, Stream, Value};

use super::document::{self, bad};
use crate::edit::{Action, Edit};
use crate::failure::Error;

/// The end of a path that adds an item to a list, in that action.
const APPEND: &str = "[(@.length)]";

/// Reads the map. A blank text has no edits.
pub(crate) fn read(text: &str) -> Vec<Result<Edit, Error>> {
    if text.trim().is_empty() {
        return Vec::new();
    }
    let (stream, root) = match document::open("changes", text) {
        Ok(opened) => opened,
        Err(error) => return vec![Err(error)],
    };
    let mut reader = Reader { stream: &stream, edits: Vec::new(), places: Vec::new() };
    for (number, &(key, value)) in (1..).zip(stream.pairs(root)) {
        reader.entry(number, key, value);
    }
    if reader.edits.is_empty() {
        let hint = "write `{\"FILE\": {\"PATH\": \"VALUE\"}}`, or `{\"PATH\": \"VALUE\"}` for all files";
        return vec![Err(bad("changes", "it is not a map of changes").hint(hint))];
    }
    reader.edits
}

struct Reader<'a> {
    stream: &'a Stream<'a>,
    edits: Vec<Result<Edit, Error>>,
    /// The files and paths so far.
    places: Vec<(Option<String>, Path)>,
}

impl Reader<'_> {
    /// Reads a file with its changes, or one change for all files.
    fn entry(&mut self, number: usize, key: NodeId, value: NodeId) {
        let part = format!("changes entry {number}");
        let name = match document::string(self.stream, key, &part) {
            Ok(name) => name,
            Err(error) => return self.edits.push(Err(error)),
        };
        let part = format!("{part} (`{name}`)");
        let inner = self.stream.pairs(value);
        if inner.is_empty() {
            return match document::value(self.stream, value, &part) {
                Ok(Value::Mapping(_)) => self.edits.push(Err(bad(&part, "the file has no changes"))),
                Ok(Value::Null) => {
                    let message = "neither the changes of a file nor a value";
                    let hint = "write a null value below the name of its file";
                    self.edits.push(Err(bad(&part, message).hint(hint)));
                }
                Ok(value) => self.change(&part, None, &name, value),
                Err(error) => self.edits.push(Err(error)),
            };
        }
        let file = normalize(&name);
        for &(path, value) in inner {
            let read = document::string(self.stream, path, &part).and_then(|path| {
                let part = format!("{part}, `{path}`");
                Ok((document::value(self.stream, value, &part)?, path, part))
            });
            match read {
                Ok((value, path, part)) => self.change(&part, Some(file), &path, value),
                Err(error) => self.edits.push(Err(error)),
            }
        }
    }

    fn change(&mut self, part: &str, file: Option<&str>, text: &str, value: Value) {
        let edit = path(text).map_err(|error| bad(part, error)).and_then(|(path, append)| {
            let place = (file.map(str::to_owned), path);
            if self.places.contains(&place) {
                return Err(bad(part, "an entry before it has the same place"));
            }
            self.places.push(place.clone());
            let (file, path) = place;
            let action = |path, value| {
                if append { Action::Append(path, value) } else { document::set(path, value) }
            };
            let document = match path.segments() {
                [Segment::Index(index), inner @ ..] if !inner.is_empty() => {
                    Some((*index, action(Path::of(inner.to_vec()), value.clone())))
                }
                _ => None,
            };
            Ok(Edit { label: format!("changes {text}"), action: action(path, value), file, document })
        });
        self.edits.push(edit);
    }
}

/// The path as `files` returns it.
fn normalize(name: &str) -> &str {
    name.trim_start_matches("./")
}

/// Reads a path, and whether it adds an item to the end of a list.
fn path(text: &str) -> Result<(Path, bool), String> {
    let (list, append) = match text.strip_suffix(APPEND) {
        Some(list) => (list, true),
        None => (text, false),
    };
    let dotted = match list.strip_prefix('$') {
        Some(rest) if rest.is_empty() || rest.starts_with(['.', '[']) => rest,
        _ => list,
    };
    if dotted.is_empty() {
        return Err("the step cannot replace a whole document".into());
    }
    let path = Path::parse(dotted).map_err(|error| error.to_string())?;
    let every =
        |segment: &Segment| matches!(segment, Segment::Wildcard) || *segment == Segment::Key("*".into());
    if path.segments().iter().any(every) {
        return Err(
            "`*` means the first item in JSONPath: write the key or the index, or use `set` with `[]` for \
                    every item"
                .into(),
        );
    }
    Ok((path, append))
}
