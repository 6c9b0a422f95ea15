//! The settings by which a run reaches its cluster, and the check of the files that they name. It reads no file.

use lockstep_model::call::CallError;
use lockstep_process::Programs;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// What a run says of its cluster, and the secrets of its job.
#[derive(Default)]
pub struct Connection {
    /// The context of the kubeconfig; none for the current one.
    pub context: Option<String>,
    /// The secrets of the job, by the variable each came in.
    pub secrets: Vec<(String, String)>,
    /// The files of the kubeconfig.
    pub kubeconfigs: Vec<PathBuf>,
    /// The variables that are no secrets and that a plugin may get, see [`crate::is_for_plugins`].
    pub variables: Vec<(String, OsString)>,
    /// Where plugins may be.
    pub programs: Programs,
    /// Whether a kubeconfig, and what it names, may lie in the checkout.
    pub trusts_workspace: bool,
}

/// Texts too short to be a secret would blacken everything.
pub(super) const SHORTEST: usize = 4;

/// Refuses a file in the checkout, unless the caller trusts what lies there.
pub(super) fn outside(connection: &Connection, what: &str, file: &Path) -> Result<(), CallError> {
    if connection.trusts_workspace || !connection.programs.checkout().holds(file) {
        return Ok(());
    }
    Err(inside(what, file))
}

/// The refusal of what lies in the checkout.
pub(super) fn inside(what: &str, place: &Path) -> CallError {
    CallError::Unauthorized(format!(
        "{what} lies in the workspace or its checkout: {}. A commit could have put it there; keep it outside, or pass \
         --allow-workspace-credentials",
        place.display()
    ))
}
