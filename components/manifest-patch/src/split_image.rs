//! Images whose parts stand in `registry`, `repository`, `tag` and `digest`, as the values of charts have them. Never
//! touches any other key.

use lockstep_yaml::{Alias, NodeId, Reason, Refusal, Stream};

use crate::apply::Matches;
use crate::image::{ImageEdit, Part, Reference};
use crate::parts::{self, put};
use crate::wanted::Wanted;

/// A mapping that names the image, with the texts that its keys get.
struct Found {
    mapping: NodeId,
    texts: Result<Vec<(&'static str, String)>, Refusal>,
}

/// The mappings in a document that name an image, each with what must change in it. A missing `digest` is only made
/// with `create`.
pub(crate) fn images(
    stream: &Stream<'_>,
    document: NodeId,
    edit: &ImageEdit,
    alias: Alias,
    create: bool,
) -> Matches {
    // Most documents have none, and need no closer look.
    if stream.values_of(document, "repository").is_empty() {
        return Matches::new();
    }
    let images: Vec<NodeId> =
        stream.values_of(document, "image").into_iter().map(|node| stream.resolve(node)).collect();
    let found: Vec<Found> = stream
        .mappings(document)
        .into_iter()
        .filter_map(|mapping| {
            let old = reference(stream, mapping)?;
            let new = edit.change(&old)?;
            if !images.contains(&mapping) && !is_image(stream, mapping) {
                return None;
            }
            Some(Found { mapping, texts: texts(stream, mapping, edit, (&old, &new), create) })
        })
        .collect();
    let settled = settled(stream, &found);
    let change = |Found { mapping, texts }: Found| {
        let wanted = texts?.into_iter().map(|text| put(stream, mapping, text, alias, &settled));
        Wanted::all(wanted)
    };
    found.into_iter().map(change).collect()
}

/// Whether a mapping with a `repository` is about an image, and not about a repository of charts or of sources.
fn is_image(stream: &Stream<'_>, mapping: NodeId) -> bool {
    ["registry", "tag", "digest"].iter().any(|key| parts::seen(stream, mapping, key).is_some())
}

/// The image that the keys name: `registry/repository:tag@digest`.
fn reference(stream: &Stream<'_>, mapping: NodeId) -> Option<Reference> {
    let text = |key| parts::text(stream, mapping, key);
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

/// The texts that the keys get. A part that goes leaves an empty text, which charts take for none.
fn texts(
    stream: &Stream<'_>,
    mapping: NodeId,
    edit: &ImageEdit,
    (old, new): (&Reference, &Reference),
    create: bool,
) -> Result<Vec<(&'static str, String)>, Refusal> {
    let refuse = |problem: String| Err(Reason::Unsupported(problem).at(stream.position(mapping)));
    let path = stream.path(mapping);
    let (sets_tag, sets_digest) = (matches!(edit.tag, Part::Set(_)), matches!(edit.digest, Part::Set(_)));
    let joined = old.tag.as_ref().is_some_and(|tag| tag.contains('@'));
    if joined && (sets_digest || sets_tag && edit.digest == Part::Keep) {
        return refuse(format!("`{path}.tag` holds a digest too: give a tag alone, or move it to `digest`"));
    }
    if sets_digest && !create && parts::seen(stream, mapping, "digest").is_none() {
        return refuse(format!(
            "`{path}` has no key `digest`, which its chart may not know: add `digest: \"\"`, or use `create`"
        ));
    }
    let mut texts = Vec::new();
    if matches!(edit.new_name, Part::Set(_)) {
        match names(parts::text(stream, mapping, "registry").as_deref(), &new.repository) {
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

/// A new name in two keys, if a registry stands apart. `None` if the name has no registry to put there.
fn names<'a>(registry: Option<&str>, name: &'a str) -> Option<(Option<&'a str>, &'a str)> {
    let Some(old) = registry else { return Some((None, name)) };
    if name.strip_prefix(old).is_some_and(|rest| rest.starts_with('/')) {
        let (registry, repository) = name.split_at(old.len());
        return Some((Some(registry), &repository[1..]));
    }
    let (host, repository) = name.split_once('/')?;
    // What Docker takes for a host.
    let is_host = host.contains(['.', ':']) || host == "localhost";
    is_host.then_some((Some(host), repository))
}

/// The values that get a text where they stand.
fn settled(stream: &Stream<'_>, found: &[Found]) -> Vec<(NodeId, String)> {
    let texts = found.iter().filter_map(|found| Some((found.mapping, found.texts.as_ref().ok()?)));
    let own = texts.flat_map(|(mapping, texts)| {
        texts.iter().filter_map(move |(key, text)| Some((stream.get(mapping, key)?, text.clone())))
    });
    own.filter(|&(node, _)| stream.resolve(node) == node).collect()
}
