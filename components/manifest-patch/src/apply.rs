//! Applies the edits of a request to the content of one file.

use std::collections::HashSet;

use lockstep_yaml::{
    AliasMode, ChangedValue, FindOptions, NodeId, Op, Path, PathMatch, Position, Refusal, RefusalReason,
    Stream,
};

use crate::bindings::{self, FilePatch};
use crate::edit::{Action, Condition};
use crate::inputs::Request;
use crate::matches::Matches;
use crate::patches::{Draft, diff};
use crate::place_edit::{self, PlaceEdit};
use crate::{images, marker};

/// The result for one file, in the types of the YAML library; the fields are those of [`FilePatch`].
#[derive(Debug, Default)]
struct Applied {
    text: Option<String>,
    changes: Vec<ChangedValue>,
    matches: Vec<u32>,
    effective: Vec<bool>,
    documents: u32,
    refusals: Vec<Refusal>,
}

/// How many rounds of copies there can be before the edits themselves. Each round makes the copies of one layer.
const ROUNDS: usize = 8;

/// Applies all edits to the content of a file, or none.
pub fn apply(request: &Request, path: &str, content: &[u8]) -> FilePatch {
    apply_in_rounds(request, path, content).into()
}

fn apply_in_rounds(request: &Request, path: &str, content: &[u8]) -> Applied {
    if request.only_markers().is_some() && !marker::has_marker(content) {
        return Applied { matches: vec![0; request.edits.len()], ..Applied::default() };
    }
    let mut copied: Option<String> = None;
    let mut changes = Vec::new();
    for _ in 0..ROUNDS {
        let text = copied.as_deref().map_or(content, str::as_bytes);
        let round = Round::run(request, path, text);
        let mut applied = round.applied;
        let shift = copied.as_deref().map(|now| LineShift::between(content, now.as_bytes()));
        changes.extend(applied.changes.drain(..).map(|change| match &shift {
            Some(shift) => shift.original(change),
            None => change,
        }));
        if round.again && applied.refusals.is_empty() {
            copied = applied.text;
            continue;
        }
        applied.text = applied.text.or(copied).filter(|_| applied.refusals.is_empty());
        return Applied { changes, ..applied };
    }
    let refusal = RefusalReason::Unsupported("copies contain copies without an end".into()).into();
    Applied { refusals: vec![refusal], ..Applied::default() }
}

/// One round over all places: it makes copies, or the edits themselves if there is nothing to copy.
struct Round {
    applied: Applied,
    again: bool,
}

impl Round {
    fn run(request: &Request, path: &str, content: &[u8]) -> Self {
        let stream = match Stream::open(content) {
            Ok(stream) => stream,
            Err(refusal) => return Self { applied: apply_to_text(request, content, refusal), again: false },
        };
        // A text such as `TAG=v1 # …` is also YAML: one scalar.
        let is_word = |&document| stream.scalar(document).is_some_and(|text| !text.is_empty());
        if request.only_markers().is_some() && stream.documents().iter().any(is_word) {
            let refusal = RefusalReason::InvalidYaml("a text".into()).into();
            return Self { applied: apply_to_text(request, content, refusal), again: false };
        }
        let mut pass = Pass::new(request, &stream, path);
        for (index, &document) in stream.documents().iter().enumerate() {
            if request.conditions.iter().all(|condition| is_met(&stream, document, condition)) {
                pass.document(index, document);
            }
        }
        let Pass { mut applied, ops, copies, .. } = pass;
        let again = !copies.is_empty();
        if applied.refusals.is_empty() {
            match stream.edit(&deduplicate(if again { copies } else { ops })) {
                Ok(edited) => (applied.text, applied.changes) = (edited.text, edited.changes),
                Err(refusal) => applied.refusals.push(refusal),
            }
        }
        Self { applied, again }
    }
}

/// Collects the operations of all edits for the documents of a file.
struct Pass<'a> {
    request: &'a Request,
    stream: &'a Stream<'a>,
    path: &'a str,
    applied: Applied,
    ops: Vec<Op>,
    copies: Vec<Op>,
}

impl<'a> Pass<'a> {
    fn new(request: &'a Request, stream: &'a Stream<'a>, path: &'a str) -> Self {
        let count = request.edits.len();
        let applied =
            Applied { matches: vec![0; count], effective: vec![false; count], ..Applied::default() };
        Self { request, stream, path, applied, ops: Vec::new(), copies: Vec::new() }
    }

    /// Adds the operations for one document.
    fn document(&mut self, index: usize, document: NodeId) {
        self.applied.documents += 1;
        let several = self.stream.documents().len() > 1;
        let mut draft = Ok(Draft::Node(document));
        for (number, edit) in self.request.edits.iter().enumerate() {
            match edit.action_for(self.path, several.then_some(index)) {
                Some(Action::Patch(patch)) if patch.targets(self.stream, document) => {
                    self.applied.matches[number] += 1;
                    draft = draft.and_then(|draft| patch.apply(self.stream, draft));
                }
                Some(Action::Patch(_)) | None => {}
                Some(action) => {
                    for place in matches_of(self.request, action, self.stream, document, self.path) {
                        self.place(number, place);
                    }
                }
            }
        }
        match draft.and_then(|draft| diff(self.stream, self.request.alias, &draft, document)) {
            Ok(edits) => {
                self.ops.extend(edits.ops);
                self.copies.extend(edits.copies);
            }
            Err(refusal) => self.applied.refusals.push(refusal),
        }
    }

    /// Adds the operations for one place that an edit matches.
    fn place(&mut self, number: usize, place: Result<PlaceEdit, Refusal>) {
        self.applied.matches[number] += 1;
        let effective = &mut self.applied.effective[number];
        match place {
            Ok(PlaceEdit::Ops(ops)) => {
                *effective |= !ops.is_empty();
                self.ops.extend(ops);
            }
            Ok(PlaceEdit::Copy(copy)) => {
                *effective = true;
                self.copies.push(copy);
            }
            Err(refusal) => self.applied.refusals.push(refusal),
        }
    }
}

/// Removes equal operations, so that the step adds the same item once and copies the same value once.
fn deduplicate(ops: Vec<Op>) -> Vec<Op> {
    let mut seen = HashSet::with_capacity(ops.len());
    let first: Vec<bool> = ops.iter().map(|op| seen.insert(op)).collect();
    ops.into_iter().zip(first).filter_map(|(op, first)| first.then_some(op)).collect()
}

/// Edits a file that is not YAML, such as a Helm template, or too deep. Only markers can match in it.
fn apply_to_text(request: &Request, content: &[u8], refusal: Refusal) -> Applied {
    let mut applied = Applied { matches: vec![0; request.edits.len()], ..Applied::default() };
    let is_text = matches!(
        refusal.reason,
        RefusalReason::Template | RefusalReason::InvalidYaml(_) | RefusalReason::TooDeep(_)
    );
    match (request.only_markers(), std::str::from_utf8(content)) {
        (Some(markers), Ok(text)) if is_text => match marker::edit_text(&markers, text) {
            Ok(edited) => {
                (applied.text, applied.changes, applied.matches) =
                    (edited.text, edited.changes, edited.matches);
            }
            Err(refusal) => applied.refusals.push(refusal),
        },
        _ => applied.refusals.push(refusal),
    }
    applied
}

/// How copies shifted the lines of a file.
struct LineShift {
    /// The line of the first difference, counted from 1.
    first: usize,
    /// How many lines at the end are equal.
    tail: usize,
    /// How many lines the file had.
    old: usize,
    /// How many lines it has with the copies.
    new: usize,
}

impl LineShift {
    fn between(before: &[u8], now: &[u8]) -> Self {
        let lines = |text: &[u8]| text.split(|&byte| byte == b'\n').count();
        let head = before.iter().zip(now).take_while(|(old, new)| old == new);
        let first = head.filter(|(old, _)| **old == b'\n').count() + 1;
        let tail = before.rsplit(|&byte| byte == b'\n').zip(now.rsplit(|&byte| byte == b'\n'));
        let tail = tail.take_while(|(old, new)| old == new).count();
        Self { first, tail, old: lines(before), new: lines(now) }
    }

    /// The change with its line in the original file. A line of a copy becomes the first line that differs.
    fn original(&self, mut change: ChangedValue) -> ChangedValue {
        let line = change.at.line as usize;
        if line > self.first && self.old != self.new {
            let in_tail = line > self.new - self.tail;
            let line = if in_tail { line + self.old - self.new } else { self.first };
            change.at.line = u32::try_from(line).unwrap_or(u32::MAX);
        }
        change
    }
}

fn matches_of(
    request: &Request,
    action: &Action,
    stream: &Stream<'_>,
    document: NodeId,
    file: &str,
) -> Matches {
    let alias = request.alias;
    let lookup = FindOptions { create: request.create, alias, ..FindOptions::default() };
    let places = |path, lookup, edit: &dyn Fn(PathMatch) -> Result<PlaceEdit, Refusal>| -> Matches {
        let found = stream.find(document, path, lookup).into_iter();
        found.map(|place| place.and_then(edit)).collect()
    };
    match action {
        Action::SetScalar(path, value) => {
            places(path, lookup, &|place| place_edit::set_string(stream, place, value))
        }
        Action::SetJson(path, value) => places(path, lookup, &|place| place_edit::set(stream, place, value)),
        Action::Append(path, value) => {
            places(path, lookup, &|place| place_edit::append(stream, place, value, alias))
        }
        Action::Delete(path) => {
            let lookup = FindOptions { create: false, match_alias: true, ..lookup };
            let found = places(path, lookup, &|place| place_edit::delete(stream, place));
            if found.is_empty() { deleted(stream, document, path) } else { found }
        }
        Action::Image(image) => images::matches(stream, document, file, image, (alias, request.create)),
        Action::Marker(edit) => marker::matches(stream, document, edit, alias),
        Action::Patch(_) => Vec::new(),
    }
}

/// The collections that could contain the deleted key or item and do not. Each counts as a place where nothing changes.
fn deleted(stream: &Stream<'_>, document: NodeId, path: &Path) -> Matches {
    let collections = |path: &Path| {
        let lookup = FindOptions { alias: AliasMode::Follow, ..FindOptions::default() };
        stream
            .find(document, path, lookup)
            .into_iter()
            .flatten()
            .filter(|place| matches!(place, PathMatch::Node(node) if stream.is_collection(*node)))
            .count()
    };
    let count = path.parent().map_or(0, |outer| collections(&outer));
    (0..count).map(|_| Ok(PlaceEdit::Ops(Vec::new()))).collect()
}

fn is_met(stream: &Stream<'_>, document: NodeId, condition: &Condition) -> bool {
    stream.read_scalars(document, &condition.path).contains(&condition.text.as_str())
}

impl From<Applied> for FilePatch {
    fn from(applied: Applied) -> Self {
        Self {
            text: applied.text,
            changes: applied.changes.into_iter().map(change).collect(),
            matches: applied.matches,
            effective: applied.effective,
            documents: applied.documents,
            refusals: applied.refusals.iter().map(refusal).collect(),
        }
    }
}

fn change(change: ChangedValue) -> bindings::Change {
    let ChangedValue { at, path, from, to, aliases } = change;
    bindings::Change { at: position(at), path, from, to, aliases }
}

/// A refusal of the YAML library in the type of the step.
pub(crate) fn refusal(refusal: &Refusal) -> bindings::Refusal {
    bindings::Refusal {
        message: refusal.reason.to_string(),
        hint: refusal.reason.hint().map(str::to_owned),
        at: refusal.at.map(position),
    }
}

fn position(at: Position) -> bindings::Position {
    bindings::Position { line: at.line, column: at.column }
}
