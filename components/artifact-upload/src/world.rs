//! The host of a run as the pure modules see it: translates, and nothing else.

use crate::bindings::objects::{self, Upload};
use crate::bindings::progress;
use crate::bindings::workspace::{self, File};
use crate::host::{
    Algorithm, Content, Fault, Found, Host, Keeping, Link, Listed, Open, Page, Part, Put, Range, Stored, When,
};

/// The host.
pub(crate) struct World;

impl Host for World {
    type File = File;
    type Upload = Upload;

    fn glob(&mut self, pattern: &str) -> Result<Vec<Found>, Fault> {
        let found = workspace::glob(pattern)?.into_iter();
        Ok(found.map(|entry| Found { path: entry.path, size: entry.size, mode: entry.mode }).collect())
    }

    fn links(&mut self, pattern: &str) -> Result<Vec<Link>, Fault> {
        let found = workspace::links(pattern)?.into_iter();
        Ok(found.map(|link| Link { path: link.path, target: link.target }).collect())
    }

    fn digests(
        &mut self,
        paths: &[String],
        algorithm: Algorithm,
        piece: Option<u64>,
    ) -> Result<Vec<Vec<String>>, Fault> {
        Ok(workspace::digests(paths, algorithm.into(), piece)?)
    }

    fn open(&mut self, path: &str) -> Result<File, Fault> {
        Ok(workspace::open(path)?)
    }

    fn size(&mut self, file: &File) -> u64 {
        file.size()
    }

    fn list(&mut self, prefix: &str, start: Option<&str>) -> Result<Page, Fault> {
        let objects::Page { objects, next } = objects::list(prefix, start)?;
        let objects = objects.into_iter();
        let listed = |one: objects::Listed| Listed { name: one.name, size: one.size, etag: one.etag };
        Ok(Page { objects: objects.map(listed).collect(), next })
    }

    fn head(&mut self, names: &[String]) -> Result<Vec<Result<Option<Stored>, Fault>>, Fault> {
        let told = objects::head(names)?.into_iter();
        Ok(told.map(|one| Ok(one?.map(Stored::from))).collect())
    }

    fn put(&mut self, objects: &[Put], keepings: &[Keeping]) -> Result<Vec<Result<Stored, Fault>>, Fault> {
        let objects: Vec<objects::Object> = objects.iter().map(objects::Object::from).collect();
        let keepings: Vec<objects::Keeping> = keepings.iter().map(objects::Keeping::from).collect();
        let told = objects::put(&objects, &keepings)?.into_iter();
        Ok(told.map(|one| Ok(one?.into())).collect())
    }

    fn delete(&mut self, names: &[String]) -> Result<Vec<Result<(), Fault>>, Fault> {
        Ok(objects::delete(names)?.into_iter().map(|one| Ok(one?)).collect())
    }

    fn open_uploads(&mut self, name: &str) -> Result<Vec<Open>, Fault> {
        let open = objects::open_uploads(name)?.into_iter();
        Ok(open.map(|open| Open { name: open.name, id: open.id }).collect())
    }

    fn begin(&mut self, name: &str, keeping: &Keeping) -> Result<Upload, Fault> {
        Ok(objects::begin(name, &keeping.into())?)
    }

    fn resume(&mut self, open: &Open, checksum: Algorithm) -> Result<Upload, Fault> {
        Ok(objects::resume(&open.name, &open.id, checksum.into())?)
    }

    fn parts(&mut self, upload: &Upload) -> Result<Vec<Part>, Fault> {
        Ok(upload.parts()?.into_iter().map(Part::from).collect())
    }

    fn put_parts(
        &mut self,
        upload: &Upload,
        file: &File,
        ranges: &[Range],
    ) -> Result<Vec<Result<Part, Fault>>, Fault> {
        let range = |range: &Range| objects::Range {
            number: range.number,
            offset: range.offset,
            length: range.length,
        };
        let ranges: Vec<objects::Range> = ranges.iter().map(range).collect();
        Ok(upload.put_parts(file, &ranges)?.into_iter().map(|one| Ok(one?.into())).collect())
    }

    fn complete(&mut self, upload: &Upload, parts: &[Part], when: When) -> Result<Stored, Fault> {
        let part = |part: &Part| objects::Part {
            number: part.number,
            size: part.size,
            etag: part.etag.clone(),
            checksum: part.checksum.clone(),
        };
        let parts: Vec<objects::Part> = parts.iter().map(part).collect();
        Ok(upload.complete(&parts, &when.into())?.into())
    }

    fn abort(&mut self, upload: &Upload) -> Result<(), Fault> {
        Ok(upload.abort()?)
    }

    fn progress(&mut self, done: u64, total: u64, unit: &str) {
        progress(done, Some(total), unit);
    }
}

impl From<Algorithm> for workspace::Algorithm {
    fn from(algorithm: Algorithm) -> Self {
        match algorithm {
            Algorithm::Sha256 => Self::Sha256,
            Algorithm::Md5 => Self::Md5,
            Algorithm::Crc32c => Self::Crc32c,
            Algorithm::Crc64nvme => Self::Crc64nvme,
        }
    }
}

impl From<Algorithm> for objects::Checksum {
    fn from(algorithm: Algorithm) -> Self {
        match algorithm {
            Algorithm::Sha256 => Self::Sha256,
            Algorithm::Crc32c => Self::Crc32c,
            // Inputs have no MD5.
            Algorithm::Crc64nvme | Algorithm::Md5 => Self::Crc64nvme,
        }
    }
}

impl From<objects::Checksum> for Algorithm {
    fn from(checksum: objects::Checksum) -> Self {
        match checksum {
            objects::Checksum::Crc64nvme => Self::Crc64nvme,
            objects::Checksum::Crc32c => Self::Crc32c,
            objects::Checksum::Sha256 => Self::Sha256,
        }
    }
}

impl From<objects::Stored> for Stored {
    fn from(stored: objects::Stored) -> Self {
        Self {
            size: stored.size,
            etag: stored.etag,
            version: stored.version,
            checksum: stored.checksum.map(|whole| (whole.algorithm.into(), whole.value)),
            digest: stored.digest,
        }
    }
}

impl From<objects::Part> for Part {
    fn from(part: objects::Part) -> Self {
        Self { number: part.number, size: part.size, etag: part.etag, checksum: part.checksum }
    }
}

impl From<When> for objects::Condition {
    fn from(when: When) -> Self {
        match when {
            When::Always => Self::Always,
            When::Absent => Self::Absent,
        }
    }
}

impl From<&Put> for objects::Object {
    fn from(put: &Put) -> Self {
        Self {
            name: put.name.clone(),
            content: match &put.content {
                Content::File(path) => objects::Content::File(path.clone()),
                Content::Bytes(bytes) => objects::Content::Bytes(bytes.clone()),
            },
            keeping: put.keeping,
            when: put.when.into(),
        }
    }
}

impl From<&Keeping> for objects::Keeping {
    fn from(keeping: &Keeping) -> Self {
        let pairs = |pairs: &[(String, String)]| {
            let pair =
                |(name, value): &(String, String)| objects::Pair { name: name.clone(), value: value.clone() };
            pairs.iter().map(pair).collect()
        };
        Self {
            headers: pairs(&keeping.headers),
            metadata: pairs(&keeping.metadata),
            tags: pairs(&keeping.tags),
            checksum: keeping.checksum.into(),
            encryption: keeping.encryption.clone(),
            retention: keeping.retention.map(|retention| objects::Retention {
                compliance: retention.compliance,
                until: retention.until,
            }),
        }
    }
}
