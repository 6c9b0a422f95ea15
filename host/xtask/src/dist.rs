//! The form that ships for Linux: two static files for every distribution, smaller than those for every day.

use crate::build::{self, Form};
use crate::shell;
use anyhow::Result;
use std::path::Path;
use std::process::Command;

/// The system of the static files.
const TARGET: &str = "x86_64-unknown-linux-musl";

/// Builds them.
pub(crate) fn dist(root: &Path) -> Result<()> {
    shell::run(Command::new("rustup").args(["target", "add", TARGET]).current_dir(root))?;
    let form = Form { profile: "dist", target: Some(TARGET) };
    let host = build::build_as(root, form)?;
    for program in [host, form.compiler(root)] {
        let bytes = std::fs::metadata(&program)?.len();
        shell::say(&format!("{}: {:.1} MB", program.display(), bytes as f64 / 1e6));
    }
    Ok(())
}
