//! Finds the values with a comment at the end of their line.

use granit_parser::ScalarStyle;

use crate::stream::Stream;
use crate::tree::{Data, NodeId};

impl Stream<'_> {
    /// The scalars and aliases of a document that have a comment directly after them on their line, each with the comment
    /// including `#`, in order. A block scalar and an empty value have none.
    pub fn trailing_comments(&self, document: NodeId) -> Vec<(NodeId, &str)> {
        let tree = &self.tree;
        // Nodes are in the order of the file, and scalars contain no others.
        let ends: Vec<(u32, NodeId)> = (0..)
            .map(NodeId)
            .zip(&tree.nodes)
            .filter(|(_, node)| node.end > node.start)
            .filter(|(_, node)| match node.data {
                Data::Scalar { style, .. } => !matches!(style, ScalarStyle::Literal | ScalarStyle::Folded),
                Data::Alias { .. } => true,
                _ => false,
            })
            .map(|(id, node)| (node.end, id))
            .collect();
        debug_assert!(ends.is_sorted());
        let commented = tree.comments.iter().filter_map(|comment| {
            let before = ends.partition_point(|&(end, _)| end <= comment.start).checked_sub(1)?;
            let (end, node) = ends[before];
            let between = &tree.text[end as usize..comment.start as usize];
            let alone = between.bytes().all(|byte| matches!(byte, b' ' | b'\t'));
            let here = alone && tree.ancestors(node).last() == Some(document);
            here.then(|| (node, &tree.text[comment.start as usize..comment.end as usize]))
        });
        commented.collect()
    }
}
