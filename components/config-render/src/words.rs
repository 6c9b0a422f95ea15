//! Puts values, problems and results into words. Never decides anything.

use lockstep_glue::words::{first_of, plural};
use lockstep_yaml::Value;

use crate::compare::{Effect, Plan};
use crate::problem::Problem;
use crate::render::Done;

/// The most rows that the table of the summary has.
const ROWS: usize = 50;

/// A scalar as it stands within a text.
///
/// # Errors
/// What the value is instead.
pub fn text_of(value: &Value) -> Result<String, &'static str> {
    match value {
        Value::String(text) | Value::Number(text) => Ok(text.clone()),
        Value::Bool(flag) => Ok(flag.to_string()),
        Value::Null => Err("null"),
        Value::Plain(_) => Err("a value that readers do not agree about"),
        Value::Sequence(_) => Err("a list"),
        Value::Mapping(_) => Err("a mapping"),
    }
}

/// `row 3`, `rows 1, 2, 3 and 9 more`.
#[must_use]
pub fn rows(numbers: &[u32]) -> String {
    let shown: Vec<String> = numbers.iter().take(5).map(u32::to_string).collect();
    match (numbers.len() - shown.len(), shown.as_slice()) {
        (0, [only]) => format!("row {only}"),
        (0, [most @ .., last]) => format!("rows {} and {last}", most.join(", ")),
        (more, shown) => format!("rows {} and {more} more", shown.join(", ")),
    }
}

/// `2 files created, 1 changed, 1 deleted, 40 unchanged`.
#[must_use]
pub fn heading(plan: &Plan) -> String {
    let [created, changed, deleted] = plan.counts();
    if created + changed + deleted == 0 {
        return format!("Nothing to change, {} as wanted", plural(plan.unchanged, "file"));
    }
    let created = plural(created, "file");
    format!("{created} created, {changed} changed, {deleted} deleted, {} unchanged", plan.unchanged)
}

/// Every file that is written or deleted, sorted, the list of owned files among them.
#[must_use]
pub fn files(done: &Done) -> Vec<String> {
    let list = done.new_list.as_ref().map(|_| &done.list);
    let writes = done.plan.writes.iter().map(|write| &write.path);
    let mut files: Vec<String> = writes.chain(&done.plan.removes).chain(list).cloned().collect();
    files.sort_unstable();
    files
}

/// The columns of the table.
#[must_use]
pub fn columns() -> Vec<String> {
    ["File", "What"].map(str::to_owned).to_vec()
}

/// One row for each file that changes, up to a limit; then one that says how many more there are.
#[must_use]
pub fn table(plan: &Plan) -> Vec<Vec<String>> {
    let writes = plan.writes.iter().map(|write| match write.effect {
        Effect::Created => (&write.path, "created"),
        Effect::Changed => (&write.path, "changed"),
    });
    let all = writes.chain(plan.removes.iter().map(|path| (path, "deleted")));
    let mut rows: Vec<_> = all.take(ROWS).map(|(path, what)| vec![path.clone(), what.to_owned()]).collect();
    let count = plan.writes.len() + plan.removes.len();
    if let Some(more) = count.checked_sub(ROWS).filter(|more| *more > 0) {
        rows.push(vec![format!("… and {more} more"), String::new()]);
    }
    rows
}

/// The one message for all problems: the first, and how many more were noted.
#[must_use]
pub fn problems(problems: &[Problem]) -> String {
    first_of(problems.iter().map(|problem| &problem.message), "problem")
}
