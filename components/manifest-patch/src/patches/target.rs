//! The documents to which a patch applies.

use lockstep_yaml::{NodeId, Stream};
use regex_lite::Regex;

use super::selector::Requirement;

/// The documents to which a patch applies.
#[derive(Debug)]
pub(super) enum Target {
    /// All documents that `where` selects.
    All,
    /// The object of this kind and name.
    Object(Object),
    /// The documents that the target of a kustomization matches.
    Kustomize(Box<KustomizeTarget>),
}

/// The name of an object. `None` matches any value.
#[derive(Debug)]
pub(super) struct Object {
    pub(super) kind: String,
    pub(super) name: String,
    pub(super) namespace: Option<String>,
    pub(super) api_version: Option<String>,
}

/// The `target` of a patch in a kustomization. `None` matches any value.
#[derive(Debug, Default)]
pub(super) struct KustomizeTarget {
    pub(super) group: Option<Regex>,
    pub(super) version: Option<Regex>,
    pub(super) kind: Option<Regex>,
    pub(super) name: Option<Regex>,
    pub(super) namespace: Option<Regex>,
    pub(super) labels: Vec<Requirement>,
    pub(super) annotations: Vec<Requirement>,
}

impl Target {
    /// Whether the patch applies to a document.
    pub(super) fn matches(&self, stream: &Stream<'_>, document: NodeId) -> bool {
        let text = |path: &[&str]| text(stream, document, path);
        match self {
            Self::All => true,
            Self::Object(object) => {
                let same = |wanted: &Option<String>, path: &[&str]| {
                    wanted.as_deref().is_none_or(|wanted| text(path) == Some(wanted))
                };
                text(&["kind"]) == Some(&object.kind)
                    && text(&["metadata", "name"]) == Some(&object.name)
                    && same(&object.namespace, &["metadata", "namespace"])
                    && same(&object.api_version, &["apiVersion"])
            }
            Self::Kustomize(target) => {
                let version = text(&["apiVersion"]).unwrap_or_default();
                let (group, version) = version.split_once('/').unwrap_or(("", version));
                let is_match = |wanted: &Option<Regex>, found: &str| {
                    wanted.as_ref().is_none_or(|wanted| wanted.is_match(found))
                };
                let is_match_at = |wanted, path: &[&str]| is_match(wanted, text(path).unwrap_or_default());
                let all = |requirements: &[Requirement], map: &str| {
                    let label = |key: &str| text(&["metadata", map, key]);
                    requirements.iter().all(|requirement| requirement.is_met(label))
                };
                is_match(&target.group, group)
                    && is_match(&target.version, version)
                    && is_match_at(&target.kind, &["kind"])
                    && is_match_at(&target.name, &["metadata", "name"])
                    && is_match_at(&target.namespace, &["metadata", "namespace"])
                    && all(&target.labels, "labels")
                    && all(&target.annotations, "annotations")
            }
        }
    }
}

/// The text of a scalar, as readers see it through aliases and merges.
fn text<'s>(stream: &'s Stream<'_>, document: NodeId, path: &[&str]) -> Option<&'s str> {
    let node = path.iter().try_fold(document, |node, key| {
        let entries = stream.entries(node).into_iter().chain(stream.merged_entries(node));
        entries.into_iter().find(|(name, _)| name == key).map(|(_, value)| value)
    });
    stream.scalar(node?)
}
