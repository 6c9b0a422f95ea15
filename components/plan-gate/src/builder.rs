//! Builds the plan from the parts of its JSON, and drops the values of attributes.

use std::collections::BTreeSet;
use std::rc::Rc;

use serde_json::Value;

use crate::action::{Action, Actions};
use crate::attributes::changed;
use crate::inspection::Inspection;
use crate::plan::{Change, Deferred, FailedCheck, MAX_NAMES, Names, Plan, UnknownActions};
use crate::plan_json::{
    ActionInvocation, CheckResult, DeferredChange, OutputChange, ResourceChange, ResourceWithValues,
};
use crate::policy::OUTPUT;
use crate::pulumi::{Diagnostic, Preview, type_of};
use crate::reasons::UNKNOWN_OUTPUT;

/// A plan under construction.
#[derive(Debug, Default)]
pub(crate) struct PlanBuilder {
    pub(crate) plan: Plan,
    pub(crate) preview: Preview,
    interner: Interner,
}

/// Keeps each of the texts that repeat in a plan once.
#[derive(Debug, Default)]
struct Interner(BTreeSet<Rc<str>>);

impl Interner {
    fn intern(&mut self, text: &str) -> Rc<str> {
        if let Some(interned) = self.0.get(text) {
            return Rc::clone(interned);
        }
        let interned: Rc<str> = text.into();
        self.0.insert(Rc::clone(&interned));
        interned
    }

    fn names<'a>(&mut self, all: impl ExactSizeIterator<Item = &'a str>) -> Names {
        let more = all.len().saturating_sub(MAX_NAMES);
        Names { first: all.take(MAX_NAMES).map(|name| self.intern(name)).collect(), more }
    }
}

impl PlanBuilder {
    /// Adds an element of `resource_changes`.
    pub(crate) fn add_resource(&mut self, raw: ResourceChange, inspection: &mut Inspection<'_>) {
        inspection.see(&raw);
        if let Some((address, actions)) = self.add_change(raw) {
            self.add_unknown(address, &actions);
        }
    }

    /// Adds an element of `resource_changes`, and checks the values of its attributes.
    pub(crate) fn add_with_values(&mut self, raw: ResourceWithValues, inspection: &mut Inspection<'_>) {
        let created = |actions: Actions| {
            let checked = [Action::Create, Action::Update, Action::Replace, Action::Import];
            checked.into_iter().any(|action| actions.contains(action))
        };
        if actions_of(&raw.resource).is_some_and(created) {
            inspection.check(&mut self.plan, &raw);
        }
        self.add_resource(raw.resource, inspection);
    }

    /// Adds a change, or returns address and actions of one whose actions are unknown.
    fn add_change(&mut self, raw: ResourceChange) -> Option<(String, Vec<String>)> {
        let Some(actions) = actions_of(&raw) else {
            return Some((raw.address, raw.change.actions));
        };
        if !actions.is_empty() {
            self.plan.counts.add(actions);
            let change = self.change(raw, actions);
            self.plan.changes.push(change);
        }
        None
    }

    /// Adds an element of `resource_drift`. An unknown action counts as an update.
    pub(crate) fn add_drift(&mut self, raw: ResourceChange) {
        let actions = Actions::parse(&raw.change.actions).unwrap_or(Actions::default().with(Action::Update));
        if !actions.is_empty() {
            let change = self.change(raw, actions);
            self.plan.drift.push(change);
        }
    }

    fn change(&mut self, raw: ResourceChange, actions: Actions) -> Change {
        let ResourceChange { address, previous_address, kind, deposed, action_reason, change } = raw;
        let names = changed(
            [&change.before, &change.after],
            &change.after_unknown,
            [&change.before_sensitive, &change.after_sensitive],
        );
        let attributes = self.interner.names(names.into_iter());
        let paths: BTreeSet<String> =
            change.replace_paths.iter().flatten().map(|path| format_path(path)).collect();
        Change {
            kind: self.interner.intern(&kind.unwrap_or_default()),
            actions,
            deposed: deposed.filter(|key| !key.is_empty()).map(String::into_boxed_str),
            reason: action_reason
                .filter(|reason| !reason.is_empty())
                .map(|reason| self.interner.intern(&reason)),
            moved_from: previous_address.filter(|from| *from != address).map(String::into_boxed_str),
            replace_paths: self
                .interner
                .names(paths.iter().map(String::as_str).collect::<Vec<_>>().into_iter()),
            attributes,
            address,
        }
    }

    /// Adds an element of `action_invocations`.
    pub(crate) fn add_invocation(&mut self, raw: ActionInvocation) {
        let actions = Actions::default().with(Action::Invoke);
        self.plan.counts.add(actions);
        let kind = self.interner.intern(&raw.kind.unwrap_or_default());
        self.plan.changes.push(Change { address: raw.address, kind, actions, ..Change::default() });
    }

    /// Adds an entry of `output_changes`.
    pub(crate) fn add_output(&mut self, name: &str, raw: &OutputChange, inspection: &mut Inspection<'_>) {
        let address = format!("{OUTPUT}{name}");
        inspection.coverage.see_output(&address);
        match Actions::parse(&raw.actions) {
            None => self.add_unknown(address, &raw.actions),
            Some(actions) if actions.is_empty() => {}
            Some(actions) => {
                let kind = self.interner.intern("output");
                let reason = raw.after_unknown.0.then(|| self.interner.intern(UNKNOWN_OUTPUT));
                self.plan.outputs.push(Change { address, kind, actions, reason, ..Change::default() });
            }
        }
    }

    /// Adds an element of `deferred_changes` or of `deferred_action_invocations`.
    pub(crate) fn add_deferred(&mut self, raw: DeferredChange) {
        let object = raw.resource_change.or(raw.action_invocation);
        let address =
            object.and_then(|object| object.address).unwrap_or_else(|| "(without an address)".into());
        let reason = self.interner.intern(raw.reason.as_deref().unwrap_or("unknown"));
        self.plan.deferred.push(Deferred { address, reason });
    }

    /// Adds an element of `checks`: its failed instances, or the check itself if it failed and no instance did.
    pub(crate) fn add_check(&mut self, raw: CheckResult) {
        let failed = |check: &CheckResult| !matches!(check.status.as_str(), "pass" | "unknown");
        let before = self.plan.failed_checks.len();
        for check in raw.instances.iter().filter(|check| failed(check)) {
            let status = self.interner.intern(&check.status);
            self.plan.failed_checks.push(FailedCheck { address: check.address.to_display.clone(), status });
        }
        if failed(&raw) && self.plan.failed_checks.len() == before {
            let status = self.interner.intern(&raw.status);
            self.plan.failed_checks.push(FailedCheck { address: raw.address.to_display, status });
        }
    }

    /// Adds an element of `diagnostics` of a preview.
    pub(crate) fn add_diagnostic(&mut self, raw: &Diagnostic) {
        self.plan.errored |= raw.severity == "error";
    }

    /// Adds the resources of a preview of Pulumi. Their addresses are URNs.
    pub(crate) fn finish_preview(&mut self, inspection: &mut Inspection<'_>) {
        let preview = std::mem::take(&mut self.preview);
        if preview.lacks_steps() {
            self.plan.complete = Some(false);
        }
        for (address, resource) in preview.into_resources(inspection) {
            if !resource.unknown.is_empty() {
                self.add_unknown(address.clone(), &resource.unknown);
            }
            if resource.actions.is_empty() {
                continue;
            }
            self.plan.counts.add(resource.actions);
            let kind = self.interner.intern(type_of(&address));
            let attributes = self.interner.names(resource.attributes.iter().map(String::as_str));
            let replace_paths = self.interner.names(resource.replace_reasons.iter().map(String::as_str));
            let actions = resource.actions;
            let change = Change { address, kind, actions, attributes, replace_paths, ..Change::default() };
            self.plan.changes.push(change);
        }
    }

    fn add_unknown(&mut self, address: String, actions: &[String]) {
        self.plan.unknown.push(UnknownActions { address, actions: actions.join(", ") });
    }
}

/// The actions on a resource, empty if the plan does not touch it. None if they are unknown.
fn actions_of(raw: &ResourceChange) -> Option<Actions> {
    let mut actions = Actions::parse(&raw.change.actions)?;
    if raw.change.importing.is_some() {
        actions = actions.with(Action::Import);
    }
    if raw.previous_address.as_ref().is_some_and(|from| *from != raw.address) {
        actions = actions.with(Action::Move);
    }
    Some(actions)
}

/// A path into a resource, such as `root_block_device[0].volume_size`.
fn format_path(path: &[Value]) -> String {
    let mut text = String::new();
    for segment in path {
        match segment {
            Value::String(name) if text.is_empty() => text.push_str(name),
            Value::String(name) => text.extend([".", name]),
            Value::Number(index) => text.push_str(&format!("[{index}]")),
            _ => text.push_str("[?]"),
        }
    }
    text
}
