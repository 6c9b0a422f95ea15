//! Writes values for messages, on one line and shortened.

use lockstep_path::clip;

use crate::render;
use crate::tree::{Data, NodeId, Tree};
use crate::value::Value;

const LIMIT: usize = 120;

/// A value that is to be written.
pub(crate) fn show(value: &Value) -> String {
    match value {
        Value::String(text) if text.is_empty() => "\"\"".into(),
        Value::String(text) => clip(text, LIMIT),
        other => clip(&render::inline(other, false, false), LIMIT),
    }
}

impl Tree<'_> {
    /// What stands at a node.
    pub(crate) fn show(&self, id: NodeId) -> String {
        let node = self.node(id);
        match &node.data {
            Data::Scalar { text, .. } if text.is_empty() && node.start == node.end => "(empty)".into(),
            Data::Scalar { text, .. } if text.is_empty() => "\"\"".into(),
            Data::Scalar { text, .. } => clip(text, LIMIT),
            Data::Alias { .. } => self.text[node.start as usize..node.end as usize].to_owned(),
            Data::Mapping { .. } | Data::Sequence { .. } => {
                let source = &self.text[node.start as usize..node.end as usize];
                clip(&source.split_whitespace().collect::<Vec<_>>().join(" "), LIMIT)
            }
        }
    }
}
