//! The response of Prometheus to a query.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value as Json;

use crate::web::excerpt;

/// A response.
#[derive(Debug, Deserialize)]
pub(super) struct Reply {
    pub(super) status: String,
    pub(super) data: Option<Data>,
    #[serde(default, rename = "errorType")]
    pub(super) kind: String,
    #[serde(default)]
    pub(super) error: String,
    pub(super) warnings: Option<Vec<String>>,
    /// Set by VictoriaMetrics if a part of its storage did not respond.
    #[serde(default, rename = "isPartial")]
    pub(super) partial: bool,
}

/// The result of a query.
#[derive(Debug, Deserialize)]
pub(super) struct Data {
    #[serde(rename = "resultType")]
    pub(super) kind: String,
    pub(super) result: Json,
}

/// One series of a vector.
#[derive(Debug, Deserialize)]
pub(super) struct Series {
    #[serde(default)]
    metric: BTreeMap<String, String>,
    value: Option<(Json, String)>,
}

/// A value with its series.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Value {
    pub(super) number: f64,
    /// The value as the server wrote it.
    pub(super) text: String,
    pub(super) series: String,
}

impl Series {
    /// Its value; none for a histogram or a text that is not a number.
    pub(super) fn value(&self) -> Option<Value> {
        Value::parse(&self.value.as_ref()?.1, self.labels())
    }

    /// Name and labels as Prometheus writes them: `up{job="web"}`.
    fn labels(&self) -> String {
        let name = self.metric.get("__name__").map_or("", String::as_str);
        let labels = self.metric.iter().filter(|(label, _)| *label != "__name__");
        let labels: Vec<String> = labels.map(|(label, value)| format!("{label}={value:?}")).collect();
        if labels.is_empty() { name.to_owned() } else { format!("{name}{{{}}}", labels.join(",")) }
    }
}

impl Value {
    /// Parses a value of a series; none for a text that is not a number.
    pub(super) fn parse(text: &str, series: String) -> Option<Self> {
        Some(Self { number: text.parse().ok()?, text: excerpt(text), series })
    }
}
