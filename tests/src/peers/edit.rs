//! An edit as the corpus plans it, and how lockstep, yq and kustomize spell it. It knows no file.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt;

/// One step of a path.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(untagged)]
pub enum Segment {
    /// The value of a key.
    Key(String),
    /// The item at an index, counted from 0.
    Index(usize),
    /// The items that have this text at this key.
    Match(BTreeMap<String, String>),
}

/// What happens to the value at a path.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// It becomes this string.
    Set(String),
    /// It becomes this JSON value.
    Json(String),
    /// This JSON value becomes its last item.
    Append(String),
    /// It goes, with its key.
    Delete(bool),
}

/// One place and what happens there.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Change {
    /// The path.
    pub at: Vec<Segment>,
    /// What happens.
    #[serde(flatten)]
    pub action: Action,
}

/// A planned edit.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Edit {
    /// Every place, for tools that know paths.
    pub change: Vec<Change>,
    /// The same in the words of `kustomize edit set image`, for tools that know images.
    pub image: Option<String>,
    /// Only in documents where all of these scalars, by dotted path, have this text.
    #[serde(default, rename = "where")]
    pub only: BTreeMap<String, String>,
    /// Whether the key is made.
    #[serde(default)]
    pub create: bool,
    /// What a write through an alias or merge means: `follow` changes the value that all share, `expand` only
    /// this place.
    pub alias: Option<String>,
}

impl Edit {
    /// The inputs of the step.
    #[must_use]
    pub fn lockstep(&self, file: &str) -> Value {
        let only: Vec<String> = self.only.iter().map(|(path, text)| format!("{path}={text}")).collect();
        let mut inputs = json!({ "files": [file], "where": only, "create": self.create });
        if let Some(alias) = &self.alias {
            inputs["alias"] = json!(alias);
        }
        if let Some(image) = &self.image {
            inputs["image"] = json!([image]);
            return inputs;
        }
        for change in &self.change {
            let path = lockstep_path(&change.at);
            let (input, item) = match &change.action {
                Action::Set(text) => ("set", format!("{path}={text}")),
                Action::Json(text) => ("set-json", format!("{path}={text}")),
                Action::Append(text) => match serde_json::from_str(text) {
                    Ok(Value::String(text)) => ("append", format!("{path}={text}")),
                    _ => ("append-json", format!("{path}={text}")),
                },
                Action::Delete(_) => ("delete", path),
            };
            match inputs[input].as_array_mut() {
                Some(items) => items.push(json!(item)),
                None => inputs[input] = json!([item]),
            }
        }
        inputs
    }

    /// The expression of yq, with its texts as literals.
    #[must_use]
    pub fn yq(&self) -> String {
        let select: String =
            self.only.iter().map(|(path, text)| format!("select(.{path} == {}) | ", quoted(text))).collect();
        let place = |change: &Change| format!("({select}{})", yq_path(&change.at));
        let changes = self.change.iter().map(|change| {
            let place = place(change);
            let assign = match &change.action {
                Action::Set(text) => format!("{place} = {}", quoted(text)),
                Action::Json(text) => format!("{place} = {text}"),
                Action::Append(text) => format!("{place} += [{text}]"),
                Action::Delete(_) => format!("del{place}"),
            };
            match self.alias.as_deref() {
                // A key that a merge brings is not there to be exploded.
                Some("expand") if !self.create => format!("explode{place} | {assign}"),
                _ => assign,
            }
        });
        changes.collect::<Vec<_>>().join(" | ")
    }
}

/// A text as JSON, which yq reads too.
fn quoted(text: &str) -> String {
    json!(text).to_string()
}

fn lockstep_path(at: &[Segment]) -> String {
    let segment = |segment: &Segment| match segment {
        Segment::Key(key) => format!("[{}]", escaped(key)),
        Segment::Index(index) => format!("[{index}]"),
        Segment::Match(pairs) => {
            pairs.iter().map(|(key, text)| format!("[{}={}]", escaped(key), escaped(text))).collect()
        }
    };
    at.iter().map(segment).collect()
}

/// In double quotes, where a path of lockstep keeps the character behind a backslash.
fn escaped(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

fn yq_path(at: &[Segment]) -> String {
    let segment = |segment: &Segment| match segment {
        Segment::Key(key) => format!("[{}]", quoted(key)),
        Segment::Index(index) => format!("[{index}]"),
        Segment::Match(pairs) => pairs
            .iter()
            .map(|(key, text)| format!("[] | select(.[{}] == {}) | .", quoted(key), quoted(text)))
            .collect(),
    };
    // A match at the end leaves the dot of what does not follow.
    let path = format!(".{}", at.iter().map(segment).collect::<String>());
    path.strip_suffix(" | .").map_or(path.clone(), str::to_owned)
}

impl fmt::Display for Change {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = match self.action {
            Action::Set(_) => "set",
            Action::Json(_) => "set-json",
            Action::Append(_) => "append",
            Action::Delete(_) => "delete",
        };
        write!(out, "{word} ")?;
        for (i, segment) in self.at.iter().enumerate() {
            match segment {
                Segment::Key(key) if key.contains('.') => write!(out, "[{key:?}]")?,
                Segment::Key(key) => write!(out, "{}{key}", if i == 0 { "" } else { "." })?,
                Segment::Index(index) => write!(out, "[{index}]")?,
                Segment::Match(pairs) => {
                    pairs.iter().try_for_each(|(key, text)| write!(out, "[{key}={text}]"))?;
                }
            }
        }
        match &self.action {
            Action::Set(value) | Action::Json(value) | Action::Append(value) => {
                let line = value.lines().next().unwrap_or_default();
                write!(out, "={}", line.chars().take(40).collect::<String>())
            }
            Action::Delete(_) => Ok(()),
        }
    }
}
