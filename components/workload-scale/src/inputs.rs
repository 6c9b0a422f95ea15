//! Reads the inputs and reports everything that is wrong with them at once.

use lockstep_rollout::{ResourceInput, ResourceSelector, namespaces, timeout_ms};
use lockstep_sdk::{InputError, suggest};

use crate::Inputs;
use crate::object::{CRON_JOB, ROLLOUT};

/// The input `to`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Goal {
    /// Nothing runs, and the earlier sizes are saved.
    Sleep,
    /// The saved sizes are restored.
    Restore,
    /// This number of replicas runs, at least 1, and the earlier sizes are saved.
    Replicas(u32),
}

/// The parsed inputs.
#[derive(Debug)]
pub struct Request {
    /// The targets.
    pub targets: Vec<ResourceSelector>,
    /// The namespaces, as in the inputs.
    pub namespaces: Vec<String>,
    /// The goal for the targets.
    pub goal: Goal,
    /// The time for the whole run, in milliseconds.
    pub timeout_ms: u64,
}

/// The kinds that have a size.
pub const KINDS: [&str; 5] = ["Deployment.apps", "StatefulSet.apps", "ReplicaSet.apps", CRON_JOB, ROLLOUT];
/// The input `targets`. A selector does not find ReplicaSets, because a Deployment owns almost all of them.
pub const TARGETS: ResourceInput = ResourceInput {
    name: "targets",
    default_kinds: &["Deployment.apps", "StatefulSet.apps", CRON_JOB, ROLLOUT],
    accepts_files: false,
};
/// The largest number of replicas that an object can have.
const MAX_REPLICAS: u32 = i32::MAX as u32;

impl Request {
    /// Parses the inputs.
    ///
    /// # Errors
    /// Everything that is wrong with them.
    pub fn parse(inputs: &Inputs) -> Result<Self, Vec<InputError>> {
        let mut errors = Vec::new();
        let mut add = |error| errors.push(error);
        let goal = parse_goal(&inputs.to).map_err(&mut add);
        let targets = inputs.targets.iter().map(|text| parse_target(text, goal.as_ref().ok()));
        let targets: Vec<_> = targets.filter_map(|target| target.map_err(&mut add).ok()).collect();
        if inputs.targets.is_empty() {
            let hint = "name what to scale, for example `deployment/web`, or `--all`";
            add(InputError::new("`targets` is empty: there is nothing to scale", hint));
        }
        let namespaces = namespaces(&inputs.namespace).map_err(&mut add).unwrap_or_default();
        let timeout_ms = timeout_ms(&inputs.timeout).map_err(&mut add).unwrap_or_default();
        match goal {
            Ok(goal) if errors.is_empty() => Ok(Self { targets, namespaces, goal, timeout_ms }),
            _ => Err(errors),
        }
    }
}

fn parse_goal(text: &str) -> Result<Goal, InputError> {
    let number = || text.parse().ok().filter(|_| text.bytes().all(|byte| byte.is_ascii_digit()));
    match (text, number()) {
        ("restore", _) => Ok(Goal::Restore),
        (_, Some(0)) => Ok(Goal::Sleep),
        (_, Some(number @ 1..=MAX_REPLICAS)) => Ok(Goal::Replicas(number)),
        _ => {
            let expected = match suggest::nearest(text, ["restore"]) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("expected `restore` or a number from `0` to `{MAX_REPLICAS}`"),
            };
            Err(InputError::without_hint(format!("`to`: invalid number of replicas `{text}`: {expected}")))
        }
    }
}

fn parse_target(text: &str, goal: Option<&Goal>) -> Result<ResourceSelector, InputError> {
    let mut target = TARGETS.parse(text)?;
    let kinds = match &mut target {
        ResourceSelector::Name { kind, .. } => std::slice::from_mut(kind),
        ResourceSelector::Labels { kinds, .. } => kinds,
        ResourceSelector::Files(_) => &mut [],
    };
    for kind in kinds.iter_mut().filter(|kind| is_rollout(kind)) {
        ROLLOUT.clone_into(kind);
    }
    if let Some(other) = kinds.iter().find(|kind| !KINDS.contains(&kind.as_str())) {
        let message = format!("`targets`: `{text}`: this step cannot scale `{other}`");
        let hint = "name Deployments, StatefulSets, ReplicaSets, CronJobs or `rollouts.argoproj.io`";
        return Err(InputError::new(message, hint));
    }
    if let ([only], Some(Goal::Replicas(number))) = (&*kinds, goal)
        && only == CRON_JOB
    {
        let message = format!("`targets`: `{text}`: a CronJob cannot have {number} replicas");
        return Err(InputError::new(message, "use `to` with `0` or `restore` for it"));
    }
    Ok(target)
}

/// Whether a name means the kind of Argo Rollouts, in singular or plural, as `kubectl` accepts it.
fn is_rollout(kind: &str) -> bool {
    ["rollout.argoproj.io", "rollouts.argoproj.io"].iter().any(|name| kind.eq_ignore_ascii_case(name))
}
