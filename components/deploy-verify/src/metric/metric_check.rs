//! A metric, parsed from its input record.

use lockstep_sdk::http::{Header, Request};
use lockstep_sdk::{InputError, duration};

use super::threshold::Threshold;
use crate::web::{self, MAX_URL_BYTES, Url, percent_encode, quoted_list};
use crate::{Metric, NoData};

/// The timeout of a query, in milliseconds.
const TIMEOUT_MS: u64 = 10_000;

/// How many bytes of a response are kept.
const MAX_BODY_BYTES: u32 = 1 << 20;

/// The placeholder of the window in a query.
const WINDOW: &str = "{{window}}";

/// A query with its threshold.
#[derive(Clone, Debug, PartialEq)]
pub struct MetricCheck {
    /// The URL with the query.
    url: String,
    /// The query with the window in it.
    pub query: String,
    /// The condition for every value.
    pub threshold: Threshold,
    /// The time to watch, in milliseconds.
    pub window_ms: u64,
    /// The time between queries, in milliseconds; at least 1.
    pub interval_ms: u64,
    /// The meaning of missing data.
    pub on_no_data: NoData,
}

impl MetricCheck {
    /// Parses a metric.
    ///
    /// # Errors
    /// Everything that is wrong with it, each with the query in front.
    pub fn parse(record: &Metric) -> Result<Self, Vec<InputError>> {
        let mut errors = Vec::new();
        let url = parse_server_url(&record.url).map_err(|error| errors.push(error)).ok();
        let threshold = Threshold::parse(&record.threshold).map_err(|error| errors.push(error)).ok();
        let window = duration::parse_input("window", record.window.as_deref().unwrap_or("1m"));
        let window = window.map_err(|error| errors.push(error)).ok();
        let interval =
            duration::parse_input("interval", record.interval.as_deref().unwrap_or("10s")).and_then(non_zero);
        let interval = interval.map_err(|error| errors.push(error)).ok();
        // An invalid window is an error of its own, and the query is checked anyway.
        let query = resolve(&record.query, window.unwrap_or(1000));
        let query = query.map_err(|error| errors.push(error)).ok();
        let url = url.zip(query.as_ref()).map(|(url, query)| query_url(&url, query));
        let url = url.and_then(|url| url.map_err(|error| errors.push(error)).ok());
        match (url, query, threshold, window, interval) {
            (Some(url), Some(query), Some(threshold), Some(window_ms), Some(interval_ms))
                if errors.is_empty() =>
            {
                Ok(Self { url, query, threshold, window_ms, interval_ms, on_no_data: record.on_no_data })
            }
            _ => {
                let name = format!("metric {}", quoted_list(&[&record.query]));
                Err(errors.into_iter().map(|error| error.of(&name)).collect())
            }
        }
    }

    /// Its request, with at most this timeout in milliseconds.
    #[must_use]
    pub fn request(&self, left: u64) -> Request {
        let accept = Header { name: "accept".to_owned(), value: "application/json".to_owned() };
        web::get(&self.url, &[accept], left.clamp(1, TIMEOUT_MS), MAX_BODY_BYTES)
    }
}

/// Parses the URL of a server.
fn parse_server_url(text: &str) -> Result<Url, InputError> {
    let url = Url::parse(text)?;
    if text.contains('?') {
        return Err(InputError::new(
            "`url` has a `?`",
            "write the address of the server, and the query in `query`",
        ));
    }
    if text.trim_end_matches('/').ends_with("/api/v1") || text.contains("/api/v1/") {
        return Err(InputError::new("`url` has `/api/v1` in it", "remove `/api/v1` and the rest of the URL"));
    }
    Ok(url)
}

fn non_zero(interval: u64) -> Result<u64, InputError> {
    match interval {
        0 => Err(InputError::new("`interval` is `0s`", "write at least `1s`")),
        interval => Ok(interval),
    }
}

/// The query with the window in it.
fn resolve(query: &str, window: u64) -> Result<String, InputError> {
    if query.trim().is_empty() {
        return Err(InputError::new("`query` is empty", "write a query in PromQL"));
    }
    if window == 0 && query.contains(WINDOW) {
        let hint = "write the time into the query, or give a longer `window`";
        return Err(InputError::new("`query` has `{{window}}`, and `window` is `0s`", hint));
    }
    let resolved = query.replace(WINDOW, &duration::format(window));
    let placeholder = resolved.split("{{").skip(1).find_map(|rest| Some(rest.split_once("}}")?.0));
    match placeholder
        .filter(|name| name.trim().bytes().all(|byte| byte.is_ascii_alphabetic() || byte == b'_'))
    {
        Some(name) => {
            let message = format!("`query` has `{{{{{name}}}}}`, which is not a placeholder");
            Err(InputError::new(message, "write `{{window}}`, or the text itself"))
        }
        None => Ok(resolved),
    }
}

/// The URL with the query.
fn query_url(url: &Url, query: &str) -> Result<String, InputError> {
    let base = url.as_str().trim_end_matches('/');
    let url = format!("{base}/api/v1/query?query={}", percent_encode(query));
    match url.len() {
        0..=MAX_URL_BYTES => Ok(url),
        bytes => {
            let message = format!("`query` makes a URL of {bytes} bytes, and servers accept {MAX_URL_BYTES}");
            Err(InputError::new(message, "shorten it, or make it a recording rule and query that"))
        }
    }
}
