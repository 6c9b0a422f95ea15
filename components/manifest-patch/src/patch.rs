//! Makes the edits of a request in one file. Never reads or writes files itself.

use lockstep_yaml::{Change, NodeId, Op, Place, Reason, Refusal, Stream, Value};

use crate::image::{ImageEdit, Reference};
use crate::kustomization;
use crate::marker;
use crate::request::{Action, Condition, Request};

/// What became of one file.
#[derive(Debug, Default)]
pub struct Patched {
    /// The new content, if it differs.
    pub text: Option<String>,
    /// The values that changed.
    pub changes: Vec<Change>,
    /// How many places each edit of the request matches.
    pub matches: Vec<u32>,
    /// How many documents fulfil all conditions.
    pub documents: u32,
    /// Why nothing changed although something should. Empty if all is well.
    pub refusals: Vec<Refusal>,
}

/// Makes all edits in a file, or none.
pub fn patch(request: &Request, path: &str, content: &[u8]) -> Patched {
    let mut patched = Patched { matches: vec![0; request.edits.len()], ..Patched::default() };
    if request.markers_alone().is_some() && !marker::is_in(content) {
        return patched;
    }
    let stream = match Stream::open(content) {
        Ok(stream) => stream,
        Err(refusal) => return not_yaml(request, content, refusal),
    };
    // `TAG=v1 # …` alone is YAML too: one word.
    let is_word = |&document| stream.scalar(document).is_some_and(|text| !text.is_empty());
    if request.markers_alone().is_some() && stream.documents().iter().any(is_word) {
        return not_yaml(request, content, Reason::InvalidYaml("a text".into()).into());
    }
    let mut ops = Vec::new();
    for &document in stream.documents() {
        if !request.conditions.iter().all(|condition| holds(&stream, document, condition)) {
            continue;
        }
        patched.documents += 1;
        for (edit, matches) in request.edits.iter().zip(&mut patched.matches) {
            let found = match &edit.action {
                Action::SetString(path, value) => {
                    places(stream.find(document, path, request.create), |place| {
                        set_string(&stream, place, value)
                    })
                }
                Action::SetJson(path, value) => {
                    places(stream.find(document, path, request.create), |place| Ok(set(place, value)))
                }
                Action::Image(image) => images(&stream, document, path, image),
                Action::Marker(edit) => marker::markers(&stream, document, edit),
            };
            for place in found {
                *matches += 1;
                match place {
                    Ok(wanted) => ops.extend(wanted),
                    Err(refusal) => patched.refusals.push(refusal),
                }
            }
        }
    }
    if patched.refusals.is_empty() {
        match stream.edit(&ops) {
            Ok(edited) => (patched.text, patched.changes) = (edited.text, edited.changes),
            Err(refusal) => patched.refusals.push(refusal),
        }
    }
    patched
}

/// A file that is not YAML, such as a template of Helm: markers alone can be found in it.
fn not_yaml(request: &Request, content: &[u8], refusal: Refusal) -> Patched {
    let mut patched = Patched { matches: vec![0; request.edits.len()], ..Patched::default() };
    let is_text = matches!(refusal.reason, Reason::Template | Reason::InvalidYaml(_));
    match (request.markers_alone(), std::str::from_utf8(content)) {
        (Some(markers), Ok(text)) if is_text => match marker::lines(&markers, text) {
            Ok(lines) => {
                (patched.text, patched.changes, patched.matches) = (lines.text, lines.changes, lines.matches);
            }
            Err(refusal) => patched.refusals.push(refusal),
        },
        _ => patched.refusals.push(refusal),
    }
    patched
}

/// For each place that an edit matches: what to do, which may be nothing, or why it cannot be done.
pub(crate) type Matches = Vec<Result<Vec<Op>, Refusal>>;

fn places(found: Vec<Result<Place, Refusal>>, op: impl Fn(Place) -> Result<Op, Refusal>) -> Matches {
    found.into_iter().map(|place| place.and_then(&op).map(|op| vec![op])).collect()
}

fn holds(stream: &Stream<'_>, document: NodeId, condition: &Condition) -> bool {
    stream.read(document, &condition.path).contains(&condition.text.as_str())
}

fn set(place: Place, value: &Value) -> Op {
    let value = value.clone();
    match place {
        Place::Node(node) => Op::Set { node, value },
        Place::Missing { within, keys } => Op::Create { within, keys, value },
    }
}

fn set_string(stream: &Stream<'_>, place: Place, value: &Value) -> Result<Op, Refusal> {
    match place {
        Place::Node(node) if stream.is_collection(node) => Err(stream.refuse_collection(node)),
        place => Ok(set(place, value)),
    }
}

/// Images in a document: the entries of a kustomization, and every `image:`.
fn images(stream: &Stream<'_>, document: NodeId, path: &str, edit: &ImageEdit) -> Matches {
    let mut matches = kustomization::images(stream, document, path, edit);
    let mut changed = Vec::new();
    let mut aliases = Vec::new();
    for node in stream.values_of(document, "image") {
        let Some(old) = stream.scalar(node).and_then(Reference::parse) else {
            continue;
        };
        let Some(new) = edit.change(&old) else {
            continue;
        };
        if stream.resolve(node) == node {
            changed.push(node);
            matches.push(Ok(vec![Op::Set { node, value: Value::String(new.to_string()) }]));
        } else if new != old {
            aliases.push(node);
        }
    }
    // An alias of an image that changes anyway changes with it.
    let foreign = aliases.into_iter().filter(|&alias| !changed.contains(&stream.resolve(alias)));
    matches.extend(foreign.map(|alias| Err(stream.refuse_alias(alias))));
    matches
}
