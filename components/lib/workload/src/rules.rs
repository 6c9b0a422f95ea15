//! The table of rules that fail a target, and the changes that a run makes to it.

use crate::custom_rule::{CustomRule, IgnoreRule};
use crate::kind::Kind;
use lockstep_sdk::{duration, suggest};

/// Identifies a rule of [`RULES`], in the order of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the table describes them")]
pub enum RuleId {
    CrashLoop,
    InitCrash,
    ImageNotFound,
    ImageDenied,
    ImagePull,
    InvalidImageName,
    ConfigMissing,
    ContainerCannotRun,
    MountFailed,
    ClusterTrouble,
    Unschedulable,
    NoRoom,
    VolumeUnbound,
    ProgressDeadline,
    Quota,
    PodsRefused,
    JobFailed,
    PodFailed,
    Evicted,
    Stalled,
    DeclaredFailed,
    NeverReady,
    Terminating,
}

/// Whether a state usually goes away by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// It stays until somebody changes something. Its time covers a change that is under way.
    Permanent,
    /// It often goes away by itself. Its time is long, and the input `grace` does not change it.
    Transient,
}

/// A state that fails a target if it lasts.
#[derive(Debug)]
pub struct Rule {
    /// Its identifier.
    pub id: RuleId,
    /// Its name in inputs and messages.
    pub name: &'static str,
    /// Whether the state goes away by itself.
    pub class: Class,
    /// How long the state must last before it counts, in seconds; none for never.
    pub grace: Option<u64>,
    /// The state in one or more sentences.
    pub description: &'static str,
}

const fn rule(id: RuleId, name: &'static str, grace: u64, description: &'static str) -> Rule {
    Rule { id, name, class: Class::Permanent, grace: Some(grace), description }
}

const fn transient(id: RuleId, name: &'static str, grace: Option<u64>, description: &'static str) -> Rule {
    Rule { id, name, class: Class::Transient, grace, description }
}

/// The rules that fail a target. Rules about pods apply to pods of the newest revision, and only while none of these is
/// ready and each is in such a state. A container that has crashed and restarted at least five times fails the target even
/// while other pods are ready. Another bad pod among good ones does not end the run before its deadline.
pub const RULES: &[Rule] = &[
    rule(
        RuleId::CrashLoop,
        "crash-loop",
        60,
        "A container crashes again and again: `CrashLoopBackOff`, or at least two restarts after a failure. \
         From five restarts on, one such pod is enough, even if others are ready. Does not apply to Jobs, which count failures themselves, or to a container that has since run for \
         longer than before.",
    ),
    rule(
        RuleId::InitCrash,
        "init-crash",
        60,
        "An init container fails again and again. From five restarts on, one such pod is enough, even if others \
         are ready. Does not apply to Jobs.",
    ),
    rule(
        RuleId::ImageNotFound,
        "image-not-found",
        30,
        "The registry has no such image, tag or platform, or the node lacks the image and its pull policy is \
         `Never`.",
    ),
    rule(RuleId::ImageDenied, "image-denied", 60, "The registry denies access to the image."),
    transient(
        RuleId::ImagePull,
        "image-pull",
        Some(600),
        "The image cannot be pulled for a transient or unknown reason: throttling, timeouts, a registry that \
         cannot be reached.",
    ),
    rule(RuleId::InvalidImageName, "invalid-image-name", 0, "The image name is invalid: `InvalidImageName`."),
    rule(
        RuleId::ConfigMissing,
        "config-missing",
        60,
        "A ConfigMap, Secret, key or claim of the pod does not exist, or the configuration of the container is \
         contradictory (`CreateContainerConfigError`).",
    ),
    rule(
        RuleId::ContainerCannotRun,
        "container-cannot-run",
        60,
        "The container cannot be created or started, for example because the image lacks its command: \
         `CreateContainerError`, `RunContainerError`, `StartError`, `ContainerCannotRun`.",
    ),
    transient(
        RuleId::MountFailed,
        "mount-failed",
        Some(600),
        "A volume cannot be attached or mounted, for another reason than a missing object.",
    ),
    transient(
        RuleId::ClusterTrouble,
        "cluster-trouble",
        Some(300),
        "The cluster has an error that a retry usually solves: the network of a pod, a slow container runtime, \
         a webhook that cannot be reached.",
    ),
    rule(
        RuleId::Unschedulable,
        "unschedulable",
        120,
        "No node fits the pod, for permanent reasons. Does not apply for 10 minutes after an autoscaler has \
         announced a node for it.",
    ),
    transient(
        RuleId::NoRoom,
        "no-room",
        Some(600),
        "The nodes that fit the pod are full, not ready or cordoned, or anti-affinity excludes them.",
    ),
    rule(
        RuleId::VolumeUnbound,
        "volume-unbound",
        120,
        "A claim of the pod is pending because its volume cannot be provisioned, or its volume is lost.",
    ),
    rule(
        RuleId::ProgressDeadline,
        "progress-deadline",
        5,
        "The Deployment has made no progress for its own `progressDeadlineSeconds`.",
    ),
    transient(RuleId::Quota, "quota", Some(300), "Pods cannot be created because a quota is exceeded."),
    rule(
        RuleId::PodsRefused,
        "pods-refused",
        60,
        "The cluster refuses to create pods: an admission policy, a missing service account.",
    ),
    rule(
        RuleId::JobFailed,
        "job-failed",
        0,
        "The Job has failed, for example with `BackoffLimitExceeded`, `DeadlineExceeded` or `PodFailurePolicy`.",
    ),
    rule(RuleId::PodFailed, "pod-failed", 0, "The resource is a pod, and it has failed."),
    transient(
        RuleId::Evicted,
        "evicted",
        Some(300),
        "Pods have failed and no other pod replaces them: their node evicted or rejected them.",
    ),
    rule(
        RuleId::Stalled,
        "stalled",
        30,
        "A custom resource has the condition `Stalled`, or its status says that it has failed: a Rollout of Argo \
         is `Degraded`, a Canary of Flagger is `Failed`, `Ready` of a resource of Knative is `False`, \
         `Progressing` has the reason `ProgressDeadlineExceeded`. Or another custom resource definition has the \
         same names.",
    ),
    rule(
        RuleId::DeclaredFailed,
        "declared-failed",
        10,
        "A rule `failed KIND=PATH=VALUE` of the run applies.",
    ),
    transient(
        RuleId::NeverReady,
        "never-ready",
        None,
        "A container runs, but its pod does not become ready.",
    ),
    transient(
        RuleId::Terminating,
        "terminating",
        None,
        "A pod of an earlier revision is being deleted and still exists.",
    ),
];

impl RuleId {
    /// The rule in the table.
    pub fn rule(self) -> &'static Rule {
        // A test checks the order.
        &RULES[self as usize]
    }
}

/// The rules of a run.
#[derive(Clone, Debug)]
pub struct Rules {
    graces: Vec<Option<u64>>,
    pub(crate) custom: Vec<CustomRule>,
    ignored: Vec<IgnoreRule>,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            graces: RULES.iter().map(|rule| rule.grace).collect(),
            custom: Vec::new(),
            ignored: Vec::new(),
        }
    }
}

impl Rules {
    /// Reads the changes of a run. `grace` is the time of all rules for permanent states; rules for transient states keep
    /// theirs. `overrides` are `RULE=DURATION`, `RULE=never`, `ready KIND=PATH=VALUE`, `failed KIND=PATH=VALUE`,
    /// `ignore KIND` and `ignore KIND/NAME`.
    ///
    /// # Errors
    /// Everything that is wrong, each with the next act.
    pub fn parse(grace: Option<&str>, overrides: &[String]) -> Result<Self, Vec<String>> {
        let mut rules = Self::default();
        let mut errors = Vec::new();
        match grace.map(seconds) {
            None => {}
            Some(Ok(seconds)) => rules.set_all(seconds),
            Some(Err(message)) => errors.push(format!("`grace`: {message}")),
        }
        let mut given = Vec::new();
        for text in overrides {
            let result = match text.trim().split_once(char::is_whitespace) {
                Some((word @ ("ready" | "failed"), rest)) => {
                    CustomRule::parse(word == "ready", rest).map(|rule| rules.custom.push(rule))
                }
                Some(("ignore", rest)) => IgnoreRule::parse(rest).map(|rule| rules.ignored.push(rule)),
                _ => rules.set(text.trim(), &mut given),
            };
            errors.extend(result.err());
        }
        if errors.is_empty() { Ok(rules) } else { Err(errors) }
    }

    /// How long the state of a rule must last before it counts, in seconds; none for never.
    pub fn grace(&self, id: RuleId) -> Option<u64> {
        self.graces.get(id as usize).copied().flatten()
    }

    /// Whether the run has a `ready` rule for this kind.
    pub fn has_ready_rule(&self, kind: &Kind) -> bool {
        self.custom.iter().any(|rule| rule.is_ready && rule.is_for(kind))
    }

    /// The `ignore` rules of the run.
    pub fn ignored(&self) -> &[IgnoreRule] {
        &self.ignored
    }

    fn set_all(&mut self, seconds: u64) {
        for (grace, rule) in self.graces.iter_mut().zip(RULES) {
            if rule.class == Class::Permanent {
                *grace = Some(seconds);
            }
        }
    }

    fn set(&mut self, text: &str, given: &mut Vec<&'static str>) -> Result<(), String> {
        let Some((name, time)) = text.split_once('=') else {
            return Err(format!(
                "`{text}` is not a rule: write `RULE=DURATION`, `RULE=never`, `ready KIND=PATH=VALUE`, \
                 `failed KIND=PATH=VALUE` or `ignore KIND`"
            ));
        };
        let name = name.trim();
        let Some(at) = RULES.iter().position(|rule| rule.name == name) else {
            return Err(unknown(name));
        };
        let rule = RULES[at].name;
        if given.contains(&rule) {
            return Err(format!("`{rule}` is given twice: leave one of them out"));
        }
        self.graces[at] = match time.trim() {
            "never" => None,
            time => Some(seconds(time).map_err(|why| format!("`{text}`: {why}; or write `{rule}=never`"))?),
        };
        given.push(rule);
        Ok(())
    }
}

/// The time of a rule as the table and messages write it.
pub(crate) fn time(grace: Option<u64>) -> String {
    grace.map_or_else(|| "never".to_owned(), |seconds| duration::format(seconds.saturating_mul(1_000)))
}

/// Reads a duration in whole seconds, rounded up.
fn seconds(text: &str) -> Result<u64, String> {
    duration::parse(text).map(|milliseconds| milliseconds.div_ceil(1_000))
}

fn unknown(name: &str) -> String {
    match name.split_whitespace().next() {
        Some(word @ ("ready" | "failed")) => {
            return format!("`{name}` lacks its kind: write `{word} KIND=PATH=VALUE`");
        }
        Some("ignore") => return "`ignore` lacks its kind: write `ignore KIND`".to_owned(),
        _ => {}
    }
    let names: Vec<_> = RULES.iter().map(|rule| rule.name).collect();
    format!("invalid rule `{name}`: {}", suggest::expected(name, &names))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_in_the_order_of_their_ids() {
        for (at, rule) in RULES.iter().enumerate() {
            assert_eq!(rule.id as usize, at, "{}", rule.name);
            assert_eq!(rule.id.rule().name, rule.name);
            assert!(rule.description.ends_with('.'), "{}", rule.name);
        }
    }
}
