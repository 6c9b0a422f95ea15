//! What a run allows, read from its inputs. Never looks at a plan as a whole.

use std::fmt;

use crate::action::Action;
use crate::glob;
use crate::plan::Change;
use crate::words::clip_at;

/// What a run allows.
#[derive(Debug, Default)]
pub struct Policy {
    /// If there is any, each action must match one.
    pub allow: Vec<Rule>,
    /// No action may match any.
    pub deny: Vec<Rule>,
    /// The most of an action there may be.
    pub max: Vec<(Action, u32)>,
    /// What drift is.
    pub on_drift: Reaction,
    /// What failed checks are.
    pub on_checks: Reaction,
}

/// What a finding is to the gate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reaction {
    /// Nothing.
    Ignore,
    /// A warning.
    Warn,
    /// A no.
    #[default]
    Fail,
}

/// `ACTION[:GLOB]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    action: Action,
    glob: Option<String>,
}

/// An entry of an input that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadInput(String);

/// The inputs as they were given.
#[derive(Debug)]
pub struct Inputs<'a> {
    /// `ACTION[:GLOB]`.
    pub allow: &'a [String],
    /// `ACTION[:GLOB]`.
    pub deny: &'a [String],
    /// `ACTION=N`.
    pub max: &'a [String],
    /// What drift is.
    pub on_drift: Reaction,
    /// What failed checks are.
    pub on_checks: Reaction,
}

impl Policy {
    /// Reads the inputs.
    ///
    /// # Errors
    /// Every entry that cannot be read.
    pub fn read(inputs: &Inputs<'_>) -> Result<Self, Vec<BadInput>> {
        let mut policy = Self { on_drift: inputs.on_drift, on_checks: inputs.on_checks, ..Self::default() };
        let mut bad = Vec::new();
        for (name, given, rules) in
            [("allow", inputs.allow, &mut policy.allow), ("deny", inputs.deny, &mut policy.deny)]
        {
            for text in given {
                match Rule::parse(text) {
                    Ok(rule) => rules.push(rule),
                    Err(problem) => bad.push(BadInput::new(name, text, problem)),
                }
            }
        }
        for text in inputs.max {
            match bound(text) {
                Ok((action, _)) if policy.max.iter().any(|(other, _)| *other == action) => {
                    bad.push(BadInput::new("max", text, "this action has a bound already"));
                }
                Ok(bound) => policy.max.push(bound),
                Err(problem) => bad.push(BadInput::new("max", text, problem)),
            }
        }
        if bad.is_empty() { Ok(policy) } else { Err(bad) }
    }
}

fn bound(text: &str) -> Result<(Action, u32), &'static str> {
    let (name, number) = text.split_once('=').ok_or("write ACTION=N, such as `delete=0`")?;
    let digits = number.trim();
    let plain = digits.bytes().all(|byte| byte.is_ascii_digit());
    let number = digits.parse().ok().filter(|_| plain).ok_or("the bound is not a number")?;
    Ok((action(name)?, number))
}

fn action(name: &str) -> Result<Action, &'static str> {
    Action::parse(name.trim())
        .ok_or("the action is none of create, update, replace, delete, forget, import, move, read and invoke")
}

impl Rule {
    /// Reads `ACTION[:GLOB]`.
    fn parse(text: &str) -> Result<Self, &'static str> {
        let (name, glob) = match text.split_once(':') {
            Some((name, glob)) => (name, Some(glob.trim())),
            None => (text, None),
        };
        if glob == Some("") {
            return Err("there is no type or address after the colon");
        }
        Ok(Self { action: action(name)?, glob: glob.map(str::to_owned) })
    }

    /// Whether it forbids this action of the change. Deleting includes replacing, and an object that moves is
    /// found under both of its addresses.
    pub fn denies(&self, action: Action, change: &Change) -> bool {
        let same = self.action == action || (self.action, action) == (Action::Delete, Action::Replace);
        let from = change.moved_from.as_deref();
        same && self.fits(|glob| {
            glob::matches(glob, &change.kind)
                || glob::matches(glob, &change.address)
                || from.is_some_and(|from| glob::matches(glob, from))
        })
    }

    /// Whether it allows this action of the change. What is lost after a move must be allowed under both addresses.
    pub fn allows(&self, action: Action, change: &Change) -> bool {
        let from = change.moved_from.as_deref().filter(|_| action.loses());
        self.action == action
            && self.fits(|glob| {
                glob::matches(glob, &change.kind)
                    || glob::matches(glob, &change.address)
                        && from.is_none_or(|from| glob::matches(glob, from))
            })
    }

    fn fits(&self, test: impl Fn(&str) -> bool) -> bool {
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

impl BadInput {
    fn new(input: &str, text: &str, problem: &str) -> Self {
        let shown = clip_at(text.lines().next().unwrap_or_default(), 80);
        Self(format!("{input} `{shown}`: {problem}"))
    }
}

impl fmt::Display for BadInput {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}
