//! A patch: the documents that it targets, and what it does to them.

use lockstep_yaml::{NodeId, Refusal, Stream, Value};

use super::draft::Draft;
use super::list_keys::ListKeys;
use super::merge::Merge;
use super::operations::{self, Operation};
use super::target::Target;

/// One patch.
#[derive(Debug)]
pub struct Patch {
    /// The documents to which it applies.
    pub(super) target: Target,
    /// What it does to them.
    pub(super) body: PatchBody,
}

/// What a patch does to a document.
#[derive(Debug)]
pub(super) enum PatchBody {
    /// Applies the operations of RFC 6902, one after the other.
    Operations(Vec<Operation>),
    /// Merges by RFC 7386, and lists of mappings by their keys.
    Merge {
        /// The value to merge.
        value: Value,
        /// Whether it replaces a list of mappings only if `list-key` allows that.
        strategic: bool,
        /// The keys of lists.
        keys: ListKeys,
    },
}

impl Patch {
    /// Whether the patch applies to this document, as the document is in the file.
    pub(crate) fn targets(&self, stream: &Stream<'_>, document: NodeId) -> bool {
        // An empty document stays empty; it often has comments only.
        !stream.is_absent(document) && self.target.matches(stream, document)
    }

    /// Applies the patch to the draft of a document.
    pub(crate) fn apply(&self, stream: &Stream<'_>, mut draft: Draft) -> Result<Draft, Refusal> {
        match &self.body {
            PatchBody::Operations(operations) => operations::apply(stream, &mut draft, operations)?,
            PatchBody::Merge { value, strategic, keys } => {
                Merge { stream, keys, strategic: *strategic }.document(&mut draft, value)?;
            }
        }
        Ok(draft)
    }
}
