//! The files that a reporter writes for the CI system: their names, and who chose them.

use super::RESULT;
use crate::environment;
use lockstep_model::render::{self, Effect, OutputFile, Platform};
use lockstep_workspace::NameOrigin;
use std::path::{self, Path, PathBuf};

/// The folder of values that are too long for the CI system, as later steps read it: the temporary folder of the job if
/// there is one, else the workspace.
pub(super) fn value_folder(platform: Platform, folder: &Path, step: &str, token: &str) -> PathBuf {
    let name = render::value_folder(step);
    match (platform, environment::path("RUNNER_TEMP")) {
        // A job can run the same step more than once.
        (Platform::Github, Some(temp)) => {
            temp.join("lockstep").join(format!("{name}-{}", token.get(..8).unwrap_or_default()))
        }
        (Platform::Github, None) => path::absolute(folder).unwrap_or_default().join(name),
        _ => PathBuf::from(name),
    }
}

/// Joins the texts that effects append to the same file.
pub(super) fn joined_appends(effects: &[Effect]) -> Vec<(&OutputFile, String)> {
    let mut all: Vec<(&OutputFile, String)> = Vec::new();
    for effect in effects {
        let Effect::Append { to, text } = effect else { continue };
        match all.iter_mut().find(|(other, _)| *other == to) {
            Some((_, joined)) => joined.push_str(text),
            None => all.push((to, text.clone())),
        }
    }
    all
}

/// Who chose the name of a file.
pub(super) fn naming(target: &OutputFile) -> NameOrigin {
    match target {
        OutputFile::Outputs | OutputFile::Summary => NameOrigin::Caller,
        OutputFile::ResultFile if environment::path(RESULT).is_some() => NameOrigin::Caller,
        OutputFile::ResultFile | OutputFile::Dotenv | OutputFile::Value(_) => NameOrigin::Lockstep,
    }
}

/// The content of a file, for a message.
pub(super) fn description(target: &OutputFile) -> &'static str {
    match target {
        OutputFile::Outputs => "the outputs",
        OutputFile::Summary => "the summary",
        OutputFile::Dotenv => "the dotenv report",
        OutputFile::ResultFile => "the result",
        OutputFile::Value(_) => "the values of outputs",
    }
}
