//! Reads the inputs of a run: everything that can be wrong with them is said at once, before anything is asked.

use lockstep_glue::Mistake;
use lockstep_glue::duration::milliseconds;
use lockstep_yaml::Path;

use crate::branch;

/// The inputs as they come.
#[derive(Clone, Debug, Default)]
pub struct Inputs {
    /// Where it comes from.
    pub from: String,
    /// Where it goes to.
    pub to: Vec<String>,
    /// What is promoted.
    pub pick: Vec<String>,
    /// What stays.
    pub keep: Vec<String>,
    /// What is promoted, by a name.
    pub app: String,
    /// The branch.
    pub base: String,
    /// The branch that `from` is read on; empty for `base`.
    pub from_ref: String,
    /// Whether it is a pull request.
    pub pull_request: bool,
    /// The pattern of its branch.
    pub branch: String,
    /// Whether a version may become an older one.
    pub allow_downgrade: bool,
    /// The registries that images are held against.
    pub registries: Vec<String>,
    /// The first line of the message.
    pub title: Option<String>,
    /// What a pull request says first.
    pub body: Option<String>,
    /// Its labels.
    pub labels: Vec<String>,
    /// Whether it is merged.
    pub auto_merge: bool,
    /// How long it is waited for.
    pub wait: String,
    /// Whether a further branch is used where somebody else has committed to the first.
    pub new_branch: bool,
    /// The file of the ledger; empty for none.
    pub ledger: String,
    /// How long it is tried.
    pub timeout: String,
}

/// How a pull request is made.
#[derive(Debug, Clone)]
pub struct Propose {
    /// Its branch.
    pub branch: String,
    /// What it says first.
    pub body: Option<String>,
    /// Its labels.
    pub labels: Vec<String>,
    /// Whether it is merged.
    pub auto_merge: bool,
    /// How long it is waited for, in milliseconds.
    pub wait: u64,
    /// Whether a further branch is used where somebody else has committed to the first.
    pub new_branch: bool,
}

/// What is promoted.
#[derive(Debug, Clone)]
pub enum Pick {
    /// These values.
    Values(Vec<Path>),
    /// Whole files, except these values.
    Files(Vec<Path>),
}

/// What the inputs mean.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where it comes from.
    pub from: String,
    /// Where it goes to.
    pub to: Vec<String>,
    /// What is promoted.
    pub pick: Pick,
    /// The branch.
    pub base: String,
    /// The branch that `from` is read on.
    pub from_ref: String,
    /// The pull request, if it is one.
    pub propose: Option<Propose>,
    /// Whether a version may become an older one.
    pub allow_downgrade: bool,
    /// The registries that images are held against.
    pub registries: Vec<String>,
    /// The first line of the message.
    pub title: String,
    /// The file of the ledger.
    pub ledger: Option<String>,
    /// How long it is tried, in milliseconds.
    pub timeout: u64,
}

/// What stands for whole files.
const ALL: &str = "all";

impl Settings {
    /// Reads the inputs.
    ///
    /// # Errors
    /// Everything that is wrong with them.
    pub fn read(inputs: &Inputs) -> Result<Self, Vec<Mistake>> {
        let mut mistakes = Vec::new();
        let mut keep = |mistake| mistakes.push(mistake);
        let plain = |text: &String| text.trim_end_matches('/').to_owned();
        let (from, to): (_, Vec<_>) = (plain(&inputs.from), inputs.to.iter().map(plain).collect());
        if to.is_empty() {
            keep(Mistake::new(
                "`to` is empty: there is nowhere to promote to",
                "name a folder or a file, such as `envs/prod`",
            ));
        }
        for text in std::iter::once(&from).chain(&to) {
            if text.is_empty() || text == "." || text.contains(['*', '?', '[', ']', '{', '}']) {
                let message = format!("`{text}` names no one folder or file");
                keep(Mistake::new(message, "write its path in the repository, such as `envs/prod`"));
            }
        }
        let from_ref = Some(&inputs.from_ref).filter(|branch| !branch.is_empty()).unwrap_or(&inputs.base);
        let inside = |one: &str, other: &str| one == other || one.starts_with(&format!("{other}/"));
        for (at, text) in to.iter().enumerate() {
            let others = Some(&from).filter(|_| *from_ref == inputs.base).into_iter().chain(&to[..at]);
            if let Some(other) = others.into_iter().find(|other| inside(text, other) || inside(other, text)) {
                let message = format!("`to`: `{text}` and `{other}` are one within the other");
                keep(Mistake::new(message, "name environments that stand beside each other"));
            }
        }
        let mut paths = |input: &str, texts: &[String]| -> Vec<Path> {
            let read = |text: &String| {
                let wrong = |error| Mistake { message: format!("`{input}`: {error}"), hint: None };
                Path::parse(text).map_err(wrong).map_err(&mut keep).ok()
            };
            texts.iter().filter_map(read).collect()
        };
        let is_all = inputs.pick == [ALL];
        let values = if is_all { Vec::new() } else { paths("pick", &inputs.pick) };
        let stays = paths("keep", &inputs.keep);
        if inputs.pick.is_empty() {
            keep(Mistake::new(
                "`pick` is empty: there is nothing to promote",
                "name paths of values, or `all`",
            ));
        }
        if !is_all && inputs.pick.iter().any(|text| text == ALL) {
            let hint = "leave the other paths out, or write `.all` for a key of this name";
            keep(Mistake::new("`pick`: `all` is everything already", hint));
        }
        if !is_all && !inputs.keep.is_empty() {
            keep(Mistake::new(
                "`keep` goes with `pick: all` only",
                "leave it out: what is not picked stays anyway",
            ));
        }
        let propose = propose(inputs, &from, &to, &mut keep);
        let timeout = milliseconds("timeout", &inputs.timeout).map_err(&mut keep).unwrap_or_default();
        let usual = || format!("Promote {from} to {}", to.join(", "));
        let title = inputs.title.clone().filter(|title| !title.trim().is_empty()).unwrap_or_else(usual);
        if title.contains(['\n', '\r']) {
            keep(Mistake::new("`title` has more than one line", "a message begins with one line"));
        }
        if !mistakes.is_empty() {
            return Err(mistakes);
        }
        Ok(Self {
            pick: if is_all { Pick::Files(stays) } else { Pick::Values(values) },
            base: inputs.base.clone(),
            from_ref: from_ref.clone(),
            propose,
            allow_downgrade: inputs.allow_downgrade,
            registries: inputs
                .registries
                .iter()
                .map(|origin| origin.trim_end_matches('/').to_owned())
                .collect(),
            ledger: (!inputs.ledger.is_empty()).then(|| inputs.ledger.clone()),
            from,
            to,
            title,
            timeout,
        })
    }
}

/// Reads what is said of a pull request.
fn propose(inputs: &Inputs, from: &str, to: &[String], mut keep: impl FnMut(Mistake)) -> Option<Propose> {
    let wait = milliseconds("wait", &inputs.wait).map_err(&mut keep).unwrap_or_default();
    let only = [
        ("body", inputs.body.is_some()),
        ("labels", !inputs.labels.is_empty()),
        ("auto-merge", inputs.auto_merge),
        ("wait", wait > 0),
        ("on-foreign", inputs.new_branch),
    ];
    if !inputs.pull_request {
        for (name, _) in only.into_iter().filter(|(_, given)| *given) {
            let message = format!("`{name}` goes with `mode: pull-request` only");
            keep(Mistake::new(message, "leave it out, or promote with a pull request"));
        }
        return None;
    }
    for label in inputs.labels.iter().filter(|label| label.trim().is_empty() || label.contains([',', '\n'])) {
        keep(Mistake::new(format!("`labels`: `{label}` is no label"), "give each label as one of the list"));
    }
    let branch = branch::fill(&inputs.branch, &inputs.app, from, to).map_err(&mut keep).ok()?;
    if branch == inputs.base {
        keep(Mistake::new("`branch` is `base` itself", "name a branch of its own for the pull request"));
    }
    Some(Propose {
        branch,
        body: inputs.body.clone().filter(|body| !body.trim().is_empty()),
        labels: inputs.labels.clone(),
        auto_merge: inputs.auto_merge,
        wait,
        new_branch: inputs.new_branch,
    })
}
