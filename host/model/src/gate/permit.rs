//! The permit that the gate gives to a capability for a call. Only the gate can make one.

use crate::call::Target;
use crate::capability::Right;
use crate::object::ObjectName;
use crate::path::WorkspacePath;
use crate::pattern::Pattern;
use crate::repository::{Repository, RepositoryPart};
use crate::resource::Resource;
use crate::web::WebAddress;

/// The proof that the gate allows a call. A capability takes its target from the permit only.
#[derive(Debug)]
pub struct Permit {
    pub(super) target: Target,
    pub(super) source: Option<WorkspacePath>,
    /// The other rights of the capability that the run has on the target.
    pub(super) also: Vec<Right>,
}

impl Permit {
    /// Whether the run also has this right on the target.
    #[must_use]
    pub fn may(&self, right: Right) -> bool {
        self.also.contains(&right)
    }

    /// The URL; none if the target is something else.
    #[must_use]
    pub fn web(&self) -> Option<&WebAddress> {
        match &self.target {
            Target::Url(address) => Some(address),
            _ => None,
        }
    }

    /// The objects of a cluster; none if the target is something else.
    #[must_use]
    pub fn resource(&self) -> Option<&Resource> {
        match &self.target {
            Target::Resource(resource) => Some(resource),
            _ => None,
        }
    }

    /// Several names of objects of a cluster; empty if the target is something else.
    #[must_use]
    pub fn resources(&self) -> &[Resource] {
        match &self.target {
            Target::Resources(resources) => resources,
            _ => &[],
        }
    }

    /// The repository and the part of it; none if the target is something else.
    #[must_use]
    pub fn repository(&self) -> Option<(&Repository, &RepositoryPart)> {
        match &self.target {
            Target::Repository(repository, part) => Some((repository, part)),
            _ => None,
        }
    }

    /// The path; none if the target is something else.
    #[must_use]
    pub fn path(&self) -> Option<&WorkspacePath> {
        match &self.target {
            Target::Path(path) => Some(path),
            _ => None,
        }
    }

    /// The workspace file that the call sends; none if it sends no file.
    #[must_use]
    pub fn source(&self) -> Option<&WorkspacePath> {
        self.source.as_ref()
    }

    /// The paths; empty if the target is something else.
    #[must_use]
    pub fn paths(&self) -> &[WorkspacePath] {
        match &self.target {
            Target::Paths(paths) => paths,
            _ => &[],
        }
    }

    /// The object or prefix; none if the target is something else.
    #[must_use]
    pub fn object(&self) -> Option<&ObjectName> {
        match &self.target {
            Target::Object(object) => Some(object),
            _ => None,
        }
    }

    /// The objects; empty if the target is something else.
    #[must_use]
    pub fn objects(&self) -> &[ObjectName] {
        match &self.target {
            Target::Objects(objects) => objects,
            _ => &[],
        }
    }

    /// The pattern; none if the target is something else.
    #[must_use]
    pub fn pattern(&self) -> Option<&Pattern> {
        match &self.target {
            Target::Pattern(pattern) => Some(pattern),
            _ => None,
        }
    }
}
