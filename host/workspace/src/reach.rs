//! Which paths of the workspace are out of reach whatever the grant says: what is always protected, and
//! the files of this run and its platform that happen to lie inside. It only ever takes reach away.

use lockstep_model::call::CallError;
use lockstep_model::path::WorkspacePath;
use lockstep_model::protected;
use std::path::{Path, PathBuf};
use std::{fs, path};

/// The files of this run that lie in the workspace, in the form in which [`protected`] compares paths.
#[derive(Debug, Default)]
pub(super) struct Reach {
    own: Vec<String>,
}

impl Reach {
    /// Everything but `own_files`, each of them the path of a file or folder, which need not exist.
    pub(super) fn all_but(root: &Path, own_files: &[PathBuf]) -> Self {
        let root = fs::canonicalize(root).unwrap_or_else(|_| root.to_owned());
        let own = own_files
            .iter()
            .flat_map(|file| names(file))
            .filter_map(|file| {
                Some(protected::folded_path(&file.strip_prefix(&root).ok()?.to_string_lossy()))
            })
            .filter(|file| !file.is_empty())
            .collect();
        Self { own }
    }

    /// Whether the path is within reach.
    pub(super) fn allows(&self, path: &str) -> bool {
        protected::unreachable(path).is_none() && !self.owns(path)
    }

    /// Refuses a path out of reach, for reading and for changing alike.
    pub(super) fn check(&self, verb: &str, path: &WorkspacePath) -> Result<(), CallError> {
        let own = self.owns(path.as_str()).then_some(OWN);
        match protected::unreachable(path.as_str()).or(own) {
            Some(reason) => Err(CallError::Denied(format!("{verb} `{path}`: it {reason}"))),
            None => Ok(()),
        }
    }

    /// Why a path cannot be changed, as the end of a sentence; none if it can.
    pub(super) fn unchangeable(&self, path: &WorkspacePath) -> Option<&'static str> {
        protected::unchangeable(path.as_str()).or(self.owns(path.as_str()).then_some(OWN))
    }

    fn owns(&self, path: &str) -> bool {
        if self.own.is_empty() {
            return false;
        }
        let path = protected::folded_path(path);
        self.own.iter().any(|own| {
            path.strip_prefix(own.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        })
    }
}

const OWN: &str = "is a file of this run itself (its inputs, policy, receipt or outputs) or holds credentials, so it is out of reach for every step";

/// The real name of the file's place, and of what it is now if that is a link.
fn names(file: &Path) -> Vec<PathBuf> {
    let absolute = path::absolute(file).unwrap_or_else(|_| file.to_owned());
    let placed = absolute
        .parent()
        .and_then(|parent| fs::canonicalize(parent).ok())
        .zip(absolute.file_name())
        .map(|(parent, name)| parent.join(name));
    let real = fs::canonicalize(&absolute).ok();
    let mut names: Vec<PathBuf> = placed.into_iter().chain(real).collect();
    if names.is_empty() {
        names.push(absolute);
    }
    names
}
