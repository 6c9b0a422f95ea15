//! Reads the inputs of a run: everything that can be wrong with them is said at once, before anything is asked.

use lockstep_glue::Mistake;
use lockstep_glue::duration::milliseconds;
use lockstep_rollout::{Form, Wanted};

/// The inputs as they come.
#[derive(Clone, Debug, Default)]
pub struct Inputs {
    /// What to scale.
    pub targets: Vec<String>,
    /// The namespaces.
    pub namespace: Vec<String>,
    /// How many instances.
    pub to: String,
    /// How long all of it may take.
    pub timeout: String,
}

/// What targets are to come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum To {
    /// Nothing runs, and what ran is kept.
    Sleep,
    /// What was kept runs.
    Restore,
    /// So many instances from now on; not none.
    Number(u32),
}

/// What the inputs mean.
#[derive(Debug)]
pub struct Settings {
    /// What to scale.
    pub wanted: Vec<Wanted>,
    /// The namespaces, as inputs spell them.
    pub namespaces: Vec<String>,
    /// What targets are to come to.
    pub to: To,
    /// How long all of it may take, in milliseconds.
    pub timeout: u64,
}

/// The kinds that can be scaled.
pub const KINDS: [&str; 4] = ["Deployment.apps", "StatefulSet.apps", "ReplicaSet.apps", "CronJob.batch"];
/// How `targets` names them. A ReplicaSet almost always belongs to a Deployment.
const TARGETS: Form =
    Form { input: "targets", kinds: &["Deployment.apps", "StatefulSet.apps", "CronJob.batch"], files: false };
/// The longest that a run may take, in milliseconds: a little less than its limit.
const LONGEST: u64 = 3 * 60 * 60 * 1000 - 60 * 1000;
/// The most instances that the field of an object can hold.
const MOST: u32 = i32::MAX as u32;

impl Settings {
    /// Reads the inputs.
    ///
    /// # Errors
    /// Everything that is wrong with them.
    pub fn read(inputs: &Inputs) -> Result<Self, Vec<Mistake>> {
        let mut mistakes = Vec::new();
        let mut keep = |mistake| mistakes.push(mistake);
        let to = to(&inputs.to).map_err(&mut keep);
        let wanted = inputs.targets.iter().map(|text| target(text, to.as_ref().ok()));
        let wanted: Vec<_> = wanted.filter_map(|wanted| wanted.map_err(&mut keep).ok()).collect();
        if inputs.targets.is_empty() {
            let hint = "name what to scale, for example `deployment/web`, or `--all`";
            keep(Mistake::new("`targets` is empty: there is nothing to scale", hint));
        }
        if inputs.namespace.is_empty() {
            keep(Mistake::new("`namespace` is empty", "write `.` for the namespace of the context"));
        }
        let timeout = milliseconds("timeout", &inputs.timeout).map_err(&mut keep).unwrap_or_default();
        if timeout > LONGEST {
            keep(Mistake::new("`timeout` is longer than a run may take", "write at most `2h59m`"));
        }
        match to {
            Ok(to) if mistakes.is_empty() => {
                Ok(Self { wanted, namespaces: inputs.namespace.clone(), to, timeout })
            }
            _ => Err(mistakes),
        }
    }
}

fn to(text: &str) -> Result<To, Mistake> {
    let number = || text.parse().ok().filter(|_| text.bytes().all(|byte| byte.is_ascii_digit()));
    match (text, number()) {
        ("restore", _) => Ok(To::Restore),
        (_, Some(0)) => Ok(To::Sleep),
        (_, Some(number @ 1..=MOST)) => Ok(To::Number(number)),
        _ => {
            let hint = "write `0` for sleep, `restore`, or how many instances there are to be";
            Err(Mistake::new(format!("`to`: `{text}` is no number of instances"), hint))
        }
    }
}

fn target(text: &str, to: Option<&To>) -> Result<Wanted, Mistake> {
    let wanted = TARGETS.read(text)?;
    let kinds = match &wanted {
        Wanted::Named { kind, .. } => std::slice::from_ref(kind),
        Wanted::Selected { kinds, .. } => kinds,
        Wanted::Files(_) => &[],
    };
    if let Some(other) = kinds.iter().find(|kind| !KINDS.contains(&kind.as_str())) {
        let message =
            format!("`targets`: `{text}`: `{other}` has no number of instances that this step sets");
        return Err(Mistake::new(message, "name Deployments, StatefulSets, ReplicaSets or CronJobs"));
    }
    if let ([only], Some(To::Number(number))) = (kinds, to)
        && only == "CronJob.batch"
    {
        let message = format!("`targets`: `{text}`: a CronJob cannot have {number} instances");
        return Err(Mistake::new(message, "use `to` with `0` or `restore` for it"));
    }
    Ok(wanted)
}
