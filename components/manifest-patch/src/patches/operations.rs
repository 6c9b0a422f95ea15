//! The operations of RFC 6902 on a draft, with two differences that let a step run again: an item that is in
//! a list already is not added to it, and what is gone already counts as removed. Never reads a text.

use lockstep_yaml::{NodeId, Reason, Refusal, Stream, Value};

use super::draft::Draft;
use super::pointer::{Pointer, Problem, index, walk};

/// One operation.
#[derive(Debug)]
pub(super) struct Operation {
    /// As messages name it: `replace /spec/replicas`.
    pub(super) label: String,
    /// Where.
    pub(super) path: Pointer,
    /// What.
    pub(super) action: Action,
}

/// What an operation does.
#[derive(Debug)]
pub(super) enum Action {
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
        operation.apply(stream, draft).map_err(|problem| {
            let message = format!("operation {number} (`{}`): {}", operation.label, problem.text);
            let near: Option<NodeId> = problem.near.or(document);
            Refusal { at: near.map(|node| stream.position(node)), reason: Reason::Unsupported(message) }
        })?;
    }
    Ok(())
}

impl Operation {
    fn apply(&self, stream: &Stream<'_>, draft: &mut Draft) -> Result<(), Problem> {
        let path = &self.path;
        match &self.action {
            Action::Add(value) => add(stream, draft, path, Draft::New(value.clone())),
            Action::Remove => take(stream, draft, path).map(|_| ()),
            Action::Replace(value) => {
                *walk(stream, draft, &path.0)? = Draft::New(value.clone());
                Ok(())
            }
            Action::Test(value) => {
                let found = walk(stream, draft, &path.0)?;
                if found.has(stream, value) {
                    return Ok(());
                }
                let text = format!("the value is {}, not {value}", found.show(stream));
                Err(Problem { text, near: found.origin() })
            }
            Action::Move(from) => {
                walk(stream, draft, &from.0)?;
                if from == path {
                    return Ok(());
                }
                match take(stream, draft, from)? {
                    Some(value) => add(stream, draft, path, value),
                    None => Ok(()),
                }
            }
            Action::Copy(from) => {
                let value = walk(stream, draft, &from.0)?.clone();
                add(stream, draft, path, value)
            }
        }
    }
}

fn add(stream: &Stream<'_>, draft: &mut Draft, path: &Pointer, value: Draft) -> Result<(), Problem> {
    let Some((last, outer)) = path.0.split_last() else {
        *draft = value;
        return Ok(());
    };
    let holder = walk(stream, draft, outer)?;
    holder.open(stream);
    let near = holder.origin();
    let problem = |text: String| Problem { text, near };
    match holder {
        Draft::Mapping(_, entries) => {
            match entries.iter_mut().find(|(key, _)| key == last) {
                Some((_, old)) => *old = value,
                None => entries.push((last.clone(), value)),
            }
            Ok(())
        }
        Draft::List(_, items) => {
            let at = if last == "-" { items.len() } else { index(last).map_err(problem)? };
            if at > items.len() {
                return Err(problem(format!("index {at} is behind the end of {} items", items.len())));
            }
            let value = value.value(stream).map_err(|text| problem(text.into()))?;
            if !items.iter().any(|item| item.has(stream, &value)) {
                items.insert(at, Draft::New(value));
            }
            Ok(())
        }
        Draft::Node(_) | Draft::New(_) => {
            Err(problem(format!("`{last}` would be added to what is neither a mapping nor a list")))
        }
    }
}

/// Takes a value out. Nothing, if what would hold it does not.
fn take(stream: &Stream<'_>, draft: &mut Draft, path: &Pointer) -> Result<Option<Draft>, Problem> {
    let near = draft.origin();
    let Some((last, outer)) = path.0.split_last() else {
        return Err(Problem { text: "a document as a whole cannot be taken away".into(), near });
    };
    let holder = walk(stream, draft, outer)?;
    holder.open(stream);
    let near = holder.origin();
    match holder {
        Draft::Mapping(_, entries) => {
            let at = entries.iter().position(|(key, _)| key == last);
            Ok(at.map(|at| entries.remove(at).1))
        }
        Draft::List(_, items) => {
            let at = index(last).map_err(|text| Problem { text, near })?;
            Ok((at < items.len()).then(|| items.remove(at)))
        }
        Draft::Node(_) | Draft::New(_) => {
            let text = format!("`{last}` would be taken from what is neither a mapping nor a list");
            Err(Problem { text, near })
        }
    }
}
