//! Bounds what the compiler's process takes of the machine, for good.

use lockstep_sandbox::bounds;
use rustix::process::{Resource, Rlimit, setrlimit};
use std::io;

/// Sets the limits. The process also ends with the one that started it, and nobody can read its memory.
///
/// # Errors
/// The system refuses one of them.
pub(crate) fn set() -> io::Result<()> {
    let set = |resource, most| setrlimit(resource, Rlimit { current: Some(most), maximum: Some(most) });
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
