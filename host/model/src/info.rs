//! What a step is, as data: made from its WIT and its `step.toml` when it is built, embedded in the host,
//! and the source of flags, help, wrappers and reference pages. It never says anything about one run.

use crate::types::Type;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// A step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct StepInfo {
    /// The version of this form, 1.
    pub version: u32,
    /// The step's name in `object-verb` form, which is its folder's.
    pub name: String,
    /// One line: what it is for.
    pub summary: String,
    /// The doc comment of its world.
    pub docs: String,
    /// The fields of its `inputs` record, in order.
    pub inputs: Vec<FieldInfo>,
    /// The fields of its `outputs` record, in order.
    pub outputs: Vec<FieldInfo>,
    /// The rights it asks for: by capability, templates such as `read,write ${files}`.
    pub asks: BTreeMap<String, Vec<String>>,
    /// The budgets it sets.
    pub limits: StepLimits,
    /// Its failure codes and what each means.
    pub failures: BTreeMap<String, String>,
}

/// An input or an output of a step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct FieldInfo {
    /// The name, in `kebab-case`.
    pub name: String,
    /// The doc comment.
    pub docs: String,
    /// The type.
    #[serde(rename = "type")]
    pub ty: Type,
    /// What an input is if it is not given. An input without one is required, unless its type is an
    /// option (nothing) or a bool (`false`).
    pub default: Option<Value>,
}

/// The budgets that a step may set; the others are the host's. See [`crate::limits::Limits`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct StepLimits {
    /// Wall clock, in seconds.
    pub seconds: Option<u32>,
    /// Memory of the component, in MiB.
    pub memory_mb: Option<u32>,
    /// Host calls.
    pub calls: Option<u64>,
}

impl FieldInfo {
    /// Whether a run without this input is an error.
    #[must_use]
    pub fn is_required(&self) -> bool {
        self.default.is_none() && !matches!(self.ty, Type::Option(_) | Type::Bool)
    }
}
