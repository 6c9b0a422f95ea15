//! Puts a run into words, for the log and the summary: names, types and counts. Never a value.

use lockstep_glue::words::{first_of, plural};
use lockstep_path::clip;

use crate::given::{Given, Item, State};
use crate::problem::Problem;
use crate::secret::Secrets;

/// The most rows that the table of the summary has.
const ROWS: usize = 50;
/// The most names in one sentence.
const NAMES: usize = 10;
/// The most problems that are noted one by one.
pub const NOTES: usize = 1_000;

/// `3 outputs, 1 of them sensitive`.
pub fn heading(given: &Given<'_>) -> String {
    let outputs = plural(given.items.len(), "output");
    match given.items.iter().filter(|item| item.sensitive).count() {
        0 => outputs,
        sensitive => format!("{outputs}, {sensitive} of them sensitive"),
    }
}

/// The columns of the table.
pub fn columns() -> Vec<String> {
    ["Output", "Type", "Sensitive", "Value"].map(str::to_owned).to_vec()
}

/// One row for each output, up to a limit; then one that says how many more there are.
pub fn rows(given: &Given<'_>) -> Vec<Vec<String>> {
    let row = |item: &Item<'_>| {
        let sensitive = if item.sensitive { "yes" } else { "" };
        vec![given.name(item), ty(item), sensitive.into(), state(item.state).into()]
    };
    let mut rows: Vec<_> = given.items.iter().take(ROWS).map(row).collect();
    if let Some(more) = given.items.len().checked_sub(ROWS).filter(|more| *more > 0) {
        let blank = String::new;
        rows.push(vec![format!("… and {more} more"), blank(), blank(), blank()]);
    }
    rows
}

fn ty(item: &Item<'_>) -> String {
    if item.ty.is_empty() {
        let kind = item.value.kind();
        return kind.split_once(' ').map_or(kind, |(_, noun)| noun).into();
    }
    clip(&item.ty, 40)
}

fn state(state: State) -> &'static str {
    match state {
        State::Present => "present",
        State::Null => "null",
        State::Absent => "absent",
        State::Default => "default",
    }
}

/// The warning that some secrets cannot be masked; nothing if all can.
pub fn short(secrets: &Secrets) -> Option<String> {
    let many = match secrets.short {
        0 => return None,
        1 => "1 sensitive value is".to_owned(),
        count => format!("{count} sensitive values are"),
    };
    let mut names: Vec<_> = secrets.short_in.iter().take(NAMES).map(|name| clip(name, 100)).collect();
    if let Some(more) = secrets.short_in.len().checked_sub(NAMES).filter(|more| *more > 0) {
        names.push(format!("{more} more"));
    }
    let outputs = if secrets.short_in.len() == 1 { "output" } else { "outputs" };
    let names = names.join(", ");
    Some(format!("{many} shorter than 4 bytes and cannot be masked in the log, in the {outputs} {names}"))
}

/// The one message for all problems: the first, and how many more were noted.
pub fn problems(problems: &[Problem]) -> String {
    first_of(problems.iter().map(|problem| &problem.message), "problem")
}
