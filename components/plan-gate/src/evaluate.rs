//! Evaluates plans against a policy.

use crate::Reaction;
use crate::action::{Action, Counts};
use crate::failure::Code;
use crate::inspection::Inspection;
use crate::pattern::Pattern;
use crate::plan::{Change, Deferred, FailedCheck, Plan, Uncompared, UnknownActions, Unmet};
use crate::policy::{Limit, Policy, Rule};
use crate::require::Requirement;

/// The findings about the plans of a run.
#[derive(Debug, Default)]
pub struct Evaluation<'a> {
    /// The findings that reject the plans.
    pub violations: Vec<Finding<'a>>,
    /// The findings that do not.
    pub warnings: Vec<Finding<'a>>,
}

/// A finding.
#[derive(Clone, Debug)]
pub struct Finding<'a> {
    /// The plan; none if the finding is about all plans together.
    pub plan: Option<&'a Plan>,
    /// What is wrong.
    pub problem: Problem<'a>,
}

/// What is wrong with a plan, or with the policy for these plans.
#[derive(Clone, Debug)]
pub enum Problem<'a> {
    /// Planning ended in an error.
    Errored,
    /// Another plan is necessary after this one.
    Incomplete,
    /// A change is deferred to another plan.
    Deferred(&'a Deferred),
    /// A change has unknown actions.
    UnknownActions(&'a UnknownActions),
    /// A rule of `deny` matches an action.
    Denied(&'a Change, Action, &'a Rule),
    /// No rule of `allow` matches an action.
    NotAllowed(&'a Change, Action),
    /// Actions occur more often than a limit allows.
    TooMany(TooMany<'a>),
    /// An attribute is not what a requirement says.
    Unmet(&'a Unmet, &'a Requirement),
    /// A requirement is about attributes that the step could not compare.
    Uncompared(&'a Uncompared, &'a Requirement),
    /// A check failed.
    Check(&'a FailedCheck),
    /// An object changed outside of Terraform.
    Drift(&'a Change),
    /// A pattern matches nothing.
    Unmatched(&'a Pattern),
    /// None of this number of resources has the attribute of a requirement.
    NoAttribute(&'a Requirement, usize),
}

/// The actions that a limit is about.
#[derive(Clone, Debug)]
pub struct TooMany<'a> {
    /// The limit.
    pub limit: Limit,
    /// How often the actions occur.
    pub count: u32,
    /// The first changes with these actions.
    pub first: Vec<&'a Change>,
}

/// How many changes a finding names.
const MAX_NAMED: usize = 3;

impl Finding<'_> {
    /// The failure code; for a warning about the policy, that of its input.
    pub fn code(&self) -> Code {
        match self.problem {
            Problem::Errored | Problem::Incomplete | Problem::Deferred(_) | Problem::UnknownActions(_) => {
                Code::Incomplete
            }
            Problem::Denied(..) | Problem::NotAllowed(..) => Code::Forbidden,
            Problem::TooMany(_) => Code::TooMany,
            Problem::Unmet(..) | Problem::Uncompared(..) => Code::Attributes,
            Problem::Check(_) => Code::Checks,
            Problem::Drift(_) => Code::Drift,
            Problem::Unmatched(_) | Problem::NoAttribute(..) => Code::BadInput,
        }
    }
}

/// Returns all findings about the plans. Those that reject a plan under every policy come first.
pub fn evaluate<'a>(plans: &'a [Plan], policy: &'a Policy, inspection: &'a Inspection<'_>) -> Evaluation<'a> {
    let mut evaluation = Evaluation::default();
    for plan in plans {
        let problems = defects(plan).chain(forbidden(plan, policy)).chain(unmet(plan, policy));
        evaluation.violations.extend(problems.map(|problem| Finding { plan: Some(plan), problem }));
    }
    let total = total(plans);
    for limit in &policy.max {
        let count = limit.counted.count(&total);
        if count > limit.maximum {
            let problem =
                Problem::TooMany(named(plans, *limit, count, |change| limit.counted.counts(change)));
            evaluation.violations.push(Finding { plan: None, problem });
        }
    }
    for plan in plans {
        let uncompared =
            plan.uncompared.iter().map(|one| Problem::Uncompared(one, &policy.require[one.requirement]));
        evaluation.add(policy.on_unknown, plan, uncompared);
        evaluation.add(policy.on_checks, plan, plan.failed_checks.iter().map(Problem::Check));
        evaluation.add(policy.on_drift, plan, plan.drift.iter().map(Problem::Drift));
    }
    let about_policy = inspection.coverage.unmatched().map(Problem::Unmatched);
    let without = inspection.without_attribute();
    let without = without.map(|(index, count)| Problem::NoAttribute(&policy.require[index], count));
    let warnings = about_policy.chain(without).map(|problem| Finding { plan: None, problem });
    evaluation.warnings.extend(warnings);
    evaluation
}

/// How often each action occurs in all plans.
pub fn total(plans: &[Plan]) -> Counts {
    let mut total = Counts::default();
    for plan in plans {
        total.add_all(&plan.counts);
    }
    total
}

/// What rejects a plan under every policy.
fn defects(plan: &Plan) -> impl Iterator<Item = Problem<'_>> {
    let errored = plan.errored.then_some(Problem::Errored);
    let incomplete = (plan.complete == Some(false)).then_some(Problem::Incomplete);
    let unknown = plan.unknown.iter().map(Problem::UnknownActions);
    errored.into_iter().chain(incomplete).chain(unknown).chain(plan.deferred.iter().map(Problem::Deferred))
}

fn forbidden<'a>(plan: &'a Plan, policy: &'a Policy) -> impl Iterator<Item = Problem<'a>> {
    let actions =
        plan.changes.iter().flat_map(|change| change.actions.iter().map(move |action| (change, action)));
    let resources = actions.filter_map(|(change, action)| check_action(policy, change, action));
    let outputs =
        plan.outputs.iter().flat_map(|change| change.actions.iter().map(move |action| (change, action)));
    let rules = || policy.deny.iter().filter(|rule| rule.is_about_outputs());
    resources.chain(outputs.filter_map(move |(change, action)| {
        let rule = rules().find(|rule| rule.denies(action, change))?;
        Some(Problem::Denied(change, action, rule))
    }))
}

fn check_action<'a>(policy: &'a Policy, change: &'a Change, action: Action) -> Option<Problem<'a>> {
    let mut rules = policy.deny.iter().filter(|rule| !rule.is_about_outputs());
    if let Some(rule) = rules.find(|rule| rule.denies(action, change)) {
        return Some(Problem::Denied(change, action, rule));
    }
    let allowed = policy.allow.is_empty() || policy.allow.iter().any(|rule| rule.allows(action, change));
    (!allowed).then_some(Problem::NotAllowed(change, action))
}

fn unmet<'a>(plan: &'a Plan, policy: &'a Policy) -> impl Iterator<Item = Problem<'a>> {
    plan.unmet.iter().map(|unmet| Problem::Unmet(unmet, &policy.require[unmet.requirement]))
}

fn named<'a>(
    plans: &'a [Plan],
    limit: Limit,
    count: u32,
    is_counted: impl Fn(&Change) -> bool,
) -> TooMany<'a> {
    let changes = plans.iter().flat_map(|plan| &plan.changes).filter(|change| is_counted(change));
    TooMany { limit, count, first: changes.take(MAX_NAMED).collect() }
}

impl<'a> Evaluation<'a> {
    /// The number of violations in one plan.
    pub fn violations_of(&self, plan: &Plan) -> usize {
        let is_here = |finding: &&Finding<'_>| finding.plan.is_some_and(|other| std::ptr::eq(other, plan));
        self.violations.iter().filter(is_here).count()
    }

    fn add(&mut self, reaction: Reaction, plan: &'a Plan, problems: impl Iterator<Item = Problem<'a>>) {
        let findings = problems.map(|problem| Finding { plan: Some(plan), problem });
        match reaction {
            Reaction::Ignore => {}
            Reaction::Warn => self.warnings.extend(findings),
            Reaction::Fail => self.violations.extend(findings),
        }
    }
}
