//! The model as the step sees it.

use super::{Act, Call, Data, Killed, MIB, Model, Upload};
use artifact_upload::digest::tag_of;
use artifact_upload::host::{
    Algorithm, Content, Fault, Found, Host, Keeping, Link, Listed, Open, Page, Part, Put, Range, Stored, When,
};
use fast_glob::glob_match;

fn gone() -> Fault {
    Fault::NotFound("NoSuchUpload".to_owned())
}

fn matches(pattern: &str, path: &str) -> bool {
    let spelled = |part: &str| pattern.split('/').any(|own| own.starts_with('.') && glob_match(own, part));
    let hidden = path.split('/').any(|part| part.starts_with('.') && !spelled(part));
    !hidden && glob_match(pattern, path)
}

impl Model {
    /// One request with its effect; the host sends it again where the reply is lost.
    fn request<T>(
        &mut self,
        call: &Call,
        mut effect: impl FnMut(&mut Self) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        self.log.push(call.clone());
        self.killed(false);
        let act = match self.hook.take() {
            None => Act::Go,
            Some(mut hook) => {
                let act = hook(self, call);
                self.hook = Some(hook);
                act
            }
        };
        let answer = match act {
            Act::Go => effect(self),
            Act::Fail(fault) => Err(fault),
            Act::LoseReply => {
                drop(effect(self));
                effect(self)
            }
        };
        self.killed(true);
        answer
    }

    fn killed(&self, after: bool) {
        if self.kill == Some((self.log.len(), after)) {
            std::panic::resume_unwind(Box::new(Killed));
        }
    }

    fn may(&self, name: &str, when: When) -> Result<(), Fault> {
        match when {
            When::Absent if self.objects.contains_key(name) => Err(Fault::Conflict("412".to_owned())),
            _ => Ok(()),
        }
    }

    fn part(&self, number: u32, data: &Data, checksum: Algorithm) -> Part {
        let checksum = self.checksums.then(|| data.digest(checksum));
        Part { number, size: data.size(), etag: self.tag(data.digest(Algorithm::Md5)), checksum }
    }

    fn finish(&mut self, id: u32, parts: &[Part], when: When) -> Result<Stored, Fault> {
        let upload = self.uploads.get(&id).ok_or_else(gone)?;
        self.may(&upload.name, when)?;
        let (name, keeping) = (upload.name.clone(), upload.keeping.clone());
        let own = upload.parts.iter().map(|(number, data)| self.part(*number, data, keeping.checksum));
        if !parts.iter().eq(own.collect::<Vec<_>>().iter()) {
            return Err(Fault::Upstream(400, "InvalidPart".to_owned()));
        }
        let data = Data::join(upload.parts.values().cloned().collect());
        let tag = tag_of(parts).unwrap_or_else(|| "opaque-1".to_owned());
        let object = self.object(data, Some(tag), keeping.checksum, Some(keeping));
        let stored = Self::stored(&object);
        self.objects.insert(name, object);
        self.uploads.remove(&id);
        Ok(stored)
    }
}

impl Host for Model {
    type File = Data;
    type Upload = u32;

    fn glob(&mut self, pattern: &str) -> Result<Vec<Found>, Fault> {
        let folder = pattern.trim_end_matches("/**");
        if let Some(path) = self.unreadable.iter().find(|path| path.starts_with(folder)) {
            return Err(Fault::Invalid(format!("`{path}` cannot be read")));
        }
        let found = self.files.iter().filter(|(path, _)| matches(pattern, path));
        Ok(found.map(|(path, data)| Found { path: path.clone(), size: data.size(), mode: 0o644 }).collect())
    }

    fn links(&mut self, pattern: &str) -> Result<Vec<Link>, Fault> {
        let found = self.links.iter().filter(|(path, _)| matches(pattern, path));
        Ok(found.map(|(path, target)| Link { path: path.clone(), target: target.clone() }).collect())
    }

    fn digests(
        &mut self,
        paths: &[String],
        algorithm: Algorithm,
        piece: Option<u64>,
    ) -> Result<Vec<Vec<String>>, Fault> {
        assert!(paths.len() <= 10_000);
        let of = |path: &String| {
            let data = &self.files[path];
            let piece = piece.unwrap_or(u64::MAX);
            let count = data.size().div_ceil(piece).max(1);
            let cut = |at: u64| data.cut(at * piece, piece.min(data.size() - at * piece));
            (0..count).map(|at| cut(at).digest(algorithm)).collect()
        };
        Ok(paths.iter().map(of).collect())
    }

    fn open(&mut self, path: &str) -> Result<Data, Fault> {
        self.files.get(path).cloned().ok_or_else(|| Fault::NotFound(path.to_owned()))
    }

    fn size(&mut self, file: &Data) -> u64 {
        file.size()
    }

    fn list(&mut self, prefix: &str, start: Option<&str>) -> Result<Page, Fault> {
        let start = start.unwrap_or(prefix).to_owned();
        self.request(&Call::List, |model| {
            let below = model.objects.range(start.clone()..).filter(|(name, _)| name.starts_with(prefix));
            let mut all = below.map(|(name, object)| Listed {
                name: name.clone(),
                size: object.data.size(),
                etag: object.etag.clone(),
            });
            let objects = all.by_ref().take(model.page).collect();
            Ok(Page { objects, next: all.next().map(|next| next.name) })
        })
    }

    fn head(&mut self, names: &[String]) -> Result<Vec<Result<Option<Stored>, Fault>>, Fault> {
        let one = |name: &String| {
            self.request(&Call::Head(name.clone()), |model| Ok(model.objects.get(name).map(Self::stored)))
        };
        Ok(names.iter().map(one).collect())
    }

    fn put(&mut self, objects: &[Put], keepings: &[Keeping]) -> Result<Vec<Result<Stored, Fault>>, Fault> {
        let one = |put: &Put| {
            let keeping = &keepings[put.keeping as usize];
            self.request(&Call::Put(put.name.clone()), |model| {
                model.may(&put.name, put.when)?;
                let data = match &put.content {
                    Content::File(path) => model.files[path].clone(),
                    Content::Bytes(bytes) => Data::Bytes(bytes.clone()),
                };
                let digest = Some(data.digest(Algorithm::Sha256));
                let object = model.object(data, None, keeping.checksum, Some(keeping.clone()));
                let stored = Stored { digest, ..Self::stored(&object) };
                model.objects.insert(put.name.clone(), object);
                Ok(stored)
            })
        };
        Ok(objects.iter().map(one).collect())
    }

    fn delete(&mut self, names: &[String]) -> Result<Vec<Result<(), Fault>>, Fault> {
        let one = |name: &String| {
            self.request(&Call::Delete(name.clone()), |model| {
                model.objects.remove(name);
                Ok(())
            })
        };
        Ok(names.iter().map(one).collect())
    }

    fn open_uploads(&mut self, name: &str) -> Result<Vec<Open>, Fault> {
        self.request(&Call::Open(name.to_owned()), |model| {
            let open = model.uploads.iter().filter(|(_, upload)| upload.name.starts_with(name));
            Ok(open.map(|(id, upload)| Open { name: upload.name.clone(), id: id.to_string() }).collect())
        })
    }

    fn begin(&mut self, name: &str, keeping: &Keeping) -> Result<u32, Fault> {
        self.request(&Call::Begin(name.to_owned()), |model| {
            let id = model.next_upload;
            model.next_upload += 1;
            let upload =
                Upload { name: name.to_owned(), keeping: keeping.clone(), parts: Default::default() };
            model.uploads.insert(id, upload);
            Ok(id)
        })
    }

    fn resume(&mut self, open: &Open, _: Algorithm) -> Result<u32, Fault> {
        open.id.parse().map_err(|_| gone())
    }

    fn parts(&mut self, upload: &u32) -> Result<Vec<Part>, Fault> {
        self.request(&Call::Parts(*upload), |model| {
            let Upload { parts, keeping, .. } = model.uploads.get(upload).ok_or_else(gone)?;
            Ok(parts.iter().map(|(number, data)| model.part(*number, data, keeping.checksum)).collect())
        })
    }

    fn put_parts(
        &mut self,
        id: &u32,
        file: &Data,
        ranges: &[Range],
    ) -> Result<Vec<Result<Part, Fault>>, Fault> {
        let one = |range: &Range| {
            self.request(&Call::PutPart(*id, range.number), |model| {
                assert!(range.length <= 64 * MIB);
                let upload = model.uploads.get_mut(id).ok_or_else(gone)?;
                let (data, checksum) = (file.cut(range.offset, range.length), upload.keeping.checksum);
                upload.parts.insert(range.number, data.clone());
                Ok(model.part(range.number, &data, checksum))
            })
        };
        Ok(ranges.iter().map(one).collect())
    }

    fn complete(&mut self, id: &u32, parts: &[Part], when: When) -> Result<Stored, Fault> {
        self.request(&Call::Complete(*id), |model| model.finish(*id, parts, when))
    }

    fn abort(&mut self, id: &u32) -> Result<(), Fault> {
        self.request(&Call::Abort(*id), |model| model.uploads.remove(id).map(|_| ()).ok_or_else(gone))
    }

    fn progress(&mut self, done: u64, total: u64, unit: &str) {
        assert!(done <= total && matches!(unit, "MB" | "objects"), "{done} of {total} {unit}");
    }
}
