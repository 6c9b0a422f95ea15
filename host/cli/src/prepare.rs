//! From what the user typed to a run that may start: the step, its inputs, its grant, its files. It stops at
//! the first thing that forbids the run and says what would allow it; nothing of a component has run by then.

use crate::args::RunArgs;
use crate::builtin::{self, Builtin};
use crate::conclude::{bug, ending, unknown_import};
use crate::inputs;
use lockstep_engine::compiler::{self, CompileError};
use lockstep_engine::imports::Imports;
use lockstep_engine::load::{LoadError, Precompiled, Step};
use lockstep_model::asks;
use lockstep_model::call::Capability;
use lockstep_model::digest::Digest;
use lockstep_model::exit::Exit;
use lockstep_model::gate::CallLog;
use lockstep_model::grant::{Ceiling, Grant, Right};
use lockstep_model::info::{InputInfo, OutputInfo, StepInfo, StepLimits};
use lockstep_model::inputs::{InputError, Inputs};
use lockstep_model::limits::Limits;
use lockstep_model::policy::{self, Policy, Rights};
use lockstep_model::report::{Block, Change, Ending, Level, Note, ObjectChange};
use lockstep_model::types::Field;
use lockstep_process::regular;
use std::collections::BTreeMap;
use std::path::Path;

/// What is known of a run so far. A receipt can be made of it at any point.
#[derive(Debug, Default)]
pub(crate) struct Known {
    /// The digest of the component.
    pub(crate) component: Option<Digest>,
    /// The digest of the policy file.
    pub(crate) policy: Option<Digest>,
    /// The typed inputs.
    pub(crate) inputs: Inputs,
    /// What the run may do.
    pub(crate) grant: Grant,
    /// Its budgets.
    pub(crate) limits: Limits,
    /// What passed the gate.
    pub(crate) log: CallLog,
    /// The files that were put back as they were before a killed run.
    pub(crate) put_back: Vec<Change>,
    /// What became of objects.
    pub(crate) objects: Vec<ObjectChange>,
    /// What the host itself has to say; shown when the run is over.
    pub(crate) notes: Vec<Note>,
    /// What the component said; shown as it came.
    pub(crate) heard: Vec<Note>,
    /// The summary.
    pub(crate) summary: Vec<Block>,
}

/// What a run is of.
pub(crate) struct Subject {
    /// Its name, inputs, asks and limits. For a component from elsewhere only what its types say.
    pub(crate) info: StepInfo,
    /// The component, loaded.
    pub(crate) step: Step,
    builtin: bool,
}

/// Whether the user named a file rather than a built-in step.
pub(crate) fn is_file(step: &str) -> bool {
    step.contains(std::path::is_separator) || Path::new(step).extension().is_some_and(|end| end == "wasm")
}

/// Finds and loads the step.
pub(crate) fn subject(name: &str, known: &mut Known) -> Result<Subject, Ending> {
    if is_file(name) {
        return component(name, known);
    }
    let builtin = Builtin::find(name).ok_or_else(|| unknown(name))?;
    let damaged = |error: builtin::BuiltinError| {
        ending(Exit::Integrity, "damaged", error.to_string(), Some("install lockstep again".into()))
    };
    known.component = Some(builtin.component().map_err(damaged)?);
    let info = builtin.info().map_err(damaged)?;
    let step = builtin.load().map_err(damaged)?;
    Ok(Subject { info, step, builtin: true })
}

/// Types the inputs.
pub(crate) fn inputs(args: &RunArgs, fields: &[InputInfo], known: &mut Known) -> Result<(), Ending> {
    let invalid = |message: String| ending(Exit::Invalid, "bad-input", message, None);
    let inputs::Given { mut raws, ignored } =
        inputs::gather(args.inputs_file.as_deref(), fields).map_err(invalid)?;
    known.notes.extend(ignored);
    match inputs::foreign_lines(&raws, fields) {
        Ok(errors) if errors.is_empty() => {}
        Ok(errors) => return Err(bad_inputs(&errors, args, known)),
        Err(unchecked) => known.notes.push(unchecked),
    }
    raws.extend(args.inputs.iter().cloned());
    known.inputs = Inputs::resolve(&raws, fields).map_err(|errors| bad_inputs(&errors, args, known))?;
    Ok(())
}

/// Reads the policy and decides what the run may do.
pub(crate) fn grant(args: &RunArgs, subject: &Subject, known: &mut Known) -> Result<(), Ending> {
    let policy = args.policy.as_deref().map(read_policy).transpose()?;
    known.policy = policy.as_ref().map(|policy| policy.digest);
    if let Some(name) = subject.step.imports.unknown.first() {
        return Err(unknown_import(&format!("the component imports `{name}`, which no step is given")));
    }
    let invalid =
        |error: &dyn std::fmt::Display| ending(Exit::Invalid, "bad-policy", error.to_string(), None);
    if subject.builtin {
        let asked = asks::fill(&subject.info.asks, &known.inputs)
            .map_err(|error| ending(Exit::Invalid, "bad-input", error.to_string(), None))?;
        let ceilings = match &policy {
            Some(policy) => {
                let rights =
                    policy.bound(&subject.info.name, &known.inputs).map_err(|error| invalid(&error))?;
                vec![Ceiling { source: policy.source.clone(), rights }]
            }
            None => Vec::new(),
        };
        known.grant = Grant { asked, ceilings };
        known.limits = subject.info.limits.applied();
    } else {
        let digest = known.component.unwrap_or_else(|| Digest::of(b""));
        let entry = policy.as_ref().and_then(|policy| Some((policy, policy.component(digest)?)));
        let (policy, entry) = entry.ok_or_else(|| not_allowed(digest, &subject.step.imports, args, known))?;
        let asked = policy.grant(entry, &known.inputs).map_err(|error| invalid(&error))?;
        known.grant = Grant { asked, ceilings: Vec::new() };
        known.limits = entry.limits.applied();
    }
    check_imports(subject, &known.grant)
}

/// The capabilities that are linked: those on which the run has any right, and those that a built-in step asks for and
/// does not use with these inputs, of which the gate denies every call.
pub(crate) fn linked(subject: &Subject, grant: &Grant) -> Vec<Capability> {
    let asks = |capability: &Capability| {
        subject.builtin && subject.info.asks.keys().any(|name| *name == capability.word())
    };
    let is_linked = |capability: &Capability| {
        let among = |rights: &[Right]| rights.iter().any(|right| right.capability == *capability);
        match among(&grant.asked) {
            true => grant.ceilings.iter().all(|ceiling| among(&ceiling.rights)),
            false => asks(capability),
        }
    };
    Capability::ALL.into_iter().filter(is_linked).collect()
}

/// An imported capability on which the run has no right at all ends it before anything of it runs.
fn check_imports(subject: &Subject, grant: &Grant) -> Result<(), Ending> {
    let linked = linked(subject, grant);
    let Some(missing) =
        subject.step.imports.capabilities.keys().find(|capability| !linked.contains(capability))
    else {
        return Ok(());
    };
    let word = missing.word();
    let hint = match grant.ceilings.first() {
        Some(ceiling) => format!("to allow it, add `{word}: [...]` for this step in {}", ceiling.source),
        None => format!("to allow it, add `{word}: [...]` under `allow` of this component in the policy"),
    };
    Err(ending(
        Exit::Denied,
        "not-granted",
        format!("the component imports `{word}`, and this run grants nothing on it"),
        Some(hint),
    ))
}

fn read_policy(path: &str) -> Result<Policy, Ending> {
    let invalid = |message: String| ending(Exit::Invalid, "bad-policy", message, None);
    let text = regular::text(Path::new(path), regular::DOCUMENT).map_err(invalid)?;
    Policy::parse(&text, path).map_err(|error| invalid(error.to_string()))
}

/// The most bytes of a component.
const COMPONENT: u64 = 64 * 1024 * 1024;
/// What to do where the compiler is missing or is another one.
const NO_COMPILER: &str =
    "to run components that are not built in, put lockstep-compiler of the same release beside lockstep";

/// Loads a component from a file: compiled in a process of its own.
fn component(path: &str, known: &mut Known) -> Result<Subject, Ending> {
    let invalid = |message: String| ending(Exit::Invalid, "bad-component", message, None);
    let wasm = regular::bytes(Path::new(path), COMPONENT).map_err(invalid)?;
    known.component = Some(Digest::of(&wasm));
    let code = compile(path, wasm, known)?;
    let step = Step::load(&code).map_err(|error| match error {
        LoadError::Sandbox(_) | LoadError::Changed { .. } => bug(&error.to_string()),
        LoadError::NoStep(_) | LoadError::Unsupported(_) => invalid(format!("{path}: {error}")),
    })?;
    Ok(Subject { info: bare_info(path, &step), step, builtin: false })
}

/// Has the compiler of this release make machine code of a component.
fn compile(path: &str, wasm: Vec<u8>, known: &mut Known) -> Result<Precompiled<'static>, Ending> {
    let compiled = compiler::compile(wasm, builtin::COMPILER).map_err(|error| {
        let message = format!("{path}: {error}");
        let hint = || Some(NO_COMPILER.to_owned());
        match error {
            CompileError::Missing(_) | CompileError::Unknown => {
                ending(Exit::Invalid, "no-compiler", message, hint())
            }
            CompileError::Changed { .. } => ending(Exit::Integrity, "wrong-compiler", message, hint()),
            CompileError::Invalid(_) => ending(Exit::Invalid, "bad-component", message, None),
            CompileError::Limit => ending(Exit::Limit, "compiler-limit", message, None),
            CompileError::Process(_) => bug(&message),
        }
    })?;
    let note = |message| Note { level: Level::Info, message, at: None };
    known.notes.extend(compiled.missing.into_iter().map(note));
    Ok(compiled.code)
}

/// What the types of a component say about it. A list may be left out; nothing else is known.
fn bare_info(path: &str, step: &Step) -> StepInfo {
    let input = |field: &Field| InputInfo::bare(&field.name, &field.ty);
    let output =
        |field: &Field| OutputInfo { name: field.name.clone(), ty: field.ty.clone(), docs: String::new() };
    StepInfo {
        version: 1,
        name: Path::new(path).file_name().map_or(path.into(), |name| name.to_string_lossy()).into_owned(),
        summary: "A component that is not built in".into(),
        docs: String::new(),
        inputs: step.inputs.iter().map(input).collect(),
        outputs: step.outputs.iter().map(output).collect(),
        asks: BTreeMap::new(),
        limits: StepLimits::default(),
        failures: Vec::new(),
        example: Vec::new(),
    }
}

fn unknown(name: &str) -> Ending {
    let known: Vec<_> = builtin::ALL.iter().map(|step| step.name).collect();
    let hint = format!("there are {}; `lockstep list` says what each is for", known.join(", "));
    ending(Exit::Invalid, "unknown-step", format!("there is no step `{name}`"), Some(hint))
}

/// The most mistakes of inputs that are shown one by one.
const MOST_MISTAKES: usize = 50;

/// One error a mistake, and an ending that counts them.
fn bad_inputs(errors: &[InputError], args: &RunArgs, known: &mut Known) -> Ending {
    let hint = format!("`lockstep describe {}` lists the inputs", args.step);
    if let [error] = errors {
        return ending(Exit::Invalid, "bad-input", error.to_string(), Some(hint));
    }
    let note = |error: &InputError| Note { level: Level::Error, message: error.to_string(), at: None };
    known.notes.extend(errors.iter().take(MOST_MISTAKES).map(note));
    if let Some(more) = errors.len().checked_sub(MOST_MISTAKES).filter(|more| *more > 0) {
        let message = format!("and {more} more inputs that are wrong");
        known.notes.push(Note { level: Level::Error, message, at: None });
    }
    ending(Exit::Invalid, "bad-input", format!("{} inputs are wrong", errors.len()), Some(hint))
}

/// A component from elsewhere without an entry in a policy: refused, with the policy that would allow it.
fn not_allowed(digest: Digest, imports: &Imports, args: &RunArgs, known: &mut Known) -> Ending {
    let rights: Rights = imports.rights();
    let place = args.policy.as_deref().unwrap_or("a policy file");
    let text = format!(
        "this policy would allow everything the component can ask for; narrow its patterns to what you mean:\n{}",
        policy::suggest(digest, &rights)
    );
    known.notes.push(Note { level: Level::Notice, message: text, at: None });
    let message = match &args.policy {
        Some(path) => format!("{path} has no entry for this component"),
        None => "a component that is not built in runs only under a policy".into(),
    };
    let hint = format!("to allow it, put the policy above in {place} and pass it with --policy");
    ending(Exit::Denied, "not-allowed", message, Some(hint))
}
