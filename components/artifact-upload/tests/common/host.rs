//! The model as the host of a run.

use std::cell::RefCell;
use std::rc::Rc;

use artifact_upload::digest::etag_of_parts;
use fast_glob::glob_match;
use lockstep_sdk::objects::{
    ChecksumAlgorithm, Content, MultipartUploadInfo, ObjectInfo, ObjectPage, ObjectSummary, PartInfo,
    PartRange, Precondition, PutOptions, PutRequest, UpdateRequest,
};
use lockstep_sdk::types::{Error, Outcome};
use lockstep_sdk::workspace::{Algorithm, FileEntry, SearchResult, SkipReason, SkippedEntry};
use lockstep_sdk::{HostResult, Objects, UploadParts, Workspace};

use super::{Call, Data, Killed, MIB, Model, OpenUpload, Reaction, upstream};

/// The model during a run.
pub(crate) struct SharedModel(pub(crate) Rc<RefCell<Model>>);

/// A multipart upload of the model.
pub(crate) struct ModelUpload {
    id: u32,
    model: Rc<RefCell<Model>>,
}

fn no_upload() -> Error {
    Error::NotFound("NoSuchUpload".to_owned())
}

fn matches(pattern: &str, path: &str) -> bool {
    pattern == path || glob_match(pattern, path)
}

impl Model {
    /// One request with its effect; the host sends it again if the reply is lost.
    fn request<T>(
        &mut self,
        call: &Call,
        mut effect: impl FnMut(&mut Self) -> HostResult<T>,
    ) -> HostResult<T> {
        self.log.push(call.clone());
        self.kill_if_due(false);
        let reaction = match self.hook.take() {
            None => Reaction::Succeed,
            Some(mut hook) => {
                let reaction = hook(self, call);
                self.hook = Some(hook);
                reaction
            }
        };
        let answer = match reaction {
            Reaction::Succeed => effect(self),
            Reaction::Fail(error) => Err(error),
            Reaction::LoseReply => {
                drop(effect(self));
                effect(self)
            }
        };
        self.kill_if_due(true);
        answer
    }

    fn kill_if_due(&self, after: bool) {
        if self.kill == Some((self.log.len(), after)) {
            std::panic::resume_unwind(Box::new(Killed));
        }
    }

    fn check(&self, name: &str, precondition: &Precondition) -> HostResult<()> {
        match precondition {
            Precondition::IfNoneMatch if self.objects.contains_key(name) => {
                Err(Error::Conflict("412".to_owned()))
            }
            _ => Ok(()),
        }
    }

    fn part(&self, part_number: u32, data: &Data, checksum: ChecksumAlgorithm) -> PartInfo {
        let checksum = self.checksums.then(|| data.checksum(checksum));
        PartInfo { part_number, size: data.size(), etag: self.etag(data.digest(Algorithm::Md5)), checksum }
    }

    fn put(&mut self, request: &PutRequest, options: &PutOptions) -> HostResult<ObjectInfo> {
        self.check(&request.name, &request.precondition)?;
        let data = match &request.content {
            Content::File(path) => self.files[path].clone(),
            Content::Bytes(bytes) => Data::Bytes(bytes.clone()),
        };
        let sha256 = Some(data.digest(Algorithm::Sha256));
        let object = self.object(data, None, options.checksum, Some(options.clone()));
        let info = ObjectInfo { sha256, ..Self::info(&object) };
        self.objects.insert(request.name.clone(), object);
        Ok(info)
    }

    fn update(&mut self, request: &UpdateRequest, options: &PutOptions) -> HostResult<ObjectInfo> {
        let object = self.objects.get_mut(&request.name).ok_or_else(|| Error::NotFound("404".to_owned()))?;
        if object.etag != request.etag {
            return Err(Error::Conflict("412".to_owned()));
        }
        object.options = Some(options.clone());
        Ok(Self::info(object))
    }

    fn complete(
        &mut self,
        id: u32,
        parts: &[PartInfo],
        precondition: &Precondition,
    ) -> HostResult<ObjectInfo> {
        let upload = self.uploads.get(&id).ok_or_else(no_upload)?;
        self.check(&upload.name, precondition)?;
        let (name, options) = (upload.name.clone(), upload.options.clone());
        let own = upload.parts.iter().map(|(number, data)| self.part(*number, data, options.checksum));
        if !parts.iter().eq(own.collect::<Vec<_>>().iter()) {
            return Err(upstream(400, "InvalidPart"));
        }
        let data = Data::join(upload.parts.values().cloned().collect());
        let etag = etag_of_parts(parts).unwrap_or_else(|| "opaque-1".to_owned());
        let object = self.object(data, Some(etag), options.checksum, Some(options));
        let info = Self::info(&object);
        self.objects.insert(name, object);
        self.uploads.remove(&id);
        Ok(info)
    }
}

/// The folder of all matches, and whether the pattern is a path.
fn resolve(pattern: &str, exists: impl Fn(&str) -> bool) -> (String, bool) {
    let is_name = |path: &str, part: &str| !part.contains(['*', '?', '[', '{']) || exists(path);
    let mut names: Vec<&str> = Vec::new();
    for part in pattern.split('/') {
        let path = names.iter().copied().chain([part]).collect::<Vec<_>>().join("/");
        if !is_name(&path, part) {
            return (names.join("/"), false);
        }
        names.push(part);
    }
    names.pop();
    (names.join("/"), true)
}

fn is_hidden(name: &str) -> bool {
    name.starts_with('.') && name != ".well-known"
}

impl Workspace for SharedModel {
    type File = Data;

    fn glob(&mut self, pattern: &str) -> HostResult<SearchResult> {
        let spells_dot = pattern.split('/').any(is_hidden);
        let SearchResult { base, files, mut skipped } = self.glob_hidden(pattern)?;
        let (hidden, files): (Vec<_>, Vec<_>) =
            files.into_iter().partition(|file| !spells_dot && file.path.split('/').any(is_hidden));
        let entry =
            |path: String| SkippedEntry { path, reason: SkipReason::Hidden, is_folder: false, target: None };
        skipped.extend(hidden.into_iter().map(|file| entry(file.path)));
        Ok(SearchResult { base, files, skipped })
    }

    fn glob_hidden(&mut self, pattern: &str) -> HostResult<SearchResult> {
        let model = self.0.borrow();
        let folder = pattern.trim_end_matches("/**");
        if let Some(path) = model.unreadable.iter().find(|path| path.starts_with(folder)) {
            return Err(Error::Invalid(format!("`{path}` cannot be read")));
        }
        let exists =
            |name: &str| model.files.keys().any(|path| path == name || path.starts_with(&format!("{name}/")));
        let (base, is_literal) = resolve(pattern, exists);
        let matches = |path: &str| match is_literal {
            true => path == pattern,
            // A folder that exists as it is spelled can have a name that is a pattern.
            false => path.strip_prefix(&base).is_some_and(|rest| matches(&pattern[base.len()..], rest)),
        };
        let files = model.files.iter().filter(|(path, _)| matches(path));
        let file =
            |(path, data): (&String, &Data)| FileEntry { path: path.clone(), size: data.size(), mode: 0o644 };
        let skipped = model.skipped.iter().filter(|entry| matches(&entry.path)).cloned();
        Ok(SearchResult { files: files.map(file).collect(), skipped: skipped.collect(), base })
    }

    fn digests(
        &mut self,
        paths: &[String],
        algorithm: Algorithm,
        chunk_bytes: Option<u64>,
    ) -> HostResult<Vec<Vec<String>>> {
        assert!(paths.len() <= 10_000);
        let model = self.0.borrow();
        let of = |path: &String| {
            let data = &model.files[path];
            let chunk = chunk_bytes.unwrap_or(u64::MAX);
            let count = data.size().div_ceil(chunk).max(1);
            let cut = |index: u64| data.cut(index * chunk, chunk.min(data.size() - index * chunk));
            (0..count).map(|index| cut(index).digest(algorithm)).collect()
        };
        Ok(paths.iter().map(of).collect())
    }

    fn read(&mut self, _: &str) -> HostResult<Vec<u8>> {
        unreachable!("the step reads no file itself")
    }

    fn open(&mut self, path: &str) -> HostResult<Data> {
        self.0.borrow().files.get(path).cloned().ok_or_else(|| Error::NotFound(path.to_owned()))
    }

    fn write(&mut self, _: &str, _: &[u8]) -> HostResult<Outcome> {
        unreachable!("the step writes no file")
    }

    fn write_private(&mut self, _: &str, _: &[u8]) -> HostResult<Outcome> {
        unreachable!("the step writes no file")
    }

    fn remove(&mut self, _: &str) -> HostResult<()> {
        unreachable!("the step removes no file")
    }

    fn diff(&mut self) -> HostResult<String> {
        unreachable!("the step changes no file")
    }
}

impl Objects for SharedModel {
    type File = Data;
    type Upload = ModelUpload;

    fn list_objects(&mut self, prefix: &str, start: Option<&str>) -> HostResult<ObjectPage> {
        let start = start.unwrap_or(prefix).to_owned();
        self.0.borrow_mut().request(&Call::List, |model| {
            let below = model.objects.range(start.clone()..).filter(|(name, _)| name.starts_with(prefix));
            let mut all = below.map(|(name, object)| ObjectSummary {
                name: name.clone(),
                size: object.data.size(),
                etag: object.etag.clone(),
            });
            let objects = all.by_ref().take(model.page).collect();
            Ok(ObjectPage { objects, next: all.next().map(|next| next.name) })
        })
    }

    fn head_objects(&mut self, names: &[String]) -> HostResult<Vec<HostResult<Option<ObjectInfo>>>> {
        let mut model = self.0.borrow_mut();
        let head = |name: &String| {
            model.request(&Call::Head(name.clone()), |model| Ok(model.objects.get(name).map(Model::info)))
        };
        Ok(names.iter().map(head).collect())
    }

    fn put_objects(
        &mut self,
        requests: &[PutRequest],
        options: &[PutOptions],
    ) -> HostResult<Vec<HostResult<ObjectInfo>>> {
        let mut model = self.0.borrow_mut();
        let put = |request: &PutRequest| {
            let options = &options[request.options as usize];
            model.request(&Call::Put(request.name.clone()), |model| model.put(request, options))
        };
        Ok(requests.iter().map(put).collect())
    }

    fn update_objects(
        &mut self,
        requests: &[UpdateRequest],
        options: &[PutOptions],
    ) -> HostResult<Vec<HostResult<ObjectInfo>>> {
        let mut model = self.0.borrow_mut();
        let update = |request: &UpdateRequest| {
            let options = &options[request.options as usize];
            model.request(&Call::Update(request.name.clone()), |model| model.update(request, options))
        };
        Ok(requests.iter().map(update).collect())
    }

    fn delete_objects(&mut self, names: &[String]) -> HostResult<Vec<HostResult<()>>> {
        let mut model = self.0.borrow_mut();
        let delete = |name: &String| {
            model.request(&Call::Delete(name.clone()), |model| {
                model.objects.remove(name);
                Ok(())
            })
        };
        Ok(names.iter().map(delete).collect())
    }

    fn list_multipart_uploads(&mut self, name: &str) -> HostResult<Vec<MultipartUploadInfo>> {
        self.0.borrow_mut().request(&Call::ListUploads(name.to_owned()), |model| {
            let open = model.uploads.iter().filter(|(_, upload)| upload.name.starts_with(name));
            let info = |(id, upload): (&u32, &OpenUpload)| MultipartUploadInfo {
                name: upload.name.clone(),
                upload_id: id.to_string(),
                created_at: 0,
            };
            Ok(open.map(info).collect())
        })
    }

    fn create_multipart_upload(&mut self, name: &str, options: &PutOptions) -> HostResult<ModelUpload> {
        let id = self.0.borrow_mut().request(&Call::CreateUpload(name.to_owned()), |model| {
            let id = model.next_upload;
            model.next_upload += 1;
            let upload =
                OpenUpload { name: name.to_owned(), options: options.clone(), parts: Default::default() };
            model.uploads.insert(id, upload);
            Ok(id)
        })?;
        Ok(ModelUpload { id, model: Rc::clone(&self.0) })
    }

    fn resume_multipart_upload(
        &mut self,
        _: &str,
        upload_id: &str,
        _: ChecksumAlgorithm,
    ) -> HostResult<ModelUpload> {
        let id = upload_id.parse().map_err(|_| no_upload())?;
        Ok(ModelUpload { id, model: Rc::clone(&self.0) })
    }
}

impl UploadParts for ModelUpload {
    type File = Data;

    fn list_parts(&self) -> HostResult<Vec<PartInfo>> {
        self.model.borrow_mut().request(&Call::ListParts(self.id), |model| {
            let OpenUpload { parts, options, .. } = model.uploads.get(&self.id).ok_or_else(no_upload)?;
            Ok(parts.iter().map(|(number, data)| model.part(*number, data, options.checksum)).collect())
        })
    }

    fn upload_parts(&self, file: &Data, parts: &[PartRange]) -> HostResult<Vec<HostResult<PartInfo>>> {
        let mut model = self.model.borrow_mut();
        let send = |range: &PartRange| {
            model.request(&Call::UploadPart(self.id, range.part_number), |model| {
                assert!(range.length <= 64 * MIB);
                let upload = model.uploads.get_mut(&self.id).ok_or_else(no_upload)?;
                let (data, checksum) = (file.cut(range.offset, range.length), upload.options.checksum);
                upload.parts.insert(range.part_number, data.clone());
                Ok(model.part(range.part_number, &data, checksum))
            })
        };
        Ok(parts.iter().map(send).collect())
    }

    fn complete(&self, parts: &[PartInfo], precondition: &Precondition) -> HostResult<ObjectInfo> {
        let mut model = self.model.borrow_mut();
        model.request(&Call::Complete(self.id), |model| model.complete(self.id, parts, precondition))
    }

    fn abort(&self) -> HostResult<()> {
        self.model.borrow_mut().request(&Call::Abort(self.id), |model| {
            model.uploads.remove(&self.id).map(drop).ok_or_else(no_upload)
        })
    }
}
