//! From the bytes of a document to a plan, or to the reason why it is none. Never judges the plan.

use lockstep_terraform::{Kind, Place, Trouble, is_known_version};

use crate::document;
use crate::plan::Plan;
use crate::words::clip_at;

/// Why a document cannot be used.
#[derive(Debug, PartialEq, Eq)]
pub enum Refusal<E> {
    /// It is not one clean JSON document of the form of a plan.
    Trouble(Trouble<E>),
    /// It is something else.
    NotAPlan(Kind),
    /// It is a plan of a format that is not known.
    Version(String),
}

/// Reads a plan by a function that gives at most a number of bytes from an offset.
///
/// # Errors
/// If the document is not a plan of a known format.
pub fn open<E>(fetch: impl FnMut(u64, u32) -> Result<Vec<u8>, E>) -> Result<Plan, Refusal<E>> {
    let document = document::read(fetch).map_err(Refusal::Trouble)?;
    match document.version {
        // Another major version may have other words for the keys by which a plan is known.
        Some(version) if !is_known_version(&version) => Err(Refusal::Version(version)),
        _ if document.kind != Kind::Plan => Err(Refusal::NotAPlan(document.kind)),
        _ => Ok(document.plan),
    }
}

impl<E: std::fmt::Display> Refusal<E> {
    /// The name of the failure for scripts.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Trouble(trouble) => trouble.code(),
            Self::NotAPlan(_) => "not-a-plan",
            Self::Version(_) => "unknown-version",
        }
    }

    /// What is wrong, as a lower-case fragment.
    pub fn message(&self) -> String {
        match self {
            Self::Trouble(trouble) => trouble.to_string(),
            Self::NotAPlan(Kind::Outputs) => "this is not a plan: it has no `format_version`".into(),
            Self::NotAPlan(kind) => format!("this is {kind}, not a plan"),
            Self::Version(version) => {
                let shown = clip_at(version, 20);
                format!("plans of format version `{shown}` are not known; 0 and 1 are")
            }
        }
    }

    /// The next act, if one is sure to help.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Trouble(trouble) => trouble.hint(),
            Self::NotAPlan(Kind::State | Kind::Outputs) => Some(
                "give it the output of `terraform show -json PLANFILE`; states and outputs are for `terraform-parse`",
            ),
            Self::NotAPlan(_) => Some("give it the output of `terraform show -json PLANFILE`"),
            Self::Version(_) => Some("use a newer lockstep"),
        }
    }

    /// Where in the document, if that is known.
    pub fn at(&self) -> Option<Place> {
        match self {
            Self::Trouble(trouble) => trouble.at(),
            _ => None,
        }
    }
}
