//! Small texts that several renderings share.

use super::Renderer;
use crate::report::Location;

/// What a step reports in a dry run is the report of a real run.
pub(super) const WITHOUT_DRY_RUN: &str = "without the dry run, the step would report:";

/// `path:line:column: `, without the unknown parts.
pub(super) fn place(r: &Renderer, at: Option<&Location>) -> String {
    let Some(at) = at else { return String::new() };
    let number = |n: Option<u32>| n.map_or(String::new(), |n| format!(":{n}"));
    let column = at.column.filter(|_| at.line.is_some());
    format!("{}{}{}: ", r.clean(&at.path), number(at.line), number(column))
}

/// A number with a comma before each three digits.
pub(super) fn count(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}
