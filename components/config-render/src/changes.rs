//! Compares the drafts with the existing files and the owned files. Writes no file.

use std::collections::BTreeSet;

use lockstep_sdk::Workspace;

use crate::drafts::Draft;
use crate::failure::{Code, Error, at, workspace};
use crate::owned::{self, Digests, OwnedFiles};

/// How a write changes the workspace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WriteKind {
    /// It creates the file.
    Create,
    /// It changes the content of the file.
    Update,
}

/// A file to write.
#[derive(Debug)]
pub(crate) struct Write {
    /// Its path.
    pub(crate) path: String,
    /// Its content.
    pub(crate) text: String,
    /// How the write changes the workspace.
    pub(crate) kind: WriteKind,
}

/// The changes of a run.
#[derive(Debug, Default)]
pub(crate) struct Changes {
    /// The files to write.
    pub(crate) writes: Vec<Write>,
    /// The files to delete.
    pub(crate) deletions: Vec<String>,
    /// How many files have their content already.
    pub(crate) unchanged: usize,
    /// The files that the step owns after the run.
    pub(crate) owned: Digests,
}

impl Changes {
    /// How many files the run creates, updates and deletes.
    pub(crate) fn counts(&self) -> [usize; 3] {
        let created = self.writes.iter().filter(|write| write.kind == WriteKind::Create).count();
        [created, self.writes.len() - created, self.deletions.len()]
    }
}

/// The state before the run, and the rules for its changes.
#[derive(Debug)]
pub(crate) struct Comparison<'a> {
    /// The input `to` of this run.
    pub(crate) to: &'a str,
    /// The existing files.
    pub(crate) existing: &'a BTreeSet<String>,
    /// The list of owned files.
    pub(crate) owned: &'a OwnedFiles,
    /// Whether the run deletes files without a row.
    pub(crate) prune: bool,
    /// Whether the run overwrites files that the step does not own, or that somebody edited.
    pub(crate) adopt: bool,
}

impl Comparison<'_> {
    /// The changes from the existing files to the drafts. Reads only existing files and verifies only new contents, because
    /// most runs change few of many files.
    ///
    /// # Errors
    /// Every file that the run must not overwrite or delete, and every draft that fails verification; or the error of the host.
    pub(crate) fn changes(
        &self,
        host: &mut impl Workspace,
        drafts: Vec<Draft<'_>>,
    ) -> Result<Changes, Vec<Error>> {
        let mut changes = Changes::default();
        let mut errors = Vec::new();
        for Draft { path, text: draft, row, template } in drafts {
            let existing = self.existing.contains(&path).then(|| host.read(&path)).transpose();
            let existing = existing.map_err(workspace)?;
            let same = existing.as_deref() == Some(draft.as_bytes());
            let text = match if same { Ok(draft) } else { template.render(row) } {
                Ok(text) => text,
                Err(error) => {
                    errors.push(error);
                    continue;
                }
            };
            errors.extend(self.obstacle(&path, &text, existing.as_deref()));
            changes.owned.insert(path.clone(), owned::digest(text.as_bytes()));
            match existing {
                Some(existing) if existing == text.as_bytes() => changes.unchanged += 1,
                Some(_) => changes.writes.push(Write { path, text, kind: WriteKind::Update }),
                None => changes.writes.push(Write { path, text, kind: WriteKind::Create }),
            }
        }
        self.delete(host, &mut changes, &mut errors)?;
        if errors.is_empty() { Ok(changes) } else { Err(errors) }
    }

    /// Adds the deletions of owned files without a row. Without `prune`, the step keeps them, and still owns them.
    fn delete(
        &self,
        host: &mut impl Workspace,
        changes: &mut Changes,
        errors: &mut Vec<Error>,
    ) -> Result<(), Vec<Error>> {
        let own = self.owned.section(self.to);
        let without_row: Vec<_> = own.filter(|(path, _)| !changes.owned.contains_key(*path)).collect();
        for (path, digest) in without_row {
            if !self.existing.contains(path) {
                continue;
            }
            if !self.prune {
                changes.owned.insert(path.clone(), digest.clone());
            } else if owned::digest(&host.read(path).map_err(workspace)?) == *digest {
                changes.deletions.push(path.clone());
            } else {
                let message = format!("`{path}` has no row any more, and was edited since it was written");
                let hint = "delete it yourself, or add its row again";
                errors.push(at(Error::new(Code::NotOwned, message).hint(hint), path, None));
            }
        }
        Ok(())
    }

    /// Why the run must not write a file.
    fn obstacle(&self, path: &str, text: &str, existing: Option<&[u8]>) -> Option<Error> {
        let error = |message: String, hint: &str| {
            Some(at(Error::new(Code::NotOwned, message).hint(hint), path, None))
        };
        if let Some(other) = self.owned.other_owner(self.to, path) {
            let hint = "give one of the two runs another `to`, or remove the file from the list";
            return error(format!("`{path}` belongs to another run, with `to` `{other}`"), hint);
        }
        let existing = existing.filter(|_| !self.adopt)?;
        let Some(digest) = self.owned.digest(self.to, path) else {
            let hint = "choose another `to`, or set `adopt` to take it over";
            return error(format!("`{path}` exists, and this step did not write it"), hint);
        };
        if existing == text.as_bytes() || owned::digest(existing) == *digest {
            return None;
        }
        let hint = "move the edit to the template or the rows, or set `adopt` to overwrite it";
        error(format!("`{path}` was edited since it was written"), hint)
    }
}
