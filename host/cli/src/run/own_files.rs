//! Lists the files in the workspace that no step may touch: those of the CI system and of this run, and files with
//! credentials of the job.

use super::context::RunContext;
use crate::args::RunArgs;
use crate::credential_files::{self, CredentialPath};
use crate::environment;
use crate::receipt::ReceiptTarget;
use crate::run_facts::RunFacts;
use lockstep_model::report::Level;
use std::path::{Path, PathBuf};

/// The variables with the paths of files of GitHub.
const GITHUB_FILES: [&str; 5] =
    ["GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY", "GITHUB_ENV", "GITHUB_PATH", "GITHUB_STATE"];

/// Lists the files, and adds a note with those that have credentials.
pub(super) fn list(
    args: &RunArgs,
    context: &RunContext,
    credentials: Vec<CredentialPath>,
    facts: &mut RunFacts,
) -> Vec<PathBuf> {
    let platform = GITHUB_FILES.into_iter().filter_map(environment::path).chain(context.reporter.files());
    let given = [args.policy.as_ref(), args.inputs_file.as_ref()].into_iter().flatten().map(PathBuf::from);
    let receipt = context.receipt_target.iter().filter_map(ReceiptTarget::path).map(Path::to_owned);
    let credentials = credential_files::all(&args.workspace, credentials);
    let inside = credential_files::inside(&args.workspace, &credentials);
    if !inside.is_empty() {
        let names = inside.join(", ");
        facts.note(
            Level::Notice,
            format!("this step cannot reach these files, because they have credentials of the job: {names}"),
        );
    }
    let credentials = credentials.into_iter().map(|(_, path)| path);
    platform.chain(given).chain(receipt).chain(credentials).collect()
}
