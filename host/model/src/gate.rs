//! The gate: the one place that every host call passes. It decides, counts and remembers. It never
//! carries a call out itself, and nothing can be carried out without the [`Permit`] only it hands out.
//! The first denial shuts it, and so does the end of a budget that it keeps: after that it lets nothing
//! through and remembers nothing more.

use crate::call::{Answer, CallError, CallRecord, CallRequest, RawRepositoryPart, RawTarget, Target};
use crate::capability::{Capability, Right};
use crate::grant::Grant;
use crate::limits::Limits;
pub use permit::Permit;
use read::{read_path, read_target, shorten};
use std::sync::{Mutex, MutexGuard, PoisonError};

mod pending;
mod permit;
mod read;

/// The gate of one run, shared by the thread that runs the component and the one that watches it.
#[derive(Debug)]
pub struct Gate {
    grant: Grant,
    limits: Limits,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    log: Vec<CallRecord>,
    calls: u64,
    reported: u64,
    masked: u64,
    denial: Option<String>,
    exhausted: Option<String>,
    local: Option<LocalFault>,
    /// Why nothing passes any more.
    shut: Option<String>,
    pending: pending::PendingCalls,
}

impl State {
    /// Shuts the gate for good. The first reason stays.
    fn shut(&mut self, reason: &str) {
        self.shut.get_or_insert_with(|| reason.to_owned());
    }

    /// Remembers that a budget of the gate is used up, and shuts it.
    fn exhaust(&mut self, reason: String) {
        self.shut(&reason);
        self.exhausted.get_or_insert(reason);
    }
}

/// What the gate remembers of a run.
#[derive(Debug, Clone, Default)]
pub struct CallLog {
    /// Every call, in order, up to the one that shut the gate.
    pub records: Vec<CallRecord>,
    /// The first denial. It decides how the run ends.
    pub denial: Option<String>,
    /// The first budget that was used up.
    pub exhausted: Option<String>,
    /// The first call that this machine could not carry out. If the step then fails, this is the cause.
    pub local: Option<LocalFault>,
}

/// A call that failed on this machine and not on a remote side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalFault {
    /// What the call needed: `workspace` for a file of the workspace, `machine` for anything else.
    pub code: &'static str,
    /// What the system refused.
    pub reason: String,
}

impl Gate {
    /// A gate for one run.
    #[must_use]
    pub fn new(grant: Grant, limits: Limits) -> Self {
        Self { grant, limits, state: Mutex::default() }
    }

    /// The budgets that capabilities keep themselves.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Lets a call through to `act`, or not. Either way it is one record in the log, unless the gate was shut before:
    /// then nothing happens and nothing is remembered.
    ///
    /// # Errors
    /// What the component is told. A denial also decides how the run ends, and shuts the gate.
    pub fn call<T>(
        &self,
        request: CallRequest<'_>,
        act: impl FnOnce(&Permit) -> Result<Answer<T>, CallError>,
    ) -> Result<T, CallError> {
        self.check_open()?;
        let answer = self.admit(&request).and_then(|permit| {
            self.begin(&request, 0);
            act(&permit)
        });
        self.conclude(&request, answer)
    }

    /// Lets a call on what an earlier call began through to `act`, or not. It reaches nothing new, and how often one
    /// waits depends on the time: it is counted, and a record in the log only if it fails.
    ///
    /// # Errors
    /// As for [`Gate::call`].
    pub fn call_on<T>(
        &self,
        request: CallRequest<'_>,
        act: impl FnOnce(&Permit) -> Result<Answer<T>, CallError>,
    ) -> Result<T, CallError> {
        self.check_open()?;
        match self.admit(&request).and_then(|permit| act(&permit)) {
            Ok(answer) => Ok(answer.value),
            refused => self.conclude(&request, refused),
        }
    }

    /// Lets several calls through to `act` together, or none of them: one that is not allowed ends it for all. Each
    /// is one record in the log, in order, whenever it ended. If some are not allowed, only those are records, up to
    /// the first one that shuts the gate. `act` gives an answer for each permit.
    ///
    /// # Errors
    /// Why the first of those that are not allowed is not.
    pub fn call_each<T>(
        &self,
        requests: &[CallRequest<'_>],
        act: impl FnOnce(&[Permit]) -> Vec<Result<Answer<T>, CallError>>,
    ) -> Result<Vec<Result<T, CallError>>, CallError> {
        self.check_open()?;
        let (mut permits, mut first) = (Vec::new(), Ok(()));
        for request in requests {
            match self.admit(request) {
                Ok(permit) => permits.push(permit),
                Err(error) => {
                    let told = self.conclude(request, Err::<Answer<()>, _>(error));
                    first = first.and(told);
                    if self.shut().is_some() {
                        break;
                    }
                }
            }
        }
        first?;
        if let Some(first) = requests.first() {
            self.begin(first, requests.len() - 1);
        }
        let answers = act(&permits);
        Ok(requests.iter().zip(answers).map(|(request, answer)| self.conclude(request, answer)).collect())
    }

    /// Writes down how a call ended.
    fn conclude<T>(
        &self,
        request: &CallRequest<'_>,
        answer: Result<Answer<T>, CallError>,
    ) -> Result<T, CallError> {
        let (bytes, digest, verdict) = match &answer {
            Ok(answer) => (answer.bytes, answer.digest, "allowed"),
            Err(error) => (0, None, error.word()),
        };
        let target = shorten(&request.target);
        let record = CallRecord {
            capability: request.capability,
            function: request.function,
            target,
            verdict,
            bytes,
            digest,
        };
        let is_file = request.capability == Capability::Workspace || request.source.is_some();
        self.remember(record, answer.as_ref().err(), if is_file { "workspace" } else { "machine" });
        answer.map(|answer| answer.value)
    }

    /// Counts something said to people: it reaches nothing, so only its budget is checked. What is over
    /// the budget is dropped, and the gate is shut.
    pub fn admit_report(&self, bytes: usize) -> bool {
        let mut state = self.state();
        if state.shut.is_some() {
            return false;
        }
        state.calls += 1;
        state.reported = state.reported.saturating_add(bytes as u64);
        let within = state.reported <= self.limits.report_bytes && state.calls <= self.limits.calls;
        if !within {
            state.exhaust(format!(
                "the component said more than {} bytes or made more than {} calls",
                self.limits.report_bytes, self.limits.calls
            ));
        }
        within
    }

    /// Counts texts to be masked, `bytes` of them in all. Once they are over the budget the gate is shut: what is
    /// said later could hold what was not masked.
    pub fn admit_mask(&self, texts: usize, bytes: usize) -> bool {
        let mut state = self.state();
        if state.shut.is_some() {
            return false;
        }
        state.calls += 1;
        state.masked = state.masked.saturating_add(texts as u64 * Limits::EACH_MASK + bytes as u64);
        let within = state.masked <= self.limits.mask_bytes && state.calls <= self.limits.calls;
        if !within {
            state.exhaust(format!(
                "the component masked more than {} bytes, {} for each text, or made more than {} calls",
                self.limits.mask_bytes,
                Limits::EACH_MASK,
                self.limits.calls
            ));
        }
        within
    }

    /// Counts jobs that the component gives to instances of its own: they reach nothing, so only the number of calls
    /// is bounded.
    ///
    /// # Errors
    /// More calls than the limits allow, or the gate is shut.
    pub fn admit_jobs(&self, jobs: usize) -> Result<(), CallError> {
        self.check_open()?;
        self.count(jobs as u64)
    }

    /// Shuts the gate for good, as the deadline does: no call is let through any more.
    pub fn close(&self, reason: &str) {
        self.state().shut(reason);
    }

    /// Why the gate is shut; none while it is open. A component whose gate is shut has nothing left to do: whoever
    /// runs it ends it.
    #[must_use]
    pub fn shut(&self) -> Option<String> {
        self.state().shut.clone()
    }

    /// Ends a call before anything is decided, counted or remembered.
    fn check_open(&self) -> Result<(), CallError> {
        match self.shut() {
            Some(reason) => Err(CallError::LimitExceeded(format!("the run is over: {reason}"))),
            None => Ok(()),
        }
    }

    /// Hands over what the run did since this was last requested: the log can be long, so there is one of it.
    #[must_use]
    pub fn log(&self) -> CallLog {
        let mut state = self.state();
        CallLog {
            records: std::mem::take(&mut state.log),
            denial: state.denial.clone(),
            exhausted: state.exhausted.clone(),
            local: state.local.clone(),
        }
    }

    fn admit(&self, request: &CallRequest<'_>) -> Result<Permit, CallError> {
        self.count(match request.target {
            RawTarget::Paths(texts)
            | RawTarget::Objects(texts)
            | RawTarget::Resources(texts)
            | RawTarget::Repository(_, RawRepositoryPart::Files(texts)) => texts.len().max(1) as u64,
            _ => 1,
        })?;
        let target = read_target(&request.target)?;
        // The registry knows each function of the contract, so an unknown one is a fault of the host; it is denied.
        let needed = request.capability.needs(request.function).ok_or_else(|| {
            CallError::Denied(format!("{}.{}: no such function", request.capability.name(), request.function))
        })?;
        if let Some(right) = needed {
            self.grant.decide(request.capability, right, &target).map_err(CallError::Denied)?;
        }
        let source = request.source.map(read_path).transpose()?;
        if let Some(path) = &source {
            let file = Target::Path(path.clone());
            self.grant.decide(Capability::Workspace, Right::Read, &file).map_err(CallError::Denied)?;
        }
        let has = |right: &Right| self.grant.decide(request.capability, *right, &target).is_ok();
        let also = match request.capability {
            // Only here, one right says how another may be used.
            Capability::Http => [Right::Get, Right::Private].into_iter().filter(has).collect(),
            _ => Vec::new(),
        };
        Ok(Permit { target, source, also })
    }

    fn count(&self, calls: u64) -> Result<(), CallError> {
        let mut state = self.state();
        state.calls = state.calls.saturating_add(calls);
        if state.calls > self.limits.calls {
            let reason = format!("more than {} host calls", self.limits.calls);
            state.exhaust(reason.clone());
            return Err(CallError::LimitExceeded(reason));
        }
        Ok(())
    }

    fn remember(&self, record: CallRecord, error: Option<&CallError>, code: &'static str) {
        let CallRecord { capability, function, target, verdict, bytes, .. } = &record;
        tracing::debug!(target: "call", "{}.{function} {target}: {verdict}, {bytes} bytes", capability.name());
        let mut state = self.state();
        state.pending.ended();
        match error {
            Some(CallError::Denied(reason)) => {
                state.shut(&format!("denied: {reason}"));
                state.denial.get_or_insert_with(|| reason.clone());
            }
            // A budget that a capability keeps leaves the gate open: the component may still undo what it has begun.
            Some(CallError::LimitExceeded(reason)) if state.exhausted.is_none() => {
                state.exhausted = Some(reason.clone())
            }
            Some(CallError::Local(reason)) if state.local.is_none() => {
                state.local = Some(LocalFault { code, reason: reason.clone() })
            }
            _ => {}
        }
        // Each record was counted when its call was admitted, so the budget of calls bounds the log.
        state.log.push(record);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A panic elsewhere leaves the state whole: every change to it is a single assignment.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
