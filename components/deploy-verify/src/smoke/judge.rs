//! Checks one response against the expectations of a check.

use lockstep_sdk::http::{ErrorCode, Response};

use super::body;
use super::smoke_check::SmokeCheck;
use super::version::VersionCheck;
use crate::web::{error_message, error_name, excerpt, redirect_target};

/// The hint about a redirect.
const REDIRECT_HINT: &str = "smoke checks follow no redirect: name the final address";

/// Why a response is not as expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// There is no response; the name of the [`ErrorCode`].
    NoResponse(&'static str),
    /// It is a redirect.
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
    /// The body is too long to check all of it.
    TooLong,
}

/// A difference between a response and the expectations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mismatch {
    /// Its kind.
    pub reason: Reason,
    /// The expectation, as a noun.
    pub expected: String,
    /// The actual value, in a short line.
    pub actual: String,
    /// The next act, if the response tells one.
    pub hint: Option<&'static str>,
}

impl Reason {
    /// The name in messages.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::NoResponse(name) => name,
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

impl Mismatch {
    /// The mismatch of a request without a response.
    #[must_use]
    pub fn no_response(error: &ErrorCode) -> Self {
        let actual = excerpt(error_message(error));
        let reason = Reason::NoResponse(error_name(error));
        Self { reason, expected: "a response".into(), actual, hint: None }
    }

    fn new(reason: Reason, expected: impl ToString, actual: impl Into<String>) -> Self {
        Self { reason, expected: expected.to_string(), actual: actual.into(), hint: None }
    }
}

/// Checks a response: its version first, because the response of another version does not count.
///
/// # Errors
/// The first mismatch.
pub fn judge(check: &SmokeCheck, response: &Response) -> Result<(), Mismatch> {
    let json = body::json(response);
    if let Some(version) = &check.version {
        version.check(response, &json).map_err(|actual| other_version(check, version, response, actual))?;
    }
    if !check.status.accept(response.status) {
        return Err(other_status(check, response));
    }
    for pattern in &check.headers {
        let mismatch = |actual| Mismatch::new(Reason::Header, format!("header `{pattern}`"), actual);
        pattern.check(response).map_err(mismatch)?;
    }
    if let Some(text) = &check.body
        && !body::contains(response, text)
    {
        let expected = format!("`{}` in the body", excerpt(text));
        return Err(in_body(response, Mismatch::new(Reason::Body, expected, body::describe(response))));
    }
    for value in &check.json {
        let result = json.as_ref().map_err(Clone::clone).and_then(|json| value.check(json));
        let mismatch = |actual| in_body(response, Mismatch::new(Reason::Json, format!("`{value}`"), actual));
        result.map_err(mismatch)?;
    }
    // What the step has not read may contradict what it has: an answer that never ends is no good one.
    match response.truncated && check.checks_body() {
        true => Err(in_body(response, Mismatch::new(Reason::TooLong, "the whole body", ""))),
        false => Ok(()),
    }
}

fn other_version(
    check: &SmokeCheck,
    version: &VersionCheck,
    response: &Response,
    actual: String,
) -> Mismatch {
    // The error page of a proxy has no version, but its status tells what is wrong.
    if !check.status.accept(response.status) {
        let hint = redirect_target(response).map(|_| REDIRECT_HINT);
        return Mismatch { hint, ..Mismatch::new(Reason::Version, version, status(response)) };
    }
    match version.is_in_body() {
        true => {
            let hint = Some("set `version-at` to the place of the version in the response");
            in_body(response, Mismatch { hint, ..Mismatch::new(Reason::Version, version, actual) })
        }
        false => Mismatch::new(Reason::Version, version, actual),
    }
}

fn other_status(check: &SmokeCheck, response: &Response) -> Mismatch {
    let expected = format!("status {}", check.status);
    match redirect_target(response) {
        Some(to) => Mismatch {
            hint: Some(REDIRECT_HINT),
            ..Mismatch::new(Reason::Redirect, expected, format!("a redirect to `{}`", excerpt(to)))
        },
        None => Mismatch::new(Reason::Status, expected, status(response)),
    }
}

/// A mismatch of the body; `too-long` if a part of the body is missing.
fn in_body(response: &Response, mismatch: Mismatch) -> Mismatch {
    if !response.truncated {
        return mismatch;
    }
    let actual = format!("only its first {} bytes", response.body.len());
    let hint = Some("name an address with a shorter response");
    Mismatch { reason: Reason::TooLong, actual, hint, ..mismatch }
}

/// ``status 502, `Bad gateway` ``.
fn status(response: &Response) -> String {
    let moved = redirect_target(response).map(|to| format!("a redirect to `{}`", excerpt(to)));
    format!("status {}, {}", response.status, moved.unwrap_or_else(|| body::describe(response)))
}
