//! Holds a plan against a policy. Never changes the plan, and never finds words for it.

use crate::action::Action;
use crate::plan::{Change, Check, Deferred, Plan, Unknown};
use crate::policy::{Policy, Reaction, Rule};

/// What speaks against a plan.
#[derive(Debug, Default)]
pub struct Verdict<'a> {
    /// What makes it fail.
    pub violations: Vec<Finding<'a>>,
    /// What does not.
    pub warnings: Vec<Finding<'a>>,
}

/// One thing that speaks against a plan.
#[derive(Clone, Copy, Debug)]
pub enum Finding<'a> {
    /// Planning ended in an error.
    Errored,
    /// Applying would leave things to do.
    Incomplete,
    /// Something is put off to another plan.
    Deferred(&'a Deferred),
    /// What happens is not known.
    Unknown(&'a Unknown),
    /// A rule of `deny` matches.
    Denied(&'a Change, Action, &'a Rule),
    /// No rule of `allow` matches.
    NotAllowed(&'a Change, Action),
    /// There are more of an action than the bound.
    TooMany(Action, u32, u32),
    /// A check failed.
    Check(&'a Check),
    /// Something changed outside of Terraform.
    Drift(&'a Change),
}

impl Finding<'_> {
    /// The name of the failure for scripts.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Errored | Self::Incomplete | Self::Deferred(_) | Self::Unknown(_) => "incomplete",
            Self::Denied(..) | Self::NotAllowed(..) => "forbidden",
            Self::TooMany(..) => "too-many",
            Self::Check(_) => "checks",
            Self::Drift(_) => "drift",
        }
    }
}

/// Finds everything that speaks against the plan, what makes it unfit for any policy first.
pub fn judge<'a>(plan: &'a Plan, policy: &'a Policy) -> Verdict<'a> {
    let mut verdict = Verdict::default();
    let violations = &mut verdict.violations;
    violations.extend(plan.errored.then_some(Finding::Errored));
    violations.extend((plan.complete == Some(false)).then_some(Finding::Incomplete));
    violations.extend(plan.unknown.iter().map(Finding::Unknown));
    violations.extend(plan.deferred.iter().map(Finding::Deferred));
    for change in &plan.changes {
        violations.extend(change.actions.iter().filter_map(|action| forbidden(policy, change, action)));
    }
    for &(action, bound) in &policy.max {
        let count = plan.counts.of(action);
        violations.extend((count > bound).then_some(Finding::TooMany(action, count, bound)));
    }
    react(&mut verdict, policy.on_checks, plan.failed_checks.iter().map(Finding::Check));
    react(&mut verdict, policy.on_drift, plan.drift.iter().map(Finding::Drift));
    verdict
}

fn forbidden<'a>(policy: &'a Policy, change: &'a Change, action: Action) -> Option<Finding<'a>> {
    if let Some(rule) = policy.deny.iter().find(|rule| rule.denies(action, change)) {
        return Some(Finding::Denied(change, action, rule));
    }
    let allowed = policy.allow.is_empty() || policy.allow.iter().any(|rule| rule.allows(action, change));
    (!allowed).then_some(Finding::NotAllowed(change, action))
}

fn react<'a>(verdict: &mut Verdict<'a>, reaction: Reaction, findings: impl Iterator<Item = Finding<'a>>) {
    match reaction {
        Reaction::Ignore => {}
        Reaction::Warn => verdict.warnings.extend(findings),
        Reaction::Fail => verdict.violations.extend(findings),
    }
}
