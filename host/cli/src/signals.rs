//! SIGINT and SIGTERM cancel a run: it writes a receipt that says so, and ends by the same signal. A signal that comes
//! while the host puts files in place is too late and changes nothing. A second signal, at least a second later, ends
//! the program at once; the next run recovers the workspace.

use lockstep_model::exit::Exit;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::low_level::emulate_default_handler;
use std::io;
use std::process;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// Some senders signal the process and then its group, so an earlier signal does not count as the second one.
const SECOND_AFTER: Duration = Duration::from_secs(1);

/// The phase of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum RunPhase {
    /// No component runs yet. A signal ends the run from a thread of its own, because the thread of the run may wait.
    Preparing,
    /// A component runs. A signal stops it.
    Running,
    /// The run is ending by itself. A signal is too late.
    Ending,
    /// The thread of a signal is ending the run.
    EndedBySignal,
}

#[derive(Debug)]
struct SignalState {
    phase: RunPhase,
    caught: Option<i32>,
}

/// The handlers of the signals of one run.
pub(crate) struct Signals {
    state: Arc<Mutex<SignalState>>,
    cancel: Arc<AtomicBool>,
}

impl Signals {
    /// Handles signals from now on. `end` ends a run that is still preparing, and writes its receipt.
    ///
    /// # Errors
    /// The system refuses the handlers or their thread.
    pub(crate) fn listen(end: impl FnOnce(Exit) + Send + 'static) -> io::Result<Self> {
        let state = Arc::new(Mutex::new(SignalState { phase: RunPhase::Preparing, caught: None }));
        let signals = Self { state: Arc::clone(&state), cancel: Arc::default() };
        let cancel = Arc::clone(&signals.cancel);
        let handled_signals = handled_signals();
        if !handled_signals.is_empty() {
            let caught = signal_hook::iterator::Signals::new(handled_signals)?;
            let follow = move || follow(caught, &state, &cancel, end);
            thread::Builder::new().name("signals".into()).spawn(follow)?;
        }
        Ok(signals)
    }

    /// The flag that tells the engine to stop the component.
    pub(crate) fn cancel(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.cancel)
    }

    /// Begins the phase in which a component runs.
    pub(crate) fn running(&self) {
        self.lock_for_run().phase = RunPhase::Running;
    }

    /// Begins the end of the run. Returns the exit code if a signal came before.
    pub(crate) fn begin_end(&self) -> Option<Exit> {
        let mut state = self.lock_for_run();
        let cancelled = state.caught.filter(|_| state.phase != RunPhase::Ending);
        state.phase = RunPhase::Ending;
        cancelled.map(exit)
    }

    /// Whether a signal came, also if it was too late.
    pub(crate) fn caught(&self) -> bool {
        self.lock_for_run().caught.is_some()
    }

    /// Ends the process by the signal that cancelled the run. It returns if the run ended in another way.
    pub(crate) fn end_process(&self, ended: Exit) {
        let caught = self.lock_for_run().caught;
        if let Some(signal) = caught.filter(|signal| exit(*signal) == ended) {
            die_by_signal(signal);
        }
    }

    /// Locks the state for the thread of the run. It does not return if the thread of a signal is ending the run.
    fn lock_for_run(&self) -> MutexGuard<'_, SignalState> {
        loop {
            let state = lock(&self.state);
            if state.phase != RunPhase::EndedBySignal {
                return state;
            }
            drop(state);
            thread::park();
        }
    }
}

fn lock(state: &Mutex<SignalState>) -> MutexGuard<'_, SignalState> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Waits for signals until the process ends.
fn follow(
    mut signals: signal_hook::iterator::Signals,
    state: &Mutex<SignalState>,
    cancel: &AtomicBool,
    end: impl FnOnce(Exit) + Send + 'static,
) {
    let mut end = Some(end);
    let mut first: Option<Instant> = None;
    for signal in signals.forever() {
        if let Some(first) = first {
            if first.elapsed() >= SECOND_AFTER {
                die_by_signal(signal);
            }
            continue;
        }
        first = Some(Instant::now());
        let mut state = lock(state);
        state.caught = Some(signal);
        cancel.store(true, Ordering::Relaxed);
        if state.phase == RunPhase::Preparing {
            state.phase = RunPhase::EndedBySignal;
            // A thread of its own lets a second signal end the program while the receipt blocks.
            let end = end.take();
            let ending = move || {
                end.into_iter().for_each(|end| end(exit(signal)));
                die_by_signal(signal);
            };
            if thread::Builder::new().spawn(ending).is_err() {
                die_by_signal(signal);
            }
        }
    }
}

/// The signals that this program handles. It leaves out those that its parent process told it to ignore.
fn handled_signals() -> Vec<i32> {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let ignored = ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0);
    [SIGINT, SIGTERM].into_iter().filter(|signal| ignored & (1 << (signal - 1)) == 0).collect()
}

fn exit(signal: i32) -> Exit {
    if signal == SIGINT { Exit::Interrupted } else { Exit::Terminated }
}

/// Ends the process as the signal does by default. The first process of a container exits with a code, because the
/// signal does not end it.
#[allow(clippy::exit, reason = "the thread of a signal has no caller")]
fn die_by_signal(signal: i32) {
    if process::id() != 1 {
        let _ = emulate_default_handler(signal);
    }
    process::exit(exit(signal).code().into());
}
