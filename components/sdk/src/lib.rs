//! Everything that a Lockstep step needs to talk to its host.
//!
//! A step is a WebAssembly component that exports one function, `run`. Its inputs and outputs are records of its own WIT file;
//! everything else comes from the host: files, HTTP, a cluster, object storage, git, pull requests, and the report.
//!
//! The crate has three layers:
//!
//! - **Types and functions of the contract**, generated from `wit/`: [`workspace`], [`http`], [`cluster`], [`objects`],
//!   [`repository`], [`forge`], [`report`] and [`types`].
//! - **Traits** for the same functions, so that the logic of a step can be tested without a host: [`Workspace`], [`Http`],
//!   [`Cluster`], [`Objects`], [`Repository`], [`Forge`], [`Reporter`] and [`Clock`]. [`Host`] implements all of them in a
//!   run; the module [`fake`] has implementations for tests.
//! - **Helpers** that steps share: [`StepError`] and [`failure_codes!`], [`InputError`], [`duration`], [`skipped`], [`suggest`],
//!   [`text`].
//!
//! # A whole step
//!
//! ```ignore
//! lockstep_sdk::bindings!({
//!     path: ["wit/deps/lockstep-step", "wit"],
//!     world: "example:line-count/step",
//! });
//! export!(Step);
//!
//! struct Step;
//!
//! impl Guest for Step {
//!     fn run(inputs: Inputs) -> Result<Outputs, Failure> {
//!         let lines = count(&mut Host, &inputs.path)?;
//!         Ok(Outputs { lines })
//!     }
//! }
//! ```
//!
//! # Logic that is tested without a host
//!
//! ```
//! use lockstep_sdk::fake::FakeWorkspace;
//! use lockstep_sdk::{Workspace, failure_codes, StepError};
//!
//! failure_codes! {
//!     /// Why `line-count` does not succeed.
//!     pub enum Code {
//!         /// The file is empty.
//!         EmptyFile = ("empty-file", Rejected),
//!         /// The file cannot be read.
//!         Workspace = ("workspace", Invalid),
//!     }
//! }
//!
//! fn count(host: &mut impl Workspace, path: &str) -> Result<u32, StepError<Code>> {
//!     let content = host.read(path).map_err(|error| StepError::host(Code::Workspace, error))?;
//!     let lines = content.iter().filter(|byte| **byte == b'\n').count();
//!     if lines == 0 {
//!         return Err(StepError::new(Code::EmptyFile, format!("`{path}` has no lines")).at(path, None));
//!     }
//!     Ok(u32::try_from(lines).unwrap_or(u32::MAX))
//! }
//!
//! let mut host = FakeWorkspace::default().with_file("notes.txt", "one\ntwo\n");
//! assert_eq!(count(&mut host, "notes.txt").unwrap(), 2);
//! let error = count(&mut host, "missing.txt").unwrap_err();
//! assert_eq!(error.code, Code::Workspace);
//! ```

mod bindings;
pub mod characters;
mod clock;
pub mod duration;
mod error;
pub mod fake;
mod host;
mod input;
mod macros;
mod reporter;
mod selection;
pub mod skipped;
pub mod suggest;
pub mod text;
mod traits;

pub use bindings::{cluster, forge, http, objects, report, repository, types, workspace};
pub use clock::{Clock, Deadline, HostClock};
pub use error::{FailureCode, StepError, finish_all, finish_up_to, note_errors};
pub use host::Host;
pub use input::InputError;
pub use reporter::{HostReporter, Reporter, table};
pub use traits::{
    Cluster, Forge, HostResult, Http, Objects, OpenFile, Repository, UploadParts, Watch, Workspace,
};

#[doc(hidden)]
pub use wit_bindgen;
