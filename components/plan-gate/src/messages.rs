//! Texts about a plan and its findings for the log and the summary.

use lockstep_sdk::FailureCode;
use lockstep_sdk::report::Table;
use lockstep_sdk::table as new_table;
use lockstep_sdk::text::{first_of, plural};

use crate::action::Action;
use crate::evaluate::{Evaluation, Finding};
use crate::failure::Error;
use crate::plan::{Change, Names, Plan};
use crate::reasons;
use crate::text::clip;

/// How many rows a table of the summary has at most.
const MAX_ROWS: usize = 100;

/// The counts of the heading, in the order in which people expect them.
const COUNTS: [(Action, &str); 9] = [
    (Action::Create, "to create"),
    (Action::Update, "to update"),
    (Action::Replace, "to replace"),
    (Action::Delete, "to delete"),
    (Action::Forget, "to forget"),
    (Action::Import, "to import"),
    (Action::Move, "to move"),
    (Action::Read, "to read"),
    (Action::Invoke, "to invoke"),
];

/// `Plan: 3 to create, 1 to delete`.
pub fn heading(plan: &Plan) -> String {
    let count = |&(action, word): &(Action, &str)| match plan.counts.of(action) {
        0 => None,
        count => Some(format!("{count} {word}")),
    };
    let mut counts: Vec<String> = COUNTS.iter().filter_map(count).collect();
    if plan.outputs > 0 {
        counts.push(format!("{} to change", plural(plan.outputs as usize, "output")));
    }
    match counts.is_empty() {
        true => "Plan: nothing to change".into(),
        false => format!("Plan: {}", counts.join(", ")),
    }
}

/// The verdict and the number of findings, such as `Verdict: fail, 2 violations, 1 warning`.
pub fn verdict(evaluation: &Evaluation<'_>) -> String {
    let verdict = if evaluation.violations.is_empty() { "pass" } else { "fail" };
    let counts = [(evaluation.violations.len(), "violation"), (evaluation.warnings.len(), "warning")];
    let counts = counts.into_iter().filter(|&(count, _)| count > 0);
    counts
        .fold(format!("Verdict: {verdict}"), |text, (count, word)| format!("{text}, {}", plural(count, word)))
}

/// A finding, as a lower-case fragment.
pub fn finding(finding: &Finding<'_>) -> String {
    match finding {
        Finding::Errored => "planning ended in an error, so the plan is only a part".into(),
        Finding::Incomplete => "the plan is incomplete: another plan is necessary after it".into(),
        Finding::Deferred(deferred) => {
            format!("{} is deferred: {}", clip(&deferred.address), reasons::deferred(&deferred.reason))
        }
        Finding::UnknownActions(unknown) => {
            format!("{} has unknown actions: [{}]", clip(&unknown.address), clip(&unknown.actions))
        }
        Finding::Denied(change, action, rule) => {
            format!("{} is denied by `{}`", describe(change, *action), clip(&rule.to_string()))
        }
        Finding::NotAllowed(change, action) => format!("{} is not allowed", describe(change, *action)),
        Finding::TooMany(action, count, maximum) => {
            format!("`{action}` occurs {} and `max` allows {maximum}", plural(*count as usize, "time"))
        }
        Finding::Check(check) if &*check.status == "fail" => {
            format!("the check {} failed", clip(&check.address))
        }
        Finding::Check(check) => {
            format!("the check {} has the status `{}`", clip(&check.address), clip(&check.status))
        }
        Finding::Drift(change) => {
            let verb = if change.actions.contains(Action::Delete) { "was deleted" } else { "changed" };
            let names = match names(&change.attributes) {
                names if names.is_empty() => names,
                names => format!(": {names}"),
            };
            format!("{} {verb} outside of Terraform{names}", address(change))
        }
    }
}

/// `delete of aws_instance.web (not in the configuration)`.
fn describe(change: &Change, action: Action) -> String {
    let reason = match reason(change) {
        reason if reason.is_empty() => reason,
        reason => format!(" ({reason})"),
    };
    format!("{action} of {}{reason}", address(change))
}

/// The next act for a finding, if there is one.
pub fn hint(finding: &Finding<'_>) -> Option<String> {
    match finding {
        Finding::NotAllowed(change, action) => {
            Some(format!("to allow it, add `{action}:{}` to `allow`", clip(&change.address)))
        }
        Finding::Errored | Finding::Incomplete | Finding::Deferred(_) => {
            Some("run `plan` again without `-target` until the plan is complete".into())
        }
        _ => None,
    }
}

/// The error of a rejected plan: the first violation, and how many more there are. None without violations.
pub fn rejection(violations: &[Finding<'_>]) -> Option<Error> {
    let first = violations.first()?;
    let error = Error::new(first.code(), first_of(violations.iter().map(finding), "reason"));
    Some(Error { hint: hint(first), ..error })
}

/// The findings as a table.
pub fn findings(title: &str, all: &[Finding<'_>]) -> Option<Table> {
    let row = |one: &Finding<'_>| vec![one.code().name().to_owned(), finding(one)];
    table(["Code", title], all, row)
}

/// The changes of the plan as a table, the most dangerous first.
pub fn changes(plan: &Plan) -> Option<Table> {
    let mut all: Vec<&Change> = plan.changes.iter().collect();
    all.sort_by_key(|change| change.actions.iter().next());
    let row = |change: &&Change| {
        let actions: Vec<&str> = change.actions.iter().map(Action::name).collect();
        vec![address(change), actions.join(", "), reason(change), names(&change.attributes)]
    };
    table(["Address", "Action", "Why", "Attributes"], &all, row)
}

/// A table of the first rows, and a last row with the number of the others. None without rows.
fn table<T, const N: usize>(columns: [&str; N], all: &[T], row: impl Fn(&T) -> Vec<String>) -> Option<Table> {
    let mut rows: Vec<Vec<String>> = all.iter().take(MAX_ROWS).map(row).collect();
    if let Some(more) = all.len().checked_sub(MAX_ROWS).filter(|more| *more > 0) {
        let mut last = vec![String::new(); N];
        last[0] = format!("… and {more} more");
        rows.push(last);
    }
    (!rows.is_empty()).then(|| new_table(&columns, rows))
}

fn address(change: &Change) -> String {
    match &change.deposed {
        Some(key) => format!("{} (deposed {})", clip(&change.address), clip(key)),
        None => clip(&change.address),
    }
}

fn reason(change: &Change) -> String {
    let mut parts = Vec::new();
    parts.extend(change.reason.as_deref().map(reasons::action));
    let paths = names(&change.replace_paths);
    parts.extend((!paths.is_empty()).then(|| format!("because of {paths}")));
    parts.extend(change.moved_from.as_deref().map(|from| format!("moved from {}", clip(from))));
    parts.join("; ")
}

fn names(names: &Names) -> String {
    let mut text: Vec<String> = names.first.iter().map(|name| clip(name)).collect();
    if names.more > 0 {
        text.push(format!("and {} more", names.more));
    }
    text.join(", ")
}
