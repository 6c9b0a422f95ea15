//! A document with patches applied. Values that no patch changed are still nodes of the file.

use lockstep_yaml::{NodeId, Stream, Value};

/// A value of a draft.
#[derive(Clone, Debug)]
pub(crate) enum Draft {
    /// The unchanged value of a node.
    Node(NodeId),
    /// A new value.
    New(Value),
    /// A mapping: its node in the file, possibly an alias, if it has one; and its entries, with those from merges.
    Mapping(Option<NodeId>, Vec<(String, Draft)>),
    /// A list: its node in the file, possibly an alias, if it has one; and its items. Items that are nodes are nodes of this
    /// list, in its order.
    List(Option<NodeId>, Vec<Draft>),
}

impl Draft {
    /// The node of this value in the file.
    pub(crate) fn origin(&self) -> Option<NodeId> {
        match self {
            Self::Node(node) => Some(*node),
            Self::New(_) => None,
            Self::Mapping(origin, _) | Self::List(origin, _) => *origin,
        }
    }

    /// Turns a collection into its entries or items.
    pub(crate) fn open(&mut self, stream: &Stream<'_>) {
        let opened = match self {
            Self::Node(node) if stream.is_mapping(*node) => {
                let entries = stream.entries(*node).into_iter().chain(stream.merged_entries(*node));
                let entries = entries.map(|(key, value)| (key.to_owned(), Self::Node(value)));
                Self::Mapping(Some(*node), entries.collect())
            }
            Self::Node(node) if stream.is_sequence(*node) => {
                let items = stream.items(stream.resolve(*node)).iter();
                Self::List(Some(*node), items.map(|&item| Self::Node(item)).collect())
            }
            Self::New(Value::Mapping(entries)) => {
                let entries = std::mem::take(entries).into_iter();
                Self::Mapping(None, entries.map(|(key, value)| (key, Self::New(value))).collect())
            }
            Self::New(Value::Sequence(items)) => {
                Self::List(None, std::mem::take(items).into_iter().map(Self::New).collect())
            }
            _ => return,
        };
        *self = opened;
    }

    /// The entries, if this is a mapping.
    pub(crate) fn entries(&mut self, stream: &Stream<'_>) -> Option<&mut Vec<(String, Draft)>> {
        self.open(stream);
        match self {
            Self::Mapping(_, entries) => Some(entries),
            _ => None,
        }
    }

    /// The items, if this is a list.
    pub(crate) fn items(&mut self, stream: &Stream<'_>) -> Option<&mut Vec<Draft>> {
        self.open(stream);
        match self {
            Self::List(_, items) => Some(items),
            _ => None,
        }
    }

    /// The value of a key.
    pub(crate) fn get(&mut self, stream: &Stream<'_>, key: &str) -> Option<&mut Draft> {
        let entries = self.entries(stream)?.iter_mut();
        entries.into_iter().find(|(name, _)| name == key).map(|(_, value)| value)
    }

    /// Whether the draft equals a value for readers.
    pub(crate) fn has(&self, stream: &Stream<'_>, value: &Value) -> bool {
        if let Self::Node(node) = self
            && (!value.is_collection() || stream.has(*node, value))
        {
            return stream.has(*node, value);
        }
        if let Self::New(own) = self
            && !value.is_collection()
        {
            return own == value;
        }
        let mut opened = self.clone();
        match value {
            Value::Mapping(wanted) => {
                let size = opened.entries(stream).map(|entries| entries.len());
                size == Some(wanted.len())
                    && wanted
                        .iter()
                        .all(|(key, value)| opened.get(stream, key).is_some_and(|own| own.has(stream, value)))
            }
            Value::Sequence(wanted) => opened.items(stream).is_some_and(|items| {
                items.len() == wanted.len()
                    && items.iter().zip(wanted).all(|(own, value)| own.has(stream, value))
            }),
            _ => false,
        }
    }

    /// The value, for another place.
    ///
    /// # Errors
    /// Why the step cannot copy it.
    pub(crate) fn value(&self, stream: &Stream<'_>) -> Result<Value, &'static str> {
        Ok(match self {
            Self::Node(node) => stream.resolved_value(*node)?,
            Self::New(value) => value.clone(),
            Self::Mapping(_, entries) => {
                let entry =
                    |(key, value): &(String, Draft)| value.value(stream).map(|value| (key.clone(), value));
                Value::Mapping(entries.iter().map(entry).collect::<Result<_, _>>()?)
            }
            Self::List(_, items) => {
                Value::Sequence(items.iter().map(|item| item.value(stream)).collect::<Result<_, _>>()?)
            }
        })
    }

    /// The value on one line, for messages.
    pub(crate) fn display(&self, stream: &Stream<'_>) -> String {
        self.value(stream).map_or_else(|_| "a value with a tag".into(), |value| value.to_string())
    }
}
