//! What a run is asked to do, read from its inputs. Never looks at a file.

use lockstep_yaml::{Alias, Path, Value, clip};

use crate::changes;
use crate::image::ImageEdit;
use crate::marker::MarkerEdit;
use crate::patches::{self, ListKeys, Patch};
use crate::problem::{Code, Problem};
use crate::updates;

/// What a run is asked to do.
#[derive(Debug)]
pub struct Request {
    /// The edits, in the order of the inputs.
    pub edits: Vec<Edit>,
    /// Conditions on documents.
    pub conditions: Vec<Condition>,
    /// Whether missing keys are made.
    pub create: bool,
    /// What becomes of edits through aliases and merges.
    pub alias: Alias,
    /// How many places each edit must match.
    pub expect: Expect,
}

/// One edit.
#[derive(Debug)]
pub struct Edit {
    /// The input it comes from and what it is about, for messages: `set .spec.replicas`.
    pub label: String,
    /// What it does.
    pub action: Action,
    /// The one file it is for, if it is not for all.
    pub file: Option<String>,
    /// The number of a document, counted from 0, and what it does there instead: in a file of several documents
    /// it then does nothing else.
    pub nth: Option<(usize, Action)>,
}

/// What an edit does.
#[derive(Debug)]
pub enum Action {
    /// Make the scalar at a path this one.
    SetScalar(Path, Value),
    /// Make the value at a path this one.
    SetJson(Path, Value),
    /// Make this value an item of the list at a path.
    Append(Path, Value),
    /// Take away what is at a path.
    Delete(Path),
    /// Change images.
    Image(ImageEdit),
    /// Change what a policy marks.
    Marker(MarkerEdit),
    /// Apply a patch.
    Patch(Patch),
}

/// `PATH=VALUE`: a scalar at PATH must have this text.
#[derive(Debug)]
pub struct Condition {
    /// Where.
    pub path: Path,
    /// The text.
    pub text: String,
}

/// How many places an edit must match.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expect {
    /// This many.
    Exactly(u32),
    /// This many or more.
    AtLeast(u32),
    /// Any number, none too.
    Any,
}

/// The inputs as they were given.
#[derive(Debug, Default)]
pub struct Inputs<'a> {
    /// `PATH=VALUE`.
    pub set: &'a [String],
    /// `PATH=JSON`.
    pub set_json: &'a [String],
    /// `PATH=VALUE`.
    pub append: &'a [String],
    /// `PATH=JSON`.
    pub append_json: &'a [String],
    /// `PATH`.
    pub delete: &'a [String],
    /// `NAME[=NEW][:TAG][@DIGEST]`.
    pub image: &'a [String],
    /// `NAMESPACE:POLICY=IMAGE`.
    pub marker: &'a [String],
    /// The updates of Kargo, as YAML.
    pub updates: &'a str,
    /// Files, paths and values, as YAML.
    pub changes: &'a str,
    /// The text of patches.
    pub patch: &'a str,
    /// Names and contents of files with such texts.
    pub patch_files: &'a [(String, Vec<u8>)],
    /// `LIST=KEY`, `LIST=` or `KEY`.
    pub list_key: &'a [String],
    /// `PATH=VALUE`.
    pub conditions: &'a [String],
    /// Whether missing keys are made.
    pub create: bool,
    /// What becomes of edits through aliases and merges.
    pub alias: Alias,
    /// `N`, `N+` or `any`.
    pub expect: &'a str,
}

impl Edit {
    /// An edit for all documents of all files.
    pub fn new(label: String, action: Action) -> Self {
        Self { label, action, file: None, nth: None }
    }

    /// What it does in a document of a file, if anything. `document` counts from 0; `None` for the only one.
    pub fn at(&self, file: &str, document: Option<usize>) -> Option<&Action> {
        if self.file.as_ref().is_some_and(|only| only != file) {
            return None;
        }
        match (&self.nth, document) {
            (Some((nth, action)), Some(document)) => (*nth == document).then_some(action),
            _ => Some(&self.action),
        }
    }
}

impl Request {
    /// The markers, if nothing else is asked for: they can be in any text, not only in YAML.
    pub(crate) fn markers_alone(&self) -> Option<Vec<&MarkerEdit>> {
        let edits = self.edits.iter().map(|edit| match &edit.action {
            Action::Marker(edit) => Some(edit),
            _ => None,
        });
        edits.collect::<Option<Vec<_>>>().filter(|_| self.conditions.is_empty())
    }

    /// Reads the inputs. What cannot be read is left out and comes back as a problem.
    pub fn read(inputs: &Inputs<'_>) -> (Self, Vec<Problem>) {
        let mut problems = Vec::new();
        let mut edits = Vec::new();
        let mut keep = |edit: Result<Edit, Problem>| match edit {
            Ok(edit) => edits.push(edit),
            Err(problem) => problems.push(problem),
        };
        inputs.set.iter().for_each(|text| keep(string("set", text, Action::SetScalar)));
        inputs.set_json.iter().for_each(|text| keep(json("set-json", text, Action::SetJson)));
        inputs.append.iter().for_each(|text| keep(string("append", text, Action::Append)));
        inputs.append_json.iter().for_each(|text| keep(json("append-json", text, Action::Append)));
        inputs.delete.iter().for_each(|text| keep(delete(text)));
        inputs.image.iter().for_each(|text| keep(image(text)));
        inputs.marker.iter().for_each(|text| keep(marker(text)));
        updates::read(inputs.updates).into_iter().for_each(&mut keep);
        changes::read(inputs.changes).into_iter().for_each(&mut keep);
        patches(inputs).into_iter().for_each(keep);
        if edits.is_empty() && problems.is_empty() {
            let hint = "give at least one of `set`, `set-json`, `append`, `append-json`, `delete`, `image`, `marker`, `updates`, `changes`, `patch` and `patch-file`";
            problems.push(Problem::new(Code::NoEdits, "there is nothing to change").hint(hint));
        }
        let mut conditions = Vec::new();
        for text in inputs.conditions {
            match Path::parse_assignment(text) {
                Ok((path, text)) => conditions.push(Condition { path, text: text.to_owned() }),
                Err(bad) => problems.push(bad_input("where", text, &bad)),
            }
        }
        let expect = Expect::parse(inputs.expect).unwrap_or_else(|problem| {
            problems.push(problem);
            Expect::Any
        });
        (Self { edits, conditions, create: inputs.create, alias: inputs.alias, expect }, problems)
    }
}

fn string(input: &str, text: &str, action: fn(Path, Value) -> Action) -> Result<Edit, Problem> {
    let (path, value) = Path::parse_assignment(text).map_err(|bad| bad_input(input, text, &bad))?;
    Ok(Edit::new(format!("{input} {path}"), action(path, Value::String(value.to_owned()))))
}

fn json(input: &str, text: &str, action: fn(Path, Value) -> Action) -> Result<Edit, Problem> {
    let bad = |problem: &dyn std::fmt::Display| bad_input(input, text, problem);
    let (path, json) = Path::parse_assignment(text).map_err(|problem| bad(&problem))?;
    let value = Value::from_json(json).map_err(|problem| {
        let plain = input.trim_end_matches("-json");
        bad(&problem).hint(format!("a string needs double quotes in JSON; `{plain}` takes it without"))
    })?;
    Ok(Edit::new(format!("{input} {path}"), action(path, value)))
}

fn delete(text: &str) -> Result<Edit, Problem> {
    let path = Path::parse(text).map_err(|bad| bad_input("delete", text, &bad))?;
    if path.segments().is_empty() {
        return Err(bad_input("delete", text, &"a document as a whole cannot be deleted"));
    }
    Ok(Edit::new(format!("delete {path}"), Action::Delete(path)))
}

fn image(text: &str) -> Result<Edit, Problem> {
    let edit = ImageEdit::parse(text)
        .map_err(|problem| bad_input("image", text, &problem).hint("write NAME[=NEW][:TAG][@DIGEST]"))?;
    Ok(Edit::new(format!("image {}", edit.name), Action::Image(edit)))
}

fn marker(text: &str) -> Result<Edit, Problem> {
    let edit = MarkerEdit::parse(text).map_err(|problem| {
        bad_input("marker", text, &problem).hint("write NAMESPACE:POLICY=REPOSITORY[:TAG][@DIGEST]")
    })?;
    Ok(Edit::new(format!("marker {}", edit.policy), Action::Marker(edit)))
}

/// All patches, in order; and what is wrong with them and with `list-key`.
fn patches(inputs: &Inputs<'_>) -> Vec<Result<Edit, Problem>> {
    let mut edits = Vec::new();
    let mut keys = ListKeys::default();
    for text in inputs.list_key {
        if let Err(problem) = keys.add(text) {
            let hint = "write LIST=KEY, LIST= to replace it, or KEY for every list";
            edits.push(Err(bad_input("list-key", text, &problem).hint(hint)));
        }
    }
    let text = Some(inputs.patch).filter(|text| !text.is_empty());
    let text = text.map(|text| ("patch".to_owned(), text.as_bytes()));
    let files = inputs.patch_files.iter().map(|(name, text)| (format!("patch-file {name}"), text.as_slice()));
    for (name, text) in text.into_iter().chain(files) {
        match patches::read(text, &keys) {
            Ok(patches) => {
                let alone = patches.len() == 1;
                edits.extend((1..).zip(patches).map(|(number, patch)| {
                    let label = if alone { name.clone() } else { format!("{name} ({number})") };
                    Ok(Edit::new(label, Action::Patch(patch)))
                }));
            }
            Err(bad) => {
                let problem = Problem::new(Code::BadInput, format!("{name}: {bad}"));
                edits.push(Err(Problem { hint: bad.hint, ..problem }));
            }
        }
    }
    edits
}

fn bad_input(input: &str, text: &str, problem: &dyn std::fmt::Display) -> Problem {
    let shown = clip(text.lines().next().unwrap_or_default(), 80);
    Problem::new(Code::BadInput, format!("{input} `{shown}`: {problem}"))
}

impl Expect {
    /// Reads `N`, `N+` or `any`.
    ///
    /// # Errors
    /// If it is none of them.
    pub fn parse(text: &str) -> Result<Self, Problem> {
        let number = |digits: &str| {
            let plain = digits.bytes().all(|byte| byte.is_ascii_digit());
            digits.parse().ok().filter(|_| plain)
        };
        let parsed = match text.strip_suffix('+') {
            _ if text == "any" => Some(Self::Any),
            Some(least) => number(least).map(Self::AtLeast),
            None => number(text).map(Self::Exactly),
        };
        parsed.ok_or_else(|| {
            let message = format!("expect `{text}` is not a number, `N+` or `any`");
            Problem::new(Code::BadInput, message)
        })
    }

    /// Whether this many places are as expected.
    pub fn allows(self, count: u32) -> bool {
        match self {
            Self::Exactly(expected) => count == expected,
            Self::AtLeast(least) => count >= least,
            Self::Any => true,
        }
    }
}

impl std::fmt::Display for Expect {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Exactly(count) => write!(out, "{count}"),
            Self::AtLeast(least) => write!(out, "at least {least}"),
            Self::Any => write!(out, "any number"),
        }
    }
}
