//! Tells from the bytes of a file alone that no edit can concern it, so that it need not be read as YAML. Never says so
//! of a file in which an edit could match.

use lockstep_yaml::{Path, Segment};

use crate::request::{Action, Request};

/// The texts that a file must hold for anything to match in it.
#[derive(Debug)]
pub(crate) struct Needles {
    /// For every edit, all of its texts.
    edits: Vec<Edit>,
    /// For any edit at all: all of these.
    conditions: Vec<String>,
}

#[derive(Debug)]
struct Edit {
    /// The one file it is for, if it is not for all.
    file: Option<String>,
    texts: Vec<String>,
}

impl Needles {
    pub(crate) fn of(request: &Request) -> Self {
        let wanted = |action: &Action| match action {
            Action::SetScalar(path, _) | Action::SetJson(path, _) | Action::Append(path, _) => {
                if request.create { selected(path) } else { texts(path) }
            }
            // What is gone counts as a place too, as long as there is something that could hold it.
            Action::Delete(path) => path.parent().map_or_else(Vec::new, |outer| texts(&outer)),
            // A chart may keep the registry apart.
            Action::Image(edit) => edit.name.rsplit('/').next().map(str::to_owned).into_iter().collect(),
            Action::Marker(edit) => vec![edit.policy.clone()],
            Action::Patch(_) => Vec::new(),
        };
        // With the number of a document an edit has the same texts as without.
        let edits =
            request.edits.iter().map(|edit| Edit { file: edit.file.clone(), texts: wanted(&edit.action) });
        let conditions = request
            .conditions
            .iter()
            .flat_map(|condition| texts(&condition.path).into_iter().chain([condition.text.clone()]));
        Self { edits: edits.collect(), conditions: conditions.collect() }
    }

    /// Whether an edit could match in a file.
    pub(crate) fn may_be_in(&self, path: &str, content: &[u8]) -> bool {
        // In another encoding the texts have other bytes; such a file is refused by whoever reads it.
        let Some(text) = std::str::from_utf8(content).ok().filter(|text| !text.contains('\0')) else {
            return true;
        };
        let is_there =
            |needle: &String| text.contains(needle.as_str()) || can_be_spelled_otherwise(needle, text);
        let could_match = |edit: &Edit| {
            edit.file.as_ref().is_none_or(|file| file == path) && edit.texts.iter().all(is_there)
        };
        self.conditions.iter().all(is_there) && self.edits.iter().any(could_match)
    }
}

/// Whether a scalar of this text can stand in a file without its bytes: with escapes, doubled quotes, or over lines.
fn can_be_spelled_otherwise(needle: &str, file: &str) -> bool {
    file.contains('\\') || needle.contains(|c: char| c == '\'' || c.is_whitespace())
}

/// The texts that a path looks for.
fn texts(path: &Path) -> Vec<String> {
    let texts = |segment: &Segment| match segment {
        Segment::Key(key) => vec![key.clone()],
        Segment::Match { key, value } => vec![key.clone(), value.clone()],
        Segment::Index(_) | Segment::KeyOrIndex(_) | Segment::Each => Vec::new(),
    };
    path.segments().iter().flat_map(texts).collect()
}

/// The texts among them that are there even where keys are made: items of lists never are.
fn selected(path: &Path) -> Vec<String> {
    let texts = |segment: &Segment| match segment {
        Segment::Match { key, value } => vec![key.clone(), value.clone()],
        _ => Vec::new(),
    };
    path.segments().iter().flat_map(texts).collect()
}
