//! One call of a program: arguments, environment, output.

use super::files::copy_program;
use super::{SECRETS, Scene};
use serde_json::Value;
use signal_hook::consts::SIGINT;
use std::ffi::OsString;
use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Once};
use wait4::{ResUse, Wait4 as _};

/// The user and group `nobody`, which own no files.
const NOBODY: u32 = 65534;

/// One call of a program before its start.
#[derive(Debug)]
pub struct Run<'s> {
    scene: &'s Scene,
    program: PathBuf,
    args: Vec<OsString>,
    env: Vec<(String, OsString)>,
    stdin: String,
    json: bool,
    controls: bool,
    few_files: bool,
    nobody: bool,
}

impl<'s> Run<'s> {
    pub(super) fn new(scene: &'s Scene, program: PathBuf) -> Self {
        let (args, env, stdin) = (Vec::new(), Vec::new(), String::new());
        let mut run = Self {
            scene,
            program,
            args,
            env,
            stdin,
            json: true,
            controls: true,
            few_files: false,
            nobody: false,
        };
        let home = scene.path("own/home");
        for (name, value) in [("HOME", home.as_os_str()), ("TMPDIR", scene.path("own/tmp").as_os_str())] {
            run.env.push((name.to_owned(), value.to_owned()));
        }
        let run = run.env("LANG", "C.UTF-8");
        run.env("PATH", "/usr/bin:/bin").env("DEPLOY_TOKEN", SECRETS[0]).env("LOCKSTEP_SECRET_X", SECRETS[1])
    }

    /// Adds an argument.
    #[must_use]
    pub fn arg(mut self, arg: impl Into<OsString>) -> Self {
        self.args.push(arg.into());
        self
    }

    /// Adds arguments.
    #[must_use]
    pub fn args<A: Into<OsString>>(self, args: impl IntoIterator<Item = A>) -> Self {
        args.into_iter().fold(self, Self::arg)
    }

    /// Sets a variable.
    #[must_use]
    pub fn env(mut self, name: &str, value: impl Into<OsString>) -> Self {
        self.env.retain(|(other, _)| other != name);
        self.env.push((name.to_owned(), value.into()));
        self
    }

    /// Removes the secrets from the environment.
    #[must_use]
    pub fn without_secrets(mut self) -> Self {
        self.env.retain(|(name, _)| !["DEPLOY_TOKEN", "LOCKSTEP_SECRET_X"].contains(&name.as_str()));
        self
    }

    /// Limits the open files as most CI runners do.
    #[must_use]
    pub fn few_files(mut self) -> Self {
        self.few_files = true;
        self
    }

    /// Runs the program as a user other than root. It copies the program, the compiler and the component to a folder that
    /// this user can read.
    #[must_use]
    pub fn nobody(mut self) -> Self {
        if rustix::process::geteuid().is_root() {
            self.nobody = true;
            let copied = |file: &Path, name: &str| {
                let copy = self.scene.path(name);
                let parent = copy.parent().expect("a parent");
                fs::create_dir_all(parent).expect("a folder");
                fs::set_permissions(parent, fs::Permissions::from_mode(0o755)).expect("permissions");
                copy_program(file, &copy);
                copy
            };
            let compiler = self.program.with_file_name("lockstep-compiler");
            self.program = copied(&self.program, "program");
            if compiler.exists() {
                copied(&compiler, "lockstep-compiler");
            }
            for arg in &mut self.args {
                let path = Path::new(arg);
                let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
                if path.is_absolute() && path.is_file() && !path.starts_with(self.scene.path("")) {
                    *arg = copied(path, &format!("given/{name}")).into();
                }
            }
            let everyone = |mode| fs::Permissions::from_mode(mode);
            for folder in ["own", "own/home", "own/tmp"] {
                fs::set_permissions(self.scene.path(folder), everyone(0o777)).expect("permissions");
            }
        }
        self
    }

    /// The content of standard input.
    #[must_use]
    pub fn stdin(mut self, text: &str) -> Self {
        text.clone_into(&mut self.stdin);
        self
    }

    /// Leaves the format, the workspace and the receipt to the arguments.
    #[must_use]
    pub fn bare(mut self) -> Self {
        self.controls = false;
        self
    }

    /// Prints the log for people on standard output instead of the result as JSON.
    #[must_use]
    pub fn human(mut self) -> Self {
        self.json = false;
        self
    }

    /// Sets the environment of a job of this CI system, with its files below `own/`.
    #[must_use]
    pub fn platform(self, name: &str) -> Self {
        let own = |file: &str| self.scene.path("own").join(file).into_os_string();
        let variables: Vec<(&str, OsString)> = match name {
            "github" => vec![
                ("GITHUB_ACTIONS", "true".into()),
                ("GITHUB_OUTPUT", own("output")),
                ("GITHUB_STEP_SUMMARY", own("summary")),
                ("GITHUB_ENV", own("env")),
                ("GITHUB_PATH", own("path")),
                ("GITHUB_STATE", own("state")),
                ("RUNNER_TEMP", own("tmp")),
            ],
            "gitlab" => vec![("GITLAB_CI", "true".into())],
            "jenkins" => {
                vec![("JENKINS_URL", "https://ci.example.com/".into()), ("WORKSPACE_TMP", own("tmp"))]
            }
            _ => vec![],
        };
        variables.into_iter().fold(self.human(), |run, (name, value)| run.env(name, value))
    }

    /// Makes the call and waits for its end.
    #[must_use]
    pub fn end(self) -> ProgramOutput {
        let scene = self.scene;
        Running { child: self.start().child }.end(scene)
    }

    /// Starts the program.
    #[must_use]
    pub fn start(self) -> Running {
        let mut command = self.command();
        forget_peak();
        Running { child: command.spawn().expect("the program starts") }
    }

    /// The command, with its output in files, because a full pipe could block it.
    #[must_use]
    pub fn command(self) -> Command {
        heed_interrupts();
        let mut command = Command::new(if self.few_files { Path::new("/bin/sh") } else { &self.program });
        if self.few_files {
            command.args(["-c", "ulimit -n 1024 && exec \"$0\" \"$@\""]).arg(&self.program);
        }
        command.args(&self.args).env_clear().envs(self.env);
        if self.nobody {
            command.uid(NOBODY).gid(NOBODY);
        }
        if self.controls {
            command.arg("--workspace").arg(self.scene.path("workspace"));
            command.arg("--receipt").arg(self.scene.path("own/receipt.json"));
            let _ = fs::remove_file(self.scene.path("own/receipt.json"));
            if self.json {
                command.args(["--format", "json"]);
            }
        }
        self.scene.put("own/stdin", &self.stdin);
        command.stdin(Stdio::from(File::open(self.scene.path("own/stdin")).expect("a file")));
        command.stdout(Stdio::from(File::create(self.scene.path("own/stdout")).expect("a file")));
        command.stderr(Stdio::from(File::create(self.scene.path("own/stderr")).expect("a file")));
        command
    }
}

/// Installs a handler of SIGINT. A shell that starts the tests in the background makes them ignore SIGINT, and started
/// programs inherit that. With a handler here, they do not ignore it.
fn heed_interrupts() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
        let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
        let ignored = ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0);
        if ignored & (1 << (SIGINT - 1)) != 0 {
            signal_hook::flag::register(SIGINT, Arc::default()).expect("a handler");
        }
    });
}

/// Resets the peak memory of this process, which includes that of other tests. Linux counts the peak of the parent as the
/// peak of a started program; the current memory of the parent still counts.
fn forget_peak() {
    let _ = fs::write("/proc/self/clear_refs", "5");
}

/// A running program.
#[derive(Debug)]
pub struct Running {
    /// The process.
    pub child: Child,
}

impl Running {
    /// Waits for the end of the program.
    #[must_use]
    pub fn end(self, scene: &Scene) -> ProgramOutput {
        let ResUse { status, rusage } = self.child.wait4().expect("the program ends");
        let (stdout, stderr) = (scene.text("own/stdout"), scene.text("own/stderr"));
        ProgramOutput { exit: status.code(), stdout, stderr, peak_bytes: rusage.maxrss }
    }
}

/// The exit code and output of a program.
#[derive(Debug)]
pub struct ProgramOutput {
    /// Its exit code; none if a signal ended it.
    pub exit: Option<i32>,
    /// The text on standard output.
    pub stdout: String,
    /// The text on standard error.
    pub stderr: String,
    /// The maximum resident memory of the program or its compiler, in bytes.
    pub peak_bytes: u64,
}

impl ProgramOutput {
    /// The result: the one JSON document on standard output.
    #[must_use]
    #[track_caller]
    pub fn result(&self) -> Value {
        serde_json::from_str(&self.stdout)
            .unwrap_or_else(|error| panic!("standard output: {error}\n{self:#?}"))
    }

    /// Fails unless the run ended with this exit code and code. Returns the result.
    #[track_caller]
    pub fn expect(&self, exit: i32, code: &str) -> Value {
        let result = self.result();
        assert_eq!((self.exit, result["code"].as_str()), (Some(exit), Some(code)), "{self:#?}");
        result
    }
}
