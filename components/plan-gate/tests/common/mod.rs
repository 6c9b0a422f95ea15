//! Inputs and plans for the tests.
#![allow(dead_code, clippy::unwrap_used, reason = "each test file uses a part of this module")]

use plan_gate::document::{PlanError, read_plan};
use plan_gate::evaluate::{Finding, evaluate};
use plan_gate::inspection::Inspection;
use plan_gate::plan::Plan;
use plan_gate::policy::Policy;
use plan_gate::{Inputs, Reaction};
use serde_json::Value;

/// The inputs of a run over `plan.json` without a rule.
pub(crate) fn inputs() -> Inputs {
    Inputs {
        plan: vec!["plan.json".into()],
        allow: Vec::new(),
        deny: Vec::new(),
        max: Vec::new(),
        require: Vec::new(),
        on_unknown: Reaction::Warn,
        on_drift: Reaction::Warn,
        on_checks: Reaction::Fail,
        summary_file: None,
        gitlab_report: None,
    }
}

/// The texts, owned.
pub(crate) fn owned(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

/// Reads a plan in chunks of a size, with the inspection of a policy.
pub(crate) fn read(
    bytes: &[u8],
    size: usize,
    inspection: &mut Inspection<'_>,
) -> Result<Plan, PlanError<String>> {
    let fetch = |offset: u64, _| {
        let from = usize::try_from(offset).unwrap();
        Ok(bytes[from..bytes.len().min(from + size)].to_vec())
    };
    read_plan(fetch, inspection)
}

/// Reads a plan without a policy.
pub(crate) fn open(document: &Value) -> Result<Plan, PlanError<String>> {
    read(document.to_string().as_bytes(), 1 << 20, &mut Inspection::default())
}

/// Calls a function with the violations and warnings of a document under a policy.
pub(crate) fn findings<T>(
    document: &Value,
    policy: &Policy,
    look: impl FnOnce(&[Finding<'_>], &[Finding<'_>]) -> T,
) -> T {
    let mut inspection = Inspection::new(policy);
    let plans = [read(document.to_string().as_bytes(), 1 << 20, &mut inspection).unwrap()];
    let evaluation = evaluate(&plans, policy, &inspection);
    look(&evaluation.violations, &evaluation.warnings)
}

/// The violations of a plan that is already read; the patterns of the policy have seen nothing.
pub(crate) fn violations<T>(
    plan: Plan,
    policy: &Policy,
    look: impl FnOnce(&[Finding<'_>]) -> T,
) -> (T, Plan) {
    let mut plans = [plan];
    let inspection = Inspection::default();
    let result = look(&evaluate(&plans, policy, &inspection).violations);
    (result, std::mem::take(&mut plans[0]))
}
