//! Tests of the workspace, through a real gate. They need no network, no clock and no particular user.

mod attacks;
mod commits;
mod diffs;
mod foreign;
mod kill;
mod metadata;
mod model;
mod private;
mod reading;
mod recovery;
mod searches;
mod staging;

use super::disk::fault::{self, Fault};
use super::*;
use crate::hash::Algorithm;
use lockstep_model::call::{CallRequest, RawTarget};
use lockstep_model::capability::Capability;
use lockstep_model::gate::Gate;
use lockstep_model::grant::{Grant, Permission};
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use tempfile::TempDir;

/// A run with every right that a grant can give.
struct Run {
    gate: Gate,
    workspace: Workspace,
}

impl Run {
    fn on(root: &Path) -> Self {
        Self::with(root, Limits::default(), &[])
    }

    fn with(root: &Path, limits: Limits, own_files: &[PathBuf]) -> Self {
        Self {
            gate: gate(limits),
            workspace: Workspace::open(root, &limits, own_files, Purpose::Change).unwrap(),
        }
    }

    fn call<T>(
        &mut self,
        function: &'static str,
        target: RawTarget<'_>,
        act: impl FnOnce(&mut Workspace, &Permit) -> Result<Answer<T>, CallError>,
    ) -> Result<T, CallError> {
        let request = CallRequest::new(Capability::Workspace, function, target);
        // A denial shuts the gate of a run; here the next call is one of another run.
        if self.gate.closed().is_some() {
            self.gate = gate(*self.gate.limits());
        }
        self.gate.call(request, |permit| act(&mut self.workspace, permit))
    }

    fn glob(&mut self, pattern: &str) -> Result<Vec<(String, u64)>, CallError> {
        let found = self.search(pattern)?;
        Ok(found.files.into_iter().map(|entry| (entry.path.to_string(), entry.size)).collect())
    }

    fn search(&mut self, pattern: &str) -> Result<SearchResult, CallError> {
        self.call("glob", RawTarget::Pattern(pattern), |workspace, permit| workspace.glob(permit))
    }

    fn search_hidden(&mut self, pattern: &str) -> Result<SearchResult, CallError> {
        self.call("glob-hidden", RawTarget::HiddenPattern(pattern), |workspace, permit| {
            workspace.glob(permit)
        })
    }

    fn paths(&mut self, pattern: &str) -> Vec<String> {
        let found = self.glob(pattern).unwrap();
        found.into_iter().map(|(path, _)| path).collect()
    }

    fn digests(
        &mut self,
        paths: &[&str],
        algorithm: Algorithm,
        piece: Option<u64>,
    ) -> Result<Vec<Vec<String>>, CallError> {
        let paths: Vec<String> = paths.iter().map(|path| (*path).to_owned()).collect();
        self.call("digests", RawTarget::Paths(&paths), |workspace, permit| {
            workspace.digests(permit, algorithm, piece)
        })
    }

    fn read(&mut self, path: &str) -> Result<Vec<u8>, CallError> {
        self.call("read", RawTarget::Path(path), |workspace, permit| workspace.read(permit))
    }

    fn open_file(&mut self, path: &str) -> Result<OpenFile, CallError> {
        self.call("open", RawTarget::Path(path), |workspace, permit| workspace.open_file(permit))
    }

    fn write(&mut self, path: &str, content: impl AsRef<[u8]>) -> Result<WriteEffect, CallError> {
        let content = content.as_ref().to_vec();
        self.call("write", RawTarget::Path(path), |workspace, permit| workspace.write(permit, content))
    }

    fn write_private(&mut self, path: &str, content: &str) -> Result<WriteEffect, CallError> {
        let content = content.as_bytes().to_vec();
        self.call("write", RawTarget::Path(path), |workspace, permit| {
            workspace.write_private(permit, content)
        })
    }

    fn remove(&mut self, path: &str) -> Result<(), CallError> {
        self.call("remove", RawTarget::Path(path), |workspace, permit| workspace.remove(permit))
    }

    fn diff(&mut self) -> Result<String, CallError> {
        self.call("diff", RawTarget::Staged, |workspace, permit| workspace.diff(permit))
    }

    fn commit(self) -> Result<Vec<Change>, CommitError> {
        let committed = self.workspace.commit()?;
        let changes = committed.changes.clone();
        committed.finish()?;
        Ok(changes)
    }
}

fn gate(limits: Limits) -> Gate {
    let right = |scope: &str| {
        Permission::parse(Capability::Workspace, &format!("read,write,remove {scope}")).unwrap()
    };
    let mut requested = ["**", ".git/**", "a/.git/**", ".hidden/**", ".hidden/.*"].map(right).to_vec();
    requested.push(Permission::parse(Capability::Workspace, "read-hidden **").unwrap());
    let calls = Limits { calls: Limits::MAX_CALLS, ..limits };
    Gate::new(Grant { requested, ceilings: vec![], policy: None }, calls)
}

/// A change that somebody else makes to the files.
type Meddle = fn(&Path);

/// A folder with these files.
fn tree(files: &[(&str, &str)]) -> TempDir {
    let root = tempfile::tempdir().unwrap();
    for (path, content) in files {
        put(root.path(), path, content);
    }
    root
}

fn put(root: &Path, path: &str, content: impl AsRef<[u8]>) {
    let path = root.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, content).unwrap();
}

/// Everything below a folder: files with their content, folders with a `/` at the end.
fn snapshot(root: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
            if path.is_symlink() {
                found.insert(format!("{name}@"), vec![]);
            } else if path.is_dir() {
                found.insert(format!("{name}/"), vec![]);
                folders.push(path);
            } else {
                found.insert(name, fs::read(&path).unwrap());
            }
        }
    }
    found
}

fn own_files(root: &Path) -> Vec<String> {
    let own = |path: &String| path.contains("/.lockstep-") || path.starts_with(".lockstep-");
    snapshot(root).into_keys().filter(own).collect()
}

fn mode(root: &Path, path: &str) -> u32 {
    fs::metadata(root.join(path)).unwrap().permissions().mode() & 0o7777
}

fn set_mode(root: &Path, path: &str, mode: u32) {
    fs::set_permissions(root.join(path), fs::Permissions::from_mode(mode)).unwrap();
}
