//! Why a target is doomed: what many pods show alike is one cause. Never holds more than there is to say.

use crate::rules::RuleId;
use crate::suspect::Found;

/// The names of pods that a cause lists.
const NAMED: usize = 3;

/// One reason why a target is doomed, or may be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cause {
    /// The rule.
    pub rule: RuleId,
    /// What it is about, such as `Deployment web` or `PersistentVolumeClaim data`.
    pub resource: String,
    /// The namespace of it.
    pub namespace: String,
    /// Names of pods that show it, at most three.
    pub pod: Vec<String>,
    /// How many pods show it.
    pub pods: usize,
    /// The container, if it is about one.
    pub container: Option<String>,
    /// A CamelCase word, such as `CrashLoopBackOff` or `OOMKilled`, as the cluster says it.
    pub reason: String,
    /// The exit code of the container, if it ended.
    pub exit_code: Option<i32>,
    /// The number of the signal that ended the container, if the runtime says so.
    pub signal: Option<i32>,
    /// One line of what the cluster says about it.
    pub message: String,
    /// The newest warning about the pod or the object, as `Reason: message`.
    pub last_event: Option<String>,
    /// Since when it is so, in seconds of the caller's clock.
    pub since: u64,
    /// Whether it dooms the target: it has lasted for the time of its rule, and nothing speaks against it.
    /// Else it is what may explain why the target is not ready.
    pub is_certain: bool,
    /// The log that explains it, if a container has run.
    pub wants_logs: Option<Logs>,
}

/// Which log to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Logs {
    /// The namespace of the pod.
    pub namespace: String,
    /// The pod.
    pub pod: String,
    /// The container.
    pub container: String,
    /// Whether it is that of the previous instance of the container: the present one has not run yet.
    pub previous: bool,
}

/// Something found, since when it is so, and whether it dooms the target.
pub(crate) struct Judged<'a> {
    pub(crate) found: &'a Found,
    pub(crate) since: u64,
    pub(crate) is_certain: bool,
    pub(crate) last_event: Option<String>,
}

/// The causes, of which those that are alike are one: certain ones first, then in the order of the table.
pub(crate) fn causes(judged: Vec<Judged<'_>>) -> Vec<Cause> {
    let mut causes: Vec<Cause> = Vec::new();
    for one in judged {
        let like = causes.iter_mut().find(|cause| is_like(cause, one.found));
        match like {
            Some(cause) => merge(cause, &one),
            None => causes.push(cause(one)),
        }
    }
    causes.sort_by_key(|cause| (!cause.is_certain, cause.rule, cause.since));
    causes
}

fn is_like(cause: &Cause, found: &Found) -> bool {
    cause.rule == found.rule
        && cause.resource == found.resource
        && cause.container.as_deref() == found.container.as_deref()
        && cause.reason == *found.reason
        && cause.exit_code == found.exit_code
}

fn merge(cause: &mut Cause, one: &Judged<'_>) {
    cause.since = cause.since.min(one.since);
    cause.is_certain |= one.is_certain;
    if let Some(pod) = &one.found.pod {
        cause.pods += 1;
        if cause.pod.len() < NAMED {
            cause.pod.push(pod.to_string());
        }
    }
    if cause.wants_logs.is_none() {
        cause.wants_logs.clone_from(&one.found.logs);
    }
    if cause.last_event.is_none() {
        cause.last_event.clone_from(&one.last_event);
    }
}

fn cause(one: Judged<'_>) -> Cause {
    let found = one.found;
    Cause {
        rule: found.rule,
        resource: found.resource.clone(),
        namespace: found.namespace.to_string(),
        pod: found.pod.iter().map(ToString::to_string).collect(),
        pods: usize::from(found.pod.is_some()),
        container: found.container.as_deref().map(str::to_owned),
        reason: found.reason.to_string(),
        exit_code: found.exit_code,
        signal: found.signal,
        message: found.message.clone(),
        last_event: one.last_event,
        since: one.since,
        is_certain: one.is_certain,
        wants_logs: found.logs.clone(),
    }
}
