//! Matches the documents of two manifests by kind and name. Never reads other values.

use lockstep_yaml::{NodeId, Path, Stream};

use crate::failure::{Code, Error};

/// The values that identify an object. <https://kubernetes.io/docs/concepts/overview/working-with-objects/>
const IDENTITY: [&str; 3] = [".kind", ".metadata.name", ".metadata.namespace"];

/// The documents of the first of two manifests.
#[derive(Debug, Default)]
pub struct Documents {
    /// The documents that both have: in the first manifest, and in the second one.
    pub pairs: Vec<(NodeId, NodeId)>,
    /// The documents that the second one does not have.
    pub unmatched: Vec<NodeId>,
}

/// Matches the documents of `one` with those of `other`. Single documents match; of several, those with the same kind and name
/// do. `file` is the name of `other`.
///
/// # Errors
/// A document matches several.
pub fn pairs((one, other): (&Stream<'_>, &Stream<'_>), file: &str) -> Result<Documents, Error> {
    let present = |stream: &Stream<'_>| -> Vec<NodeId> {
        stream.documents().iter().copied().filter(|document| !stream.is_absent(*document)).collect()
    };
    let (own, others) = (present(one), present(other));
    if let ([own], [other]) = (own.as_slice(), others.as_slice()) {
        return Ok(Documents { pairs: vec![(*own, *other)], unmatched: Vec::new() });
    }
    let mut documents = Documents::default();
    for document in &own {
        let name = identity(one, *document);
        // An environment can have its own namespace, so the namespace counts only if several have this kind and name.
        let matching = |parts: usize| {
            let is_same = |stream: &Stream<'_>, document: &&NodeId| {
                identity(stream, **document)[..parts] == name[..parts]
            };
            let same: Vec<_> = others.iter().copied().filter(|document| is_same(other, &document)).collect();
            (own.iter().filter(|document| is_same(one, document)).count(), same)
        };
        match (matching(IDENTITY.len() - 1), matching(IDENTITY.len())) {
            ((1, same), _) | (_, (1, same)) if same.len() == 1 => {
                documents.pairs.push((*document, same[0]));
            }
            (_, (_, same)) if same.is_empty() => documents.unmatched.push(*document),
            (_, (_, same)) => {
                let line = other.position(same[0]).line;
                let message = format!("{file}: several documents have the identity `{}`", name.join(" "));
                let hint = "give each document of the file its own kind and name";
                return Err(Error::new(Code::NoMatch, message).hint(hint).at(file, Some(line)));
            }
        }
    }
    Ok(documents)
}

/// The kind and the name of a document.
#[must_use]
pub fn name(stream: &Stream<'_>, document: NodeId) -> String {
    let [kind, name, ..] = identity(stream, document);
    format!("{kind} {name}").trim().to_owned()
}

/// Kind, name and namespace.
fn identity(stream: &Stream<'_>, document: NodeId) -> [String; IDENTITY.len()] {
    let read = |path: &str| {
        let path = Path::parse(path).ok()?;
        stream.read_scalars(document, &path).first().map(|text| (*text).to_owned())
    };
    IDENTITY.map(|path| read(path).unwrap_or_default())
}
