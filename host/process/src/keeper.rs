//! The keeper: a process of this executable that starts one program and passes the input to it. When the run ends, the
//! keeper kills the program and all processes that the program has started. It reads no output of the program.
//!
//! The run holds the other end of the keeper's standard input. When the run ends or somebody kills it, the system closes
//! that end, and the keeper kills the remaining processes.

use crate::tree;
use std::ffi::{OsStr, OsString};
use std::io::{self, Read, Write as _};
use std::os::unix::process::CommandExt as _;
use std::process::{ChildStdin, Command, ExitCode, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;

/// The hidden subcommand that makes this program a keeper: the length of the input, the program, its arguments.
pub(crate) const KEEP: &str = "keep-program";
/// The hidden subcommand of the process that becomes the program.
const BECOME: &str = "become-program";
/// The exit code for a program that the keeper could not start, as in shells.
const NOT_STARTED: u8 = 127;
/// The maximum size of a file that a program writes. It ends a download from a server that never stops sending.
const MAX_FILE_BYTES: u64 = 8 * 1024 * 1024 * 1024;

/// Runs the keeper if these arguments of the process ask for it. None if this process is not a keeper.
pub fn serve_keeper(args: impl IntoIterator<Item = OsString>) -> Option<ExitCode> {
    let mut args = args.into_iter().skip(1);
    let word = args.next()?;
    let rest: Vec<_> = args.collect();
    let result = match word.to_str()? {
        KEEP => keep(&rest),
        BECOME => Err(become_program(&rest)),
        _ => return None,
    };
    Some(result.unwrap_or_else(|error| {
        // The run reads this text as output of the program.
        let _ = writeln!(io::stderr(), "{error}");
        ExitCode::from(NOT_STARTED)
    }))
}

/// A command of this executable. On Linux this is the running file, even if somebody has replaced it.
pub(crate) fn own_executable() -> io::Result<Command> {
    let own = std::path::Path::new("/proc/self/exe");
    match own.exists() {
        true => Ok(Command::new(own)),
        false => Ok(Command::new(std::env::current_exe()?)),
    }
}

fn keep(args: &[OsString]) -> io::Result<ExitCode> {
    let (size, program) = args.split_first().ok_or_else(misuse)?;
    let size: u64 = size.to_str().and_then(|size| size.parse().ok()).ok_or_else(misuse)?;
    set_limits()?;
    let mut child = own_executable()?
        .arg(BECOME)
        .arg(std::process::id().to_string())
        .args(program)
        .process_group(0)
        .stdin(Stdio::piped())
        .spawn()?;
    let (stdin, id) = (child.stdin.take(), child.id());
    let (sender, receiver) = mpsc::channel();
    // A thread of its own: a program that reads no input must not keep the keeper from noticing the end of the run.
    thread::spawn(move || feed(stdin, &receiver));
    thread::spawn(move || {
        let mut input = io::stdin().lock();
        pass_on(&mut input, size, move |bytes| drop(sender.send(bytes)));
        // The run sends no more bytes, so this copy ends with the run.
        let _ = io::copy(&mut input, &mut io::sink());
        tree::kill(id);
    });
    let status = child.wait()?;
    tree::end(id);
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    Ok(ExitCode::from(code.unwrap_or(u8::MAX)))
}

/// Passes the input on in pieces. At the end it drops `pass`, which closes the channel.
fn pass_on(input: &mut impl Read, mut left: u64, pass: impl Fn(Vec<u8>)) {
    let mut piece = vec![0; 64 * 1024];
    while left > 0 {
        let max = piece.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        match input.read(&mut piece[..max]) {
            Ok(0) | Err(_) => return,
            Ok(read) => {
                pass(piece[..read].to_vec());
                left -= read as u64;
            }
        }
    }
}

fn feed(stdin: Option<ChildStdin>, pieces: &Receiver<Vec<u8>>) {
    let Some(mut stdin) = stdin else { return };
    // A program may end before it has read all of its input.
    while let Ok(piece) = pieces.recv() {
        if stdin.write_all(&piece).is_err() {
            return;
        }
    }
}

/// Sets the limits of the program and of all processes that it starts.
fn set_limits() -> io::Result<()> {
    use rustix::process::{Resource, Rlimit};
    let set = |resource, max| {
        rustix::process::setrlimit(resource, Rlimit { current: Some(max), maximum: Some(max) })
    };
    // A core file would hold the credentials of the server.
    set(Resource::Core, 0)?;
    let fsize = rustix::process::getrlimit(Resource::Fsize).maximum.unwrap_or(u64::MAX);
    set(Resource::Fsize, fsize.min(MAX_FILE_BYTES))?;
    // Without a terminal the program cannot ask the user, and gets no signals of the terminal.
    rustix::process::setsid()?;
    #[cfg(target_os = "linux")]
    {
        // The keeper could not kill a program that changes its user.
        rustix::thread::set_no_new_privs(true)?;
        // Processes whose parent ends become children of the keeper, which then can kill them.
        rustix::process::set_child_subreaper(Some(rustix::process::getpid()))?;
    }
    Ok(())
}

/// Becomes the program. The kernel kills it with the keeper.
fn become_program(args: &[OsString]) -> io::Error {
    let [keeper, program, args @ ..] = args else { return misuse() };
    if let Err(error) = die_with(keeper) {
        return error;
    }
    let error = Command::new(program).args(args).exec();
    io::Error::new(error.kind(), format!("cannot start {}: {error}", program.display()))
}

#[cfg(target_os = "linux")]
fn die_with(keeper: &OsStr) -> io::Result<()> {
    rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL))?;
    // The keeper may have ended before this call.
    let parent = rustix::process::getppid().map(|parent| parent.as_raw_nonzero().to_string());
    if keeper.to_str() == parent.as_deref() { Ok(()) } else { Err(misuse()) }
}

#[cfg(not(target_os = "linux"))]
fn die_with(_: &OsStr) -> io::Result<()> {
    Ok(())
}

fn misuse() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, "only lockstep itself uses this command")
}
