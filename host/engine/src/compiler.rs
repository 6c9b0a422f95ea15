//! Components that are not built in, compiled by `lockstep-compiler`: a program beside this one, started as a child with no
//! environment, with pipes alone, and with a bound on its time. What it is allowed itself says `host/compiler`.
//!
//! Machine code of that program runs in this process, so it must be the very program that was built with this one: its
//! digest is part of this program, and what is started is the open file of which the digest was taken.

use crate::load::Precompiled;
use lockstep_model::digest::Digest;
use lockstep_sandbox::bounds;
use rustix::fs::OFlags;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// The name of the compiler's file.
const NAME: &str = "lockstep-compiler";
/// The largest compiler, in bytes: a file without end must not be read forever.
const MAX_PROGRAM_BYTES: u64 = 256 * 1024 * 1024;
/// How much of what it says is kept, in bytes.
const MAX_SAID_BYTES: u64 = 4096;

/// Why a component was not compiled.
#[derive(Debug, thiserror::Error)]
pub enum CompileError {
    /// There is no compiler beside this program.
    #[error("there is no compiler at {0}")]
    Missing(PathBuf),
    /// This program was built without one.
    #[error("this lockstep was built without a compiler")]
    Unknown,
    /// The file beside this program is another one than that of its release.
    #[error("{path} is not the compiler of this lockstep: expected {expected}, found {found}")]
    Changed {
        /// The file.
        path: PathBuf,
        /// The digest that it must have.
        expected: Digest,
        /// The digest that it has.
        found: Digest,
    },
    /// The compiler says that the component is not valid.
    #[error("it is no valid component: {0}")]
    Invalid(String),
    /// The compiler went past its limits.
    #[error("compiling it took more than {} s or {} MiB", bounds::SECONDS, bounds::MEMORY_BYTES >> 20)]
    Limit,
    /// The compiler cannot be run.
    #[error("the compiler cannot be run: {0}")]
    Process(#[source] io::Error),
}

/// A component that was compiled.
#[derive(Debug)]
pub struct Compiled {
    /// Its machine code.
    pub code: Precompiled<'static>,
    /// What the compiler was not confined by, since this system does not have it: a line each.
    pub missing: Vec<String>,
}

/// The compiler of this program, open and checked.
#[derive(Debug)]
struct Compiler {
    path: PathBuf,
    file: File,
}

/// Compiles a component in a child process. `expected` is the digest of the compiler as it is embedded in this program;
/// `'static` is the point: what was read from somewhere does not live that long.
///
/// # Errors
/// The compiler is missing or is another one, the component is not valid or too much for the compiler, or the compiler
/// cannot be run.
pub fn compile(wasm: Vec<u8>, expected: Option<&'static str>) -> Result<Compiled, CompileError> {
    let expected = expected.and_then(Digest::parse).ok_or(CompileError::Unknown)?;
    let compiler = Compiler::open(beside().map_err(CompileError::Process)?, expected)?;
    let mut child = compiler.spawn().map_err(CompileError::Process)?;
    let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    // A child that dies early closes the pipe; what it says on its way is what counts.
    let writer = thread::spawn(move || stdin.map(|mut stdin| stdin.write_all(&wasm)));
    let code = collect(stdout, bounds::CODE_BYTES);
    let said = collect(stderr, MAX_SAID_BYTES);
    let status = wait(&mut child).map_err(CompileError::Process)?;
    let (code, said) = (join(code), join(said));
    drop(writer.join());
    let said = String::from_utf8_lossy(&said);
    match status.map(|status| (status.success(), status.code())) {
        Some((true, _)) => {
            let missing = said.lines().map(str::to_owned).collect();
            Ok(Compiled { code: Precompiled::from_own_compiler(code), missing })
        }
        Some((false, Some(_))) => Err(CompileError::Invalid(said.trim().to_owned())),
        // Killed, by its own limits or by this process.
        Some((false, None)) | None => Err(CompileError::Limit),
    }
}

/// Where the compiler lies: in the folder of this program, whatever link this program was started by. Nothing else is
/// searched, neither PATH nor the workspace.
fn beside() -> io::Result<PathBuf> {
    let own = std::env::current_exe()?;
    // A program that was replaced while it runs has no real path any more, but its folder is still right.
    let own = own.canonicalize().unwrap_or(own);
    Ok(own.with_file_name(NAME))
}

impl Compiler {
    /// Opens the file and compares its digest.
    fn open(path: PathBuf, expected: Digest) -> Result<Self, CompileError> {
        // A pipe without a writer is opened at once with this, and reading a regular file does not care.
        let flags = i32::try_from(OFlags::NONBLOCK.bits()).unwrap_or_default();
        let file = match OpenOptions::new().read(true).custom_flags(flags).open(&path) {
            Ok(file) if file.metadata().is_ok_and(|data| data.is_file()) => file,
            Ok(_) => return Err(CompileError::Missing(path)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(CompileError::Missing(path)),
            Err(error) => return Err(CompileError::Process(in_file(&path, &error))),
        };
        let (found, _) = Digest::of_reader((&file).take(MAX_PROGRAM_BYTES))
            .map_err(|error| CompileError::Process(in_file(&path, &error)))?;
        match found == expected {
            true => Ok(Self { path, file }),
            false => Err(CompileError::Changed { path, expected, found }),
        }
    }

    /// Starts the file that is open, whatever its name leads to by now.
    fn spawn(&self) -> io::Result<Child> {
        Command::new(self.program()?)
            .arg0(NAME)
            .env_clear()
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| in_file(&self.path, &error))
    }

    /// The open file itself. The child still has it open when it becomes that file.
    #[cfg(target_os = "linux")]
    fn program(&self) -> io::Result<PathBuf> {
        use std::os::fd::AsRawFd as _;
        Ok(PathBuf::from(format!("/proc/self/fd/{}", self.file.as_raw_fd())))
    }

    /// The path, since this system starts no open file; refused if it leads to another file by now.
    #[cfg(not(target_os = "linux"))]
    fn program(&self) -> io::Result<PathBuf> {
        use std::os::unix::fs::MetadataExt as _;
        let (open, now) = (self.file.metadata()?, self.path.metadata()?);
        let same = open.dev() == now.dev() && open.ino() == now.ino() && open.mtime() == now.mtime();
        match same {
            true => Ok(self.path.clone()),
            false => Err(io::Error::other(format!("{} was replaced", self.path.display()))),
        }
    }
}

fn in_file(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}

/// Reads a pipe on a thread, at most `limit` bytes.
fn collect(pipe: Option<impl Read + Send + 'static>, limit: u64) -> JoinHandle<Vec<u8>> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        // What was read before an error is what there is.
        let _ = pipe.map(|pipe| pipe.take(limit).read_to_end(&mut bytes));
        bytes
    })
}

fn join(thread: JoinHandle<Vec<u8>>) -> Vec<u8> {
    thread.join().unwrap_or_default()
}

/// Waits for the child, and kills it when its time is up. None if it had to be killed.
fn wait(child: &mut Child) -> io::Result<Option<ExitStatus>> {
    let deadline = Instant::now() + Duration::from_secs(bounds::SECONDS);
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if Instant::now() >= deadline {
            child.kill()?;
            child.wait()?;
            return Ok(None);
        }
        thread::sleep(Duration::from_millis(1));
    }
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::symlink;

    /// A folder of this test alone, which goes at the end.
    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("lockstep-{name}-{}", std::process::id()));
            fs::create_dir_all(&path).unwrap();
            Self(path)
        }

        /// A shell under another name. Another process makes it: nobody starts a file that is open for writing.
        fn shell(&self, file: &str) -> (PathBuf, Digest) {
            let path = self.0.join(file);
            assert!(Command::new("cp").arg("/bin/sh").arg(&path).status().unwrap().success());
            let digest = Digest::of(&fs::read(&path).unwrap());
            (path, digest)
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn a_compiler_that_is_missing_or_another_one_is_refused() {
        let folder = Folder::new("refused");
        let (path, digest) = folder.shell("one");
        let none = Compiler::open(folder.0.join("none"), digest).unwrap_err();
        assert!(matches!(none, CompileError::Missing(_)), "{none}");
        let no_file = Compiler::open(folder.0.clone(), digest).unwrap_err();
        assert!(matches!(no_file, CompileError::Missing(_)), "{no_file}");
        let other = Compiler::open(path, Digest::of(b"another one")).unwrap_err();
        assert!(matches!(other, CompileError::Changed { .. }), "{other}");
        let unknown = compile(Vec::new(), None).unwrap_err();
        assert!(matches!(unknown, CompileError::Unknown), "{unknown}");
    }

    #[test]
    fn the_file_that_was_checked_is_started_and_no_other_under_its_name() {
        let folder = Folder::new("replaced");
        let (path, digest) = folder.shell("one");
        symlink("one", folder.0.join("link")).unwrap();
        for name in ["one", "link"] {
            let compiler = Compiler::open(folder.0.join(name), digest).unwrap();
            fs::rename(&path, folder.0.join("moved")).unwrap();
            symlink("/bin/false", &path).unwrap();
            let mut child = compiler.spawn().unwrap();
            child.stdin.take().unwrap().write_all(b"echo the shell; env").unwrap();
            let ended = child.wait_with_output().unwrap();
            let said = String::from_utf8_lossy(&ended.stdout);
            // What a shell sets itself is all of the environment.
            assert!(said.starts_with("the shell\n") && !said.contains("CARGO"), "{name}: {ended:?}");
            fs::rename(folder.0.join("moved"), &path).unwrap();
        }
    }
}
