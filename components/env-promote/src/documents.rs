//! Finds which document of a manifest is which of another one. Never reads what else stands in them.

use lockstep_yaml::{NodeId, Path, Stream};

use crate::problem::{Code, Problem};

/// What tells objects apart. <https://kubernetes.io/docs/concepts/overview/working-with-objects/>
const IDENTITY: [&str; 3] = [".kind", ".metadata.name", ".metadata.namespace"];

/// Documents of one manifest and of another one.
#[derive(Debug, Default)]
pub struct Documents {
    /// Each with that of the other manifest which is the same object.
    pub pairs: Vec<(NodeId, NodeId)>,
    /// Those that the other manifest does not have.
    pub alone: Vec<NodeId>,
}

/// The documents of `one`, each with that of `other` that is the same object: the only ones of both, or those that have
/// the same kind and name.
///
/// # Errors
/// Several could be meant.
pub fn pairs((one, other): (&Stream<'_>, &Stream<'_>), file: &str) -> Result<Documents, Problem> {
    let present = |stream: &Stream<'_>| -> Vec<NodeId> {
        stream.documents().iter().copied().filter(|document| !stream.is_absent(*document)).collect()
    };
    let (own, others) = (present(one), present(other));
    if let ([own], [other]) = (own.as_slice(), others.as_slice()) {
        return Ok(Documents { pairs: vec![(*own, *other)], alone: Vec::new() });
    }
    let mut documents = Documents::default();
    for document in &own {
        let name = identity(one, *document);
        // An environment may have a namespace of its own; it counts only where kind and name are those of several.
        let alike = |parts: usize| {
            let is = |stream: &Stream<'_>, document: &&NodeId| {
                identity(stream, **document)[..parts] == name[..parts]
            };
            let same: Vec<_> = others.iter().copied().filter(|document| is(other, &document)).collect();
            (own.iter().filter(|document| is(one, document)).count(), same)
        };
        match (alike(IDENTITY.len() - 1), alike(IDENTITY.len())) {
            ((1, same), _) | (_, (1, same)) if same.len() == 1 => {
                documents.pairs.push((*document, same[0]));
            }
            (_, (_, same)) if same.is_empty() => documents.alone.push(*document),
            (_, (_, same)) => {
                let line = other.position(same[0]).line;
                let message = format!(
                    "{file}: which document is which cannot be told: several are `{}`",
                    name.join(" ")
                );
                let hint = "give each document of the file a kind and a name of its own";
                return Err(Problem::new(Code::NoMatch, message).hint(hint).at(file, Some(line)));
            }
        }
    }
    Ok(documents)
}

/// What a document is called: its kind and name.
#[must_use]
pub fn name(stream: &Stream<'_>, document: NodeId) -> String {
    let [kind, name, ..] = identity(stream, document);
    format!("{kind} {name}").trim().to_owned()
}

/// Kind, name and namespace.
fn identity(stream: &Stream<'_>, document: NodeId) -> [String; IDENTITY.len()] {
    let read = |path: &str| {
        let path = Path::parse(path).ok()?;
        stream.read(document, &path).first().map(|text| (*text).to_owned())
    };
    IDENTITY.map(|path| read(path).unwrap_or_default())
}
