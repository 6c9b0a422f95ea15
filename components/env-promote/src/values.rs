//! Copies values from one manifest to another one. Never changes anything else, and never creates a place for a picked value.

use lockstep_yaml::{FindOptions, NodeId, Op, Path, PathMatch, Stream};

use crate::Promotion;
use crate::documents::{self, pairs};
use crate::failure::{Code, Error, manifest_error};

/// A changed value, or a changed file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ValueChange {
    /// The file.
    pub file: String,
    /// The path of the value; empty for a whole file.
    pub path: String,
    /// The old value; for a whole file the id of its blob.
    pub before: String,
    /// The new value; for a whole file the id of its blob.
    pub after: String,
    /// The line of the value.
    pub line: Option<u32>,
}

impl From<&ValueChange> for Promotion {
    fn from(ValueChange { file, path, before, after, .. }: &ValueChange) -> Self {
        Self { file: file.clone(), path: path.clone(), before: before.clone(), after: after.clone() }
    }
}

/// A file and the file that it is promoted to.
#[derive(Clone, Copy, Debug)]
pub struct FilePair<'a> {
    /// The path and the content of the promoted file.
    pub from: (&'a str, &'a [u8]),
    /// The path and the content of the target.
    pub to: (&'a str, &'a [u8]),
}

/// How a target changes.
#[derive(Debug, Default)]
pub struct FileEdit {
    /// The new content, if it differs.
    pub content: Option<Vec<u8>>,
    /// The changed values.
    pub changes: Vec<ValueChange>,
    /// The promoted values by path, also the unchanged ones.
    pub promoted: Vec<(String, String)>,
    /// For each path, whether the promoted file has it.
    pub matched: Vec<bool>,
    /// One sentence per value that the step skips, because the target does not have its document.
    pub skipped: Vec<String>,
}

/// Copies the values at these paths.
///
/// # Errors
/// A manifest cannot be read or changed, the target does not have the path, or a path matches several places.
pub fn promote(pair: FilePair<'_>, paths: &[Path]) -> Result<FileEdit, Error> {
    let ((from_file, from), (to_file, to)) = (pair.from, pair.to);
    let from = Stream::open(from).map_err(|refusal| manifest_error(from_file, &refusal))?;
    let to = Stream::open(to).map_err(|refusal| manifest_error(to_file, &refusal))?;
    let mut edit = FileEdit { matched: vec![false; paths.len()], ..FileEdit::default() };
    let mut ops = Vec::new();
    let documents = pairs((&from, &to), to_file)?;
    for document in documents.unmatched {
        let name = documents::name(&from, document);
        let present = paths.iter().filter(|path| has(&from, document, path));
        edit.skipped.extend(present.map(|path| {
            format!("{from_file}: `{path}` of {name} is not promoted: {to_file} has no such document")
        }));
    }
    for (source, target) in documents.pairs {
        for (path, matched) in paths.iter().zip(&mut edit.matched) {
            let Some(node) = find_one(&from, source, path, from_file)? else { continue };
            *matched = true;
            let value =
                from.value(from.resolve(node)).map_err(|refusal| manifest_error(from_file, &refusal))?;
            let Some(place) = find_one(&to, target, path, to_file)? else {
                let line = to.position(target).line;
                let message = format!("{to_file}: there is no `{path}`, which {from_file} has");
                let hint = "add the value to the file once; the step does not create places";
                return Err(Error::new(Code::NoMatch, message).hint(hint).at(to_file, Some(line)));
            };
            edit.promoted.push((path.to_string(), format!("{value:?}")));
            if !to.has(place, &value) {
                ops.push(Op::Set { node: place, value });
            }
        }
    }
    apply(&to, &ops, to_file, edit)
}

/// The new content of the target: that of the promoted file, with the target's values at these paths.
///
/// # Errors
/// A manifest cannot be read or changed, or a path matches several places.
pub fn replace(pair: FilePair<'_>, keep: &[Path]) -> Result<Vec<u8>, Error> {
    let ((from_file, from_content), (to_file, to)) = (pair.from, pair.to);
    if keep.is_empty() {
        return Ok(from_content.to_vec());
    }
    let from = Stream::open(from_content).map_err(|refusal| manifest_error(from_file, &refusal))?;
    let to = Stream::open(to).map_err(|refusal| manifest_error(to_file, &refusal))?;
    let mut ops = Vec::new();
    for (source, target) in pairs((&from, &to), to_file)?.pairs {
        for path in keep {
            let Some(node) = find_one(&to, target, path, to_file)? else { continue };
            let value = to.value(to.resolve(node)).map_err(|refusal| manifest_error(to_file, &refusal))?;
            let lookup = FindOptions { create: true, ..FindOptions::default() };
            for place in from.find(source, path, lookup) {
                match place.map_err(|refusal| manifest_error(from_file, &refusal))? {
                    PathMatch::Node(node) if from.has(node, &value) => {}
                    PathMatch::Node(node) => ops.push(Op::Set { node, value: value.clone() }),
                    PathMatch::Missing { within, keys } => {
                        ops.push(Op::Create { within, keys, value: value.clone() })
                    }
                    PathMatch::Merged { within, key, .. } => {
                        ops.push(Op::Create { within, keys: vec![key], value: value.clone() });
                    }
                    PathMatch::Shared { .. } => {}
                }
            }
        }
    }
    let edited = from.edit(&ops).map_err(|refusal| manifest_error(from_file, &refusal))?;
    Ok(edited.text.map_or_else(|| from_content.to_vec(), String::into_bytes))
}

fn apply(to: &Stream<'_>, ops: &[Op], file: &str, edit: FileEdit) -> Result<FileEdit, Error> {
    let edited = to.edit(ops).map_err(|refusal| manifest_error(file, &refusal))?;
    let changes = edited.changes.into_iter().map(|change| ValueChange {
        file: file.to_owned(),
        path: change.path,
        before: change.from.unwrap_or_default(),
        after: change.to.unwrap_or_default(),
        line: Some(change.at.line),
    });
    Ok(FileEdit { content: edited.text.map(String::into_bytes), changes: changes.collect(), ..edit })
}

/// One sentence per value of a manifest that the step skips, because the target does not have the file. A manifest that cannot
/// be read has no values.
#[must_use]
pub fn skipped((file, content): (&str, &[u8]), target: &str, paths: &[Path]) -> Vec<String> {
    let Ok(stream) = Stream::open(content) else { return Vec::new() };
    let present = |path: &&Path| stream.documents().iter().any(|document| has(&stream, *document, path));
    let sentence = |path: &Path| format!("{file}: `{path}` is not promoted: `{target}` has no such file");
    paths.iter().filter(present).map(sentence).collect()
}

fn has(stream: &Stream<'_>, document: NodeId, path: &Path) -> bool {
    let exists = |place| matches!(place, Ok(PathMatch::Node(_) | PathMatch::Merged { .. }));
    stream.find(document, path, FindOptions::default()).into_iter().any(exists)
}

/// The place in a document that a path matches, if there is one.
fn find_one(stream: &Stream<'_>, document: NodeId, path: &Path, file: &str) -> Result<Option<NodeId>, Error> {
    let mut nodes = Vec::new();
    for place in stream.find(document, path, FindOptions::default()) {
        match place.map_err(|refusal| manifest_error(file, &refusal))? {
            PathMatch::Node(node) => nodes.push(node),
            PathMatch::Merged { within, key, value } => {
                return Err(manifest_error(file, &stream.refuse_merge(within, &key, value)));
            }
            PathMatch::Missing { .. } | PathMatch::Shared { .. } => {}
        }
    }
    match nodes.as_slice() {
        [] => Ok(None),
        [only] => Ok(Some(*only)),
        [_, second, ..] => {
            let line = stream.position(*second).line;
            let message = format!("{file}: `{path}` matches {} places in one document", nodes.len());
            let hint = "select one of them, for example with `[name=web]`";
            Err(Error::new(Code::NoMatch, message).hint(hint).at(file, Some(line)))
        }
    }
}

/// Whether the name of a file is that of a manifest.
#[must_use]
pub fn is_manifest(path: &str) -> bool {
    [".yaml", ".yml", ".json"].iter().any(|extension| path.ends_with(extension))
}
