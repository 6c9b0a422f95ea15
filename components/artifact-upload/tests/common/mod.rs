//! A workspace and a store in memory that behave as the contract says, with errors where a test wants them. Content is a number
//! and a range, so that files of any size cost nothing.
#![allow(dead_code, reason = "each test uses a part of it")]

mod data;
mod host;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::rc::Rc;

use artifact_upload::Inputs;
use artifact_upload::outcome::{UploadError, UploadOutcome};
use artifact_upload::upload::upload;
use lockstep_sdk::fake::FakeReporter;
use lockstep_sdk::objects::{Checksum, ChecksumAlgorithm, ObjectInfo, PutOptions};
use lockstep_sdk::types::{Error, UpstreamError};
use lockstep_sdk::workspace::{Algorithm, SkipReason, SkippedEntry};

pub(crate) use data::Data;
use host::SharedModel;

pub(crate) const MIB: u64 = 1024 * 1024;
pub(crate) const TO: &str = "s3://releases/web/";
/// The time of the run in seconds.
pub(crate) const NOW: u64 = 1_800_000_000;

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Object {
    pub(crate) data: Data,
    pub(crate) etag: String,
    pub(crate) checksum: Option<Checksum>,
    pub(crate) options: Option<PutOptions>,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct OpenUpload {
    pub(crate) name: String,
    pub(crate) options: PutOptions,
    pub(crate) parts: BTreeMap<u32, Data>,
}

/// A single request, as a server receives it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Call {
    List,
    Head(String),
    Put(String),
    Update(String),
    Delete(String),
    ListUploads(String),
    CreateUpload(String),
    ListParts(u32),
    UploadPart(u32, u32),
    Complete(u32),
    Abort(u32),
}

/// What happens to a request.
pub(crate) enum Reaction {
    Succeed,
    /// It has no effect.
    Fail(Error),
    /// It has its effect, but the reply is lost, and the host sends it again.
    LoseReply,
}

/// The panic that stands for a killed run.
pub(crate) struct Killed;

pub(crate) type Hook = Box<dyn FnMut(&mut Model, &Call) -> Reaction>;

pub(crate) struct Model {
    pub(crate) files: BTreeMap<String, Data>,
    pub(crate) skipped: Vec<SkippedEntry>,
    pub(crate) objects: BTreeMap<String, Object>,
    pub(crate) uploads: BTreeMap<u32, OpenUpload>,
    pub(crate) next_upload: u32,
    /// Whether entity tags are MD5s.
    pub(crate) md5: bool,
    pub(crate) checksums: bool,
    pub(crate) page: usize,
    pub(crate) log: Vec<Call>,
    pub(crate) hook: Option<Hook>,
    /// Kills the run before or after this request.
    pub(crate) kill: Option<(usize, bool)>,
    pub(crate) unreadable: BTreeSet<String>,
}

impl Default for Model {
    fn default() -> Self {
        Self {
            files: BTreeMap::new(),
            skipped: Vec::new(),
            objects: BTreeMap::new(),
            uploads: BTreeMap::new(),
            next_upload: 1,
            md5: true,
            checksums: true,
            page: 3,
            log: Vec::new(),
            hook: None,
            kill: None,
            unreadable: BTreeSet::new(),
        }
    }
}

impl Model {
    /// A workspace with these files: path, content, size.
    pub(crate) fn new(files: &[(&str, u64, u64)]) -> Self {
        let mut model = Self::default();
        for (path, content, size) in files {
            model.files.insert((*path).to_owned(), Data::new(*content, *size));
        }
        model
    }

    /// Runs the step on this model, which keeps its state also if the run is killed.
    pub(crate) fn run(&mut self, inputs: &Inputs) -> Result<UploadOutcome, UploadError> {
        let shared = Rc::new(RefCell::new(std::mem::take(self)));
        let mut reporter = FakeReporter::default();
        let mut host = SharedModel(Rc::clone(&shared));
        let result = catch_unwind(AssertUnwindSafe(|| upload(&mut host, &mut reporter, inputs, NOW)));
        *self = shared.take();
        for (done, total, unit) in &reporter.progress {
            let total = total.unwrap_or_default();
            assert!(*done <= total && matches!(unit.as_str(), "MB" | "objects"), "{done} of {total} {unit}");
        }
        result.unwrap_or_else(|panic| resume_unwind(panic))
    }

    /// Adds a symbolic link.
    pub(crate) fn link(&mut self, path: &str, target: &str) {
        let reason = SkipReason::SymbolicLink;
        let entry = SkippedEntry { path: path.into(), reason, is_folder: false, target: Some(target.into()) };
        self.skipped.push(entry);
    }

    /// Adds an object that somebody else wrote whole.
    pub(crate) fn place(&mut self, key: &str, data: Data) {
        let object = self.object(data, None, ChecksumAlgorithm::Crc64nvme, None);
        self.objects.insert(format!("{TO}{key}"), object);
    }

    pub(crate) fn object(
        &self,
        data: Data,
        etag: Option<String>,
        algorithm: ChecksumAlgorithm,
        options: Option<PutOptions>,
    ) -> Object {
        let is_composite = etag.is_some() && algorithm == ChecksumAlgorithm::Sha256;
        let etag = etag.unwrap_or_else(|| data.digest(Algorithm::Md5));
        let checksum = (self.checksums && !is_composite)
            .then(|| Checksum { algorithm, value: data.checksum(algorithm) });
        Object { etag: self.etag(etag), checksum, data, options }
    }

    pub(crate) fn etag(&self, md5: String) -> String {
        if self.md5 { md5 } else { md5.chars().rev().map(|c| if c == '0' { '1' } else { c }).collect() }
    }

    pub(crate) fn info(object: &Object) -> ObjectInfo {
        ObjectInfo {
            size: object.data.size(),
            etag: object.etag.clone(),
            checksum: object.checksum.clone(),
            version_id: None,
            sha256: None,
        }
    }

    pub(crate) fn keys(&self) -> Vec<&str> {
        self.objects.keys().map(|name| name.strip_prefix(TO).unwrap_or(name)).collect()
    }

    /// Asserts that each of these files has its object.
    pub(crate) fn assert_uploaded(&self, keys: &[(&str, &str)]) {
        for (path, key) in keys {
            let object = self.objects.get(&format!("{TO}{key}"));
            assert_eq!(object.map(|object| &object.data), self.files.get(*path), "{key}");
        }
    }

    pub(crate) fn writes(&self) -> Vec<&Call> {
        let reads = |call: &&Call| {
            !matches!(call, Call::List | Call::Head(_) | Call::ListUploads(_) | Call::ListParts(_))
        };
        self.log.iter().filter(reads).collect()
    }
}

/// Inputs with their defaults.
pub(crate) fn inputs(source: &[&str]) -> Inputs {
    Inputs {
        source: source.iter().map(|text| (*text).to_owned()).collect(),
        to: TO.to_owned(),
        include: Vec::new(),
        exclude: Vec::new(),
        dotfiles: false,
        endpoint: None,
        region: None,
        role: None,
        immutable: false,
        sync: true,
        delete: false,
        max_delete: "100".to_owned(),
        headers: Vec::new(),
        metadata: Vec::new(),
        tags: Vec::new(),
        checksum: ChecksumAlgorithm::Crc64nvme,
        encryption: None,
        acl: None,
        storage_class: None,
        lock: None,
        manifest: String::new(),
        allow_empty: false,
    }
}

/// An error of a store with this status.
pub(crate) fn upstream(status: u16, message: &str) -> Error {
    Error::Upstream(UpstreamError { status, message: message.to_owned() })
}

/// A hook that reacts to the first request that `pick` accepts.
pub(crate) fn once(
    mut pick: impl FnMut(&Call) -> bool + 'static,
    react: impl FnOnce(&mut Model) -> Reaction + 'static,
) -> Hook {
    let mut react = Some(react);
    Box::new(move |model, call| match react.take_if(|_| pick(call)) {
        Some(react) => react(model),
        None => Reaction::Succeed,
    })
}

pub(crate) fn is_complete(call: &Call) -> bool {
    matches!(call, Call::Complete(_))
}

pub(crate) fn is_put(call: &Call) -> bool {
    matches!(call, Call::Put(_))
}
