//! Which documents a patch is for. Never changes one.

use lockstep_yaml::{NodeId, Stream};
use regex_lite::Regex;

use super::selector::Requirement;

/// Which documents a patch is for.
#[derive(Debug)]
pub(super) enum Target {
    /// All that are selected otherwise.
    Every,
    /// The one of a name.
    Object(Object),
    /// Those that an entry of kustomize means.
    Selected(Box<Selected>),
}

/// The name of an object. What is `None` is not asked for.
#[derive(Debug)]
pub(super) struct Object {
    pub(super) kind: String,
    pub(super) name: String,
    pub(super) namespace: Option<String>,
    pub(super) api_version: Option<String>,
}

/// The `target` of kustomize. What is `None` is not asked for.
#[derive(Debug, Default)]
pub(super) struct Selected {
    pub(super) group: Option<Regex>,
    pub(super) version: Option<Regex>,
    pub(super) kind: Option<Regex>,
    pub(super) name: Option<Regex>,
    pub(super) namespace: Option<Regex>,
    pub(super) labels: Vec<Requirement>,
    pub(super) annotations: Vec<Requirement>,
}

impl Target {
    /// Whether this document is meant.
    pub(super) fn fits(&self, stream: &Stream<'_>, document: NodeId) -> bool {
        let text = |path: &[&str]| text(stream, document, path);
        match self {
            Self::Every => true,
            Self::Object(object) => {
                let same = |wanted: &Option<String>, path: &[&str]| {
                    wanted.as_deref().is_none_or(|wanted| text(path) == Some(wanted))
                };
                text(&["kind"]) == Some(&object.kind)
                    && text(&["metadata", "name"]) == Some(&object.name)
                    && same(&object.namespace, &["metadata", "namespace"])
                    && same(&object.api_version, &["apiVersion"])
            }
            Self::Selected(selected) => {
                let version = text(&["apiVersion"]).unwrap_or_default();
                let (group, version) = version.split_once('/').unwrap_or(("", version));
                let fits = |wanted: &Option<Regex>, found: &str| {
                    wanted.as_ref().is_none_or(|wanted| wanted.is_match(found))
                };
                let fits_at = |wanted, path: &[&str]| fits(wanted, text(path).unwrap_or_default());
                let all = |wanted: &[Requirement], of: &str| {
                    wanted.iter().all(|wanted| wanted.fits(|key| text(&["metadata", of, key])))
                };
                fits(&selected.group, group)
                    && fits(&selected.version, version)
                    && fits_at(&selected.kind, &["kind"])
                    && fits_at(&selected.name, &["metadata", "name"])
                    && fits_at(&selected.namespace, &["metadata", "namespace"])
                    && all(&selected.labels, "labels")
                    && all(&selected.annotations, "annotations")
            }
        }
    }
}

/// The text of a scalar, through aliases and merges.
fn text<'s>(stream: &'s Stream<'_>, document: NodeId, path: &[&str]) -> Option<&'s str> {
    let node = path.iter().try_fold(document, |node, key| {
        let entries = stream.entries(node).into_iter().chain(stream.inherited(node));
        entries.into_iter().find(|(name, _)| name == key).map(|(_, value)| value)
    });
    stream.scalar(node?)
}
