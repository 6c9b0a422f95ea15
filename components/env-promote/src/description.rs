//! Writes the description of a pull request, and reads from it which version an earlier run promoted. The same promotion gives
//! the same description.

use lockstep_sdk::forge::PullRequestContent;
use lockstep_sdk::text::plural;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::attempt::Attempt;
use crate::commit_message::one_line;
use crate::inputs::PullRequestOptions;
use crate::values::ValueChange;

/// The number of values and of superseded versions that a description lists.
const MAX_ITEMS: usize = 100;
/// The number of values that name a version.
const MAX_NAMED: usize = 3;
/// The bytes of the name of a version.
const MAX_NAME_BYTES: usize = 200;
/// The text around the mark.
const OPEN: &str = "<!-- lockstep:promotion ";
const CLOSE: &str = " -->";

/// The data about a promotion that a run leaves in a description for later runs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mark {
    /// The key of the plan.
    pub key: String,
    /// The digest of the inputs that appear in the pull request.
    content_digest: String,
    /// The name of the version: its values.
    pub version: String,
    /// The names of the versions that it supersedes.
    superseded: Vec<String>,
}

impl Mark {
    /// Reads the mark of a description; none if no run wrote it.
    #[must_use]
    pub fn read(body: &str) -> Option<Self> {
        let (_, rest) = body.rsplit_once(OPEN)?;
        let mark: Value = serde_json::from_str(rest.split_once(CLOSE)?.0).ok()?;
        let text = |name: &str| mark[name].as_str().map(str::to_owned);
        let superseded = mark["superseded"].as_array()?.iter().filter_map(Value::as_str).map(str::to_owned);
        Some(Self {
            key: text("key")?,
            content_digest: text("said")?,
            version: text("version")?,
            superseded: superseded.collect(),
        })
    }

    /// The mark of a promotion that follows an earlier one.
    #[must_use]
    pub fn new(attempt: &Attempt<'_>, options: &PullRequestOptions, before: Option<&Self>) -> Self {
        let content = format!("{:?}", (&attempt.request.title, &options.body, &options.labels));
        let content_digest =
            Sha256::digest(content).iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        let (key, version) = (attempt.plan.key(), version_name(&attempt.plan.values));
        let mut superseded: Vec<String> = Vec::new();
        if let Some(before) = before {
            superseded.clone_from(&before.superseded);
            superseded.extend(Some(before.version.clone()).filter(|_| before.key != key));
            superseded.retain(|name| *name != version);
            superseded.drain(..superseded.len().saturating_sub(MAX_ITEMS));
        }
        Self { key, content_digest, version, superseded }
    }

    /// Whether a pull request with this mark already has the content of the other one.
    #[must_use]
    pub fn has_same_content(&self, other: &Self) -> bool {
        (&self.key, &self.content_digest) == (&other.key, &other.content_digest)
    }

    /// The mark as a comment, which Markdown does not show.
    fn to_comment(&self) -> String {
        let Self { key, content_digest, version, superseded } = self;
        let mark = json!({"key": key, "said": content_digest, "version": version, "superseded": superseded});
        // No value may end the comment.
        let mark = mark.to_string().replace('<', "\\u003c").replace('>', "\\u003e");
        format!("{OPEN}{mark}{CLOSE}")
    }
}

/// The title, the description and the labels of a pull request.
#[must_use]
pub fn content(attempt: &Attempt<'_>, options: &PullRequestOptions, mark: &Mark) -> PullRequestContent {
    let Attempt { request, plan, .. } = attempt;
    let targets = request.to.iter().map(|to| format!("`{to}`")).collect::<Vec<_>>().join(", ");
    let default = || format!("Promotes `{}` to {targets}.", request.from);
    let mut body = options.body.clone().unwrap_or_else(default);
    body += "\n\n| File | Value | Before | After |\n|---|---|---|---|\n";
    for ValueChange { file, path, before, after, .. } in plan.values.iter().take(MAX_ITEMS) {
        let cells = [file, path, before, after].map(|text| code_cell(text));
        body += &format!("| {} |\n", cells.join(" | "));
    }
    if plan.values.len() > MAX_ITEMS {
        body += &format!("\nand {} more\n", plan.values.len() - MAX_ITEMS);
    }
    if !mark.superseded.is_empty() {
        body += "\nSupersedes:\n";
        mark.superseded.iter().for_each(|version| body += &format!("- {}\n", code_cell(version)));
    }
    body += &format!("\n{}\n", mark.to_comment());
    PullRequestContent { title: request.title.clone(), body, labels: options.labels.clone() }
}

/// The comment about a version that supersedes another one.
#[must_use]
pub fn superseded(before: &Mark, now: &Mark) -> String {
    format!("{} is superseded by {}.", code_cell(&before.version), code_cell(&now.version))
}

/// The name of a version: its first values.
fn version_name(changes: &[ValueChange]) -> String {
    let mut values: Vec<_> = changes.iter().map(|change| one_line(&change.after)).collect();
    values.dedup();
    let more = values.len().saturating_sub(MAX_NAMED);
    values.truncate(MAX_NAMED);
    let name = values.join(", ");
    let name = name[..name.floor_char_boundary(MAX_NAME_BYTES)].to_owned();
    if more > 0 { format!("{name} and {}", plural(more, "value")) } else { name }
}

/// Any text as code in a cell of a table. <https://spec.commonmark.org/0.31.2/#code-spans>
fn code_cell(text: &str) -> String {
    if text.is_empty() {
        return String::new();
    }
    let text = one_line(text).replace('|', "\\|");
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    let gap = if longest > 0 { " " } else { "" };
    format!("{fence}{gap}{text}{gap}{fence}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_value_ends_the_comment_of_a_mark() {
        let (version, superseded) = ("a --> b <!-- c".to_owned(), vec!["--> x".to_owned()]);
        let mark = Mark { key: "k".into(), content_digest: "s".into(), version, superseded };
        let body = format!("<!-- lockstep:promotion {{}} -->\ntext\n{}\n", mark.to_comment());
        assert_eq!(mark.to_comment().matches("-->").count(), 1, "{body}");
        assert_eq!(Mark::read(&body), Some(mark));
        assert_eq!(Mark::read("a text"), None);
    }

    #[test]
    fn a_cell_shows_any_text_as_code() {
        assert_eq!(code_cell("a|b"), "`a\\|b`");
        assert_eq!(code_cell("a`b``c"), "``` a`b``c ```");
        assert_eq!(code_cell("a\nb"), "`a b`");
    }
}
