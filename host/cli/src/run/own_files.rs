//! The files in the workspace that no step may touch: those of the CI system and of this run, and files that hold credentials
//! of the job.

use super::context::RunContext;
use crate::args::RunArgs;
use crate::credential_files::{self, Named};
use crate::environment;
use crate::facts::Facts;
use crate::receipt::Place;
use lockstep_model::report::Level;
use std::path::{Path, PathBuf};

/// The variables with which GitHub names its files.
const GITHUB_FILES: [&str; 5] =
    ["GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY", "GITHUB_ENV", "GITHUB_PATH", "GITHUB_STATE"];

/// Lists the files. A note names those with credentials.
pub(super) fn list(
    args: &RunArgs,
    context: &RunContext,
    credentials: Vec<Named>,
    facts: &mut Facts,
) -> Vec<PathBuf> {
    let platform = GITHUB_FILES.into_iter().filter_map(environment::path).chain(context.voice.files());
    let given = [args.policy.as_ref(), args.inputs_file.as_ref()].into_iter().flatten().map(PathBuf::from);
    let receipt = context.place.iter().filter_map(Place::path).map(Path::to_owned);
    let credentials = credential_files::all(&args.workspace, credentials);
    let inside = credential_files::inside(&args.workspace, &credentials);
    if !inside.is_empty() {
        let names = inside.join(", ");
        facts.note(
            Level::Notice,
            format!("out of reach for this step, because they hold credentials of the job: {names}"),
        );
    }
    let credentials = credentials.into_iter().map(|(_, path)| path);
    platform.chain(given).chain(receipt).chain(credentials).collect()
}
