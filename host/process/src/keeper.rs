//! The keeper: a process of this executable that starts one program, hands it its input, and ends it and everything that it
//! has started when the run is gone. It reads nothing of what the program says.
//!
//! The run holds the other end of the keeper's standard input open as long as it lives. However the run ends, by itself or
//! killed, that end closes, and the keeper kills what is left.

use crate::tree;
use std::ffi::{OsStr, OsString};
use std::io::{self, Read, Write as _};
use std::os::unix::process::CommandExt as _;
use std::process::{ChildStdin, Command, ExitCode, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;

/// The hidden subcommand that makes this program a keeper: the length of the input, the program, its arguments.
pub(crate) const KEEP: &str = "keep-program";
/// The second half: this becomes the program.
const BECOME: &str = "become-program";
/// The exit code of a program that could not be started, as shells have it.
const NOT_STARTED: u8 = 127;
/// The largest file that a program may write: it ends a server that sends without end.
const MAX_FILE_BYTES: u64 = 8 * 1024 * 1024 * 1024;

/// Is a keeper if these arguments of the process say so. None if this process is not one.
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
        // The run reads it, as what the program said.
        let _ = writeln!(io::stderr(), "{error}");
        ExitCode::from(NOT_STARTED)
    }))
}

/// This executable, also where its file was replaced meanwhile.
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
    // The program may never read its input: that must not keep anybody from noticing that the run is gone.
    thread::spawn(move || feed(stdin, &receiver));
    thread::spawn(move || {
        let mut input = io::stdin().lock();
        pass_on(&mut input, size, move |bytes| drop(sender.send(bytes)));
        // Nothing more comes on this line. It ends when the run does.
        let _ = io::copy(&mut input, &mut io::sink());
        tree::kill(id);
    });
    let status = child.wait()?;
    tree::end(id);
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    Ok(ExitCode::from(code.unwrap_or(u8::MAX)))
}

/// Passes the input on, piece by piece, and then says that it is over by dropping `pass`.
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
    // A program may end without having read everything.
    while let Ok(piece) = pieces.recv() {
        if stdin.write_all(&piece).is_err() {
            return;
        }
    }
}

/// What holds for the program and everything that it starts.
fn set_limits() -> io::Result<()> {
    use rustix::process::{Resource, Rlimit};
    let set = |resource, max| {
        rustix::process::setrlimit(resource, Rlimit { current: Some(max), maximum: Some(max) })
    };
    // A core file would hold what opens the server.
    set(Resource::Core, 0)?;
    let fsize = rustix::process::getrlimit(Resource::Fsize).maximum.unwrap_or(u64::MAX);
    set(Resource::Fsize, fsize.min(MAX_FILE_BYTES))?;
    // Without a terminal nobody can be asked, and no signal of one arrives.
    rustix::process::setsid()?;
    #[cfg(target_os = "linux")]
    {
        // A program of another user could not be killed.
        rustix::thread::set_no_new_privs(true)?;
        // What the program leaves behind becomes a child of this process, which then can end it.
        rustix::process::set_child_subreaper(Some(rustix::process::getpid()))?;
    }
    Ok(())
}

/// Becomes the program. It is killed when the keeper is.
fn become_program(args: &[OsString]) -> io::Error {
    let [keeper, program, args @ ..] = args else { return misuse() };
    if let Err(error) = die_with(keeper) {
        return error;
    }
    let error = Command::new(program).args(args).exec();
    io::Error::new(error.kind(), format!("{} cannot be started: {error}", program.display()))
}

#[cfg(target_os = "linux")]
fn die_with(keeper: &OsStr) -> io::Result<()> {
    rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL))?;
    // It may have gone before this was set.
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
