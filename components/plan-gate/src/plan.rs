//! The part of a plan that the step needs: which objects change, how and why. It contains no value of an attribute.

use std::rc::Rc;

use crate::action::{Actions, Counts};
use crate::outcome::Outcome;

/// How many names of attributes the step keeps for one object.
pub const MAX_NAMES: usize = 20;

/// A plan without its values.
#[derive(Debug, Default)]
pub struct Plan {
    /// The path of its document.
    pub path: String,
    /// The changed resources and the invoked actions, in the order of the document.
    pub changes: Vec<Change>,
    /// How often each action occurs.
    pub counts: Counts,
    /// The objects that changed outside of Terraform.
    pub drift: Vec<Change>,
    /// The outputs that change, with addresses such as `output.url`.
    pub outputs: Vec<Change>,
    /// The resources whose attributes are not what the policy requires.
    pub unmet: Vec<Unmet>,
    /// The attributes that the step could not compare.
    pub uncompared: Vec<Uncompared>,
    /// The checks that failed.
    pub failed_checks: Vec<FailedCheck>,
    /// The changes and invocations that are deferred to another plan.
    pub deferred: Vec<Deferred>,
    /// The changes with unknown actions.
    pub unknown: Vec<UnknownActions>,
    /// Whether planning ended in an error.
    pub errored: bool,
    /// Whether no other plan is necessary after this one; none if the plan does not say.
    pub complete: Option<bool>,
    /// Whether the plan can be applied; none if the plan does not say, as those of OpenTofu.
    pub applyable: Option<bool>,
    /// Whether the plan has a list of resource changes. A plan that only refreshes has none.
    pub lists_resources: bool,
}

/// The change of one object.
#[derive(Debug, Default)]
pub struct Change {
    /// The whole address.
    pub address: String,
    /// The type of the resource.
    pub kind: Rc<str>,
    /// The actions, at least one.
    pub actions: Actions,
    /// The key of a deposed object, which an earlier replacement left behind.
    pub deposed: Option<Box<str>>,
    /// The reason in the notation of Terraform, if there is one.
    pub reason: Option<Rc<str>>,
    /// The address before a move.
    pub moved_from: Option<Box<str>>,
    /// The paths of the attributes that force a replacement.
    pub replace_paths: Names,
    /// The names of the attributes that change, if there is an object before and after the change.
    pub attributes: Names,
}

/// A resource whose attributes are not what a requirement says.
#[derive(Debug, PartialEq, Eq)]
pub struct Unmet {
    /// The address of the resource.
    pub address: String,
    /// The index of the requirement in the policy.
    pub requirement: usize,
    /// What is wrong.
    pub outcome: Outcome,
}

/// The attributes that a requirement is about and that the step could not compare.
#[derive(Debug, PartialEq, Eq)]
pub struct Uncompared {
    /// The index of the requirement in the policy.
    pub requirement: usize,
    /// Why: they are unknown or sensitive.
    pub outcome: Outcome,
    /// The address of the first resource.
    pub first: String,
    /// The number of resources.
    pub count: usize,
}

/// A list of names with a limited length.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Names {
    /// The first names, at most [`MAX_NAMES`].
    pub first: Box<[Rc<str>]>,
    /// The number of the other names.
    pub more: usize,
}

/// A check that failed.
#[derive(Debug, PartialEq, Eq)]
pub struct FailedCheck {
    /// The address of the check.
    pub address: String,
    /// `fail`, `error` or an unknown status.
    pub status: Rc<str>,
}

/// A change or an invocation that is deferred to another plan.
#[derive(Debug, PartialEq, Eq)]
pub struct Deferred {
    /// The address of the object.
    pub address: String,
    /// The reason in the notation of Terraform.
    pub reason: Rc<str>,
}

/// A change with unknown actions.
#[derive(Debug, PartialEq, Eq)]
pub struct UnknownActions {
    /// The address of the object, or the name of an output.
    pub address: String,
    /// The actions, with commas between them.
    pub actions: String,
}

impl Plan {
    /// Whether there is anything to apply. A plan that only refreshes applies drift to the state.
    pub fn has_changes(&self) -> bool {
        let nothing = self.changes.is_empty() && self.outputs.is_empty() && self.unknown.is_empty();
        let applies_drift = !self.lists_resources && !self.drift.is_empty();
        !nothing || self.applyable.unwrap_or(applies_drift)
    }
}
