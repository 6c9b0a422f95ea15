//! A file of YAML documents, opened for edits: the face of this library.

use crate::edit::{Change, Op, Plan};
use crate::gate;
use crate::refusal::{Reason, Refusal};
use crate::splice;
use crate::tree::{NodeId, Tree};
use crate::verify::verify;

/// A file that is open.
#[derive(Debug)]
pub struct Stream<'a> {
    pub(crate) tree: Tree<'a>,
}

/// What became of a file.
#[derive(Debug, PartialEq)]
pub struct Edited {
    /// Its bytes, if any changed.
    pub text: Option<String>,
    /// The values that changed, in order of their place.
    pub changes: Vec<Change>,
}

impl<'a> Stream<'a> {
    /// Opens a file.
    ///
    /// # Errors
    /// If it is not one that can be edited byte-exactly at all: too large, not UTF-8, not YAML, a
    /// template, or with a key twice in one mapping.
    pub fn open(bytes: &'a [u8]) -> Result<Self, Refusal> {
        Ok(Self { tree: gate::open(bytes)? })
    }

    /// The roots of the documents, in order.
    pub fn documents(&self) -> &[NodeId] {
        &self.tree.roots
    }

    /// Makes all changes or none. What is already as wanted changes no byte.
    ///
    /// # Errors
    /// If a change cannot be made, or the result does not read as it should.
    pub fn edit(&self, ops: &[Op]) -> Result<Edited, Refusal> {
        match self.attempt(ops, true) {
            // Block scalars are the one form that depends on the lines around them. Quotes do not.
            Err(Refusal { reason: Reason::Unproven { .. }, .. }) => self.attempt(ops, false),
            other => other,
        }
    }

    /// The text that [`Self::edit`] would first try, without the proof that it reads as intended. Only good to see
    /// whether a file has it already; what is to be written comes from [`Self::edit`].
    ///
    /// # Errors
    /// If a change cannot be made.
    pub fn draft(&self, ops: &[Op]) -> Result<String, Refusal> {
        let mut plan = Plan::new(&self.tree, ops, true)?;
        splice::apply(self.tree.text, &mut plan.splices).ok_or_else(overlap)
    }

    fn attempt(&self, ops: &[Op], blocks: bool) -> Result<Edited, Refusal> {
        let mut plan = Plan::new(&self.tree, ops, blocks)?;
        if plan.splices.is_empty() {
            return Ok(Edited { text: None, changes: Vec::new() });
        }
        if let Some(seal) = self.seal() {
            return Err(Reason::Sops.at(self.tree.position(self.tree.node(seal).start)));
        }
        let Some(text) = splice::apply(self.tree.text, &mut plan.splices) else {
            return Err(overlap());
        };
        verify(&self.tree, &plan, &text)?;
        Ok(Edited { text: Some(text), changes: plan.changes })
    }

    /// The `mac` of SOPS, if it covers values that are not encrypted.
    fn seal(&self) -> Option<NodeId> {
        self.tree.roots.iter().find_map(|&root| {
            let sops = self.tree.own_value(root, "sops")?;
            let partial = self.tree.own_value(sops, "mac_only_encrypted");
            let partial = partial.and_then(|flag| self.tree.scalar(flag));
            self.tree.own_value(sops, "mac").filter(|_| partial != Some("true"))
        })
    }
}

fn overlap() -> Refusal {
    Reason::Unsupported("two changes touch the same bytes".into()).into()
}
