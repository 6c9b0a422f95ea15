//! A finding: a state of an object or a pod that fails a target if it lasts. Types only.

use std::rc::Rc;

use crate::object::Object;
use crate::rules::RuleId;

/// The container log that explains a finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogSource {
    /// The namespace of the pod.
    pub namespace: String,
    /// The pod.
    pub pod: String,
    /// The container.
    pub container: String,
    /// Whether it is the log of the previous instance of the container, because the present one has not run yet.
    pub previous: bool,
}

/// A state that fails a target if it lasts.
#[derive(Clone, Debug)]
pub(crate) struct Finding {
    pub(crate) rule: RuleId,
    pub(crate) resource: String,
    pub(crate) namespace: Rc<str>,
    /// The UID of the pod or object that is in this state.
    pub(crate) uid: Rc<str>,
    pub(crate) pod: Option<Rc<str>>,
    pub(crate) container: Option<Box<str>>,
    pub(crate) reason: Box<str>,
    pub(crate) exit_code: Option<i32>,
    pub(crate) signal: Option<i32>,
    pub(crate) message: String,
    pub(crate) log: Option<LogSource>,
    /// The finding does not count before this time of the caller's clock.
    pub(crate) not_before: u64,
    /// Whether the pod may still become ready: an autoscaler adds a node, or a container runs again.
    pub(crate) may_recover: bool,
    /// Whether it fails the target even while other pods are ready or starting: a container crashes without end.
    pub(crate) is_endless: bool,
}

/// The health of one pod of a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PodHealth {
    /// Ready, and for long enough if it had failed.
    Ready,
    /// It may become ready.
    Starting,
    /// It is in a state that fails the target if it lasts.
    Unhealthy,
    /// It has failed, and its controller makes another one.
    Failed,
    /// It does not count, because it is being deleted or has succeeded.
    Finished,
}

/// The findings of a target at one time.
pub(crate) struct Findings {
    /// The health of each pod of the newest revision, with its finding.
    pub(crate) pods: Vec<(PodHealth, Option<Finding>)>,
    /// The findings about the target as a whole.
    pub(crate) whole: Vec<Finding>,
}

impl Finding {
    /// A finding about an object as a whole. `title` is the resource as messages write it.
    pub(crate) fn about(
        object: &Object,
        uid: &Rc<str>,
        title: &str,
        rule: RuleId,
        reason: &str,
        message: &str,
    ) -> Self {
        Self {
            rule,
            resource: title.to_owned(),
            namespace: object.namespace.clone(),
            uid: uid.clone(),
            pod: None,
            container: None,
            reason: reason.into(),
            exit_code: None,
            signal: None,
            message: message.to_owned(),
            log: None,
            not_before: 0,
            may_recover: false,
            is_endless: false,
        }
    }
}
