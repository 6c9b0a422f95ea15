//! The compiler, in a process of its own: a component from elsewhere can make a compiler run for hours or take
//! all memory, so it gets a clock, a memory limit, no environment, and where the kernel can refuse them no files, no
//! sockets and no programs. It never runs what it compiles.

use crate::load::Precompiled;
use crate::{config, jail};
use rustix::process::{DumpableBehavior, Resource, Rlimit};
use std::io::{self, Read, Write};
use std::process::{Child, Command, Stdio};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// The hidden subcommand that makes this program the compiler.
pub const SUBCOMMAND: &str = "compile-component";
/// The largest component that is looked at.
pub const MAX_WASM_BYTES: u64 = 64 * 1024 * 1024;

/// The longest a compilation may take.
const SECONDS: u64 = 60;
/// The most memory the compiler may map.
const MEMORY_BYTES: u64 = 2 * 1024 * 1024 * 1024;
/// The most machine code it may hand back.
const MAX_CODE_BYTES: u64 = 512 * 1024 * 1024;
/// How much of its complaint is kept.
const MAX_COMPLAINT_BYTES: u64 = 4096;

/// Why a component was not compiled.
#[derive(Debug, thiserror::Error)]
pub enum CompileError {
    /// The compiler says it is no valid component.
    #[error("it is no valid component: {0}")]
    Invalid(String),
    /// The compiler went past its limits.
    #[error("compiling it took more than {SECONDS} s or {} MiB", MEMORY_BYTES >> 20)]
    Limit,
    /// The compiler could not be run.
    #[error("the compiler could not be run: {0}")]
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

/// Compiles a component in a child process.
///
/// # Errors
/// The component is not valid, is too much for the compiler, or the compiler could not be run.
pub fn in_child(wasm: Vec<u8>) -> Result<Compiled, CompileError> {
    let mut child = spawn().map_err(CompileError::Process)?;
    let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    // A child that dies early closes the pipe; what it says on its way is what counts.
    let writer = thread::spawn(move || stdin.map(|mut stdin| stdin.write_all(&wasm)));
    let code = collect(stdout, MAX_CODE_BYTES);
    let complaint = collect(stderr, MAX_COMPLAINT_BYTES);
    let status = wait(&mut child).map_err(CompileError::Process)?;
    let (code, complaint) = (join(code), join(complaint));
    drop(writer.join());
    let said = String::from_utf8_lossy(&complaint);
    match status.map(|status| (status.success(), status.code())) {
        Some((true, _)) => {
            let missing = said.lines().map(str::to_owned).collect();
            Ok(Compiled { code: Precompiled::from_own_compiler(code), missing })
        }
        Some((false, Some(_))) => Err(CompileError::Invalid(said.trim().to_owned())),
        // Killed, by its own limits or by us.
        Some((false, None)) | None => Err(CompileError::Limit),
    }
}

/// The compiler's side: reads a component from standard input, writes machine code to standard output. What it is not
/// confined by is for standard error, a line each.
///
/// # Errors
/// What is wrong with the component, or the compiler cannot confine itself.
pub fn serve() -> Result<Vec<String>, String> {
    let unconfined = |error: String| format!("the compiler cannot confine itself: {error}");
    limit().map_err(|error| unconfined(error.to_string()))?;
    let missing = jail::enter().map_err(unconfined)?;
    let mut wasm = Vec::new();
    let limit = MAX_WASM_BYTES + 1;
    io::stdin().lock().take(limit).read_to_end(&mut wasm).map_err(|error| error.to_string())?;
    if wasm.len() as u64 > MAX_WASM_BYTES {
        return Err(format!("it has more than {} MiB", MAX_WASM_BYTES >> 20));
    }
    let engine = config::engine().map_err(|error| error.to_string())?;
    let code = engine.precompile_component(&wasm).map_err(|error| format!("{error:#}"))?;
    io::stdout().lock().write_all(&code).map_err(|error| error.to_string())?;
    Ok(missing)
}

/// Bounds what the compiler takes, for good.
fn limit() -> io::Result<()> {
    let set = |resource, most| {
        rustix::process::setrlimit(resource, Rlimit { current: Some(most), maximum: Some(most) })
    };
    set(Resource::As, MEMORY_BYTES)?;
    set(Resource::Cpu, SECONDS)?;
    set(Resource::Core, 0)?;
    set(Resource::Fsize, 0)?;
    set(Resource::Nofile, 16)?;
    #[cfg(target_os = "linux")]
    {
        rustix::thread::set_no_new_privs(true)?;
        rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL))?;
        rustix::process::set_dumpable_behavior(DumpableBehavior::NotDumpable)?;
    }
    Ok(())
}

fn spawn() -> io::Result<Child> {
    Command::new(std::env::current_exe()?)
        .arg(SUBCOMMAND)
        .env_clear()
        .current_dir("/")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
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
fn wait(child: &mut Child) -> io::Result<Option<std::process::ExitStatus>> {
    let deadline = Instant::now() + Duration::from_secs(SECONDS);
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
