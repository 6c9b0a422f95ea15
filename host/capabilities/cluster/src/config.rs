//! The configuration of a cluster client, and the check that its files lie outside of the checkout. It reads no file.

use lockstep_model::call::CallError;
use lockstep_process::Programs;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// How a run reaches its cluster, with the secrets of the job.
#[derive(Default)]
pub struct ClusterConfig {
    /// The context of the kubeconfig; none for its current context.
    pub context: Option<String>,
    /// The secrets of the job, each with its variable.
    pub secrets: Vec<(String, String)>,
    /// The files of the kubeconfig.
    pub kubeconfigs: Vec<PathBuf>,
    /// The variables without secrets that a plugin may get, see [`crate::is_for_plugins`].
    pub variables: Vec<(String, OsString)>,
    /// Where the host finds plugins.
    pub programs: Programs,
    /// Whether a kubeconfig, and the files that it names, may lie in the checkout.
    pub trusts_workspace: bool,
}

/// The shortest secret, in bytes. Redacting shorter texts would make messages unreadable.
pub(super) const MIN_SECRET_BYTES: usize = 4;

/// Refuses a file in the checkout, unless the caller trusts the checkout.
pub(super) fn refuse_in_checkout(config: &ClusterConfig, label: &str, file: &Path) -> Result<(), CallError> {
    if config.trusts_workspace || !config.programs.checkout().holds(file) {
        return Ok(());
    }
    Err(checkout_error(label, file))
}

/// The error for a file in the checkout.
pub(super) fn checkout_error(label: &str, path: &Path) -> CallError {
    CallError::Unauthorized(format!(
        "{label} lies in the workspace or its checkout: {}. A commit could have put it there; keep it outside, or pass \
         --allow-workspace-credentials",
        path.display()
    ))
}
