//! Compiles components that are not built in. `lockstep-compiler`, a program in the folder of this one, does the work: the
//! host starts it as a child with an empty environment, pipes and a timeout. `host/compiler` confines it.
//!
//! The host runs the machine code of that program, so it starts only the program that was built with it: it compares the
//! digest of the open file with the embedded one, and starts that very file.

use crate::load::Precompiled;
use lockstep_model::digest::Digest;
use lockstep_sandbox::bounds;
pub use lockstep_sandbox::bounds::WASM_BYTES;
use rustix::fs::OFlags;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// The file name of the compiler.
const NAME: &str = "lockstep-compiler";
/// The largest compiler, in bytes, so that the host does not read an endless file for ever.
const MAX_PROGRAM_BYTES: u64 = 256 * 1024 * 1024;
/// The longest messages of a compiler, in bytes. The host drops the rest.
const MAX_MESSAGE_BYTES: u64 = 4096;

/// An error of compiling a component.
#[derive(Debug, thiserror::Error)]
pub enum CompileError {
    /// The folder of this program has no compiler.
    #[error("there is no compiler at {0}")]
    Missing(PathBuf),
    /// Nobody may run the compiler. Copies by a CI system often lose that permission.
    #[error("{0} has no permission to execute; `chmod +x` gives it")]
    NotExecutable(PathBuf),
    /// This program has no digest of a compiler.
    #[error("this lockstep was built without a compiler")]
    NotBuiltIn,
    /// The compiler in the folder of this program is not the one of its release.
    #[error("{path} is not the compiler of this lockstep: expected digest {expected}, found {found}")]
    Changed {
        /// The file.
        path: PathBuf,
        /// The embedded digest.
        expected: Digest,
        /// The digest of the file.
        found: Digest,
    },
    /// The compiler rejected the component. The text is its message.
    #[error("the component is not valid: {0}")]
    Invalid(String),
    /// The compiler exceeded its limits.
    #[error("compiling the component took more than {} s or {} MiB", bounds::SECONDS, bounds::MEMORY_BYTES >> 20)]
    Limit,
    /// The system does not run the compiler.
    #[error("cannot run the compiler: {0}")]
    Process(#[source] io::Error),
}

/// A compiled component.
#[derive(Debug)]
pub struct Compiled {
    /// Its machine code.
    pub code: Precompiled<'static>,
    /// A line for each mechanism that this system lacks to confine the compiler.
    pub missing: Vec<String>,
}

/// The compiler of this program, open and verified.
#[derive(Debug)]
struct Compiler {
    path: PathBuf,
    file: File,
}

/// Compiles a component in a child process. `expected` is the digest of the compiler that is embedded in this program.
/// It is `'static` so that no caller passes a digest that it has read from a file.
///
/// # Errors
/// The compiler is missing or has another digest, rejects the component, exceeds its limits, or does not start.
pub fn compile(wasm: Vec<u8>, expected: Option<&'static str>) -> Result<Compiled, CompileError> {
    let expected = expected.and_then(Digest::parse).ok_or(CompileError::NotBuiltIn)?;
    let compiler = Compiler::open(compiler_path().map_err(CompileError::Process)?, expected)?;
    let mut child = compiler.spawn().map_err(CompileError::Process)?;
    let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    // A child that ends early closes the pipe. Its message is the error to report, not that of the pipe.
    let writer = thread::spawn(move || stdin.map(|mut stdin| stdin.write_all(&wasm)));
    let code = read_pipe(stdout, bounds::CODE_BYTES);
    let messages = read_pipe(stderr, MAX_MESSAGE_BYTES);
    let status = wait(&mut child).map_err(CompileError::Process)?;
    let (code, messages) = (join(code), join(messages));
    drop(writer.join());
    let messages = String::from_utf8_lossy(&messages);
    match status.map(|status| (status.success(), status.code())) {
        Some((true, _)) => {
            let missing = messages.lines().map(str::to_owned).collect();
            Ok(Compiled { code: Precompiled::from_own_compiler(code), missing })
        }
        Some((false, Some(_))) => Err(CompileError::Invalid(messages.trim().to_owned())),
        // Its own limits or this process killed it.
        Some((false, None)) | None => Err(CompileError::Limit),
    }
}

/// The path of the compiler: in the folder of this program, also if somebody started this program by a link. The host
/// searches neither PATH nor the workspace.
fn compiler_path() -> io::Result<PathBuf> {
    let own = std::env::current_exe()?;
    // If somebody replaced this program while it runs, it has no real path any more, but its folder is still right.
    let own = own.canonicalize().unwrap_or(own);
    Ok(own.with_file_name(NAME))
}

impl Compiler {
    /// Opens the file and compares its digest.
    fn open(path: PathBuf, expected: Digest) -> Result<Self, CompileError> {
        // With this flag, opening a pipe without a writer does not block. It changes nothing for regular files.
        let flags = i32::try_from(OFlags::NONBLOCK.bits()).unwrap_or_default();
        let file = match OpenOptions::new().read(true).custom_flags(flags).open(&path) {
            Ok(file) => match file.metadata() {
                Ok(data) if data.is_file() && data.mode() & 0o111 != 0 => file,
                Ok(data) if data.is_file() => return Err(CompileError::NotExecutable(path)),
                _ => return Err(CompileError::Missing(path)),
            },
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

    /// Starts the open file, even if its name leads to another one by now.
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

    /// The path of the open file. The child still has it open when it executes that path.
    #[cfg(target_os = "linux")]
    fn program(&self) -> io::Result<PathBuf> {
        use std::os::fd::AsRawFd as _;
        Ok(PathBuf::from(format!("/proc/self/fd/{}", self.file.as_raw_fd())))
    }

    /// The path of the file, since this system cannot start an open file.
    ///
    /// # Errors
    /// The path leads to another file by now.
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
fn read_pipe(pipe: Option<impl Read + Send + 'static>, limit: u64) -> JoinHandle<Vec<u8>> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        // After an error, the bytes read so far count.
        let _ = pipe.map(|pipe| pipe.take(limit).read_to_end(&mut bytes));
        bytes
    })
}

fn join(thread: JoinHandle<Vec<u8>>) -> Vec<u8> {
    thread.join().unwrap_or_default()
}

/// Waits for the child, and kills it after its timeout. None if it killed the child.
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
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    /// A folder of one test, removed at its end.
    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("lockstep-{name}-{}", std::process::id()));
            fs::create_dir_all(&path).unwrap();
            Self(path)
        }

        /// A shell under another name. Another process copies it, because the system starts no file that is open for writing.
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
    fn a_compiler_that_is_missing_changed_or_not_executable_is_an_error() {
        let folder = Folder::new("refused");
        let (path, digest) = folder.shell("one");
        let none = Compiler::open(folder.0.join("none"), digest).unwrap_err();
        assert!(matches!(none, CompileError::Missing(_)), "{none}");
        let no_file = Compiler::open(folder.0.clone(), digest).unwrap_err();
        assert!(matches!(no_file, CompileError::Missing(_)), "{no_file}");
        let other = Compiler::open(path.clone(), Digest::of(b"another one")).unwrap_err();
        assert!(matches!(other, CompileError::Changed { .. }), "{other}");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        let plain = Compiler::open(path, digest).unwrap_err();
        assert!(matches!(plain, CompileError::NotExecutable(_)), "{plain}");
        let unknown = compile(Vec::new(), None).unwrap_err();
        assert!(matches!(unknown, CompileError::NotBuiltIn), "{unknown}");
    }

    #[test]
    fn the_host_starts_the_file_that_it_verified() {
        let folder = Folder::new("replaced");
        let (path, digest) = folder.shell("one");
        symlink("one", folder.0.join("link")).unwrap();
        for name in ["one", "link"] {
            let compiler = Compiler::open(folder.0.join(name), digest).unwrap();
            fs::rename(&path, folder.0.join("moved")).unwrap();
            symlink("/bin/false", &path).unwrap();
            let mut child = compiler.spawn().unwrap();
            child.stdin.take().unwrap().write_all(b"echo the shell; env").unwrap();
            let output = child.wait_with_output().unwrap();
            let printed = String::from_utf8_lossy(&output.stdout);
            // The environment has only the variables that the shell sets itself.
            assert!(printed.starts_with("the shell\n") && !printed.contains("CARGO"), "{name}: {output:?}");
            fs::rename(folder.0.join("moved"), &path).unwrap();
        }
    }
}
