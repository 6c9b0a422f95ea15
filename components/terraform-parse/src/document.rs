//! Reads the outputs out of a document, and refuses every other document by its name. Never repeats its text, but
//! for the names of outputs.

use std::borrow::Cow;
use std::fmt;

use lockstep_path::clip;
use lockstep_terraform::{Kind, Place, Source, Trouble, alone, is_known_version, whole};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::json::{Flaw, Json, Members};
use crate::problem::{Code, Problem};
use crate::types::Type;

/// Where the outputs stand in a document that has no other place for them.
const RUN_OUTPUT: &str = "give it what `terraform output -json` prints, without the name of an output";

/// An output of a document.
#[derive(Clone, Debug)]
pub struct Output<'a> {
    /// Its name.
    pub name: Cow<'a, str>,
    /// Whether Terraform marks it as sensitive.
    pub sensitive: bool,
    /// Its type, if the document says it in a form that is known.
    pub ty: Option<Type>,
    /// Its value.
    pub value: Json<'a>,
}

/// Fetches a document of about `size` bytes: `fetch` gives at most some bytes from an offset, and none at the end.
///
/// # Errors
/// With the error of `fetch`, or the problem if it does not look like a document.
pub fn fetch<E: fmt::Display>(
    size: u64,
    mut fetch: impl FnMut(u64, u32) -> Result<Vec<u8>, E>,
) -> Result<Vec<u8>, Unread<E>> {
    let trouble = match whole(&mut Source::new(&mut fetch), size) {
        Ok(text) => return Ok(text),
        Err(Trouble::Unread(error)) => return Err(Unread::Fetch(error)),
        Err(trouble) => trouble,
    };
    if matches!(trouble, Trouble::TextBefore) && is_one_value(fetch) {
        let message = "the document is a single value, not the outputs with their names";
        return Err(Unread::Problem(refused(message).hint(RUN_OUTPUT)));
    }
    Err(Unread::Problem(noise(&trouble)))
}

/// Why there is no document to read.
#[derive(Debug)]
pub enum Unread<E> {
    /// The bytes could not be had.
    Fetch(E),
    /// The bytes are no document.
    Problem(Problem),
}

fn is_one_value<E>(mut fetch: impl FnMut(u64, u32) -> Result<Vec<u8>, E>) -> bool {
    let mut text = Vec::new();
    loop {
        match fetch(text.len() as u64, lockstep_terraform::PIECE) {
            Ok(piece) if piece.is_empty() => return serde_json::from_slice::<IgnoredAny>(&text).is_ok(),
            Ok(piece) => text.extend(piece),
            Err(_) => return false,
        }
    }
}

fn noise<E: fmt::Display>(trouble: &Trouble<E>) -> Problem {
    let code = if trouble.code() == "noise" { Code::Noise } else { Code::Broken };
    let problem = Problem::new(code, trouble.to_string()).at(trouble.at());
    match trouble.hint() {
        Some(hint) => problem.hint(hint),
        None => problem,
    }
}

/// The outputs of a document, in its order.
///
/// # Errors
/// If the text is not one document of outputs.
pub fn outputs(text: &[u8]) -> Result<Vec<Output<'_>>, Problem> {
    quickly(text).map_or_else(|| with_care(text), Ok)
}

/// The outputs of a document that has nothing else and nothing wrong, which is nearly every one.
fn quickly(text: &[u8]) -> Option<Vec<Output<'_>>> {
    let top: Members<'_, Entry<'_>> = alone::<_, String>(text).ok()?;
    top.unique().ok()?.0.into_iter().map(|(name, entry)| Output::of(name, &entry).ok()).collect()
}

/// The outputs of any document, or what is wrong with it.
fn with_care(text: &[u8]) -> Result<Vec<Output<'_>>, Problem> {
    let top: Members<'_> = alone::<_, String>(text).map_err(|trouble| noise(&trouble))?;
    let top = top.unique().map_err(|flaw| flawed("the document", flaw))?;
    let version = top.get("format_version").and_then(string);
    // An output may be called `lineage` or `terraform_version`; then it is an object.
    let tells = |raw: &RawValue| version.is_some() || !is_object(raw);
    let keys = top.0.iter().filter(|(_, raw)| tells(raw)).map(|(key, _)| key.as_ref());
    let outputs = match Kind::of(version.is_some(), keys) {
        Kind::Outputs => top,
        Kind::State => of_state(&top, &version.unwrap_or_default())?,
        Kind::Plan => {
            let hint =
                "`plan-gate` looks at plans; outputs are there after `apply`, by `terraform output -json`";
            return Err(refused("the document is a plan").hint(hint));
        }
        kind @ (Kind::Log | Kind::StateFile) => {
            return Err(refused(format!("the document is {kind}")).hint(RUN_OUTPUT));
        }
    };
    let read = |(name, raw)| Output::read(name, raw).map_err(|problem| problem.at(place(text, raw)));
    outputs.0.into_iter().map(read).collect()
}

/// The outputs of what `show -json` prints for a state. What else is in it is not looked at.
fn of_state<'a>(top: &Members<'a>, version: &str) -> Result<Members<'a>, Problem> {
    if !is_known_version(version) {
        let message =
            format!("the document has the format version `{}`, known are 0 and 1", clip(version, 20));
        return Err(Problem::new(Code::UnknownVersion, message)
            .hint("use a newer version of Lockstep, or `terraform output -json`"));
    }
    // Other commands say a format version too.
    if let Some(other) = ["diagnostics", "provider_schemas"].into_iter().find(|key| top.get(key).is_some()) {
        return Err(refused(format!("the document is no state: it has `{other}`")).hint(RUN_OUTPUT));
    }
    let inner = |members: &Members<'a>, key: &str, what| match members.get(key) {
        Some(raw) if raw.get() != "null" => self::members(raw, what),
        _ => Ok(Members(Vec::new())),
    };
    let values = inner(top, "values", "`values`")?;
    inner(&values, "outputs", "`values.outputs`")
}

/// An output as it is written down.
#[derive(Deserialize)]
struct Entry<'a> {
    sensitive: bool,
    #[serde(borrow)]
    value: &'a RawValue,
    #[serde(rename = "type")]
    ty: Option<Value>,
}

impl<'a> Output<'a> {
    fn read(name: Cow<'a, str>, raw: &'a RawValue) -> Result<Self, Problem> {
        let entry: Entry<'a> = serde_json::from_str(raw.get()).map_err(|_| {
            let message = "the document is a single value, or one of its members is no output: an output has `value` and `sensitive`";
            refused(message).hint(RUN_OUTPUT)
        })?;
        let called = clip(&name, 100);
        Self::of(name, &entry)
            .map_err(|flaw| Problem::new(Code::Broken, format!("the output `{called}` holds {flaw}")))
    }

    fn of(name: Cow<'a, str>, entry: &Entry<'a>) -> Result<Self, Flaw> {
        Ok(Self {
            name,
            sensitive: entry.sensitive,
            ty: entry.ty.as_ref().and_then(Type::from_document),
            value: Json::read(entry.value)?,
        })
    }
}

fn refused(message: impl Into<String>) -> Problem {
    Problem::new(Code::NotOutputs, message)
}

fn members<'a>(raw: &'a RawValue, what: &str) -> Result<Members<'a>, Problem> {
    if !is_object(raw) {
        return Err(refused(format!("{what} is no object")));
    }
    Members::read(raw).map_err(|flaw| flawed(what, flaw))
}

fn flawed(what: &str, flaw: Flaw) -> Problem {
    let message = match flaw {
        Flaw::DuplicateKey => format!("{what} has an output, or another key, twice"),
        other => format!("{what} holds {other}"),
    };
    Problem::new(Code::Broken, message)
}

fn is_object(raw: &RawValue) -> bool {
    raw.get().starts_with('{')
}

fn string(raw: &RawValue) -> Option<String> {
    serde_json::from_str(raw.get()).ok().filter(|_| raw.get().starts_with('"'))
}

/// Where in the text a part of it stands.
fn place(text: &[u8], part: &RawValue) -> Option<Place> {
    let offset = part.get().as_ptr().addr().checked_sub(text.as_ptr().addr())?;
    let before = text.get(..offset)?;
    let line = before.iter().rposition(|&byte| byte == b'\n').map_or(0, |at| at + 1);
    let line_ends = before.iter().filter(|&&byte| byte == b'\n').count();
    Some(Place { line: line_ends + 1, column: offset - line + 1 })
}
