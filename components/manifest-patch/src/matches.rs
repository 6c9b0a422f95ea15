//! The places that an edit matches in a document.

use lockstep_yaml::Refusal;

use crate::place_edit::PlaceEdit;

/// For each place that an edit matches: what to do there, or why that is impossible.
pub(crate) type Matches = Vec<Result<PlaceEdit, Refusal>>;
