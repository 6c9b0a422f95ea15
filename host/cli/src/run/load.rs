//! The first stage: finds the step and loads its component. It does not run the component.

use crate::builtin::{self, Builtin, BuiltinError};
use crate::run_facts::{RunFacts, StageResult};
use crate::verdict::{bug, run_end};
use lockstep_engine::compiler::{self, CompileError};
use lockstep_engine::load::{LoadError, Precompiled, Step};
use lockstep_model::connect::Connect;
use lockstep_model::digest::Digest;
use lockstep_model::host_code::HostCode;
use lockstep_model::info::{InputInfo, OutputInfo, StepInfo, StepLimits};
use lockstep_model::near;
use lockstep_model::report::{Level, RunEnd};
use lockstep_model::types::Field;
use lockstep_process::regular_file;
use std::collections::BTreeMap;
use std::path::Path;

/// The hint if the host finds no compiler.
const NO_COMPILER: &str =
    "to run components that are not built in, put lockstep-compiler of the same release beside lockstep";

/// A loaded step.
pub(crate) struct LoadedStep {
    /// Its name, inputs, permissions and limits. For a component from a file it has only the types.
    pub(crate) info: StepInfo,
    /// The component.
    pub(crate) step: Step,
    /// Whether it is built in.
    pub(crate) is_builtin: bool,
    /// The digest of the component.
    pub(crate) digest: Digest,
    pub(super) facts: RunFacts,
}

/// Whether the user named a file rather than a built-in step.
pub(crate) fn is_file(step: &str) -> bool {
    step.contains(std::path::is_separator) || Path::new(step).extension().is_some_and(|end| end == "wasm")
}

impl LoadedStep {
    /// Finds and loads the step of this name.
    pub(crate) fn load(name: &str) -> StageResult<Self> {
        if is_file(name) {
            return Self::from_file(name);
        }
        let builtin = Builtin::find(name).ok_or_else(|| unknown(name))?;
        let damaged = |error: BuiltinError| {
            run_end(HostCode::Damaged, error.to_string(), Some("install lockstep again".into()))
        };
        let digest = builtin.component().map_err(damaged)?;
        let mut facts = RunFacts { component: Some(digest), ..RunFacts::default() };
        match builtin.info().and_then(|info| Ok((info, builtin.load()?))) {
            Ok((info, step)) => Ok(Self { info, step, is_builtin: true, digest, facts }),
            Err(error) => std::mem::take(&mut facts).stop(damaged(error)),
        }
    }

    /// Loads a component from a file. A process of its own compiles the component.
    fn from_file(path: &str) -> StageResult<Self> {
        let invalid = |message: String| run_end(HostCode::BadComponent, message, None);
        let wasm = regular_file::read_bytes(Path::new(path), compiler::WASM_BYTES).map_err(invalid)?;
        check_format(path, &wasm).map_err(invalid)?;
        let digest = Digest::of(&wasm);
        let mut facts = RunFacts { component: Some(digest), ..RunFacts::default() };
        let loaded = compile(path, wasm, &mut facts).and_then(|code| {
            Step::load(&code).map_err(|error| match error {
                LoadError::Sandbox(_) | LoadError::Changed { .. } => bug(&error.to_string()),
                LoadError::NotAStep(_) | LoadError::UnsupportedType(_) => invalid(format!("{path}: {error}")),
            })
        });
        match loaded {
            Ok(step) => Ok(Self { info: bare_info(path, &step), step, is_builtin: false, digest, facts }),
            Err(ending) => facts.stop(ending),
        }
    }
}

/// Checks the first 8 bytes of a component: the magic number, the version, and the layer,
/// <https://github.com/WebAssembly/component-model/blob/main/design/mvp/Binary.md>.
fn check_format(path: &str, wasm: &[u8]) -> Result<(), String> {
    match wasm {
        [0, b'a', b's', b'm', _, _, 1, 0, ..] => Ok(()),
        [0, b'a', b's', b'm', 1, 0, 0, 0, ..] => Err(format!(
            "{path}: it is a WebAssembly module and no component; build it for `wasm32-wasip2`, or make a component of it with `wasm-tools component new`"
        )),
        _ => {
            Err(format!("{path}: it is not a WebAssembly component; `lockstep list` has the built-in steps"))
        }
    }
}

/// Compiles a component with the compiler of this release.
fn compile(path: &str, wasm: Vec<u8>, facts: &mut RunFacts) -> Result<Precompiled<'static>, RunEnd> {
    let compiled = compiler::compile(wasm, builtin::COMPILER).map_err(|error| {
        let message = format!("{path}: {error}");
        let hint = || Some(NO_COMPILER.to_owned());
        match error {
            CompileError::Missing(_) | CompileError::NotExecutable(_) | CompileError::NotBuiltIn => {
                run_end(HostCode::NoCompiler, message, hint())
            }
            CompileError::Changed { .. } => run_end(HostCode::WrongCompiler, message, hint()),
            CompileError::Invalid(_) => run_end(HostCode::BadComponent, message, None),
            CompileError::Limit => run_end(HostCode::CompilerLimit, message, None),
            CompileError::Process(_) => bug(&message),
        }
    })?;
    for missing in compiled.missing {
        facts.note(Level::Info, missing);
    }
    Ok(compiled.code)
}

/// The description of a component from a file, from its types. All other parts are empty.
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
        permissions: BTreeMap::new(),
        connect: Connect::default(),
        limits: StepLimits::default(),
        failures: Vec::new(),
        example: Vec::new(),
    }
}

fn unknown(name: &str) -> RunEnd {
    let known: Vec<_> = builtin::names().collect();
    let question =
        near::question(name, known.iter().copied()).map(|question| question + " ").unwrap_or_default();
    let hint = format!("{question}the steps are {}; `lockstep list` describes them", known.join(", "));
    run_end(HostCode::UnknownStep, format!("there is no step `{name}`"), Some(hint))
}
