//! Texts about a plan and its findings for the log and the summary.

use lockstep_sdk::FailureCode;
use lockstep_sdk::report::Table;
use lockstep_sdk::table as new_table;
use lockstep_sdk::text::{first_of, plural, with_hint};
use lockstep_sdk::types::Location;

use crate::action::{Action, Counts};
use crate::evaluate::{Evaluation, Finding, Problem, TooMany, total};
use crate::failure::Error;
use crate::outcome::Outcome;
use crate::plan::{Change, Names, Plan};
use crate::policy::{Counted, Policy};
use crate::reasons;
use crate::require::Requirement;
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

/// `Plan: 3 to create, 1 to delete`, or `2 plans: 3 to create`.
pub fn heading(plans: &[Plan]) -> String {
    let name = if plans.len() == 1 { "Plan".into() } else { plural(plans.len(), "plan") };
    let outputs = plans.iter().map(|plan| plan.outputs.len()).sum();
    format!("{name}: {}", counts(&total(plans), outputs))
}

/// `3 to create, 1 to delete`.
fn counts(counts: &Counts, outputs: usize) -> String {
    let count = |&(action, word): &(Action, &str)| match counts.of(action) {
        0 => None,
        count => Some(format!("{count} {word}")),
    };
    let mut texts: Vec<String> = COUNTS.iter().filter_map(count).collect();
    if outputs > 0 {
        texts.push(format!("{} to change", plural(outputs, "output")));
    }
    if texts.is_empty() { "nothing to change".into() } else { texts.join(", ") }
}

/// The verdict and the number of findings, such as `Verdict: fail, 2 violations, 1 warning`.
pub fn verdict(evaluation: &Evaluation<'_>, policy: &Policy) -> String {
    let verdict = match (evaluation.violations.is_empty(), policy.has_rules()) {
        (false, _) => "fail",
        (true, true) => "pass",
        (true, false) => "no rule was given",
    };
    let counts = [(evaluation.violations.len(), "violation"), (evaluation.warnings.len(), "warning")];
    let counts = counts.into_iter().filter(|&(count, _)| count > 0);
    counts
        .fold(format!("Verdict: {verdict}"), |text, (count, word)| format!("{text}, {}", plural(count, word)))
}

/// The note about a policy without a rule.
pub const NO_RULE: &str =
    "no rule was given: without `allow`, `deny`, `max` and `require`, every complete plan passes";

/// A finding, as a lower-case fragment.
pub fn finding(finding: &Finding<'_>) -> String {
    match &finding.problem {
        Problem::Errored => "planning ended in an error, so the plan is only a part".into(),
        Problem::Incomplete => "the plan is incomplete: another plan is necessary after it".into(),
        Problem::Deferred(deferred) => {
            format!("{} is deferred: {}", clip(&deferred.address), reasons::deferred(&deferred.reason))
        }
        Problem::UnknownActions(unknown) => {
            format!("{} has unknown actions: [{}]", clip(&unknown.address), clip(&unknown.actions))
        }
        Problem::Denied(change, action, rule) => {
            format!("{} is denied by `{}`", describe(change, *action), clip(&rule.to_string()))
        }
        Problem::NotAllowed(change, action) => format!("{} is not allowed", describe(change, *action)),
        Problem::TooMany(TooMany { limit, count, first }) => {
            let replaced = first.iter().any(|change| change.actions.contains(Action::Replace));
            let with = limit.counted == Counted::DeleteOrReplace && replaced;
            format!(
                "`{}`{} occurs {} and `max` allows {}: {}",
                limit.counted,
                if with { " (with replacements)" } else { "" },
                plural(*count as usize, "time"),
                limit.maximum,
                addresses(finding)
            )
        }
        Problem::Unmet(unmet, requirement) => {
            let (address, rule) = (clip(&unmet.address), clip(&requirement.to_string()));
            format!("{address} violates `{rule}`: {}", outcome(unmet.outcome, requirement))
        }
        Problem::Uncompared(uncompared, requirement) => {
            let more = match uncompared.count - 1 {
                0 => String::new(),
                more => format!(" and {}", plural(more, "more resource")),
            };
            let (address, rule) = (clip(&uncompared.first), clip(&requirement.to_string()));
            format!(
                "`{rule}` is not checked for {address}{more}: {}",
                outcome(uncompared.outcome, requirement)
            )
        }
        Problem::Check(check) if &*check.status == "fail" => {
            format!("the check {} failed", clip(&check.address))
        }
        Problem::Check(check) => {
            format!("the check {} has the status `{}`", clip(&check.address), clip(&check.status))
        }
        Problem::Drift(change) => {
            let verb = if change.actions.contains(Action::Delete) { "was deleted" } else { "changed" };
            let names = match names(&change.attributes) {
                names if names.is_empty() => names,
                names => format!(": {names}"),
            };
            format!("{} {verb} outside of Terraform{names}", address(change))
        }
        Problem::Unmatched(pattern) => {
            let object = if pattern.is_about_outputs() { "output" } else { "type and no address" };
            format!("`{}` of `{}` matches no {object} of the plan", clip(&pattern.entry), pattern.input)
        }
        Problem::NoAttribute(requirement, count) => format!(
            "`{}` of `require` checks nothing: {} of a matching type, and none has the attribute",
            clip(&requirement.to_string()),
            match count {
                1 => "there is 1 changed resource".into(),
                count => format!("there are {count} changed resources"),
            }
        ),
    }
}

/// What is wrong with an attribute, without its value.
fn outcome(outcome: Outcome, requirement: &Requirement) -> String {
    let path = clip(&requirement.path);
    match outcome {
        Outcome::Missing => format!("it has no `{path}`"),
        Outcome::Differs => format!("its `{path}` has another value"),
        Outcome::Excluded => format!("its `{path}` has this value"),
        Outcome::NotComparable => format!("`{path}` does not lead to a text, a number or a bool"),
        Outcome::Unknown => format!("`{path}` is not known before apply"),
        Outcome::Sensitive => format!("`{path}` is sensitive, and the step compares no secrets"),
        Outcome::Holds | Outcome::NoAttribute => String::new(),
    }
}

/// The first addresses that a limit is about.
fn addresses(finding: &Finding<'_>) -> String {
    let Problem::TooMany(many) = &finding.problem else { return String::new() };
    let mut names: Vec<String> = many.first.iter().map(|change| address(change)).collect();
    if let Some(more) = (many.count as usize).checked_sub(names.len()).filter(|more| *more > 0) {
        names.push(format!("and {more} more"));
    }
    names.join(", ")
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
    Some(match &finding.problem {
        Problem::NotAllowed(change, action) => {
            format!("to allow it, add `{action}:{}` to `allow`", clip(&change.address))
        }
        Problem::Denied(change, ..) if &*change.kind == "output" => {
            "keep the output for those who read it, or change this entry of `deny`".into()
        }
        Problem::Denied(..) => "if it is meant, change this entry of `deny`".into(),
        Problem::TooMany(many) => format!("if it is meant, set `{}={}`", many.limit.counted, many.count),
        Problem::Errored => "fix the error that `plan` printed, and plan again".into(),
        Problem::Incomplete => "run `plan` again without `-target` until the plan is complete".into(),
        Problem::Deferred(_) => "apply what it waits for, and plan again".into(),
        Problem::UnknownActions(_) => "use a newer version of Lockstep".into(),
        Problem::Unmet(unmet, requirement) if unmet.outcome == Outcome::NotComparable => {
            format!("name a part of `{}`, or require only that it exists", clip(&requirement.path))
        }
        Problem::Unmet(_, requirement) => format!("set `{}` in the configuration", clip(&requirement.path)),
        Problem::Uncompared(..) => "`on-unknown` decides whether this rejects the plan".into(),
        Problem::Check(_) => "fix what the check is about, or set `on-checks` to `warn`".into(),
        Problem::Drift(_) => {
            "accept it with `apply -refresh-only`, undo it, or set `on-drift` to `warn`".into()
        }
        Problem::Unmatched(pattern) => pattern.hint(),
        Problem::NoAttribute(..) => "check the name of the attribute".into(),
    })
}

/// A warning with its next act if the policy is at fault, as a lower-case fragment.
pub fn warning(one: &Finding<'_>) -> String {
    let is_about_policy = one.plan.is_none();
    with_hint(&finding(one), hint(one).filter(|_| is_about_policy).as_deref())
}

/// The place of a finding, if there are several plans.
pub fn location(finding: &Finding<'_>, plans: &[Plan]) -> Option<Location> {
    let plan = finding.plan.filter(|_| plans.len() > 1)?;
    Some(Location { path: plan.path.clone(), line: None, column: None })
}

/// The error of rejected plans: the first violation, and how many more there are. None without violations.
pub fn rejection(violations: &[Finding<'_>], plans: &[Plan]) -> Option<Error> {
    let first = violations.first()?;
    let error = Error::new(first.code(), first_of(violations.iter().map(finding), "reason"));
    Some(Error { hint: hint(first), location: location(first, plans), ..error })
}

/// The findings as a table.
pub fn findings(
    title: &str,
    all: &[Finding<'_>],
    plans: &[Plan],
    text: impl Fn(&Finding<'_>) -> String,
) -> Option<Table> {
    let row = |one: &Finding<'_>| {
        let path = one.plan.map_or_else(String::new, |plan| plan.path.clone());
        (path, vec![one.code().name().to_owned(), text(one)])
    };
    table(["Code", title], all, plans, row)
}

/// The changes of the plans as a table, the most dangerous first, and then the outputs.
pub fn changes(plans: &[Plan]) -> Option<Table> {
    let of = |list: fn(&Plan) -> &[Change]| {
        let mut all: Vec<(&Plan, &Change)> =
            plans.iter().flat_map(|plan| list(plan).iter().map(move |change| (plan, change))).collect();
        all.sort_by_key(|(_, change)| change.actions.iter().next());
        all
    };
    let all = [of(|plan| &plan.changes), of(|plan| &plan.outputs)].concat();
    let row = |(plan, change): &(&Plan, &Change)| {
        let actions: Vec<&str> = change.actions.iter().map(Action::name).collect();
        let cells = vec![address(change), actions.join(", "), reason(change), names(&change.attributes)];
        (plan.path.clone(), cells)
    };
    table(["Address", "Action", "Why", "Attributes"], &all, plans, row)
}

/// The plans as a table. None for a single plan.
pub fn plans(plans: &[Plan], evaluation: &Evaluation<'_>) -> Option<Table> {
    let row = |plan: &Plan| {
        let changes = counts(&plan.counts, plan.outputs.len());
        (plan.path.clone(), vec![changes, evaluation.violations_of(plan).to_string()])
    };
    table(["Changes", "Violations"], plans, plans, row).filter(|_| plans.len() > 1)
}

/// A table of the first rows, and a last row with the number of the others. None without rows. If there are several plans, the
/// path of the plan is the first cell of each row.
fn table<T, const N: usize>(
    columns: [&str; N],
    all: &[T],
    plans: &[Plan],
    row: impl Fn(&T) -> (String, Vec<String>),
) -> Option<Table> {
    let has_plans = plans.len() > 1;
    let row = |one: &T| {
        let (path, cells) = row(one);
        let path = has_plans.then(|| clip(&path));
        path.into_iter().chain(cells).collect()
    };
    let columns: Vec<&str> = has_plans.then_some("Plan").into_iter().chain(columns).collect();
    let mut rows: Vec<Vec<String>> = all.iter().take(MAX_ROWS).map(row).collect();
    if let Some(more) = all.len().checked_sub(MAX_ROWS).filter(|more| *more > 0) {
        let mut last = vec![String::new(); columns.len()];
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
