//! Puts a plan and what speaks against it into words, for the log and the summary. Never decides anything.

use lockstep_glue::words::{first_of, plural};

use crate::action::Action;
use crate::judge::{Finding, Verdict};
use crate::plan::{Change, Names, Plan};
use crate::policy::BadInput;
use crate::reason;

/// The most rows that a table of the summary has.
const ROWS: usize = 100;

/// The most characters of one text of the plan.
const LENGTH: usize = 300;

/// The order in which people expect the counts.
const ORDER: [(Action, &str); 9] = [
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

/// A table as the summary has it.
#[derive(Debug, PartialEq, Eq)]
pub struct Table {
    /// The headings of its columns.
    pub columns: Vec<String>,
    /// Its rows.
    pub rows: Vec<Vec<String>>,
}

/// `Plan: 3 to create, 1 to delete`.
pub fn heading(plan: &Plan) -> String {
    let count = |&(action, word): &(Action, &str)| match plan.counts.of(action) {
        0 => None,
        count => Some(format!("{count} {word}")),
    };
    let mut counts: Vec<String> = ORDER.iter().filter_map(count).collect();
    if plan.outputs > 0 {
        counts.push(format!("{} to change", plural(plan.outputs as usize, "output")));
    }
    match counts.is_empty() {
        true => "Plan: nothing to change".into(),
        false => format!("Plan: {}", counts.join(", ")),
    }
}

/// One sentence with the verdict.
pub fn verdict(verdict: &Verdict<'_>) -> String {
    let warnings = match verdict.warnings.len() {
        0 => String::new(),
        count => format!(" There {} {}.", if count == 1 { "is" } else { "are" }, plural(count, "warning")),
    };
    match verdict.violations.len() {
        0 => format!("The gate says yes.{warnings}"),
        1 => format!("The gate says no, for one reason.{warnings}"),
        count => format!("The gate says no, for {count} reasons.{warnings}"),
    }
}

/// One finding, as a lower-case fragment.
pub fn finding(finding: &Finding<'_>) -> String {
    match finding {
        Finding::Errored => "planning ended in an error, so the plan holds only a part".into(),
        Finding::Incomplete => {
            "the plan says of itself that it is not complete: there is more to do after it".into()
        }
        Finding::Deferred(deferred) => {
            format!("{} is deferred: {}", clip(&deferred.address), reason::deferred(&deferred.reason))
        }
        Finding::Unknown(unknown) => {
            format!("{} has actions that are not known: [{}]", clip(&unknown.address), clip(&unknown.actions))
        }
        Finding::Denied(change, action, rule) => {
            format!("{} is denied by `{}`", what(change, *action), clip(&rule.to_string()))
        }
        Finding::NotAllowed(change, action) => format!("{} is not allowed", what(change, *action)),
        Finding::TooMany(action, count, bound) => {
            format!("{count} times {action}, and at most {bound} is allowed")
        }
        Finding::Check(check) if &*check.status == "fail" => {
            format!("the check {} failed", clip(&check.address))
        }
        Finding::Check(check) => {
            format!("the check {} has the status `{}`", clip(&check.address), clip(&check.status))
        }
        Finding::Drift(change) => {
            let happened = if change.actions.contains(Action::Delete) { "was deleted" } else { "changed" };
            let names = match names(&change.attributes) {
                names if names.is_empty() => names,
                names => format!(": {names}"),
            };
            format!("{} {happened} outside of Terraform{names}", address(change))
        }
    }
}

/// `delete of aws_instance.web (not in the configuration)`.
fn what(change: &Change, action: Action) -> String {
    let why = why(change);
    let why = if why.is_empty() { why } else { format!(" ({why})") };
    format!("{action} of {}{why}", address(change))
}

/// The next act after this finding, if there is one.
pub fn hint(finding: &Finding<'_>) -> Option<String> {
    match finding {
        Finding::NotAllowed(change, action) => {
            Some(format!("if it is meant, allow `{action}:{}`", clip(&change.address)))
        }
        Finding::Errored | Finding::Incomplete | Finding::Deferred(_) => {
            Some("plan again without `-target`, until the plan is whole".into())
        }
        _ => None,
    }
}

/// The one message for all violations: the first, and how many more were noted.
pub fn failure(violations: &[Finding<'_>]) -> String {
    first_of(violations.iter().map(finding), "reason")
}

/// The findings as a table.
pub fn findings(title: &str, all: &[Finding<'_>]) -> Option<Table> {
    let row = |one: &Finding<'_>| vec![one.code().to_owned(), finding(one)];
    table(["Code", title], all, row)
}

/// What the plan does as a table, the most dangerous first.
pub fn changes(plan: &Plan) -> Option<Table> {
    let mut all: Vec<&Change> = plan.changes.iter().collect();
    all.sort_by_key(|change| change.actions.iter().next());
    let row = |change: &&Change| {
        let actions: Vec<&str> = change.actions.iter().map(Action::name).collect();
        vec![address(change), actions.join(", "), why(change), names(&change.attributes)]
    };
    table(["Address", "Action", "Why", "Attributes"], &all, row)
}

fn table<T, const N: usize>(columns: [&str; N], all: &[T], row: impl Fn(&T) -> Vec<String>) -> Option<Table> {
    let mut rows: Vec<Vec<String>> = all.iter().take(ROWS).map(row).collect();
    if let Some(more) = all.len().checked_sub(ROWS).filter(|more| *more > 0) {
        let mut last = vec![String::new(); N];
        last[0] = format!("… and {more} more");
        rows.push(last);
    }
    (!rows.is_empty()).then(|| Table { columns: columns.map(str::to_owned).to_vec(), rows })
}

fn address(change: &Change) -> String {
    match &change.deposed {
        Some(key) => format!("{} (deposed {})", clip(&change.address), clip(key)),
        None => clip(&change.address),
    }
}

fn why(change: &Change) -> String {
    let mut parts = Vec::new();
    parts.extend(change.reason.as_deref().map(reason::action));
    let paths = names(&change.replace_paths);
    parts.extend((!paths.is_empty()).then(|| format!("because of {paths}")));
    parts.extend(change.moved_from.as_deref().map(|from| format!("moved from {}", clip(from))));
    parts.join("; ")
}

fn names(names: &Names) -> String {
    let mut text: Vec<String> = names.shown.iter().map(|name| clip(name)).collect();
    if names.more > 0 {
        text.push(format!("and {} more", names.more));
    }
    text.join(", ")
}

/// A text of the plan, short enough for a line.
pub(crate) fn clip(text: &str) -> String {
    clip_at(text, LENGTH)
}

/// At most `limit` characters of a text. The ellipsis tells the host where a piece of a secret may stand.
pub(crate) fn clip_at(text: &str, limit: usize) -> String {
    match text.char_indices().nth(limit) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// The one message for entries that cannot be read.
pub fn bad_inputs(problems: &[BadInput]) -> String {
    first_of(problems, "problem")
}
