//! Reads the inputs and reports everything that is wrong with them at once.

use lockstep_rollout::{ResourceInput, ResourceSelector, namespaces, timeout_ms};
use lockstep_sdk::InputError;
use lockstep_workload::Rules;

use crate::metric::MetricCheck;
use crate::smoke::SmokeCheck;
use crate::{Inputs, Rollback};

/// The parsed inputs.
#[derive(Debug)]
pub struct Request {
    /// The resources.
    pub resources: Vec<ResourceSelector>,
    /// The namespaces, as in the inputs.
    pub namespaces: Vec<String>,
    /// The time for the whole run, in milliseconds.
    pub timeout_ms: u64,
    /// The rules that fail a resource.
    pub rules: Rules,
    /// The smoke checks.
    pub checks: Vec<SmokeCheck>,
    /// The metrics.
    pub metrics: Vec<MetricCheck>,
    /// Whether to roll back after a failure.
    pub rolls_back: bool,
    /// The folder for evidence.
    pub evidence: Option<String>,
}

/// The input `resources`.
pub const RESOURCES: ResourceInput = ResourceInput {
    name: "resources",
    default_kinds: &["Deployment.apps", "StatefulSet.apps", "DaemonSet.apps", "Job.batch"],
    accepts_files: true,
};

impl Request {
    /// Parses the inputs.
    ///
    /// # Errors
    /// Everything that is wrong with them.
    pub fn parse(inputs: &Inputs) -> Result<Self, Vec<InputError>> {
        let mut errors = Vec::new();
        let mut add = |error| errors.push(error);
        let resources = inputs.resources.iter().map(|text| RESOURCES.parse(text));
        let resources: Vec<_> = resources.filter_map(|resource| resource.map_err(&mut add).ok()).collect();
        if inputs.resources.is_empty() {
            let hint = "name what was deployed, for example `deployment/web`";
            add(InputError::new("`resources` is empty: there is nothing to verify", hint));
        }
        let namespaces = namespaces(&inputs.namespace).map_err(&mut add).unwrap_or_default();
        let timeout_ms = timeout_ms(&inputs.timeout).map_err(&mut add).unwrap_or_default();
        let rules = Rules::parse(inputs.grace.as_deref(), &inputs.rules).map_err(|messages| {
            messages.into_iter().for_each(|message| add(InputError::without_hint(message)));
        });
        let checks = valid(inputs.smoke.iter().map(SmokeCheck::parse), &mut add);
        let metrics = valid(inputs.metrics.iter().map(MetricCheck::parse), &mut add);
        let rolls_back = matches!(inputs.rollback, Rollback::OnFailure);
        let evidence = inputs.evidence.trim_end_matches('/');
        let evidence = (!evidence.is_empty()).then(|| evidence.to_owned());
        match rules {
            Ok(rules) if errors.is_empty() => {
                Ok(Self { resources, namespaces, timeout_ms, rules, checks, metrics, rolls_back, evidence })
            }
            _ => Err(errors),
        }
    }
}

/// The valid items of a list; the errors of the others go to `add`.
fn valid<T>(
    items: impl Iterator<Item = Result<T, Vec<InputError>>>,
    add: &mut impl FnMut(InputError),
) -> Vec<T> {
    let mut valid = Vec::new();
    for item in items {
        match item {
            Ok(item) => valid.push(item),
            Err(errors) => errors.into_iter().for_each(&mut *add),
        }
    }
    valid
}
