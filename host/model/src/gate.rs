//! The gate: the one place that every host call passes. It decides, counts and remembers. It never
//! carries a call out itself, and nothing can be carried out without the [`Permit`] only it hands out.

use crate::call::{Answer, CallError, Capability, RawPart, RawTarget, Record, Request, Target};
use crate::grant::Grant;
use crate::limits::Limits;
use crate::object::ObjectName;
use crate::path::WorkspacePath;
use crate::pattern::Pattern;
use crate::repository::{Part, Repository};
use crate::resource::Resource;
use crate::web::WebAddress;
use read::{read_path, read_target, shorten};
use std::sync::{Mutex, MutexGuard, PoisonError};

mod read;

/// The proof that a call passed the gate. A capability takes its target from here and from nowhere else.
#[derive(Debug)]
pub struct Permit {
    target: Target,
    source: Option<WorkspacePath>,
    /// The other rights of the capability that the run has on the target.
    also: Vec<&'static str>,
}

impl Permit {
    /// Whether the run also has this right on what the call is about.
    #[must_use]
    pub fn may(&self, right: &str) -> bool {
        self.also.contains(&right)
    }

    /// What the call is about on a web server; none if it is about something else.
    #[must_use]
    pub fn web(&self) -> Option<&WebAddress> {
        match &self.target {
            Target::Url(address) => Some(address),
            _ => None,
        }
    }

    /// The objects of a cluster the call is about; none if it is about something else.
    #[must_use]
    pub fn resource(&self) -> Option<&Resource> {
        match &self.target {
            Target::Resource(resource) => Some(resource),
            _ => None,
        }
    }

    /// Several selections of a cluster that the call is about; none if it is about something else.
    #[must_use]
    pub fn resources(&self) -> &[Resource] {
        match &self.target {
            Target::Resources(resources) => resources,
            _ => &[],
        }
    }

    /// The repository that the call is about, and what in it; none if it is about something else.
    #[must_use]
    pub fn repository(&self) -> Option<(&Repository, &Part)> {
        match &self.target {
            Target::Repository(repository, part) => Some((repository, part)),
            _ => None,
        }
    }

    /// The path the call is about; none if it is about something else.
    #[must_use]
    pub fn path(&self) -> Option<&WorkspacePath> {
        match &self.target {
            Target::Path(path) => Some(path),
            _ => None,
        }
    }

    /// The file whose bytes the call moves; none if it moves none of a file.
    #[must_use]
    pub fn source(&self) -> Option<&WorkspacePath> {
        self.source.as_ref()
    }

    /// The files the call is about; none if it is about something else.
    #[must_use]
    pub fn paths(&self) -> &[WorkspacePath] {
        match &self.target {
            Target::Paths(paths) => paths,
            _ => &[],
        }
    }

    /// The object, or prefix, the call is about; none if it is about something else.
    #[must_use]
    pub fn object(&self) -> Option<&ObjectName> {
        match &self.target {
            Target::Object(object) => Some(object),
            _ => None,
        }
    }

    /// The objects the call is about; none if it is about something else.
    #[must_use]
    pub fn objects(&self) -> &[ObjectName] {
        match &self.target {
            Target::Objects(objects) => objects,
            _ => &[],
        }
    }

    /// The pattern the call is about; none if it is about something else.
    #[must_use]
    pub fn pattern(&self) -> Option<&Pattern> {
        match &self.target {
            Target::Pattern(pattern) => Some(pattern),
            _ => None,
        }
    }
}

/// The gate of one run, shared by the thread that runs the component and the one that watches it.
#[derive(Debug)]
pub struct Gate {
    grant: Grant,
    limits: Limits,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    log: Vec<Record>,
    calls: u64,
    reported: u64,
    masked: u64,
    denial: Option<String>,
    exhausted: Option<String>,
    local: Option<LocalFault>,
    closed: bool,
}

/// What the gate remembers of a run.
#[derive(Debug, Clone, Default)]
pub struct CallLog {
    /// Every call, in order.
    pub records: Vec<Record>,
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

    /// Lets a call through to `act`, or not. Either way it is one record in the log.
    ///
    /// # Errors
    /// What the component is told. A denial also decides how the run ends.
    pub fn call<T>(
        &self,
        request: Request<'_>,
        act: impl FnOnce(&Permit) -> Result<Answer<T>, CallError>,
    ) -> Result<T, CallError> {
        let answer = self.admit(&request).and_then(|permit| act(&permit));
        self.conclude(&request, answer)
    }

    /// Lets a call on what an earlier call began through to `act`, or not. It reaches nothing new, and how often one
    /// waits depends on the time: it is counted, and a record in the log only if it fails.
    ///
    /// # Errors
    /// As for [`Gate::call`].
    pub fn call_on<T>(
        &self,
        request: Request<'_>,
        act: impl FnOnce(&Permit) -> Result<Answer<T>, CallError>,
    ) -> Result<T, CallError> {
        match self.admit(&request).and_then(|permit| act(&permit)) {
            Ok(answer) => Ok(answer.value),
            refused => self.conclude(&request, refused),
        }
    }

    /// Lets several calls through to `act` together, or none of them: one that is not allowed ends it for all. Each
    /// is one record in the log, in order, whenever it ended. `act` gives an answer for each permit.
    ///
    /// # Errors
    /// Why the first of those that are not allowed is not.
    pub fn call_each<T>(
        &self,
        requests: &[Request<'_>],
        act: impl FnOnce(&[Permit]) -> Vec<Result<Answer<T>, CallError>>,
    ) -> Result<Vec<Result<T, CallError>>, CallError> {
        let admitted: Vec<_> = requests.iter().map(|request| self.admit(request)).collect();
        if admitted.iter().any(Result::is_err) {
            let mut first = Ok(());
            for (request, refused) in requests.iter().zip(admitted).filter(|(_, admitted)| admitted.is_err())
            {
                let told = self.conclude(request, refused.map(|_| Answer::plain(())));
                first = first.and(told);
            }
            return first.map(|()| Vec::new());
        }
        let permits: Vec<_> = admitted.into_iter().flatten().collect();
        let answers = act(&permits);
        Ok(requests.iter().zip(answers).map(|(request, answer)| self.conclude(request, answer)).collect())
    }

    /// Writes down how a call ended.
    fn conclude<T>(
        &self,
        request: &Request<'_>,
        answer: Result<Answer<T>, CallError>,
    ) -> Result<T, CallError> {
        let (bytes, digest, verdict) = match &answer {
            Ok(answer) => (answer.bytes, answer.digest, "allowed"),
            Err(error) => (0, None, error.word()),
        };
        let target = shorten(&request.target);
        let record =
            Record { capability: request.capability, verb: request.verb, target, verdict, bytes, digest };
        let is_file = request.capability == Capability::Workspace || request.source.is_some();
        self.remember(record, answer.as_ref().err(), if is_file { "workspace" } else { "machine" });
        answer.map(|answer| answer.value)
    }

    /// Counts something said to people: it reaches nothing, so only its budget is checked. What is over
    /// the budget is dropped, and the first time is remembered.
    pub fn admit_report(&self, bytes: usize) -> bool {
        let mut state = self.state();
        state.calls += 1;
        state.reported = state.reported.saturating_add(bytes as u64);
        let within = state.reported <= self.limits.report_bytes && state.calls <= self.limits.calls;
        if !within && state.exhausted.is_none() {
            state.exhausted = Some(format!(
                "the component said more than {} bytes or made more than {} calls",
                self.limits.report_bytes, self.limits.calls
            ));
        }
        within && !state.closed
    }

    /// Counts texts to be masked, `bytes` of them in all. Once they are over the budget nothing is said any more:
    /// it could hold what was not masked.
    pub fn admit_mask(&self, texts: usize, bytes: usize) -> bool {
        let mut state = self.state();
        state.calls += 1;
        state.masked = state.masked.saturating_add(texts as u64 * Limits::EACH_MASK + bytes as u64);
        let within = state.masked <= self.limits.mask_bytes && state.calls <= self.limits.calls;
        if !within {
            state.closed = true;
            let most = self.limits.mask_bytes;
            let reason =
                format!("the component masked more than {most} bytes, {} for each text", Limits::EACH_MASK);
            state.exhausted.get_or_insert(reason);
        }
        within && !state.closed
    }

    /// Counts jobs that the component gives to instances of its own: they reach nothing, so only the number of calls
    /// is bounded.
    ///
    /// # Errors
    /// More calls than the limits allow, or the run is over its time.
    pub fn admit_jobs(&self, jobs: usize) -> Result<(), CallError> {
        self.count(jobs as u64)
    }

    /// Closes the gate for good: no call is let through any more. The deadline does this.
    pub fn close(&self) {
        self.state().closed = true;
    }

    /// Hands over what the run did since this was last asked: the log can be long, so there is one of it.
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

    fn admit(&self, request: &Request<'_>) -> Result<Permit, CallError> {
        self.count(match request.target {
            RawTarget::Paths(texts)
            | RawTarget::Objects(texts)
            | RawTarget::Resources(texts)
            | RawTarget::Repository(_, RawPart::Files(texts)) => texts.len().max(1) as u64,
            _ => 1,
        })?;
        let target = read_target(&request.target)?;
        if let Some(right) = request.right {
            self.grant.decide(request.capability, right, &target).map_err(CallError::Denied)?;
        }
        let source = request.source.map(read_path).transpose()?;
        if let Some(path) = &source {
            let file = Target::Path(path.clone());
            self.grant.decide(Capability::Workspace, "read", &file).map_err(CallError::Denied)?;
        }
        let has = |right: &&&str| self.grant.decide(request.capability, right, &target).is_ok();
        let also = match request.capability {
            // Of the others no right says how another is used.
            Capability::Http => request.capability.rights().iter().filter(has).copied().collect(),
            _ => Vec::new(),
        };
        Ok(Permit { target, source, also })
    }

    fn count(&self, calls: u64) -> Result<(), CallError> {
        let mut state = self.state();
        if state.closed {
            return Err(CallError::Limit("the run is over its time".into()));
        }
        state.calls = state.calls.saturating_add(calls);
        if state.calls > self.limits.calls {
            return Err(CallError::Limit(format!("more than {} host calls", self.limits.calls)));
        }
        Ok(())
    }

    fn remember(&self, record: Record, error: Option<&CallError>, code: &'static str) {
        let Record { capability, verb, target, verdict, bytes, .. } = &record;
        tracing::debug!(target: "call", "{}.{verb} {target}: {verdict}, {bytes} bytes", capability.word());
        let mut state = self.state();
        match error {
            Some(CallError::Denied(reason)) if state.denial.is_none() => state.denial = Some(reason.clone()),
            Some(CallError::Limit(reason)) if state.exhausted.is_none() => {
                state.exhausted = Some(reason.clone())
            }
            Some(CallError::Local(reason)) if state.local.is_none() => {
                state.local = Some(LocalFault { code, reason: reason.clone() })
            }
            _ => {}
        }
        // Past its budget of calls a component could still fill the log with refusals.
        if state.log.len() as u64 <= self.limits.calls {
            state.log.push(record);
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A panic elsewhere leaves the state whole: every change to it is a single assignment.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
