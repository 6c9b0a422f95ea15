//! What one answer to a query says about its threshold. Never looks at the answers before it.

use serde_json::Value as Json;

use super::Threshold;
use super::reply::{Data, Reply, Series, Value};
use crate::web::{Response, Trouble, shown, shown_bytes};

/// What an answer says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sample {
    /// Every value is as it must be; what the values are.
    Good(String),
    /// A value is not as it must be; which.
    Violated(String),
    /// There is nothing to compare; why.
    NoData(String),
    /// The query was not answered; why, and whether it never will be.
    Error {
        /// Why.
        why: String,
        /// The next act, where it is certain.
        hint: Option<&'static str>,
        /// Whether asking again cannot help.
        lasting: bool,
    },
}

/// Reads an answer. What the server warns of goes to `notes`.
pub fn read(answer: &Result<Response, Trouble>, threshold: &Threshold, notes: &mut Vec<String>) -> Sample {
    let response = match answer {
        Ok(response) => response,
        Err(trouble) => {
            let why = format!("{}: {}", trouble.word(), shown(trouble.message()));
            return Sample::Error { why, hint: None, lasting: trouble.is_final() };
        }
    };
    let reply: Option<Reply> = serde_json::from_slice(&response.body).ok().filter(|_| !response.cut);
    match reply {
        Some(reply) if response.status == 200 && reply.status == "success" => {
            let new: Vec<_> = reply.warnings.iter().flatten().map(|text| shown(text)).collect();
            notes.extend(new.into_iter().filter(|text| !text.is_empty()));
            notes.extend(reply.partial.then(|| "the result is partial".to_owned()));
            match reply.data {
                Some(data) => compare(data, threshold),
                None => passing("the answer has no `data`".into()),
            }
        }
        Some(reply) if reply.status == "error" => {
            let why = format!("{}: {}", shown(&reply.kind), shown(&reply.error));
            // The server could not read the query, and will not be able to the next time.
            match reply.kind.as_str() {
                "bad_data" => lasting(why, "mend `query`"),
                _ => passing(why),
            }
        }
        _ => no_reply(response),
    }
}

/// Something else than Prometheus answered, or not all of it came.
fn no_reply(response: &Response) -> Sample {
    if response.cut {
        let why = format!("the answer has more than {} bytes", response.body.len());
        return lasting(why, "let the query give fewer series, such as with `max(…)` or `topk(…)`");
    }
    if let Some(to) = response.redirect() {
        let why = format!("the server sends to `{}`", shown(to));
        return lasting(why, "queries follow no redirect: give `url` the final address");
    }
    let body = shown_bytes(&response.body);
    passing(match response.status {
        200 => format!("the answer is none of Prometheus: {body}"),
        status => format!("status {status}, {body}"),
    })
}

fn passing(why: String) -> Sample {
    Sample::Error { why, hint: None, lasting: false }
}

fn lasting(why: impl Into<String>, hint: &'static str) -> Sample {
    Sample::Error { why: why.into(), hint: Some(hint), lasting: true }
}

/// Reads the values, and compares them.
fn compare(data: Data, threshold: &Threshold) -> Sample {
    let values = match data.kind.as_str() {
        "vector" => vector(data.result),
        "scalar" => scalar(&data.result),
        "matrix" => {
            let hint = "let the query give one value a series, such as with `avg_over_time(…)` or `rate(…)`";
            return lasting("the result is a range of values", hint);
        }
        "string" => return lasting("the result is a text", "let the query give a number"),
        other => return passing(format!("the result is of the unknown type `{}`", shown(other))),
    };
    match values {
        Ok(values) => judge(&values, threshold),
        Err(sample) => sample,
    }
}

fn vector(result: Json) -> Result<Vec<Value>, Sample> {
    let malformed = |_| passing("the result is no vector".into());
    let series: Option<Vec<Series>> = serde_json::from_value(result).map_err(malformed)?;
    let values: Option<Vec<Value>> = series.iter().flatten().map(Series::value).collect();
    let hint = "let the query give a number, such as with `histogram_quantile(…)`";
    values.ok_or_else(|| lasting("a value of the result is no number", hint))
}

fn scalar(result: &Json) -> Result<Vec<Value>, Sample> {
    let value = result.get(1).and_then(Json::as_str).and_then(|text| Value::read(text, String::new()));
    value.map(|value| vec![value]).ok_or_else(|| passing("the result is no scalar".into()))
}

/// A value that is no number is nothing to compare. An infinite one comes of dividing by nothing: it can violate a
/// threshold, and never fulfils one.
fn judge(values: &[Value], threshold: &Threshold) -> Sample {
    if let Some(bad) = values.iter().find(|value| !value.number.is_nan() && !threshold.holds(value.number)) {
        return Sample::Violated(said(bad));
    }
    if let Some(none) = values.iter().find(|value| !value.number.is_finite()) {
        return Sample::NoData(said(none));
    }
    match values {
        [] => Sample::NoData("an empty result".into()),
        [one] => Sample::Good(said(one)),
        [first, .., last] => {
            let (least, most) = values.iter().fold((first, last), |(least, most), value| {
                let less = if value.number < least.number { value } else { least };
                (less, if value.number > most.number { value } else { most })
            });
            Sample::Good(format!("{} values from {} to {}", values.len(), least.text, most.text))
        }
    }
}

/// `0.25 of {path="/"}`.
fn said(value: &Value) -> String {
    match value.series.as_str() {
        "" => value.text.clone(),
        series => format!("{} of `{}`", value.text, shown(series)),
    }
}
