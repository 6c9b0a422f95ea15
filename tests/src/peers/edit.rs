//! A planned edit, and its spelling for lockstep, yq and kustomize. It reads no file.

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

/// The change of the value at a path.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// The value becomes this string.
    Set(String),
    /// The value becomes this JSON value.
    Json(String),
    /// This JSON value becomes the last item of the list.
    Append(String),
    /// The edit removes the value and its key.
    Delete(bool),
}

/// A path and the change at it.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Change {
    /// The path.
    pub at: Vec<Segment>,
    /// The change.
    #[serde(flatten)]
    pub action: Action,
}

/// A planned edit.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Edit {
    /// The changes, for tools that take paths.
    pub change: Vec<Change>,
    /// The same as an argument of `kustomize edit set image`, for tools that take images.
    pub image: Option<String>,
    /// The scalars, by dotted path, that select the documents of the edit.
    #[serde(default, rename = "where")]
    pub only: BTreeMap<String, String>,
    /// Whether the edit creates a missing key.
    #[serde(default)]
    pub create: bool,
    /// The meaning of a write through an alias or merge: `follow` changes the shared value, `expand` only this occurrence.
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
                // With `create`, the key comes from a merge, and yq cannot explode it.
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

/// The text in double quotes. In a path of lockstep, a backslash keeps the next character.
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
    // A match at the end of the path leaves a dot without a key.
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
