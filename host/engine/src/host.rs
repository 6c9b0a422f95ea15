//! The host's side of the contract: each function turns the component's words into a request, passes the
//! gate and hands back the answer. No decision is taken here and no effect happens here.

use crate::confines::{Confined, Confines};
use crate::parallel::Broken;
use crate::run::Ended;
use lockstep_cluster::Cluster;
use lockstep_forge::Forges;
use lockstep_http::Web;
use lockstep_model::call::{Answer, CallError, Capability, RawTarget, Request};
use lockstep_model::exit::Exit;
use lockstep_model::gate::Gate;
use lockstep_model::report::{Block, Ending, Level, Location, Note};
use lockstep_objects::Objects;
use lockstep_repository::Repositories;
use lockstep_workspace::content::Algorithm;
use lockstep_workspace::{Effect, OpenFile, Workspace};
use std::sync::Arc;
use wasmtime::component::{HasData, Resource};
use wasmtime_wasi::{WasiCtxView, WasiView};

/// The Rust form of the contract.
pub(crate) mod bindings {
    wasmtime::component::bindgen!({
        path: "../../wit",
        world: "base",
        imports: { default: trappable },
        with: {
            "lockstep:step/workspace.file": super::File,
            "lockstep:step/objects.upload": crate::objects::Upload,
            "lockstep:step/cluster.watcher": crate::cluster::Watcher,
        },
    });
}

use bindings::lockstep::step::{report, types, workspace};

/// What a component says while it runs. The implementation is called on the thread that runs the component.
pub trait Live: Send {
    /// Something for the reader of the log.
    fn note(&mut self, note: &Note);
    /// How far the work is.
    fn progress(&mut self, done: u64, total: Option<u64>, unit: &str);
    /// Texts that are secret from now on, whoever says them. False if they cannot be: then nothing may be said.
    fn mask(&mut self, texts: &[&str]) -> bool;
    /// These parts of a summary as Markdown, without secrets.
    fn markdown(&self, parts: &[Block]) -> String;
    /// Somebody has not answered this call for so many seconds.
    fn waiting(&mut self, call: &str, seconds: u64);
    /// Another one who says the same to the same people.
    fn twin(&self) -> Box<dyn Live>;
}

/// What keeping a note or a part of the summary costs besides its text, so that empty ones add up.
const EACH_REPORT: usize = 64;

/// A file that a component holds open.
pub struct File {
    path: String,
    file: OpenFile,
}

impl File {
    /// The file itself.
    pub(crate) fn open(&self) -> &OpenFile {
        &self.file
    }
}

/// Everything a run holds on the host's side.
pub(crate) struct Host {
    pub(crate) gate: Arc<Gate>,
    pub(crate) workspace: Workspace,
    pub(crate) objects: Objects,
    pub(crate) web: Web,
    pub(crate) cluster: Cluster,
    pub(crate) repositories: Repositories,
    pub(crate) forges: Forges,
    pub(crate) live: Box<dyn Live>,
    pub(crate) notes: Vec<Note>,
    pub(crate) summary: Vec<Block>,
    /// The end of a run that says no with its work done.
    pub(crate) rejected: Option<Ending>,
    pub(crate) open_files: usize,
    pub(crate) confines: Confines,
}

impl Host {
    /// Says something that the host itself found worth a warning.
    pub(crate) fn warn(&mut self, message: String) {
        let note = Note { level: Level::Warning, message, at: None };
        self.live.note(&note);
        self.notes.push(note);
    }

    /// Tells the component how a call ended, unless that call, or one beside it, shut the gate: then the component
    /// ends here.
    pub(crate) fn told<T>(&self, answer: Result<T, CallError>) -> wasmtime::Result<Result<T, types::Error>> {
        self.go_on()?;
        Ok(answer.map_err(to_error))
    }

    /// Ends the component if the gate is shut: nothing that it could still do counts.
    fn go_on(&self) -> wasmtime::Result<()> {
        match self.gate.shut() {
            Some(reason) => Err(Broken(Ended::Limit(reason)).into()),
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
        at: Option<types::Location>,
    ) -> wasmtime::Result<()> {
        let path = at.as_ref().map_or(0, |at| at.path.len());
        if self.gate.admit_report(EACH_REPORT + message.len() + path) {
            let note = Note { level: read_level(level), message, at: at.map(read_location) };
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

    fn summary(&mut self, part: report::Block) -> wasmtime::Result<()> {
        let part = read_block(part);
        if self.gate.admit_report(EACH_REPORT + block_bytes(&part)) {
            self.summary.push(part);
        }
        self.go_on()
    }

    fn markdown(&mut self) -> wasmtime::Result<String> {
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
        let at = failure.at.as_ref().map_or(0, |at| at.path.len());
        let hint = failure.hint.as_ref().map_or(0, String::len);
        let bytes = EACH_REPORT + failure.code.len() + failure.message.len() + hint + at;
        if self.gate.admit_report(bytes) {
            self.rejected.get_or_insert_with(|| read_failure(failure));
        }
        self.go_on()
    }
}

impl workspace::Host for Host {
    fn glob(&mut self, pattern: String) -> wasmtime::Result<Result<Vec<workspace::Entry>, types::Error>> {
        let request = on_workspace("glob", Some("read"), RawTarget::Pattern(&pattern));
        let found = self.gate.call(request, |permit| self.workspace.glob(permit));
        let entry = |entry: lockstep_workspace::Entry| workspace::Entry {
            path: entry.path.to_string(),
            size: entry.size,
            mode: entry.mode,
        };
        self.told(found.map(|entries| entries.into_iter().map(entry).collect()))
    }

    fn links(&mut self, pattern: String) -> wasmtime::Result<Result<Vec<workspace::Link>, types::Error>> {
        let request = on_workspace("links", Some("read"), RawTarget::Pattern(&pattern));
        let found = self.gate.call(request, |permit| self.workspace.links(permit));
        let link = |link: lockstep_workspace::Link| workspace::Link {
            path: link.path.to_string(),
            target: link.target,
        };
        self.told(found.map(|links| links.into_iter().map(link).collect()))
    }

    fn digests(
        &mut self,
        paths: Vec<String>,
        algorithm: workspace::Algorithm,
        piece: Option<u64>,
    ) -> wasmtime::Result<Result<Vec<Vec<String>>, types::Error>> {
        let algorithm = match algorithm {
            workspace::Algorithm::Sha256 => Algorithm::Sha256,
            workspace::Algorithm::Md5 => Algorithm::Md5,
            workspace::Algorithm::Crc32c => Algorithm::Crc32c,
            workspace::Algorithm::Crc64nvme => Algorithm::Crc64Nvme,
        };
        let request = on_workspace("digests", Some("read"), RawTarget::Paths(&paths));
        let digests = self.gate.call(request, |permit| self.workspace.digests(permit, algorithm, piece));
        self.told(digests)
    }

    fn read(&mut self, path: String) -> wasmtime::Result<Result<Vec<u8>, types::Error>> {
        let request = on_workspace("read", Some("read"), RawTarget::Path(&path));
        let answer = self.gate.call(request, |permit| self.workspace.read(permit));
        self.told(answer)
    }

    fn open(&mut self, path: String) -> wasmtime::Result<Result<Resource<File>, types::Error>> {
        let request = on_workspace("open", Some("read"), RawTarget::Path(&path));
        let (most, open) = (self.gate.limits().open_files, self.open_files);
        let too_many = || CallError::Limit(format!("more than {most} open files"));
        let opened = self.gate.call(request, |permit| {
            if open >= most {
                return Err(too_many());
            }
            let answer = self.workspace.open_file(permit)?;
            let file = File { path: path.clone(), file: answer.value };
            let handle = self.confines.table.push(file).map_err(|_| too_many())?;
            Ok(Answer { value: handle, bytes: answer.bytes, digest: answer.digest })
        });
        self.open_files += usize::from(opened.is_ok());
        self.told(opened)
    }

    fn write(
        &mut self,
        path: String,
        content: Vec<u8>,
    ) -> wasmtime::Result<Result<workspace::Effect, types::Error>> {
        let request = on_workspace("write", Some("write"), RawTarget::Path(&path));
        let effect = self.gate.call(request, |permit| self.workspace.write(permit, content));
        self.told(effect.map(to_effect))
    }

    fn write_private(
        &mut self,
        path: String,
        content: Vec<u8>,
    ) -> wasmtime::Result<Result<workspace::Effect, types::Error>> {
        let request = on_workspace("write-private", Some("write"), RawTarget::Path(&path));
        let effect = self.gate.call(request, |permit| self.workspace.write_private(permit, content));
        self.told(effect.map(to_effect))
    }

    fn remove(&mut self, path: String) -> wasmtime::Result<Result<(), types::Error>> {
        let request = on_workspace("remove", Some("remove"), RawTarget::Path(&path));
        let answer = self.gate.call(request, |permit| self.workspace.remove(permit));
        self.told(answer)
    }

    fn diff(&mut self) -> wasmtime::Result<Result<String, types::Error>> {
        let request = on_workspace("diff", None, RawTarget::Staged);
        let answer = self.gate.call(request, |permit| self.workspace.diff(permit));
        self.told(answer)
    }
}

impl workspace::HostFile for Host {
    fn size(&mut self, file: Resource<File>) -> wasmtime::Result<u64> {
        Ok(self.confines.table.get(&file)?.file.size())
    }

    fn read_at(
        &mut self,
        file: Resource<File>,
        offset: u64,
        length: u32,
    ) -> wasmtime::Result<Result<Vec<u8>, types::Error>> {
        let File { path, file } = self.confines.table.get(&file)?;
        let read = self.gate.call(on_workspace("read-at", None, RawTarget::Path(path)), |_| {
            let bytes = file.read_at(offset, length)?;
            Ok(Answer { bytes: bytes.len() as u64, value: bytes, digest: None })
        });
        self.told(read)
    }

    fn digest(&mut self, file: Resource<File>) -> wasmtime::Result<Result<String, types::Error>> {
        let File { path, file } = self.confines.table.get(&file)?;
        let digest = self.gate.call(on_workspace("digest", None, RawTarget::Path(path)), |_| {
            let digest = file.digest()?;
            Ok(Answer { value: digest, bytes: 0, digest: Some(digest) })
        });
        self.told(digest.map(|digest| digest.to_string()))
    }

    fn drop(&mut self, file: Resource<File>) -> wasmtime::Result<()> {
        self.confines.table.delete(file)?;
        self.open_files -= 1;
        Ok(())
    }
}

fn on_workspace<'a>(verb: &'static str, right: Option<&'static str>, target: RawTarget<'a>) -> Request<'a> {
    Request { capability: Capability::Workspace, verb, right, target, source: None }
}

pub(crate) fn to_error(error: CallError) -> types::Error {
    match error {
        CallError::Denied(text) => types::Error::Denied(text),
        CallError::NotFound(text) => types::Error::NotFound(text),
        CallError::Conflict(text) => types::Error::Conflict(text),
        // The contract has no case of its own for it. What the step cannot use is invalid; the gate knows why.
        CallError::Invalid(text) | CallError::Local(text) => types::Error::Invalid(text),
        CallError::Limit(text) => types::Error::Limit(text),
        CallError::Unavailable(text) => types::Error::Unavailable(text),
        CallError::Unauthorized(text) => types::Error::Unauthorized(text),
        CallError::Integrity(text) => types::Error::Integrity(text),
        CallError::Upstream { status, message } => {
            types::Error::Upstream(types::UpstreamError { status, message })
        }
    }
}

fn to_effect(effect: Effect) -> workspace::Effect {
    match effect {
        Effect::Unchanged => workspace::Effect::Unchanged,
        Effect::Created => workspace::Effect::Created,
        Effect::Updated => workspace::Effect::Updated,
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

fn read_failure(failure: types::Failure) -> Ending {
    let exit = match failure.kind {
        types::FailureKind::Rejected => Exit::Rejected,
        types::FailureKind::Invalid => Exit::Invalid,
        types::FailureKind::Integrity => Exit::Integrity,
        types::FailureKind::Credentials => Exit::Credentials,
        types::FailureKind::Unavailable => Exit::Unavailable,
        types::FailureKind::Limit => Exit::Limit,
    };
    let types::Failure { code, message, hint, at, .. } = failure;
    Ending { exit, code, message, hint, at: at.map(read_location) }
}

fn read_location(at: types::Location) -> Location {
    Location { path: at.path, line: at.line, column: at.column }
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
