//! The exit codes of a step's failure codes. Only the code of the step has them, in the `failure_codes!` of `src/failure.rs`.

use anyhow::{Context as _, Result, ensure};
use lockstep_model::exit::Exit;
use lockstep_model::info::StepInfo;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// The exit code of each failure code.
///
/// # Errors
/// `src/failure.rs` and `step.toml` have different codes.
pub(super) fn exits(root: &Path, step: &StepInfo) -> Result<BTreeMap<String, Exit>> {
    let path = root.join("components").join(&step.name).join("src/failure.rs");
    let source = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    let exits: BTreeMap<String, Exit> = source.lines().filter_map(code).collect();
    for failure in &step.failures {
        let known = exits.contains_key(&failure.code);
        ensure!(
            known,
            "{}: step.toml has the code `{}`, which this file lacks",
            path.display(),
            failure.code
        );
    }
    for code in exits.keys() {
        let known = step.failures.iter().any(|failure| failure.code == *code);
        ensure!(known, "{}: has the code `{code}`, which step.toml lacks", path.display());
    }
    Ok(exits)
}

/// The failure code and the exit code in a line such as `NoMatch = ("no-match", Rejected),`.
fn code(line: &str) -> Option<(String, Exit)> {
    let (code, kind) = line.split_once(" = (\"")?.1.split_once("\", ")?;
    let kind = kind.trim_end_matches([')', ',']);
    // The kinds of failures have the names of the exit codes.
    let exit = Exit::ALL.into_iter().find(|exit| format!("{exit:?}") == kind)?;
    Some((code.to_owned(), exit))
}
