//! From bytes to a component that may be run: integrity, types and imports, all before instantiation.
//! It never compiles; what it loads was compiled by lockstep itself.

use crate::imports::Imports;
use crate::value::{self, Unsupported};
use lockstep_model::digest::Checksum;
use lockstep_model::types::Field;
use std::borrow::Cow;
use wasmtime::Engine;
use wasmtime::component::Component;
use wasmtime::component::types::{ComponentFunc, ComponentItem, Type};

/// The name of the one function that a step exports.
pub(crate) const ENTRY: &str = "run";

/// Machine code that lockstep compiled itself: embedded in the host when it was built, or handed over by a process of
/// `lockstep-compiler`, whose digest is embedded. There is no other way to make one.
#[derive(Debug)]
pub struct Precompiled<'a> {
    code: Cow<'a, [u8]>,
    checksum: Checksum,
}

impl Precompiled<'static> {
    /// Code embedded in this very program, with the checksum it had when it was compiled. `'static` is
    /// the point: what was read from somewhere does not live that long.
    #[must_use]
    pub fn embedded(code: &'static [u8], checksum: Checksum) -> Self {
        Self { code: Cow::Borrowed(code), checksum }
    }

    /// Code that the compiler of this very program wrote to a pipe that it alone holds.
    pub(crate) fn from_own_compiler(code: Vec<u8>) -> Self {
        let checksum = Checksum::of(&code);
        Self { code: Cow::Owned(code), checksum }
    }
}

/// A component that was loaded and found to be a step.
#[derive(Debug)]
pub struct Step {
    pub(crate) engine: Engine,
    pub(crate) component: Component,
    /// The fields of its `inputs` record.
    pub inputs: Vec<Field>,
    /// The fields of its `outputs` record.
    pub outputs: Vec<Field>,
    /// What it imports.
    pub imports: Imports,
}

/// Why a component is not run.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The code is not what was compiled.
    #[error("the code of the component was changed: expected {expected}, found {found}")]
    Changed {
        /// What it was compiled to.
        expected: Checksum,
        /// What it is now.
        found: Checksum,
    },
    /// The sandbox refuses to start or the code was compiled for another one.
    #[error("the sandbox does not take the component: {0}")]
    Sandbox(String),
    /// It is no step: no `run`, or one of another form.
    #[error("the component is no step: {0}")]
    NoStep(String),
    /// A type that has no form in JSON.
    #[error("the component is no step: {0}")]
    Unsupported(#[from] Unsupported),
}

impl Step {
    /// Loads compiled code. Nothing of it runs yet.
    ///
    /// # Errors
    /// The code is not what was compiled, was compiled for another host, or is no step.
    pub fn load(precompiled: &Precompiled<'_>) -> Result<Self, LoadError> {
        let sandbox = |error: wasmtime::Error| LoadError::Sandbox(error.to_string());
        let found = Checksum::of(&precompiled.code);
        if found != precompiled.checksum {
            return Err(LoadError::Changed { expected: precompiled.checksum, found });
        }
        let engine = lockstep_sandbox::engine().map_err(sandbox)?;
        let component = deserialize(&engine, precompiled).map_err(sandbox)?;
        let run = entry(&engine, &component)?;
        let (inputs, outputs) = signature(&run)?;
        let imports = Imports::of(&engine, &component);
        Ok(Self { engine, component, inputs, outputs, imports })
    }
}

/// The one place where machine code enters the process.
#[expect(unsafe_code, reason = "loading precompiled code is unsafe by nature; see the proof inside")]
fn deserialize(engine: &Engine, precompiled: &Precompiled<'_>) -> wasmtime::Result<Component> {
    // SAFETY: the bytes must be the unmodified output of this wasmtime's compiler. `Precompiled` can
    // only be made of bytes embedded in this program, whose checksum the caller has just compared with
    // the one taken when lockstep compiled them, or of what a process of the compiler wrote, whose
    // digest is embedded in this program.
    // That they were compiled by the same version under the same settings wasmtime checks itself.
    unsafe { Component::deserialize(engine, &precompiled.code) }
}

fn entry(engine: &Engine, component: &Component) -> Result<ComponentFunc, LoadError> {
    match component.component_type().get_export(engine, ENTRY).map(|item| item.ty) {
        Some(ComponentItem::ComponentFunc(run)) => Ok(run),
        _ => Err(LoadError::NoStep(format!("it exports no function `{ENTRY}`"))),
    }
}

/// The inputs and outputs of `run: func(inputs: record) -> result<record, failure>`.
fn signature(run: &ComponentFunc) -> Result<(Vec<Field>, Vec<Field>), LoadError> {
    let form =
        || LoadError::NoStep(format!("`{ENTRY}` is not a func(inputs: record) -> result<record, failure>"));
    let mut params = run.params();
    let mut results = run.results();
    let (Some((_, Type::Record(inputs))), None) = (params.next(), params.next()) else {
        return Err(form());
    };
    let (Some(Type::Result(result)), None) = (results.next(), results.next()) else {
        return Err(form());
    };
    let (Some(Type::Record(outputs)), Some(Type::Record(failure))) = (result.ok(), result.err()) else {
        return Err(form());
    };
    let expected = ["kind", "code", "message", "hint", "location"];
    if !failure.fields().map(|field| field.name).eq(expected) {
        return Err(form());
    }
    Ok((value::fields(&inputs)?, value::fields(&outputs)?))
}
