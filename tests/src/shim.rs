//! A checkout with the shell script of the wrappers only, and stand-ins for the programs that it looks for.

use crate::support::executable;
use lockstep_model::digest::Digest;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// The repository.
#[must_use]
pub fn root() -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).parent();
    folder.unwrap_or(Path::new("/")).to_owned()
}

/// A program that prints its arguments, the variables that begin with `LOCKSTEP_`, its path and its input.
pub const STAND_IN: &str = "#!/bin/sh\nprintf 'arg %s\\n' \"$@\"\necho \"path $PATH\"\nenv | grep ^LOCKSTEP_ | sort\n\
                            case \"$*\" in *--inputs\\ -*) cat ;; esac\n";

/// A folder with `ci/run.sh` and a `ci/CHECKSUMS` of the test.
pub struct Checkout<'a> {
    folder: &'a Path,
}

impl<'a> Checkout<'a> {
    /// Copies the script into an empty folder.
    ///
    /// # Errors
    /// The system cannot write a file.
    pub fn new(folder: &'a Path) -> io::Result<Self> {
        fs::create_dir_all(folder.join("ci"))?;
        fs::copy(root().join("ci/run.sh"), folder.join("ci/run.sh"))?;
        let checkout = Self { folder };
        checkout.checksums("")?;
        Ok(checkout)
    }

    /// Writes `ci/CHECKSUMS`.
    ///
    /// # Errors
    /// The system cannot write the file.
    pub fn checksums(&self, text: &str) -> io::Result<()> {
        fs::write(self.folder.join("ci/CHECKSUMS"), text)
    }

    /// Lists this binary in `ci/CHECKSUMS` as the released one.
    ///
    /// # Errors
    /// The system cannot write the file.
    pub fn release(&self, binary: &str) -> io::Result<()> {
        let digest = Digest::of(binary.as_bytes()).hex();
        self.checksums(&format!("# comment\n\nversion 1.2.3\n{digest}  {}  lockstep-1.2.3\n", target()))
    }

    /// Writes a program.
    ///
    /// # Errors
    /// The system cannot write the file.
    pub fn program(&self, path: &str, text: &str) -> io::Result<PathBuf> {
        let path = self.folder.join(path);
        executable(&path, text);
        Ok(path)
    }

    /// Runs the script in a shell, with this environment and no other.
    ///
    /// # Errors
    /// The start of the shell fails.
    pub fn run(&self, shell: &[&str], env: &[(&str, &str)]) -> io::Result<Output> {
        self.run_with(shell, &[], env)
    }

    /// The same, with the options of a wrapper about the program before its other arguments.
    ///
    /// # Errors
    /// The start of the shell fails.
    pub fn run_with(&self, shell: &[&str], said: &[&str], env: &[(&str, &str)]) -> io::Result<Output> {
        let (program, args) = shell.split_first().ok_or(io::ErrorKind::InvalidInput)?;
        let mut command = Command::new(program);
        command.args(args).arg(self.folder.join("ci/run.sh")).args(said).arg("--format").arg("json");
        command.env_clear().env("PATH", "/usr/bin:/bin").env("HOME", self.folder.join("home"));
        command.envs(env.iter().copied()).current_dir(self.folder).output()
    }
}

/// The target that the script finds on this machine.
#[must_use]
pub fn target() -> &'static str {
    match (std::env::consts::OS, std::env::consts::ARCH) {
        ("macos", "aarch64") => "aarch64-apple-darwin",
        ("macos", _) => "x86_64-apple-darwin",
        (_, "aarch64") => "aarch64-unknown-linux-musl",
        _ => "x86_64-unknown-linux-musl",
    }
}
