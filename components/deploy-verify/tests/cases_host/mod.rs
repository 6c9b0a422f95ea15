//! The files of a case, without a cluster and without web servers: a case that calls one of these fails.

use std::collections::BTreeMap;

use lockstep_sdk::cluster::{ConfigEntry, ObjectRef, Selection};
use lockstep_sdk::fake::{FakeCluster, FakeFile, FakeWorkspace};
use lockstep_sdk::http::{ErrorCode, Request, Response};
use lockstep_sdk::types::Outcome;
use lockstep_sdk::workspace::{Algorithm, SearchResult};
use lockstep_sdk::{Cluster, HostResult, Http, Workspace};

/// The files.
pub(crate) struct Files(FakeWorkspace);

impl Files {
    pub(crate) fn new(files: BTreeMap<String, Vec<u8>>) -> Self {
        Self(FakeWorkspace { files, ..FakeWorkspace::default() })
    }
}

impl Workspace for Files {
    type File = FakeFile;

    fn glob(&mut self, pattern: &str) -> HostResult<SearchResult> {
        self.0.glob(pattern)
    }

    fn glob_hidden(&mut self, pattern: &str) -> HostResult<SearchResult> {
        self.0.glob_hidden(pattern)
    }

    fn digests(&mut self, paths: &[String], _: Algorithm, _: Option<u64>) -> HostResult<Vec<Vec<String>>> {
        panic!("digests of {paths:?}")
    }

    fn read(&mut self, path: &str) -> HostResult<Vec<u8>> {
        self.0.read(path)
    }

    fn open(&mut self, path: &str) -> HostResult<FakeFile> {
        panic!("{path} is opened")
    }

    fn write(&mut self, path: &str, _: &[u8]) -> HostResult<Outcome> {
        panic!("{path} is written")
    }

    fn write_private(&mut self, path: &str, _: &[u8]) -> HostResult<Outcome> {
        panic!("{path} is written")
    }

    fn remove(&mut self, path: &str) -> HostResult<()> {
        panic!("{path} is removed")
    }

    fn diff(&mut self) -> HostResult<String> {
        self.0.diff()
    }
}

impl Cluster for Files {
    type Watcher = <FakeCluster as Cluster>::Watcher;

    fn get(&mut self, object: &ObjectRef) -> HostResult<String> {
        panic!("{object:?} is read")
    }

    fn watch(&mut self, selections: &[Selection]) -> HostResult<Self::Watcher> {
        panic!("{selections:?} are watched")
    }

    fn logs(&mut self, _: &str, pod: &str, _: &str, _: bool, _: u32) -> HostResult<String> {
        panic!("the log of {pod} is read")
    }

    fn rollback(&mut self, object: &ObjectRef, _: &str, _: u64) -> HostResult<Outcome> {
        panic!("{object:?} is rolled back")
    }

    fn scale(&mut self, object: &ObjectRef, _: &str, _: u32) -> HostResult<Outcome> {
        panic!("{object:?} is scaled")
    }

    fn suspend(&mut self, object: &ObjectRef, _: &str, _: bool) -> HostResult<Outcome> {
        panic!("{object:?} is suspended")
    }

    fn evict(&mut self, _: &str, pod: &str, _: &str) -> HostResult<Outcome> {
        panic!("{pod} is evicted")
    }

    fn put_config_map(
        &mut self,
        _: &str,
        name: &str,
        _: Option<&str>,
        _: &[ConfigEntry],
    ) -> HostResult<Outcome> {
        panic!("{name} is changed")
    }
}

impl Http for Files {
    fn authenticate(&mut self, url: &str, _: u32) -> HostResult<Result<(), ErrorCode>> {
        panic!("a token for {url} is requested")
    }

    fn send(&mut self, requests: &[Request]) -> HostResult<Vec<Result<Response, ErrorCode>>> {
        panic!("{requests:?} are sent")
    }
}
