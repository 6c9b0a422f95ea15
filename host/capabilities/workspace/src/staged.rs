//! The staged changes of a run, in memory. It never touches a disk.

use super::WriteEffect;
use lockstep_model::call::CallError;
use lockstep_model::digest::Digest;
use lockstep_model::path::WorkspacePath;
use lockstep_model::report::Change;
use std::collections::BTreeMap;
use std::sync::Arc;

/// New content of a file.
#[derive(Debug, Clone)]
pub(super) struct StagedContent {
    pub(super) bytes: Arc<Vec<u8>>,
    pub(super) digest: Digest,
}

impl StagedContent {
    pub(super) fn new(bytes: Vec<u8>) -> Self {
        Self { digest: Digest::of(&bytes), bytes: Arc::new(bytes) }
    }
}

/// The users who may read a written file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Privacy {
    /// The same users as now.
    AsIs,
    /// Only its owner; this is so already.
    Given,
    /// Only its owner; now others may read it too.
    Wanted,
}

/// The staged change of one file. Old and new content differ, or the file becomes private.
#[derive(Debug)]
pub(super) struct StagedFile {
    pub(super) path: WorkspacePath,
    /// The content on disk when the run first looked; none if there was no file.
    pub(super) before: Option<Digest>,
    /// The new content; none to remove the file.
    pub(super) after: Option<StagedContent>,
    /// Whether only its owner may read the new file.
    pub(super) private: bool,
}

impl StagedFile {
    /// The permission bits after the commit, for a file on disk with the bits `old`. [`super::commit`] sets the same.
    pub(super) fn mode(&self, old: Option<u32>) -> u32 {
        match old {
            _ if self.private => 0o600,
            Some(old) => old & 0o777,
            None => 0o644,
        }
    }

    pub(super) fn change(&self) -> Change {
        Change {
            path: self.path.to_string(),
            before: self.before,
            after: self.after.as_ref().map(|content| content.digest),
            private: self.private,
        }
    }
}

/// All staged changes, by path. The keys are text, so that the files below a folder are one range of keys.
#[derive(Debug, Default)]
pub(super) struct Staged {
    files: BTreeMap<String, StagedFile>,
    bytes: u64,
}

impl Staged {
    pub(super) fn get(&self, path: &WorkspacePath) -> Option<&StagedFile> {
        self.files.get(path.as_str())
    }

    /// All staged changes, in order of path.
    pub(super) fn iter(&self) -> impl Iterator<Item = &StagedFile> {
        self.files.values()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// Stages content for a file whose content on disk is `before`; at most `max` bytes in all.
    pub(super) fn write(
        &mut self,
        path: &WorkspacePath,
        before: Option<Digest>,
        content: StagedContent,
        privacy: Privacy,
        max: u64,
    ) -> Result<WriteEffect, CallError> {
        self.check_place(path)?;
        // A file that the run made private stays private.
        let private = privacy != Privacy::AsIs || self.get(path).is_some_and(|staged| staged.private);
        let others = self.bytes - self.length(path);
        let length = content.bytes.len() as u64;
        if before == Some(content.digest) && privacy != Privacy::Wanted {
            self.unstage(path);
            return Ok(WriteEffect::Unchanged);
        }
        if others.saturating_add(length) > max {
            return Err(CallError::LimitExceeded(format!(
                "write `{path}`: the run stages more than {max} bytes"
            )));
        }
        self.bytes = others + length;
        self.stage(path, before, Some(content), private);
        Ok(match before {
            Some(_) => WriteEffect::Updated,
            None => WriteEffect::Created,
        })
    }

    /// Stages the removal of a file whose content on disk is `before`.
    pub(super) fn remove(&mut self, path: &WorkspacePath, before: Option<Digest>) {
        self.unstage(path);
        if before.is_some() {
            self.stage(path, before, None, false);
        }
    }

    fn stage(
        &mut self,
        path: &WorkspacePath,
        before: Option<Digest>,
        after: Option<StagedContent>,
        private: bool,
    ) {
        let staged = StagedFile { path: path.clone(), before, after, private };
        self.files.insert(path.to_string(), staged);
    }

    fn unstage(&mut self, path: &WorkspacePath) {
        self.bytes -= self.length(path);
        self.files.remove(path.as_str());
    }

    fn length(&self, path: &WorkspacePath) -> u64 {
        let content = self.get(path).and_then(|staged| staged.after.as_ref());
        content.map_or(0, |content| content.bytes.len() as u64)
    }

    /// Fails if a staged file needs a folder of this path, or if a staged file has the path of a folder of this one.
    fn check_place(&self, path: &WorkspacePath) -> Result<(), CallError> {
        let text = path.as_str();
        for (at, _) in text.match_indices('/') {
            let folder = &text[..at];
            let file = self.files.get(folder);
            if file.is_some_and(|staged| staged.after.is_some()) {
                return Err(CallError::Invalid(format!("write `{path}`: `{folder}` is staged as a file")));
            }
        }
        let below = format!("{text}/");
        match self.files.range(below.clone()..).next() {
            Some((inner, _)) if inner.starts_with(&below) => {
                Err(CallError::Invalid(format!("write `{path}`: it is a folder, since `{inner}` is staged")))
            }
            _ => Ok(()),
        }
    }
}
