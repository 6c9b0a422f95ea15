//! The staged changes as a diff, for the step and for people. It never shows the content of a private file.

use super::diff::{self, DiffSide};
use super::staged::StagedFile;
use super::walk::{self, Obstacle};
use super::{CommitError, Workspace};
use lockstep_model::call::{Answer, CallError};
use lockstep_model::digest::Digest;
use lockstep_model::gate::Permit;
use rustix::fs::Mode;

/// The maximum size of the diff of a dry run. The diff has further files by name only. It needs a limit, because the
/// timeout of the run does not cover this work.
const MAX_DRY_RUN_BYTES: usize = 8 * 1024 * 1024;

impl Workspace {
    /// The staged changes as one unified diff of at most `read_bytes`.
    ///
    /// # Errors
    /// The diff is larger, or somebody else changed a file since the run first looked.
    pub fn diff(&self, _permit: &Permit) -> Result<Answer<String>, CallError> {
        let max = self.limits.read_bytes;
        let diff = self.render(Some(max)).map_err(|error| match error {
            CommitError::Conflict { .. } => CallError::Conflict(error.to_string()),
            _ => CallError::Local(error.to_string()),
        })?;
        let diff =
            diff.ok_or_else(|| CallError::LimitExceeded(format!("the diff has more than {max} bytes")))?;
        let bytes = diff.len() as u64;
        Ok(Answer::new(diff, bytes, None))
    }

    /// The staged changes as one unified diff. After 8 MiB, it has further files by name only.
    ///
    /// # Errors
    /// Somebody else changed a file since the run first looked, or the system cannot read it any more.
    pub fn dry_run_diff(&self) -> Result<String, CommitError> {
        Ok(self.render(None)?.unwrap_or_default())
    }

    /// The diff; none if it has more than `max` bytes.
    fn render(&self, max: Option<u64>) -> Result<Option<String>, CommitError> {
        let mut cost = diff::MAX_COST;
        let mut out = String::new();
        for file in self.staged.iter() {
            let (content, executable) = self.original(file)?;
            let before = match (file.before, &content) {
                (None, _) => DiffSide::Absent,
                (Some(_), Some(content)) => DiffSide::File { content, executable },
                (Some(_), None) => DiffSide::Large { executable },
            };
            let after = match &file.after {
                None => DiffSide::Absent,
                Some(content) if content.bytes.len() as u64 > self.limits.read_bytes => {
                    DiffSide::Large { executable }
                }
                Some(content) => DiffSide::File { content: &content.bytes, executable },
            };
            let (before, after) = if file.private {
                (before.without_content(), after.without_content())
            } else {
                (before, after)
            };
            let start = out.len();
            diff::render(&mut out, &mut cost, &file.path, before, after);
            if max.is_none() && out.len() > MAX_DRY_RUN_BYTES {
                out.truncate(start);
                diff::render(
                    &mut out,
                    &mut cost,
                    &file.path,
                    before.without_content(),
                    after.without_content(),
                );
            }
            if max.is_some_and(|max| out.len() as u64 > max) {
                return Ok(None);
            }
        }
        Ok(Some(out))
    }

    /// The content of a staged file on disk, and whether it is executable. No content for a missing file, or one that is
    /// too large for the diff.
    fn original(&self, file: &StagedFile) -> Result<(Option<Vec<u8>>, bool), CommitError> {
        let path = || file.path.to_string();
        let Some(before) = file.before else {
            return Ok((None, false));
        };
        let (opened, stat) = walk::file(self.root(), &file.path).map_err(|obstacle| match obstacle {
            Obstacle::Io(source) => CommitError::Unwritable { path: path(), source },
            _ => CommitError::Conflict { path: path() },
        })?;
        let content = walk::content(&opened, &stat, self.limits.read_bytes)
            .map_err(|source| CommitError::Unwritable { path: path(), source })?;
        match content {
            Some(content) if Digest::of(&content) != before => Err(CommitError::Conflict { path: path() }),
            content => Ok((content, Mode::from_raw_mode(stat.st_mode).contains(Mode::XUSR))),
        }
    }
}
