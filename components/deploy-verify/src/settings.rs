//! Reads the inputs of a run: everything that can be wrong with them is said at once, before anything is asked.

use lockstep_workload::Rules;

use crate::metric::{self, Metric};
use crate::smoke::{self, Check};
use lockstep_glue::Mistake;
use lockstep_glue::duration::milliseconds;
use lockstep_rollout::{Form, Wanted};

/// The inputs as they come.
#[derive(Clone, Debug, Default)]
pub struct Inputs {
    /// What was deployed.
    pub resources: Vec<String>,
    /// The namespaces.
    pub namespace: Vec<String>,
    /// How long all of it may take.
    pub timeout: String,
    /// How long what dooms must last.
    pub grace: Option<String>,
    /// Changes of the rules.
    pub rules: Vec<String>,
    /// The smoke checks.
    pub smoke: Vec<smoke::Record>,
    /// The metrics.
    pub metrics: Vec<metric::Record>,
    /// Whether to go back where it fails.
    pub rollback: bool,
    /// The folder of evidence; empty for none.
    pub evidence: String,
}

/// What they mean.
#[derive(Debug)]
pub struct Settings {
    /// What was deployed.
    pub wanted: Vec<Wanted>,
    /// The namespaces, as inputs spell them.
    pub namespaces: Vec<String>,
    /// How long all of it may take, in milliseconds.
    pub timeout: u64,
    /// What dooms.
    pub rules: Rules,
    /// The smoke checks.
    pub checks: Vec<Check>,
    /// The metrics.
    pub metrics: Vec<Metric>,
    /// Whether to go back where it fails.
    pub rollback: bool,
    /// The folder of evidence.
    pub evidence: Option<String>,
}

/// How `resources` names them.
const RESOURCES: Form = Form {
    input: "resources",
    kinds: &["Deployment.apps", "StatefulSet.apps", "DaemonSet.apps", "Job.batch"],
    files: true,
};
/// The longest that a run may take, in milliseconds: a little less than its limit.
const LONGEST: u64 = 3 * 60 * 60 * 1000 - 60 * 1000;

impl Settings {
    /// Reads the inputs.
    ///
    /// # Errors
    /// Everything that is wrong with them.
    pub fn read(inputs: &Inputs) -> Result<Self, Vec<Mistake>> {
        let mut mistakes = Vec::new();
        let mut keep = |mistake| mistakes.push(mistake);
        let wanted = inputs.resources.iter().map(|text| RESOURCES.read(text));
        let wanted: Vec<_> = wanted.filter_map(|wanted| wanted.map_err(&mut keep).ok()).collect();
        if inputs.resources.is_empty() {
            let hint = "name what was deployed, for example `deployment/web`";
            keep(Mistake::new("`resources` is empty: there is nothing to verify", hint));
        }
        if inputs.namespace.is_empty() {
            keep(Mistake::new("`namespace` is empty", "write `.` for the namespace of the context"));
        }
        let timeout = milliseconds("timeout", &inputs.timeout).map_err(&mut keep).unwrap_or_default();
        if timeout > LONGEST {
            keep(Mistake::new("`timeout` is longer than a run may take", "write at most `2h59m`"));
        }
        let rules = Rules::parse(inputs.grace.as_deref(), &inputs.rules).map_err(|wrong| {
            wrong.into_iter().for_each(|message| keep(Mistake { message, hint: None }));
        });
        let mut checks = Vec::new();
        for record in &inputs.smoke {
            match Check::read(record) {
                Ok(check) => checks.push(check),
                Err(wrong) => wrong.into_iter().for_each(&mut keep),
            }
        }
        let mut metrics = Vec::new();
        for record in &inputs.metrics {
            match Metric::read(record) {
                Ok(metric) => metrics.push(metric),
                Err(wrong) => wrong.into_iter().for_each(&mut keep),
            }
        }
        let (rollback, namespaces) = (inputs.rollback, inputs.namespace.clone());
        let evidence = inputs.evidence.trim_end_matches('/');
        let evidence = (!evidence.is_empty()).then(|| evidence.to_owned());
        match rules {
            Ok(rules) if mistakes.is_empty() => {
                Ok(Self { wanted, namespaces, timeout, rules, checks, metrics, rollback, evidence })
            }
            _ => Err(mistakes),
        }
    }
}
