//! The form that ships for Linux: one static file for every distribution, smaller than the everyday build.

use crate::{build, shell};
use anyhow::Result;
use std::path::Path;
use std::process::Command;

/// The target of the static file.
const TARGET: &str = "x86_64-unknown-linux-musl";

/// Builds it.
pub(crate) fn dist(root: &Path) -> Result<()> {
    shell::run(Command::new("rustup").args(["target", "add", TARGET]).current_dir(root))?;
    build::components(root)?;
    // Alone, without the features that tests ask for.
    let mut host = shell::cargo(root);
    host.args(["build", "--locked", "--package", "lockstep", "--profile", "dist", "--target", TARGET]);
    build::with_components(root, &mut host);
    shell::run(&mut host)?;
    let program = build::target(root).join(TARGET).join("dist/lockstep");
    let bytes = std::fs::metadata(&program)?.len();
    shell::say(&format!("{}: {:.1} MB", program.display(), bytes as f64 / 1e6));
    Ok(())
}
