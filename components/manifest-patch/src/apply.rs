//! Makes the edits of a request in one file. Never reads or writes files itself.

use std::collections::HashSet;

use lockstep_yaml::{Alias, Change, Lookup, NodeId, Op, Path, Place, Reason, Refusal, Stream, Value};

use crate::image::{ImageEdit, Reference};
use crate::kustomization;
use crate::marker;
use crate::patches::{Draft, diff};
use crate::request::{Action, Condition, Request};
use crate::split_image;
use crate::wanted::{self, Wanted};

/// What became of one file.
#[derive(Debug, Default)]
pub struct Applied {
    /// The new content, if it differs.
    pub text: Option<String>,
    /// The values that changed.
    pub changes: Vec<Change>,
    /// How many places each edit of the request matches.
    pub matches: Vec<u32>,
    /// Whether each edit of the request wants something to change.
    pub acts: Vec<bool>,
    /// How many documents fulfil all conditions.
    pub documents: u32,
    /// Why nothing changed although something should. Empty if all is well.
    pub refusals: Vec<Refusal>,
}

/// How often values may be copied to places that share them before the edits themselves are made: each
/// round makes the copies of one layer.
const ROUNDS: usize = 8;

/// Makes all edits in a file, or none.
pub fn apply(request: &Request, path: &str, content: &[u8]) -> Applied {
    if request.markers_alone().is_some() && !marker::is_in(content) {
        return Applied { matches: vec![0; request.edits.len()], ..Applied::default() };
    }
    let mut copied: Option<String> = None;
    let mut changes = Vec::new();
    for _ in 0..ROUNDS {
        let text = copied.as_deref().map_or(content, str::as_bytes);
        let round = Round::of(request, path, text);
        let mut applied = round.applied;
        let moved = copied.as_deref().map(|now| Moved::between(content, now.as_bytes()));
        changes.extend(applied.changes.drain(..).map(|change| match &moved {
            Some(moved) => moved.placed(change),
            None => change,
        }));
        if round.again && applied.refusals.is_empty() {
            copied = applied.text;
            continue;
        }
        applied.text = applied.text.or(copied).filter(|_| applied.refusals.is_empty());
        return Applied { changes, ..applied };
    }
    let refusal = Reason::Unsupported("copies of copies without end".into()).into();
    Applied { refusals: vec![refusal], ..Applied::default() }
}

/// A look at all places: either copies are made first, or the edits themselves.
struct Round {
    applied: Applied,
    again: bool,
}

impl Round {
    fn of(request: &Request, path: &str, content: &[u8]) -> Self {
        let count = request.edits.len();
        let mut applied = Applied { matches: vec![0; count], acts: vec![false; count], ..Applied::default() };
        let stream = match Stream::open(content) {
            Ok(stream) => stream,
            Err(refusal) => return Self { applied: not_yaml(request, content, refusal), again: false },
        };
        // `TAG=v1 # …` alone is YAML too: one word.
        let is_word = |&document| stream.scalar(document).is_some_and(|text| !text.is_empty());
        if request.markers_alone().is_some() && stream.documents().iter().any(is_word) {
            let refusal = Reason::InvalidYaml("a text".into()).into();
            return Self { applied: not_yaml(request, content, refusal), again: false };
        }
        let (mut ops, mut copies) = (Vec::new(), Vec::new());
        let several = stream.documents().len() > 1;
        for (index, &document) in stream.documents().iter().enumerate() {
            if !request.conditions.iter().all(|condition| holds(&stream, document, condition)) {
                continue;
            }
            applied.documents += 1;
            let mut draft = Ok(Draft::Node(document));
            let tallies = applied.matches.iter_mut().zip(&mut applied.acts);
            for (edit, (matches, acts)) in request.edits.iter().zip(tallies) {
                let Some(action) = edit.at(path, several.then_some(index)) else { continue };
                if let Action::Patch(patch) = action {
                    if patch.is_for(&stream, document) {
                        *matches += 1;
                        draft = draft.and_then(|draft| patch.apply(&stream, draft));
                    }
                    continue;
                }
                for place in matches_of(request, action, &stream, document, path) {
                    *matches += 1;
                    let (list, new) = match place {
                        Ok(Wanted::Ops(wanted)) => (&mut ops, wanted),
                        Ok(Wanted::Copy(copy)) => (&mut copies, vec![copy]),
                        Err(refusal) => {
                            applied.refusals.push(refusal);
                            continue;
                        }
                    };
                    *acts |= !new.is_empty();
                    list.extend(new);
                }
            }
            match draft.and_then(|draft| diff(&stream, request.alias, &draft, document)) {
                Ok(edits) => {
                    ops.extend(edits.ops);
                    copies.extend(edits.copies);
                }
                Err(refusal) => applied.refusals.push(refusal),
            }
        }
        let again = !copies.is_empty();
        if applied.refusals.is_empty() {
            match stream.edit(&once(if again { copies } else { ops })) {
                Ok(edited) => (applied.text, applied.changes) = (edited.text, edited.changes),
                Err(refusal) => applied.refusals.push(refusal),
            }
        }
        Self { applied, again }
    }
}

/// The same item is added once, and a value copied once.
fn once(ops: Vec<Op>) -> Vec<Op> {
    let mut seen = HashSet::with_capacity(ops.len());
    let first: Vec<bool> = ops.iter().map(|op| seen.insert(op)).collect();
    ops.into_iter().zip(first).filter_map(|(op, first)| first.then_some(op)).collect()
}

/// A file that is not YAML, such as a template of Helm, or too deep: markers alone can be found in it.
fn not_yaml(request: &Request, content: &[u8], refusal: Refusal) -> Applied {
    let mut applied = Applied { matches: vec![0; request.edits.len()], ..Applied::default() };
    let is_text = matches!(refusal.reason, Reason::Template | Reason::InvalidYaml(_) | Reason::TooDeep(_));
    match (request.markers_alone(), std::str::from_utf8(content)) {
        (Some(markers), Ok(text)) if is_text => match marker::lines(&markers, text) {
            Ok(lines) => {
                (applied.text, applied.changes, applied.matches) = (lines.text, lines.changes, lines.matches);
            }
            Err(refusal) => applied.refusals.push(refusal),
        },
        _ => applied.refusals.push(refusal),
    }
    applied
}

/// How copies moved the lines of a file.
struct Moved {
    /// The lines before the first difference, and its own.
    same: usize,
    /// The equal lines at the end.
    tail: usize,
    /// All lines before and now.
    old: usize,
    new: usize,
}

impl Moved {
    fn between(before: &[u8], now: &[u8]) -> Self {
        let lines = |text: &[u8]| text.split(|&byte| byte == b'\n').count();
        let head = before.iter().zip(now).take_while(|(old, new)| old == new);
        let same = head.filter(|(old, _)| **old == b'\n').count() + 1;
        let tail = before.rsplit(|&byte| byte == b'\n').zip(now.rsplit(|&byte| byte == b'\n'));
        let tail = tail.take_while(|(old, new)| old == new).count();
        Self { same, tail, old: lines(before), new: lines(now) }
    }

    /// A change where it stands in the file as it was: those in a copy stand where the copy is made.
    fn placed(&self, mut change: Change) -> Change {
        let line = change.at.line as usize;
        if line > self.same && self.old != self.new {
            let behind = line > self.new - self.tail;
            let line = if behind { line + self.old - self.new } else { self.same };
            change.at.line = u32::try_from(line).unwrap_or(u32::MAX);
        }
        change
    }
}

/// For each place that an edit matches: what to do, or why it cannot be done.
pub(crate) type Matches = Vec<Result<Wanted, Refusal>>;

fn matches_of(
    request: &Request,
    action: &Action,
    stream: &Stream<'_>,
    document: NodeId,
    file: &str,
) -> Matches {
    let alias = request.alias;
    let lookup = Lookup { create: request.create, alias, ..Lookup::default() };
    let each = |path, lookup, wanted: &dyn Fn(Place) -> Result<Wanted, Refusal>| -> Matches {
        let found = stream.find(document, path, lookup).into_iter();
        found.map(|place| place.and_then(wanted)).collect()
    };
    match action {
        Action::SetScalar(path, value) => {
            each(path, lookup, &|place| wanted::set_string(stream, place, value))
        }
        Action::SetJson(path, value) => each(path, lookup, &|place| wanted::set(stream, place, value)),
        Action::Append(path, value) => {
            each(path, lookup, &|place| wanted::append(stream, place, value, alias))
        }
        Action::Delete(path) => {
            let lookup = Lookup { create: false, itself: true, ..lookup };
            let found = each(path, lookup, &|place| wanted::delete(stream, place));
            if found.is_empty() { gone(stream, document, path) } else { found }
        }
        Action::Image(image) => {
            let mut matches = images(stream, document, file, image, alias);
            matches.extend(split_image::images(stream, document, image, alias, request.create));
            matches
        }
        Action::Marker(edit) => marker::markers(stream, document, edit, alias),
        Action::Patch(_) => Vec::new(),
    }
}

/// The collections that could hold what is to be deleted and do not: places that are already so.
fn gone(stream: &Stream<'_>, document: NodeId, path: &Path) -> Matches {
    let holds = |path: &Path| {
        let lookup = Lookup { alias: Alias::Follow, ..Lookup::default() };
        stream
            .find(document, path, lookup)
            .into_iter()
            .flatten()
            .filter(|place| matches!(place, Place::Node(node) if stream.is_collection(*node)))
            .count()
    };
    let count = path.parent().map_or(0, |outer| holds(&outer));
    (0..count).map(|_| Ok(Wanted::Ops(Vec::new()))).collect()
}

fn holds(stream: &Stream<'_>, document: NodeId, condition: &Condition) -> bool {
    stream.read(document, &condition.path).contains(&condition.text.as_str())
}

/// Images in a document: the entries of a kustomization, and every `image:`.
fn images(stream: &Stream<'_>, document: NodeId, path: &str, edit: &ImageEdit, alias: Alias) -> Matches {
    let mut matches = kustomization::images(stream, document, path, edit, alias);
    let mut changed = Vec::new();
    let mut aliases = Vec::new();
    for node in stream.values_of(document, "image") {
        let Some(old) = stream.scalar(node).and_then(Reference::parse) else {
            continue;
        };
        let Some(new) = edit.change(&old) else {
            continue;
        };
        let value = Value::String(new.to_string());
        let target = stream.resolve(node);
        if target == node {
            changed.push(node);
            matches.push(Ok(Wanted::Ops(vec![Op::Set { node, value }])));
        } else if new != old {
            aliases.push((node, target, value));
        }
    }
    // An alias of an image that changes anyway changes with it.
    let foreign = aliases.into_iter().filter(|(_, target, _)| !changed.contains(target));
    matches.extend(foreign.map(|(node, target, value)| match alias {
        Alias::Refuse => Err(stream.refuse_alias(node)),
        Alias::Expand => Ok(Wanted::Ops(vec![Op::Detach { node, value }])),
        Alias::Follow => Ok(Wanted::Ops(vec![Op::Set { node: target, value }])),
    }));
    matches
}
