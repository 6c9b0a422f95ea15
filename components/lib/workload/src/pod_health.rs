//! The health of one pod, from its containers and Events. The duration of a state and the other pods do not count here.

use std::rc::Rc;

use crate::classify;
use crate::container::{Container, Exit, Role, State};
use crate::event::ObjectEvents;
use crate::finding::{Finding, LogSource, PodHealth};
use crate::object::Object;
use crate::pod::{Phase, Pod};
use crate::rules::RuleId;
use crate::scheduling;

/// How long, in seconds, a pod waits for a node that an autoscaler has announced.
const SCALE_UP_TIMEOUT: u64 = 600;

/// After this number of restarts, a container that runs again no longer counts as one that may recover, and its crashes fail
/// the target even while other pods are ready.
const MAX_RECOVERABLE_RESTARTS: u32 = 5;

/// A pod as part of a target.
pub(crate) struct MemberPod<'a> {
    pub(crate) uid: &'a Rc<str>,
    pub(crate) object: &'a Object,
    pub(crate) pod: &'a Pod,
    /// The Events about it.
    pub(crate) events: &'a ObjectEvents,
    /// The finding about its first unbound claim.
    pub(crate) claim: Option<Finding>,
    /// The target, such as `Deployment web`.
    pub(crate) target: &'a str,
    /// Whether its controller is a Job, which counts failures itself.
    pub(crate) is_of_job: bool,
    /// Whether the pod is the target itself.
    pub(crate) is_target: bool,
}

impl MemberPod<'_> {
    /// The health of the pod, with its finding.
    pub(crate) fn inspect(&self, now: u64) -> (PodHealth, Option<Finding>) {
        let pod = self.pod;
        if self.object.is_deleting || pod.phase == Phase::Succeeded {
            return (PodHealth::Finished, None);
        }
        if pod.phase == Phase::Failed {
            // The Job counts its failed pods.
            return match self.is_of_job {
                true => (PodHealth::Finished, None),
                false => (PodHealth::Failed, Some(self.failed())),
            };
        }
        if pod.is_ready {
            let recovery = pod.containers.iter().find_map(|one| one.recovery_end(now).map(|end| (one, end)));
            return match recovery.filter(|_| !self.is_of_job) {
                // The container may crash again.
                Some((container, end)) => (PodHealth::Unhealthy, Some(self.crash(container, end))),
                None => (PodHealth::Ready, None),
            };
        }
        let finding = self.unscheduled(now).or_else(|| self.containers(now)).or_else(|| self.setup_failure());
        match finding {
            Some(finding) => (PodHealth::Unhealthy, Some(finding)),
            None => (PodHealth::Starting, self.never_ready()),
        }
    }

    /// The finding about a failed pod, with the exit of its container.
    pub(crate) fn failed(&self) -> Finding {
        let rule = if self.is_target { RuleId::PodFailed } else { RuleId::Evicted };
        let ended = self.pod.containers.iter().find(|one| one.exit().is_some_and(Exit::is_failure));
        let reason = match &*self.pod.reason {
            "" => ended
                .and_then(Container::exit)
                .map_or("PodFailed", |exit| non_empty_or(&exit.reason, "Error")),
            reason => reason,
        };
        let finding = self.finding(rule, reason, &self.pod.message);
        match ended {
            Some(container) => self.exited(finding, container),
            None => finding,
        }
    }

    fn unscheduled(&self, now: u64) -> Option<Finding> {
        let (reason, message) = self.pod.unscheduled.as_ref()?;
        if let Some(claim) = &self.claim {
            return Some(claim.clone());
        }
        // A pod with scheduling gates waits until somebody removes them.
        if &**reason != "Unschedulable" {
            return None;
        }
        let mut finding = self.finding(scheduling::rule(message), reason, message);
        if let Some(announced) = self.events.scaling_up {
            let until = announced.saturating_add(SCALE_UP_TIMEOUT);
            if now < until {
                (finding.not_before, finding.may_recover) = (until, true);
            }
        }
        Some(finding)
    }

    fn containers(&self, now: u64) -> Option<Finding> {
        let crashes = |one: &&Container| !self.is_of_job || one.exit().is_some_and(Exit::is_start_failure);
        let waiting = self.pod.containers.iter().find_map(|one| self.waiting(one));
        waiting.or_else(|| self.pod.containers.iter().filter(crashes).find_map(|one| self.crashing(one, now)))
    }

    /// Why a container does not start.
    fn waiting(&self, container: &Container) -> Option<Finding> {
        let (reason, message) = container.waiting()?;
        let finding = match reason {
            "ErrImagePull"
            | "ImagePullBackOff"
            | "InvalidImageName"
            | "ErrImageNeverPull"
            | "ImageInspectError"
            | "RegistryUnavailable"
            | "SignatureValidationFailed" => self.pull(container, reason, message),
            "CreateContainerConfigError" if classify::is_transient(message) => {
                self.finding(RuleId::ClusterTrouble, reason, message)
            }
            "CreateContainerConfigError" => self.finding(RuleId::ConfigMissing, reason, message),
            "CreateContainerError" | "RunContainerError" if classify::is_transient(message) => {
                self.finding(RuleId::ClusterTrouble, reason, message)
            }
            "CreateContainerError" | "RunContainerError" => {
                self.finding(RuleId::ContainerCannotRun, reason, message)
            }
            _ => return None,
        };
        Some(Finding { container: Some(container.name.clone()), ..finding })
    }

    fn pull(&self, container: &Container, reason: &str, message: &str) -> Finding {
        let event = self.events.pull.as_ref().map_or("", |event| &event.message);
        let is_back_off = |text: &str| text.starts_with("Back-off pulling image") && text.ends_with('"');
        // While it backs off, an older kubelet does not say why; its earlier message does.
        let cause =
            [message, &container.pull, event].into_iter().find(|text| !text.is_empty() && !is_back_off(text));
        let cause = cause.unwrap_or(message);
        let reason = if reason == "ImagePullBackOff" { "ErrImagePull" } else { reason };
        self.finding(classify::pull(reason, cause), reason, cause)
    }

    /// A container that crashes again and again.
    fn crashing(&self, container: &Container, now: u64) -> Option<Finding> {
        let is_back_off = container.waiting().is_some_and(|(reason, _)| reason == "CrashLoopBackOff");
        let exit = container.exit();
        let has_failed = exit.is_some_and(Exit::is_failure);
        let recovery = container.recovery_end(now);
        let is_up = matches!(container.state, State::Running { .. });
        let is_down = is_back_off || (has_failed && container.restarts >= 2 && !is_up);
        // A running init container is in another attempt, which may fail too.
        let is_retrying = is_up && container.role == Role::Init && container.restarts >= 2 && has_failed;
        match (is_down, recovery.or(is_retrying.then_some(u64::MAX))) {
            (true, _) => Some(self.crash(container, 0)),
            (false, Some(end)) if container.restarts >= 2 => Some(self.crash(container, end)),
            _ => None,
        }
    }

    fn crash(&self, container: &Container, not_before: u64) -> Finding {
        let exit = container.exit();
        let rule = match container.role {
            _ if exit.is_some_and(Exit::is_start_failure) => RuleId::ContainerCannotRun,
            Role::Init => RuleId::InitCrash,
            Role::Main => RuleId::CrashLoop,
        };
        // Exit code 137 does not prove a lack of memory: a failed probe causes it too.
        let reason = match exit.map_or("", |exit| &exit.reason) {
            reason @ ("OOMKilled" | "StartError" | "ContainerCannotRun") => reason,
            _ => "CrashLoopBackOff",
        };
        let termination_message = exit.map_or("", |exit| exit.message.trim());
        let mut message =
            format!("ended {} times", container.restarts.saturating_add(u32::from(exit.is_some())));
        if !termination_message.is_empty() {
            message = format!("{message}; it left the message: {termination_message}");
        }
        let finding = self.exited(self.finding(rule, reason, &message), container);
        // The pods of one revision recover one after another.
        let is_endless = container.restarts >= MAX_RECOVERABLE_RESTARTS;
        Finding { not_before, may_recover: not_before > 0 && !is_endless, is_endless, ..finding }
    }

    /// Why a pod with a node has no container yet.
    fn setup_failure(&self) -> Option<Finding> {
        let is_starting = self.pod.containers.iter().all(|one| match &one.state {
            State::Waiting { reason, .. } => matches!(&**reason, "ContainerCreating" | "PodInitializing"),
            State::Unknown => true,
            _ => false,
        });
        if self.pod.is_set_up || !is_starting {
            return None;
        }
        let event = self.events.stuck(&["FailedMount", "FailedAttachVolume", "FailedCreatePodSandBox"])?;
        let rule = match &*event.reason {
            "FailedCreatePodSandBox" => RuleId::ClusterTrouble,
            "FailedMount" if classify::lacks_config(&event.message) => RuleId::ConfigMissing,
            _ => RuleId::MountFailed,
        };
        Some(self.finding(rule, &event.reason, &event.message))
    }

    fn never_ready(&self) -> Option<Finding> {
        let is_up = |one: &&Container| matches!(one.state, State::Running { .. });
        let container =
            self.pod.containers.iter().filter(is_up).find(|one| one.role == Role::Main && !one.is_ready)?;
        let finding = self.finding(RuleId::NeverReady, "NotReady", "runs, and is not ready");
        Some(Finding { container: Some(container.name.clone()), log: self.log(container, false), ..finding })
    }

    fn exited(&self, finding: Finding, container: &Container) -> Finding {
        let exit = container.exit();
        let has_run = exit.is_some_and(|exit| !exit.is_start_failure());
        // A container that has ended and not restarted yet is still the present instance.
        let previous = !matches!(container.state, State::Terminated(_));
        Finding {
            container: Some(container.name.clone()),
            exit_code: exit.and_then(|exit| exit.code),
            signal: exit.and_then(|exit| exit.signal),
            log: if has_run { self.log(container, previous) } else { None },
            ..finding
        }
    }

    fn log(&self, container: &Container, previous: bool) -> Option<LogSource> {
        Some(LogSource {
            namespace: self.object.namespace.to_string(),
            pod: self.object.name.to_string(),
            container: container.name.to_string(),
            previous,
        })
    }

    fn finding(&self, rule: RuleId, reason: &str, message: &str) -> Finding {
        Finding {
            pod: Some(self.object.name.clone()),
            ..Finding::about(self.object, self.uid, self.target, rule, reason, message)
        }
    }
}

/// A text, or a default for an empty one.
pub(crate) fn non_empty_or<'a>(text: &'a str, default: &'a str) -> &'a str {
    if text.is_empty() { default } else { text }
}
