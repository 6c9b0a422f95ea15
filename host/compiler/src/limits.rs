//! The resource limits of the compiler's process. The process cannot raise them again.

use lockstep_sandbox::bounds;
use rustix::process::{Resource, Rlimit, setrlimit};
use std::io;

/// Sets the limits. On Linux it also makes the kernel kill the process when its parent ends, and forbids memory dumps.
///
/// # Errors
/// The system refuses a limit.
pub(crate) fn set() -> io::Result<()> {
    let set = |resource, max| setrlimit(resource, Rlimit { current: Some(max), maximum: Some(max) });
    set(Resource::As, bounds::MEMORY_BYTES)?;
    set(Resource::Cpu, bounds::SECONDS)?;
    set(Resource::Core, 0)?;
    set(Resource::Fsize, 0)?;
    set(Resource::Nofile, 16)?;
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{DumpableBehavior, Signal};
        rustix::thread::set_no_new_privs(true)?;
        rustix::process::set_parent_process_death_signal(Some(Signal::KILL))?;
        rustix::process::set_dumpable_behavior(DumpableBehavior::NotDumpable)?;
    }
    Ok(())
}
