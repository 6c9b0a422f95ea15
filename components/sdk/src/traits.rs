//! The capabilities as traits: the same functions as in `wit/`, so that logic can be tested without a host. The interfaces in
//! `wit/` say what each function does and when it fails.

use crate::cluster::{ConfigEntry, ObjectRef, Selection, WatchEvent};
use crate::forge::{BranchPair, MergeResult, PullRequest, PullRequestContent, PullRequestStatus};
use crate::objects::{
    ChecksumAlgorithm, MultipartUploadInfo, ObjectInfo, ObjectPage, PartInfo, PartRange, Precondition,
    PutOptions, PutRequest, UpdateRequest,
};
use crate::repository::{CommitInfo, FileChange};
use crate::types::{Error, Outcome};
use crate::workspace::{Algorithm, SearchResult};
use crate::{http, repository};

/// The result of a host call.
pub type HostResult<T> = Result<T, Error>;

/// Files of the workspace: [`crate::workspace`].
#[expect(missing_docs, clippy::missing_errors_doc, reason = "wit/workspace.wit has the documentation")]
pub trait Workspace {
    /// An open file.
    type File: OpenFile;

    fn glob(&mut self, pattern: &str) -> HostResult<SearchResult>;
    fn glob_hidden(&mut self, pattern: &str) -> HostResult<SearchResult>;
    fn digests(
        &mut self,
        paths: &[String],
        algorithm: Algorithm,
        chunk_bytes: Option<u64>,
    ) -> HostResult<Vec<Vec<String>>>;
    fn read(&mut self, path: &str) -> HostResult<Vec<u8>>;
    fn open(&mut self, path: &str) -> HostResult<Self::File>;
    fn write(&mut self, path: &str, content: &[u8]) -> HostResult<Outcome>;
    fn write_private(&mut self, path: &str, content: &[u8]) -> HostResult<Outcome>;
    fn remove(&mut self, path: &str) -> HostResult<()>;
    fn diff(&mut self) -> HostResult<String>;
}

/// An open file: [`crate::workspace::File`].
#[expect(missing_docs, clippy::missing_errors_doc, reason = "wit/workspace.wit has the documentation")]
pub trait OpenFile {
    fn size(&self) -> u64;
    fn read_at(&self, offset: u64, length: u32) -> HostResult<Vec<u8>>;
    fn digest(&self) -> HostResult<String>;
}

/// Requests to web servers: [`crate::http`].
#[expect(missing_docs, clippy::missing_errors_doc, reason = "wit/http.wit has the documentation")]
pub trait Http {
    fn authenticate(&mut self, url: &str, timeout_ms: u32) -> HostResult<Result<(), http::ErrorCode>>;
    fn send(
        &mut self,
        requests: &[http::Request],
    ) -> HostResult<Vec<Result<http::Response, http::ErrorCode>>>;
}

/// Objects of a cluster: [`crate::cluster`].
#[expect(missing_docs, clippy::missing_errors_doc, reason = "wit/cluster.wit has the documentation")]
pub trait Cluster {
    /// A watch.
    type Watcher: Watch;

    fn get(&mut self, object: &ObjectRef) -> HostResult<String>;
    fn watch(&mut self, selections: &[Selection]) -> HostResult<Self::Watcher>;
    fn logs(
        &mut self,
        namespace: &str,
        pod: &str,
        container: &str,
        previous: bool,
        tail_lines: u32,
    ) -> HostResult<String>;
    fn rollback(&mut self, object: &ObjectRef, resource_version: &str, revision: u64) -> HostResult<Outcome>;
    fn scale(&mut self, object: &ObjectRef, resource_version: &str, replicas: u32) -> HostResult<Outcome>;
    fn suspend(&mut self, object: &ObjectRef, resource_version: &str, suspended: bool)
    -> HostResult<Outcome>;
    fn evict(&mut self, namespace: &str, pod: &str, uid: &str) -> HostResult<Outcome>;
    fn put_config_map(
        &mut self,
        namespace: &str,
        name: &str,
        resource_version: Option<&str>,
        entries: &[ConfigEntry],
    ) -> HostResult<Outcome>;
}

/// A watch on objects of a cluster: [`crate::cluster::Watcher`].
#[expect(missing_docs, clippy::missing_errors_doc, reason = "wit/cluster.wit has the documentation")]
pub trait Watch {
    fn next(&mut self, timeout_ms: u32) -> HostResult<Vec<WatchEvent>>;
}

/// Objects in a store: [`crate::objects`].
#[expect(missing_docs, clippy::missing_errors_doc, reason = "wit/objects.wit has the documentation")]
pub trait Objects {
    /// An open file of the workspace whose bytes the host sends.
    type File;
    /// A multipart upload.
    type Upload: UploadParts<File = Self::File>;

    fn list_objects(&mut self, prefix: &str, start: Option<&str>) -> HostResult<ObjectPage>;
    fn head_objects(&mut self, names: &[String]) -> HostResult<Vec<HostResult<Option<ObjectInfo>>>>;
    fn put_objects(
        &mut self,
        requests: &[PutRequest],
        options: &[PutOptions],
    ) -> HostResult<Vec<HostResult<ObjectInfo>>>;
    fn update_objects(
        &mut self,
        requests: &[UpdateRequest],
        options: &[PutOptions],
    ) -> HostResult<Vec<HostResult<ObjectInfo>>>;
    fn delete_objects(&mut self, names: &[String]) -> HostResult<Vec<HostResult<()>>>;
    fn list_multipart_uploads(&mut self, name: &str) -> HostResult<Vec<MultipartUploadInfo>>;
    fn create_multipart_upload(&mut self, name: &str, options: &PutOptions) -> HostResult<Self::Upload>;
    fn resume_multipart_upload(
        &mut self,
        name: &str,
        upload_id: &str,
        checksum: ChecksumAlgorithm,
    ) -> HostResult<Self::Upload>;
}

/// A multipart upload: [`crate::objects::MultipartUpload`].
#[expect(missing_docs, clippy::missing_errors_doc, reason = "wit/objects.wit has the documentation")]
pub trait UploadParts {
    /// An open file of the workspace whose bytes the host sends.
    type File;

    fn list_parts(&self) -> HostResult<Vec<PartInfo>>;
    fn upload_parts(&self, source: &Self::File, parts: &[PartRange])
    -> HostResult<Vec<HostResult<PartInfo>>>;
    fn complete(&self, parts: &[PartInfo], precondition: &Precondition) -> HostResult<ObjectInfo>;
    fn abort(&self) -> HostResult<()>;
}

/// Git repositories: [`crate::repository`].
#[expect(missing_docs, clippy::missing_errors_doc, reason = "wit/repository.wit has the documentation")]
pub trait Repository {
    fn branch_head(&mut self, repository: &str, branch: &str) -> HostResult<Option<String>>;
    fn tag_commit(&mut self, repository: &str, tag: &str) -> HostResult<Option<String>>;
    fn list_files(
        &mut self,
        repository: &str,
        commit: &str,
        pattern: &str,
    ) -> HostResult<Vec<repository::FileEntry>>;
    fn read_files(&mut self, repository: &str, commit: &str, paths: &[String]) -> HostResult<Vec<Vec<u8>>>;
    fn log(&mut self, repository: &str, commit: &str, limit: u32) -> HostResult<Vec<CommitInfo>>;
    fn create_commit(
        &mut self,
        repository: &str,
        parent: &str,
        changes: &[FileChange],
        message: &str,
    ) -> HostResult<String>;
    fn push(
        &mut self,
        repository: &str,
        branch: &str,
        commit: &str,
        expected: Option<&str>,
    ) -> HostResult<Outcome>;
    fn replace_head(
        &mut self,
        repository: &str,
        branch: &str,
        commit: &str,
        expected: &str,
    ) -> HostResult<Outcome>;
}

/// Pull requests: [`crate::forge`].
#[expect(missing_docs, clippy::missing_errors_doc, reason = "wit/forge.wit has the documentation")]
pub trait Forge {
    fn list_pull_requests(&mut self, branches: &BranchPair) -> HostResult<Vec<PullRequest>>;
    fn get_status(&mut self, branches: &BranchPair, number: u64) -> HostResult<PullRequestStatus>;
    fn open(
        &mut self,
        branches: &BranchPair,
        content: &PullRequestContent,
    ) -> HostResult<Option<PullRequest>>;
    fn update(
        &mut self,
        branches: &BranchPair,
        number: u64,
        content: &PullRequestContent,
    ) -> HostResult<Outcome>;
    fn comment(&mut self, branches: &BranchPair, number: u64, name: &str, text: &str) -> HostResult<Outcome>;
    fn close(&mut self, branches: &BranchPair, number: u64) -> HostResult<Outcome>;
    fn merge(
        &mut self,
        branches: &BranchPair,
        number: u64,
        head_commit: &str,
        message: &str,
    ) -> HostResult<MergeResult>;
}
