//! The policy: what a plan may do.

use std::fmt;

use crate::Reaction;
use crate::action::Action;
use crate::glob;
use crate::plan::Change;

/// What a plan may do.
#[derive(Debug)]
pub struct Policy {
    /// If there are any, one of these rules must match each action.
    pub allow: Vec<Rule>,
    /// None of these rules may match any action.
    pub deny: Vec<Rule>,
    /// How often an action may occur.
    pub max: Vec<(Action, u32)>,
    /// The reaction to drift.
    pub on_drift: Reaction,
    /// The reaction to failed checks.
    pub on_checks: Reaction,
}

/// A rule: `ACTION[:GLOB]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// The action.
    pub action: Action,
    /// The pattern for types and addresses; none for all of them.
    pub glob: Option<String>,
}

impl Default for Policy {
    /// The strictest policy without rules.
    fn default() -> Self {
        Self {
            allow: Vec::new(),
            deny: Vec::new(),
            max: Vec::new(),
            on_drift: Reaction::Fail,
            on_checks: Reaction::Fail,
        }
    }
}

impl Rule {
    /// Whether the rule denies this action of the change. `delete` also denies a replacement, and a rule matches both addresses
    /// of an object that moves.
    pub fn denies(&self, action: Action, change: &Change) -> bool {
        let same = self.action == action || (self.action, action) == (Action::Delete, Action::Replace);
        let from = change.moved_from.as_deref();
        same && self.matches(|glob| {
            glob::matches(glob, &change.kind)
                || glob::matches(glob, &change.address)
                || from.is_some_and(|from| glob::matches(glob, from))
        })
    }

    /// Whether the rule allows this action of the change. If Terraform loses an object that moves, the rule must match both of
    /// its addresses.
    pub fn allows(&self, action: Action, change: &Change) -> bool {
        let from = change.moved_from.as_deref().filter(|_| action.removes_object());
        self.action == action
            && self.matches(|glob| {
                glob::matches(glob, &change.kind)
                    || glob::matches(glob, &change.address)
                        && from.is_none_or(|from| glob::matches(glob, from))
            })
    }

    fn matches(&self, test: impl Fn(&str) -> bool) -> bool {
        self.glob.as_deref().is_none_or(test)
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.glob {
            Some(glob) => write!(out, "{}:{glob}", self.action),
            None => write!(out, "{}", self.action),
        }
    }
}
