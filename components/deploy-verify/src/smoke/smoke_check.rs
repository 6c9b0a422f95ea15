//! A smoke check, parsed from its input record.

use lockstep_sdk::http::{Header, Request};
use lockstep_sdk::{InputError, duration};

use super::header::{self, HeaderPattern};
use super::json_value::JsonValue;
use super::status::StatusRanges;
use super::version::VersionCheck;
use crate::Check;
use crate::web::{self, Url, quoted_list};

/// The longest timeout of a request, in milliseconds: the limit of the host.
const MAX_TIMEOUT_MS: u64 = 300_000;

/// The most responses in a row: more would be a load test.
const MAX_CONSECUTIVE: u32 = 100;

/// How many bytes of a body are kept for expectations about it, and for messages only.
const CHECKED_BODY_BYTES: u32 = 1 << 20;
const REPORTED_BODY_BYTES: u32 = 4 << 10;

/// A request, and the expectations about its response.
#[derive(Clone, Debug, PartialEq)]
pub struct SmokeCheck {
    /// The URL of the request.
    pub url: Url,
    /// Headers to send.
    pub send: Vec<Header>,
    /// Accepted status codes.
    pub status: StatusRanges,
    /// A text that the body must contain.
    pub body: Option<String>,
    /// Headers that the response must have.
    pub headers: Vec<HeaderPattern>,
    /// Values that the body must have as JSON.
    pub json: Vec<JsonValue>,
    /// The version that must answer.
    pub version: Option<VersionCheck>,
    /// How many responses in a row must be as expected; at least 1.
    pub consecutive: u32,
    /// The time for a response, in milliseconds.
    pub timeout_ms: u64,
    /// How long the check may go on failing, in milliseconds.
    pub retry_ms: u64,
}

impl SmokeCheck {
    /// Parses a check.
    ///
    /// # Errors
    /// Everything that is wrong with it, each with the URL in front.
    pub fn parse(record: &Check) -> Result<Self, Vec<InputError>> {
        let mut errors = Vec::new();
        let url = collect(&mut errors, Url::parse(&record.url));
        let send = collect_all(&mut errors, &record.send, header::parse_request_header);
        let status = collect(&mut errors, StatusRanges::parse(record.status.as_deref().unwrap_or("2xx")));
        let body = record.body.as_ref().and_then(|text| collect(&mut errors, non_empty(text)));
        let headers = collect_all(&mut errors, &record.header, HeaderPattern::parse);
        let json = collect_all(&mut errors, &record.json, JsonValue::parse);
        let version = record
            .expect_version
            .as_ref()
            .and_then(|text| collect(&mut errors, VersionCheck::parse(text, record.version_at.as_deref())));
        if record.expect_version.is_none() && record.version_at.is_some() {
            let hint = "add `expect-version`, or remove `version-at`";
            errors.push(InputError::new("`version-at` is given without `expect-version`", hint));
        }
        let default = if record.expect_version.is_some() { 3 } else { 1 };
        let consecutive = collect(&mut errors, consecutive(record.consecutive.unwrap_or(default)));
        let timeout = record.timeout.as_deref().unwrap_or("10s");
        let timeout_ms = collect(&mut errors, time("timeout", timeout, 1..=MAX_TIMEOUT_MS));
        let retry = record.retry.as_deref().unwrap_or("1m");
        let retry_ms = collect(&mut errors, time("retry", retry, 0..=u64::MAX));
        match (url, status, consecutive, timeout_ms, retry_ms) {
            (Some(url), Some(status), Some(consecutive), Some(timeout_ms), Some(retry_ms))
                if errors.is_empty() =>
            {
                Ok(Self {
                    url,
                    send,
                    status,
                    body,
                    headers,
                    json,
                    version,
                    consecutive,
                    timeout_ms,
                    retry_ms,
                })
            }
            _ => {
                let name = format!("smoke check {}", quoted_list(&[&record.url]));
                Err(errors.into_iter().map(|error| error.of(&name)).collect())
            }
        }
    }

    /// Its request with this timeout, in milliseconds.
    #[must_use]
    pub fn request(&self, timeout_ms: u64) -> Request {
        let max_bytes = if self.checks_body() { CHECKED_BODY_BYTES } else { REPORTED_BODY_BYTES };
        web::get(self.url.as_str(), &self.send, timeout_ms.clamp(1, MAX_TIMEOUT_MS), max_bytes)
    }

    /// Whether there is an expectation about the body.
    pub(super) fn checks_body(&self) -> bool {
        let version = self.version.as_ref().is_some_and(VersionCheck::is_in_body);
        version || self.body.is_some() || !self.json.is_empty()
    }
}

/// The value; an error goes to the list.
fn collect<T>(errors: &mut Vec<InputError>, result: Result<T, InputError>) -> Option<T> {
    result.map_err(|error| errors.push(error)).ok()
}

fn collect_all<T>(
    errors: &mut Vec<InputError>,
    texts: &Option<Vec<String>>,
    parse: impl Fn(&str) -> Result<T, InputError>,
) -> Vec<T> {
    texts.iter().flatten().filter_map(|text| collect(errors, parse(text))).collect()
}

/// Rejects an empty text, which every body contains.
fn non_empty(text: &str) -> Result<String, InputError> {
    match text {
        "" => {
            Err(InputError::new("`body` is empty, which every body contains", "write a text, or remove it"))
        }
        text => Ok(text.to_owned()),
    }
}

fn consecutive(count: u32) -> Result<u32, InputError> {
    if (1..=MAX_CONSECUTIVE).contains(&count) {
        return Ok(count);
    }
    Err(InputError::new(
        format!("`consecutive` is {count}"),
        format!("write a number from 1 to {MAX_CONSECUTIVE}"),
    ))
}

fn time(input: &str, text: &str, fits: std::ops::RangeInclusive<u64>) -> Result<u64, InputError> {
    let time = duration::parse_input(input, text)?;
    if fits.contains(&time) {
        return Ok(time);
    }
    Err(InputError::new(format!("`{input}` is `{text}`"), "write a duration above `0s` and up to `5m`"))
}
