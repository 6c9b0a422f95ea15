//! The built-in steps. The build compiled and embedded them, and the host checks one when it loads it. No step from a
//! file gets in here.

use lockstep_engine::load::{LoadError, Precompiled, Step};
use lockstep_model::digest::{Checksum, Digest};
use lockstep_model::info::StepInfo;

/// A built-in step.
#[derive(Debug)]
pub(crate) struct Builtin {
    /// The step's name.
    pub(crate) name: &'static str,
    info: &'static str,
    code: &'static [u8],
    checksum: &'static str,
    component: &'static str,
}

/// The steps of this program, by name.
pub(crate) static ALL: &[Builtin] = include!(concat!(env!("OUT_DIR"), "/builtins.rs"));

/// The names of the steps.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    ALL.iter().map(|step| step.name)
}

/// The digest of the compiler from the same build; none if the build had no compiler.
pub(crate) static COMPILER: Option<&str> = option_env!("LOCKSTEP_COMPILER");

/// Why the host cannot use a built-in step: a fault of the build or a damaged program.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BuiltinError {
    /// Its description or one of its digests is damaged.
    #[error("the built-in step `{0}` is damaged: {1}")]
    Damaged(&'static str, String),
    /// The sandbox does not load it.
    #[error("the built-in step `{0}` does not load: {1}")]
    Load(&'static str, #[source] LoadError),
}

impl Builtin {
    /// The step of this name.
    pub(crate) fn find(name: &str) -> Option<&'static Self> {
        ALL.iter().find(|step| step.name == name)
    }

    /// Its description.
    pub(crate) fn info(&self) -> Result<StepInfo, BuiltinError> {
        serde_json::from_str(self.info).map_err(|error| BuiltinError::Damaged(self.name, error.to_string()))
    }

    /// The digest of its component. Receipts name the step by it.
    pub(crate) fn component(&self) -> Result<Digest, BuiltinError> {
        Digest::parse(self.component).ok_or_else(|| self.damaged("its digest"))
    }

    /// The step itself, ready to run.
    pub(crate) fn load(&self) -> Result<Step, BuiltinError> {
        let checksum = Checksum::parse(self.checksum).ok_or_else(|| self.damaged("its checksum"))?;
        let code = Precompiled::embedded(self.code, checksum);
        Step::load(&code).map_err(|error| BuiltinError::Load(self.name, error))
    }

    fn damaged(&self, part: &str) -> BuiltinError {
        BuiltinError::Damaged(self.name, format!("cannot read {part}"))
    }
}
