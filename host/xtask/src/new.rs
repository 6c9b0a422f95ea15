//! Lays out the folder of a new step, so that it builds and runs at once. It changes nothing that exists.

use crate::shell;
use anyhow::{Result, bail};
use std::fs;
use std::path::Path;

/// The files of a new step: `STEP` and `step_` stand for its name.
const FILES: [(&str, &str); 7] = [
    ("step.toml", include_str!("new/step.toml")),
    ("Cargo.toml", include_str!("new/Cargo.toml.txt")),
    ("wit/world.wit", include_str!("new/world.wit")),
    ("src/lib.rs", include_str!("new/lib.rs.txt")),
    ("src/bindings.rs", include_str!("new/bindings.rs.txt")),
    ("cases/says-hello/case.toml", include_str!("new/ok.toml")),
    ("cases/needs-a-name/case.toml", include_str!("new/refused.toml")),
];

/// Makes the folder.
pub(crate) fn new(root: &Path, step: &str) -> Result<()> {
    let good = step.split('-').count() >= 2
        && step.split('-').all(|word| {
            !word.is_empty() && word.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
        });
    if !good {
        bail!("`{step}` is no step name; it has the form object-verb, such as manifest-patch");
    }
    let folder = root.join("components").join(step);
    if folder.exists() {
        bail!("{} exists already", folder.display());
    }
    for (name, text) in FILES {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap_or(&folder))?;
        fs::write(path, text.replace("STEP", step))?;
    }
    // The lock file learns of the new member; the other chores only accept one that is complete.
    shell::output(shell::cargo(root).args(["metadata", "--offline", "--format-version", "1"]))?;
    shell::say(&format!(
        "laid out {}; next: write wit/world.wit and step.toml, then `cargo xtask gen` and `cargo xtask test`",
        folder.display()
    ));
    Ok(())
}
