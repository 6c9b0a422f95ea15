//! The watch over a run: it ends the run at its timeout and at its memory limit, also while a host call blocks. It abandons
//! a thread that does not end in time; the host then commits no staged file.

use crate::guest::{GuestExit, GuestResult};
use crate::slow_calls::SlowCalls;
use lockstep_model::gate::Gate;
use lockstep_model::limits::Limits;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};
use wasmtime::Engine;

/// The time between two interrupts of a component, at which it checks whether it must stop.
const TICK: Duration = Duration::from_millis(10);
/// The time that a component gets to stop before the watch abandons its thread.
const GRACE: Duration = Duration::from_millis(250);
/// The ticks between two measurements of the memory of the programs that the run has started. Measuring them takes longer
/// than measuring this process.
const TICKS_PER_MEASUREMENT: u32 = 10;

/// Runs `job` on a thread and watches it until it ends, exceeds a limit, or the caller sets `cancel`. `stop` makes the
/// component stop.
pub(crate) fn run_watched(
    engine: &Engine,
    gate: &Gate,
    (stop, cancel): (&AtomicBool, &AtomicBool),
    mut slow_calls: SlowCalls,
    job: impl FnOnce() -> GuestResult + Send + 'static,
) -> GuestResult {
    let (sender, receiver) = mpsc::sync_channel(1);
    let builder = thread::Builder::new().name("step".into()).stack_size(lockstep_sandbox::THREAD_STACK_BYTES);
    // Sending fails if the watch has abandoned the thread.
    let spawned = builder.spawn(move || drop(sender.send(job())));
    if let Err(error) = spawned {
        let hint = "raise `ulimit -u` or the process limit of the container";
        let text = format!("the system starts no thread for the component ({error}): {hint}");
        return GuestResult::abandoned(GuestExit::Limit(text));
    }
    let deadline = Instant::now() + Duration::from_secs(gate.limits().seconds.into());
    let mut memory = RunMemory::default();
    let exit = loop {
        if let Some(result) = wait(&receiver, engine) {
            return result;
        }
        if cancel.load(Ordering::Relaxed) {
            break GuestExit::Cancelled;
        }
        if let Some(reason) = exceeded(deadline, gate.limits(), &mut memory) {
            break GuestExit::Limit(reason);
        }
        slow_calls.report(gate);
    };
    gate.close(match &exit {
        GuestExit::Limit(reason) => reason,
        _ => "the run is cancelled",
    });
    stop.store(true, Ordering::Relaxed);
    let end_of_grace = Instant::now() + GRACE;
    while Instant::now() < end_of_grace {
        if let Some(result) = wait(&receiver, engine) {
            return GuestResult { exit, ..result };
        }
    }
    GuestResult::abandoned(exit)
}

/// Waits for one tick, then interrupts the component, which checks whether it must stop.
fn wait(receiver: &Receiver<GuestResult>, engine: &Engine) -> Option<GuestResult> {
    match receiver.recv_timeout(TICK) {
        Ok(result) => Some(result),
        Err(RecvTimeoutError::Disconnected) => {
            Some(GuestResult::abandoned(GuestExit::Bug("the thread of the component panicked".into())))
        }
        Err(RecvTimeoutError::Timeout) => {
            engine.increment_epoch();
            None
        }
    }
}

/// A message about the limit that the run exceeds, if any.
fn exceeded(deadline: Instant, limits: &Limits, memory: &mut RunMemory) -> Option<String> {
    if Instant::now() >= deadline {
        return Some(format!("the step ran longer than {} s", limits.seconds));
    }
    let max = limits.resident_bytes();
    let text =
        || format!("the step, its host and the programs that it started hold more than {} MiB", max >> 20);
    (memory.resident_bytes() > max).then(text)
}

/// The memory of a run. Only Linux tells it; elsewhere only the other budgets apply.
#[derive(Default)]
struct RunMemory {
    ticks: u32,
    /// The memory of the programs that the run has started, at the last measurement.
    of_programs: u64,
}

impl RunMemory {
    /// The bytes in RAM of this process and the programs that the run has started.
    fn resident_bytes(&mut self) -> u64 {
        if self.ticks.is_multiple_of(TICKS_PER_MEASUREMENT) {
            self.of_programs = lockstep_process::resident_bytes(&lockstep_process::descendants());
        }
        self.ticks = self.ticks.wrapping_add(1);
        lockstep_process::resident_bytes(&[std::process::id()]) + self.of_programs
    }
}
