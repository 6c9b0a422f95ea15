//! Has `cargo deny` judge the libraries: their licences, bans and sources always, known faults where the data about them
//! can be had. Where it cannot, it says that they were not checked.

use crate::shell;
use anyhow::{Error, Result};
use lockstep_tests::services;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Checks the libraries of the project against `deny.toml`.
pub(crate) fn deny(root: &Path) -> Result<()> {
    let program = services::cargo_deny().map_err(Error::msg)?;
    let deny = |args: &[&str]| {
        let mut command = Command::new(&program);
        command.current_dir(root).args(["--locked", "--log-level", "error"]).args(args);
        command
    };
    shell::step("licences, bans and sources of libraries");
    shell::run(&mut deny(&["check", "--hide-inclusion-graph", "licenses", "bans", "sources"]))?;
    shell::step("known faults of libraries");
    let fetched = fetch(deny(&["fetch", "db"]));
    match (&fetched, data()) {
        (Ok(()), data) => shell::say(&format!("with the RustSec data of {}", date(data.as_deref()))),
        (Err(problem), Some(data)) => shell::say(&format!(
            "the newest RustSec data cannot be had ({problem}); with the copy of {}",
            date(Some(&data))
        )),
        (Err(problem), None) => {
            shell::complain(&format!("known faults of libraries were NOT checked: {problem}\n{HINT}"));
            return Ok(());
        }
    }
    shell::run(&mut deny(&["--offline", "check", "--hide-inclusion-graph", "advisories"]))
}

const HINT: &str = "  hint: run this where https://github.com/RustSec/advisory-db can be cloned, or give git a mirror: \
                    git config --global url.MIRROR.insteadOf https://github.com/RustSec/advisory-db";

/// Fetches the data. The problem, if there is one, in a line.
fn fetch(mut command: Command) -> Result<(), String> {
    // A network that is not there ends this, and does not hold up whoever waits.
    command.env("GIT_TERMINAL_PROMPT", "0");
    command.env("GIT_HTTP_LOW_SPEED_LIMIT", "1000").env("GIT_HTTP_LOW_SPEED_TIME", "30");
    let output = command.output().map_err(|error| error.to_string())?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    Err(problem(&said))
}

/// Of what `cargo deny` said when it could not fetch, the line in which git says why.
fn problem(said: &str) -> String {
    let why = |line: &&str| line.starts_with("fatal: ") || line.starts_with("error: ");
    let line = said.lines().find(why).or_else(|| said.lines().next()).unwrap_or("it does not say why");
    line.trim_start_matches("fatal: ").to_owned()
}

/// The copy of the data that `cargo deny` keeps.
fn data() -> Option<PathBuf> {
    let home = |name: &str| std::env::var_os(name).map(PathBuf::from);
    let cargo = home("CARGO_HOME").or_else(|| Some(home("HOME")?.join(".cargo")))?;
    let copies = std::fs::read_dir(cargo.join("advisory-dbs")).ok()?.flatten().map(|entry| entry.path());
    copies.filter(|copy| copy.join(".git").exists()).max()
}

/// The day of the last change in a copy of the data.
fn date(data: Option<&Path>) -> String {
    let day = data.and_then(|data| {
        let mut git = Command::new("git");
        shell::output(git.arg("-C").arg(data).args(["show", "-s", "--format=%cs", "HEAD"])).ok()
    });
    day.map_or_else(|| "an unknown day".to_owned(), |day| String::from_utf8_lossy(&day).trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::problem;

    #[test]
    fn the_reason_is_the_one_that_git_gives() {
        let said = "2026-11-30 07:21:44 [ERROR] failed to fetch database: failed to clone: [\"clone\"]\n\
                    Cloning into '/x'...\nfatal: unable to access 'https://example.com/': Could not resolve host\n";
        assert_eq!(problem(said), "unable to access 'https://example.com/': Could not resolve host");
        assert_eq!(problem("no git\n"), "no git");
        assert_eq!(problem(""), "it does not say why");
    }
}
