//! The host's state of a run, and the host functions of the interface `report`. [`crate::capability`] has the functions of
//! the other interfaces.

use crate::guest::{GuestExit, GuestExitError};
use crate::live_log::LiveLog;
use crate::store_state::{HasStoreState, StoreState};
use lockstep_cluster::Cluster;
use lockstep_forge::Forges;
use lockstep_http::WebClient;
use lockstep_model::call::{CallError, Outcome};
use lockstep_model::exit::Exit;
use lockstep_model::gate::Gate;
use lockstep_model::report::{Block, Level, Location, Note, RunEnd};
use lockstep_objects::Objects;
use lockstep_repository::Repositories;
use lockstep_workspace::Workspace;
use std::sync::Arc;
use wasmtime::component::HasData;
use wasmtime_wasi::{WasiCtxView, WasiView};

use crate::bindings::{report, types};

/// The result of a host function: a trap, or the result that the component receives.
pub(crate) type HostResult<T> = wasmtime::Result<Result<T, types::Error>>;

/// The bytes that a note or a block of the summary counts in addition to its text, so that empty ones add up.
const ITEM_BYTES: usize = 64;

/// The host's state of a run.
pub(crate) struct RunHost {
    pub(crate) gate: Arc<Gate>,
    pub(crate) workspace: Workspace,
    pub(crate) objects: Objects,
    pub(crate) web: WebClient,
    pub(crate) cluster: Cluster,
    pub(crate) repositories: Repositories,
    pub(crate) forges: Forges,
    pub(crate) live: Box<dyn LiveLog>,
    pub(crate) notes: Vec<Note>,
    pub(crate) summary: Vec<Block>,
    /// The failure with which the component rejected its result after its work.
    pub(crate) rejected: Option<RunEnd>,
    pub(crate) open_files: usize,
    pub(crate) state: StoreState,
}

impl RunHost {
    /// Writes a warning of the host to the log and the report.
    pub(crate) fn warn(&mut self, message: String) {
        let note = Note { level: Level::Warning, message, location: None };
        self.live.note(&note);
        self.notes.push(note);
    }

    /// Returns the result of a call to the component. If the gate is closed, ends the component.
    pub(crate) fn answer<T>(&self, answer: Result<T, CallError>) -> HostResult<T> {
        self.check_gate()?;
        Ok(answer.map_err(to_error))
    }

    /// Ends the component if the gate is closed: the host carries out no later call.
    fn check_gate(&self) -> wasmtime::Result<()> {
        match self.gate.closed() {
            Some(reason) => Err(GuestExitError(GuestExit::Limit(reason)).into()),
            None => Ok(()),
        }
    }
}

impl HasData for RunHost {
    type Data<'a> = &'a mut Self;
}

impl WasiView for RunHost {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        self.state.wasi_view()
    }
}

impl HasStoreState for RunHost {
    fn store_state(&mut self) -> &mut StoreState {
        &mut self.state
    }
}

impl types::Host for RunHost {}

impl report::Host for RunHost {
    fn note(
        &mut self,
        level: report::Level,
        message: String,
        location: Option<types::Location>,
    ) -> wasmtime::Result<()> {
        let path = location.as_ref().map_or(0, |location| location.path.len());
        if self.gate.admit_report(ITEM_BYTES + message.len() + path) {
            let location = location.map(read_location);
            let note = Note { level: read_level(level), message, location };
            self.live.note(&note);
            self.notes.push(note);
        }
        self.check_gate()
    }

    fn progress(&mut self, done: u64, total: Option<u64>, unit: String) -> wasmtime::Result<()> {
        if self.gate.admit_report(unit.len()) {
            self.live.progress(done, total, &unit);
        }
        self.check_gate()
    }

    fn add_summary(&mut self, block: report::Block) -> wasmtime::Result<()> {
        let block = read_block(block);
        if self.gate.admit_report(ITEM_BYTES + block_bytes(&block)) {
            self.summary.push(block);
        }
        self.check_gate()
    }

    fn summary_markdown(&mut self) -> wasmtime::Result<String> {
        let text = self.live.markdown(&self.summary);
        let text = if self.gate.admit_report(text.len()) { text } else { String::new() };
        self.check_gate().map(|()| text)
    }

    fn mask(&mut self, texts: Vec<String>) -> wasmtime::Result<()> {
        let bytes = texts.iter().map(String::len).sum();
        let admitted = self.gate.admit_mask(texts.len(), bytes);
        if admitted && !self.live.mask(&texts.iter().map(String::as_str).collect::<Vec<_>>()) {
            self.gate.close("the host cannot redact a text that the component masked");
        }
        self.check_gate()
    }

    fn reject(&mut self, failure: types::Failure) -> wasmtime::Result<()> {
        let path = failure.location.as_ref().map_or(0, |location| location.path.len());
        let hint = failure.hint.as_ref().map_or(0, String::len);
        let bytes = ITEM_BYTES + failure.code.len() + failure.message.len() + hint + path;
        if self.gate.admit_report(bytes) {
            self.rejected.get_or_insert_with(|| read_failure(failure));
        }
        self.check_gate()
    }
}

/// Converts an error to that of the contract.
pub(crate) fn to_error(error: CallError) -> types::Error {
    match error {
        CallError::Denied(text) => types::Error::Denied(text),
        CallError::NotFound(text) => types::Error::NotFound(text),
        CallError::Conflict(text) => types::Error::Conflict(text),
        CallError::Invalid(text) => types::Error::Invalid(text),
        CallError::Local(text) => types::Error::Local(text),
        CallError::LimitExceeded(text) => types::Error::LimitExceeded(text),
        CallError::Unavailable(text) => types::Error::Unavailable(text),
        CallError::Unauthorized(text) => types::Error::Unauthorized(text),
        CallError::Integrity(text) => types::Error::Integrity(text),
        CallError::Upstream { status, message } => {
            types::Error::Upstream(types::UpstreamError { status, message })
        }
    }
}

fn read_level(level: report::Level) -> Level {
    match level {
        report::Level::Debug => Level::Debug,
        report::Level::Info => Level::Info,
        report::Level::Notice => Level::Notice,
        report::Level::Warning => Level::Warning,
        report::Level::Error => Level::Error,
    }
}

fn read_failure(failure: types::Failure) -> RunEnd {
    let exit = match failure.kind {
        types::FailureKind::Rejected => Exit::Rejected,
        types::FailureKind::Invalid => Exit::Invalid,
        types::FailureKind::Integrity => Exit::Integrity,
        types::FailureKind::Credentials => Exit::Credentials,
        types::FailureKind::Unavailable => Exit::Unavailable,
        types::FailureKind::LimitExceeded => Exit::LimitExceeded,
    };
    let types::Failure { code, message, hint, location, .. } = failure;
    RunEnd { exit, code, message, hint, location: location.map(read_location) }
}

fn read_location(location: types::Location) -> Location {
    let types::Location { path, line, column } = location;
    Location { path, line, column }
}

fn read_block(block: report::Block) -> Block {
    match block {
        report::Block::Heading(text) => Block::Heading(text),
        report::Block::Paragraph(text) => Block::Paragraph(text),
        report::Block::Code(code) => Block::Code { language: code.language, text: code.text },
        report::Block::Table(table) => Block::Table { columns: table.columns, rows: table.rows },
    }
}

/// The bytes of text in a block of the summary. Each cell counts 8 bytes more, so that empty ones add up.
fn block_bytes(block: &Block) -> usize {
    let cells = |cells: &[String]| cells.iter().map(|cell| cell.len() + 8).sum::<usize>();
    match block {
        Block::Heading(text) | Block::Paragraph(text) => text.len(),
        Block::Code { language, text } => language.len() + text.len(),
        Block::Table { columns, rows } => {
            cells(columns) + rows.iter().map(|row| cells(row) + 8).sum::<usize>()
        }
    }
}

/// Converts an outcome to that of the contract.
pub(crate) fn to_outcome(outcome: Outcome) -> types::Outcome {
    match outcome {
        Outcome::Applied => types::Outcome::Applied,
        Outcome::Unchanged => types::Outcome::Unchanged,
        Outcome::DryRun => types::Outcome::DryRun,
    }
}
