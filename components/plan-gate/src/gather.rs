//! Reduces the parts of a plan, as they are read, to what is kept of them. Never keeps a value.

use std::collections::BTreeSet;
use std::rc::Rc;

use serde_json::Value;

use crate::action::{Action, Actions};
use crate::plan::{Change, Check, Deferred, NAMES, Names, Plan, Unknown};
use crate::raw::{Invocation, Output, PutOff, RawCheck, Resource};
use crate::values::changed;

/// A plan that is being read.
#[derive(Debug, Default)]
pub(crate) struct Gather {
    pub(crate) plan: Plan,
    words: Words,
}

/// The words that come again and again, each kept once.
#[derive(Debug, Default)]
struct Words(BTreeSet<Rc<str>>);

impl Words {
    fn keep(&mut self, word: &str) -> Rc<str> {
        if let Some(kept) = self.0.get(word) {
            return Rc::clone(kept);
        }
        let kept: Rc<str> = word.into();
        self.0.insert(Rc::clone(&kept));
        kept
    }

    fn names<'a>(&mut self, all: impl ExactSizeIterator<Item = &'a str>) -> Names {
        let more = all.len().saturating_sub(NAMES);
        Names { shown: all.take(NAMES).map(|name| self.keep(name)).collect(), more }
    }
}

impl Gather {
    /// An element of `resource_changes`.
    pub(crate) fn resource(&mut self, raw: Resource) {
        let Some(mut actions) = Actions::parse(&raw.change.actions) else {
            self.unknown(raw.address, &raw.change.actions);
            return;
        };
        if raw.change.importing.is_some() {
            actions = actions.with(Action::Import);
        }
        if raw.previous_address.as_ref().is_some_and(|from| *from != raw.address) {
            actions = actions.with(Action::Move);
        }
        if !actions.is_empty() {
            self.plan.counts.add(actions);
            let change = self.change(raw, actions);
            self.plan.changes.push(change);
        }
    }

    /// An element of `resource_drift`. Whatever has an action has drifted, also by one that is not known.
    pub(crate) fn drift(&mut self, raw: Resource) {
        let actions = Actions::parse(&raw.change.actions).unwrap_or(Actions::default().with(Action::Update));
        if !actions.is_empty() {
            let change = self.change(raw, actions);
            self.plan.drift.push(change);
        }
    }

    fn change(&mut self, raw: Resource, actions: Actions) -> Change {
        let Resource { address, previous_address, kind, deposed, action_reason, change } = raw;
        let names = changed(
            [&change.before, &change.after],
            &change.after_unknown,
            [&change.before_sensitive, &change.after_sensitive],
        );
        let attributes = self.words.names(names.into_iter());
        let paths: BTreeSet<String> = change.replace_paths.iter().flatten().map(|path| show(path)).collect();
        Change {
            kind: self.words.keep(&kind.unwrap_or_default()),
            actions,
            deposed: deposed.filter(|key| !key.is_empty()).map(String::into_boxed_str),
            reason: action_reason.filter(|word| !word.is_empty()).map(|word| self.words.keep(&word)),
            moved_from: previous_address.filter(|from| *from != address).map(String::into_boxed_str),
            replace_paths: self.words.names(paths.iter().map(String::as_str).collect::<Vec<_>>().into_iter()),
            attributes,
            address,
        }
    }

    /// An element of `action_invocations`.
    pub(crate) fn invoke(&mut self, raw: Invocation) {
        let actions = Actions::default().with(Action::Invoke);
        self.plan.counts.add(actions);
        let kind = self.words.keep(&raw.kind.unwrap_or_default());
        self.plan.changes.push(Change { address: raw.address, kind, actions, ..Change::default() });
    }

    /// An entry of `output_changes`.
    pub(crate) fn output(&mut self, name: &str, raw: &Output) {
        match Actions::parse(&raw.actions) {
            None => self.unknown(format!("output.{name}"), &raw.actions),
            Some(actions) if actions.is_empty() => {}
            Some(_) => self.plan.outputs += 1,
        }
    }

    /// An element of `deferred_changes` or of `deferred_action_invocations`.
    pub(crate) fn deferred(&mut self, raw: PutOff) {
        let thing = raw.resource_change.or(raw.action_invocation);
        let address = thing.and_then(|thing| thing.address).unwrap_or_else(|| "(without an address)".into());
        let reason = self.words.keep(raw.reason.as_deref().unwrap_or("unknown"));
        self.plan.deferred.push(Deferred { address, reason });
    }

    /// An element of `checks`: the instances that failed, or the whole where none is told apart.
    pub(crate) fn check(&mut self, raw: RawCheck) {
        let failed = |check: &RawCheck| !matches!(check.status.as_str(), "pass" | "unknown");
        let before = self.plan.failed_checks.len();
        for check in raw.instances.iter().filter(|check| failed(check)) {
            let status = self.words.keep(&check.status);
            self.plan.failed_checks.push(Check { address: check.address.to_display.clone(), status });
        }
        if failed(&raw) && self.plan.failed_checks.len() == before {
            let status = self.words.keep(&raw.status);
            self.plan.failed_checks.push(Check { address: raw.address.to_display, status });
        }
    }

    fn unknown(&mut self, address: String, actions: &[String]) {
        self.plan.unknown.push(Unknown { address, actions: actions.join(", ") });
    }
}

/// A path into a resource, such as `root_block_device[0].volume_size`.
fn show(path: &[Value]) -> String {
    let mut text = String::new();
    for step in path {
        match step {
            Value::String(name) if text.is_empty() => text.push_str(name),
            Value::String(name) => text.extend([".", name]),
            Value::Number(index) => text.push_str(&format!("[{index}]")),
            _ => text.push_str("[?]"),
        }
    }
    text
}
