//! Reads a plan from its JSON, one resource at a time.

use std::collections::BTreeSet;
use std::fmt;

use lockstep_sdk::types::{self, Location};
use lockstep_terraform::{Cursor, DocumentKind, JsonPosition, ReadError, Source, is_known_version};

use crate::builder::PlanBuilder;
use crate::failure::{Code, Error};
use crate::inspection::Inspection;
use crate::plan::Plan;
use crate::plan_json::OptionalString;
use crate::text::clip_at;

/// A document that may be a plan.
#[derive(Debug)]
pub struct Document {
    /// Its kind, according to its top-level keys.
    pub kind: DocumentKind,
    /// Its `format_version`.
    pub version: Option<String>,
    /// The plan in it, empty if there is none.
    pub plan: Plan,
}

/// Why a document is not a plan.
#[derive(Debug, PartialEq, Eq)]
pub enum PlanError<E> {
    /// The document is not one clean JSON document with the structure of a plan.
    Read(ReadError<E>),
    /// The document is of another kind.
    NotAPlan(DocumentKind),
    /// The policy has requirements, and a preview of Pulumi does not have what they need.
    NoValues,
    /// The plan has this unknown format version.
    UnknownVersion(String),
}

/// Reads a document with a function that returns at most `length` bytes from an offset, and none at the end.
///
/// # Errors
/// The document is not one clean JSON document, or a part of it does not have the structure of a plan.
pub fn read<E>(fetch: impl FnMut(u64, u32) -> Result<Vec<u8>, E>) -> Result<Document, ReadError<E>> {
    read_inspected(fetch, &mut Inspection::default())
}

fn read_inspected<E>(
    fetch: impl FnMut(u64, u32) -> Result<Vec<u8>, E>,
    inspection: &mut Inspection<'_>,
) -> Result<Document, ReadError<E>> {
    Cursor::document(Source::new(fetch), |cursor| {
        let mut builder = PlanBuilder::default();
        let mut version = None;
        let mut keys = BTreeSet::new();
        cursor.visit_entries(|cursor, key| {
            if !keys.insert(key.to_owned()) {
                let reason = "a top-level key occurs twice".into();
                return Err(ReadError::Structure(cursor.position(), reason));
            }
            match key {
                "format_version" => version = cursor.read_value::<OptionalString>()?.0,
                "errored" => {
                    builder.plan.errored = cursor.read_value::<Option<bool>>()?.unwrap_or_default();
                }
                // The keys of a preview of Pulumi.
                "maybeCorrupt" => {
                    builder.plan.errored |= cursor.read_value::<Option<bool>>()?.unwrap_or_default()
                }
                "changeSummary" => builder.preview.set_summary(cursor.read_value()?),
                "complete" => builder.plan.complete = cursor.read_value()?,
                "applyable" => builder.plan.applyable = cursor.read_value()?,
                _ => read_list(cursor, key, &mut builder, inspection)?,
            }
            Ok(())
        })?;
        let kind = DocumentKind::from_keys(version.is_some(), keys.iter().map(String::as_str));
        if kind == DocumentKind::PulumiPreview {
            builder.finish_preview(inspection);
        }
        builder.plan.lists_resources = keys.contains("resource_changes");
        Ok(Document { kind, version, plan: builder.plan })
    })
}

/// Reads a part of the plan that has many elements, or skips it.
fn read_list<F, E>(
    cursor: &mut Cursor<F, E>,
    key: &str,
    builder: &mut PlanBuilder,
    inspection: &mut Inspection<'_>,
) -> Result<(), ReadError<E>>
where
    F: FnMut(u64, u32) -> Result<Vec<u8>, E>,
{
    match key {
        "resource_changes" if inspection.needs_values() => {
            cursor.for_each_element(|change| builder.add_with_values(change, inspection))
        }
        "resource_changes" => cursor.for_each_element(|change| builder.add_resource(change, inspection)),
        "resource_drift" => cursor.for_each_element(|change| builder.add_drift(change)),
        "deferred_changes" | "deferred_action_invocations" => {
            cursor.for_each_element(|deferred| builder.add_deferred(deferred))
        }
        "action_invocations" => cursor.for_each_element(|invocation| builder.add_invocation(invocation)),
        "checks" => cursor.for_each_element(|check| builder.add_check(check)),
        "output_changes" => {
            cursor.for_each_entry(|name, change| builder.add_output(name, &change, inspection))
        }
        "steps" => cursor.for_each_element(|step| builder.preview.add(step)),
        "diagnostics" => cursor.for_each_element(|one| builder.add_diagnostic(&one)),
        _ => cursor.skip(),
    }
}

/// Reads a plan with a function that returns at most `length` bytes from an offset, and none at the end, and inspects it.
///
/// # Errors
/// The document is not a plan of a known format version.
pub fn read_plan<E>(
    fetch: impl FnMut(u64, u32) -> Result<Vec<u8>, E>,
    inspection: &mut Inspection<'_>,
) -> Result<Plan, PlanError<E>> {
    let document = read_inspected(fetch, inspection).map_err(PlanError::Read)?;
    match document.version {
        // Another major version may have other keys, so that the kind says nothing about it.
        Some(version) if !is_known_version(&version) => Err(PlanError::UnknownVersion(version)),
        _ if document.kind == DocumentKind::PulumiPreview && inspection.needs_values() => {
            Err(PlanError::NoValues)
        }
        _ if !matches!(document.kind, DocumentKind::Plan | DocumentKind::PulumiPreview) => {
            Err(PlanError::NotAPlan(document.kind))
        }
        _ => Ok(document.plan),
    }
}

impl<E: fmt::Display> PlanError<E> {
    /// The failure code.
    pub fn code(&self) -> Code {
        match self {
            Self::Read(ReadError::Fetch(_)) => Code::Workspace,
            Self::Read(error) if error.is_noise() => Code::Noise,
            Self::Read(_) => Code::Broken,
            Self::NotAPlan(_) => Code::NotAPlan,
            Self::NoValues => Code::BadInput,
            Self::UnknownVersion(_) => Code::UnknownVersion,
        }
    }

    /// The message, as a lower-case fragment.
    pub fn message(&self) -> String {
        match self {
            Self::Read(error) => error.to_string(),
            Self::NotAPlan(DocumentKind::Outputs) => "this is not a plan: it has no `format_version`".into(),
            Self::NotAPlan(DocumentKind::UnversionedPlan) => {
                "this has the parts of a plan, but no `format_version`".into()
            }
            Self::NotAPlan(DocumentKind::Unknown) => {
                "this has a `format_version`, but none of the parts of a plan".into()
            }
            Self::NotAPlan(kind) => format!("this is {kind}, not a plan"),
            Self::NoValues => "this is a preview of Pulumi, and `require` is about plans of Terraform".into(),
            Self::UnknownVersion(version) => {
                let version = clip_at(version, 20);
                format!("unknown format version `{version}` of the plan: expected 0.x or 1.x")
            }
        }
    }

    /// The next act, if there is one that helps.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Read(error) => error.hint(),
            Self::NotAPlan(DocumentKind::State | DocumentKind::Outputs) => Some(
                "use the output of `terraform show -json PLANFILE`; the step `terraform-parse` reads states and outputs",
            ),
            Self::NotAPlan(_) => Some("use the output of `terraform show -json PLANFILE`"),
            Self::NoValues => Some("check it in a run without `require`"),
            Self::UnknownVersion(_) => Some("use a newer version of Lockstep"),
        }
    }

    /// The position in the document, if it is known.
    pub fn position(&self) -> Option<JsonPosition> {
        match self {
            Self::Read(error) => error.position(),
            _ => None,
        }
    }
}

impl PlanError<types::Error> {
    /// The error of the step for the document at this path.
    #[must_use]
    pub fn into_step_error(self, path: &str) -> Error {
        let number = |number| u32::try_from(number).ok();
        let position = self.position();
        let location = Location {
            path: path.to_owned(),
            line: position.and_then(|position| number(position.line)),
            column: position.and_then(|position| number(position.column)),
        };
        match self {
            Self::Read(ReadError::Fetch(error)) => Error::host(Code::Workspace, error),
            other => {
                let error = Error::new(other.code(), other.message()).located(location);
                Error { hint: other.hint().map(str::to_owned), ..error }
            }
        }
    }
}
