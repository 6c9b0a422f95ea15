//! Reads a step's `wit/world.wit` and `step.toml` into what it says about itself.

use super::failures::failures;
use super::{CONTROLS, text};
use anyhow::{Context as _, Result, bail, ensure};
use lockstep_model::connect::Connect;
use lockstep_model::info::{ChoiceInfo, FieldInfo, InputInfo, OutputInfo, Shape, StepInfo, StepLimits};
use lockstep_model::types::{self, Integer};
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

/// `step.toml`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StepFile {
    summary: String,
    #[serde(default)]
    defaults: BTreeMap<String, Value>,
    #[serde(default)]
    permissions: BTreeMap<String, Vec<String>>,
    #[serde(default)]
    connect: Connect,
    #[serde(default)]
    limits: StepLimits,
    #[serde(default)]
    failures: toml::Table,
    #[serde(default)]
    example: BTreeMap<String, Value>,
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
    let mut step = StepInfo {
        version: 1,
        name: name.to_owned(),
        summary: file.summary.clone(),
        docs: docs(&world.docs),
        inputs: inputs.iter().map(|field| input(&wit, field, &file)).collect::<Result<_>>()?,
        outputs: fields(&wit, ok_type(&wit, run)?)?
            .iter()
            .map(|field| output(&wit, field))
            .collect::<Result<_>>()?,
        failures: failures(folder, &file.failures)?,
        example: Vec::new(),
        permissions: file.permissions,
        connect: file.connect,
        limits: file.limits,
    };
    step.limits.check()?;
    step.connect.check(|input| step.inputs.iter().any(|known| known.name == input))?;
    check_names(&step, file.defaults.keys().chain(file.example.keys()))?;
    let given = |input: &InputInfo| Some((input.name.clone(), file.example.get(&input.name)?.clone()));
    step.example = step.inputs.iter().filter_map(given).collect();
    for input in step.inputs.iter().filter(|input| input.required) {
        ensure!(file.example.contains_key(&input.name), "the example in step.toml has no `{}`", input.name);
    }
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
    let ty = read_type(wit, field.ty).with_context(|| format!("input `{}`", field.name))?;
    let shape = Shape::of(&ty);
    let optional = matches!(ty, types::Type::Option(_));
    let default = match file.defaults.get(&field.name) {
        Some(default) => default.clone(),
        None if shape == Shape::Flag && !optional => Value::Bool(false),
        None => Value::Null,
    };
    Ok(InputInfo {
        name: field.name.clone(),
        shape,
        docs: docs(&field.docs),
        required: default.is_null() && !optional,
        default,
        choices: choices(wit, field.ty),
        fields: record_fields(wit, field.ty)?,
        ty,
    })
}

fn output(wit: &Resolve, field: &Field) -> Result<OutputInfo> {
    let ty = read_type(wit, field.ty).with_context(|| format!("output `{}`", field.name))?;
    Ok(OutputInfo { name: field.name.clone(), ty, docs: docs(&field.docs) })
}

/// The type, if it is one that can be written as JSON.
fn read_type(wit: &Resolve, of: Type) -> Result<types::Type> {
    let integer = |integer| Ok(types::Type::Integer(integer));
    match of {
        Type::Bool => Ok(types::Type::Bool),
        Type::String => Ok(types::Type::String),
        Type::F64 => Ok(types::Type::Float),
        Type::U8 => integer(Integer::U8),
        Type::U16 => integer(Integer::U16),
        Type::U32 => integer(Integer::U32),
        Type::U64 => integer(Integer::U64),
        Type::S8 => integer(Integer::S8),
        Type::S16 => integer(Integer::S16),
        Type::S32 => integer(Integer::S32),
        Type::S64 => integer(Integer::S64),
        Type::Id(id) => match &wit.types[id].kind {
            TypeDefKind::Type(inner) => read_type(wit, *inner),
            TypeDefKind::Option(inner) => Ok(types::Type::Option(Box::new(read_type(wit, *inner)?))),
            TypeDefKind::List(item) => Ok(types::Type::List(Box::new(read_type(wit, *item)?))),
            TypeDefKind::Enum(cases) => {
                Ok(types::Type::Enum(cases.cases.iter().map(|case| case.name.clone()).collect()))
            }
            TypeDefKind::Record(record) => {
                let field = |field: &Field| {
                    Ok(types::Field { name: field.name.clone(), ty: read_type(wit, field.ty)? })
                };
                record.fields.iter().map(field).collect::<Result<_>>().map(types::Type::Record)
            }
            other => bail!("a {} cannot be written as JSON", other.as_str()),
        },
        other => bail!("a {other:?} cannot be written as JSON"),
    }
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

/// The fields of a record, or of each of a list of records.
fn record_fields(wit: &Resolve, of: Type) -> Result<Vec<FieldInfo>> {
    match kind(wit, of) {
        Some(TypeDefKind::Option(inner) | TypeDefKind::List(inner)) => record_fields(wit, *inner),
        Some(TypeDefKind::Record(record)) => {
            let field = |field: &Field| {
                let (name, docs) = (field.name.clone(), docs(&field.docs));
                ensure!(!docs.is_empty(), "field `{name}` has no doc comment");
                Ok(FieldInfo { name, ty: read_type(wit, field.ty)?, docs, choices: choices(wit, field.ty) })
            };
            record.fields.iter().map(field).collect()
        }
        _ => Ok(Vec::new()),
    }
}

fn docs(docs: &Docs) -> String {
    text::reflow(docs.contents.as_deref().unwrap_or_default())
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
