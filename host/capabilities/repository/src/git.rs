//! Runs git on repositories of our own, apart from every setting, hook and credential of the machine, the user and the
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

/// What holds for every call. <https://git-scm.com/docs/git-config>
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
/// Gives the login that is open as this file, when it is asked for one and not told of one.
const CREDENTIAL_HELPER: &str = "credential.helper=!f() { test \"$1\" = get && cat /dev/fd/";
/// The longest text of git that is passed on, in bytes.
const MAX_MESSAGE_BYTES: usize = 1000;
/// Keeps ssh from asking anybody, and from waiting for ever.
const SSH_OPTIONS: &str = "-oBatchMode=yes -oConnectTimeout=20 -oServerAliveInterval=15";
/// What git says goes through memory, which the run's watch looks after; of its complaints this much is kept.
const PROGRAM_LIMITS: ProgramLimits = ProgramLimits {
    max_stdout_bytes: u64::MAX,
    max_stderr_bytes: 64 * 1024,
    timeout: None,
    idle_timeout: None,
};

/// How long git may do nothing while it speaks with a server: its parts wait for each other for ever where an answer to a
/// push ends too early. It is longer than git itself waits for a server.
const IDLE_TIMEOUT: Duration = Duration::from_secs(75);

/// A bare repository of our own, and what opens the server that it is from.
pub(super) struct Git {
    folder: PathBuf,
    login: Option<Login>,
    variables: Variables,
    programs: Programs,
}

/// Why a call of git did not end well.
pub(super) struct GitFailure {
    /// What it said, in one line.
    pub(super) said: String,
    /// Those lines that are git's own or its transport's, without what the server had it pass on.
    pub(super) own: String,
    /// What it printed for programs.
    pub(super) printed: String,
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

    /// Calls git without a network.
    pub(super) fn call(&self, args: &[&str], input: &[u8]) -> Result<Vec<u8>, CallError> {
        self.call_with(args, input, &[])
    }

    /// The same with variables.
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
            false => Err(CallError::Invalid(format!("git {}: {}", args[0], said(&output)))),
        }
    }

    /// Calls git to speak with the server.
    pub(super) fn query(
        &self,
        args: &[&str],
        input: &[u8],
    ) -> Result<Result<Vec<u8>, GitFailure>, CallError> {
        self.query_with(args, input, &[])
    }

    /// The same with variables.
    pub(super) fn query_with(
        &self,
        args: &[&str],
        input: &[u8],
        variables: &[(&str, &Path)],
    ) -> Result<Result<Vec<u8>, GitFailure>, CallError> {
        let mut command = self.command()?;
        command.envs(variables.iter().copied());
        // The login is in memory and open for this call alone: neither its arguments nor its environment have it.
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

    /// Calls git without a network, to sign with this private key of SSH.
    /// <https://git-scm.com/docs/git-config#Documentation/git-config.txt-gpgformat>
    pub(super) fn call_signing(
        &self,
        args: &[&str],
        input: &[u8],
        variables: &[(&str, &str)],
        key: &str,
    ) -> Result<Vec<u8>, CallError> {
        let file = in_memory(&format!("{}\n", key.trim())).map_err(|error| unable(&error))?;
        // ssh-keygen takes no key that others could read.
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
                "the commit cannot be signed: {}; give a private key of SSH without a passphrase",
                said(&output)
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

    /// How git starts ssh: a line for the shell.
    fn ssh(&self) -> String {
        let ssh = self.programs.find("ssh").map(|path| path.display().to_string());
        // The shell says that there is no such program, if it ever comes to that.
        let ssh = ssh.unwrap_or_else(|_| "/nonexistent/ssh-is-not-installed".to_owned());
        format!("'{}' {SSH_OPTIONS}", ssh.replace('\'', "'\\''"))
    }
}

/// A call of git with these variables.
pub(super) fn program(programs: &Programs, variables: &Variables) -> Result<Command, CallError> {
    let mut command = Command::new(programs.find("git").map_err(|error| missing(&error))?);
    command.envs(variables.iter().map(|(name, value)| (name, value))).env("PATH", programs.path());
    Ok(command)
}

/// A file that has no name and that the program which is started next can read; in memory where the system has that.
fn nameless() -> io::Result<File> {
    #[cfg(target_os = "linux")]
    return Ok(File::from(rustix::fs::memfd_create("login", rustix::fs::MemfdFlags::empty())?));
    #[cfg(not(target_os = "linux"))]
    {
        let file = tempfile::tempfile()?;
        rustix::io::fcntl_setfd(&file, rustix::io::FdFlags::empty())?;
        Ok(file)
    }
}

fn in_memory(text: &str) -> io::Result<File> {
    let mut file = nameless()?;
    file.write_all(text.as_bytes())?;
    // Whoever opens it by its number goes on where it stands.
    rustix::fs::seek(&file, rustix::fs::SeekFrom::Start(0))?;
    Ok(file)
}

fn missing(error: &ProgramNotFound) -> CallError {
    super::local_error(format!("git cannot be run: {error}"))
}

pub(super) fn unable(error: &io::Error) -> CallError {
    super::local_error(format!("git cannot be run: {error}"))
}

fn idle_failure(error: &io::Error) -> GitFailure {
    let said = format!("the server's answer does not go on: git did not end: {error}");
    GitFailure { own: said.clone(), said, printed: String::new() }
}

fn failure(output: &Output) -> GitFailure {
    let text = String::from_utf8_lossy(&output.stderr);
    let own = text.lines().filter(|line| !line.starts_with("remote:")).collect::<Vec<_>>().join("\n");
    GitFailure { said: said(output), own, printed: String::from_utf8_lossy(&output.stdout).into_owned() }
}

/// What git said, in one line.
fn said(output: &Output) -> String {
    let text = String::from_utf8_lossy(&output.stderr);
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("hint:"));
    // An ellipsis tells the search for secrets where a piece of one may stand.
    text::short(&lines.collect::<Vec<_>>().join("; "), MAX_MESSAGE_BYTES)
}
