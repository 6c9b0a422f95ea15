//! Lays out the folder of a new step, which builds, runs and passes its tests. It changes nothing that exists.

use crate::shell;
use anyhow::{Result, bail};
use std::fs;
use std::path::Path;

/// The files of a new step. `STEP` is its name, and `STEP_CRATE` its name in Rust.
const FILES: [(&str, &str); 13] = [
    ("step.toml", include_str!("new/step.toml")),
    ("Cargo.toml", include_str!("new/Cargo.toml.txt")),
    ("wit/world.wit", include_str!("new/world.wit")),
    ("src/lib.rs", include_str!("new/lib.rs.txt")),
    ("src/bindings.rs", include_str!("new/bindings.rs.txt")),
    ("src/failure.rs", include_str!("new/failure.rs.txt")),
    ("src/run.rs", include_str!("new/run.rs.txt")),
    ("tests/run.rs", include_str!("new/tests_run.rs.txt")),
    ("tests/cases.rs", include_str!("new/tests_cases.rs.txt")),
    ("cases/counts-lines/case.toml", include_str!("new/counts-lines.toml")),
    ("cases/counts-lines/in/notes.txt", "one\ntwo\n"),
    ("cases/empty-file/case.toml", include_str!("new/empty-file.toml")),
    ("cases/empty-file/in/notes.txt", ""),
];

/// Creates the folder.
pub(crate) fn new(root: &Path, step: &str) -> Result<()> {
    let is_word =
        |word: &str| !word.is_empty() && word.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
    if step.split('-').count() < 2 || !step.split('-').all(is_word) {
        bail!("invalid step name `{step}`: expected the form object-verb, such as manifest-patch");
    }
    let folder = root.join("components").join(step);
    if folder.exists() {
        bail!("{} exists already", folder.display());
    }
    for (name, text) in FILES {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap_or(&folder))?;
        fs::write(path, text.replace("STEP_CRATE", &step.replace('-', "_")).replace("STEP", step))?;
    }
    // The other chores only accept a lock file that has the new member.
    shell::output(shell::cargo(root).args(["metadata", "--offline", "--format-version", "1"]))?;
    shell::say(&format!(
        "created {}, a step that counts the lines of a file\n  next: docs/contributing/new-step.md says what to change; \
         `cargo test -p {step}` runs its tests",
        folder.display()
    ));
    Ok(())
}
