//! The expected version, and its place in a response. A part of another version does not match.

use std::fmt;

use lockstep_sdk::http::Response;
use lockstep_sdk::{InputError, suggest};
use lockstep_yaml::Path;
use serde_json::Value as Json;

use super::{body, header, json_value};
use crate::web::{excerpt, header_values, quoted_list};

/// The version that must answer.
#[derive(Clone, Debug, PartialEq)]
pub struct VersionCheck {
    text: String,
    location: VersionLocation,
}

/// The place of the version in a response.
#[derive(Clone, Debug, PartialEq)]
enum VersionLocation {
    Header(String),
    Json(Path),
    Body,
}

impl VersionCheck {
    /// Parses `expect-version` and `version-at`.
    ///
    /// # Errors
    /// One of them is invalid.
    pub fn parse(text: &str, at: Option<&str>) -> Result<Self, InputError> {
        if text.trim().is_empty() || text.contains(char::is_control) {
            let hint = "write the version in the responses, or remove it";
            return Err(InputError::new("`expect-version` is not a text in one line", hint));
        }
        let text = text.trim().to_owned();
        let location = VersionLocation::parse(at.unwrap_or("body").trim())?;
        Ok(Self { text, location })
    }

    /// Whether the body has the version.
    #[must_use]
    pub fn is_in_body(&self) -> bool {
        !matches!(self.location, VersionLocation::Header(_))
    }

    /// Checks that the response is from this version.
    ///
    /// # Errors
    /// A description of the version in the response.
    pub fn check(&self, response: &Response, json: &Result<Json, String>) -> Result<(), String> {
        match &self.location {
            VersionLocation::Header(name) => {
                let values: Vec<&str> = header_values(response, name).map(str::trim).collect();
                match values.as_slice() {
                    [] => Err(format!("no header `{name}`")),
                    values if values.contains(&self.text.as_str()) => Ok(()),
                    values => Err(quoted_list(values)),
                }
            }
            // As text: the numbers `1.10` and `1.1` are different versions.
            VersionLocation::Json(path) => {
                match json_value::texts_at(json.as_ref().map_err(Clone::clone)?, path).as_slice() {
                    [] => Err(format!("nothing at `{path}`")),
                    values if values.iter().all(|value| *value == self.text) => Ok(()),
                    values => Err(quoted_list(values)),
                }
            }
            VersionLocation::Body => match find_version(&String::from_utf8_lossy(&response.body), &self.text)
            {
                VersionMatch::Whole => Ok(()),
                VersionMatch::Part(word) => Err(format!("it only as a part of `{}`", excerpt(&word))),
                VersionMatch::None => Err(body::describe(response)),
            },
        }
    }
}

impl VersionLocation {
    fn parse(text: &str) -> Result<Self, InputError> {
        let invalid = |message: String| {
            InputError::new(
                message,
                "write `header NAME`, such as `header x-version`, `json PATH`, or `body`",
            )
        };
        match text.split_once(char::is_whitespace).map(|(kind, name)| (kind, name.trim())) {
            None if text == "body" => Ok(Self::Body),
            Some(("header", name)) if header::is_name(name) => Ok(Self::Header(name.to_ascii_lowercase())),
            Some(("json", path)) => {
                let path = Path::parse(path).map_err(|bad| {
                    invalid(format!("`version-at` has `{}`: {}", excerpt(path), bad.problem))
                })?;
                Ok(Self::Json(path))
            }
            _ => {
                let word = text.split_whitespace().next().unwrap_or_default();
                let known = ["header", "json", "body"];
                let near = suggest::nearest(word, known).filter(|near| *near != word);
                let near = near.map(|near| format!(": did you mean `{near}`?")).unwrap_or_default();
                Err(invalid(format!("invalid `version-at` `{}`{near}", excerpt(text))))
            }
        }
    }
}

impl fmt::Display for VersionCheck {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.location {
            VersionLocation::Header(name) => write!(out, "version `{}` in header `{name}`", self.text),
            VersionLocation::Json(path) => write!(out, "version `{}` at `{path}`", self.text),
            VersionLocation::Body => write!(out, "version `{}` in the body", self.text),
        }
    }
}

/// How a text contains a version.
enum VersionMatch {
    Whole,
    Part(String),
    None,
}

/// Finds a version that is not a part of another: `1.2.30`, `11.2.3` and `1.2.3-rc.1` do not contain `1.2.3`, but `v1.2.3`,
/// `web-1.2.3.js` and `(1.2.3)` do.
fn find_version(text: &str, version: &str) -> VersionMatch {
    let mut part = None;
    for (start, _) in text.match_indices(version) {
        let (before, after) = (&text[..start], &text[start + version.len()..]);
        if !continues_before(before) && !continues_after(after) {
            return VersionMatch::Whole;
        }
        part.get_or_insert_with(|| {
            let end = |c: char| c.is_whitespace() || "\"'<>(),;&".contains(c);
            let from =
                before.rfind(end).map_or(0, |at| at + before[at..].chars().next().map_or(0, char::len_utf8));
            let to = after.find(end).unwrap_or(after.len());
            format!("{}{version}{}", &before[from..], &after[..to])
        });
    }
    part.map_or(VersionMatch::None, VersionMatch::Part)
}

fn continues_before(before: &str) -> bool {
    let mut back = before.chars().rev();
    match (back.next(), back.next()) {
        (Some('v' | 'V'), second) => second.is_some_and(char::is_alphanumeric),
        (Some('.'), second) => second.is_some_and(|c| c.is_ascii_digit()),
        (first, _) => first.is_some_and(char::is_alphanumeric),
    }
}

fn continues_after(after: &str) -> bool {
    let mut next = after.chars();
    match (next.next(), next.next()) {
        (Some('.'), second) => second.is_some_and(|c| c.is_ascii_digit()),
        (Some('-' | '+'), second) => second.is_some_and(char::is_alphanumeric),
        (first, _) => first.is_some_and(char::is_alphanumeric),
    }
}
