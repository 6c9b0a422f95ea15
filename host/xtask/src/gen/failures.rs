//! The failure codes of a step: their meaning from `step.toml`, and their exit code from the `failure_codes!` of
//! `src/failure.rs`.

use anyhow::{Context as _, Result, ensure};
use lockstep_model::exit::Exit;
use lockstep_model::info::FailureInfo;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// The failures, sorted by their codes. `declared` is the table in `step.toml`.
///
/// # Errors
/// `src/failure.rs` and `step.toml` have different codes.
pub(super) fn failures(folder: &Path, declared: &toml::Table) -> Result<Vec<FailureInfo>> {
    let path = folder.join("src/failure.rs");
    let source = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    let exits: BTreeMap<String, Exit> = source.lines().filter_map(code).collect();
    let failure = |(code, meaning): (&String, &toml::Value)| {
        let meaning = meaning.as_str().with_context(|| format!("failure `{code}` needs a text"))?;
        let lacks = || format!("{}: step.toml has the code `{code}`, which this file lacks", path.display());
        let exit = exits.get(code).with_context(lacks)?;
        Ok(FailureInfo { code: code.clone(), exit_code: exit.code(), meaning: meaning.to_owned() })
    };
    let failures = declared.iter().map(failure).collect::<Result<_>>()?;
    for code in exits.keys() {
        let known = declared.contains_key(code);
        ensure!(known, "{}: has the code `{code}`, which step.toml lacks", path.display());
    }
    Ok(failures)
}

/// The failure code and the exit code in a line such as `NoMatch = ("no-match", Rejected),`.
fn code(line: &str) -> Option<(String, Exit)> {
    let (code, kind) = line.split_once(" = (\"")?.1.split_once("\", ")?;
    let kind = kind.trim_end_matches([')', ',']);
    // The kinds of failures have the names of the exit codes.
    let exit = Exit::ALL.into_iter().find(|exit| format!("{exit:?}") == kind)?;
    Some((code.to_owned(), exit))
}
