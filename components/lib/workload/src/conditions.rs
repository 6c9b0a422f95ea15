//! A condition in the status of a custom resource. <https://github.com/kubernetes/community/blob/master/contributors/devel/sig-architecture/api-conventions.md#typical-status-properties>

use serde_json::Value;

use crate::value::{clip, clipped, condition, int, text};

/// A condition.
#[derive(Debug)]
pub(crate) struct Condition {
    /// Its type.
    pub(crate) of: &'static str,
    /// None for `Unknown`.
    pub(crate) status: Option<bool>,
    pub(crate) reason: Box<str>,
    message: Box<str>,
    /// The generation that it is about, if it says so.
    pub(crate) observed: Option<i64>,
}

impl Condition {
    /// The condition of a type among the `conditions` of an object.
    pub(crate) fn find(of: &'static str, status: &Value) -> Option<Self> {
        let value = condition(status, of)?;
        let status = match text(value, "status") {
            "True" => Some(true),
            "False" => Some(false),
            _ => None,
        };
        let (reason, message) = (clipped(value, "reason"), clipped(value, "message"));
        Some(Self { of, status, reason, message, observed: int(&value["observedGeneration"]) })
    }

    /// Its reason, or a default.
    pub(crate) fn reason_or<'a>(&'a self, default: &'a str) -> &'a str {
        if self.reason.is_empty() { default } else { &self.reason }
    }

    /// The condition in one line, such as `Ready is False: no such image`.
    pub(crate) fn line(&self) -> String {
        let status = match self.status {
            Some(true) => "True",
            Some(false) => "False",
            None => "Unknown",
        };
        match self.message.is_empty() {
            true => format!("{} is {status}", self.of),
            false => format!("{} is {status}: {}", self.of, clip(&self.message)),
        }
    }
}

/// Whether a controller has observed the newest generation. One that reports no generation counts as up to date.
pub(crate) fn is_observed(generation: Option<i64>, observed: Option<i64>) -> bool {
    match (generation, observed) {
        (Some(generation), Some(observed)) => observed >= generation,
        _ => true,
    }
}
