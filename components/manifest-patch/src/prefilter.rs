//! Skips files that no edit can match, by their bytes alone, so that most files are not parsed as YAML. Never skips a file in
//! which an edit could match.

use lockstep_yaml::{Path, Segment};

use crate::edit::Action;
use crate::inputs::Request;

/// The texts that a file must contain for an edit to match in it.
#[derive(Debug)]
pub struct Prefilter {
    edits: Vec<EditTexts>,
    /// The texts of the conditions: a file must contain all of them.
    conditions: Vec<String>,
}

/// The texts of one edit: a file must contain all of them.
#[derive(Debug)]
struct EditTexts {
    /// The file that the edit applies to; none for all files.
    file: Option<String>,
    texts: Vec<String>,
}

impl Prefilter {
    /// The prefilter of a request.
    pub fn new(request: &Request) -> Self {
        // The action for a single document has the same texts as the action for all.
        let edits = request.edits.iter().map(|edit| EditTexts {
            file: edit.file.clone(),
            texts: action_texts(&edit.action, request.create),
        });
        let conditions = request
            .conditions
            .iter()
            .flat_map(|condition| texts(&condition.path).into_iter().chain([condition.text.clone()]));
        Self { edits: edits.collect(), conditions: conditions.collect() }
    }

    /// Whether an edit could match in a file.
    pub fn may_match(&self, path: &str, content: &[u8]) -> bool {
        // In another encoding, the texts have other bytes. The parser refuses such a file.
        let Some(text) = std::str::from_utf8(content).ok().filter(|text| !text.contains('\0')) else {
            return true;
        };
        let contains = |wanted: &String| text.contains(wanted.as_str()) || has_other_spelling(wanted, text);
        let could_match = |edit: &EditTexts| {
            edit.file.as_ref().is_none_or(|file| file == path) && edit.texts.iter().all(contains)
        };
        self.conditions.iter().all(contains) && self.edits.iter().any(could_match)
    }
}

fn action_texts(action: &Action, create: bool) -> Vec<String> {
    match action {
        Action::SetScalar(path, _) | Action::SetJson(path, _) | Action::Append(path, _) => {
            if create {
                item_texts(path)
            } else {
                texts(path)
            }
        }
        // A deleted key still counts as a match if the file has the mapping that could contain it.
        Action::Delete(path) => path.parent().map_or_else(Vec::new, |outer| texts(&outer)),
        // A chart may have the registry in a key of its own.
        Action::Image(edit) => edit.name.rsplit('/').next().map(str::to_owned).into_iter().collect(),
        Action::Marker(edit) => vec![edit.policy.clone()],
        Action::Patch(_) => Vec::new(),
    }
}

/// Whether a file can contain a scalar of this text without its bytes: with escapes, doubled quotes, or on several lines.
fn has_other_spelling(text: &str, file: &str) -> bool {
    file.contains('\\') || text.contains(|c: char| c == '\'' || c.is_whitespace())
}

/// The texts of a path.
fn texts(path: &Path) -> Vec<String> {
    let texts = |segment: &Segment| match segment {
        Segment::Key(key) => vec![key.clone()],
        Segment::Match { key, value } => vec![key.clone(), value.clone()],
        Segment::Index(_) | Segment::KeyOrIndex(_) | Segment::Wildcard => Vec::new(),
    };
    path.segments().iter().flat_map(texts).collect()
}

/// The texts of the list items in a path: `create` adds keys and never items.
fn item_texts(path: &Path) -> Vec<String> {
    let texts = |segment: &Segment| match segment {
        Segment::Match { key, value } => vec![key.clone(), value.clone()],
        _ => Vec::new(),
    };
    path.segments().iter().flat_map(texts).collect()
}
