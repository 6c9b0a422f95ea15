//! Object storage in memory.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use crate::objects::{
    Checksum, ChecksumAlgorithm, Content, MultipartUploadInfo, ObjectInfo, ObjectPage, ObjectSummary,
    PartInfo, PartRange, Precondition, PutOptions, PutRequest, UpdateRequest,
};
use crate::traits::HostResult;
use crate::types::{Error, Outcome};
use crate::workspace::{Algorithm, SearchResult};
use crate::{Objects, UploadParts, Workspace};

use super::workspace::fake_digest;
use super::{FakeFile, FakeWorkspace};

/// A store in memory, and the workspace whose files it receives. Every bucket exists. Entity tags and checksums are those that
/// [`FakeWorkspace`] computes for files: equal for equal content, but no real digests.
///
/// ```
/// use lockstep_sdk::Objects;
/// use lockstep_sdk::fake::{FakeObjects, FakeWorkspace};
///
/// let files = FakeWorkspace::default().with_file("dist/a.js", "run()");
/// let mut host = FakeObjects::new(files).with_object("s3://web/old.js", "stop()");
/// let page = host.list_objects("s3://web/", None).unwrap();
/// assert_eq!(page.objects[0].name, "s3://web/old.js");
/// host.delete_objects(&["s3://web/old.js".to_owned()]).unwrap();
/// assert_eq!(host.changes(), ["delete s3://web/old.js"]);
/// ```
#[derive(Clone, Debug, Default)]
pub struct FakeObjects {
    /// The files of the run.
    pub workspace: FakeWorkspace,
    store: Rc<RefCell<Store>>,
}

#[derive(Debug, Default)]
struct Store {
    objects: BTreeMap<String, FakeObject>,
    uploads: BTreeMap<u64, OpenUpload>,
    next_upload: u64,
    errors: BTreeMap<String, Error>,
    changes: Vec<String>,
}

/// An object in memory.
#[derive(Clone, Debug, PartialEq)]
pub struct FakeObject {
    /// Its bytes.
    pub content: Vec<u8>,
    /// What `head_objects` returns for it.
    pub info: ObjectInfo,
    /// The options of the write; none for an object that the test put there.
    pub options: Option<PutOptions>,
}

#[derive(Debug)]
struct OpenUpload {
    name: String,
    options: PutOptions,
    parts: BTreeMap<u32, Vec<u8>>,
}

/// A multipart upload of [`FakeObjects`].
#[derive(Clone, Debug)]
pub struct FakeUpload {
    id: u64,
    store: Rc<RefCell<Store>>,
}

impl FakeObjects {
    /// An empty store.
    #[must_use]
    pub fn new(workspace: FakeWorkspace) -> Self {
        Self { workspace, ..Self::default() }
    }

    /// Adds an object.
    #[must_use]
    pub fn with_object(self, name: &str, content: impl Into<Vec<u8>>) -> Self {
        self.store.borrow_mut().insert(name, content.into(), None);
        self
    }

    /// Makes every write and every deletion of an object fail.
    #[must_use]
    pub fn with_error(self, name: &str, error: Error) -> Self {
        self.store.borrow_mut().errors.insert(name.to_owned(), error);
        self
    }

    /// The object with this name.
    #[must_use]
    pub fn object(&self, name: &str) -> Option<FakeObject> {
        self.store.borrow().objects.get(name).cloned()
    }

    /// The names of all objects, sorted.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        self.store.borrow().objects.keys().cloned().collect()
    }

    /// The changes so far, each in one line, such as `put s3://web/a.js`.
    #[must_use]
    pub fn changes(&self) -> Vec<String> {
        self.store.borrow().changes.clone()
    }
}

impl Store {
    fn insert(&mut self, name: &str, content: Vec<u8>, options: Option<PutOptions>) -> ObjectInfo {
        let algorithm = options.as_ref().map_or(ChecksumAlgorithm::Crc64nvme, |options| options.checksum);
        let info = ObjectInfo {
            size: content.len() as u64,
            etag: fake_digest(&content, Algorithm::Md5),
            version_id: None,
            checksum: Some(Checksum { algorithm, value: checksum(&content, algorithm) }),
            sha256: options.as_ref().map(|_| fake_digest(&content, Algorithm::Sha256)),
        };
        self.objects.insert(name.to_owned(), FakeObject { content, info: info.clone(), options });
        info
    }

    fn write(
        &mut self,
        name: &str,
        content: Vec<u8>,
        options: PutOptions,
        precondition: &Precondition,
    ) -> HostResult<ObjectInfo> {
        self.fail(name)?;
        let etag = self.objects.get(name).map(|object| &object.info.etag);
        let holds = match precondition {
            Precondition::None => true,
            Precondition::IfNoneMatch => etag.is_none(),
            Precondition::IfMatch(expected) => etag == Some(expected),
        };
        if !holds {
            return Err(Error::Conflict(format!("the precondition for `{name}` does not hold")));
        }
        self.changes.push(format!("put {name}"));
        Ok(self.insert(name, content, Some(options)))
    }

    /// Replaces the options of an object.
    fn update(&mut self, name: &str, etag: &str, options: PutOptions) -> HostResult<ObjectInfo> {
        self.fail(name)?;
        let object = self.objects.get_mut(name);
        let object = object.ok_or_else(|| Error::NotFound(format!("there is no object `{name}`")))?;
        if object.info.etag != etag {
            return Err(Error::Conflict(format!("the entity tag of `{name}` is another one")));
        }
        object.options = Some(options);
        let info = object.info.clone();
        self.changes.push(format!("update {name}"));
        Ok(info)
    }

    fn fail(&self, name: &str) -> HostResult<()> {
        self.errors.get(name).cloned().map_or(Ok(()), Err)
    }

    fn upload(&mut self, id: u64) -> HostResult<&mut OpenUpload> {
        self.uploads.get_mut(&id).ok_or_else(|| Error::NotFound(format!("there is no open upload `{id}`")))
    }
}

fn checksum(content: &[u8], algorithm: ChecksumAlgorithm) -> String {
    let algorithm = match algorithm {
        ChecksumAlgorithm::Crc64nvme => Algorithm::Crc64nvme,
        ChecksumAlgorithm::Crc32c => Algorithm::Crc32c,
        ChecksumAlgorithm::Sha256 => Algorithm::Sha256,
    };
    fake_digest(content, algorithm)
}

fn part_info(part_number: u32, content: &[u8], options: &PutOptions) -> PartInfo {
    PartInfo {
        part_number,
        size: content.len() as u64,
        etag: fake_digest(content, Algorithm::Md5),
        checksum: Some(checksum(content, options.checksum)),
    }
}

impl Workspace for FakeObjects {
    type File = FakeFile;

    fn glob(&mut self, pattern: &str) -> HostResult<SearchResult> {
        self.workspace.glob(pattern)
    }

    fn glob_hidden(&mut self, pattern: &str) -> HostResult<SearchResult> {
        self.workspace.glob_hidden(pattern)
    }

    fn digests(
        &mut self,
        paths: &[String],
        algorithm: Algorithm,
        chunk_bytes: Option<u64>,
    ) -> HostResult<Vec<Vec<String>>> {
        self.workspace.digests(paths, algorithm, chunk_bytes)
    }

    fn read(&mut self, path: &str) -> HostResult<Vec<u8>> {
        self.workspace.read(path)
    }

    fn open(&mut self, path: &str) -> HostResult<FakeFile> {
        self.workspace.open(path)
    }

    fn write(&mut self, path: &str, content: &[u8]) -> HostResult<Outcome> {
        self.workspace.write(path, content)
    }

    fn write_private(&mut self, path: &str, content: &[u8]) -> HostResult<Outcome> {
        self.workspace.write_private(path, content)
    }

    fn remove(&mut self, path: &str) -> HostResult<()> {
        self.workspace.remove(path)
    }

    fn diff(&mut self) -> HostResult<String> {
        self.workspace.diff()
    }
}

impl Objects for FakeObjects {
    type File = FakeFile;
    type Upload = FakeUpload;

    fn list_objects(&mut self, prefix: &str, start: Option<&str>) -> HostResult<ObjectPage> {
        let store = self.store.borrow();
        let from = start.unwrap_or(prefix).to_owned();
        let listed = store.objects.range(from..).take_while(|(name, _)| name.starts_with(prefix));
        let summary = |(name, object): (&String, &FakeObject)| ObjectSummary {
            name: name.clone(),
            size: object.info.size,
            etag: object.info.etag.clone(),
        };
        Ok(ObjectPage { objects: listed.map(summary).collect(), next: None })
    }

    fn head_objects(&mut self, names: &[String]) -> HostResult<Vec<HostResult<Option<ObjectInfo>>>> {
        let info = |name: &String| Ok(self.object(name).map(|object| object.info));
        Ok(names.iter().map(info).collect())
    }

    fn put_objects(
        &mut self,
        requests: &[PutRequest],
        options: &[PutOptions],
    ) -> HostResult<Vec<HostResult<ObjectInfo>>> {
        let mut put = |request: &PutRequest| {
            let content = match &request.content {
                Content::File(path) => self.workspace.read(path)?,
                Content::Bytes(bytes) => bytes.clone(),
            };
            let options = options[request.options as usize].clone();
            self.store.borrow_mut().write(&request.name, content, options, &request.precondition)
        };
        Ok(requests.iter().map(&mut put).collect())
    }

    fn update_objects(
        &mut self,
        requests: &[UpdateRequest],
        options: &[PutOptions],
    ) -> HostResult<Vec<HostResult<ObjectInfo>>> {
        let mut store = self.store.borrow_mut();
        let update = |request: &UpdateRequest| {
            store.update(&request.name, &request.etag, options[request.options as usize].clone())
        };
        Ok(requests.iter().map(update).collect())
    }

    fn delete_objects(&mut self, names: &[String]) -> HostResult<Vec<HostResult<()>>> {
        let mut store = self.store.borrow_mut();
        let delete = |name: &String| {
            store.fail(name)?;
            store.objects.remove(name);
            store.changes.push(format!("delete {name}"));
            Ok(())
        };
        Ok(names.iter().map(delete).collect())
    }

    fn list_multipart_uploads(&mut self, name: &str) -> HostResult<Vec<MultipartUploadInfo>> {
        let store = self.store.borrow();
        let listed = store.uploads.iter().filter(|(_, upload)| upload.name.starts_with(name));
        let info = |(id, upload): (&u64, &OpenUpload)| MultipartUploadInfo {
            name: upload.name.clone(),
            upload_id: id.to_string(),
            created_at: 0,
        };
        Ok(listed.map(info).collect())
    }

    fn create_multipart_upload(&mut self, name: &str, options: &PutOptions) -> HostResult<FakeUpload> {
        let mut store = self.store.borrow_mut();
        store.fail(name)?;
        store.next_upload += 1;
        let (id, name) = (store.next_upload, name.to_owned());
        store.uploads.insert(id, OpenUpload { name, options: options.clone(), parts: BTreeMap::new() });
        Ok(FakeUpload { id, store: Rc::clone(&self.store) })
    }

    fn resume_multipart_upload(
        &mut self,
        _name: &str,
        upload_id: &str,
        _checksum: ChecksumAlgorithm,
    ) -> HostResult<FakeUpload> {
        let invalid = |_| Error::NotFound(format!("there is no open upload `{upload_id}`"));
        Ok(FakeUpload { id: upload_id.parse().map_err(invalid)?, store: Rc::clone(&self.store) })
    }
}

impl UploadParts for FakeUpload {
    type File = FakeFile;

    fn list_parts(&self) -> HostResult<Vec<PartInfo>> {
        let mut store = self.store.borrow_mut();
        let OpenUpload { options, parts, .. } = store.upload(self.id)?;
        Ok(parts.iter().map(|(number, content)| part_info(*number, content, options)).collect())
    }

    fn upload_parts(&self, source: &FakeFile, parts: &[PartRange]) -> HostResult<Vec<HostResult<PartInfo>>> {
        let mut store = self.store.borrow_mut();
        let upload = store.upload(self.id)?;
        let send = |range: &PartRange| {
            let start = usize::try_from(range.offset).unwrap_or(usize::MAX).min(source.0.len());
            let length = usize::try_from(range.length).unwrap_or(usize::MAX);
            let end = start.saturating_add(length).min(source.0.len());
            let content = source.0[start..end].to_vec();
            let info = part_info(range.part_number, &content, &upload.options);
            upload.parts.insert(range.part_number, content);
            Ok(info)
        };
        Ok(parts.iter().map(send).collect())
    }

    fn complete(&self, parts: &[PartInfo], precondition: &Precondition) -> HostResult<ObjectInfo> {
        let mut store = self.store.borrow_mut();
        let upload = store.upload(self.id)?;
        if !parts.iter().map(|part| part.part_number).eq(upload.parts.keys().copied()) {
            return Err(Error::Invalid("the parts are not those of the upload".to_owned()));
        }
        let content = upload.parts.values().flatten().copied().collect();
        let (name, options) = (upload.name.clone(), upload.options.clone());
        let info = store.write(&name, content, options, precondition)?;
        store.uploads.remove(&self.id);
        Ok(info)
    }

    fn abort(&self) -> HostResult<()> {
        let mut store = self.store.borrow_mut();
        store.upload(self.id)?;
        store.uploads.remove(&self.id);
        Ok(())
    }
}
