//! Writes and recognises the commit messages of promotions. The same promotion gives the same message, so it has no time.

use crate::inputs::Request;
use crate::plan::Plan;

/// The trailer that identifies the promoted values.
const KEY: &str = "Promotion";
/// The trailer that names the source, on its own line.
const FROM: &str = "\nPromoted-From: ";
/// The number of values that a message lists.
const MAX_VALUES: usize = 100;

/// The message of a promotion, with trailers that stay in a squash. <https://git-scm.com/docs/git-interpret-trailers>
pub fn write(request: &Request, plan: &Plan, source: &str) -> String {
    let mut text = format!("{}\n\n", request.title);
    for change in plan.values.iter().take(MAX_VALUES) {
        let file = &change.file;
        let place = if change.path.is_empty() { file.clone() } else { format!("{file} {}", change.path) };
        let before = if change.before.is_empty() { "nothing" } else { &change.before };
        text += &format!("{}: {} -> {}\n", one_line(&place), one_line(before), one_line(&change.after));
    }
    if plan.values.len() > MAX_VALUES {
        text += &format!("and {} more\n", plan.values.len() - MAX_VALUES);
    }
    text += &format!("\n{KEY}: {}{FROM}{}@{source}\n", plan.key(), request.from);
    for target in &request.to {
        text += &format!("Promoted-To: {target}\n");
    }
    text
}

/// Whether a message is that of a promotion of the same values to the same targets.
pub fn has_key(message: &str, plan: &Plan) -> bool {
    let trailer = format!("{KEY}: {}", plan.key());
    message.lines().any(|line| line == trailer)
}

/// Whether a message is that of the same promotion from any commit.
pub fn is_same(message: &str, request: &Request, plan: &Plan) -> bool {
    let before_source = |message: &str| message.split(FROM).next().map(str::to_owned);
    before_source(message) == before_source(&write(request, plan, ""))
}

/// A text on one line.
pub fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}
