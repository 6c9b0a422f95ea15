//! The operations of RFC 6902 on a draft, with two differences so that a second run succeeds: `add` does not add an item that
//! the list has already, and `remove` of a missing key or item succeeds.

use lockstep_yaml::{NodeId, Refusal, RefusalReason, Stream, Value};

use super::draft::Draft;
use super::pointer::{Pointer, PointerError, index, walk};

/// One operation.
#[derive(Debug)]
pub(super) struct Operation {
    /// Its name in messages: `replace /spec/replicas`.
    pub(super) label: String,
    /// The place.
    pub(super) path: Pointer,
    /// What it does there.
    pub(super) kind: OperationKind,
}

/// What an operation does.
#[derive(Debug)]
pub(super) enum OperationKind {
    Add(Value),
    Remove,
    Replace(Value),
    Test(Value),
    Move(Pointer),
    Copy(Pointer),
}

/// Applies all operations, one after the other.
pub(super) fn apply(stream: &Stream<'_>, draft: &mut Draft, operations: &[Operation]) -> Result<(), Refusal> {
    let document = draft.origin();
    for (number, operation) in (1..).zip(operations) {
        operation.apply(stream, draft).map_err(|error| {
            let message = format!("operation {number} (`{}`): {}", operation.label, error.text);
            let near: Option<NodeId> = error.near.or(document);
            Refusal {
                at: near.map(|node| stream.position(node)),
                reason: RefusalReason::Unsupported(message),
            }
        })?;
    }
    Ok(())
}

impl Operation {
    fn apply(&self, stream: &Stream<'_>, draft: &mut Draft) -> Result<(), PointerError> {
        let path = &self.path;
        match &self.kind {
            OperationKind::Add(value) => add(stream, draft, path, Draft::New(value.clone())),
            OperationKind::Remove => remove(stream, draft, path).map(|_| ()),
            OperationKind::Replace(value) => {
                *walk(stream, draft, &path.0)? = Draft::New(value.clone());
                Ok(())
            }
            OperationKind::Test(value) => {
                let found = walk(stream, draft, &path.0)?;
                if found.has(stream, value) {
                    return Ok(());
                }
                let text = format!("the value is {}, not {value}", found.display(stream));
                Err(PointerError { text, near: found.origin() })
            }
            OperationKind::Move(from) => {
                walk(stream, draft, &from.0)?;
                if from == path {
                    return Ok(());
                }
                match remove(stream, draft, from)? {
                    Some(value) => add(stream, draft, path, value),
                    None => Ok(()),
                }
            }
            OperationKind::Copy(from) => {
                let value = walk(stream, draft, &from.0)?.clone();
                add(stream, draft, path, value)
            }
        }
    }
}

fn add(stream: &Stream<'_>, draft: &mut Draft, path: &Pointer, value: Draft) -> Result<(), PointerError> {
    let Some((last, outer)) = path.0.split_last() else {
        *draft = value;
        return Ok(());
    };
    let parent = walk(stream, draft, outer)?;
    parent.open(stream);
    let near = parent.origin();
    let error = |text: String| PointerError { text, near };
    match parent {
        Draft::Mapping(_, entries) => {
            match entries.iter_mut().find(|(key, _)| key == last) {
                Some((_, old)) => *old = value,
                None => entries.push((last.clone(), value)),
            }
            Ok(())
        }
        Draft::List(_, items) => {
            let at = if last == "-" { items.len() } else { index(last).map_err(error)? };
            if at > items.len() {
                return Err(error(format!("index {at} is after the end of a list of {} items", items.len())));
            }
            let value = value.value(stream).map_err(|text| error(text.into()))?;
            if !items.iter().any(|item| item.has(stream, &value)) {
                items.insert(at, Draft::New(value));
            }
            Ok(())
        }
        Draft::Node(_) | Draft::New(_) => {
            Err(error(format!("the parent of `{last}` is neither a mapping nor a list")))
        }
    }
}

/// Removes a value, and returns it if it existed.
fn remove(stream: &Stream<'_>, draft: &mut Draft, path: &Pointer) -> Result<Option<Draft>, PointerError> {
    let near = draft.origin();
    let Some((last, outer)) = path.0.split_last() else {
        return Err(PointerError { text: "the step cannot remove a whole document".into(), near });
    };
    let parent = walk(stream, draft, outer)?;
    parent.open(stream);
    let near = parent.origin();
    match parent {
        Draft::Mapping(_, entries) => {
            let at = entries.iter().position(|(key, _)| key == last);
            Ok(at.map(|at| entries.remove(at).1))
        }
        Draft::List(_, items) => {
            let at = index(last).map_err(|text| PointerError { text, near })?;
            Ok((at < items.len()).then(|| items.remove(at)))
        }
        Draft::Node(_) | Draft::New(_) => {
            let text = format!("the parent of `{last}` is neither a mapping nor a list");
            Err(PointerError { text, near })
        }
    }
}
