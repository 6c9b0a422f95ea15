//! What a run does with the files of the workspace. This decides how it treats the files of a killed run.

/// What a run means to do with the workspace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// It changes files: it first ends what a killed run left.
    Change,
    /// It reads files: it waits for a commit that is under way, and refuses files that a killed run left half in place.
    Read,
    /// It is a dry run: it changes nothing, waits for nobody, and refuses as [`Purpose::Read`] does.
    DryRun,
    /// It has no right on any file.
    Nothing,
}
