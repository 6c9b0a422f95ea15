//! Git as a person uses it, without the settings of the user who runs the tests.

use std::path::Path;
use std::process::Command;

/// Calls git in a folder, as the user Eva, and returns its output.
///
/// # Panics
/// Git fails.
pub fn git(folder: &Path, args: &[&str]) -> String {
    let mut command = Command::new("git");
    command.args(["-c", "user.name=Eva", "-c", "user.email=eva@example.com"]).args(args).current_dir(folder);
    let output = command.env("GIT_CONFIG_GLOBAL", "/dev/null").output().expect("git can be run");
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text").trim_end().to_owned()
}
