//! Runs of the real `tofu` on configurations of `tests/terraform`, each in a folder of its own. `tofu` has no network, and
//! of the environment of this process it gets PATH only.

use crate::services;
use crate::support::{checkout, copy};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use tempfile::TempDir;

/// A folder with a configuration and its state. Dropping it removes the folder.
#[derive(Debug)]
pub struct Tofu {
    folder: TempDir,
    program: PathBuf,
}

/// The plan of `tofu plan` in three forms.
#[derive(Debug)]
pub struct Plan {
    /// The output of `show -json`.
    pub json: String,
    /// The output of `show`.
    pub words: String,
    /// The exit code of `plan -detailed-exitcode`: 0 without changes, 2 with changes, 1 after an error.
    pub exit: Option<i32>,
}

impl Tofu {
    /// Creates a folder with this configuration, ready for a plan.
    #[must_use]
    #[track_caller]
    pub fn new(configuration: &str) -> Self {
        let program = services::tofu().unwrap_or_else(|error| panic!("{error}"));
        let tofu = Self { folder: tempfile::tempdir().expect("a folder"), program };
        tofu.take(configuration);
        // `tofu` takes providers from this folder only.
        let providers = services::tofu_providers().unwrap_or_else(|error| panic!("{error}"));
        let providers =
            format!("provider_installation {{\n  filesystem_mirror {{\n    path = {providers:?}\n  }}\n}}\n");
        fs::write(tofu.path("../tofurc"), providers).expect("a file");
        tofu.say(&["init"]);
        tofu
    }

    /// Replaces the configuration. The state stays.
    pub fn take(&self, configuration: &str) {
        copy(&checkout().join("tests/terraform").join(configuration), &self.path(""));
    }

    /// The path of a file in the folder of the configuration.
    #[must_use]
    pub fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join("work").join(path)
    }

    /// Replaces all occurrences of a text in a file.
    #[track_caller]
    pub fn edit(&self, file: &str, from: &str, to: &str) {
        let text = fs::read_to_string(self.path(file)).expect("the file");
        assert!(text.contains(from), "{file} does not hold {from:?}:\n{text}");
        fs::write(self.path(file), text.replace(from, to)).expect("the file");
    }

    /// A command of `tofu`.
    #[must_use]
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command.args(args).current_dir(self.path("")).env_clear().env("PATH", services::path(&[]));
        command.env("HOME", self.folder.path()).env("TF_CLI_CONFIG_FILE", self.path("../tofurc"));
        command.env("TF_DATA_DIR", self.path("../data")).env("TF_IN_AUTOMATION", "1").env("TF_INPUT", "0");
        command
    }

    /// Runs `tofu` to its end, with success or an error.
    #[must_use]
    pub fn end(&self, args: &[&str]) -> Output {
        self.command(args).output().expect("tofu starts")
    }

    /// Runs `tofu`, which must succeed, and returns its output.
    #[track_caller]
    pub fn say(&self, args: &[&str]) -> String {
        services::output(&mut self.command(args)).unwrap_or_else(|error| panic!("{error}"))
    }

    /// Applies the configuration, with these arguments.
    #[track_caller]
    pub fn apply(&self, args: &[&str]) {
        self.say(&[&["apply", "-auto-approve", "-no-color"], args].concat());
    }

    /// Plans, with these arguments.
    #[must_use]
    #[track_caller]
    pub fn plan(&self, args: &[&str]) -> Plan {
        let options = ["plan", "-no-color", "-detailed-exitcode", "-out=saved"];
        let exit = self.end(&[&options[..], args].concat()).status.code();
        let json = self.say(&["show", "-json", "saved"]);
        // `show` fails too if the plan failed early, so its exit code does not matter.
        let words = self.end(&["show", "-no-color", "saved"]).stdout;
        fs::remove_file(self.path("saved")).expect("a saved plan");
        Plan { json, words: String::from_utf8_lossy(&words).into_owned(), exit }
    }
}

impl Plan {
    /// The numbers before `word` in the line that begins with `Plan:`; 0 without one.
    #[must_use]
    pub fn said(&self, word: &str) -> u64 {
        let line = self.words.lines().find_map(|line| line.strip_prefix("Plan: ")).unwrap_or_default();
        let parts = line.trim_end_matches('.').split(", ");
        let number = parts.filter_map(|part| part.split_once(" to ")).find(|(_, to)| *to == word);
        number.map_or(0, |(number, _)| number.parse().expect("a number"))
    }
}

/// A program's output as a text.
#[must_use]
pub fn printed(output: &Output) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    format!("{}{}", text(&output.stdout), text(&output.stderr))
}

/// Whether only its owner can read and write a file.
#[must_use]
pub fn is_private(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    fs::metadata(path).is_ok_and(|stat| stat.permissions().mode() & 0o7777 == 0o600)
}
