//! The version that must answer, and where an answer says its own. Never takes a part of a version for it.

use std::fmt;

use lockstep_yaml::Path;
use serde_json::Value as Json;

use super::{body, header, json};
use crate::web::{Response, listed, shown};
use lockstep_glue::Mistake;

/// The version that must answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Version {
    text: String,
    place: Place,
}

/// Where an answer says its version.
#[derive(Clone, Debug, PartialEq)]
enum Place {
    Header(String),
    Json(Path),
    Body,
}

impl Version {
    /// Reads `expect-version` and `version-at`.
    ///
    /// # Errors
    /// What is wrong with them.
    pub fn read(text: &str, at: Option<&str>) -> Result<Self, Mistake> {
        if text.trim().is_empty() || text.contains(char::is_control) {
            let hint = "write the version that the answers say, or leave it out";
            return Err(Mistake::new("`expect-version` is no text in one line", hint));
        }
        let text = text.trim().to_owned();
        let place = Place::read(at.unwrap_or("body").trim())?;
        Ok(Self { text, place })
    }

    /// Whether the place is in the body.
    #[must_use]
    pub fn is_in_body(&self) -> bool {
        !matches!(self.place, Place::Header(_))
    }

    /// Whether this version answered. If not: which did.
    ///
    /// # Errors
    /// What the answer says instead, in words.
    pub fn judge(&self, response: &Response, json: &Result<Json, String>) -> Result<(), String> {
        match &self.place {
            Place::Header(name) => {
                let values: Vec<&str> = response.values(name).map(str::trim).collect();
                match values.as_slice() {
                    [] => Err(format!("no header `{name}`")),
                    values if values.contains(&self.text.as_str()) => Ok(()),
                    values => Err(listed(values)),
                }
            }
            // As it is spelled: `1.10` is another version than `1.1`, also where both are numbers.
            Place::Json(path) => {
                match json::spelled_at(json.as_ref().map_err(Clone::clone)?, path).as_slice() {
                    [] => Err(format!("nothing at `{path}`")),
                    found if found.iter().all(|found| *found == self.text) => Ok(()),
                    found => Err(listed(found)),
                }
            }
            Place::Body => match says(&String::from_utf8_lossy(&response.body), &self.text) {
                Said::Whole => Ok(()),
                Said::Part(word) => Err(format!("it only as a part of `{}`", shown(&word))),
                Said::Nothing => Err(body::came(response)),
            },
        }
    }
}

impl Place {
    fn read(text: &str) -> Result<Self, Mistake> {
        let wrong = |message: String| {
            Mistake::new(message, "write `header NAME`, such as `header x-version`, `json PATH`, or `body`")
        };
        match text.split_once(char::is_whitespace).map(|(kind, what)| (kind, what.trim())) {
            None if text == "body" => Ok(Self::Body),
            Some(("header", name)) if header::is_name(name) => Ok(Self::Header(name.to_ascii_lowercase())),
            Some(("json", path)) => {
                let path = Path::parse(path)
                    .map_err(|bad| wrong(format!("`version-at` has `{}`: {}", shown(path), bad.problem)))?;
                Ok(Self::Json(path))
            }
            _ => Err(wrong(format!("`version-at` is `{}`, which names no place", shown(text)))),
        }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Place::Header(name) => write!(out, "version `{}` in header `{name}`", self.text),
            Place::Json(path) => write!(out, "version `{}` at `{path}`", self.text),
            Place::Body => write!(out, "version `{}` in the body", self.text),
        }
    }
}

/// How a text says a version.
enum Said {
    Whole,
    Part(String),
    Nothing,
}

/// Looks for a version that is not a part of another: `1.2.3` is not in `1.2.30`, `11.2.3` or `1.2.3-rc.1`, but in
/// `v1.2.3`, `web-1.2.3.js` and `(1.2.3)`.
fn says(text: &str, version: &str) -> Said {
    let mut part = None;
    for (start, _) in text.match_indices(version) {
        let (before, after) = (&text[..start], &text[start + version.len()..]);
        if !goes_on_before(before) && !goes_on_after(after) {
            return Said::Whole;
        }
        part.get_or_insert_with(|| {
            let end = |c: char| c.is_whitespace() || "\"'<>(),;&".contains(c);
            let from =
                before.rfind(end).map_or(0, |at| at + before[at..].chars().next().map_or(0, char::len_utf8));
            let to = after.find(end).unwrap_or(after.len());
            format!("{}{version}{}", &before[from..], &after[..to])
        });
    }
    part.map_or(Said::Nothing, Said::Part)
}

fn goes_on_before(before: &str) -> bool {
    let mut back = before.chars().rev();
    match (back.next(), back.next()) {
        (Some('v' | 'V'), second) => second.is_some_and(char::is_alphanumeric),
        (Some('.'), second) => second.is_some_and(|c| c.is_ascii_digit()),
        (first, _) => first.is_some_and(char::is_alphanumeric),
    }
}

fn goes_on_after(after: &str) -> bool {
    let mut next = after.chars();
    match (next.next(), next.next()) {
        (Some('.'), second) => second.is_some_and(|c| c.is_ascii_digit()),
        (Some('-' | '+'), second) => second.is_some_and(char::is_alphanumeric),
        (first, _) => first.is_some_and(char::is_alphanumeric),
    }
}
