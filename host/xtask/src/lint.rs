//! What the compiler's friends have to say: formatting and lints, warnings counted as errors.

use crate::shell;
use anyhow::Result;
use std::path::Path;

/// Checks formatting and lints of the project and of its hostile components.
pub(crate) fn lint(root: &Path) -> Result<()> {
    shell::step("formatting");
    shell::run(shell::cargo(root).args(["fmt", "--all", "--check"]))?;
    shell::step("lints");
    let deny = ["--", "-D", "warnings"];
    let all = ["clippy", "--locked", "--workspace", "--all-targets", "--features", "lockstep-tests/live"];
    shell::run(shell::cargo(root).args(all).args(deny))?;
    let compile = [
        "clippy",
        "--locked",
        "--package",
        "lockstep",
        "--package",
        "lockstep-engine",
        "--features",
        "compile",
    ];
    shell::run(shell::cargo(root).args(compile).args(deny))
}
