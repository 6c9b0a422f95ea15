//! What a run holds on the host's side of the contract, and the interface `report`. The other interfaces are in
//! [`crate::capability`].

use crate::confines::{Confined, Confines};
use crate::guest::{GuestExit, GuestExitError};
use crate::live_log::LiveLog;
use lockstep_cluster::Cluster;
use lockstep_forge::Forges;
use lockstep_http::Web;
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

/// What keeping a note or a part of the summary costs besides its text, so that empty ones add up.
const EACH_REPORT: usize = 64;

/// Everything a run holds on the host's side.
pub(crate) struct Host {
    pub(crate) gate: Arc<Gate>,
    pub(crate) workspace: Workspace,
    pub(crate) objects: Objects,
    pub(crate) web: Web,
    pub(crate) cluster: Cluster,
    pub(crate) repositories: Repositories,
    pub(crate) forges: Forges,
    pub(crate) live: Box<dyn LiveLog>,
    pub(crate) notes: Vec<Note>,
    pub(crate) summary: Vec<Block>,
    /// The end of a run that says no with its work done.
    pub(crate) rejected: Option<RunEnd>,
    pub(crate) open_files: usize,
    pub(crate) confines: Confines,
}

impl Host {
    /// Says something that the host itself found worth a warning.
    pub(crate) fn warn(&mut self, message: String) {
        let note = Note { level: Level::Warning, message, location: None };
        self.live.note(&note);
        self.notes.push(note);
    }

    /// Returns the result of a call to the component, unless the gate is shut: then the component ends here.
    pub(crate) fn answer<T>(&self, answer: Result<T, CallError>) -> HostResult<T> {
        self.go_on()?;
        Ok(answer.map_err(to_error))
    }

    /// Ends the component if the gate is shut: nothing that it could still do counts.
    fn go_on(&self) -> wasmtime::Result<()> {
        match self.gate.shut() {
            Some(reason) => Err(GuestExitError(GuestExit::Limit(reason)).into()),
            None => Ok(()),
        }
    }
}

impl HasData for Host {
    type Data<'a> = &'a mut Self;
}

impl WasiView for Host {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        self.confines.view()
    }
}

impl Confined for Host {
    fn confines(&mut self) -> &mut Confines {
        &mut self.confines
    }
}

impl types::Host for Host {}

impl report::Host for Host {
    fn note(
        &mut self,
        level: report::Level,
        message: String,
        location: Option<types::Location>,
    ) -> wasmtime::Result<()> {
        let path = location.as_ref().map_or(0, |location| location.path.len());
        if self.gate.admit_report(EACH_REPORT + message.len() + path) {
            let location = location.map(read_location);
            let note = Note { level: read_level(level), message, location };
            self.live.note(&note);
            self.notes.push(note);
        }
        self.go_on()
    }

    fn progress(&mut self, done: u64, total: Option<u64>, unit: String) -> wasmtime::Result<()> {
        if self.gate.admit_report(unit.len()) {
            self.live.progress(done, total, &unit);
        }
        self.go_on()
    }

    fn add_summary(&mut self, block: report::Block) -> wasmtime::Result<()> {
        let block = read_block(block);
        if self.gate.admit_report(EACH_REPORT + block_bytes(&block)) {
            self.summary.push(block);
        }
        self.go_on()
    }

    fn summary_markdown(&mut self) -> wasmtime::Result<String> {
        let text = self.live.markdown(&self.summary);
        let text = if self.gate.admit_report(text.len()) { text } else { String::new() };
        self.go_on().map(|()| text)
    }

    fn mask(&mut self, texts: Vec<String>) -> wasmtime::Result<()> {
        let bytes = texts.iter().map(String::len).sum();
        let admitted = self.gate.admit_mask(texts.len(), bytes);
        if admitted && !self.live.mask(&texts.iter().map(String::as_str).collect::<Vec<_>>()) {
            self.gate.close("a text that the component masked cannot be kept out of the log");
        }
        self.go_on()
    }

    fn reject(&mut self, failure: types::Failure) -> wasmtime::Result<()> {
        let path = failure.location.as_ref().map_or(0, |location| location.path.len());
        let hint = failure.hint.as_ref().map_or(0, String::len);
        let bytes = EACH_REPORT + failure.code.len() + failure.message.len() + hint + path;
        if self.gate.admit_report(bytes) {
            self.rejected.get_or_insert_with(|| read_failure(failure));
        }
        self.go_on()
    }
}

/// The error of the contract.
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

/// How much text a part of the summary holds, counting a little for every cell so that empty ones add up.
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

/// The outcome of the contract.
pub(crate) fn to_outcome(outcome: Outcome) -> types::Outcome {
    match outcome {
        Outcome::Applied => types::Outcome::Applied,
        Outcome::Unchanged => types::Outcome::Unchanged,
        Outcome::DryRun => types::Outcome::DryRun,
    }
}
