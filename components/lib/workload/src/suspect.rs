//! Looks for states that doom: in pods and containers. Never decides: how long a state has lasted and what
//! the other pods do is not known here.

use std::rc::Rc;

use crate::cause::Logs;
use crate::classify;
use crate::container::{Container, Exit, Role, State};
use crate::facts::Object;
use crate::note::Notes;
use crate::pod::{Phase, Pod};
use crate::rules::RuleId;
use crate::scheduling;

/// How long, in seconds, the word of an autoscaler counts that a node comes.
const NODE_COMES: u64 = 600;

/// After how many restarts a container that runs again is no longer taken for one that may stay up, when it
/// is asked whether any pod may become ready.
const HOPELESS: u32 = 5;

/// A state that dooms if it lasts.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    pub(crate) rule: RuleId,
    pub(crate) resource: String,
    pub(crate) namespace: Rc<str>,
    /// The UID of the pod or object that shows it.
    pub(crate) uid: Rc<str>,
    pub(crate) pod: Option<Rc<str>>,
    pub(crate) container: Option<Box<str>>,
    pub(crate) reason: Box<str>,
    pub(crate) exit_code: Option<i32>,
    pub(crate) signal: Option<i32>,
    pub(crate) message: String,
    pub(crate) logs: Option<Logs>,
    /// It does not count before this time of the caller's clock.
    pub(crate) not_before: u64,
    /// Whether the pod may become ready all the same: a node comes, or a container is up again.
    pub(crate) is_hopeful: bool,
}

/// A pod as part of a target.
pub(crate) struct Member<'a> {
    pub(crate) uid: &'a Rc<str>,
    pub(crate) object: &'a Object,
    pub(crate) pod: &'a Pod,
    /// What Events say about it.
    pub(crate) notes: &'a Notes,
    /// What its claims lack.
    pub(crate) claim: Option<Found>,
    /// The target, such as `Deployment web`.
    pub(crate) target: &'a str,
    /// Whether its controller counts failures itself.
    pub(crate) is_of_job: bool,
    /// Whether it is the target itself.
    pub(crate) is_target: bool,
}

/// How a pod stands among the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// Ready, and for long enough if it had failed.
    Fine,
    /// It may become ready.
    Starting,
    /// It shows a state that dooms.
    Suspect,
    /// It has failed, and its controller makes another one.
    Failed,
    /// It does not count: it is being deleted, or done.
    Over,
}

impl Member<'_> {
    /// How the pod stands, and what it shows.
    pub(crate) fn look(&self, now: u64) -> (Standing, Option<Found>) {
        let pod = self.pod;
        if self.object.is_deleting || pod.phase == Phase::Succeeded {
            return (Standing::Over, None);
        }
        if pod.phase == Phase::Failed {
            // A pod of a Job may fail: the Job counts.
            return match self.is_of_job {
                true => (Standing::Over, None),
                false => (Standing::Failed, Some(self.failed())),
            };
        }
        if pod.is_ready {
            let trial = pod.containers.iter().find_map(|one| one.trial(now).map(|end| (one, end)));
            return match trial.filter(|_| !self.is_of_job) {
                // It may be between two crashes.
                Some((container, end)) => (Standing::Suspect, Some(self.crash(container, end))),
                None => (Standing::Fine, None),
            };
        }
        let found = self.unscheduled(now).or_else(|| self.containers(now)).or_else(|| self.set_up());
        match found {
            Some(found) => (Standing::Suspect, Some(found)),
            None => (Standing::Starting, self.never_ready()),
        }
    }

    /// A pod that has failed: whose is it, and how did it end?
    pub(crate) fn failed(&self) -> Found {
        let rule = if self.is_target { RuleId::PodFailed } else { RuleId::Evicted };
        let ended = self.pod.containers.iter().find(|one| one.exit().is_some_and(Exit::is_failure));
        let reason = match &*self.pod.reason {
            "" => ended.and_then(Container::exit).map_or("PodFailed", |exit| word(&exit.reason, "Error")),
            reason => reason,
        };
        let found = self.found(rule, reason, &self.pod.message);
        match ended {
            Some(container) => self.exited(found, container),
            None => found,
        }
    }

    fn unscheduled(&self, now: u64) -> Option<Found> {
        let (reason, message) = self.pod.unscheduled.as_ref()?;
        if let Some(claim) = &self.claim {
            return Some(claim.clone());
        }
        // A pod with scheduling gates waits for who lifts them.
        if &**reason != "Unschedulable" {
            return None;
        }
        let mut found = self.found(scheduling::rule(message), reason, message);
        if let Some(seen) = self.notes.scaling_up {
            let until = seen.saturating_add(NODE_COMES);
            if now < until {
                (found.not_before, found.is_hopeful) = (until, true);
            }
        }
        Some(found)
    }

    fn containers(&self, now: u64) -> Option<Found> {
        let crashes = |one: &&Container| !self.is_of_job || one.exit().is_some_and(Exit::is_no_start);
        let waiting = self.pod.containers.iter().find_map(|one| self.waiting(one));
        waiting.or_else(|| self.pod.containers.iter().filter(crashes).find_map(|one| self.crashing(one, now)))
    }

    /// What keeps a container from starting.
    fn waiting(&self, container: &Container) -> Option<Found> {
        let (reason, message) = container.waits_for()?;
        let found = match reason {
            "ErrImagePull"
            | "ImagePullBackOff"
            | "InvalidImageName"
            | "ErrImageNeverPull"
            | "ImageInspectError"
            | "RegistryUnavailable"
            | "SignatureValidationFailed" => self.pull(container, reason, message),
            "CreateContainerConfigError" if classify::is_passing(message) => {
                self.found(RuleId::ClusterTrouble, reason, message)
            }
            "CreateContainerConfigError" => self.found(RuleId::ConfigMissing, reason, message),
            "CreateContainerError" | "RunContainerError" if classify::is_passing(message) => {
                self.found(RuleId::ClusterTrouble, reason, message)
            }
            "CreateContainerError" | "RunContainerError" => {
                self.found(RuleId::ContainerCannotRun, reason, message)
            }
            _ => return None,
        };
        Some(Found { container: Some(container.name.clone()), ..found })
    }

    fn pull(&self, container: &Container, reason: &str, message: &str) -> Found {
        let event = self.notes.pull.as_ref().map_or("", |note| &note.message);
        let is_back_off = |text: &str| text.starts_with("Back-off pulling image") && text.ends_with('"');
        // While it backs off, an older kubelet does not say why; what it had said before does.
        let told =
            [message, &container.pull, event].into_iter().find(|text| !text.is_empty() && !is_back_off(text));
        let told = told.unwrap_or(message);
        let reason = if reason == "ImagePullBackOff" { "ErrImagePull" } else { reason };
        self.found(classify::pull(reason, told), reason, told)
    }

    /// A container that ends again and again.
    fn crashing(&self, container: &Container, now: u64) -> Option<Found> {
        let is_back_off = container.waits_for().is_some_and(|(reason, _)| reason == "CrashLoopBackOff");
        let exit = container.exit();
        let has_failed = exit.is_some_and(Exit::is_failure);
        let trial = container.trial(now);
        let is_up = matches!(container.state, State::Running { .. });
        let is_down = is_back_off || (has_failed && container.restarts >= 2 && !is_up);
        // An init container that runs is about to show whether it fails again.
        let is_trying = is_up && container.role == Role::Init && container.restarts >= 2 && has_failed;
        match (is_down, trial.or(is_trying.then_some(u64::MAX))) {
            (true, _) => Some(self.crash(container, 0)),
            (false, Some(end)) if container.restarts >= 2 => Some(self.crash(container, end)),
            _ => None,
        }
    }

    fn crash(&self, container: &Container, not_before: u64) -> Found {
        let exit = container.exit();
        let rule = match container.role {
            _ if exit.is_some_and(Exit::is_no_start) => RuleId::ContainerCannotRun,
            Role::Init => RuleId::InitCrash,
            Role::Main => RuleId::CrashLoop,
        };
        // Only the runtime knows whether it was memory; 137 is also what a probe that fails leaves behind.
        let reason = match exit.map_or("", |exit| &exit.reason) {
            told @ ("OOMKilled" | "StartError" | "ContainerCannotRun") => told,
            _ => "CrashLoopBackOff",
        };
        let ended = exit.map_or("", |exit| exit.message.trim());
        let mut message =
            format!("ended {} times", container.restarts.saturating_add(u32::from(exit.is_some())));
        if !ended.is_empty() {
            message = format!("{message}; it left the message: {ended}");
        }
        let found = self.exited(self.found(rule, reason, &message), container);
        // The pods of one revision recover one after another.
        let is_hopeful = not_before > 0 && container.restarts < HOPELESS;
        Found { not_before, is_hopeful, ..found }
    }

    /// A pod that has a node and no container yet.
    fn set_up(&self) -> Option<Found> {
        let is_starting = self.pod.containers.iter().all(|one| match &one.state {
            State::Waiting { reason, .. } => matches!(&**reason, "ContainerCreating" | "PodInitializing"),
            State::None => true,
            _ => false,
        });
        if self.pod.is_set_up || !is_starting {
            return None;
        }
        let note = self.notes.stuck(&["FailedMount", "FailedAttachVolume", "FailedCreatePodSandBox"])?;
        let lower = note.message.to_ascii_lowercase();
        let is_missing = lower.contains("not found")
            && (lower.contains("configmap") || lower.contains("secret"))
            || lower.contains("references non-existent");
        let rule = match &*note.reason {
            "FailedCreatePodSandBox" => RuleId::ClusterTrouble,
            "FailedMount" if is_missing && !classify::is_passing(&lower) => RuleId::ConfigMissing,
            _ => RuleId::MountFailed,
        };
        Some(self.found(rule, &note.reason, &note.message))
    }

    fn never_ready(&self) -> Option<Found> {
        let is_up = |one: &&Container| matches!(one.state, State::Running { .. });
        let container =
            self.pod.containers.iter().filter(is_up).find(|one| one.role == Role::Main && !one.is_ready)?;
        let found = self.found(RuleId::NeverReady, "NotReady", "runs, and is not ready");
        Some(Found { container: Some(container.name.clone()), logs: self.logs(container, false), ..found })
    }

    fn exited(&self, found: Found, container: &Container) -> Found {
        let exit = container.exit();
        let has_run = exit.is_some_and(|exit| !exit.is_no_start());
        // A container that has ended and not yet been started again is the one whose log is the present one.
        let previous = !matches!(container.state, State::Terminated(_));
        Found {
            container: Some(container.name.clone()),
            exit_code: exit.and_then(|exit| exit.code),
            signal: exit.and_then(|exit| exit.signal),
            logs: if has_run { self.logs(container, previous) } else { None },
            ..found
        }
    }

    fn logs(&self, container: &Container, previous: bool) -> Option<Logs> {
        Some(Logs {
            namespace: self.object.namespace.to_string(),
            pod: self.object.name.to_string(),
            container: container.name.to_string(),
            previous,
        })
    }

    fn found(&self, rule: RuleId, reason: &str, message: &str) -> Found {
        Found {
            pod: Some(self.object.name.clone()),
            ..whole(self.object, self.uid, self.target, rule, reason, message)
        }
    }
}

/// Something about an object as a whole.
pub(crate) fn whole(
    object: &Object,
    uid: &Rc<str>,
    title: &str,
    rule: RuleId,
    reason: &str,
    message: &str,
) -> Found {
    Found {
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
        logs: None,
        not_before: 0,
        is_hopeful: false,
    }
}

/// A word, or another one if there is none.
pub(crate) fn word<'a>(word: &'a str, other: &'a str) -> &'a str {
    if word.is_empty() { other } else { word }
}
