//! The changes that a caller asks for, and the changes of values that result.

use crate::refusal::Position;
use crate::tree::NodeId;
use crate::value::Value;

/// A change of one place.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Op {
    /// Set the value of a node.
    Set {
        /// The node.
        node: NodeId,
        /// Its new value.
        value: Value,
    },
    /// Replace an alias by a value. The anchor and its other aliases stay.
    Detach {
        /// The alias.
        node: NodeId,
        /// The new value.
        value: Value,
    },
    /// Create a missing key, with the mappings in its path.
    Create {
        /// A mapping without the key, or an empty value, which becomes a mapping.
        within: NodeId,
        /// The missing keys, outermost first; at least one.
        keys: Vec<String>,
        /// The value of the last key.
        value: Value,
    },
    /// Add an item to the end of a list. Several items of one list keep their order.
    Append {
        /// A list, or an empty value, which becomes one. With `keys`, as in `Create`.
        within: NodeId,
        /// The missing keys in the path of the list, outermost first, if the list does not exist.
        keys: Vec<String>,
        /// The new item.
        value: Value,
    },
    /// Insert an item into a list before one of its items. Several items at one index keep their order. Comment lines
    /// directly above an item with its indentation belong to it and stay with it. Comments above the first item stay above
    /// all of them, so that removing the new item restores every byte.
    Insert {
        /// A list, or with index 0 an empty value, which becomes one.
        within: NodeId,
        /// The index of the item after it, before the edit. The length of the list makes it an `Append`.
        index: usize,
        /// The new item.
        value: Value,
    },
    /// Rename the key of a value.
    Rename {
        /// The value.
        node: NodeId,
        /// The new key.
        key: String,
    },
    /// Remove a value and its key from a mapping, or an item from a list, with its own comments: the one at the end of its
    /// line, those inside and after it with a deeper indentation, and comment lines directly above it with its
    /// indentation. Comments above the first key or item stay, because they may describe all of them. The last one leaves
    /// `{}` or `[]`.
    Remove {
        /// The value.
        node: NodeId,
    },
}

/// A value that changed.
#[derive(Clone, Debug, PartialEq)]
pub struct ChangedValue {
    /// Its position in the file before the edit.
    pub at: Position,
    /// Its path in dotted form.
    pub path: String,
    /// The old value on one line. `None` if it is new.
    pub from: Option<String>,
    /// The new value on one line. `None` if the edit removes it.
    pub to: Option<String>,
    /// The lines of its aliases, which change with it.
    pub aliases: Vec<u32>,
}
