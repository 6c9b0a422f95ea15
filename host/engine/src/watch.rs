//! The watch over a run: it ends it at its wall clock and at its memory, also while a host call blocks. It never
//! waits for a thread that does not come back; nothing such a thread has staged is ever put in place.

use crate::guest::{GuestExit, GuestResult};
use crate::waiting::Waiting;
use lockstep_model::gate::Gate;
use lockstep_model::limits::Limits;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};
use wasmtime::Engine;

/// How often a running component is interrupted to see whether it must stop.
const TICK: Duration = Duration::from_millis(10);
/// How long a component that must stop gets to do so before it is left behind.
const GRACE: Duration = Duration::from_millis(250);
/// How often the memory of programs that the run has started is looked at, in ticks: that takes longer than a look at
/// this process alone.
const TICKS_PER_LOOK: u32 = 10;

/// Runs `job` on a thread of its own and watches it to its end, to its limits, or until the caller sets `cancel`.
/// `stop` tells the job to end.
pub(crate) fn until_done(
    engine: &Engine,
    gate: &Gate,
    (stop, cancel): (&AtomicBool, &AtomicBool),
    mut waiting: Waiting,
    job: impl FnOnce() -> GuestResult + Send + 'static,
) -> GuestResult {
    let (sender, receiver) = mpsc::sync_channel(1);
    let builder = thread::Builder::new().name("step".into()).stack_size(lockstep_sandbox::THREAD_STACK_BYTES);
    // Nobody listens any more if the run was left behind.
    let spawned = builder.spawn(move || drop(sender.send(job())));
    if let Err(error) = spawned {
        let text =
            "the system gives no thread for the component (`ulimit -u`, or the limit of its container)";
        return GuestResult::abandoned(GuestExit::Limit(format!("{text}: {error}")));
    }
    let deadline = Instant::now() + Duration::from_secs(gate.limits().seconds.into());
    let mut memory = Memory::default();
    let over = loop {
        if let Some(outcome) = wait(&receiver, engine) {
            return outcome;
        }
        if cancel.load(Ordering::Relaxed) {
            break GuestExit::Cancelled;
        }
        if let Some(reason) = exceeded(deadline, gate.limits(), &mut memory) {
            break GuestExit::Limit(reason);
        }
        waiting.look(gate);
    };
    gate.close(match &over {
        GuestExit::Limit(reason) => reason,
        _ => "the run is cancelled",
    });
    stop.store(true, Ordering::Relaxed);
    let patience = Instant::now() + GRACE;
    while Instant::now() < patience {
        if let Some(outcome) = wait(&receiver, engine) {
            return GuestResult { exit: over, ..outcome };
        }
    }
    GuestResult::abandoned(over)
}

/// Waits for one tick. At its end the component is interrupted, so that it looks whether it must stop.
fn wait(receiver: &Receiver<GuestResult>, engine: &Engine) -> Option<GuestResult> {
    match receiver.recv_timeout(TICK) {
        Ok(outcome) => Some(outcome),
        Err(RecvTimeoutError::Disconnected) => {
            Some(GuestResult::abandoned(GuestExit::Bug("the thread of the component broke off".into())))
        }
        Err(RecvTimeoutError::Timeout) => {
            engine.increment_epoch();
            None
        }
    }
}

/// Which limit the run is past, if any.
fn exceeded(deadline: Instant, limits: &Limits, memory: &mut Memory) -> Option<String> {
    if Instant::now() >= deadline {
        return Some(format!("the step ran longer than {} s", limits.seconds));
    }
    let most = limits.resident_bytes();
    let text =
        || format!("the step, its host and the programs that it started hold more than {} MiB", most >> 20);
    (memory.resident_bytes() > most).then(text)
}

/// The memory of a run. Known on Linux only; elsewhere the other budgets stand alone.
#[derive(Default)]
struct Memory {
    ticks: u32,
    /// That of the programs it has started, when this was last looked at.
    of_programs: u64,
}

impl Memory {
    /// How much the run has in RAM: this process, and the programs that it has started.
    fn resident_bytes(&mut self) -> u64 {
        if self.ticks.is_multiple_of(TICKS_PER_LOOK) {
            self.of_programs = lockstep_process::resident_bytes(&lockstep_process::descendants());
        }
        self.ticks = self.ticks.wrapping_add(1);
        lockstep_process::resident_bytes(&[std::process::id()]) + self.of_programs
    }
}
