//! The only sort functions of the library: each further instance of a sort makes the component some kilobytes larger.

use crate::tree::NodeId;

/// The items by their keys; those with equal keys keep their order.
pub(crate) fn sorted<T>(items: Vec<T>, key: impl Fn(&T) -> (usize, usize)) -> Vec<T> {
    let keys = items.iter().map(key).enumerate().map(|(index, (first, second))| (first, second, index));
    let mut keys: Vec<(usize, usize, usize)> = keys.collect();
    if keys.is_sorted() {
        return items;
    }
    keys.sort_unstable();
    let mut items: Vec<Option<T>> = items.into_iter().map(Some).collect();
    keys.into_iter().filter_map(|(_, _, index)| items[index].take()).collect()
}

/// Nodes as they stand in the file.
pub(crate) fn sorted_nodes(nodes: Vec<NodeId>) -> Vec<NodeId> {
    sorted(nodes, |node| (node.0 as usize, 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_keys_keep_their_order() {
        let items = vec![(2, 1, 'a'), (1, 9, 'b'), (2, 1, 'c'), (2, 0, 'd'), (1, 9, 'e')];
        let order: String =
            sorted(items, |&(first, second, _)| (first, second)).iter().map(|item| item.2).collect();
        assert_eq!(order, "bedac");
    }
}
