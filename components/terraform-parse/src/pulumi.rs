//! Converts documents of Pulumi into the form of `terraform output -json`, so that everything after it is the same. Errors
//! contain no text of the document except the names of outputs.
//!
//! Pulumi writes `[secret]` for a secret that it does not show. `stack export` marks secrets by an object with a signature:
//! <https://github.com/pulumi/pulumi/blob/master/sdk/go/common/resource/sig/sig.go>

use std::borrow::Cow;

use lockstep_path::clip;
use lockstep_terraform::{DocumentKind, from_slice};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::document::{is_object, not_outputs, unreadable};
use crate::failure::{Code, Error};
use crate::json::Json;
use crate::json_parser;
use crate::members::Members;

/// The key by which Pulumi marks values that are not plain JSON.
const SIGNATURE: &str = "4dabf18193072939515e22adb298388d";
/// The signature of a secret.
const SECRET: &str = "1b47061264138c4ac30d75fd1eb44270";
/// The signatures of assets, archives and references to resources, which are no secrets.
const OPEN: [&str; 3] = [
    "c44067f5952c0a294b673a41bacd8c17",
    "0def7320c3a5731c473e5ecbe6d01bc7",
    "5cf8f73096256a8f31e491e813e4eb8e",
];
/// The text that Pulumi shows instead of a secret.
const MASKED: &str = "[secret]";
/// The type of the resource that has the outputs of the stack.
const STACK: &str = "pulumi:pulumi:Stack";
/// How many names one message has at most.
const MAX_NAMES: usize = 10;

/// A document in the form of `terraform output -json`.
#[derive(Debug)]
pub struct Converted {
    /// The text.
    pub text: Vec<u8>,
    /// Whether the document says which outputs are secret.
    pub marks_secrets: bool,
}

/// Converts the output of `pulumi stack output --json` or of `pulumi stack export --show-secrets`.
///
/// # Errors
/// The text is another document, or it does not show a secret.
pub fn convert(text: &[u8]) -> Result<Converted, Error> {
    let top: Members<'_> = from_slice::<_, String>(text).map_err(|error| unreadable(&error))?;
    let top =
        top.unique().map_err(|error| Error::new(Code::Broken, format!("the document contains {error}")))?;
    let has_version = top.get("format_version").is_some_and(|raw| raw.get().starts_with('"'));
    let kind = DocumentKind::from_keys(has_version, top.0.iter().map(|(key, _)| key.as_ref()));
    match kind {
        DocumentKind::PulumiStack if top.0.len() == 2 => {
            let deployment = top.get("deployment").filter(|raw| is_object(raw));
            let deployment = deployment.ok_or_else(|| not_outputs("`deployment` is not an object"))?;
            let outputs = outputs_of_export(deployment)?;
            Ok(Converted { text: convert_members(&outputs, true)?, marks_secrets: true })
        }
        kind if has_version || matches!(kind, DocumentKind::Log | DocumentKind::PulumiPreview) => {
            let hint =
                "use the output of `pulumi stack output --json --show-secrets`, or set `tool` to `terraform`";
            Err(not_outputs(format!("the document is {kind}")).hint(hint))
        }
        _ if !top.0.is_empty() && top.0.iter().all(|(_, raw)| is_of_terraform(raw)) => {
            let message = "these are outputs of Terraform or OpenTofu, not of Pulumi";
            Err(not_outputs(message).hint("set `tool` to `terraform`"))
        }
        _ => Ok(Converted { text: convert_members(&top, false)?, marks_secrets: false }),
    }
}

/// Whether a value is an output in the form of Terraform. Without this check, its sensitive value would pass as an open one.
fn is_of_terraform(raw: &RawValue) -> bool {
    is_object(raw)
        && Members::parse(raw)
            .is_ok_and(|members| members.get("sensitive").is_some() && members.get("value").is_some())
}

/// The outputs of the stack in an export.
fn outputs_of_export(deployment: &RawValue) -> Result<Members<'_>, Error> {
    #[derive(Deserialize)]
    struct Deployment<'a> {
        #[serde(borrow, default)]
        resources: Vec<Resource<'a>>,
    }
    #[derive(Deserialize)]
    struct Resource<'a> {
        #[serde(borrow, rename = "type")]
        kind: Cow<'a, str>,
        #[serde(borrow)]
        outputs: Option<&'a RawValue>,
    }
    let deployment: Deployment<'_> = serde_json::from_str(deployment.get())
        .map_err(|_| not_outputs("the document is no stack of Pulumi: `deployment` has another structure"))?;
    match deployment.resources.iter().find(|resource| resource.kind == STACK) {
        Some(Resource { outputs: Some(outputs), .. }) => Members::parse(outputs)
            .map_err(|error| Error::new(Code::Broken, format!("the outputs of the stack contain {error}"))),
        Some(_) => Ok(Members(Vec::new())),
        // A stack that was never deployed has no resources.
        None if deployment.resources.is_empty() => Ok(Members(Vec::new())),
        None => Err(not_outputs("the export has no resource of the stack, which has the outputs")),
    }
}

fn convert_members(members: &Members<'_>, is_export: bool) -> Result<Vec<u8>, Error> {
    let mut text = String::from("{");
    let mut hidden = Vec::new();
    for (name, raw) in &members.0 {
        let broken =
            |error| Error::new(Code::Broken, format!("the output `{}` contains {error}", clip(name, 100)));
        let value = json_parser::parse(raw.get()).map_err(broken)?;
        let mut writer = Writer { is_export, is_secret: false, is_hidden: false };
        let value = writer.write(&value);
        if writer.is_hidden {
            hidden.push(clip(name, 100));
            continue;
        }
        let name = serde_json::to_string(name).unwrap_or_default();
        let comma = if text.len() > 1 { "," } else { "" };
        text.push_str(&format!("{comma}{name}:{{\"sensitive\":{},\"value\":{value}}}", writer.is_secret));
    }
    if hidden.is_empty() { Ok((text + "}").into_bytes()) } else { Err(masked(&hidden, is_export)) }
}

fn masked(hidden: &[String], is_export: bool) -> Error {
    let more = hidden.len().saturating_sub(MAX_NAMES);
    let names = hidden.iter().take(MAX_NAMES).map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let (outputs, verb) = if hidden.len() == 1 { ("output", "is") } else { ("outputs", "are") };
    let message =
        format!("the {outputs} {names}{more} {verb} secret, and the document does not have the value");
    let hint = match is_export {
        true => "run `pulumi stack export --show-secrets`",
        false => {
            "run `pulumi stack output --json --show-secrets` and name them in `secret-outputs`, or run `pulumi stack export --show-secrets`"
        }
    };
    Error::new(Code::Masked, message).hint(hint)
}

/// Writes a value without the marks of Pulumi.
struct Writer {
    is_export: bool,
    /// Whether the value contains a secret.
    is_secret: bool,
    /// Whether the value contains a secret that the document does not show.
    is_hidden: bool,
}

impl Writer {
    fn write(&mut self, value: &Json<'_>) -> String {
        match value {
            Json::String(text) if text == MASKED => {
                self.is_hidden = true;
                String::new()
            }
            Json::List(items) => {
                let items: Vec<String> = items.iter().map(|item| self.write(item)).collect();
                format!("[{}]", items.join(","))
            }
            Json::Object(members) if self.is_export && members.iter().any(|(key, _)| key == SIGNATURE) => {
                self.write_marked(value, members)
            }
            Json::Object(members) => self.write_members(members),
            scalar => scalar.compact(),
        }
    }

    fn write_members(&mut self, members: &[(Cow<'_, str>, Json<'_>)]) -> String {
        let member = |(key, value): &(Cow<'_, str>, Json<'_>)| {
            format!("{}:{}", serde_json::to_string(key).unwrap_or_default(), self.write(value))
        };
        let members: Vec<String> = members.iter().map(member).collect();
        format!("{{{}}}", members.join(","))
    }

    /// Writes an object with a signature: of a secret, the value that it holds as JSON in a text.
    fn write_marked(&mut self, value: &Json<'_>, members: &[(Cow<'_, str>, Json<'_>)]) -> String {
        let text = |name: &str| match members.iter().find(|(key, _)| key == name) {
            Some((_, Json::String(text))) => text.as_ref(),
            _ => "",
        };
        let signature = text(SIGNATURE);
        if OPEN.contains(&signature) {
            return self.write_members(members);
        }
        self.is_secret = true;
        if signature != SECRET {
            return value.compact();
        }
        match json_parser::parse(text("plaintext")) {
            Ok(plain) => self.write(&plain),
            Err(_) => {
                self.is_hidden = true;
                String::new()
            }
        }
    }
}
