//! Tests of the keeper. This test program is its own keeper, as the finished program is. They check that a program and its
//! descendants end with the process that started it. They need Linux, because they read /proc.
#![forbid(unsafe_code)]
#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use lockstep_process::{Checkout, ProgramLimits, Programs};
use std::fs;
use std::path::Path;
use std::process::{Child, Command, ExitCode, Output, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

const PROGRAM_LIMITS: ProgramLimits = ProgramLimits {
    max_stdout_bytes: 1 << 20,
    max_stderr_bytes: 1 << 16,
    timeout: Some(Duration::from_secs(60)),
    idle_timeout: None,
};
/// A script that starts a process of another session without a parent, and one with a parent. Each writes its number.
const FAMILY: &str = "sh -c 'setsid sh -c \"echo \\$\\$ >a; exec sleep 300\" & echo $$ >b' ; echo $$ >c; sleep 300 & echo $! >d; \
                      while [ ! -s a ]; do sleep 0.01; done; echo >ready; wait";

fn main() -> ExitCode {
    if let Some(code) = lockstep_process::serve_keeper(std::env::args_os()) {
        return code;
    }
    let words: Vec<_> = std::env::args().skip(1).collect();
    if let [word, line, folder, size] = words.as_slice()
        && word == "run"
    {
        let ended = run(line, Path::new(folder), &vec![b'x'; size.parse().unwrap()], PROGRAM_LIMITS);
        return ended.map_or(ExitCode::FAILURE, |_| ExitCode::SUCCESS);
    }
    if cfg!(target_os = "linux") {
        for (name, test) in TESTS {
            test();
            println(name);
        }
    }
    ExitCode::SUCCESS
}

fn println(name: &str) {
    use std::io::Write as _;
    std::io::stdout().write_all(format!("test {name} ... ok\n").as_bytes()).unwrap();
}

const TESTS: [(&str, fn()); 9] = [
    ("a_program_is_heard_and_told_nothing_else", a_program_is_heard_and_told_nothing_else),
    ("a_program_that_is_not_there_is_told", a_program_that_is_not_there_is_told),
    ("what_a_program_leaves_behind_ends_with_it", what_a_program_leaves_behind_ends_with_it),
    ("a_family_ends_with_a_killed_run", || a_family_ends_with_its_run("KILL", 0)),
    ("a_family_ends_with_a_terminated_run", || a_family_ends_with_its_run("TERM", 0)),
    ("a_program_that_reads_no_input_ends_with_its_run", || a_family_ends_with_its_run("KILL", 1 << 20)),
    ("a_program_ends_with_its_keeper", a_program_ends_with_its_keeper),
    ("a_family_that_does_nothing_is_ended", a_family_that_does_nothing_is_ended),
    ("a_family_that_takes_too_long_is_ended", a_family_that_takes_too_long_is_ended),
];

fn run(line: &str, folder: &Path, input: &[u8], limits: ProgramLimits) -> std::io::Result<Output> {
    let mut command = Command::new("/bin/sh");
    command.args(["-c", line]).env("PATH", "/usr/bin:/bin").env("MINE", "1").current_dir(folder);
    Programs::new(None, Checkout::default()).run(&command, input, limits)
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn a_program_is_heard_and_told_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let ended = run("cat; echo oh >&2; exit 3", folder.path(), b"hello", PROGRAM_LIMITS).unwrap();
    assert_eq!((text(&ended.stdout), text(&ended.stderr)), ("hello".into(), "oh\n".into()));
    assert_eq!(ended.status.code(), Some(3));
    let large = vec![b'x'; 3 << 20];
    let ended = run("wc -c", folder.path(), &large, PROGRAM_LIMITS).unwrap();
    assert_eq!(text(&ended.stdout).trim(), large.len().to_string());
    let shown =
        run("tr '\\0' '\\n' </proc/$$/environ; ls /proc/$$/fd", folder.path(), b"", PROGRAM_LIMITS).unwrap();
    let shown = text(&shown.stdout);
    let lines: Vec<_> = shown.lines().collect();
    assert!(lines.contains(&"MINE=1") && !shown.contains("CARGO"), "{shown}");
    assert!(!lines.contains(&"3"), "a file is open that was not meant for the program: {shown}");
    let limits =
        run("ulimit -c; grep NoNewPrivs /proc/self/status", folder.path(), b"", PROGRAM_LIMITS).unwrap();
    assert_eq!(text(&limits.stdout), "0\nNoNewPrivs:\t1\n");
}

fn a_program_that_is_not_there_is_told() {
    let mut command = Command::new("/nonexistent/tool");
    command.arg("x");
    let ended = Programs::default().run(&command, b"", PROGRAM_LIMITS).unwrap();
    assert_eq!(ended.status.code(), Some(127));
    assert!(text(&ended.stderr).starts_with("cannot start /nonexistent/tool: "), "{ended:?}");
}

/// The process numbers of the family.
fn family(folder: &Path) -> Vec<String> {
    wait_for(|| folder.join("ready").exists());
    let number = |name| fs::read_to_string(folder.join(name)).unwrap().trim().to_owned();
    ["a", "c", "d"].map(number).into()
}

fn is_gone(process: &str) -> bool {
    // A zombie has ended too.
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    status.is_empty() || status.contains("State:\tZ")
}

fn wait_for(mut is: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !is() {
        assert!(Instant::now() < deadline, "it does not happen");
        sleep(Duration::from_millis(5));
    }
}

fn what_a_program_leaves_behind_ends_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let line = format!("{}; exit 0", FAMILY.trim_end_matches("; wait"));
    assert!(run(&line, folder.path(), b"", PROGRAM_LIMITS).unwrap().status.success());
    assert!(family(folder.path()).iter().all(|process| is_gone(process)));
}

/// Starts a run that starts the family.
fn other(folder: &Path, input: u64) -> Child {
    let mut run = Command::new(std::env::current_exe().unwrap());
    run.args(["run", FAMILY]).arg(folder).arg(input.to_string());
    run.stdin(Stdio::null()).spawn().unwrap()
}

fn signal(process: &str, name: &str) {
    assert!(Command::new("kill").args(["-s", name, process]).status().unwrap().success());
}

fn a_family_ends_with_its_run(name: &str, input: u64) {
    let folder = tempfile::tempdir().unwrap();
    let mut other = other(folder.path(), input);
    let family = family(folder.path());
    assert!(!family.iter().any(|process| is_gone(process)));
    signal(&other.id().to_string(), name);
    other.wait().unwrap();
    wait_for(|| family.iter().all(|process| is_gone(process)));
}

fn a_program_ends_with_its_keeper() {
    let folder = tempfile::tempdir().unwrap();
    let mut other = other(folder.path(), 0);
    let family = family(folder.path());
    let id = other.id();
    let threads = fs::read_dir(format!("/proc/{id}/task")).unwrap().flatten();
    let keepers: String =
        threads.map(|task| fs::read_to_string(task.path().join("children")).unwrap()).collect();
    signal(keepers.trim(), "KILL");
    // The kernel kills the program with its keeper. Nobody kills its children then, and they would delay the run.
    wait_for(|| is_gone(&family[1]));
    for process in family.iter().filter(|process| !is_gone(process)) {
        signal(process, "KILL");
    }
    other.wait().unwrap();
}

fn a_family_that_does_nothing_is_ended() {
    a_family_is_ended(
        ProgramLimits { idle_timeout: Some(Duration::from_secs(3)), ..PROGRAM_LIMITS },
        "did nothing for 3 s",
    );
}

fn a_family_that_takes_too_long_is_ended() {
    a_family_is_ended(
        ProgramLimits { timeout: Some(Duration::from_millis(1500)), ..PROGRAM_LIMITS },
        "lockstep stopped it",
    );
}

fn a_family_is_ended(limits: ProgramLimits, expected: &str) {
    let folder = tempfile::tempdir().unwrap();
    let error = run(FAMILY, folder.path(), b"", limits).unwrap_err();
    assert!(error.to_string().contains(expected), "{error}");
    assert!(family(folder.path()).iter().all(|process| is_gone(process)));
}
