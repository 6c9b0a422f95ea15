//! Compares one response to a query with the threshold.

use lockstep_sdk::http::{ErrorCode, Response};
use serde_json::Value as Json;

use super::reply::{Data, Reply, Series, Value};
use super::threshold::Threshold;
use crate::web::{body_excerpt, error_message, error_name, excerpt, is_permanent, redirect_target};

/// The result of one query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sample {
    /// Every value is within the threshold; the values.
    Good(String),
    /// A value violates the threshold; the value.
    Violated(String),
    /// There is no data; why.
    NoData(String),
    /// The query failed.
    Error {
        /// Why.
        message: String,
        /// The next act, if it is certain.
        hint: Option<&'static str>,
        /// Whether a retry cannot help.
        is_permanent: bool,
    },
}

/// Reads a response. The warnings of the server go to `warnings`.
pub fn read_sample(
    result: &Result<Response, ErrorCode>,
    threshold: &Threshold,
    warnings: &mut Vec<String>,
) -> Sample {
    let response = match result {
        Ok(response) => response,
        Err(error) => {
            let message = format!("{}: {}", error_name(error), excerpt(error_message(error)));
            return Sample::Error { message, hint: None, is_permanent: is_permanent(error) };
        }
    };
    let reply: Option<Reply> = serde_json::from_slice(&response.body).ok().filter(|_| !response.truncated);
    match reply {
        Some(reply) if response.status == 200 && reply.status == "success" => {
            let new: Vec<_> = reply.warnings.iter().flatten().map(|text| excerpt(text)).collect();
            warnings.extend(new.into_iter().filter(|text| !text.is_empty()));
            warnings.extend(reply.partial.then(|| "the result is partial".to_owned()));
            match reply.data {
                Some(data) => compare(data, threshold),
                None => transient("the response has no `data`".into()),
            }
        }
        Some(reply) if reply.status == "error" => {
            let message = format!("{}: {}", excerpt(&reply.kind), excerpt(&reply.error));
            // The query itself is invalid.
            match reply.kind.as_str() {
                "bad_data" => permanent(message, "fix `query`"),
                _ => transient(message),
            }
        }
        _ => no_reply(response),
    }
}

/// The response is not from Prometheus, or is truncated.
fn no_reply(response: &Response) -> Sample {
    if response.truncated {
        let message = format!("the response has more than {} bytes", response.body.len());
        return permanent(message, "reduce the series of the query, for example with `max(…)` or `topk(…)`");
    }
    if let Some(to) = redirect_target(response) {
        let message = format!("the server redirects to `{}`", excerpt(to));
        return permanent(message, "queries follow no redirect: set `url` to the final address");
    }
    let body = body_excerpt(&response.body);
    transient(match response.status {
        200 => format!("the response is not from Prometheus: {body}"),
        status => format!("status {status}, {body}"),
    })
}

fn transient(message: String) -> Sample {
    Sample::Error { message, hint: None, is_permanent: false }
}

fn permanent(message: impl Into<String>, hint: &'static str) -> Sample {
    Sample::Error { message: message.into(), hint: Some(hint), is_permanent: true }
}

/// Compares the values of a result with the threshold.
fn compare(data: Data, threshold: &Threshold) -> Sample {
    let values = match data.kind.as_str() {
        "vector" => vector(data.result),
        "scalar" => scalar(&data.result),
        "matrix" => {
            let hint =
                "let the query return one value per series, for example with `avg_over_time(…)` or `rate(…)`";
            return permanent("the result is a range of values", hint);
        }
        "string" => return permanent("the result is a text", "let the query return a number"),
        other => return transient(format!("the result is of the unknown type `{}`", excerpt(other))),
    };
    match values {
        Ok(values) => judge(&values, threshold),
        Err(sample) => sample,
    }
}

fn vector(result: Json) -> Result<Vec<Value>, Sample> {
    let malformed = |_| transient("the result is not a vector".into());
    let series: Option<Vec<Series>> = serde_json::from_value(result).map_err(malformed)?;
    let values: Option<Vec<Value>> = series.iter().flatten().map(Series::value).collect();
    let hint = "let the query return a number, for example with `histogram_quantile(…)`";
    values.ok_or_else(|| permanent("a value of the result is not a number", hint))
}

fn scalar(result: &Json) -> Result<Vec<Value>, Sample> {
    let value = result.get(1).and_then(Json::as_str).and_then(|text| Value::parse(text, String::new()));
    value.map(|value| vec![value]).ok_or_else(|| transient("the result is not a scalar".into()))
}

/// Judges the values. NaN is no data. An infinite value comes from a division by zero: it can violate a threshold, but never
/// holds.
fn judge(values: &[Value], threshold: &Threshold) -> Sample {
    if let Some(bad) = values.iter().find(|value| !value.number.is_nan() && !threshold.holds(value.number)) {
        return Sample::Violated(describe(bad));
    }
    if let Some(none) = values.iter().find(|value| !value.number.is_finite()) {
        return Sample::NoData(describe(none));
    }
    match values {
        [] => Sample::NoData("an empty result".into()),
        [one] => Sample::Good(describe(one)),
        [first, .., last] => {
            let (min, max) = values.iter().fold((first, last), |(min, max), value| {
                let less = if value.number < min.number { value } else { min };
                (less, if value.number > max.number { value } else { max })
            });
            Sample::Good(format!("{} values from {} to {}", values.len(), min.text, max.text))
        }
    }
}

/// `0.25 of {path="/"}`.
fn describe(value: &Value) -> String {
    match value.series.as_str() {
        "" => value.text.clone(),
        series => format!("{} of `{}`", value.text, excerpt(series)),
    }
}
