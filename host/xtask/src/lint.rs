//! Formatting and lints, warnings counted as errors, and what is known about the libraries.

use crate::{build, deny, shell};
use anyhow::Result;
use std::path::Path;

/// Checks formatting and lints of the project and of its hostile components.
pub(crate) fn lint(root: &Path) -> Result<()> {
    shell::step("formatting");
    shell::run(shell::cargo(root).args(["fmt", "--all", "--check"]))?;
    shell::step("lints");
    // With the profile and the features of the finished program and its tests, so that macros and build scripts are those
    // that are built already, and of all other libraries cargo needs the metadata alone.
    let mut clippy = shell::cargo(root);
    clippy.args(["clippy", "--locked", "--release", "--all-targets"]).args(build::WHOLE);
    build::with_components(root, &mut clippy);
    shell::run(clippy.args(["--", "-D", "warnings"]))?;
    let mut clippy = shell::cargo(root);
    clippy.args(["clippy", "--locked", "--release", "--all-targets", "--package", build::COMPILER]);
    shell::run(clippy.args(["--", "-D", "warnings"]))?;
    deny::deny(root)
}
