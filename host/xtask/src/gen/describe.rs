//! Reads a step's `wit/world.wit` and `step.toml` into what it says about itself.

use super::{CONTROLS, text};
use anyhow::{Context as _, Result, bail, ensure};
use lockstep_model::info::{ChoiceInfo, FailureInfo, InputInfo, OutputInfo, Shape, StepInfo};
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use wit_parser::{Docs, Field, Function, Resolve, Type, TypeDefKind, World, WorldItem};

/// What the wrappers, and nobody else, call an output.
const RESULT: &str = "result";
/// How the names of inputs begin that are about a GitLab job.
const JOB: &str = "job-";

/// The parts of `step.toml` that describe. The host reads the file strictly; here the rest is left alone.
#[derive(Deserialize)]
struct StepFile {
    summary: String,
    #[serde(default)]
    defaults: BTreeMap<String, Value>,
    #[serde(default)]
    secrets: Vec<String>,
    #[serde(default)]
    asks: BTreeMap<String, Value>,
    #[serde(default)]
    limits: BTreeMap<String, u64>,
    #[serde(default)]
    failures: toml::Table,
}

/// Describes the step in `folder`; `root` is the folder that has the contract in `wit`.
///
/// # Errors
/// WIT that cannot be read, a `run` function of another form, or names that collide with the wrappers'.
pub(super) fn describe(root: &Path, folder: &Path) -> Result<StepInfo> {
    let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
    read(root, folder, &name).with_context(|| format!("step `{name}`"))
}

fn read(root: &Path, folder: &Path, name: &str) -> Result<StepInfo> {
    let file = fs::read_to_string(folder.join("step.toml")).context("step.toml")?;
    let file: StepFile = toml::from_str(&file).context("step.toml")?;
    let mut wit = Resolve::default();
    wit.push_dir(root.join("wit"))?;
    let (package, _) = wit.push_dir(folder.join("wit"))?;
    let world = wit.select_world(&[package], None)?;
    let world = &wit.worlds[world];
    let run = run_function(world)?;
    let inputs = match &run.params[..] {
        [param] => fields(&wit, param.ty)?,
        _ => bail!("`run` must take one record, `inputs`"),
    };
    let step = StepInfo {
        version: 1,
        name: name.to_owned(),
        summary: file.summary.clone(),
        docs: docs(&world.docs),
        inputs: inputs.iter().map(|field| input(&wit, field, &file)).collect::<Result<_>>()?,
        outputs: fields(&wit, ok_type(&wit, run)?)?.iter().map(|field| output(&wit, field)).collect(),
        failures: failures(&file)?,
        asks: file.asks,
        limits: file.limits,
    };
    check_names(&step, file.defaults.keys().chain(&file.secrets))?;
    Ok(step)
}

fn run_function(world: &World) -> Result<&Function> {
    let run = world.exports.values().find_map(|item| match item {
        WorldItem::Function(function) if function.name == "run" => Some(function),
        _ => None,
    });
    run.context("the world exports no function `run`")
}

/// The type of the outputs: `run` returns `result<outputs, failure>`.
fn ok_type(wit: &Resolve, run: &Function) -> Result<Type> {
    if let Some(Type::Id(id)) = run.result
        && let TypeDefKind::Result(result) = &wit.types[id].kind
        && let Some(ok) = result.ok
    {
        return Ok(ok);
    }
    bail!("`run` must return `result<outputs, failure>`")
}

fn fields(wit: &Resolve, of: Type) -> Result<&[Field]> {
    match kind(wit, of) {
        Some(TypeDefKind::Record(record)) => Ok(&record.fields),
        _ => bail!("`run` must take and return records"),
    }
}

/// What a type is, behind the names it was given.
fn kind(wit: &Resolve, of: Type) -> Option<&TypeDefKind> {
    let Type::Id(id) = of else { return None };
    match &wit.types[id].kind {
        TypeDefKind::Type(inner @ Type::Id(_)) => kind(wit, *inner),
        kind => Some(kind),
    }
}

fn input(wit: &Resolve, field: &Field, file: &StepFile) -> Result<InputInfo> {
    let optional = matches!(kind(wit, field.ty), Some(TypeDefKind::Option(_)));
    let shape = shape(wit, field.ty)?;
    let default = match file.defaults.get(&field.name) {
        Some(default) => default.clone(),
        None if shape == Shape::Flag && !optional => Value::Bool(false),
        None => Value::Null,
    };
    Ok(InputInfo {
        name: field.name.clone(),
        type_name: type_name(wit, field.ty),
        shape,
        docs: docs(&field.docs),
        required: default.is_null() && !optional,
        default,
        secret: file.secrets.contains(&field.name),
        choices: choices(wit, field.ty),
    })
}

fn output(wit: &Resolve, field: &Field) -> OutputInfo {
    OutputInfo { name: field.name.clone(), type_name: type_name(wit, field.ty), docs: docs(&field.docs) }
}

fn shape(wit: &Resolve, of: Type) -> Result<Shape> {
    Ok(match of {
        Type::Bool => Shape::Flag,
        Type::String | Type::Char => Shape::Text,
        Type::ErrorContext => bail!("an input cannot be an error context"),
        Type::Id(id) => match &wit.types[id].kind {
            TypeDefKind::Type(inner) | TypeDefKind::Option(inner) => shape(wit, *inner)?,
            TypeDefKind::Enum(_) => Shape::Choice,
            TypeDefKind::List(item) => match shape(wit, *item)? {
                Shape::List | Shape::Json => Shape::Json,
                _ => Shape::List,
            },
            TypeDefKind::Record(_)
            | TypeDefKind::Variant(_)
            | TypeDefKind::Tuple(_)
            | TypeDefKind::Flags(_) => Shape::Json,
            other => bail!("an input cannot be a {}", other.as_str()),
        },
        _ => Shape::Number,
    })
}

fn choices(wit: &Resolve, of: Type) -> Vec<ChoiceInfo> {
    match kind(wit, of) {
        Some(TypeDefKind::Option(inner) | TypeDefKind::List(inner)) => choices(wit, *inner),
        Some(TypeDefKind::Enum(cases)) => {
            let choice =
                |case: &wit_parser::EnumCase| ChoiceInfo { name: case.name.clone(), docs: docs(&case.docs) };
            cases.cases.iter().map(choice).collect()
        }
        _ => Vec::new(),
    }
}

/// The type as WIT writes it; records and the like by their name.
fn type_name(wit: &Resolve, of: Type) -> String {
    let Type::Id(id) = of else {
        return format!("{of:?}").to_lowercase();
    };
    let definition = &wit.types[id];
    if let Some(name) = &definition.name {
        return name.clone();
    }
    match &definition.kind {
        TypeDefKind::Type(inner) => type_name(wit, *inner),
        TypeDefKind::Option(inner) => format!("option<{}>", type_name(wit, *inner)),
        TypeDefKind::List(inner) => format!("list<{}>", type_name(wit, *inner)),
        TypeDefKind::Tuple(tuple) => {
            let types: Vec<String> = tuple.types.iter().map(|of| type_name(wit, *of)).collect();
            format!("tuple<{}>", types.join(", "))
        }
        other => other.as_str().to_owned(),
    }
}

fn docs(docs: &Docs) -> String {
    text::reflow(docs.contents.as_deref().unwrap_or_default())
}

/// The failures, sorted by their codes.
fn failures(file: &StepFile) -> Result<Vec<FailureInfo>> {
    let failure = |(code, meaning): (&String, &toml::Value)| {
        let meaning = meaning.as_str().with_context(|| format!("failure `{code}` needs a text"))?;
        Ok(FailureInfo { code: code.clone(), meaning: meaning.to_owned() })
    };
    file.failures.iter().map(failure).collect()
}

/// No input is called like one of the wrappers' own, and nothing is said about an input that is not there.
fn check_names<'a>(step: &StepInfo, mentioned: impl Iterator<Item = &'a String>) -> Result<()> {
    for input in &step.inputs {
        let reserved =
            CONTROLS.iter().any(|control| control.name == input.name) || input.name.starts_with(JOB);
        ensure!(!reserved, "input `{}` is a name that the wrappers need", input.name);
        ensure!(!input.docs.is_empty(), "input `{}` has no doc comment", input.name);
    }
    for output in &step.outputs {
        ensure!(output.name != RESULT, "output `{RESULT}` is a name that the wrappers need");
        ensure!(!output.docs.is_empty(), "output `{}` has no doc comment", output.name);
    }
    for name in mentioned {
        let known = step.inputs.iter().any(|input| input.name == *name);
        ensure!(known, "step.toml speaks of `{name}`, which is no input");
    }
    Ok(())
}
