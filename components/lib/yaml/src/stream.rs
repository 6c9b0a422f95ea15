//! A YAML text with its documents, open for edits: the main type of this library.

use crate::gate;
use crate::op::{ChangedValue, Op};
use crate::plan::{Plan, WriteStyle};
use crate::refusal::{Refusal, RefusalReason};
use crate::splice;
use crate::tree::{NodeId, Tree};
use crate::verify::verify;

/// An open file.
#[derive(Debug)]
pub struct Stream<'a> {
    pub(crate) tree: Tree<'a>,
}

/// The first style that an edit tries.
const FIRST: WriteStyle = WriteStyle { blocks: true, whole: false };

/// The result of an edit.
#[derive(Debug, PartialEq)]
pub struct EditResult {
    /// The new text, if it differs.
    pub text: Option<String>,
    /// The values that changed, in order of position.
    pub changes: Vec<ChangedValue>,
}

impl<'a> Stream<'a> {
    /// Opens a file.
    ///
    /// # Errors
    /// The library cannot edit the file byte-exactly: it is too large, not UTF-8, not YAML or a template, or has a duplicate
    /// key.
    pub fn open(bytes: &'a [u8]) -> Result<Self, Refusal> {
        Ok(Self { tree: gate::open(bytes)? })
    }

    /// The roots of the documents, in order.
    pub fn documents(&self) -> &[NodeId] {
        &self.tree.roots
    }

    /// Applies all operations or none. An operation whose result exists already changes no byte.
    ///
    /// # Errors
    /// The library cannot apply an operation, or the result does not have the intended values.
    pub fn edit(&self, ops: &[Op]) -> Result<EditResult, Refusal> {
        // Only block scalars depend on the lines around them; quotes do not.
        let quoted = WriteStyle { blocks: false, ..FIRST };
        let parts =
            self.first(ops, &[FIRST, quoted], |reason| matches!(reason, RefusalReason::Unproven { .. }));
        let collections = ops.iter().any(|op| matches!(op, Op::Set { value, .. } if value.is_collection()));
        match parts {
            // The library may be able to replace a whole collection if it cannot add or remove a part of it.
            Err(Refusal {
                reason: RefusalReason::Unproven { .. } | RefusalReason::Unsupported(_), ..
            }) if collections => {
                let whole = [FIRST, quoted].map(|style| WriteStyle { whole: true, ..style });
                self.first(ops, &whole, |_| true).or(parts)
            }
            parts => parts,
        }
    }

    /// The first result that [`Self::edit`] would try, not verified. Use it to see whether a file has this content already, and
    /// write only results of [`Self::edit`].
    ///
    /// # Errors
    /// The library cannot apply an operation.
    pub fn edit_unverified(&self, ops: &[Op]) -> Result<String, Refusal> {
        let mut plan = Plan::new(&self.tree, ops, FIRST)?;
        splice::apply(self.tree.text, std::mem::take(&mut plan.splices)).ok_or_else(overlap)
    }

    /// The result of the first style that works. Tries the next style only after a refusal for such a reason.
    fn first(
        &self,
        ops: &[Op],
        styles: &[WriteStyle],
        is_retried: impl Fn(&RefusalReason) -> bool,
    ) -> Result<EditResult, Refusal> {
        let mut last = Ok(EditResult { text: None, changes: Vec::new() });
        for &style in styles {
            last = self.attempt(ops, style);
            if !matches!(&last, Err(refusal) if is_retried(&refusal.reason)) {
                break;
            }
        }
        last
    }

    fn attempt(&self, ops: &[Op], style: WriteStyle) -> Result<EditResult, Refusal> {
        let mut plan = Plan::new(&self.tree, ops, style)?;
        if plan.splices.is_empty() {
            return Ok(EditResult { text: None, changes: Vec::new() });
        }
        if let Some(seal) = self.seal() {
            return Err(RefusalReason::Sops.at(self.tree.position(self.tree.node(seal).start)));
        }
        let Some(text) = splice::apply(self.tree.text, std::mem::take(&mut plan.splices)) else {
            return Err(overlap());
        };
        verify(&self.tree, &plan, &text)?;
        Ok(EditResult { text: Some(text), changes: plan.changes })
    }

    /// The `mac` of SOPS, if it also covers values that are not encrypted.
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
    RefusalReason::Unsupported("two changes touch the same bytes".into()).into()
}
