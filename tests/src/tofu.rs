//! Configurations of `tests/terraform` in folders of their own, run by the real `tofu`. It has no network, and
//! nothing of this process reaches it but the path.

use crate::services;
use crate::support::{checkout, copy};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use tempfile::TempDir;

/// A configuration and its state. It goes when it is dropped.
#[derive(Debug)]
pub struct Tofu {
    folder: TempDir,
    program: PathBuf,
}

/// What `tofu plan` planned, told in three ways.
#[derive(Debug)]
pub struct Plan {
    /// What `show -json` prints.
    pub json: String,
    /// What `show` prints.
    pub words: String,
    /// How `plan -detailed-exitcode` ended: 0 without changes, 2 with changes, 1 with an error.
    pub exit: Option<i32>,
}

impl Tofu {
    /// A folder with this configuration, ready to plan.
    #[must_use]
    #[track_caller]
    pub fn new(configuration: &str) -> Self {
        let program = services::tofu().unwrap_or_else(|error| panic!("{error}"));
        let tofu = Self { folder: tempfile::tempdir().expect("a folder"), program };
        tofu.take(configuration);
        // Providers come from this folder and from nowhere else.
        let providers = services::tofu_providers().unwrap_or_else(|error| panic!("{error}"));
        let providers =
            format!("provider_installation {{\n  filesystem_mirror {{\n    path = {providers:?}\n  }}\n}}\n");
        fs::write(tofu.path("../tofurc"), providers).expect("a file");
        tofu.say(&["init"]);
        tofu
    }

    /// Puts another configuration in the place of this one. The state stays.
    pub fn take(&self, configuration: &str) {
        copy(&checkout().join("tests/terraform").join(configuration), &self.path(""));
    }

    /// A path in the folder of the configuration.
    #[must_use]
    pub fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join("work").join(path)
    }

    /// Changes a text that stands in a file, everywhere in it.
    #[track_caller]
    pub fn edit(&self, file: &str, from: &str, to: &str) {
        let text = fs::read_to_string(self.path(file)).expect("the file");
        assert!(text.contains(from), "{file} does not hold {from:?}:\n{text}");
        fs::write(self.path(file), text.replace(from, to)).expect("the file");
    }

    /// A call of `tofu`, not yet made.
    #[must_use]
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command.args(args).current_dir(self.path("")).env_clear().env("PATH", services::path(&[]));
        command.env("HOME", self.folder.path()).env("TF_CLI_CONFIG_FILE", self.path("../tofurc"));
        command.env("TF_DATA_DIR", self.path("../data")).env("TF_IN_AUTOMATION", "1").env("TF_INPUT", "0");
        command
    }

    /// Runs `tofu` to its end, however that is.
    #[must_use]
    pub fn end(&self, args: &[&str]) -> Output {
        self.command(args).output().expect("tofu starts")
    }

    /// Runs `tofu`, which must succeed, and gives what it printed.
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
        // A plan that failed before it planned anything shows as a failure.
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

/// Whether a file is its owner's alone: readable and writable for nobody else.
#[must_use]
pub fn is_private(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    fs::metadata(path).is_ok_and(|stat| stat.permissions().mode() & 0o7777 == 0o600)
}
