//! Patches: texts that say how documents are to change, in the forms that people know from kubectl,
//! kustomize and RFC 6902. Works out what documents become, then the fewest edits that lead there.

mod check;
mod diff;
mod draft;
mod entry;
mod keys;
mod merge;
mod operations;
mod pointer;
mod selector;
mod target;
mod text;

pub(crate) use diff::diff;
pub(crate) use draft::Draft;
pub use keys::ListKeys;
use lockstep_yaml::{NodeId, Refusal, Stream, Value};
use merge::Merge;
use operations::Operation;
use target::Target;
pub use text::{BadPatch, read};

/// One patch.
#[derive(Debug)]
pub struct Patch {
    /// The documents it is for.
    target: Target,
    change: Change,
}

/// What a patch does to a document.
#[derive(Debug)]
enum Change {
    /// The operations of RFC 6902, one after the other.
    Operations(Vec<Operation>),
    /// RFC 7386, with lists of mappings merged as the keys say.
    Merge {
        /// What is merged.
        value: Value,
        /// Whether a list of mappings is replaced only if `list-key` says so.
        strategic: bool,
        keys: ListKeys,
    },
}

impl Patch {
    /// Whether the patch is for this document, as it stands in the file.
    pub(crate) fn is_for(&self, stream: &Stream<'_>, document: NodeId) -> bool {
        // An empty document, often one with nothing but comments, stays empty.
        !stream.is_absent(document) && self.target.fits(stream, document)
    }

    /// The draft of a document with the patch applied.
    pub(crate) fn apply(&self, stream: &Stream<'_>, mut draft: Draft) -> Result<Draft, Refusal> {
        match &self.change {
            Change::Operations(operations) => operations::apply(stream, &mut draft, operations)?,
            Change::Merge { value, strategic, keys } => {
                Merge { stream, keys, strategic: *strategic }.document(&mut draft, value)?;
            }
        }
        Ok(draft)
    }
}
