//! How a component ended, and the data it left.

use lockstep_model::outputs::Output;
use lockstep_model::report::{Block, Note, ObjectChange, RunEnd};
use lockstep_workspace::Workspace;
use wasmtime::Trap;
use wasmtime_wasi::I32Exit;

/// How a component ended.
#[derive(Debug, Clone, PartialEq)]
pub enum GuestExit {
    /// It did its work and returned these outputs, in the order of its record.
    Done(Vec<Output>),
    /// It returned a failure.
    Failed(RunEnd),
    /// It imports a function that the host does not have. Nothing of it ran. The text names the import.
    Unlinked(String),
    /// It trapped: a panic, an invalid access, a call of `exit`. The text is the cause.
    Trapped(String),
    /// The caller cancelled it.
    Cancelled,
    /// It exceeded a limit. The text names the limit.
    Limit(String),
    /// The host has a bug. The text is the cause.
    Bug(String),
}

/// An error of a host function that ends the component, and how it then ended.
#[derive(Debug, thiserror::Error)]
#[error("the host ended the component")]
pub(crate) struct GuestExitError(pub(crate) GuestExit);

/// The result of running a component.
pub struct GuestResult {
    /// How the component ended.
    pub exit: GuestExit,
    /// The data of the component; none if the host abandoned its thread.
    pub data: Option<GuestData>,
}

/// The data that a component left.
pub struct GuestData {
    /// The files, with those that the component staged.
    pub workspace: Workspace,
    /// The changes of objects in stores and clusters, of branches and of pull requests.
    pub objects: Vec<ObjectChange>,
    /// The diff of the branches that a dry run would push.
    pub diff: String,
    /// The notes.
    pub notes: Vec<Note>,
    /// The blocks of the summary.
    pub summary: Vec<Block>,
    /// The bytes that the component printed to its standard output and error.
    pub printed: Vec<u8>,
    /// The failure with which the component rejected its result after its work.
    pub rejected: Option<RunEnd>,
}

impl GuestResult {
    /// The result of a component whose thread did not end in time.
    pub(crate) fn abandoned(exit: GuestExit) -> Self {
        Self { exit, data: None }
    }
}

impl GuestExit {
    /// The exit of a component whose call failed. The watch interrupts a component with a trap too, but replaces this
    /// exit by its own.
    pub(crate) fn from_error(error: &wasmtime::Error) -> Self {
        if let Some(GuestExitError(exit)) = error.downcast_ref() {
            return exit.clone();
        }
        if let Some(exit) = error.downcast_ref::<I32Exit>() {
            return Self::Trapped(format!("the component called exit({}) instead of returning", exit.0));
        }
        match error.downcast_ref::<Trap>() {
            Some(Trap::StackOverflow) => Self::Limit("the component used up its stack".into()),
            Some(trap) => Self::Trapped(format!("the component trapped: {trap}")),
            None => {
                Self::Limit(format!("the sandbox ended the component: {error:#}{}", address_space(error)))
            }
        }
    }
}

/// Advice for an error of reserving addresses: few know that `ulimit -v` counts addresses that nobody uses.
fn address_space(error: &wasmtime::Error) -> &'static str {
    match format!("{error:#}").contains("failed to reserve") {
        true => "; a run reserves about 6.5 GB of address space and uses little of it: raise `ulimit -v`",
        false => "",
    }
}
