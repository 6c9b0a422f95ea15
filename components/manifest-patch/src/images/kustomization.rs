//! The `images:` of a kustomization. Changes no other field.

use lockstep_yaml::{AliasMode, NodeId, Op, Refusal, Stream, Value};

use super::fields::{self, put, take};
use super::reference::{ImageEdit, Part, Reference};
use crate::matches::Matches;
use crate::place_edit::PlaceEdit;

/// The entries for an image, each with its edits.
pub(super) fn matches(
    stream: &Stream<'_>,
    document: NodeId,
    path: &str,
    edit: &ImageEdit,
    alias: AliasMode,
) -> Matches {
    let Some(images) = stream.get(document, "images") else {
        return Vec::new();
    };
    if !is_kustomization(stream, document, path) {
        return Vec::new();
    }
    let entries = stream.items(stream.resolve(images)).iter();
    let named = entries
        .filter(|&&entry| fields::text(stream, stream.resolve(entry), "name").as_ref() == Some(&edit.name));
    named.map(|&entry| change(stream, images, entry, edit, alias)).collect()
}

fn is_kustomization(stream: &Stream<'_>, document: NodeId, path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    let kind = stream.get(document, "kind").and_then(|kind| stream.scalar(kind));
    matches!(name, "kustomization.yaml" | "kustomization.yml" | "Kustomization")
        || matches!(kind, Some("Kustomization" | "Component"))
}

fn change(
    stream: &Stream<'_>,
    images: NodeId,
    entry: NodeId,
    edit: &ImageEdit,
    alias: AliasMode,
) -> Result<PlaceEdit, Refusal> {
    let mapping = stream.resolve(entry);
    let text = |key| fields::text(stream, mapping, key);
    let old = Reference {
        repository: text("newName").unwrap_or_else(|| edit.name.clone()),
        tag: text("newTag"),
        digest: text("digest"),
    };
    let new = edit.apply(&old);
    if let Some(shared) = [images, entry].into_iter().find(|&node| stream.resolve(node) != node) {
        match alias {
            _ if new == old => return Ok(PlaceEdit::Ops(Vec::new())),
            AliasMode::Refuse => return Err(stream.refuse_alias(shared)),
            AliasMode::Expand => return Ok(PlaceEdit::Copy(stream.expand(&stream.shared_by_alias(shared))?)),
            AliasMode::Follow => {}
        }
    }
    let put = |key, text| put(stream, mapping, (key, text), alias, &[]);
    let mut edits = Vec::new();
    if matches!(edit.new_name, Part::Set(_)) {
        edits.push(put("newName", new.repository));
    }
    match (new.tag, new.digest) {
        (Some(tag), Some(digest)) => edits.extend([put("newTag", tag), put("digest", digest)]),
        (Some(tag), None) => edits.extend(replace(stream, mapping, ("digest", "newTag"), tag, alias)),
        (None, Some(digest)) => edits.extend(replace(stream, mapping, ("newTag", "digest"), digest, alias)),
        (None, None) => {}
    }
    PlaceEdit::join(edits.into_iter())
}

/// Sets a field that replaces another one. Renames the line of the other one, unless that is an alias.
fn replace(
    stream: &Stream<'_>,
    mapping: NodeId,
    (from, to): (&str, &str),
    text: String,
    alias: AliasMode,
) -> [Result<PlaceEdit, Refusal>; 2] {
    match (stream.get(mapping, from), stream.get(mapping, to)) {
        (Some(node), None) if stream.resolve(node) == node => {
            let rename = Op::Rename { node, key: to.to_owned() };
            let set = Op::Set { node, value: Value::String(text) };
            [Ok(PlaceEdit::Ops(vec![rename])), Ok(PlaceEdit::Ops(vec![set]))]
        }
        _ => [take(stream, mapping, from, alias), put(stream, mapping, (to, text), alias, &[])],
    }
}
