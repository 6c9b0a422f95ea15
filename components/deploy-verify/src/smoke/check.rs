//! A smoke check, read from its record. Nothing is sent before all of it is known to make sense.

use super::{Pattern, Statuses, Value, Version, header};
use crate::web::{Request, Url, listed};
use lockstep_glue::Mistake;
use lockstep_glue::duration::milliseconds;

/// The longest that an answer may take, in milliseconds: what the host allows.
const LONGEST: u64 = 300_000;

/// The most answers in a row: more would be a load test.
const MOST: u32 = 100;

/// How many bytes of a body are kept where it is looked into, and where it is only shown.
const KEPT: [u32; 2] = [1 << 20, 4 << 10];

/// A check as the inputs have it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Record {
    /// `url`.
    pub url: String,
    /// `send`.
    pub send: Option<Vec<String>>,
    /// `status`.
    pub status: Option<String>,
    /// `body`.
    pub body: Option<String>,
    /// `header`.
    pub header: Option<Vec<String>>,
    /// `json`.
    pub json: Option<Vec<String>>,
    /// `expect-version`.
    pub expect_version: Option<String>,
    /// `version-at`.
    pub version_at: Option<String>,
    /// `consecutive`.
    pub consecutive: Option<u32>,
    /// `timeout`.
    pub timeout: Option<String>,
    /// `retry`.
    pub retry: Option<String>,
}

/// A request, and what its answer must be.
#[derive(Clone, Debug, PartialEq)]
pub struct Check {
    /// Where to.
    pub url: Url,
    /// Headers to send.
    pub send: Vec<(String, String)>,
    /// Accepted status codes.
    pub status: Statuses,
    /// A text that the body must contain.
    pub body: Option<String>,
    /// Headers that the answer must have.
    pub headers: Vec<Pattern>,
    /// Values that the body must have as JSON.
    pub json: Vec<Value>,
    /// The version that must answer.
    pub version: Option<Version>,
    /// How many answers in a row must be as expected; never 0.
    pub consecutive: u32,
    /// How long an answer may take, in milliseconds.
    pub timeout: u64,
    /// How long it may go on failing, in milliseconds.
    pub retry: u64,
}

impl Check {
    /// Reads a check.
    ///
    /// # Errors
    /// Everything that is wrong with it, each with the URL in front.
    pub fn read(record: &Record) -> Result<Self, Vec<Mistake>> {
        let mut wrong = Vec::new();
        let url = keep(&mut wrong, Url::read(&record.url));
        let send = each(&mut wrong, &record.send, header::sent);
        let status = keep(&mut wrong, Statuses::read(record.status.as_deref().unwrap_or("2xx")));
        let body = record.body.as_ref().and_then(|text| keep(&mut wrong, filled(text)));
        let headers = each(&mut wrong, &record.header, Pattern::read);
        let json = each(&mut wrong, &record.json, Value::read);
        let version = record
            .expect_version
            .as_ref()
            .and_then(|text| keep(&mut wrong, Version::read(text, record.version_at.as_deref())));
        if record.expect_version.is_none() && record.version_at.is_some() {
            let hint = "give `expect-version` too, or leave `version-at` out";
            wrong.push(Mistake::new("`version-at` is given without `expect-version`", hint));
        }
        let usual = if record.expect_version.is_some() { 3 } else { 1 };
        let consecutive = keep(&mut wrong, row(record.consecutive.unwrap_or(usual)));
        let timeout = record.timeout.as_deref().unwrap_or("10s");
        let timeout = keep(&mut wrong, time("timeout", timeout, 1..=LONGEST));
        let retry = record.retry.as_deref().unwrap_or("1m");
        let retry = keep(&mut wrong, time("retry", retry, 0..=u64::MAX));
        match (url, status, consecutive, timeout, retry) {
            (Some(url), Some(status), Some(consecutive), Some(timeout), Some(retry)) if wrong.is_empty() => {
                Ok(Self { url, send, status, body, headers, json, version, consecutive, timeout, retry })
            }
            _ => {
                let name = format!("smoke check {}", listed(&[&record.url]));
                Err(wrong.into_iter().map(|mistake| mistake.of(&name)).collect())
            }
        }
    }

    /// Its request, if its answer may take so many milliseconds.
    #[must_use]
    pub fn request(&self, patience: u64) -> Request {
        let most = KEPT[usize::from(!self.looks_into_body())];
        let patience = u32::try_from(patience.clamp(1, LONGEST)).unwrap_or(u32::MAX);
        Request { url: self.url.as_str().to_owned(), headers: self.send.clone(), patience, most }
    }

    /// Whether the body decides anything.
    fn looks_into_body(&self) -> bool {
        let version = self.version.as_ref().is_some_and(Version::is_in_body);
        version || self.body.is_some() || !self.json.is_empty()
    }
}

/// The value, or nothing and one more mistake.
fn keep<T>(wrong: &mut Vec<Mistake>, read: Result<T, Mistake>) -> Option<T> {
    read.map_err(|mistake| wrong.push(mistake)).ok()
}

fn each<T>(
    wrong: &mut Vec<Mistake>,
    texts: &Option<Vec<String>>,
    read: impl Fn(&str) -> Result<T, Mistake>,
) -> Vec<T> {
    texts.iter().flatten().filter_map(|text| keep(wrong, read(text))).collect()
}

/// An empty text is in every body, so somebody forgot to fill it in.
fn filled(text: &str) -> Result<String, Mistake> {
    match text {
        "" => {
            Err(Mistake::new("`body` is empty, which every body contains", "write a text, or leave it out"))
        }
        text => Ok(text.to_owned()),
    }
}

fn row(count: u32) -> Result<u32, Mistake> {
    if (1..=MOST).contains(&count) {
        return Ok(count);
    }
    Err(Mistake::new(format!("`consecutive` is {count}"), format!("write a number from 1 to {MOST}")))
}

fn time(input: &str, text: &str, fits: std::ops::RangeInclusive<u64>) -> Result<u64, Mistake> {
    let time = milliseconds(input, text)?;
    if fits.contains(&time) {
        return Ok(time);
    }
    Err(Mistake::new(format!("`{input}` is `{text}`"), "write a duration above `0s` and up to `5m`"))
}
