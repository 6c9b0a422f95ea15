//! The descendants of a process: their memory, their activity, and their end. It needs Linux; on other systems it only
//! kills the process group of a program.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

/// The descendants of this process.
#[must_use]
pub fn descendants() -> Vec<u32> {
    descendants_of(std::process::id())
}

/// The descendants of a process.
fn descendants_of(own: u32) -> Vec<u32> {
    // Not every kernel lists the children of a process.
    let listed = Path::new("/proc/self/task").join(own.to_string()).join("children").exists();
    let parents = (!listed).then(by_parent);
    let mut found = vec![own];
    let mut next = 0;
    while let Some(process) = found.get(next) {
        let more = match &parents {
            Some(parents) => parents.get(process).cloned().unwrap_or_default(),
            None => children(*process),
        };
        // The system may reuse a process number during the search.
        let new: Vec<_> = more.into_iter().filter(|process| !found.contains(process)).collect();
        found.extend(new);
        next += 1;
    }
    found.split_off(1)
}

/// The children of a process as the kernel lists them, for each thread of the process.
fn children(process: u32) -> Vec<u32> {
    let Ok(threads) = fs::read_dir(format!("/proc/{process}/task")) else { return Vec::new() };
    let listed =
        threads.flatten().filter_map(|thread| fs::read_to_string(thread.path().join("children")).ok());
    let numbers =
        listed.flat_map(|line| line.split(' ').filter_map(|word| word.parse().ok()).collect::<Vec<_>>());
    numbers.collect()
}

/// The children of every process.
fn by_parent() -> HashMap<u32, Vec<u32>> {
    let mut all: HashMap<u32, Vec<u32>> = HashMap::new();
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    for process in processes.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok()) {
        let Ok(stat) = fs::read_to_string(format!("/proc/{process}/stat")) else { continue };
        // The name, which stands in parentheses, may hold anything.
        let parent = stat.rsplit_once(')').and_then(|(_, rest)| rest.split_whitespace().nth(1)?.parse().ok());
        all.entry(parent.unwrap_or(0)).or_default().push(process);
    }
    all
}

/// A measure of the activity of a process and its descendants: the bytes that they have read and written, plus their CPU
/// time. It differs between two calls if any of them did something. None if the system does not report it.
pub(crate) fn activity(process: u32) -> Option<u64> {
    let done = |process: &u32| -> Option<u64> {
        // The kernel hides this file of a process that nobody may dump.
        let io = fs::read_to_string(format!("/proc/{process}/io")).unwrap_or_default();
        let moved = io.lines().filter(|line| line.starts_with("rchar:") || line.starts_with("wchar:"));
        let moved = moved.filter_map(|line| line.split_once(' ')?.1.trim().parse::<u64>().ok());
        let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
        // The name, which stands in parentheses, may hold anything.
        let (_, times) = stat.rsplit_once(')')?;
        let times = times.split_whitespace().skip(11).take(2).filter_map(|time| time.parse::<u64>().ok());
        Some(moved.chain(times).sum())
    };
    let own = done(&process)?;
    // The end of a descendant changes the sum too.
    Some(descendants_of(process).iter().filter_map(done).sum::<u64>() + own)
}

/// The sum of the resident memory of these processes, in bytes.
#[must_use]
pub fn resident_bytes(processes: &[u32]) -> u64 {
    let pages = |process: &u32| -> Option<u64> {
        let statm = fs::read_to_string(format!("/proc/{process}/statm")).ok()?;
        statm.split(' ').nth(1)?.parse().ok()
    };
    processes.iter().filter_map(pages).sum::<u64>() * rustix::param::page_size() as u64
}

/// Kills the descendants of this process.
#[cfg(target_os = "linux")]
pub(crate) fn kill(_: u32) {
    for process in descendants() {
        if let Some(process) = i32::try_from(process).ok().and_then(rustix::process::Pid::from_raw) {
            // The process may have ended already.
            let _ = rustix::process::kill_process(process, rustix::process::Signal::KILL);
        }
    }
}

/// Kills the group of the program that this process has started.
#[cfg(not(target_os = "linux"))]
pub(crate) fn kill(program: u32) {
    if let Some(group) = i32::try_from(program).ok().and_then(rustix::process::Pid::from_raw) {
        let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
    }
}

/// Kills the descendants of this process until none is left. A process whose parent ends becomes a child of this one.
pub(crate) fn end(program: u32) {
    loop {
        kill(program);
        // The call fails if this process has no children.
        if rustix::process::wait(rustix::process::WaitOptions::empty()).is_err() {
            return;
        }
    }
}
