//! A metric, read from its record. Nothing is asked before all of it is known to make sense.

use super::Threshold;
use crate::web::{LONGEST, Request, Url, encoded, listed};
use lockstep_glue::Mistake;
use lockstep_glue::duration::{milliseconds, spelled};

/// How long a query may take, in milliseconds.
const PATIENCE: u64 = 10_000;

/// How many bytes of an answer are kept.
const KEPT: u32 = 1 << 20;

/// What stands for the window in a query.
const WINDOW: &str = "{{window}}";

/// What it means that there is no data.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum NoData {
    /// The metric has failed.
    #[default]
    Fail,
    /// The metric tells nothing.
    Inconclusive,
}

/// A metric as the inputs have it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Record {
    /// `url`.
    pub url: String,
    /// `query`.
    pub query: String,
    /// `threshold`.
    pub threshold: String,
    /// `window`.
    pub window: Option<String>,
    /// `interval`.
    pub interval: Option<String>,
    /// `on-no-data`.
    pub on_no_data: NoData,
}

/// A query, and what its result must be.
#[derive(Clone, Debug, PartialEq)]
pub struct Metric {
    /// What is asked for: the address with the query in it.
    request: String,
    /// The query as it is made.
    pub query: String,
    /// What every value must be.
    pub threshold: Threshold,
    /// How long to watch, in milliseconds.
    pub window: u64,
    /// How often, in milliseconds; never 0.
    pub interval: u64,
    /// What it means that there is no data.
    pub on_no_data: NoData,
}

impl Metric {
    /// Reads a metric.
    ///
    /// # Errors
    /// Everything that is wrong with it, each with the query in front.
    pub fn read(record: &Record) -> Result<Self, Vec<Mistake>> {
        let mut wrong = Vec::new();
        let url = server(&record.url).map_err(|mistake| wrong.push(mistake)).ok();
        let threshold = Threshold::read(&record.threshold).map_err(|mistake| wrong.push(mistake)).ok();
        let window = milliseconds("window", record.window.as_deref().unwrap_or("1m"));
        let window = window.map_err(|mistake| wrong.push(mistake)).ok();
        let interval = milliseconds("interval", record.interval.as_deref().unwrap_or("10s")).and_then(often);
        let interval = interval.map_err(|mistake| wrong.push(mistake)).ok();
        // A window that cannot be read is a mistake of its own; the query is looked at all the same.
        let query = resolve(&record.query, window.unwrap_or(1000));
        let query = query.map_err(|mistake| wrong.push(mistake)).ok();
        let request = url.zip(query.as_ref()).map(|(url, query)| address(&url, query));
        let request = request.and_then(|request| request.map_err(|mistake| wrong.push(mistake)).ok());
        match (request, query, threshold, window, interval) {
            (Some(request), Some(query), Some(threshold), Some(window), Some(interval))
                if wrong.is_empty() =>
            {
                Ok(Self { request, query, threshold, window, interval, on_no_data: record.on_no_data })
            }
            _ => {
                let name = format!("metric {}", listed(&[&record.query]));
                Err(wrong.into_iter().map(|mistake| mistake.of(&name)).collect())
            }
        }
    }

    /// Its request, if so much time is left, in milliseconds.
    #[must_use]
    pub fn request(&self, left: u64) -> Request {
        let patience = u32::try_from(left.clamp(1, PATIENCE)).unwrap_or(u32::MAX);
        let headers = vec![("accept".to_owned(), "application/json".to_owned())];
        Request { url: self.request.clone(), headers, patience, most: KEPT }
    }
}

/// Reads the URL of a server.
fn server(text: &str) -> Result<Url, Mistake> {
    let url = Url::read(text)?;
    if text.contains('?') {
        return Err(Mistake::new(
            "`url` has a `?`",
            "write the address of the server, and the query in `query`",
        ));
    }
    if text.trim_end_matches('/').ends_with("/api/v1") || text.contains("/api/v1/") {
        return Err(Mistake::new("`url` has `/api/v1` in it", "leave out `/api/v1` and what follows it"));
    }
    Ok(url)
}

fn often(interval: u64) -> Result<u64, Mistake> {
    match interval {
        0 => Err(Mistake::new("`interval` is `0s`", "write at least `1s`")),
        interval => Ok(interval),
    }
}

/// The query with the window in it.
fn resolve(query: &str, window: u64) -> Result<String, Mistake> {
    if query.trim().is_empty() {
        return Err(Mistake::new("`query` is empty", "write a query in PromQL"));
    }
    if window == 0 && query.contains(WINDOW) {
        let hint = "write the time into the query, or give a longer `window`";
        return Err(Mistake::new("`query` has `{{window}}`, and `window` is `0s`", hint));
    }
    let resolved = query.replace(WINDOW, &spelled(window));
    let other = resolved.split("{{").skip(1).find_map(|rest| Some(rest.split_once("}}")?.0));
    match other.filter(|name| name.trim().bytes().all(|byte| byte.is_ascii_alphabetic() || byte == b'_')) {
        Some(name) => {
            let message = format!("`query` has `{{{{{name}}}}}`, which stands for nothing");
            Err(Mistake::new(message, "write `{{window}}`, or the text itself"))
        }
        None => Ok(resolved),
    }
}

/// The address with the query in it.
fn address(url: &Url, query: &str) -> Result<String, Mistake> {
    let base = url.as_str().trim_end_matches('/');
    let address = format!("{base}/api/v1/query?query={}", encoded(query));
    match address.len() {
        0..=LONGEST => Ok(address),
        bytes => {
            let message = format!("`query` makes a URL of {bytes} bytes, and servers take {LONGEST}");
            Err(Mistake::new(message, "shorten it, or make it a recording rule and ask for that"))
        }
    }
}
