//! The jail of the compiler's thread, entered before it reads a component. With Landlock the thread gives up files, sockets
//! and signals to other processes; with seccomp it gives up the system calls that a computation does not need. The jail
//! reports which of the two the system lacks; any other failure is an error.

/// Enters the jail for good. Returns a line for each mechanism that this system lacks.
///
/// # Errors
/// The system has a mechanism and does not apply it.
#[cfg(target_os = "linux")]
pub(crate) fn enter() -> Result<Vec<String>, String> {
    Ok([landlock()?, seccomp()?].into_iter().flatten().collect())
}

/// Reports that this system has no jail.
///
/// # Errors
/// None.
#[cfg(not(target_os = "linux"))]
pub(crate) fn enter() -> Result<Vec<String>, String> {
    Ok(vec!["the compiler runs without Landlock and seccomp: this system has neither".into()])
}

/// Gives up all accesses that Landlock handles: no rule allows one.
#[cfg(target_os = "linux")]
fn landlock() -> Result<Option<String>, String> {
    use landlock::{ABI, Access as _, AccessFs, AccessNet, Ruleset, RulesetAttr as _, RulesetStatus, Scope};
    // An older kernel enforces only the accesses that it knows; the filter below stops the others.
    let newest = ABI::V7;
    let enforced = Ruleset::default()
        .handle_access(AccessFs::from_all(newest))
        .and_then(|rules| rules.handle_access(AccessNet::from_all(newest)))
        .and_then(|rules| rules.scope(Scope::from_all(newest)))
        .and_then(Ruleset::create)
        .and_then(landlock::RulesetCreated::restrict_self)
        .map_err(|error| format!("Landlock: {error}"))?;
    let missing = enforced.ruleset == RulesetStatus::NotEnforced;
    Ok(missing
        .then(|| "the compiler runs without Landlock: this kernel or container does not offer it".into()))
}

/// Gives up all system calls that the filter does not allow: they fail with `EPERM`.
#[cfg(target_os = "linux")]
fn seccomp() -> Result<Option<String>, String> {
    use rustix::io::Errno;
    use seccompiler::{BpfProgram, Error, apply_filter};
    let broken = |error: &dyn std::fmt::Display| format!("seccomp: {error}");
    let program: BpfProgram =
        filter().and_then(TryInto::try_into).map_err(|error: seccompiler::BackendError| broken(&error))?;
    match apply_filter(&program) {
        Ok(()) => Ok(None),
        Err(Error::Seccomp(error))
            if [Errno::NOSYS, Errno::INVAL, Errno::PERM, Errno::ACCESS]
                .iter()
                .any(|none| error.raw_os_error() == Some(none.raw_os_error())) =>
        {
            Ok(Some("the compiler runs without seccomp: this kernel or container does not offer it".into()))
        }
        Err(error) => Err(broken(&error)),
    }
}

/// A filter that allows system calls to allocate memory, read and write open files, tell the time, get random bytes, wait for
/// a lock, and exit. It allows no executable page, and signals to this process only.
#[cfg(target_os = "linux")]
fn filter() -> Result<seccompiler::SeccompFilter, seccompiler::BackendError> {
    use seccompiler::{
        SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule,
    };
    const ALLOWED: [libc::c_long; 34] = [
        libc::SYS_brk,
        libc::SYS_clock_getres,
        libc::SYS_clock_gettime,
        libc::SYS_clock_nanosleep,
        libc::SYS_close,
        libc::SYS_exit,
        libc::SYS_exit_group,
        libc::SYS_fstat,
        libc::SYS_futex,
        libc::SYS_getpid,
        libc::SYS_getrandom,
        libc::SYS_gettid,
        libc::SYS_gettimeofday,
        libc::SYS_lseek,
        libc::SYS_madvise,
        libc::SYS_mremap,
        libc::SYS_munmap,
        libc::SYS_nanosleep,
        libc::SYS_read,
        libc::SYS_readv,
        libc::SYS_restart_syscall,
        libc::SYS_rseq,
        libc::SYS_rt_sigaction,
        libc::SYS_rt_sigprocmask,
        libc::SYS_rt_sigreturn,
        libc::SYS_sched_getaffinity,
        libc::SYS_sched_yield,
        libc::SYS_set_robust_list,
        libc::SYS_set_tid_address,
        libc::SYS_sigaltstack,
        libc::SYS_sysinfo,
        libc::SYS_uname,
        libc::SYS_write,
        libc::SYS_writev,
    ];
    let if_argument = |argument, operation, value| {
        SeccompRule::new(vec![SeccompCondition::new(argument, SeccompCmpArgLen::Qword, operation, value)?])
    };
    let executable = u64::from(libc::PROT_EXEC.unsigned_abs());
    let own = std::process::id();
    let mut rules: std::collections::BTreeMap<_, _> =
        ALLOWED.into_iter().map(|call| (call, Vec::new())).collect();
    for call in [libc::SYS_mmap, libc::SYS_mprotect] {
        rules.insert(call, vec![if_argument(2, SeccompCmpOp::MaskedEq(executable), 0)?]);
    }
    rules.insert(libc::SYS_tgkill, vec![if_argument(0, SeccompCmpOp::Eq, own.into())?]);
    let refused = SeccompAction::Errno(rustix::io::Errno::PERM.raw_os_error().unsigned_abs());
    SeccompFilter::new(rules, refused, SeccompAction::Allow, std::env::consts::ARCH.try_into()?)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use std::fs::File;
    use std::io::{ErrorKind, Read as _, Write as _};
    use std::net::{TcpListener, TcpStream, UdpSocket};
    use std::os::unix::net::UnixStream;
    use std::process::Command;
    use std::thread;

    /// Tries to use files and sockets. Each result is true if the system refused it. A jail confines one thread, so a test can
    /// enter it in a thread.
    fn file_attempts() -> Vec<(&'static str, bool)> {
        let refused = |error: &std::io::Error| error.kind() == ErrorKind::PermissionDenied;
        vec![
            ("read a file", File::open("/etc/passwd").is_err_and(|error| refused(&error))),
            ("read a folder", std::fs::read_dir("/").is_err_and(|error| refused(&error))),
            ("read itself", File::open("/proc/self/environ").is_err_and(|error| refused(&error))),
            ("make a file", File::create("/tmp/lockstep-jail").is_err_and(|error| refused(&error))),
            ("listen", TcpListener::bind("127.0.0.1:0").is_err_and(|error| refused(&error))),
        ]
    }

    /// Tries system calls that only the filter refuses.
    fn call_attempts(listening: std::net::SocketAddr) -> Vec<(&'static str, bool)> {
        vec![
            ("connect", TcpStream::connect(listening).is_err()),
            ("a datagram", UdpSocket::bind("127.0.0.1:0").is_err()),
            ("a local socket", UnixStream::pair().is_err()),
            ("a program", Command::new("/bin/true").status().is_err()),
            ("a thread", thread::Builder::new().spawn(|| ()).is_err()),
            ("another folder", std::env::set_current_dir("/tmp").is_err()),
            ("another process", rustix::process::test_kill_process(rustix::process::getpid()).is_err()),
        ]
    }

    fn assert_refused(tried: &[(&str, bool)]) {
        let allowed: Vec<_> = tried.iter().filter(|(_, refused)| !refused).map(|(name, _)| name).collect();
        assert!(allowed.is_empty(), "not refused: {allowed:?}");
    }

    #[test]
    fn landlock_alone_refuses_files_and_sockets() {
        let (missing, tried) = thread::spawn(|| (landlock().unwrap(), file_attempts())).join().unwrap();
        if missing.is_none() {
            assert_refused(&tried);
        }
    }

    #[test]
    fn the_filter_alone_refuses_all_system_calls_except_those_of_a_computation() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (mut reader, mut writer) = std::io::pipe().unwrap();
        let jailed = move || {
            let missing = seccomp().unwrap();
            let (tried, calls) = (file_attempts(), call_attempts(address));
            // Large and small memory, locks, the clock, and a pipe that is already open.
            let many: Vec<Vec<u8>> = (0..100).map(|size| vec![1; size * 100_000]).collect();
            let sum: usize = many.iter().map(Vec::len).sum();
            drop(many);
            let _ = std::time::Instant::now();
            writer.write_all(&sum.to_le_bytes()).unwrap();
            (missing, tried, calls)
        };
        let (missing, tried, calls) = thread::spawn(jailed).join().unwrap();
        let mut written = [0; 8];
        reader.read_exact(&mut written).unwrap();
        assert_eq!(usize::from_le_bytes(written), 4950 * 100_000);
        if missing.is_none() {
            assert_refused(&tried);
            assert_refused(&calls);
        }
    }

    #[test]
    fn a_panic_in_the_jail_is_still_a_panic() {
        let jailed = thread::spawn(|| {
            enter().unwrap();
            let broken: Option<u8> = std::hint::black_box(None);
            broken.unwrap()
        });
        assert!(jailed.join().is_err());
        // The jail confines only its thread.
        assert!(File::open("/etc/passwd").is_ok());
    }
}
