//! What is kept of a plan: who changes, how and why. Never a value of an attribute.

use std::rc::Rc;

use crate::action::{Actions, Counts};

/// The most names of attributes that are kept for one object.
pub const NAMES: usize = 20;

/// A plan without its values.
#[derive(Debug, Default)]
pub struct Plan {
    /// The resources to which something happens, in the order of the document, and the actions invoked.
    pub changes: Vec<Change>,
    /// How often each action happens.
    pub counts: Counts,
    /// What changed outside of Terraform.
    pub drift: Vec<Change>,
    /// How many outputs change.
    pub outputs: u32,
    /// The checks that failed.
    pub failed_checks: Vec<Check>,
    /// Changes and invocations that are put off to another plan.
    pub deferred: Vec<Deferred>,
    /// Changes with a list of actions that is not known.
    pub unknown: Vec<Unknown>,
    /// Whether planning ended in an error.
    pub errored: bool,
    /// Whether applying it would leave things to do; nothing if the plan does not say.
    pub complete: Option<bool>,
    /// Whether it can be applied; nothing if the plan does not say, as those of OpenTofu do not.
    pub applyable: Option<bool>,
    /// Whether it has a list of resources at all. A plan that only refreshes has none.
    pub lists_resources: bool,
}

/// What happens to one object.
#[derive(Debug, Default)]
pub struct Change {
    /// The whole address.
    pub address: String,
    /// The type of the resource.
    pub kind: Rc<str>,
    /// What happens, at least one thing.
    pub actions: Actions,
    /// The key of the object, if it is one that an earlier replacement has left behind.
    pub deposed: Option<Box<str>>,
    /// The word for why, if there is one.
    pub reason: Option<Rc<str>>,
    /// The address before the move, if it is moved.
    pub moved_from: Option<Box<str>>,
    /// The paths that make a replacement necessary.
    pub replace_paths: Names,
    /// The attributes that change, if there is an object before and one after.
    pub attributes: Names,
}

/// Some names, and how many more there are.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Names {
    /// At most [`NAMES`].
    pub shown: Box<[Rc<str>]>,
    /// How many more there are.
    pub more: usize,
}

/// A check that failed.
#[derive(Debug, PartialEq, Eq)]
pub struct Check {
    /// What was checked.
    pub address: String,
    /// `fail`, `error`, or a word that is not known.
    pub status: Rc<str>,
}

/// A change or an invocation that is put off.
#[derive(Debug, PartialEq, Eq)]
pub struct Deferred {
    /// Whose.
    pub address: String,
    /// The word for why.
    pub reason: Rc<str>,
}

/// A change with a list of actions that is not known.
#[derive(Debug, PartialEq, Eq)]
pub struct Unknown {
    /// Whose; for an output its name.
    pub address: String,
    /// The list, as one text.
    pub actions: String,
}

impl Plan {
    /// Whether there is anything to apply. A plan that only refreshes is there to take over what drifted.
    pub fn has_changes(&self) -> bool {
        let nothing = self.changes.is_empty() && self.outputs == 0 && self.unknown.is_empty();
        let takes_over_drift = !self.lists_resources && !self.drift.is_empty();
        !nothing || self.applyable.unwrap_or(takes_over_drift)
    }
}
