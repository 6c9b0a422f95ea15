//! The host of a run: each function of a trait calls the function of the contract with the same name.

use crate::cluster::{ConfigEntry, ObjectRef, Selection, WatchEvent, Watcher};
use crate::forge::{BranchPair, MergeResult, PullRequest, PullRequestContent, PullRequestStatus};
use crate::objects::{
    ChecksumAlgorithm, MultipartUpload, MultipartUploadInfo, ObjectInfo, ObjectPage, PartInfo, PartRange,
    Precondition, PutOptions, PutRequest, UpdateRequest,
};
use crate::repository::{CommitInfo, FileChange};
use crate::traits::HostResult;
use crate::types::Outcome;
use crate::workspace::{Algorithm, File, SearchResult};
use crate::{Cluster, Forge, Http, Objects, OpenFile, Repository, UploadParts, Watch, Workspace};
use crate::{cluster, forge, http, objects, repository, workspace};

/// The host of the run.
#[derive(Clone, Copy, Debug, Default)]
pub struct Host;

/// A path without `./` in front. People write it, and the host takes only one spelling of a path.
fn plain(path: &str) -> &str {
    path.trim_start_matches("./")
}

impl Workspace for Host {
    type File = File;

    fn glob(&mut self, pattern: &str) -> HostResult<SearchResult> {
        workspace::glob(pattern)
    }

    fn glob_hidden(&mut self, pattern: &str) -> HostResult<SearchResult> {
        workspace::glob_hidden(pattern)
    }

    fn digests(
        &mut self,
        paths: &[String],
        algorithm: Algorithm,
        chunk_bytes: Option<u64>,
    ) -> HostResult<Vec<Vec<String>>> {
        workspace::digests(paths, algorithm, chunk_bytes)
    }

    fn read(&mut self, path: &str) -> HostResult<Vec<u8>> {
        workspace::read(plain(path))
    }

    fn open(&mut self, path: &str) -> HostResult<File> {
        workspace::open(plain(path))
    }

    fn write(&mut self, path: &str, content: &[u8]) -> HostResult<Outcome> {
        workspace::write(plain(path), content)
    }

    fn write_private(&mut self, path: &str, content: &[u8]) -> HostResult<Outcome> {
        workspace::write_private(plain(path), content)
    }

    fn remove(&mut self, path: &str) -> HostResult<()> {
        workspace::remove(plain(path))
    }

    fn diff(&mut self) -> HostResult<String> {
        workspace::diff()
    }
}

impl OpenFile for File {
    fn size(&self) -> u64 {
        File::size(self)
    }

    fn read_at(&self, offset: u64, length: u32) -> HostResult<Vec<u8>> {
        File::read_at(self, offset, length)
    }

    fn digest(&self) -> HostResult<String> {
        File::digest(self)
    }
}

impl Http for Host {
    fn authenticate(&mut self, url: &str, timeout_ms: u32) -> HostResult<Result<(), http::ErrorCode>> {
        http::authenticate(url, timeout_ms)
    }

    fn send(
        &mut self,
        requests: &[http::Request],
    ) -> HostResult<Vec<Result<http::Response, http::ErrorCode>>> {
        http::send(requests)
    }
}

impl Cluster for Host {
    type Watcher = Watcher;

    fn get(&mut self, object: &ObjectRef) -> HostResult<String> {
        cluster::get(object)
    }

    fn watch(&mut self, selections: &[Selection]) -> HostResult<Watcher> {
        cluster::watch(selections)
    }

    fn logs(
        &mut self,
        namespace: &str,
        pod: &str,
        container: &str,
        previous: bool,
        tail_lines: u32,
    ) -> HostResult<String> {
        cluster::logs(namespace, pod, container, previous, tail_lines)
    }

    fn rollback(&mut self, object: &ObjectRef, resource_version: &str, revision: u64) -> HostResult<Outcome> {
        cluster::rollback(object, resource_version, revision)
    }

    fn scale(&mut self, object: &ObjectRef, resource_version: &str, replicas: u32) -> HostResult<Outcome> {
        cluster::scale(object, resource_version, replicas)
    }

    fn suspend(
        &mut self,
        object: &ObjectRef,
        resource_version: &str,
        suspended: bool,
    ) -> HostResult<Outcome> {
        cluster::suspend(object, resource_version, suspended)
    }

    fn evict(&mut self, namespace: &str, pod: &str, uid: &str) -> HostResult<Outcome> {
        cluster::evict(namespace, pod, uid)
    }

    fn put_config_map(
        &mut self,
        namespace: &str,
        name: &str,
        resource_version: Option<&str>,
        entries: &[ConfigEntry],
    ) -> HostResult<Outcome> {
        cluster::put_config_map(namespace, name, resource_version, entries)
    }
}

impl Watch for Watcher {
    fn next(&mut self, timeout_ms: u32) -> HostResult<Vec<WatchEvent>> {
        Watcher::next(self, timeout_ms)
    }
}

impl Objects for Host {
    type File = File;
    type Upload = MultipartUpload;

    fn list_objects(&mut self, prefix: &str, start: Option<&str>) -> HostResult<ObjectPage> {
        objects::list_objects(prefix, start)
    }

    fn head_objects(&mut self, names: &[String]) -> HostResult<Vec<HostResult<Option<ObjectInfo>>>> {
        objects::head_objects(names)
    }

    fn put_objects(
        &mut self,
        requests: &[PutRequest],
        options: &[PutOptions],
    ) -> HostResult<Vec<HostResult<ObjectInfo>>> {
        objects::put_objects(requests, options)
    }

    fn update_objects(
        &mut self,
        requests: &[UpdateRequest],
        options: &[PutOptions],
    ) -> HostResult<Vec<HostResult<ObjectInfo>>> {
        objects::update_objects(requests, options)
    }

    fn delete_objects(&mut self, names: &[String]) -> HostResult<Vec<HostResult<()>>> {
        objects::delete_objects(names)
    }

    fn list_multipart_uploads(&mut self, name: &str) -> HostResult<Vec<MultipartUploadInfo>> {
        objects::list_multipart_uploads(name)
    }

    fn create_multipart_upload(&mut self, name: &str, options: &PutOptions) -> HostResult<MultipartUpload> {
        objects::create_multipart_upload(name, options)
    }

    fn resume_multipart_upload(
        &mut self,
        name: &str,
        upload_id: &str,
        checksum: ChecksumAlgorithm,
    ) -> HostResult<MultipartUpload> {
        objects::resume_multipart_upload(name, upload_id, checksum)
    }
}

impl UploadParts for MultipartUpload {
    type File = File;

    fn list_parts(&self) -> HostResult<Vec<PartInfo>> {
        MultipartUpload::list_parts(self)
    }

    fn upload_parts(&self, source: &File, parts: &[PartRange]) -> HostResult<Vec<HostResult<PartInfo>>> {
        MultipartUpload::upload_parts(self, source, parts)
    }

    fn complete(&self, parts: &[PartInfo], precondition: &Precondition) -> HostResult<ObjectInfo> {
        MultipartUpload::complete(self, parts, precondition)
    }

    fn abort(&self) -> HostResult<()> {
        MultipartUpload::abort(self)
    }
}

impl Repository for Host {
    fn branch_head(&mut self, repository: &str, branch: &str) -> HostResult<Option<String>> {
        repository::branch_head(repository, branch)
    }

    fn tag_commit(&mut self, repository: &str, tag: &str) -> HostResult<Option<String>> {
        repository::tag_commit(repository, tag)
    }

    fn list_files(
        &mut self,
        repository: &str,
        commit: &str,
        pattern: &str,
    ) -> HostResult<Vec<repository::FileEntry>> {
        repository::list_files(repository, commit, pattern)
    }

    fn read_files(&mut self, repository: &str, commit: &str, paths: &[String]) -> HostResult<Vec<Vec<u8>>> {
        repository::read_files(repository, commit, paths)
    }

    fn log(&mut self, repository: &str, commit: &str, limit: u32) -> HostResult<Vec<CommitInfo>> {
        repository::log(repository, commit, limit)
    }

    fn create_commit(
        &mut self,
        repository: &str,
        parent: &str,
        changes: &[FileChange],
        message: &str,
    ) -> HostResult<String> {
        repository::create_commit(repository, parent, changes, message)
    }

    fn push(
        &mut self,
        repository: &str,
        branch: &str,
        commit: &str,
        expected: Option<&str>,
    ) -> HostResult<Outcome> {
        repository::push(repository, branch, commit, expected)
    }

    fn replace_head(
        &mut self,
        repository: &str,
        branch: &str,
        commit: &str,
        expected: &str,
    ) -> HostResult<Outcome> {
        repository::replace_head(repository, branch, commit, expected)
    }
}

impl Forge for Host {
    fn list_pull_requests(&mut self, branches: &BranchPair) -> HostResult<Vec<PullRequest>> {
        forge::list_pull_requests(branches)
    }

    fn get_status(&mut self, branches: &BranchPair, number: u64) -> HostResult<PullRequestStatus> {
        forge::get_status(branches, number)
    }

    fn open(
        &mut self,
        branches: &BranchPair,
        content: &PullRequestContent,
    ) -> HostResult<Option<PullRequest>> {
        forge::open(branches, content)
    }

    fn update(
        &mut self,
        branches: &BranchPair,
        number: u64,
        content: &PullRequestContent,
    ) -> HostResult<Outcome> {
        forge::update(branches, number, content)
    }

    fn comment(&mut self, branches: &BranchPair, number: u64, name: &str, text: &str) -> HostResult<Outcome> {
        forge::comment(branches, number, name, text)
    }

    fn close(&mut self, branches: &BranchPair, number: u64) -> HostResult<Outcome> {
        forge::close(branches, number)
    }

    fn merge(
        &mut self,
        branches: &BranchPair,
        number: u64,
        head_commit: &str,
        message: &str,
    ) -> HostResult<MergeResult> {
        forge::merge(branches, number, head_commit, message)
    }
}
