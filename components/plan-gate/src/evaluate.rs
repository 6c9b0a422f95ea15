//! Evaluates a plan against a policy.

use crate::Reaction;
use crate::action::Action;
use crate::failure::Code;
use crate::plan::{Change, Deferred, FailedCheck, Plan, UnknownActions};
use crate::policy::{Policy, Rule};

/// The findings about a plan.
#[derive(Debug, Default)]
pub struct Evaluation<'a> {
    /// The findings that reject the plan.
    pub violations: Vec<Finding<'a>>,
    /// The findings that do not.
    pub warnings: Vec<Finding<'a>>,
}

/// A finding about a plan.
#[derive(Clone, Copy, Debug)]
pub enum Finding<'a> {
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
    /// An action occurs this often, and more often than this maximum.
    TooMany(Action, u32, u32),
    /// A check failed.
    Check(&'a FailedCheck),
    /// An object changed outside of Terraform.
    Drift(&'a Change),
}

impl Finding<'_> {
    /// The failure code.
    pub fn code(&self) -> Code {
        match self {
            Self::Errored | Self::Incomplete | Self::Deferred(_) | Self::UnknownActions(_) => {
                Code::Incomplete
            }
            Self::Denied(..) | Self::NotAllowed(..) => Code::Forbidden,
            Self::TooMany(..) => Code::TooMany,
            Self::Check(_) => Code::Checks,
            Self::Drift(_) => Code::Drift,
        }
    }
}

/// Returns all findings about the plan. Those that reject a plan under every policy come first.
pub fn evaluate<'a>(plan: &'a Plan, policy: &'a Policy) -> Evaluation<'a> {
    let mut evaluation = Evaluation::default();
    let violations = &mut evaluation.violations;
    violations.extend(plan.errored.then_some(Finding::Errored));
    violations.extend((plan.complete == Some(false)).then_some(Finding::Incomplete));
    violations.extend(plan.unknown.iter().map(Finding::UnknownActions));
    violations.extend(plan.deferred.iter().map(Finding::Deferred));
    for change in &plan.changes {
        violations.extend(change.actions.iter().filter_map(|action| check_action(policy, change, action)));
    }
    for &(action, maximum) in &policy.max {
        let count = plan.counts.of(action);
        violations.extend((count > maximum).then_some(Finding::TooMany(action, count, maximum)));
    }
    evaluation.add(policy.on_checks, plan.failed_checks.iter().map(Finding::Check));
    evaluation.add(policy.on_drift, plan.drift.iter().map(Finding::Drift));
    evaluation
}

fn check_action<'a>(policy: &'a Policy, change: &'a Change, action: Action) -> Option<Finding<'a>> {
    if let Some(rule) = policy.deny.iter().find(|rule| rule.denies(action, change)) {
        return Some(Finding::Denied(change, action, rule));
    }
    let allowed = policy.allow.is_empty() || policy.allow.iter().any(|rule| rule.allows(action, change));
    (!allowed).then_some(Finding::NotAllowed(change, action))
}

impl<'a> Evaluation<'a> {
    fn add(&mut self, reaction: Reaction, findings: impl Iterator<Item = Finding<'a>>) {
        match reaction {
            Reaction::Ignore => {}
            Reaction::Warn => self.warnings.extend(findings),
            Reaction::Fail => self.violations.extend(findings),
        }
    }
}
