//! Loads a compiled component and checks its integrity, types and imports before its instantiation. It loads only code
//! that lockstep itself has compiled.

use crate::imports::Imports;
use crate::value::{self, UnsupportedType};
use lockstep_model::digest::Checksum;
use lockstep_model::types::Field;
use std::borrow::Cow;
use wasmtime::Engine;
use wasmtime::component::Component;
use wasmtime::component::types::{ComponentFunc, ComponentItem, Type};

/// The name of the function that a step exports.
pub(crate) const ENTRY: &str = "run";

/// Machine code that lockstep itself has compiled: embedded in the program, or from a process of `lockstep-compiler`, whose
/// digest is embedded. It has no other constructor.
#[derive(Debug)]
pub struct Precompiled<'a> {
    code: Cow<'a, [u8]>,
    checksum: Checksum,
}

impl Precompiled<'static> {
    /// Code embedded in this program, with its checksum from the build. It is `'static` so that no caller passes code that
    /// it has read from a file.
    #[must_use]
    pub fn embedded(code: &'static [u8], checksum: Checksum) -> Self {
        Self { code: Cow::Borrowed(code), checksum }
    }

    /// Code that the compiler of this program wrote to a pipe that no other process has.
    pub(crate) fn from_own_compiler(code: Vec<u8>) -> Self {
        let checksum = Checksum::of(&code);
        Self { code: Cow::Owned(code), checksum }
    }
}

/// A loaded component that is a step.
#[derive(Debug)]
pub struct Step {
    pub(crate) engine: Engine,
    pub(crate) component: Component,
    /// The fields of its `inputs` record.
    pub inputs: Vec<Field>,
    /// The fields of its `outputs` record.
    pub outputs: Vec<Field>,
    /// The imports.
    pub imports: Imports,
}

/// An error of loading a component.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The code changed since its compilation.
    #[error("the code of the component does not match its checksum: expected {expected}, found {found}")]
    Changed {
        /// The checksum from its compilation.
        expected: Checksum,
        /// The checksum now.
        found: Checksum,
    },
    /// The sandbox does not start, or the code is for another version or other settings of it.
    #[error("the sandbox cannot load the component: {0}")]
    Sandbox(String),
    /// The component exports no `run`, or one of another type.
    #[error("the component is not a step: {0}")]
    NotAStep(String),
    /// An input or an output has a type that JSON cannot represent.
    #[error("the component is not a step: {0}")]
    UnsupportedType(#[from] UnsupportedType),
}

impl Step {
    /// Loads compiled code. It runs nothing of it.
    ///
    /// # Errors
    /// The code changed since its compilation, is for another host, or is not a step.
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

/// Maps the machine code into the process.
#[expect(unsafe_code, reason = "loading precompiled code needs it; the comment inside has the proof")]
fn deserialize(engine: &Engine, precompiled: &Precompiled<'_>) -> wasmtime::Result<Component> {
    // SAFETY: the bytes must be the unmodified output of this wasmtime's compiler. A `Precompiled` has
    // either bytes embedded in this program, whose checksum the caller has just compared with the one of
    // their compilation, or the output of the compiler, whose digest is embedded in this program.
    // Wasmtime itself checks that the version and the settings are the same.
    unsafe { Component::deserialize(engine, &precompiled.code) }
}

fn entry(engine: &Engine, component: &Component) -> Result<ComponentFunc, LoadError> {
    match component.component_type().get_export(engine, ENTRY).map(|item| item.ty) {
        Some(ComponentItem::ComponentFunc(run)) => Ok(run),
        _ => Err(LoadError::NotAStep(format!("it exports no function `{ENTRY}`"))),
    }
}

/// The fields of the inputs and outputs of `run: func(inputs: record) -> result<record, failure>`.
fn signature(run: &ComponentFunc) -> Result<(Vec<Field>, Vec<Field>), LoadError> {
    let mismatch =
        || LoadError::NotAStep(format!("`{ENTRY}` is not a func(inputs: record) -> result<record, failure>"));
    let mut params = run.params();
    let mut results = run.results();
    let (Some((_, Type::Record(inputs))), None) = (params.next(), params.next()) else {
        return Err(mismatch());
    };
    let (Some(Type::Result(result)), None) = (results.next(), results.next()) else {
        return Err(mismatch());
    };
    let (Some(Type::Record(outputs)), Some(Type::Record(failure))) = (result.ok(), result.err()) else {
        return Err(mismatch());
    };
    let expected = ["kind", "code", "message", "hint", "location"];
    if !failure.fields().map(|field| field.name).eq(expected) {
        return Err(mismatch());
    }
    Ok((value::fields(&inputs)?, value::fields(&outputs)?))
}
