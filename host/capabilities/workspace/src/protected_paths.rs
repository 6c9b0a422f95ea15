//! The paths of the workspace that no grant opens: the protected files of the model, and files of this run and its CI
//! system that lie inside. It only ever denies.

use super::error::WorkspaceError;
use super::purpose::Purpose;
use lockstep_model::call::CallError;
use lockstep_model::path::WorkspacePath;
use lockstep_model::protected;
use std::path::{Component, Path, PathBuf};
use std::{fs, path};

/// The protected paths of one run. It holds the run's own files as [`protected`] compares paths.
#[derive(Debug, Default)]
pub(super) struct ProtectedPaths {
    own: Vec<String>,
}

impl ProtectedPaths {
    /// The protected paths of a run with these `own_files`: paths of files or folders, which need not exist.
    pub(super) fn with_own_files(root: &Path, own_files: &[PathBuf]) -> Self {
        let root = fs::canonicalize(root).unwrap_or_else(|_| root.to_owned());
        let own = own_files
            .iter()
            .flat_map(|file| real_paths(file))
            .filter_map(|file| {
                Some(protected::folded_path(&file.strip_prefix(&root).ok()?.to_string_lossy()))
            })
            .filter(|file| !file.is_empty())
            .collect();
        Self { own }
    }

    /// Denies a protected path, for reads and changes alike.
    pub(super) fn check(&self, verb: &str, path: &WorkspacePath) -> Result<(), CallError> {
        let own = self.owns(path.as_str()).then_some(OWN);
        match protected::unreachable(path.as_str()).or(own) {
            Some(reason) => Err(CallError::Denied(format!("{verb} `{path}`: it {reason}"))),
            None => Ok(()),
        }
    }

    /// The reason why no run may change a path, as the end of a sentence; none if a run may.
    pub(super) fn unchangeable(&self, path: &WorkspacePath) -> Option<&'static str> {
        protected::unchangeable(path.as_str()).or(self.owns(path.as_str()).then_some(OWN))
    }

    /// Whether the path is a file of this run or of its CI system.
    pub(super) fn owns(&self, path: &str) -> bool {
        covers(&self.own, path)
    }
}

/// The run's own files by their absolute paths, for a store that is a folder anywhere on this machine.
#[derive(Debug, Default)]
pub struct OwnPaths(Vec<String>);

impl OwnPaths {
    /// The paths of these files and folders, which need not exist.
    #[must_use]
    pub fn new(own_files: &[PathBuf]) -> Self {
        let real = own_files.iter().flat_map(|file| real_paths(file));
        Self(real.map(|file| protected::folded_path(&file.to_string_lossy())).collect())
    }

    /// The reason why no step may reach an absolute path, as the end of a sentence; none if a step may.
    #[must_use]
    pub fn reason(&self, path: &str) -> Option<&'static str> {
        covers(&self.0, path).then_some(OWN)
    }
}

/// Whether a path is one of these files, or lies in one of these folders.
fn covers(own: &[String], path: &str) -> bool {
    if own.is_empty() {
        return false;
    }
    let path = protected::folded_path(path);
    own.iter().any(|own| {
        path.strip_prefix(own.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    })
}

/// Rejects a workspace inside a protected folder, for a run that uses it in a way that the protection forbids. It also
/// rejects a workspace to which a link of a checkout leads from outside, since a Git commit can have brought the link.
pub(super) fn check_root(root: &Path, purpose: Purpose) -> Result<(), WorkspaceError> {
    let Ok(real) = fs::canonicalize(root) else { return Ok(()) };
    let reason = match purpose {
        Purpose::Nothing => None,
        Purpose::Read => below_checkout(&real).and_then(|file| protected::unreachable(&file)),
        Purpose::Change | Purpose::DryRun => reserved(&real),
    };
    let out = || leads_out(root, &real).then_some("a link of the checkout leads to");
    match reason.or_else(out) {
        Some(reason) => Err(WorkspaceError::Closed { path: root.to_owned(), real, reason }),
        None => Ok(()),
    }
}

/// The reason why no run may change files in this folder, as the end of a sentence. The folder's path has no links.
pub(super) fn reserved(folder: &Path) -> Option<&'static str> {
    below_checkout(folder).and_then(|file| protected::unchangeable(&file))
}

/// The path of some file in a folder, relative to the outermost checkout around it, or else to the current folder, because
/// nobody has committed the folders above. Only names of folders protect the files below, so one file stands for all.
fn below_checkout(folder: &Path) -> Option<String> {
    let here = std::env::current_dir().and_then(fs::canonicalize).ok();
    let top = checkout(folder).or(here.as_deref().filter(|here| folder.starts_with(here)))?;
    Some(format!("{}/a", folder.strip_prefix(top).ok()?.to_string_lossy()))
}

/// The outermost checkout of git that a folder lies in.
fn checkout(folder: &Path) -> Option<&Path> {
    let is_top = |folder: &&Path| folder.join(".git").symlink_metadata().is_ok();
    folder.ancestors().filter(is_top).last()
}

/// Whether a part of this path, as the user spelled it, is a link in a checkout that leads out of it.
fn leads_out(root: &Path, real: &Path) -> bool {
    let Ok(absolute) = path::absolute(root) else { return true };
    let mut spelled = PathBuf::new();
    for part in absolute.components() {
        match part {
            Component::ParentDir => drop(spelled.pop()),
            part => spelled.push(part),
        }
    }
    let Some(top) = checkout(&spelled) else { return false };
    let mut below = spelled.ancestors().take_while(|part| *part != top);
    let stays = fs::canonicalize(top).is_ok_and(|top| real.starts_with(top));
    !stays && below.any(Path::is_symlink)
}

const OWN: &str = protected::OWN_FILE;

/// The path of the file without links in its folders, and the target of the file if it is a link.
fn real_paths(file: &Path) -> Vec<PathBuf> {
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
