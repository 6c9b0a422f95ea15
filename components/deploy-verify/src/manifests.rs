//! Reads the kinds and names of the objects in a manifest file.

use lockstep_workload::Removal;
use lockstep_yaml::{NodeId, Stream, Value};

use crate::failure::{Code, Error};

/// An object in a manifest file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ManifestObject {
    /// Its kind, such as `Deployment.apps`.
    pub kind: String,
    /// Its namespace, if the manifest has one.
    pub namespace: Option<String>,
    /// Its name.
    pub name: String,
    /// Its first line.
    pub line: u32,
    /// Why it may be gone although nothing is wrong.
    pub removal: Option<Removal>,
}

/// The objects of a file, also those in a `List`. Empty documents are skipped.
///
/// # Errors
/// The file is not YAML, or a document is not an object of Kubernetes.
pub fn read(path: &str, bytes: &[u8]) -> Result<Vec<ManifestObject>, Error> {
    let stream = Stream::open(bytes).map_err(|refusal| {
        let hint = "use rendered manifests: the output of `helm template` or `kustomize build`";
        let line = refusal.at.map(|at| at.line);
        Error::new(Code::BadInput, refusal.to_string()).hint(hint).at(path, line)
    })?;
    let mut found = Vec::new();
    for &root in stream.documents() {
        add_objects(path, &stream, root, &mut found)?;
    }
    Ok(found)
}

fn add_objects(
    path: &str,
    stream: &Stream<'_>,
    node: NodeId,
    found: &mut Vec<ManifestObject>,
) -> Result<(), Error> {
    if !stream.is_mapping(node) {
        return match stream.value(node) {
            Ok(Value::Null) => Ok(()),
            _ => Err(invalid(path, stream, node, "is not a mapping")),
        };
    }
    let version = text(stream, node, "apiVersion");
    let kind = text(stream, node, "kind");
    let (Some(version), Some(kind)) = (version, kind) else {
        return Err(invalid(path, stream, node, "has no `apiVersion` and `kind`"));
    };
    if kind.ends_with("List")
        && entry(stream, node, "metadata").and_then(|meta| text(stream, meta, "name")).is_none()
    {
        let items = entry(stream, node, "items");
        let items = items.map(|items| stream.items(items)).unwrap_or_default();
        return items.iter().try_for_each(|&item| add_objects(path, stream, item, found));
    }
    let meta = entry(stream, node, "metadata");
    let Some(name) = meta.and_then(|meta| text(stream, meta, "name")) else {
        let why = "has no `metadata.name`; use a selector for an object with `generateName`";
        return Err(invalid(path, stream, node, why));
    };
    let group = version.split_once('/').map_or("", |(group, _)| group);
    let kind = if group.is_empty() { kind } else { format!("{kind}.{group}") };
    let namespace = meta.and_then(|meta| text(stream, meta, "namespace"));
    let removal = removal(stream, node);
    found.push(ManifestObject { kind, namespace, name, line: line(stream, node), removal });
    Ok(())
}

/// What the annotations of an object, and the time to live of a Job, say about its absence.
fn removal(stream: &Stream<'_>, node: NodeId) -> Option<Removal> {
    let annotations = entry(stream, node, "metadata").and_then(|meta| entry(stream, meta, "annotations"));
    let annotation = |key: &str| annotations.and_then(|node| text(stream, node, key)).unwrap_or_default();
    let spec = entry(stream, node, "spec").filter(|spec| stream.is_mapping(*spec));
    let ttl = spec.and_then(|spec| text(stream, spec, "ttlSecondsAfterFinished"));
    Removal::of(annotation, ttl.as_deref())
}

fn entry(stream: &Stream<'_>, node: NodeId, key: &str) -> Option<NodeId> {
    stream.entries(node).into_iter().find(|(own, _)| *own == key).map(|(_, value)| value)
}

/// The text at a key, also a number.
fn text(stream: &Stream<'_>, node: NodeId, key: &str) -> Option<String> {
    match stream.value(entry(stream, node, key)?).ok()? {
        Value::String(text) | Value::Plain(text) | Value::Number(text) if !text.is_empty() => Some(text),
        _ => None,
    }
}

fn line(stream: &Stream<'_>, node: NodeId) -> u32 {
    stream.position(node).line
}

fn invalid(path: &str, stream: &Stream<'_>, node: NodeId, why: &str) -> Error {
    let line = line(stream, node);
    Error::new(Code::BadInput, format!("the document at line {line} {why}")).at(path, Some(line))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_are_found_by_kind_and_name() {
        let text = "# a comment\n---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web, namespace: shop}\n\
                    ---\napiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: Service, metadata: {name: \"1\"}}\n---\n";
        let found = read("a.yaml", text.as_bytes()).unwrap();
        let found: Vec<_> = found
            .iter()
            .map(|one| (one.kind.as_str(), one.namespace.as_deref(), one.name.as_str()))
            .collect();
        assert_eq!(found, [("Deployment.apps", Some("shop"), "web"), ("Service", None, "1")]);
    }

    #[test]
    fn an_invalid_document_is_reported_with_its_place() {
        for (text, part) in [
            ("a: 1\n", "apiVersion"),
            ("- 1\n", "not a mapping"),
            ("apiVersion: v1\nkind: Pod\nmetadata: {generateName: a-}\n", "generateName"),
            ("a: {{ .Values.x }}\n", ""),
            ("a: [\n", ""),
        ] {
            let error = read("a.yaml", text.as_bytes()).unwrap_err();
            assert!(error.message.contains(part) && error.location.is_some(), "{error:?}");
        }
    }
}
