//! SIGINT and SIGTERM cancel a run: it ends with a receipt that says so, and then by the same signal. Once files
//! are being put in place a signal comes too late, and the run ends as it would have. A second signal, a second
//! later, ends the program at once; what that leaves in the workspace the next run recovers.

use lockstep_model::exit::Exit;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::low_level::emulate_default_handler;
use std::io;
use std::process;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// Some senders signal the process and then its group: what comes sooner than this is not a second signal.
const SECOND_AFTER: Duration = Duration::from_secs(1);

/// How far a run is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// No component runs yet. A signal ends the run from its own thread, since this one may wait for anything.
    Preparing,
    /// A component runs, and can be stopped.
    Running,
    /// The run is ending by itself.
    Ending,
    /// The thread of a signal is ending the run.
    Taken,
}

#[derive(Debug)]
struct State {
    phase: Phase,
    caught: Option<i32>,
}

/// The signals of one run.
pub(crate) struct Signals {
    state: Arc<Mutex<State>>,
    cancel: Arc<AtomicBool>,
}

impl Signals {
    /// Listens from now on. `end` ends a run that is still preparing: it writes the receipt.
    ///
    /// # Errors
    /// The system has no room for the handlers or their thread.
    pub(crate) fn listen(end: impl FnOnce(Exit) + Send + 'static) -> io::Result<Self> {
        let state = Arc::new(Mutex::new(State { phase: Phase::Preparing, caught: None }));
        let signals = Self { state: Arc::clone(&state), cancel: Arc::default() };
        let cancel = Arc::clone(&signals.cancel);
        let heeded = heeded();
        if !heeded.is_empty() {
            let caught = signal_hook::iterator::Signals::new(heeded)?;
            let follow = move || follow(caught, &state, &cancel, end);
            thread::Builder::new().name("signals".into()).spawn(follow)?;
        }
        Ok(signals)
    }

    /// What tells the component to stop.
    pub(crate) fn cancel(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.cancel)
    }

    /// Says that a component runs from now on.
    pub(crate) fn running(&self) {
        self.claim().phase = Phase::Running;
    }

    /// Says that the run ends by itself from now on, unless a signal came before: then how it ends.
    pub(crate) fn decide(&self) -> Option<Exit> {
        let mut state = self.claim();
        let cancelled = state.caught.filter(|_| state.phase != Phase::Ending);
        state.phase = Phase::Ending;
        cancelled.map(exit)
    }

    /// Whether a signal has come, in time or not.
    pub(crate) fn caught(&self) -> bool {
        self.claim().caught.is_some()
    }

    /// Ends the process by the signal that cancelled the run, if this is how it ended.
    pub(crate) fn pass_on(&self, ended: Exit) {
        let caught = self.claim().caught;
        if let Some(signal) = caught.filter(|signal| exit(*signal) == ended) {
            die(signal);
        }
    }

    /// The state, for the thread of the run. It waits for ever if another thread is ending the run.
    fn claim(&self) -> MutexGuard<'_, State> {
        loop {
            let state = lock(&self.state);
            if state.phase != Phase::Taken {
                return state;
            }
            drop(state);
            thread::park();
        }
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Waits for signals as long as the process lives.
fn follow(
    mut signals: signal_hook::iterator::Signals,
    state: &Mutex<State>,
    cancel: &AtomicBool,
    end: impl FnOnce(Exit) + Send + 'static,
) {
    let mut end = Some(end);
    let mut first: Option<Instant> = None;
    for signal in signals.forever() {
        if let Some(first) = first {
            if first.elapsed() >= SECOND_AFTER {
                die(signal);
            }
            continue;
        }
        first = Some(Instant::now());
        let mut state = lock(state);
        state.caught = Some(signal);
        cancel.store(true, Ordering::Relaxed);
        if state.phase == Phase::Preparing {
            state.phase = Phase::Taken;
            // On a thread of its own, so that a second signal is heard if the receipt cannot be written to an end.
            let end = end.take();
            let ending = move || {
                end.into_iter().for_each(|end| end(exit(signal)));
                die(signal);
            };
            if thread::Builder::new().spawn(ending).is_err() {
                die(signal);
            }
        }
    }
}

/// Those of the two signals that whoever started the program has not told it to ignore.
fn heeded() -> Vec<i32> {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let ignored = ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0);
    [SIGINT, SIGTERM].into_iter().filter(|signal| ignored & (1 << (signal - 1)) == 0).collect()
}

fn exit(signal: i32) -> Exit {
    if signal == SIGINT { Exit::Interrupted } else { Exit::Terminated }
}

/// Ends the process as the signal does by itself. The first process of a container no signal ends.
#[allow(clippy::exit, reason = "there is nobody to return to")]
fn die(signal: i32) {
    if process::id() != 1 {
        let _ = emulate_default_handler(signal);
    }
    process::exit(exit(signal).code().into());
}
