//! Moves values from one manifest into another one. Never changes anything else, and never makes a place that is not
//! there.

use lockstep_yaml::{Lookup, NodeId, Op, Path, Place, Stream};

use crate::documents::{self, pairs};
use crate::plan::Move;
use crate::problem::{Code, Problem};

/// A file that is promoted to another one.
#[derive(Clone, Copy, Debug)]
pub struct Pair<'a> {
    /// The file that it comes from, and its content.
    pub from: (&'a str, &'a [u8]),
    /// The file that it goes to, and its content.
    pub to: (&'a str, &'a [u8]),
}

/// What a pair comes to.
#[derive(Debug, Default)]
pub struct Moved {
    /// The new content, if it differs.
    pub content: Option<Vec<u8>>,
    /// The values that changed.
    pub moves: Vec<Move>,
    /// What is to stand there, by path, also what stands there already.
    pub wanted: Vec<(String, String)>,
    /// Which of the paths were found in `from`.
    pub found: Vec<bool>,
    /// What is not promoted since the other manifest does not have the document, a sentence each.
    pub left: Vec<String>,
}

/// Moves the values at these paths.
///
/// # Errors
/// A manifest cannot be read or changed, or the place is not there, or is several.
pub fn promote(pair: Pair<'_>, paths: &[Path]) -> Result<Moved, Problem> {
    let ((from_file, from), (to_file, to)) = (pair.from, pair.to);
    let from = Stream::open(from).map_err(|refusal| Problem::refusal(from_file, &refusal))?;
    let to = Stream::open(to).map_err(|refusal| Problem::refusal(to_file, &refusal))?;
    let mut moved = Moved { found: vec![false; paths.len()], ..Moved::default() };
    let mut ops = Vec::new();
    let documents = pairs((&from, &to), to_file)?;
    for document in documents.alone {
        let name = documents::name(&from, document);
        let has = paths.iter().filter(|path| has(&from, document, path));
        moved.left.extend(has.map(|path| {
            format!("{from_file}: `{path}` of {name} is not promoted: {to_file} has no such document")
        }));
    }
    for (source, target) in documents.pairs {
        for (path, found) in paths.iter().zip(&mut moved.found) {
            let Some(node) = one(&from, source, path, from_file)? else { continue };
            *found = true;
            let value =
                from.value(from.resolve(node)).map_err(|refusal| Problem::refusal(from_file, &refusal))?;
            let Some(place) = one(&to, target, path, to_file)? else {
                let line = to.position(target).line;
                let message = format!("{to_file}: there is no `{path}`, which {from_file} has");
                let hint = "put the value there once; what is not there is not made";
                return Err(Problem::new(Code::NoMatch, message).hint(hint).at(to_file, Some(line)));
            };
            moved.wanted.push((path.to_string(), format!("{value:?}")));
            if !to.has(place, &value) {
                ops.push(Op::Set { node: place, value });
            }
        }
    }
    finish(&to, &ops, to_file, moved)
}

/// The new content of `to`: that of `from`, with the values at these paths as they are in `to`.
///
/// # Errors
/// A manifest cannot be read or changed, or a path means several places.
pub fn replace(pair: Pair<'_>, keep: &[Path]) -> Result<Vec<u8>, Problem> {
    let ((from_file, from_content), (to_file, to)) = (pair.from, pair.to);
    if keep.is_empty() {
        return Ok(from_content.to_vec());
    }
    let from = Stream::open(from_content).map_err(|refusal| Problem::refusal(from_file, &refusal))?;
    let to = Stream::open(to).map_err(|refusal| Problem::refusal(to_file, &refusal))?;
    let mut ops = Vec::new();
    for (source, target) in pairs((&from, &to), to_file)?.pairs {
        for path in keep {
            let Some(node) = one(&to, target, path, to_file)? else { continue };
            let value = to.value(to.resolve(node)).map_err(|refusal| Problem::refusal(to_file, &refusal))?;
            let lookup = Lookup { create: true, ..Lookup::default() };
            for place in from.find(source, path, lookup) {
                match place.map_err(|refusal| Problem::refusal(from_file, &refusal))? {
                    Place::Node(node) if from.has(node, &value) => {}
                    Place::Node(node) => ops.push(Op::Set { node, value: value.clone() }),
                    Place::Missing { within, keys } => {
                        ops.push(Op::Create { within, keys, value: value.clone() })
                    }
                    Place::Merged { within, key, .. } => {
                        ops.push(Op::Create { within, keys: vec![key], value: value.clone() });
                    }
                    Place::Shared { .. } => {}
                }
            }
        }
    }
    let edited = from.edit(&ops).map_err(|refusal| Problem::refusal(from_file, &refusal))?;
    Ok(edited.text.map_or_else(|| from_content.to_vec(), String::into_bytes))
}

fn finish(to: &Stream<'_>, ops: &[Op], file: &str, mut moved: Moved) -> Result<Moved, Problem> {
    let edited = to.edit(ops).map_err(|refusal| Problem::refusal(file, &refusal))?;
    moved.content = edited.text.map(String::into_bytes);
    moved.moves = edited
        .changes
        .into_iter()
        .map(|change| Move {
            file: file.to_owned(),
            path: change.path,
            before: change.from.unwrap_or_default(),
            after: change.to.unwrap_or_default(),
            line: Some(change.at.line),
        })
        .collect();
    Ok(moved)
}

/// What is not promoted of a manifest that the target does not have, a sentence each. One that cannot be read has nothing
/// to promote.
#[must_use]
pub fn left((file, content): (&str, &[u8]), target: &str, paths: &[Path]) -> Vec<String> {
    let Ok(stream) = Stream::open(content) else { return Vec::new() };
    let any = |path: &&Path| stream.documents().iter().any(|document| has(&stream, *document, path));
    let sentence = |path: &Path| format!("{file}: `{path}` is not promoted: `{target}` has no such file");
    paths.iter().filter(any).map(sentence).collect()
}

fn has(stream: &Stream<'_>, document: NodeId, path: &Path) -> bool {
    let is = |place| matches!(place, Ok(Place::Node(_) | Place::Merged { .. }));
    stream.find(document, path, Lookup::default()).into_iter().any(is)
}

/// The one place in a document that a path means, if it is there.
fn one(stream: &Stream<'_>, document: NodeId, path: &Path, file: &str) -> Result<Option<NodeId>, Problem> {
    let mut nodes = Vec::new();
    for place in stream.find(document, path, Lookup::default()) {
        match place.map_err(|refusal| Problem::refusal(file, &refusal))? {
            Place::Node(node) => nodes.push(node),
            Place::Merged { within, key, value } => {
                return Err(Problem::refusal(file, &stream.refuse_merge(within, &key, value)));
            }
            Place::Missing { .. } | Place::Shared { .. } => {}
        }
    }
    match nodes.as_slice() {
        [] => Ok(None),
        [only] => Ok(Some(*only)),
        [_, second, ..] => {
            let line = stream.position(*second).line;
            let message = format!("{file}: `{path}` means {} places in one document", nodes.len());
            let hint = "say which one, for example with `[name=web]`";
            Err(Problem::new(Code::NoMatch, message).hint(hint).at(file, Some(line)))
        }
    }
}

/// Whether a file of this name can hold values.
#[must_use]
pub fn is_manifest(path: &str) -> bool {
    [".yaml", ".yml", ".json"].iter().any(|end| path.ends_with(end))
}
