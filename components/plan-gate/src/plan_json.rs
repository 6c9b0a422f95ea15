//! The parts of a plan's JSON that the step reads.

use serde::Deserialize;
use serde::de::{Deserializer, Error, IgnoredAny};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::attributes::{AnyMark, Attributes, Marks};
use crate::require::AfterValues;

/// An element of `resource_changes` or `resource_drift`.
#[derive(Debug, Deserialize)]
pub(crate) struct ResourceChange {
    pub(crate) address: String,
    pub(crate) previous_address: Option<String>,
    #[serde(rename = "type")]
    pub(crate) kind: Option<String>,
    pub(crate) deposed: Option<String>,
    pub(crate) action_reason: Option<String>,
    pub(crate) change: Change,
}

/// The `change` of a resource.
#[derive(Debug, Deserialize)]
pub(crate) struct Change {
    #[serde(default)]
    pub(crate) actions: Vec<String>,
    #[serde(default)]
    pub(crate) before: Attributes,
    #[serde(default)]
    pub(crate) after: Attributes,
    #[serde(default)]
    pub(crate) after_unknown: Marks,
    #[serde(default)]
    pub(crate) before_sensitive: Marks,
    #[serde(default)]
    pub(crate) after_sensitive: Marks,
    pub(crate) replace_paths: Option<Vec<Vec<Value>>>,
    pub(crate) importing: Option<IgnoredAny>,
}

/// An element of `resource_changes` with the text of it, from which the step reads values.
#[derive(Debug)]
pub(crate) struct ResourceWithValues {
    pub(crate) resource: ResourceChange,
    text: Box<RawValue>,
}

impl ResourceWithValues {
    /// The values of the resource after the plan.
    pub(crate) fn values(&self) -> AfterValues {
        #[derive(Deserialize)]
        struct Element {
            change: AfterValues,
        }
        // The text was read before, so it is valid.
        serde_json::from_str(self.text.get())
            .map_or_else(|_| AfterValues::default(), |one: Element| one.change)
    }
}

impl<'de> Deserialize<'de> for ResourceWithValues {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Box::<RawValue>::deserialize(deserializer)?;
        let resource = serde_json::from_str(text.get()).map_err(D::Error::custom)?;
        Ok(Self { resource, text })
    }
}

/// A value of `output_changes`.
#[derive(Debug, Deserialize)]
pub(crate) struct OutputChange {
    #[serde(default)]
    pub(crate) actions: Vec<String>,
    #[serde(default)]
    pub(crate) after_unknown: AnyMark,
}

/// An element of `action_invocations`.
#[derive(Debug, Deserialize)]
pub(crate) struct ActionInvocation {
    pub(crate) address: String,
    #[serde(rename = "type")]
    pub(crate) kind: Option<String>,
}

/// An element of `deferred_changes` or of `deferred_action_invocations`.
#[derive(Debug, Deserialize)]
pub(crate) struct DeferredChange {
    pub(crate) reason: Option<String>,
    pub(crate) resource_change: Option<Addressed>,
    pub(crate) action_invocation: Option<Addressed>,
}

/// An object with an address.
#[derive(Debug, Deserialize)]
pub(crate) struct Addressed {
    pub(crate) address: Option<String>,
}

/// An element of `checks`, or of `instances` of such an element.
#[derive(Debug, Deserialize)]
pub(crate) struct CheckResult {
    pub(crate) address: CheckAddress,
    pub(crate) status: String,
    #[serde(default)]
    pub(crate) instances: Vec<CheckResult>,
}

/// The address of a check.
#[derive(Debug, Deserialize)]
pub(crate) struct CheckAddress {
    pub(crate) to_display: String,
}

/// A string; none for any other value.
#[derive(Debug)]
pub(crate) struct OptionalString(pub(crate) Option<String>);

impl<'de> Deserialize<'de> for OptionalString {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Value::deserialize(deserializer).map(|value| match value {
            Value::String(text) => Self(Some(text)),
            _ => Self(None),
        })
    }
}
