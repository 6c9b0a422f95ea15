//! The steps that are built into this program: compiled when it was built, embedded, checked when loaded.
//! A step from elsewhere never gets in here.

use lockstep_engine::load::{LoadError, Precompiled, Step};
use lockstep_model::digest::{Checksum, Digest};
use lockstep_model::info::StepInfo;

/// A step as the build left it.
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

/// The digest of the compiler that was built with this program; none if it was built without one.
pub(crate) static COMPILER: Option<&str> = option_env!("LOCKSTEP_COMPILER");

/// Why a built-in step cannot be used: the program was not built as it must be.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BuiltinError {
    /// Its description or its digests are not readable.
    #[error("the built-in step `{0}` is damaged: {1}")]
    Damaged(&'static str, String),
    /// It does not load.
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

    /// The digest of its component, which names it in receipts.
    pub(crate) fn component(&self) -> Result<Digest, BuiltinError> {
        Digest::parse(self.component).ok_or_else(|| self.damaged("its digest"))
    }

    /// The step itself, ready to run.
    pub(crate) fn load(&self) -> Result<Step, BuiltinError> {
        let checksum = Checksum::parse(self.checksum).ok_or_else(|| self.damaged("its checksum"))?;
        let code = Precompiled::embedded(self.code, checksum);
        Step::load(&code).map_err(|error| BuiltinError::Load(self.name, error))
    }

    fn damaged(&self, what: &str) -> BuiltinError {
        BuiltinError::Damaged(self.name, format!("{what} cannot be read"))
    }
}
