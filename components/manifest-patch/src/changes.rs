//! The input `changes`: files with their paths and values, as the action yaml-update-action takes them. Never looks at
//! a file.

use lockstep_yaml::{NodeId, Path, Segment, Stream, Value};

use crate::document::{self, bad};
use crate::problem::Problem;
use crate::request::{Action, Edit};

/// Behind a path of that action: a new item at the end of the list.
const END: &str = "[(@.length)]";

/// Reads the map. A blank text is none.
pub(crate) fn read(text: &str) -> Vec<Result<Edit, Problem>> {
    if text.trim().is_empty() {
        return Vec::new();
    }
    let (stream, root) = match document::open("changes", text) {
        Ok(opened) => opened,
        Err(problem) => return vec![Err(problem)],
    };
    let mut reader = Reader { stream: &stream, read: Vec::new(), before: Vec::new() };
    for (number, &(key, value)) in (1..).zip(stream.pairs(root)) {
        reader.entry(number, key, value);
    }
    if reader.read.is_empty() {
        let hint = "write `{\"FILE\": {\"PATH\": \"VALUE\"}}`, or `{\"PATH\": \"VALUE\"}` for all files";
        return vec![Err(bad("changes", "it is not a map of changes").hint(hint))];
    }
    reader.read
}

struct Reader<'a> {
    stream: &'a Stream<'a>,
    read: Vec<Result<Edit, Problem>>,
    /// The files and paths that were there before.
    before: Vec<(Option<String>, Path)>,
}

impl Reader<'_> {
    /// A file with its changes, or one change for all files.
    fn entry(&mut self, number: usize, key: NodeId, value: NodeId) {
        let what = format!("changes entry {number}");
        let name = match document::string(self.stream, key, &what) {
            Ok(name) => name,
            Err(problem) => return self.read.push(Err(problem)),
        };
        let what = format!("{what} (`{name}`)");
        let inner = self.stream.pairs(value);
        if inner.is_empty() {
            return match document::value(self.stream, value, &what) {
                Ok(Value::Mapping(_)) => self.read.push(Err(bad(&what, "the file has no changes"))),
                Ok(Value::Null) => {
                    let problem = "neither the changes of a file nor a value";
                    let hint = "a value that is null stands under its file";
                    self.read.push(Err(bad(&what, problem).hint(hint)));
                }
                Ok(value) => self.change(&what, None, &name, value),
                Err(problem) => self.read.push(Err(problem)),
            };
        }
        let file = plain(&name);
        for &(path, value) in inner {
            let read = document::string(self.stream, path, &what).and_then(|path| {
                let what = format!("{what}, `{path}`");
                Ok((document::value(self.stream, value, &what)?, path, what))
            });
            match read {
                Ok((value, path, what)) => self.change(&what, Some(file), &path, value),
                Err(problem) => self.read.push(Err(problem)),
            }
        }
    }

    fn change(&mut self, what: &str, file: Option<&str>, text: &str, value: Value) {
        let edit = path(text).map_err(|problem| bad(what, problem)).and_then(|(path, append)| {
            let place = (file.map(str::to_owned), path);
            if self.before.contains(&place) {
                return Err(bad(what, "the same place stands here twice"));
            }
            self.before.push(place.clone());
            let (file, path) = place;
            let action = |path, value| {
                if append { Action::Append(path, value) } else { document::set(path, value) }
            };
            let nth = match path.segments() {
                [Segment::Index(nth), inner @ ..] if !inner.is_empty() => {
                    Some((*nth, action(Path::of(inner.to_vec()), value.clone())))
                }
                _ => None,
            };
            Ok(Edit { label: format!("changes {text}"), action: action(path, value), file, nth })
        });
        self.read.push(edit);
    }
}

/// The file as `files` finds it.
fn plain(name: &str) -> &str {
    name.trim_start_matches("./")
}

/// Reads a path, and whether it means a new item at the end of a list.
fn path(text: &str) -> Result<(Path, bool), String> {
    let (list, append) = match text.strip_suffix(END) {
        Some(list) => (list, true),
        None => (text, false),
    };
    let dotted = match list.strip_prefix('$') {
        Some(rest) if rest.is_empty() || rest.starts_with(['.', '[']) => rest,
        _ => list,
    };
    if dotted.is_empty() {
        return Err("a document as a whole cannot be changed".into());
    }
    let path = Path::parse(dotted).map_err(|bad| bad.to_string())?;
    let every = |segment: &Segment| matches!(segment, Segment::Each) || *segment == Segment::Key("*".into());
    if path.segments().iter().any(every) {
        return Err(
            "`*` would mean the first one in JSONPath: name the key or the index; `set` takes `[]` for \
                    every item"
                .into(),
        );
    }
    Ok((path, append))
}
