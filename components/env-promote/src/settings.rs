//! Reads the inputs of a run: everything that can be wrong with them is said at once, before anything is asked.

use lockstep_glue::Mistake;
use lockstep_glue::duration::milliseconds;
use lockstep_yaml::Path;

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
    /// The branch.
    pub base: String,
    /// Whether a version may become an older one.
    pub allow_downgrade: bool,
    /// The first line of the message.
    pub title: Option<String>,
    /// The file of the ledger; empty for none.
    pub ledger: String,
    /// How long it is tried.
    pub timeout: String,
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
    /// Whether a version may become an older one.
    pub allow_downgrade: bool,
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
        let inside = |one: &str, other: &str| one == other || one.starts_with(&format!("{other}/"));
        for (at, text) in to.iter().enumerate() {
            let others = std::iter::once(&from).chain(&to[..at]);
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
            allow_downgrade: inputs.allow_downgrade,
            ledger: (!inputs.ledger.is_empty()).then(|| inputs.ledger.clone()),
            from,
            to,
            title,
            timeout,
        })
    }
}
