//! A workspace and a store in memory that behave as the contract says, with faults where a test wants them. Content is
//! told by a number and where it is cut, so that files of any size cost nothing.
#![allow(dead_code, reason = "each test uses a part of it")]

mod host;

use std::collections::{BTreeMap, BTreeSet};

use artifact_upload::digest;
use artifact_upload::host::{Algorithm, Fault, Keeping, Stored};
use artifact_upload::settings::Inputs;
use artifact_upload::upload::{Done, Stop, upload};

pub(crate) const MIB: u64 = 1024 * 1024;
pub(crate) const TO: &str = "s3://releases/web/";
pub(crate) const NOW: u64 = 1_800_000_000;

/// What a file, a part or an object holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Data {
    /// So many bytes of the content of this number, from here on.
    Slice { content: u64, at: u64, size: u64 },
    /// These very bytes.
    Bytes(Vec<u8>),
    /// What no file has.
    Mixed(Vec<Data>),
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Object {
    pub(crate) data: Data,
    pub(crate) etag: String,
    pub(crate) checksum: Option<(Algorithm, String)>,
    pub(crate) keeping: Option<Keeping>,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Upload {
    pub(crate) name: String,
    pub(crate) keeping: Keeping,
    pub(crate) parts: BTreeMap<u32, Data>,
}

/// A single request, as a server would see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Call {
    List,
    Head(String),
    Put(String),
    Delete(String),
    Open(String),
    Begin(String),
    Parts(u32),
    PutPart(u32, u32),
    Complete(u32),
    Abort(u32),
}

/// What becomes of a request.
pub(crate) enum Act {
    Go,
    /// It has no effect.
    Fail(Fault),
    /// It has its effect, and the reply does not arrive; the host sends it again.
    LoseReply,
}

/// The run was ended.
pub(crate) struct Killed;

pub(crate) type Hook = Box<dyn FnMut(&mut Model, &Call) -> Act>;

pub(crate) struct Model {
    pub(crate) files: BTreeMap<String, Data>,
    pub(crate) links: BTreeMap<String, String>,
    pub(crate) objects: BTreeMap<String, Object>,
    pub(crate) uploads: BTreeMap<u32, Upload>,
    pub(crate) next_upload: u32,
    /// Whether entity tags are MD5s.
    pub(crate) md5: bool,
    pub(crate) checksums: bool,
    pub(crate) page: usize,
    pub(crate) log: Vec<Call>,
    pub(crate) hook: Option<Hook>,
    /// Ends the run before or after this request.
    pub(crate) kill: Option<(usize, bool)>,
    pub(crate) unreadable: BTreeSet<String>,
}

impl Default for Model {
    fn default() -> Self {
        Self {
            files: BTreeMap::new(),
            links: BTreeMap::new(),
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

impl Data {
    pub(crate) fn new(content: u64, size: u64) -> Self {
        Self::Slice { content, at: 0, size }
    }

    pub(crate) fn size(&self) -> u64 {
        match self {
            Self::Slice { size, .. } => *size,
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::Mixed(all) => all.iter().map(Self::size).sum(),
        }
    }

    pub(crate) fn cut(&self, from: u64, length: u64) -> Self {
        match self {
            Self::Slice { content, at, .. } => Self::Slice { content: *content, at: at + from, size: length },
            other => panic!("{other:?} is not cut"),
        }
    }

    pub(crate) fn digest(&self, algorithm: Algorithm) -> String {
        match self {
            Self::Bytes(bytes) => digest::of_bytes(bytes, algorithm),
            other => digest::of_bytes(format!("{other:?}").as_bytes(), algorithm),
        }
    }

    /// One piece, if the parts are those of one content, in order and without a gap.
    pub(crate) fn join(parts: Vec<Self>) -> Self {
        let mut end = None;
        for part in &parts {
            match (part, end) {
                (Self::Slice { content, at: 0, size }, None) => end = Some((*content, *size)),
                (Self::Slice { content, at, size }, Some((same, to))) if *content == same && *at == to => {
                    end = Some((same, to + size));
                }
                _ => return Self::Mixed(parts),
            }
        }
        end.map_or(Self::Mixed(parts), |(content, size)| Self::new(content, size))
    }
}

impl Model {
    /// A workspace of these files: path, content, size.
    pub(crate) fn new(files: &[(&str, u64, u64)]) -> Self {
        let mut model = Self::default();
        for (path, content, size) in files {
            model.files.insert((*path).to_owned(), Data::new(*content, *size));
        }
        model
    }

    pub(crate) fn run(&mut self, inputs: &Inputs) -> Result<Done, Stop> {
        upload(self, inputs, NOW)
    }

    /// An object that somebody else wrote whole.
    pub(crate) fn place(&mut self, below: &str, data: Data) {
        let object = self.object(data, None, Algorithm::Crc64nvme, None);
        self.objects.insert(format!("{TO}{below}"), object);
    }

    pub(crate) fn object(
        &self,
        data: Data,
        tag: Option<String>,
        sum: Algorithm,
        keeping: Option<Keeping>,
    ) -> Object {
        let composite = tag.is_some() && sum == Algorithm::Sha256;
        let etag = tag.unwrap_or_else(|| data.digest(Algorithm::Md5));
        let checksum = (self.checksums && !composite).then(|| (sum, data.digest(sum)));
        Object { etag: self.tag(etag), checksum, data, keeping }
    }

    pub(crate) fn tag(&self, md5: String) -> String {
        if self.md5 { md5 } else { md5.chars().rev().map(|c| if c == '0' { '1' } else { c }).collect() }
    }

    pub(crate) fn stored(object: &Object) -> Stored {
        Stored {
            size: object.data.size(),
            etag: object.etag.clone(),
            checksum: object.checksum.clone(),
            ..Stored::default()
        }
    }

    pub(crate) fn keys(&self) -> Vec<&str> {
        self.objects.keys().map(|name| name.strip_prefix(TO).unwrap_or(name)).collect()
    }

    /// Every object is one of the files, and every file is there.
    pub(crate) fn assert_uploaded(&self, below: &[(&str, &str)]) {
        for (path, key) in below {
            let object = self.objects.get(&format!("{TO}{key}"));
            assert_eq!(object.map(|object| &object.data), self.files.get(*path), "{key}");
        }
    }

    pub(crate) fn writes(&self) -> Vec<&Call> {
        let reads =
            |call: &&Call| !matches!(call, Call::List | Call::Head(_) | Call::Open(_) | Call::Parts(_));
        self.log.iter().filter(reads).collect()
    }
}

/// Inputs with their defaults.
pub(crate) fn inputs(source: &[&str]) -> Inputs {
    Inputs {
        source: source.iter().map(|text| (*text).to_owned()).collect(),
        to: TO.to_owned(),
        immutable: false,
        sync: true,
        delete: false,
        max_delete: "100".to_owned(),
        headers: Vec::new(),
        metadata: Vec::new(),
        tags: Vec::new(),
        checksum: Algorithm::Crc64nvme,
        encryption: None,
        lock: None,
        manifest: String::new(),
        allow_empty: false,
    }
}

/// The first request that this picks out ends so.
pub(crate) fn once(
    mut pick: impl FnMut(&Call) -> bool + 'static,
    act: impl FnOnce(&mut Model) -> Act + 'static,
) -> Hook {
    let mut act = Some(act);
    Box::new(move |model, call| match act.take_if(|_| pick(call)) {
        Some(act) => act(model),
        None => Act::Go,
    })
}

pub(crate) fn is_complete(call: &Call) -> bool {
    matches!(call, Call::Complete(_))
}

pub(crate) fn is_put(call: &Call) -> bool {
    matches!(call, Call::Put(_))
}
