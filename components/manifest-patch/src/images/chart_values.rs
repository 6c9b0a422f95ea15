//! Images in the values of charts, with the keys `registry`, `repository`, `tag` and `digest`. Changes no other key.

use lockstep_yaml::{AliasMode, NodeId, Refusal, RefusalReason, Stream};

use super::fields::{self, put};
use super::reference::{ImageEdit, Part, Reference};
use crate::matches::Matches;
use crate::place_edit::PlaceEdit;

/// A mapping with the parts of the image, and the new texts of its keys.
struct ImageMapping {
    mapping: NodeId,
    texts: Result<Vec<(&'static str, String)>, Refusal>,
}

/// The mappings of a document with the parts of the image, each with its edits. Only `create` adds a missing `digest`.
pub(super) fn matches(
    stream: &Stream<'_>,
    document: NodeId,
    edit: &ImageEdit,
    alias: AliasMode,
    create: bool,
) -> Matches {
    // Most documents have none: this saves the search through all mappings.
    if stream.values_of(document, "repository").is_empty() {
        return Matches::new();
    }
    let images: Vec<NodeId> =
        stream.values_of(document, "image").into_iter().map(|node| stream.resolve(node)).collect();
    let mappings: Vec<ImageMapping> = stream
        .mappings(document)
        .into_iter()
        .filter_map(|mapping| {
            let old = reference(stream, mapping)?;
            let new = edit.change(&old)?;
            if !images.contains(&mapping) && !is_image(stream, mapping) {
                return None;
            }
            Some(ImageMapping { mapping, texts: texts(stream, mapping, edit, (&old, &new), create) })
        })
        .collect();
    let assigned = assigned(stream, &mappings);
    let change = |ImageMapping { mapping, texts }: ImageMapping| {
        PlaceEdit::join(texts?.into_iter().map(|text| put(stream, mapping, text, alias, &assigned)))
    };
    mappings.into_iter().map(change).collect()
}

/// Whether a mapping with `repository` describes an image, and not a repository of charts or sources.
fn is_image(stream: &Stream<'_>, mapping: NodeId) -> bool {
    ["registry", "tag", "digest"].iter().any(|key| fields::resolved(stream, mapping, key).is_some())
}

/// The image that the keys describe: `registry/repository:tag@digest`.
fn reference(stream: &Stream<'_>, mapping: NodeId) -> Option<Reference> {
    let text = |key| fields::text(stream, mapping, key);
    let repository = text("repository")?;
    Some(Reference {
        repository: match text("registry") {
            Some(registry) => format!("{registry}/{repository}"),
            None => repository,
        },
        tag: text("tag"),
        digest: text("digest"),
    })
}

/// The new texts of the keys. A removed part becomes an empty text, which charts treat as none.
fn texts(
    stream: &Stream<'_>,
    mapping: NodeId,
    edit: &ImageEdit,
    (old, new): (&Reference, &Reference),
    create: bool,
) -> Result<Vec<(&'static str, String)>, Refusal> {
    let refuse = |problem: String| Err(RefusalReason::Unsupported(problem).at(stream.position(mapping)));
    let path = stream.path(mapping);
    let (sets_tag, sets_digest) = (matches!(edit.tag, Part::Set(_)), matches!(edit.digest, Part::Set(_)));
    let joined = old.tag.as_ref().is_some_and(|tag| tag.contains('@'));
    if joined && (sets_digest || sets_tag && edit.digest == Part::Keep) {
        return refuse(format!("`{path}.tag` holds a digest too: give a tag alone, or move it to `digest`"));
    }
    if sets_digest && !create && fields::resolved(stream, mapping, "digest").is_none() {
        return refuse(format!(
            "`{path}` has no key `digest`, which its chart may not know: add `digest: \"\"`, or use `create`"
        ));
    }
    let mut texts = Vec::new();
    if matches!(edit.new_name, Part::Set(_)) {
        match split_name(fields::text(stream, mapping, "registry").as_deref(), &new.repository) {
            Some((registry, repository)) => {
                texts.extend(registry.map(|registry| ("registry", registry.to_owned())));
                texts.push(("repository", repository.to_owned()));
            }
            None => {
                let name = &new.repository;
                return refuse(format!("`{path}.registry` needs a registry, such as in `docker.io/{name}`"));
            }
        }
    }
    for (key, sets, old, new) in
        [("tag", sets_tag, &old.tag, &new.tag), ("digest", sets_digest, &old.digest, &new.digest)]
    {
        match (old, new) {
            (_, Some(new)) if sets => texts.push((key, new.clone())),
            (Some(_), None) => texts.push((key, String::new())),
            _ => {}
        }
    }
    Ok(texts)
}

/// Splits a new name into registry and repository, if the mapping has a registry. `None` if the name has no registry then.
fn split_name<'a>(registry: Option<&str>, name: &'a str) -> Option<(Option<&'a str>, &'a str)> {
    let Some(old) = registry else { return Some((None, name)) };
    if name.strip_prefix(old).is_some_and(|rest| rest.starts_with('/')) {
        let (registry, repository) = name.split_at(old.len());
        return Some((Some(registry), &repository[1..]));
    }
    let (host, repository) = name.split_once('/')?;
    // Docker has the same rule for hosts.
    let is_host = host.contains(['.', ':']) || host == "localhost";
    is_host.then_some((Some(host), repository))
}

/// The nodes that get a new text themselves.
fn assigned(stream: &Stream<'_>, mappings: &[ImageMapping]) -> Vec<(NodeId, String)> {
    let texts = mappings.iter().filter_map(|image| Some((image.mapping, image.texts.as_ref().ok()?)));
    let own = texts.flat_map(|(mapping, texts)| {
        texts.iter().filter_map(move |(key, text)| Some((stream.get(mapping, key)?, text.clone())))
    });
    own.filter(|&(node, _)| stream.resolve(node) == node).collect()
}
