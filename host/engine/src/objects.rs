//! The host's side of `objects`: each function turns the component's words into a request, passes the gate and hands
//! back the answer. No decision is taken here and no effect happens here.

use crate::host::bindings::lockstep::step::objects as wit;
use crate::host::bindings::lockstep::step::types::Error;
use crate::host::{File, Host, to_error};
use lockstep_model::call::{CallError, Capability, RawTarget, Request};
use lockstep_model::digest::Digest;
use lockstep_workspace::content::Algorithm;
use wasmtime::Result;
use wasmtime::component::Resource;

/// An upload in parts that a component holds.
pub struct Upload(lockstep_objects::Upload);

type Told<T> = Result<std::result::Result<T, Error>>;

impl wit::Host for Host {
    fn list(&mut self, prefix: String, start: Option<String>) -> Told<wit::Page> {
        let request = on_objects("list", Some("list"), RawTarget::Object(&prefix));
        let page = self.gate.call(request, |permit| self.objects.list(permit, start.as_deref()));
        self.hear();
        self.told(page.map(to_page))
    }

    fn head(&mut self, names: Vec<String>) -> Told<Vec<std::result::Result<Option<wit::Stored>, Error>>> {
        let request = on_objects("head", Some("head"), RawTarget::Objects(&names));
        let heads = self.gate.call(request, |permit| self.objects.head(permit));
        self.hear();
        let one = |head: std::result::Result<Option<lockstep_objects::Stored>, CallError>| {
            head.map(|stored| stored.map(to_stored)).map_err(to_error)
        };
        self.told(heads.map(|heads| heads.into_iter().map(one).collect()))
    }

    fn put(
        &mut self,
        objects: Vec<wit::Object>,
        keepings: Vec<wit::Keeping>,
    ) -> Told<Vec<std::result::Result<wit::Stored, Error>>> {
        let keepings: Vec<_> = keepings.into_iter().map(read_keeping).collect();
        let (names, puts): (Vec<_>, Vec<_>) = objects.into_iter().map(read_put).unzip();
        let requests: Vec<_> = names.iter().map(put_request).collect();
        let Self { gate, objects, workspace, live, .. } = self;
        let stored = gate.call_each(&requests, |permits| {
            let progress = &mut |done, total| live.progress(done, Some(total), "objects");
            objects.put(permits, puts, &keepings, workspace, progress)
        });
        self.hear();
        let one = |stored: std::result::Result<lockstep_objects::Stored, CallError>| {
            stored.map(to_stored).map_err(to_error)
        };
        self.told(stored.map(|stored| stored.into_iter().map(one).collect()))
    }

    fn delete(&mut self, names: Vec<String>) -> Told<Vec<std::result::Result<(), Error>>> {
        let requests: Vec<_> =
            names.iter().map(|name| on_objects("delete", Some("delete"), RawTarget::Object(name))).collect();
        let deleted = self.gate.call_each(&requests, |permits| self.objects.delete(permits));
        self.hear();
        let one = |deleted: std::result::Result<(), CallError>| deleted.map_err(to_error);
        self.told(deleted.map(|deleted| deleted.into_iter().map(one).collect()))
    }

    fn open_uploads(&mut self, name: String) -> Told<Vec<wit::OpenUpload>> {
        let request = on_objects("open-uploads", Some("multipart"), RawTarget::Object(&name));
        let open = self.gate.call(request, |permit| self.objects.open_uploads(permit));
        self.hear();
        let one = |lockstep_objects::OpenUpload { name, id, begun }| wit::OpenUpload { name, id, begun };
        self.told(open.map(|open| open.into_iter().map(one).collect()))
    }

    fn begin(&mut self, name: String, keeping: wit::Keeping) -> Told<Resource<Upload>> {
        let keeping = read_keeping(keeping);
        let request = on_objects("begin", Some("multipart"), RawTarget::Object(&name));
        let begun = self.gate.call(request, |permit| self.objects.begin(permit, &keeping));
        self.hear();
        self.keep(begun)
    }

    fn resume(&mut self, name: String, id: String, checksum: wit::Checksum) -> Told<Resource<Upload>> {
        let checksum = read_checksum(checksum);
        let request = on_objects("resume", Some("multipart"), RawTarget::Object(&name));
        let resumed = self.gate.call(request, |permit| self.objects.resume(permit, &id, checksum));
        self.keep(resumed)
    }
}

impl wit::HostUpload for Host {
    fn parts(&mut self, upload: Resource<Upload>) -> Told<Vec<wit::Part>> {
        let Self { gate, objects, confines, .. } = self;
        let Upload(upload) = confines.table.get(&upload)?;
        let request = on_objects("parts", None, RawTarget::Object(upload.name()));
        let parts = gate.call(request, |_| objects.parts(upload));
        self.hear();
        self.told(parts.map(|parts| parts.into_iter().map(to_part).collect()))
    }

    fn put_parts(
        &mut self,
        upload: Resource<Upload>,
        source: Resource<File>,
        ranges: Vec<wit::Range>,
    ) -> Told<Vec<std::result::Result<wit::Part, Error>>> {
        let ranges: Vec<_> = ranges.into_iter().map(read_range).collect();
        let Self { gate, objects, confines, live, .. } = self;
        // Both are in the one table: the upload is taken out while the file is looked at.
        let name = confines.table.get(&upload)?.0.name().to_owned();
        let mut taken =
            std::mem::replace(confines.table.get_mut(&upload)?, Upload(lockstep_objects::Upload::none()));
        let file = confines.table.get(&source)?.open();
        let request = on_objects("put-parts", None, RawTarget::Object(&name));
        let parts = gate.call(request, |_| {
            let progress = &mut |done, total| tell(&mut **live, done, total);
            objects.put_parts(&mut taken.0, file, &ranges, progress)
        });
        *confines.table.get_mut(&upload)? = taken;
        self.hear();
        let one = |part: std::result::Result<lockstep_objects::Part, CallError>| {
            part.map(to_part).map_err(to_error)
        };
        self.told(parts.map(|parts| parts.into_iter().map(one).collect()))
    }

    fn complete(
        &mut self,
        upload: Resource<Upload>,
        parts: Vec<wit::Part>,
        when: wit::Condition,
    ) -> Told<wit::Stored> {
        let parts: Vec<_> = parts.into_iter().map(read_part).collect();
        let when = read_condition(when);
        let Self { gate, objects, confines, .. } = self;
        let Upload(upload) = confines.table.get_mut(&upload)?;
        let name = upload.name().to_owned();
        let request = on_objects("complete", None, RawTarget::Object(&name));
        let stored = gate.call(request, |_| objects.complete(upload, &parts, &when));
        self.hear();
        self.told(stored.map(to_stored))
    }

    fn abort(&mut self, upload: Resource<Upload>) -> Told<()> {
        let Self { gate, objects, confines, .. } = self;
        let Upload(upload) = confines.table.get(&upload)?;
        let request = on_objects("abort", None, RawTarget::Object(upload.name()));
        let aborted = gate.call(request, |_| objects.abort(upload));
        self.hear();
        self.told(aborted)
    }

    fn drop(&mut self, upload: Resource<Upload>) -> Result<()> {
        self.confines.table.delete(upload)?;
        Ok(())
    }
}

impl Host {
    /// Gives the component a handle to an upload.
    fn keep(
        &mut self,
        upload: std::result::Result<lockstep_objects::Upload, CallError>,
    ) -> Told<Resource<Upload>> {
        let kept = upload.and_then(|upload| {
            let too_many = |_| CallError::Limit("more handles than a component may hold".into());
            self.confines.table.push(Upload(upload)).map_err(too_many)
        });
        self.told(kept)
    }

    /// Passes on what the store gave reason to warn of.
    fn hear(&mut self) {
        for message in self.objects.warnings() {
            self.warn(message);
        }
    }
}

fn on_objects<'a>(verb: &'static str, right: Option<&'static str>, target: RawTarget<'a>) -> Request<'a> {
    Request { capability: Capability::Objects, verb, right, target, source: None }
}

/// Writing an object takes the right to read the file that it is made of as well.
fn put_request((name, source): &(String, Option<String>)) -> Request<'_> {
    Request { source: source.as_deref(), ..on_objects("put", Some("put"), RawTarget::Object(name)) }
}

/// Says how far a call is, in the unit that people read.
fn tell(live: &mut dyn crate::host::Live, done: u64, total: u64) {
    const MEGA: u64 = 1_000_000;
    if total >= 10 * MEGA {
        live.progress(done / MEGA, Some(total / MEGA), "MB");
    }
}

fn read_put(put: wit::Object) -> ((String, Option<String>), lockstep_objects::Put) {
    let (source, content) = match put.content {
        wit::Content::File(path) => (Some(path), lockstep_objects::Content::File),
        wit::Content::Bytes(bytes) => (None, lockstep_objects::Content::Bytes(bytes)),
    };
    (
        (put.name, source),
        lockstep_objects::Put { content, keeping: put.keeping, when: read_condition(put.when) },
    )
}

fn read_keeping(keeping: wit::Keeping) -> lockstep_objects::Keeping {
    let pairs = |pairs: Vec<wit::Pair>| pairs.into_iter().map(|pair| (pair.name, pair.value)).collect();
    let retention = |retention: wit::Retention| lockstep_objects::Retention {
        compliance: retention.compliance,
        until: retention.until,
    };
    lockstep_objects::Keeping {
        headers: pairs(keeping.headers),
        metadata: pairs(keeping.metadata),
        tags: pairs(keeping.tags),
        checksum: read_checksum(keeping.checksum),
        encryption: keeping.encryption,
        retention: keeping.retention.map(retention),
    }
}

fn read_condition(when: wit::Condition) -> lockstep_objects::Condition {
    match when {
        wit::Condition::Always => lockstep_objects::Condition::Always,
        wit::Condition::Absent => lockstep_objects::Condition::Absent,
        wit::Condition::Matches(etag) => lockstep_objects::Condition::Matches(etag),
    }
}

fn read_checksum(checksum: wit::Checksum) -> Algorithm {
    match checksum {
        wit::Checksum::Crc64nvme => Algorithm::Crc64Nvme,
        wit::Checksum::Crc32c => Algorithm::Crc32c,
        wit::Checksum::Sha256 => Algorithm::Sha256,
    }
}

fn read_range(range: wit::Range) -> lockstep_objects::Range {
    let wit::Range { number, offset, length } = range;
    lockstep_objects::Range { number, offset, length }
}

fn read_part(part: wit::Part) -> lockstep_objects::Part {
    let wit::Part { number, size, etag, checksum } = part;
    lockstep_objects::Part { number, size, etag, checksum }
}

fn to_part(part: lockstep_objects::Part) -> wit::Part {
    let lockstep_objects::Part { number, size, etag, checksum } = part;
    wit::Part { number, size, etag, checksum }
}

fn to_page(page: lockstep_objects::Page) -> wit::Page {
    let one = |lockstep_objects::Listed { name, size, etag }| wit::Listed { name, size, etag };
    wit::Page { objects: page.objects.into_iter().map(one).collect(), next: page.next }
}

fn to_stored(stored: lockstep_objects::Stored) -> wit::Stored {
    let algorithm = |algorithm| match algorithm {
        Algorithm::Crc64Nvme => Some(wit::Checksum::Crc64nvme),
        Algorithm::Crc32c => Some(wit::Checksum::Crc32c),
        Algorithm::Sha256 => Some(wit::Checksum::Sha256),
        Algorithm::Md5 => None,
    };
    let checksum = stored
        .checksum
        .and_then(|(kind, value)| Some(wit::WholeChecksum { algorithm: algorithm(kind)?, value }));
    let digest = stored.digest.map(|digest: Digest| digest.hex());
    wit::Stored { size: stored.size, etag: stored.etag, version: stored.version, checksum, digest }
}
