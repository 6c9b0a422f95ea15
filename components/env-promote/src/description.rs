//! What a pull request says of a promotion, and what can be read from it again: which version it is, and which ones it has
//! taken the place of. Never says anything that a second run would say in another way.

use lockstep_glue::words::plural;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::host::Proposal;
use crate::message::plain;
use crate::plan::{Move, Plan};
use crate::settings::{Propose, Settings};

/// The most values that it lists, and versions that it remembers.
const MOST: usize = 100;
/// What stands around the part that is read again.
const OPEN: &str = "<!-- lockstep:promotion ";
const CLOSE: &str = " -->";

/// What an earlier run has left in a description.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mark {
    /// Which version it promotes.
    pub key: String,
    /// What the inputs say of it.
    said: String,
    /// The version in a few words.
    pub version: String,
    /// The versions that it has taken the place of.
    superseded: Vec<String>,
}

impl Mark {
    /// Reads the mark of a description; none if no run has written it.
    #[must_use]
    pub fn read(body: &str) -> Option<Self> {
        let (_, rest) = body.rsplit_once(OPEN)?;
        let mark: Value = serde_json::from_str(rest.split_once(CLOSE)?.0).ok()?;
        let text = |name: &str| mark[name].as_str().map(str::to_owned);
        let superseded = mark["superseded"].as_array()?.iter().filter_map(Value::as_str).map(str::to_owned);
        Some(Self {
            key: text("key")?,
            said: text("said")?,
            version: text("version")?,
            superseded: superseded.collect(),
        })
    }

    /// The mark of a promotion, after that of an earlier one.
    #[must_use]
    pub fn of(settings: &Settings, propose: &Propose, plan: &Plan, before: Option<&Self>) -> Self {
        let said = format!("{:?}", (&settings.title, &propose.body, &propose.labels));
        let said = Sha256::digest(said).iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        let (key, version) = (plan.key(), version(&plan.moves));
        let mut superseded: Vec<String> = Vec::new();
        if let Some(before) = before {
            superseded.clone_from(&before.superseded);
            superseded.extend(Some(before.version.clone()).filter(|_| before.key != key));
            superseded.retain(|one| *one != version);
            superseded.drain(..superseded.len().saturating_sub(MOST));
        }
        Self { key, said, version, superseded }
    }

    /// Whether a pull request that has this mark need not say anything else.
    #[must_use]
    pub fn says_the_same(&self, other: &Self) -> bool {
        (&self.key, &self.said) == (&other.key, &other.said)
    }

    /// It as a comment that Markdown does not show.
    fn written(&self) -> String {
        let Self { key, said, version, superseded } = self;
        let mark =
            json!({"key": key, "said": said, "version": version, "superseded": superseded}).to_string();
        // Nothing in it may end the comment.
        format!("{OPEN}{}{CLOSE}", mark.replace('<', "\\u003c").replace('>', "\\u003e"))
    }
}

/// What is said of a promotion.
#[must_use]
pub fn proposal(settings: &Settings, propose: &Propose, plan: &Plan, mark: &Mark) -> Proposal {
    let places = settings.to.iter().map(|to| format!("`{to}`")).collect::<Vec<_>>().join(", ");
    let usual = || format!("Promotes what `{}` has to {places}.", settings.from);
    let mut body = propose.body.clone().unwrap_or_else(usual);
    body += "\n\n| File | Value | Before | After |\n|---|---|---|---|\n";
    for Move { file, path, before, after, .. } in plan.moves.iter().take(MOST) {
        let cells = [file, path, before, after].map(|text| cell(text));
        body += &format!("| {} |\n", cells.join(" | "));
    }
    if plan.moves.len() > MOST {
        body += &format!("\nand {} more\n", plan.moves.len() - MOST);
    }
    if !mark.superseded.is_empty() {
        body += "\nSupersedes:\n";
        mark.superseded.iter().for_each(|version| body += &format!("- {}\n", cell(version)));
    }
    body += &format!("\n{}\n", mark.written());
    Proposal { title: settings.title.clone(), body, labels: propose.labels.clone() }
}

/// What a comment says when a version takes the place of another one.
#[must_use]
pub fn superseded(before: &Mark, now: &Mark) -> String {
    format!("{} is superseded by {}.", cell(&before.version), cell(&now.version))
}

/// A version in a few words: the values that are promoted.
fn version(moves: &[Move]) -> String {
    let mut values: Vec<_> = moves.iter().map(|one| plain(&one.after)).collect();
    values.dedup();
    let more = values.len().saturating_sub(3);
    values.truncate(3);
    let text = values.join(", ");
    let text = text[..text.floor_char_boundary(200)].to_owned();
    if more > 0 { format!("{text} and {}", plural(more, "value")) } else { text }
}

/// A text as code in a cell of a table, whatever it holds. <https://spec.commonmark.org/0.31.2/#code-spans>
fn cell(text: &str) -> String {
    if text.is_empty() {
        return String::new();
    }
    let text = plain(text).replace('|', "\\|");
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    let gap = if longest > 0 { " " } else { "" };
    format!("{fence}{gap}{text}{gap}{fence}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_mark_ends_its_comment() {
        let (version, superseded) = ("a --> b <!-- c".to_owned(), vec!["--> x".to_owned()]);
        let mark = Mark { key: "k".into(), said: "s".into(), version, superseded };
        let body = format!("<!-- lockstep:promotion {{}} -->\ntext\n{}\n", mark.written());
        assert_eq!(mark.written().matches("-->").count(), 1, "{body}");
        assert_eq!(Mark::read(&body), Some(mark));
        assert_eq!(Mark::read("a text"), None);
    }

    #[test]
    fn a_cell_is_code_whatever_it_holds() {
        assert_eq!(cell("a|b"), "`a\\|b`");
        assert_eq!(cell("a`b``c"), "``` a`b``c ```");
        assert_eq!(cell("a\nb"), "`a b`");
    }
}
