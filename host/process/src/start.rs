//! Starts a program and reads its output, within limits. The program ends with the run.

use crate::find::Programs;
use crate::{keeper, tree};
use std::io::{self, Read, Write as _};
use std::process::{Child, ChildStdin, Command, Output, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

/// The limits of a program: its output and its time.
#[derive(Debug, Clone, Copy)]
pub struct ProgramLimits {
    /// The maximum number of bytes on standard output. The host kills a program that prints more.
    pub max_stdout_bytes: u64,
    /// The maximum number of bytes of standard error in the result. The host drops the rest.
    pub max_stderr_bytes: u64,
    /// The maximum duration; none for the duration of the run.
    pub timeout: Option<Duration>,
    /// The maximum time in which the program and its descendants neither read nor write nor compute; none for the duration
    /// of the run. It works on Linux only.
    pub idle_timeout: Option<Duration>,
}

/// The time between two checks of a program's activity.
const CHECK_INTERVAL: Duration = Duration::from_secs(1);

impl Programs {
    /// Runs a program to its end. The program gets the variables of `command` and no others.
    ///
    /// # Errors
    /// The host cannot start the program, or the program prints too much or takes too long.
    pub fn run(&self, command: &Command, input: &[u8], limits: ProgramLimits) -> io::Result<Output> {
        let mut child = self.start(command, input.len())?;
        let pipes = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let (Some(stdin), Some(stdout), Some(stderr)) = pipes else {
            return Err(io::Error::other("the started program has no pipes"));
        };
        let (sender, receiver) = mpsc::channel();
        thread::scope(|scope| {
            let stderr_reader = scope.spawn(move || read_start(stderr, limits.max_stderr_bytes));
            scope.spawn(move || drop(sender.send(read_limited(stdout, limits.max_stdout_bytes))));
            let mut line = Some(stdin);
            if self.has_keeper {
                // A keeper reads all input, and must see this pipe open until the program has ended.
                let _ = line.as_mut().map(|line| line.write_all(input));
            } else {
                let stdin = line.take();
                scope.spawn(move || write(stdin, input));
            }
            let stdout = wait_for_output(&receiver, limits, child.id());
            if stdout.is_err() {
                drop(line.take());
                // Without a keeper this process kills the program.
                let _ = (!self.has_keeper).then(|| child.kill());
            }
            let status = child.wait()?;
            let stderr = stderr_reader.join().unwrap_or_default();
            Ok(Output { status, stdout: stdout?, stderr })
        })
    }

    fn start(&self, command: &Command, input: usize) -> io::Result<Child> {
        let mut start = if self.has_keeper {
            let mut start = keeper::own_executable()?;
            start.arg(keeper::KEEP).arg(input.to_string()).arg(command.get_program());
            start
        } else {
            Command::new(command.get_program())
        };
        start.args(command.get_args()).env_clear();
        start.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
        start.current_dir(command.get_current_dir().unwrap_or(std::path::Path::new("/")));
        start.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()
    }
}

/// Writes the input and closes the pipe. A program may read only a part of the input.
fn write(stdin: Option<ChildStdin>, input: &[u8]) {
    if let Some(mut stdin) = stdin {
        let _ = stdin.write_all(input);
    }
}

/// Reads the whole output. More than `max` bytes are an error.
fn read_limited(mut pipe: impl Read, max: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    pipe.by_ref().take(max).read_to_end(&mut bytes)?;
    match bytes.len() as u64 == max && pipe.read(&mut [0])? > 0 {
        true => Err(io::Error::new(io::ErrorKind::FileTooLarge, format!("it printed more than {max} bytes"))),
        false => Ok(bytes),
    }
}

/// Reads the first `max` bytes. It drops the rest, but reads it, since a program must not wait for a reader.
fn read_start(mut pipe: impl Read, max: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    // After an error, the bytes so far are the result.
    let _ = pipe.by_ref().take(max).read_to_end(&mut bytes);
    let dropped = io::copy(&mut pipe, &mut io::sink()).unwrap_or_default();
    if dropped > 0 {
        bytes.extend_from_slice(format!(" … ({dropped} more bytes are not shown)").as_bytes());
    }
    bytes
}

/// Waits for the output of the program until the program ends or exceeds a limit.
fn wait_for_output(
    receiver: &Receiver<io::Result<Vec<u8>>>,
    limits: ProgramLimits,
    program: u32,
) -> io::Result<Vec<u8>> {
    let begun = Instant::now();
    let (mut before, mut since) = (None, begun);
    loop {
        let left = limits
            .timeout
            .map_or(CHECK_INTERVAL, |timeout| timeout.saturating_sub(begun.elapsed()).min(CHECK_INTERVAL));
        match receiver.recv_timeout(left) {
            Ok(answer) => return answer,
            Err(RecvTimeoutError::Disconnected) => {
                return Err(io::Error::other("the thread that reads its output has ended"));
            }
            Err(RecvTimeoutError::Timeout) => {}
        }
        if let Some(timeout) = limits.timeout.filter(|timeout| begun.elapsed() >= *timeout) {
            return Err(stop_error(&format!("it did not end within {} s", timeout.as_secs())));
        }
        // The check reads much of /proc, so only programs with an idle timeout pay for it.
        let Some(idle) = limits.idle_timeout else { continue };
        let done = tree::activity(program);
        if done.is_none() || done != before {
            (before, since) = (done, Instant::now());
        }
        if since.elapsed() >= idle {
            return Err(stop_error(&format!("it did nothing for {} s", idle.as_secs())));
        }
    }
}

fn stop_error(why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::TimedOut, format!("{why}, so lockstep stopped it"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Checkout;

    fn run(line: &str, input: &[u8], limits: ProgramLimits) -> io::Result<Output> {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", line]).env("PATH", "/usr/bin:/bin");
        Programs::new(None, Checkout::default()).without_keeper().run(&command, input, limits)
    }

    const PROGRAM_LIMITS: ProgramLimits = ProgramLimits {
        max_stdout_bytes: 1000,
        max_stderr_bytes: 100,
        timeout: Some(Duration::from_secs(60)),
        idle_timeout: None,
    };

    #[test]
    fn a_program_gets_its_input_and_the_host_reads_its_output() {
        let ended = run("cat; echo oh >&2; env | grep -c .", b"hello\n", PROGRAM_LIMITS).unwrap();
        assert_eq!(String::from_utf8_lossy(&ended.stderr), "oh\n");
        // `PATH`, and what the shell itself sets.
        assert!(String::from_utf8_lossy(&ended.stdout).starts_with("hello\n"), "{ended:?}");
    }

    #[test]
    fn output_over_the_limit_is_dropped() {
        let many = run("head -c 1000 /dev/zero", b"", PROGRAM_LIMITS).unwrap();
        assert_eq!(many.stdout.len(), 1000);
        let error = run("head -c 1001 /dev/zero", b"", PROGRAM_LIMITS).unwrap_err();
        assert!(error.to_string().contains("more than 1000 bytes"), "{error}");
        let loud = run("head -c 10000000 /dev/zero >&2", b"", PROGRAM_LIMITS).unwrap();
        assert!(String::from_utf8_lossy(&loud.stderr).contains("(9999900 more bytes are not shown)"));
        let limits = ProgramLimits { timeout: Some(Duration::from_millis(50)), ..PROGRAM_LIMITS };
        let slow = run("exec sleep 60", b"", limits).unwrap_err();
        assert!(slow.to_string().contains("lockstep stopped it"), "{slow}");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_silent_program_is_ended_and_a_busy_one_is_not() {
        let limits = ProgramLimits { idle_timeout: Some(Duration::from_secs(3)), ..PROGRAM_LIMITS };
        let hung = run("exec sleep 600", b"", limits).unwrap_err();
        assert!(hung.to_string().contains("did nothing for 3 s"), "{hung}");
        let busy = run("for i in 1 2 3 4 5 6; do echo $i; sleep 1; done", b"", limits).unwrap();
        assert!(busy.status.success());
    }
}
