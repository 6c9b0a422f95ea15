//! Builds the book of `docs/` with a fixed version of mdBook, which it installs below target/ if it is not there. A warning of
//! mdBook ends the chore.

use crate::{build, shell};
use anyhow::{Context as _, Result, bail};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The version that builds the book.
const VERSION: &str = "0.5.4";

/// Builds the book.
pub(crate) fn book(root: &Path) -> Result<()> {
    let program = program(root)?;
    let folder = build::target(root).join("book");
    shell::step("the book");
    let mut command = Command::new(program);
    command.arg("build").arg(root.join("docs")).arg("--dest-dir").arg(&folder);
    let output = command.output().with_context(|| shell::shown(&command))?;
    let log = String::from_utf8_lossy(&output.stderr);
    let complaints: Vec<&str> = log.lines().filter(|line| is_complaint(line)).collect();
    if !output.status.success() || !complaints.is_empty() {
        bail!("mdBook says:\n{}", log.trim_end());
    }
    shell::say(&format!("the first page is {}", folder.join("index.html").display()));
    Ok(())
}

/// Whether a line of mdBook's log is a warning or an error.
fn is_complaint(line: &str) -> bool {
    line.split_whitespace().take(3).any(|word| ["WARN", "ERROR"].contains(&word))
}

/// mdBook, installed on first use.
fn program(root: &Path) -> Result<PathBuf> {
    let tools = build::target(root).join("tools");
    let program = tools.join("bin/mdbook");
    let version = Command::new(&program).arg("--version").output();
    if version
        .is_ok_and(|output| String::from_utf8_lossy(&output.stdout).trim() == format!("mdbook v{VERSION}"))
    {
        return Ok(program);
    }
    shell::step(&format!("installing mdBook {VERSION}"));
    let mut install = shell::cargo(root);
    install.args(["install", "--locked", "--force", "--version", VERSION]);
    // It only builds: the book has no use for the server and the watcher. Optimising it takes longer than it saves.
    install
        .args(["--debug", "--no-default-features", "--features", "search", "--root"])
        .arg(tools)
        .arg("mdbook");
    // Cargo then builds in a folder that it removes.
    install.env_remove("CARGO_TARGET_DIR");
    shell::run(&mut install)?;
    Ok(program)
}

#[cfg(test)]
mod tests {
    use super::is_complaint;

    #[test]
    fn a_warning_is_a_complaint() {
        assert!(is_complaint(" WARN mdbook_html: unclosed HTML tag"));
        assert!(is_complaint("ERROR The build command failed"));
        assert!(!is_complaint(" INFO mdbook_driver: Book building has started"));
    }
}
