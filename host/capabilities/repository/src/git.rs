//! Runs git on bare repositories of the run, isolated from every setting, hook and credential of the machine, the user and the
//! workspace. It decides nothing.

use super::Variables;
use super::login::Login;
use lockstep_model::call::CallError;
use lockstep_model::text;
use lockstep_process::{ProgramLimits, ProgramNotFound, Programs};
use std::fs::File;
use std::io::{self, Write as _};
use std::os::fd::AsRawFd as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Duration;

/// The settings of every call. <https://git-scm.com/docs/git-config>
const SETTINGS: [&str; 14] = [
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "core.askPass=",
    "credential.helper=",
    "protocol.allow=never",
    "protocol.https.allow=always",
    "protocol.http.allow=always",
    "protocol.ssh.allow=always",
    "protocol.file.allow=always",
    "http.followRedirects=false",
    "http.lowSpeedLimit=1",
    "http.lowSpeedTime=60",
    "gc.auto=0",
    "fetch.fsckObjects=true",
];
/// A credential helper that prints the login from an open file, for the action `get` only.
const CREDENTIAL_HELPER: &str = "credential.helper=!f() { test \"$1\" = get && cat /dev/fd/";
/// The longest message of git that the component gets, in bytes.
const MAX_MESSAGE_BYTES: usize = 1000;
/// Options that keep ssh from prompting and from waiting without end.
const SSH_OPTIONS: &str = "-oBatchMode=yes -oConnectTimeout=20 -oServerAliveInterval=15";
/// The output of git is in memory, which the run limits as a whole. Of its messages, the host reads this many bytes.
const PROGRAM_LIMITS: ProgramLimits = ProgramLimits {
    max_stdout_bytes: u64::MAX,
    max_stderr_bytes: 64 * 1024,
    timeout: None,
    idle_timeout: None,
};

/// How long git may be idle in a request to a server: after an incomplete answer to a push, its processes wait for each other
/// without end. It is longer than the timeout of git for a server.
const IDLE_TIMEOUT: Duration = Duration::from_secs(75);

/// The git program for one bare repository, with the login for its server.
pub(super) struct Git {
    folder: PathBuf,
    login: Option<Login>,
    variables: Variables,
    programs: Programs,
}

/// A failed call of git.
pub(super) struct GitFailure {
    /// The message, on one line.
    pub(super) message: String,
    /// The lines of git and its transport, without those that the server sent.
    pub(super) own_lines: String,
    /// The standard output.
    pub(super) stdout: String,
}

impl Git {
    pub(super) fn new(
        folder: PathBuf,
        login: Option<Login>,
        variables: Variables,
        programs: Programs,
    ) -> Self {
        Self { folder, login, variables, programs }
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Runs git without a network.
    pub(super) fn call(&self, args: &[&str], input: &[u8]) -> Result<Vec<u8>, CallError> {
        self.call_with(args, input, &[])
    }

    /// The same with more variables.
    pub(super) fn call_with(
        &self,
        args: &[&str],
        input: &[u8],
        variables: &[(&str, &str)],
    ) -> Result<Vec<u8>, CallError> {
        let mut command = self.command()?;
        command.args(args).envs(variables.iter().copied());
        let output = self.programs.run(&command, input, PROGRAM_LIMITS).map_err(|error| unable(&error))?;
        match output.status.success() {
            true => Ok(output.stdout),
            false => Err(CallError::Invalid(format!("git {}: {}", args[0], message(&output)))),
        }
    }

    /// Runs git with the login, for a request to the server.
    pub(super) fn query(
        &self,
        args: &[&str],
        input: &[u8],
    ) -> Result<Result<Vec<u8>, GitFailure>, CallError> {
        self.query_with(args, input, &[])
    }

    /// The same with more variables.
    pub(super) fn query_with(
        &self,
        args: &[&str],
        input: &[u8],
        variables: &[(&str, &Path)],
    ) -> Result<Result<Vec<u8>, GitFailure>, CallError> {
        let mut command = self.command()?;
        command.envs(variables.iter().copied());
        // The login is in a memory file for this call alone, in neither its arguments nor its environment.
        let lines = self.login.as_ref().map(Login::lines);
        let login = lines.as_deref().map(in_memory).transpose().map_err(|error| unable(&error))?;
        if let Some(file) = &login {
            command.arg("-c").arg(format!("{CREDENTIAL_HELPER}{}; }}; f", file.as_raw_fd()));
        }
        command.args(args);
        let ended = self.programs.run(
            &command,
            input,
            ProgramLimits { idle_timeout: Some(IDLE_TIMEOUT), ..PROGRAM_LIMITS },
        );
        drop(login);
        let output = match ended {
            Err(error) if error.kind() == io::ErrorKind::TimedOut => return Ok(Err(idle_failure(&error))),
            ended => ended.map_err(|error| unable(&error))?,
        };
        Ok(if output.status.success() { Ok(output.stdout) } else { Err(failure(&output)) })
    }

    /// Runs git without a network and signs with this private SSH key.
    /// <https://git-scm.com/docs/git-config#Documentation/git-config.txt-gpgformat>
    pub(super) fn call_signing(
        &self,
        args: &[&str],
        input: &[u8],
        variables: &[(&str, &str)],
        key: &str,
    ) -> Result<Vec<u8>, CallError> {
        let file = in_memory(&format!("{}\n", key.trim())).map_err(|error| unable(&error))?;
        // ssh-keygen rejects a key that others can read.
        let own = rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR;
        rustix::fs::fchmod(&file, own).map_err(|error| unable(&error.into()))?;
        let mut command = self.command()?;
        let keygen = self.programs.find("ssh-keygen").map_err(|error| missing(&error))?;
        command
            .arg("-c")
            .arg(format!("gpg.ssh.program={}", keygen.display()))
            .args(["-c", "gpg.format=ssh", "-c"])
            .arg(format!("user.signingkey=/dev/fd/{}", file.as_raw_fd()));
        command.args(args).envs(variables.iter().copied());
        let output = self.programs.run(&command, input, PROGRAM_LIMITS).map_err(|error| unable(&error))?;
        match output.status.success() {
            true => Ok(output.stdout),
            false => Err(CallError::Unauthorized(format!(
                "cannot sign the commit: {}; use a private SSH key without a passphrase",
                message(&output)
            ))),
        }
    }

    fn command(&self) -> Result<Command, CallError> {
        let mut command = program(&self.programs, &self.variables)?;
        command
            .env("HOME", &self.folder)
            .env("GIT_DIR", &self.folder)
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_TERMINAL_PROMPT", "0")
            .env("GIT_SSH_COMMAND", self.ssh())
            .env("LC_ALL", "C")
            .current_dir(self.folder.parent().unwrap_or(Path::new("/")));
        for setting in SETTINGS {
            command.args(["-c", setting]);
        }
        Ok(command)
    }

    /// The command of ssh for git, as a line for the shell.
    fn ssh(&self) -> String {
        let ssh = self.programs.find("ssh").map(|path| path.display().to_string());
        // If git ever starts ssh, the shell reports that this program does not exist.
        let ssh = ssh.unwrap_or_else(|_| "/nonexistent/ssh-is-not-installed".to_owned());
        format!("'{}' {SSH_OPTIONS}", ssh.replace('\'', "'\\''"))
    }
}

/// The command of git with these variables.
pub(super) fn program(programs: &Programs, variables: &Variables) -> Result<Command, CallError> {
    let mut command = Command::new(programs.find("git").map_err(|error| missing(&error))?);
    command.envs(variables.iter().map(|(name, value)| (name, value))).env("PATH", programs.path());
    Ok(command)
}

/// A file without a name that a child process inherits; on Linux, it is in memory.
fn anonymous_file() -> io::Result<File> {
    #[cfg(target_os = "linux")]
    return Ok(File::from(rustix::fs::memfd_create("login", rustix::fs::MemfdFlags::empty())?));
    #[cfg(not(target_os = "linux"))]
    {
        let file = tempfile::tempfile()?;
        rustix::io::fcntl_setfd(&file, rustix::io::FdFlags::empty())?;
        Ok(file)
    }
}

/// An anonymous file with this text.
fn in_memory(text: &str) -> io::Result<File> {
    let mut file = anonymous_file()?;
    file.write_all(text.as_bytes())?;
    // The child reads from the current position.
    rustix::fs::seek(&file, rustix::fs::SeekFrom::Start(0))?;
    Ok(file)
}

fn missing(error: &ProgramNotFound) -> CallError {
    super::local_error(format!("cannot run git: {error}"))
}

pub(super) fn unable(error: &io::Error) -> CallError {
    super::local_error(format!("cannot run git: {error}"))
}

fn idle_failure(error: &io::Error) -> GitFailure {
    let message = format!("git did not get the rest of the server's answer: {error}");
    GitFailure { own_lines: message.clone(), message, stdout: String::new() }
}

fn failure(output: &Output) -> GitFailure {
    let text = String::from_utf8_lossy(&output.stderr);
    let own_lines = text.lines().filter(|line| !line.starts_with("remote:")).collect::<Vec<_>>().join("\n");
    GitFailure {
        message: message(output),
        own_lines,
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
    }
}

/// The message of git on one line.
fn message(output: &Output) -> String {
    let text = String::from_utf8_lossy(&output.stderr);
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("hint:"));
    // The ellipsis tells the redaction that a piece of a secret may stand before it.
    text::short(&lines.collect::<Vec<_>>().join("; "), MAX_MESSAGE_BYTES)
}
