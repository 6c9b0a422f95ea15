//! The purpose of a run: whether it changes or reads files. It decides how the run treats the files of a killed run.

/// How a run uses the workspace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// It changes files: it first recovers from a killed run.
    Change,
    /// It reads files: it waits for a commit of another run, and fails if a killed run left files half in place.
    Read,
    /// It is a dry run: it changes nothing, does not wait, and fails as [`Purpose::Read`] does.
    DryRun,
    /// It has no right on any file.
    Nothing,
}
