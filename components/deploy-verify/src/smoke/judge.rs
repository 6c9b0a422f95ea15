//! Holds one answer against a check. Never looks at the answers before it.

use super::{Check, Version, body};
use crate::web::{Response, Trouble, shown};

/// What to do about a redirect.
const NO_REDIRECT: &str = "smoke checks follow no redirect: name the final address";

/// Why an answer is not as expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// There is no answer; the word of [`Trouble`].
    Trouble(&'static str),
    /// It sends to another address.
    Redirect,
    /// The status is not accepted.
    Status,
    /// A header is not as expected.
    Header,
    /// The body does not contain the text.
    Body,
    /// A value is not as expected.
    Json,
    /// Another version answered.
    Version,
    /// The body is too long to find in it what is looked for.
    TooLong,
}

/// How an answer differs from what is expected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flaw {
    /// Why.
    pub reason: Reason,
    /// What was expected, as a noun.
    pub expected: String,
    /// What came, in a short line.
    pub came: String,
    /// The next act, where the answer itself shows one.
    pub hint: Option<&'static str>,
}

impl Reason {
    /// The word for scripts.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Trouble(word) => word,
            Self::Redirect => "redirect",
            Self::Status => "status",
            Self::Header => "header",
            Self::Body => "body",
            Self::Json => "json",
            Self::Version => "version",
            Self::TooLong => "too-long",
        }
    }
}

impl Flaw {
    /// There is no answer.
    #[must_use]
    pub fn of(trouble: &Trouble) -> Self {
        let came = shown(trouble.message());
        Self { reason: Reason::Trouble(trouble.word()), expected: "an answer".into(), came, hint: None }
    }

    fn new(reason: Reason, expected: impl ToString, came: impl Into<String>) -> Self {
        Self { reason, expected: expected.to_string(), came: came.into(), hint: None }
    }
}

/// Holds an answer against a check: its version first, since what another version says does not count.
///
/// # Errors
/// The first thing that is not as expected.
pub fn judge(check: &Check, response: &Response) -> Result<(), Flaw> {
    let json = body::json(response);
    if let Some(version) = &check.version {
        version.judge(response, &json).map_err(|came| other_version(check, version, response, came))?;
    }
    if !check.status.accept(response.status) {
        return Err(other_status(check, response));
    }
    for pattern in &check.headers {
        let flaw = |came| Flaw::new(Reason::Header, format!("header `{pattern}`"), came);
        pattern.judge(response).map_err(flaw)?;
    }
    if let Some(text) = &check.body
        && !body::contains(response, text)
    {
        let expected = format!("`{}` in the body", shown(text));
        return Err(in_body(response, Flaw::new(Reason::Body, expected, body::came(response))));
    }
    for value in &check.json {
        let judged = json.as_ref().map_err(Clone::clone).and_then(|json| value.judge(json));
        let flaw = |came| in_body(response, Flaw::new(Reason::Json, format!("`{value}`"), came));
        judged.map_err(flaw)?;
    }
    Ok(())
}

fn other_version(check: &Check, version: &Version, response: &Response, came: String) -> Flaw {
    // The page of a proxy that has nobody to ask says no version, but its status says what is wrong.
    if !check.status.accept(response.status) {
        let hint = response.redirect().map(|_| NO_REDIRECT);
        return Flaw { hint, ..Flaw::new(Reason::Version, version, status(response)) };
    }
    match version.is_in_body() {
        true => {
            let hint = Some("`version-at` says where the answers say their version");
            in_body(response, Flaw { hint, ..Flaw::new(Reason::Version, version, came) })
        }
        false => Flaw::new(Reason::Version, version, came),
    }
}

fn other_status(check: &Check, response: &Response) -> Flaw {
    let expected = format!("status {}", check.status);
    match response.redirect() {
        Some(to) => Flaw {
            hint: Some(NO_REDIRECT),
            ..Flaw::new(Reason::Redirect, expected, format!("a redirect to `{}`", shown(to)))
        },
        None => Flaw::new(Reason::Status, expected, status(response)),
    }
}

/// A flaw of the body, if all of the body is known.
fn in_body(response: &Response, flaw: Flaw) -> Flaw {
    if !response.cut {
        return flaw;
    }
    let came = format!("only its first {} bytes are read", response.body.len());
    let hint = Some("name an address with a shorter answer");
    Flaw { reason: Reason::TooLong, came, hint, ..flaw }
}

/// ``status 502, `Bad gateway` ``.
fn status(response: &Response) -> String {
    let moved = response.redirect().map(|to| format!("a redirect to `{}`", shown(to)));
    format!("status {}, {}", response.status, moved.unwrap_or_else(|| body::came(response)))
}
