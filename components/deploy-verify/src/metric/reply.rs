//! The form of an answer of Prometheus. Never compares a value with anything.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value as Json;

use crate::web::shown;

/// An answer.
#[derive(Debug, Deserialize)]
pub(super) struct Reply {
    pub(super) status: String,
    pub(super) data: Option<Data>,
    #[serde(default, rename = "errorType")]
    pub(super) kind: String,
    #[serde(default)]
    pub(super) error: String,
    pub(super) warnings: Option<Vec<String>>,
    /// What VictoriaMetrics says where a part of its storage does not answer.
    #[serde(default, rename = "isPartial")]
    pub(super) partial: bool,
}

/// What was found.
#[derive(Debug, Deserialize)]
pub(super) struct Data {
    #[serde(rename = "resultType")]
    pub(super) kind: String,
    pub(super) result: Json,
}

/// One of the values of a vector.
#[derive(Debug, Deserialize)]
pub(super) struct Series {
    #[serde(default)]
    metric: BTreeMap<String, String>,
    value: Option<(Json, String)>,
}

/// A value, and which series it is of.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Value {
    pub(super) number: f64,
    /// As the server spells it.
    pub(super) text: String,
    pub(super) series: String,
}

impl Series {
    /// Its value; none if it is a histogram or no number.
    pub(super) fn value(&self) -> Option<Value> {
        Value::read(&self.value.as_ref()?.1, self.labels())
    }

    /// As Prometheus writes them: `up{job="web"}`.
    fn labels(&self) -> String {
        let name = self.metric.get("__name__").map_or("", String::as_str);
        let labels = self.metric.iter().filter(|(label, _)| *label != "__name__");
        let labels: Vec<String> = labels.map(|(label, value)| format!("{label}={value:?}")).collect();
        if labels.is_empty() { name.to_owned() } else { format!("{name}{{{}}}", labels.join(",")) }
    }
}

impl Value {
    /// Reads a value of this series; none if it is no number.
    pub(super) fn read(text: &str, series: String) -> Option<Self> {
        Some(Self { number: text.parse().ok()?, text: shown(text), series })
    }
}
