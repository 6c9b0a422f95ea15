//! The gate: every host call passes it. It decides about calls, counts and records them. A capability acts only with a
//! [`Permit`], and only the gate makes one. The first denial closes the gate, and so does a used-up budget of its own.
//! A closed gate allows and records no call.

use crate::call::{Answer, CallError, CallRecord, CallRequest, RawRepositoryPart, RawTarget, Target};
use crate::capability::{Capability, Right};
use crate::grant::Grant;
use crate::host_code::HostCode;
use crate::limits::Limits;
use crate::text::short;
pub use permit::Permit;
use read::{read_path, read_target, shorten};
use std::sync::{Mutex, MutexGuard, PoisonError};

mod pending;
mod permit;
mod read;

/// The longest path of a skipped file in the log of calls, in bytes.
const MAX_SKIPPED: usize = 300;

/// The gate of one run. The thread of the component and the thread that watches it both use it.
#[derive(Debug)]
pub struct Gate {
    grant: Grant,
    limits: Limits,
    state: Mutex<GateState>,
}

#[derive(Debug, Default)]
struct GateState {
    log: Vec<CallRecord>,
    calls: u64,
    reported: u64,
    masked: u64,
    denial: Option<String>,
    exhausted: Option<String>,
    local: Option<LocalFault>,
    /// The reason for which the gate is closed.
    closed: Option<String>,
    pending: pending::PendingCalls,
}

impl GateState {
    /// Closes the gate. Only the first reason counts.
    fn close(&mut self, reason: &str) {
        self.closed.get_or_insert_with(|| reason.to_owned());
    }

    /// Records that a budget of the gate is used up, and closes it.
    fn exhaust(&mut self, reason: String) {
        self.close(&reason);
        self.exhausted.get_or_insert(reason);
    }
}

/// The log of the calls of a run.
#[derive(Debug, Clone, Default)]
pub struct CallLog {
    /// Every call, in order, up to the one that closed the gate.
    pub records: Vec<CallRecord>,
    /// The first denial. It decides how the run ends.
    pub denial: Option<String>,
    /// The first budget that was used up.
    pub exhausted: Option<String>,
    /// The first call that this machine could not execute. If the step then fails, this is the cause.
    pub local: Option<LocalFault>,
}

/// The error of a call that failed on this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalFault {
    /// [`HostCode::Workspace`] if the call needed a file of the workspace, else [`HostCode::Machine`].
    pub code: HostCode,
    /// The error of the system.
    pub reason: String,
}

impl Gate {
    /// A gate for one run.
    #[must_use]
    pub fn new(grant: Grant, limits: Limits) -> Self {
        Self { grant, limits, state: Mutex::default() }
    }

    /// The budgets of the run; capabilities enforce some of them.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Decides about a call, and executes it with `act` if the gate allows it. The log gets one record in both cases. A
    /// closed gate neither executes nor records the call.
    ///
    /// # Errors
    /// The error for the component. A denial also decides how the run ends, and closes the gate.
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

    /// As [`Gate::call`], for a call on a resource that an earlier call has made. The gate counts the call, and records
    /// it only if it fails: a component may wait on a resource any number of times, and the log would depend on the
    /// clock.
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

    /// Decides about several calls, and executes them with `act` only if the gate allows all. The log gets one record
    /// for each, in order. If the gate does not allow some, it records only those, up to the first that closes it.
    /// `act` returns an answer for each permit.
    ///
    /// # Errors
    /// The error of the first call that the gate does not allow.
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
                    let error = self.conclude(request, Err::<Answer<()>, _>(error));
                    first = first.and(error);
                    if self.closed().is_some() {
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

    /// Records the result of a call.
    fn conclude<T>(
        &self,
        request: &CallRequest<'_>,
        answer: Result<Answer<T>, CallError>,
    ) -> Result<T, CallError> {
        let (bytes, digest, verdict, skipped) = match &answer {
            Ok(answer) => (answer.bytes, answer.digest, "allowed", &answer.skipped[..]),
            Err(error) => (0, None, error.word(), &[][..]),
        };
        let target = shorten(&request.target);
        let record = CallRecord {
            capability: request.capability,
            function: request.function,
            target,
            verdict,
            bytes,
            digest,
            skipped_count: skipped.len(),
            skipped: skipped.iter().take(CallRecord::SKIPPED).map(|path| short(path, MAX_SKIPPED)).collect(),
        };
        let is_file = request.capability == Capability::Workspace || request.source.is_some();
        self.remember(
            record,
            answer.as_ref().err(),
            if is_file { HostCode::Workspace } else { HostCode::Machine },
        );
        answer.map(|answer| answer.value)
    }

    /// Counts a report, and checks its budget. It returns false once the budget is used up; then the caller drops the
    /// report and the gate is closed.
    pub fn admit_report(&self, bytes: usize) -> bool {
        let mut state = self.state();
        if state.closed.is_some() {
            return false;
        }
        state.calls += 1;
        state.reported = state.reported.saturating_add(bytes as u64);
        let within = state.reported <= self.limits.report_bytes && state.calls <= self.limits.calls;
        if !within {
            state.exhaust(format!(
                "the component reported more than {} bytes or made more than {} calls",
                self.limits.report_bytes, self.limits.calls
            ));
        }
        within
    }

    /// Counts texts to mask with `bytes` in all, and checks their budget. Once it is used up the gate is closed,
    /// because later reports could contain a text that was not masked.
    pub fn admit_mask(&self, texts: usize, bytes: usize) -> bool {
        let mut state = self.state();
        if state.closed.is_some() {
            return false;
        }
        state.calls += 1;
        state.masked = state.masked.saturating_add(texts as u64 * Limits::MASK_BYTES + bytes as u64);
        let within = state.masked <= self.limits.mask_bytes && state.calls <= self.limits.calls;
        if !within {
            state.exhaust(format!(
                "the component masked more than {} bytes, {} for each text, or made more than {} calls",
                self.limits.mask_bytes,
                Limits::MASK_BYTES,
                self.limits.calls
            ));
        }
        within
    }

    /// Counts the parallel jobs of a component as calls. They need no right.
    ///
    /// # Errors
    /// There are more calls than the limit, or the gate is closed.
    pub fn admit_jobs(&self, jobs: usize) -> Result<(), CallError> {
        self.check_open()?;
        self.count(jobs as u64)
    }

    /// Closes the gate, for example at the deadline.
    pub fn close(&self, reason: &str) {
        self.state().close(reason);
    }

    /// The reason for which the gate is closed; none while it is open. The engine ends a component whose gate is
    /// closed.
    #[must_use]
    pub fn closed(&self) -> Option<String> {
        self.state().closed.clone()
    }

    /// Returns an error if the gate is closed.
    fn check_open(&self) -> Result<(), CallError> {
        match self.closed() {
            Some(reason) => Err(CallError::LimitExceeded(format!("the run is over: {reason}"))),
            None => Ok(()),
        }
    }

    /// Takes the log out of the gate. It can be long, so the gate keeps no copy of the records.
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
        // The registry has each function of the contract, so an unknown one is a bug of the host.
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
            // Only `http` has a right that extends another one.
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

    fn remember(&self, record: CallRecord, error: Option<&CallError>, code: HostCode) {
        let CallRecord { capability, function, target, verdict, bytes, .. } = &record;
        tracing::debug!(target: "call", "{}.{function} {target}: {verdict}, {bytes} bytes", capability.name());
        let mut state = self.state();
        state.pending.ended();
        match error {
            Some(CallError::Denied(reason)) => {
                state.close(&format!("denied: {reason}"));
                state.denial.get_or_insert_with(|| reason.clone());
            }
            // The budget of a capability leaves the gate open, so that the component can still clean up.
            Some(CallError::LimitExceeded(reason)) if state.exhausted.is_none() => {
                state.exhausted = Some(reason.clone())
            }
            Some(CallError::Local(reason)) if state.local.is_none() => {
                state.local = Some(LocalFault { code, reason: reason.clone() })
            }
            _ => {}
        }
        // `admit` has counted each call, so the budget of calls bounds the log.
        state.log.push(record);
    }

    fn state(&self) -> MutexGuard<'_, GateState> {
        // A panic leaves the state consistent: every change to it is a single assignment.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
