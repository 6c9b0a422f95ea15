//! The policy: what a plan may do.

use std::fmt;

use crate::Reaction;
use crate::action::{Action, Counts};
use crate::glob;
use crate::plan::Change;
use crate::require::Requirement;

/// The beginning of the address of an output, which only rules with this beginning match.
pub const OUTPUT: &str = "output.";

/// What a plan may do.
#[derive(Debug)]
pub struct Policy {
    /// If there are any, one of these rules must match each action.
    pub allow: Vec<Rule>,
    /// None of these rules may match any action.
    pub deny: Vec<Rule>,
    /// How often actions may occur in all plans together.
    pub max: Vec<Limit>,
    /// What the attributes of resources must be.
    pub require: Vec<Requirement>,
    /// The reaction to attributes that cannot be compared.
    pub on_unknown: Reaction,
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

/// What an entry of `max` counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counted {
    /// An action.
    Action(Action),
    /// Deletions and replacements together, by the name `destroy`.
    Destroy,
    /// The same, for an entry `delete=N` if no entry counts replacements.
    DeleteOrReplace,
}

/// An entry of `max`: `ACTION=N`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    /// What it counts.
    pub counted: Counted,
    /// The largest number.
    pub maximum: u32,
}

impl Default for Policy {
    /// The strictest policy without rules.
    fn default() -> Self {
        Self {
            allow: Vec::new(),
            deny: Vec::new(),
            max: Vec::new(),
            require: Vec::new(),
            on_unknown: Reaction::Fail,
            on_drift: Reaction::Fail,
            on_checks: Reaction::Fail,
        }
    }
}

impl Policy {
    /// Whether the policy has a rule.
    pub fn has_rules(&self) -> bool {
        let lengths = [self.allow.len(), self.deny.len(), self.max.len(), self.require.len()];
        lengths.into_iter().any(|length| length > 0)
    }

    /// Makes a limit on deletions count replacements too, unless another limit does: a replacement also destroys an object.
    pub fn count_replacements(&mut self) {
        let counts_replacements =
            |limit: &Limit| matches!(limit.counted, Counted::Destroy | Counted::Action(Action::Replace));
        if self.max.iter().any(counts_replacements) {
            return;
        }
        for limit in self.max.iter_mut().filter(|limit| limit.counted == Counted::Action(Action::Delete)) {
            limit.counted = Counted::DeleteOrReplace;
        }
    }
}

impl Counted {
    /// How many of these actions there are.
    pub fn count(self, counts: &Counts) -> u32 {
        match self {
            Self::Action(action) => counts.of(action),
            Self::Destroy | Self::DeleteOrReplace => {
                counts.of(Action::Delete).saturating_add(counts.of(Action::Replace))
            }
        }
    }

    /// Whether it counts this change.
    pub fn counts(self, change: &Change) -> bool {
        match self {
            Self::Action(action) => change.actions.contains(action),
            Self::Destroy | Self::DeleteOrReplace => {
                change.actions.contains(Action::Delete) || change.actions.contains(Action::Replace)
            }
        }
    }
}

impl fmt::Display for Counted {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Action(action) => write!(out, "{action}"),
            Self::Destroy => out.write_str("destroy"),
            Self::DeleteOrReplace => out.write_str("delete"),
        }
    }
}

impl Rule {
    /// Whether the rule is about outputs.
    pub fn is_about_outputs(&self) -> bool {
        self.glob.as_deref().is_some_and(|glob| glob.starts_with(OUTPUT))
    }

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
