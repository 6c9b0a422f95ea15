//! The `images:` of a kustomization. Never touches any other field.

use lockstep_yaml::{NodeId, Op, Refusal, Stream, Value};

use crate::image::{ImageEdit, Part, Reference};
use crate::patch::Matches;
use crate::wanted::Wanted;

/// The entries for an image, each with what must change in it.
pub(crate) fn images(stream: &Stream<'_>, document: NodeId, path: &str, edit: &ImageEdit) -> Matches {
    let Some(images) = stream.get(document, "images") else {
        return Vec::new();
    };
    if !is_kustomization(stream, document, path) {
        return Vec::new();
    }
    let entries = stream.items(stream.resolve(images)).iter();
    let named = entries.filter(|&&entry| {
        let name = stream.get(stream.resolve(entry), "name");
        name.and_then(|name| stream.scalar(name)) == Some(&edit.name)
    });
    named.map(|&entry| change(stream, images, entry, edit).map(Wanted::Ops)).collect()
}

fn is_kustomization(stream: &Stream<'_>, document: NodeId, path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    let kind = stream.get(document, "kind").and_then(|kind| stream.scalar(kind));
    matches!(name, "kustomization.yaml" | "kustomization.yml" | "Kustomization")
        || matches!(kind, Some("Kustomization" | "Component"))
}

fn change(stream: &Stream<'_>, images: NodeId, entry: NodeId, edit: &ImageEdit) -> Result<Vec<Op>, Refusal> {
    if let Some(alias) = [images, entry].into_iter().find(|&node| stream.resolve(node) != node) {
        return Err(stream.refuse_alias(alias));
    }
    let field = |key: &str| stream.get(entry, key);
    let text = |key: &str| {
        let text = field(key).and_then(|node| stream.scalar(node));
        text.filter(|text| !text.is_empty()).map(str::to_owned)
    };
    let old = Reference {
        repository: text("newName").unwrap_or_else(|| edit.name.clone()),
        tag: text("newTag"),
        digest: text("digest"),
    };
    let new = edit.apply(&old);
    let mut ops = Vec::new();
    if matches!(edit.new_name, Part::Set(_)) {
        put(stream, entry, "newName", new.repository, &mut ops)?;
    }
    match (new.tag, new.digest) {
        (Some(tag), Some(digest)) => {
            put(stream, entry, "newTag", tag, &mut ops)?;
            put(stream, entry, "digest", digest, &mut ops)?;
        }
        (Some(tag), None) => switch(stream, entry, "digest", "newTag", tag, &mut ops)?,
        (None, Some(digest)) => switch(stream, entry, "newTag", "digest", digest, &mut ops)?,
        (None, None) => {}
    }
    Ok(ops)
}

/// Sets a field, or makes it.
fn put(
    stream: &Stream<'_>,
    entry: NodeId,
    key: &str,
    text: String,
    ops: &mut Vec<Op>,
) -> Result<(), Refusal> {
    let value = Value::String(text);
    match stream.get(entry, key) {
        Some(node) if stream.is_collection(node) => return Err(stream.refuse_collection(node)),
        Some(node) => ops.push(Op::Set { node, value }),
        None => ops.push(Op::Create { within: entry, keys: vec![key.to_owned()], value }),
    }
    Ok(())
}

/// Sets a field that takes the place of another. The line of the other is used again.
fn switch(
    stream: &Stream<'_>,
    entry: NodeId,
    from: &str,
    to: &str,
    text: String,
    ops: &mut Vec<Op>,
) -> Result<(), Refusal> {
    match (stream.get(entry, from), stream.get(entry, to)) {
        (Some(node), None) => {
            let value = Value::String(text);
            ops.push(Op::Rename { node, key: to.to_owned() });
            ops.push(Op::Set { node, value });
            Ok(())
        }
        (old, _) => {
            ops.extend(old.map(|node| Op::Remove { node }));
            put(stream, entry, to, text, ops)
        }
    }
}
