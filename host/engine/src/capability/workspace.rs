//! The host functions of `wit/workspace.wit`.

use crate::bindings::{types, workspace as wit};
use crate::handles::FileHandle;
use crate::host::{HostResult, RunHost};
use lockstep_model::call::{Answer, CallError, CallRequest, RawTarget};
use lockstep_model::capability::Capability;
use lockstep_workspace::hash::Algorithm;
use lockstep_workspace::{FileEntry, SearchResult, SkipReason, SkippedEntry, WriteEffect};
use wasmtime::component::Resource;

impl wit::Host for RunHost {
    fn glob(&mut self, pattern: String) -> HostResult<wit::SearchResult> {
        let request = workspace_request("glob", RawTarget::Pattern(&pattern));
        let found = self.gate.call(request, |permit| self.workspace.glob(permit));
        self.answer(found.map(search_result))
    }

    fn glob_hidden(&mut self, pattern: String) -> HostResult<wit::SearchResult> {
        let request = workspace_request("glob-hidden", RawTarget::HiddenPattern(&pattern));
        let found = self.gate.call(request, |permit| self.workspace.glob(permit));
        self.answer(found.map(search_result))
    }

    fn digests(
        &mut self,
        paths: Vec<String>,
        algorithm: wit::Algorithm,
        chunk_bytes: Option<u64>,
    ) -> HostResult<Vec<Vec<String>>> {
        let algorithm = match algorithm {
            wit::Algorithm::Sha256 => Algorithm::Sha256,
            wit::Algorithm::Md5 => Algorithm::Md5,
            wit::Algorithm::Crc32c => Algorithm::Crc32c,
            wit::Algorithm::Crc64nvme => Algorithm::Crc64Nvme,
        };
        let request = workspace_request("digests", RawTarget::Paths(&paths));
        let digests =
            self.gate.call(request, |permit| self.workspace.digests(permit, algorithm, chunk_bytes));
        self.answer(digests)
    }

    fn read(&mut self, path: String) -> HostResult<Vec<u8>> {
        let request = workspace_request("read", RawTarget::Path(&path));
        let answer = self.gate.call(request, |permit| self.workspace.read(permit));
        self.answer(answer)
    }

    fn open(&mut self, path: String) -> HostResult<Resource<FileHandle>> {
        let request = workspace_request("open", RawTarget::Path(&path));
        let (max, open) = (self.gate.limits().open_files, self.open_files);
        let too_many = || CallError::LimitExceeded(format!("more than {max} open files"));
        let opened = self.gate.call(request, |permit| {
            if open >= max {
                return Err(too_many());
            }
            let answer = self.workspace.open_file(permit)?;
            let file = FileHandle { path: path.clone(), file: answer.value };
            let handle = self.state.table.push(file).map_err(|_| too_many())?;
            Ok(Answer::new(handle, answer.bytes, answer.digest))
        });
        self.open_files += usize::from(opened.is_ok());
        self.answer(opened)
    }

    fn write(&mut self, path: String, content: Vec<u8>) -> HostResult<types::Outcome> {
        let request = workspace_request("write", RawTarget::Path(&path));
        let effect = self.gate.call(request, |permit| self.workspace.write(permit, content));
        self.answer(effect.map(effect_outcome))
    }

    fn write_private(&mut self, path: String, content: Vec<u8>) -> HostResult<types::Outcome> {
        let request = workspace_request("write-private", RawTarget::Path(&path));
        let effect = self.gate.call(request, |permit| self.workspace.write_private(permit, content));
        self.answer(effect.map(effect_outcome))
    }

    fn remove(&mut self, path: String) -> HostResult<()> {
        let request = workspace_request("remove", RawTarget::Path(&path));
        let answer = self.gate.call(request, |permit| self.workspace.remove(permit));
        self.answer(answer)
    }

    fn diff(&mut self) -> HostResult<String> {
        let request = workspace_request("diff", RawTarget::Staged);
        let answer = self.gate.call(request, |permit| self.workspace.diff(permit));
        self.answer(answer)
    }
}

impl wit::HostFile for RunHost {
    fn size(&mut self, file: Resource<FileHandle>) -> wasmtime::Result<u64> {
        Ok(self.state.table.get(&file)?.file.size())
    }

    fn read_at(&mut self, file: Resource<FileHandle>, offset: u64, length: u32) -> HostResult<Vec<u8>> {
        let FileHandle { path, file } = self.state.table.get(&file)?;
        let read = self.gate.call(workspace_request("read-at", RawTarget::Path(path)), |_| {
            let bytes = file.read_at(offset, length)?;
            let length = bytes.len() as u64;
            Ok(Answer::new(bytes, length, None))
        });
        self.answer(read)
    }

    fn digest(&mut self, file: Resource<FileHandle>) -> HostResult<String> {
        let FileHandle { path, file } = self.state.table.get(&file)?;
        let digest = self.gate.call(workspace_request("digest", RawTarget::Path(path)), |_| {
            let digest = file.digest()?;
            Ok(Answer::new(digest, 0, Some(digest)))
        });
        self.answer(digest.map(|digest| digest.to_string()))
    }

    fn drop(&mut self, file: Resource<FileHandle>) -> wasmtime::Result<()> {
        self.state.table.delete(file)?;
        self.open_files -= 1;
        Ok(())
    }
}

fn workspace_request<'a>(function: &'static str, target: RawTarget<'a>) -> CallRequest<'a> {
    CallRequest::new(Capability::Workspace, function, target)
}

fn search_result(found: SearchResult) -> wit::SearchResult {
    let file =
        |FileEntry { path, size, mode }: FileEntry| wit::FileEntry { path: path.to_string(), size, mode };
    let skipped = |SkippedEntry { path, reason, is_folder, target }: SkippedEntry| {
        let reason = match reason {
            SkipReason::SymbolicLink => wit::SkipReason::SymbolicLink,
            SkipReason::Hidden => wit::SkipReason::Hidden,
            SkipReason::SpecialFile => wit::SkipReason::SpecialFile,
            SkipReason::UnsupportedName => wit::SkipReason::UnsupportedName,
            SkipReason::Protected => wit::SkipReason::Protected,
        };
        wit::SkippedEntry { path, reason, is_folder, target }
    };
    wit::SearchResult {
        base: found.base,
        files: found.files.into_iter().map(file).collect(),
        skipped: found.skipped.into_iter().map(skipped).collect(),
    }
}

fn effect_outcome(effect: WriteEffect) -> types::Outcome {
    match effect {
        WriteEffect::Unchanged => types::Outcome::Unchanged,
        WriteEffect::Created | WriteEffect::Updated => types::Outcome::Applied,
    }
}
