//! A file of YAML documents, opened for edits: the face of this library.

use crate::edit::{Change, Op, Plan, Way};
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

/// How edits are first tried.
const FIRST: Way = Way { blocks: true, whole: false };

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
        // Block scalars are the one form that depends on the lines around them. Quotes do not.
        let quoted = Way { blocks: false, ..FIRST };
        let parts = self.first(ops, &[FIRST, quoted], |reason| matches!(reason, Reason::Unproven { .. }));
        let collections = ops.iter().any(|op| matches!(op, Op::Set { value, .. } if value.is_collection()));
        match parts {
            // What cannot come or go on its own may do so with all that is around it.
            Err(Refusal { reason: Reason::Unproven { .. } | Reason::Unsupported(_), .. }) if collections => {
                let whole = [FIRST, quoted].map(|way| Way { whole: true, ..way });
                self.first(ops, &whole, |_| true).or(parts)
            }
            parts => parts,
        }
    }

    /// The text that [`Self::edit`] would first try, without the proof that it reads as intended. Only good to see
    /// whether a file has it already; what is to be written comes from [`Self::edit`].
    ///
    /// # Errors
    /// If a change cannot be made.
    pub fn draft(&self, ops: &[Op]) -> Result<String, Refusal> {
        let mut plan = Plan::new(&self.tree, ops, FIRST)?;
        splice::apply(self.tree.text, std::mem::take(&mut plan.splices)).ok_or_else(overlap)
    }

    /// The first of these ways that works, as long as the refusals are of this kind.
    fn first(&self, ops: &[Op], ways: &[Way], kind: impl Fn(&Reason) -> bool) -> Result<Edited, Refusal> {
        let mut last = Ok(Edited { text: None, changes: Vec::new() });
        for &way in ways {
            last = self.attempt(ops, way);
            if !matches!(&last, Err(refusal) if kind(&refusal.reason)) {
                break;
            }
        }
        last
    }

    fn attempt(&self, ops: &[Op], way: Way) -> Result<Edited, Refusal> {
        let mut plan = Plan::new(&self.tree, ops, way)?;
        if plan.splices.is_empty() {
            return Ok(Edited { text: None, changes: Vec::new() });
        }
        if let Some(seal) = self.seal() {
            return Err(Reason::Sops.at(self.tree.position(self.tree.node(seal).start)));
        }
        let Some(text) = splice::apply(self.tree.text, std::mem::take(&mut plan.splices)) else {
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
