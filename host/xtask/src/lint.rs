//! Formatting and lints, warnings counted as errors, and what is known about the libraries.

use crate::{deny, shell};
use anyhow::Result;
use std::path::Path;

/// Checks formatting and lints of the project and of its hostile components.
pub(crate) fn lint(root: &Path) -> Result<()> {
    shell::step("formatting");
    shell::run(shell::cargo(root).args(["fmt", "--all", "--check"]))?;
    shell::step("lints");
    // Once, with all that can be switched on: a second look without would check most libraries again.
    let features = "lockstep-tests/live";
    let all = ["clippy", "--locked", "--workspace", "--all-targets", "--features", features];
    shell::run(shell::cargo(root).args(all).args(["--", "-D", "warnings"]))?;
    deny::deny(root)
}
