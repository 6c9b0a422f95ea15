//! The table of the states that doom a target, and the changes that a run makes to it. Never looks at an
//! object.

use crate::declared::Declared;
use crate::kind::Kind;
use lockstep_glue::duration::{duration, spell};

/// Names a rule of [`RULES`], in the order of the table.
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

/// Whether a state is one that passes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// It does not pass unless somebody changes something. Its time is there for what is only being changed.
    Lasting,
    /// It often passes by itself. Its time is long, and a general grace does not change it.
    Transient,
}

/// One state that dooms a target once it has lasted.
#[derive(Debug)]
pub struct Rule {
    /// Which one it is.
    pub id: RuleId,
    /// Its name in inputs and messages.
    pub name: &'static str,
    /// Whether it passes by itself.
    pub class: Class,
    /// How long the state must last, in seconds, before it counts. Never, if there is none.
    pub grace: Option<u64>,
    /// What the state is, as a sentence.
    pub when: &'static str,
}

const fn rule(id: RuleId, name: &'static str, grace: u64, when: &'static str) -> Rule {
    Rule { id, name, class: Class::Lasting, grace: Some(grace), when }
}

const fn passing(id: RuleId, name: &'static str, grace: Option<u64>, when: &'static str) -> Rule {
    Rule { id, name, class: Class::Transient, grace, when }
}

/// The states that doom a target. Those of a pod count only for pods of the newest revision, and only while
/// none of these is ready and each shows such a state: one bad pod among good ones is left to the deadline.
pub const RULES: &[Rule] = &[
    rule(
        RuleId::CrashLoop,
        "crash-loop",
        60,
        "A container ends again and again: `CrashLoopBackOff`, or at least two restarts after a failure. \
         Not for Jobs, which count failures themselves. A container that has since run for longer than \
         before is fine.",
    ),
    rule(
        RuleId::InitCrash,
        "init-crash",
        60,
        "An init container ends with an error again and again. Not for Jobs.",
    ),
    rule(
        RuleId::ImageNotFound,
        "image-not-found",
        30,
        "The registry answers that there is no such image, tag or platform, or the image may not be pulled \
         and is not on the node.",
    ),
    rule(RuleId::ImageDenied, "image-denied", 60, "The registry refuses to hand out the image."),
    passing(
        RuleId::ImagePull,
        "image-pull",
        Some(600),
        "The image cannot be pulled for a reason that passes or is not told: throttling, time-outs, a \
         registry that cannot be reached.",
    ),
    rule(
        RuleId::InvalidImageName,
        "invalid-image-name",
        0,
        "The name of the image is none: `InvalidImageName`.",
    ),
    rule(
        RuleId::ConfigMissing,
        "config-missing",
        60,
        "Something that the pod names is not there: a ConfigMap, Secret, key or claim; or the container's \
         settings contradict each other (`CreateContainerConfigError`).",
    ),
    rule(
        RuleId::ContainerCannotRun,
        "container-cannot-run",
        60,
        "The container cannot be created or started, for example because its command is not in the image: \
         `CreateContainerError`, `RunContainerError`, `StartError`, `ContainerCannotRun`.",
    ),
    passing(
        RuleId::MountFailed,
        "mount-failed",
        Some(600),
        "A volume cannot be attached or mounted, and it is not because of a missing object.",
    ),
    passing(
        RuleId::ClusterTrouble,
        "cluster-trouble",
        Some(300),
        "The cluster fails at something that usually works when it is tried again: the network of a pod, a \
         slow container runtime, a webhook that cannot be reached.",
    ),
    rule(
        RuleId::Unschedulable,
        "unschedulable",
        120,
        "No node fits the pod, for reasons that do not pass. Not while an autoscaler has announced a node \
         for it in the last 10 minutes.",
    ),
    passing(
        RuleId::NoRoom,
        "no-room",
        Some(600),
        "Nodes that would fit the pod are full, not ready or cordoned, or another pod is in its way.",
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
    passing(RuleId::Quota, "quota", Some(300), "Pods cannot be created because a quota is exceeded."),
    rule(
        RuleId::PodsRefused,
        "pods-refused",
        60,
        "Pods cannot be created because the cluster refuses them: an admission policy, a missing service \
         account.",
    ),
    rule(
        RuleId::JobFailed,
        "job-failed",
        0,
        "The Job has failed: `BackoffLimitExceeded`, `DeadlineExceeded`, `PodFailurePolicy` and the like.",
    ),
    rule(RuleId::PodFailed, "pod-failed", 0, "The pod itself was to be watched, and has failed."),
    passing(
        RuleId::Evicted,
        "evicted",
        Some(300),
        "Pods end as failed and none takes their place: evicted, or refused by their node.",
    ),
    rule(
        RuleId::Stalled,
        "stalled",
        30,
        "A custom resource says that it does not go on by itself (condition `Stalled`), or the names of a \
         custom resource definition are taken.",
    ),
    rule(RuleId::DeclaredFailed, "declared-failed", 10, "A `failed KIND=PATH=VALUE` of the run applies."),
    passing(RuleId::NeverReady, "never-ready", None, "A container runs and its pod does not become ready."),
    passing(
        RuleId::Terminating,
        "terminating",
        None,
        "A pod of an earlier revision is being deleted and is still there.",
    ),
];

impl RuleId {
    /// The rule in the table.
    pub fn rule(self) -> &'static Rule {
        // The order is tested.
        &RULES[self as usize]
    }
}

/// The rules of a run.
#[derive(Clone, Debug)]
pub struct Rules {
    graces: Vec<Option<u64>>,
    pub(crate) declared: Vec<Declared>,
}

impl Default for Rules {
    fn default() -> Self {
        Self { graces: RULES.iter().map(|rule| rule.grace).collect(), declared: Vec::new() }
    }
}

impl Rules {
    /// The table with the changes of a run. `grace` is the time of all rules whose state does not pass by
    /// itself; rules for states that pass keep theirs. `overrides` are `RULE=DURATION`, `RULE=never`, `ready
    /// KIND=PATH=VALUE` and `failed KIND=PATH=VALUE`.
    ///
    /// # Errors
    /// Everything that is wrong, each with a hint.
    pub fn parse(grace: Option<&str>, overrides: &[String]) -> Result<Self, Vec<String>> {
        let mut rules = Self::default();
        let mut mistakes = Vec::new();
        match grace.map(duration) {
            None => {}
            Some(Ok(seconds)) => rules.set_all(seconds),
            Some(Err(mistake)) => mistakes.push(mistake),
        }
        let mut given = Vec::new();
        for text in overrides {
            let result = match text.trim().split_once(char::is_whitespace) {
                Some((word @ ("ready" | "failed"), rest)) => {
                    Declared::parse(word == "ready", rest).map(|declared| rules.declared.push(declared))
                }
                _ => rules.set(text.trim(), &mut given),
            };
            mistakes.extend(result.err());
        }
        if mistakes.is_empty() { Ok(rules) } else { Err(mistakes) }
    }

    /// How long the state of a rule must last before it counts, in seconds; never if there is none.
    pub fn grace(&self, id: RuleId) -> Option<u64> {
        self.graces.get(id as usize).copied().flatten()
    }

    /// Whether the run says itself when objects of this kind are ready.
    pub fn declares(&self, kind: &Kind) -> bool {
        self.declared.iter().any(|declared| declared.is_ready && declared.is_for(kind))
    }

    fn set_all(&mut self, seconds: u64) {
        for (grace, rule) in self.graces.iter_mut().zip(RULES) {
            if rule.class == Class::Lasting {
                *grace = Some(seconds);
            }
        }
    }

    fn set(&mut self, text: &str, given: &mut Vec<&'static str>) -> Result<(), String> {
        let Some((name, time)) = text.split_once('=') else {
            return Err(format!(
                "`{text}` is not a rule: write `RULE=DURATION`, `RULE=never`, `ready KIND=PATH=VALUE` or \
                 `failed KIND=PATH=VALUE`"
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
            time => Some(duration(time).map_err(|why| format!("`{text}`: {why}; or write `{rule}=never`"))?),
        };
        given.push(rule);
        Ok(())
    }
}

/// The time of a rule as the table and messages write it.
pub(crate) fn time(grace: Option<u64>) -> String {
    grace.map_or_else(|| "never".to_owned(), spell)
}

fn unknown(name: &str) -> String {
    if matches!(name, "ready" | "failed") || name.starts_with("ready ") || name.starts_with("failed ") {
        return format!(
            "`{name}` lacks what it is about: write `ready KIND=PATH=VALUE` or `failed KIND=PATH=VALUE`"
        );
    }
    let near = RULES.iter().map(|rule| (distance(rule.name, name), rule.name)).min();
    match near {
        Some((distance, near)) if distance <= 3 => {
            format!("there is no rule `{name}`: did you mean `{near}`?")
        }
        _ => {
            let names: Vec<_> = RULES.iter().map(|rule| rule.name).collect();
            format!("there is no rule `{name}`: there are {}", names.join(", "))
        }
    }
}

/// How many characters have to be put in, taken out or replaced to make one text of the other.
fn distance(one: &str, other: &str) -> usize {
    // A name of this length is no slip of the pen.
    if other.len() > 40 {
        return usize::MAX;
    }
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (line, letter) in one.chars().enumerate() {
        let mut diagonal = line;
        row[0] = line + 1;
        for (at, second) in other.iter().enumerate() {
            let replaced = diagonal + usize::from(letter != *second);
            diagonal = row[at + 1];
            row[at + 1] = replaced.min(row[at] + 1).min(diagonal + 1);
        }
    }
    row[other.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_stand_in_the_table_in_the_order_of_their_names() {
        for (at, rule) in RULES.iter().enumerate() {
            assert_eq!(rule.id as usize, at, "{}", rule.name);
            assert_eq!(rule.id.rule().name, rule.name);
            assert!(rule.when.ends_with('.'), "{}", rule.name);
        }
    }

    #[test]
    fn slips_are_measured() {
        assert_eq!(distance("crash-loop", "crashloop"), 1);
        assert_eq!(distance("quota", "quote"), 1);
        assert_eq!(distance("quota", ""), 5);
        assert_eq!(distance("", "ab"), 2);
    }
}
