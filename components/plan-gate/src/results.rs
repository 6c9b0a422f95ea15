//! The results of a run for machines: the outputs, and the report for GitLab.

use crate::action::{Action, Counts};
use crate::evaluate::{Evaluation, total};
use crate::plan::Plan;
use crate::{Inputs, Outputs, PlanResult, Verdict};

/// The outputs of the step.
pub(crate) fn outputs(
    plans: &[Plan],
    evaluation: &Evaluation<'_>,
    is_rejected: bool,
    inputs: &Inputs,
) -> Outputs {
    let total = total(plans);
    let count = |action| total.of(action);
    let sum = |length: fn(&Plan) -> usize| number(plans.iter().map(length).sum());
    Outputs {
        changes: plans.iter().any(Plan::has_changes),
        create: count(Action::Create),
        update: count(Action::Update),
        replace: count(Action::Replace),
        delete: count(Action::Delete),
        forget: count(Action::Forget),
        import: count(Action::Import),
        move_: count(Action::Move),
        read: count(Action::Read),
        invoke: count(Action::Invoke),
        drift: sum(|plan| plan.drift.len()),
        failed_checks: sum(|plan| plan.failed_checks.len()),
        verdict: if is_rejected { Verdict::Fail } else { Verdict::Pass },
        plans: plans.iter().map(|plan| of_plan(plan, evaluation)).collect(),
        summary_file: inputs.summary_file.clone().unwrap_or_default(),
    }
}

fn of_plan(plan: &Plan, evaluation: &Evaluation<'_>) -> PlanResult {
    let count = |action| plan.counts.of(action);
    PlanResult {
        path: plan.path.clone(),
        changes: plan.has_changes(),
        create: count(Action::Create),
        update: count(Action::Update),
        replace: count(Action::Replace),
        delete: count(Action::Delete),
        forget: count(Action::Forget),
        import: count(Action::Import),
        move_: count(Action::Move),
        read: count(Action::Read),
        invoke: count(Action::Invoke),
        drift: number(plan.drift.len()),
        failed_checks: number(plan.failed_checks.len()),
        violations: number(evaluation.violations_of(plan)),
    }
}

fn number(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

/// The report that GitLab shows in a merge request. As in the command of its documentation, a replacement counts as created
/// and as deleted: <https://docs.gitlab.com/user/infrastructure/iac/mr_integration/>
pub fn gitlab_report(plans: &[Plan]) -> String {
    let total: Counts = total(plans);
    let with_replaced = |action| total.of(action).saturating_add(total.of(Action::Replace));
    format!(
        "{{\"create\":{},\"update\":{},\"delete\":{}}}\n",
        with_replaced(Action::Create),
        total.of(Action::Update),
        with_replaced(Action::Delete)
    )
}
