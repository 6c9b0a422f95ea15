//! Reads the outputs of a document and rejects every other document. Errors contain no text of the document except the names
//! of outputs.

use std::borrow::Cow;
use std::fmt;

use lockstep_path::clip;
use lockstep_sdk::OpenFile;
use lockstep_terraform::{
    CHUNK_BYTES, DocumentKind, JsonPosition, ReadError, Source, from_slice, is_known_version, read_to_end,
};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::failure::{Code, Error, with_position};
use crate::json::{Json, JsonError};
use crate::json_parser;
use crate::members::Members;
use crate::types::Type;

/// The hint for a document of another kind.
const USE_OUTPUT_JSON: &str = "use the output of `terraform output -json`, without the name of an output";

/// An output of a document.
#[derive(Clone, Debug)]
pub struct Output<'a> {
    /// Its name.
    pub name: Cow<'a, str>,
    /// Whether Terraform marks it as sensitive.
    pub sensitive: bool,
    /// Its type, if the document has one that this step knows.
    pub ty: Option<Type>,
    /// Its value.
    pub value: Json<'a>,
}

/// Reads the text of a document.
///
/// # Errors
/// The file cannot be read, or its encoding or beginning shows that it is not a document of outputs.
pub fn read(file: &impl OpenFile) -> Result<Vec<u8>, Error> {
    let mut fetch = |offset, length| file.read_at(offset, length).map_err(HostError);
    let error = match read_to_end(&mut Source::new(&mut fetch), file.size()) {
        Ok(text) => return Ok(text),
        Err(ReadError::Fetch(HostError(error))) => return Err(Error::host(Code::Workspace, error)),
        Err(error) => error,
    };
    if matches!(error, ReadError::TextBefore) {
        let text = read_all(fetch).unwrap_or_default();
        if serde_json::from_slice::<IgnoredAny>(&text).is_ok() {
            let message = "the document is a single value, not the outputs with their names";
            return Err(not_outputs(message).hint(USE_OUTPUT_JSON));
        }
        if !text.contains(&b'{') {
            let message = "the document has no JSON object: it is text, as `terraform output` prints without `-json` or with `-raw`";
            return Err(not_outputs(message).hint(USE_OUTPUT_JSON));
        }
    }
    Err(unreadable(&error))
}

/// The error of a host call, for [`Source`].
struct HostError(lockstep_sdk::types::Error);

impl fmt::Display for HostError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.message())
    }
}

/// Reads a text that is not a document.
fn read_all<E>(mut fetch: impl FnMut(u64, u32) -> Result<Vec<u8>, E>) -> Result<Vec<u8>, E> {
    let mut text = Vec::new();
    loop {
        match fetch(text.len() as u64, CHUNK_BYTES)? {
            chunk if chunk.is_empty() => return Ok(text),
            chunk => text.extend(chunk),
        }
    }
}

pub(crate) fn unreadable<E: fmt::Display>(error: &ReadError<E>) -> Error {
    let code = if error.is_noise() { Code::Noise } else { Code::Broken };
    let unreadable = with_position(Error::new(code, error.to_string()), error.position());
    match error.hint() {
        Some(hint) => unreadable.hint(hint),
        None => unreadable,
    }
}

/// Parses the outputs of a document, in its order.
///
/// # Errors
/// The text is not one document of outputs.
pub fn parse(text: &[u8]) -> Result<Vec<Output<'_>>, Error> {
    parse_clean(text).map_or_else(|| parse_any(text), Ok)
}

/// Parses a document that has only outputs and no errors, as nearly all documents, without further checks.
fn parse_clean(text: &[u8]) -> Option<Vec<Output<'_>>> {
    let top: Members<'_, Entry<'_>> = from_slice::<_, String>(text).ok()?;
    top.unique().ok()?.0.into_iter().map(|(name, entry)| Output::new(name, &entry).ok()).collect()
}

/// Parses any document, or says what is wrong with it.
fn parse_any(text: &[u8]) -> Result<Vec<Output<'_>>, Error> {
    let top: Members<'_> = from_slice::<_, String>(text).map_err(|error| unreadable(&error))?;
    let top = top.unique().map_err(|error| broken("the document", error))?;
    let version = top.get("format_version").and_then(string);
    // An output can have the name `lineage` or `terraform_version`. Each member of a document of outputs is an object.
    let may_be_outputs = version.is_none() && top.0.iter().all(|(_, raw)| is_object(raw));
    let keys = top.0.iter().filter(|_| !may_be_outputs).map(|(key, _)| key.as_ref());
    let outputs = match DocumentKind::from_keys(version.is_some(), keys) {
        DocumentKind::Outputs => top,
        DocumentKind::State => outputs_of_state(&top, &version.unwrap_or_default())?,
        kind => return Err(other_document(kind, version.as_deref())),
    };
    let parse =
        |(name, raw)| Output::parse(name, raw).map_err(|error| with_position(error, position(text, raw)));
    outputs.0.into_iter().map(parse).collect()
}

/// The error for a document that holds no outputs.
fn other_document(kind: DocumentKind, version: Option<&str>) -> Error {
    match kind {
        DocumentKind::Unknown if version.is_some_and(|version| !is_known_version(version)) => {
            unknown_version(version.unwrap_or_default())
        }
        DocumentKind::Unknown => {
            let message = "the document has a `format_version`, but it is no state and no plan";
            not_outputs(message).hint(USE_OUTPUT_JSON)
        }
        DocumentKind::Plan | DocumentKind::UnversionedPlan => not_outputs(format!("the document is {kind}"))
            .hint(
                "the step `plan-gate` reads plans; outputs exist after `apply`, in `terraform output -json`",
            ),
        DocumentKind::PulumiStack => {
            not_outputs(format!("the document is {kind}")).hint("set `format` to `pulumi`")
        }
        DocumentKind::PulumiPreview => not_outputs(format!("the document is {kind}"))
            .hint("the step `plan-gate` reads previews; `pulumi stack output --json` has the outputs"),
        kind => not_outputs(format!("the document is {kind}")).hint(USE_OUTPUT_JSON),
    }
}

fn unknown_version(version: &str) -> Error {
    let message = format!("unknown format version `{}` of the state: expected 0.x or 1.x", clip(version, 20));
    Error::new(Code::UnknownVersion, message)
        .hint("use a newer version of Lockstep, or `terraform output -json`")
}

/// The outputs of a state, as `show -json` prints it. This ignores everything else in it.
fn outputs_of_state<'a>(top: &Members<'a>, version: &str) -> Result<Members<'a>, Error> {
    if !is_known_version(version) {
        return Err(unknown_version(version));
    }
    let inner = |members: &Members<'a>, key: &str, name| match members.get(key) {
        Some(raw) if raw.get() != "null" => self::members(raw, name),
        _ => Ok(Members(Vec::new())),
    };
    let values = inner(top, "values", "`values`")?;
    inner(&values, "outputs", "`values.outputs`")
}

/// An output as the document has it.
#[derive(Deserialize)]
struct Entry<'a> {
    sensitive: bool,
    #[serde(borrow)]
    value: &'a RawValue,
    #[serde(rename = "type")]
    ty: Option<Value>,
}

impl<'a> Output<'a> {
    fn parse(name: Cow<'a, str>, raw: &'a RawValue) -> Result<Self, Error> {
        let entry: Entry<'a> = serde_json::from_str(raw.get()).map_err(|_| {
            let message = "the document is a single value, or one of its members is not an output: an output has `value` and `sensitive`";
            not_outputs(message).hint(USE_OUTPUT_JSON)
        })?;
        let clipped = clip(&name, 100);
        Self::new(name, &entry)
            .map_err(|error| Error::new(Code::Broken, format!("the output `{clipped}` contains {error}")))
    }

    fn new(name: Cow<'a, str>, entry: &Entry<'a>) -> Result<Self, JsonError> {
        Ok(Self {
            name,
            sensitive: entry.sensitive,
            ty: entry.ty.as_ref().and_then(Type::from_document),
            value: json_parser::parse(entry.value.get())?,
        })
    }
}

pub(crate) fn not_outputs(message: impl Into<String>) -> Error {
    Error::new(Code::NotOutputs, message)
}

fn members<'a>(raw: &'a RawValue, name: &str) -> Result<Members<'a>, Error> {
    if !is_object(raw) {
        return Err(not_outputs(format!("{name} is not an object")));
    }
    Members::parse(raw).map_err(|error| broken(name, error))
}

fn broken(name: &str, error: JsonError) -> Error {
    let message = match error {
        JsonError::DuplicateKey => format!("{name} has an output, or another key, twice"),
        other => format!("{name} contains {other}"),
    };
    Error::new(Code::Broken, message)
}

pub(crate) fn is_object(raw: &RawValue) -> bool {
    raw.get().starts_with('{')
}

fn string(raw: &RawValue) -> Option<String> {
    serde_json::from_str(raw.get()).ok().filter(|_| raw.get().starts_with('"'))
}

/// The position of a part of the text.
fn position(text: &[u8], part: &RawValue) -> Option<JsonPosition> {
    let offset = part.get().as_ptr().addr().checked_sub(text.as_ptr().addr())?;
    let before = text.get(..offset)?;
    let line_start = before.iter().rposition(|&byte| byte == b'\n').map_or(0, |newline| newline + 1);
    let newlines = before.iter().filter(|&&byte| byte == b'\n').count();
    Some(JsonPosition { line: newlines + 1, column: offset - line_start + 1 })
}
