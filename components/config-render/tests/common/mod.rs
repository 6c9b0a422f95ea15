//! Shared by the tests: whole runs over files in memory.
#![allow(dead_code, clippy::unwrap_used, reason = "each test file uses its part")]

use config_render::{Inputs, Outputs};
pub(crate) use lockstep_cases::Files;
use lockstep_sdk::fake::{FakeReporter, FakeWorkspace};
use lockstep_sdk::types::Failure;

/// A run over these files: its outputs and the files after it, or its failure and notes.
pub(crate) fn run(inputs: &Inputs, files: &Files) -> Result<(Outputs, Files), Box<(Failure, FakeReporter)>> {
    let mut host = FakeWorkspace { files: files.clone(), ..FakeWorkspace::default() };
    let mut reporter = FakeReporter::default();
    match config_render::run(&mut host, &mut reporter, inputs) {
        Ok(outputs) => {
            // The output names exactly the files that differ: the step writes no file without a change.
            let paths = files.keys().chain(host.files.keys().filter(|path| !files.contains_key(*path)));
            let mut differ: Vec<_> =
                paths.filter(|path| files.get(*path) != host.files.get(*path)).cloned().collect();
            differ.sort_unstable();
            assert_eq!(outputs.files, differ);
            Ok((outputs, host.files))
        }
        Err(failure) => {
            assert_eq!(host.files, *files, "a failed run changes files");
            Err(Box::new((failure, reporter)))
        }
    }
}
