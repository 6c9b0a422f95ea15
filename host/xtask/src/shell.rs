//! Running programs and talking to the person who started the chore. A program that fails ends the chore.

use crate::clock;
use anyhow::{Context as _, Result, bail};
use std::ffi::OsStr;
use std::io::Write as _;
use std::path::Path;
use std::process::Command;

/// Says something on standard output.
pub(crate) fn say(text: &str) {
    // A closed pipe is the reader's choice.
    let _ = writeln!(std::io::stdout(), "{text}");
}

/// Says something on standard error.
pub(crate) fn complain(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// Says which stage of the chore begins, and how many seconds after its start.
pub(crate) fn step(text: &str) {
    say(&format!("==> [{:>3} s] {text}", clock::begin(text)));
}

/// `cargo`, the one that runs this, in the checkout.
pub(crate) fn cargo(root: &Path) -> Command {
    let mut command = Command::new(option_env!("CARGO").unwrap_or("cargo"));
    command.current_dir(root);
    // What cargo tells its own children would make every build a different one.
    for (name, _) in std::env::vars_os().filter(|(name, _)| is_cargos_own(name)) {
        command.env_remove(name);
    }
    command
}

fn is_cargos_own(name: &OsStr) -> bool {
    name.to_str().is_some_and(|name| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_"))
}

/// Runs a command to its end.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| shown(command))?;
    if !status.success() {
        bail!("{}: {status}", shown(command));
    }
    Ok(())
}

/// Runs a command to its end and gives what it printed on standard output.
pub(crate) fn output(command: &mut Command) -> Result<Vec<u8>> {
    let output = command.output().with_context(|| shown(command))?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    let complaint = String::from_utf8_lossy(&output.stderr);
    bail!("{}: {}\n{}", shown(command), output.status, complaint.trim_end());
}

/// A command as a person would type it.
pub(crate) fn shown(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy().into_owned()).collect::<Vec<_>>().join(" ")
}
