//! Why a target fails: equal findings of several pods become one cause.

use crate::finding::{Finding, LogSource};
use crate::rules::RuleId;

/// How many pods a cause lists by name.
const MAX_POD_NAMES: usize = 3;

/// One reason why a target fails, or may fail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cause {
    /// The rule.
    pub rule: RuleId,
    /// The resource that it is about, such as `Deployment web` or `PersistentVolumeClaim data`.
    pub resource: String,
    /// The namespace of the resource.
    pub namespace: String,
    /// Names of affected pods, at most three.
    pub pod_names: Vec<String>,
    /// How many pods are affected.
    pub pods: usize,
    /// The container, if it is about one.
    pub container: Option<String>,
    /// The CamelCase reason of the cluster, such as `CrashLoopBackOff` or `OOMKilled`.
    pub reason: String,
    /// The exit code of the container, if it ended.
    pub exit_code: Option<i32>,
    /// The number of the signal that ended the container, if the runtime reports it.
    pub signal: Option<i32>,
    /// The message of the cluster in one line.
    pub message: String,
    /// The newest warning about the pod or the object, as `Reason: message`.
    pub last_event: Option<String>,
    /// When it began, in seconds of the caller's clock.
    pub since: u64,
    /// Whether it fails the target: it has lasted for the time of its rule, and no pod may recover. Otherwise it may
    /// explain why the target is not ready.
    pub is_certain: bool,
    /// Whether it has lasted for the time of its rule. Beside pods that are ready it may still not be certain.
    pub has_lasted: bool,
    /// The container log that explains it, if a container has run.
    pub log: Option<LogSource>,
}

/// A finding, since when it exists, and whether it fails the target.
pub(crate) struct RatedFinding<'a> {
    pub(crate) finding: &'a Finding,
    pub(crate) since: u64,
    pub(crate) is_certain: bool,
    pub(crate) has_lasted: bool,
    pub(crate) last_event: Option<String>,
}

/// Merges equal findings into causes: certain ones first, then in the order of the rules.
pub(crate) fn causes(rated: Vec<RatedFinding<'_>>) -> Vec<Cause> {
    let mut causes: Vec<Cause> = Vec::new();
    for one in rated {
        match causes.iter_mut().find(|cause| is_same(cause, one.finding)) {
            Some(cause) => merge(cause, &one),
            None => causes.push(cause(one)),
        }
    }
    causes.sort_by_key(|cause| (!cause.is_certain, cause.rule, cause.since));
    causes
}

fn is_same(cause: &Cause, finding: &Finding) -> bool {
    cause.rule == finding.rule
        && cause.resource == finding.resource
        && cause.container.as_deref() == finding.container.as_deref()
        && cause.reason == *finding.reason
        && cause.exit_code == finding.exit_code
}

fn merge(cause: &mut Cause, one: &RatedFinding<'_>) {
    cause.since = cause.since.min(one.since);
    cause.is_certain |= one.is_certain;
    cause.has_lasted |= one.has_lasted;
    if let Some(pod) = &one.finding.pod {
        cause.pods += 1;
        if cause.pod_names.len() < MAX_POD_NAMES {
            cause.pod_names.push(pod.to_string());
        }
    }
    if cause.log.is_none() {
        cause.log.clone_from(&one.finding.log);
    }
    if cause.last_event.is_none() {
        cause.last_event.clone_from(&one.last_event);
    }
}

fn cause(one: RatedFinding<'_>) -> Cause {
    let finding = one.finding;
    Cause {
        rule: finding.rule,
        resource: finding.resource.clone(),
        namespace: finding.namespace.to_string(),
        pod_names: finding.pod.iter().map(ToString::to_string).collect(),
        pods: usize::from(finding.pod.is_some()),
        container: finding.container.as_deref().map(str::to_owned),
        reason: finding.reason.to_string(),
        exit_code: finding.exit_code,
        signal: finding.signal,
        message: finding.message.clone(),
        last_event: one.last_event,
        since: one.since,
        is_certain: one.is_certain,
        has_lasted: one.has_lasted,
        log: finding.log.clone(),
    }
}
