//! The host functions of `wit/objects.wit`.

use crate::bindings::objects as wit;
use crate::bindings::types::Error;
use crate::handles::{FileHandle, UploadHandle};
use crate::host::{HostResult, RunHost, to_error};
use crate::live_log::LiveLog;
use lockstep_model::call::{CallError, CallRequest, RawTarget};
use lockstep_model::capability::Capability;
use lockstep_model::digest::Digest;
use lockstep_workspace::hash::Algorithm;
use wasmtime::component::Resource;

impl wit::Host for RunHost {
    fn list_objects(&mut self, prefix: String, start: Option<String>) -> HostResult<wit::ObjectPage> {
        let request = objects_request("list-objects", RawTarget::Object(&prefix));
        let page = self.gate.call(request, |permit| self.objects.list_objects(permit, start.as_deref()));
        self.report_store_notes();
        self.answer(page.map(to_page))
    }

    fn head_objects(
        &mut self,
        names: Vec<String>,
    ) -> HostResult<Vec<Result<Option<wit::ObjectInfo>, Error>>> {
        let request = objects_request("head-objects", RawTarget::Objects(&names));
        let heads = self.gate.call(request, |permit| self.objects.head_objects(permit));
        self.report_store_notes();
        let convert = |head: Result<Option<lockstep_objects::ObjectInfo>, CallError>| {
            head.map(|stored| stored.map(to_object_info)).map_err(to_error)
        };
        self.answer(heads.map(|heads| heads.into_iter().map(convert).collect()))
    }

    fn put_objects(
        &mut self,
        objects: Vec<wit::PutRequest>,
        options: Vec<wit::PutOptions>,
    ) -> HostResult<Vec<Result<wit::ObjectInfo, Error>>> {
        let options: Vec<_> = options.into_iter().map(read_put_options).collect();
        let (names, puts): (Vec<_>, Vec<_>) = objects.into_iter().map(read_put).unzip();
        let requests: Vec<_> = names.iter().map(put_request).collect();
        let Self { gate, objects, workspace, live, .. } = self;
        let stored = gate.call_each(&requests, |permits| {
            let progress = &mut |done, total| live.progress(done, Some(total), "objects");
            objects.put_objects(permits, puts, &options, workspace, progress)
        });
        self.report_store_notes();
        let convert = |stored: Result<lockstep_objects::ObjectInfo, CallError>| {
            stored.map(to_object_info).map_err(to_error)
        };
        self.answer(stored.map(|stored| stored.into_iter().map(convert).collect()))
    }

    fn update_objects(
        &mut self,
        updates: Vec<wit::UpdateRequest>,
        options: Vec<wit::PutOptions>,
    ) -> HostResult<Vec<Result<wit::ObjectInfo, Error>>> {
        let options: Vec<_> = options.into_iter().map(read_put_options).collect();
        let read = |wit::UpdateRequest { name, etag, options }| {
            (name, lockstep_objects::UpdateRequest { etag, options })
        };
        let (names, updates): (Vec<String>, Vec<_>) = updates.into_iter().map(read).unzip();
        let requests: Vec<_> =
            names.iter().map(|name| objects_request("update-objects", RawTarget::Object(name))).collect();
        let Self { gate, objects, live, .. } = self;
        let updated = gate.call_each(&requests, |permits| {
            let progress = &mut |done, total| live.progress(done, Some(total), "objects");
            objects.update_objects(permits, updates, &options, progress)
        });
        self.report_store_notes();
        let convert = |updated: Result<lockstep_objects::ObjectInfo, CallError>| {
            updated.map(to_object_info).map_err(to_error)
        };
        self.answer(updated.map(|updated| updated.into_iter().map(convert).collect()))
    }

    fn delete_objects(&mut self, names: Vec<String>) -> HostResult<Vec<Result<(), Error>>> {
        let requests: Vec<_> =
            names.iter().map(|name| objects_request("delete-objects", RawTarget::Object(name))).collect();
        let deleted = self.gate.call_each(&requests, |permits| self.objects.delete_objects(permits));
        self.report_store_notes();
        let convert = |deleted: Result<(), CallError>| deleted.map_err(to_error);
        self.answer(deleted.map(|deleted| deleted.into_iter().map(convert).collect()))
    }

    fn list_multipart_uploads(&mut self, name: String) -> HostResult<Vec<wit::MultipartUploadInfo>> {
        let request = objects_request("list-multipart-uploads", RawTarget::Object(&name));
        let open = self.gate.call(request, |permit| self.objects.list_multipart_uploads(permit));
        self.report_store_notes();
        let convert = |lockstep_objects::MultipartUploadInfo { name, upload_id, created_at }| {
            wit::MultipartUploadInfo { name, upload_id, created_at }
        };
        self.answer(open.map(|open| open.into_iter().map(convert).collect()))
    }

    fn create_multipart_upload(
        &mut self,
        name: String,
        options: wit::PutOptions,
    ) -> HostResult<Resource<UploadHandle>> {
        let options = read_put_options(options);
        let request = objects_request("create-multipart-upload", RawTarget::Object(&name));
        let created =
            self.gate.call(request, |permit| self.objects.create_multipart_upload(permit, &options));
        self.report_store_notes();
        self.push_upload(created)
    }

    fn resume_multipart_upload(
        &mut self,
        name: String,
        id: String,
        checksum: wit::ChecksumAlgorithm,
    ) -> HostResult<Resource<UploadHandle>> {
        let checksum = read_checksum(checksum);
        let request = objects_request("resume-multipart-upload", RawTarget::Object(&name));
        let resumed =
            self.gate.call(request, |permit| self.objects.resume_multipart_upload(permit, &id, checksum));
        self.push_upload(resumed)
    }
}

impl wit::HostMultipartUpload for RunHost {
    fn list_parts(&mut self, upload: Resource<UploadHandle>) -> HostResult<Vec<wit::PartInfo>> {
        let Self { gate, objects, state, .. } = self;
        let UploadHandle(upload) = state.table.get(&upload)?;
        let request = objects_request("list-parts", RawTarget::Object(upload.name()));
        let parts = gate.call(request, |_| objects.list_parts(upload));
        self.report_store_notes();
        self.answer(parts.map(|parts| parts.into_iter().map(to_part).collect()))
    }

    fn upload_parts(
        &mut self,
        upload: Resource<UploadHandle>,
        source: Resource<FileHandle>,
        ranges: Vec<wit::PartRange>,
    ) -> HostResult<Vec<Result<wit::PartInfo, Error>>> {
        let ranges: Vec<_> = ranges.into_iter().map(read_range).collect();
        let Self { gate, objects, state, live, .. } = self;
        // The table holds both and lends only one at a time, so the upload leaves it for the call.
        let name = state.table.get(&upload)?.0.name().to_owned();
        let mut borrowed = std::mem::replace(
            state.table.get_mut(&upload)?,
            UploadHandle(lockstep_objects::MultipartUpload::none()),
        );
        let file = &state.table.get(&source)?.file;
        let request = objects_request("upload-parts", RawTarget::Object(&name));
        let parts = gate.call(request, |_| {
            let progress = &mut |done, total| report_progress(&mut **live, done, total);
            objects.upload_parts(&mut borrowed.0, file, &ranges, progress)
        });
        *state.table.get_mut(&upload)? = borrowed;
        self.report_store_notes();
        let convert =
            |part: Result<lockstep_objects::PartInfo, CallError>| part.map(to_part).map_err(to_error);
        self.answer(parts.map(|parts| parts.into_iter().map(convert).collect()))
    }

    fn complete(
        &mut self,
        upload: Resource<UploadHandle>,
        parts: Vec<wit::PartInfo>,
        precondition: wit::Precondition,
    ) -> HostResult<wit::ObjectInfo> {
        let parts: Vec<_> = parts.into_iter().map(read_part).collect();
        let precondition = read_precondition(precondition);
        let Self { gate, objects, state, .. } = self;
        let UploadHandle(upload) = state.table.get_mut(&upload)?;
        let name = upload.name().to_owned();
        let request = objects_request("complete", RawTarget::Object(&name));
        let stored = gate.call(request, |_| objects.complete(upload, &parts, &precondition));
        self.report_store_notes();
        self.answer(stored.map(to_object_info))
    }

    fn abort(&mut self, upload: Resource<UploadHandle>) -> HostResult<()> {
        let Self { gate, objects, state, .. } = self;
        let UploadHandle(upload) = state.table.get(&upload)?;
        let request = objects_request("abort", RawTarget::Object(upload.name()));
        let aborted = gate.call(request, |_| objects.abort(upload));
        self.report_store_notes();
        self.answer(aborted)
    }

    fn drop(&mut self, upload: Resource<UploadHandle>) -> wasmtime::Result<()> {
        self.state.table.delete(upload)?;
        Ok(())
    }
}

impl RunHost {
    /// Gives the component a handle to an upload.
    fn push_upload(
        &mut self,
        upload: Result<lockstep_objects::MultipartUpload, CallError>,
    ) -> HostResult<Resource<UploadHandle>> {
        let handle = upload.and_then(|upload| {
            let too_many = |_| CallError::LimitExceeded("more handles than a component may hold".into());
            self.state.table.push(UploadHandle(upload)).map_err(too_many)
        });
        self.answer(handle)
    }

    /// Adds the notes of the store to the report. The log has them already.
    fn report_store_notes(&mut self) {
        self.notes.extend(self.objects.notes());
    }
}

fn objects_request<'a>(function: &'static str, target: RawTarget<'a>) -> CallRequest<'a> {
    CallRequest::new(Capability::Objects, function, target)
}

/// The request to write an object. If the content is a file, the gate also checks the right to read that file.
fn put_request((name, source): &(String, Option<String>)) -> CallRequest<'_> {
    CallRequest { source: source.as_deref(), ..objects_request("put-objects", RawTarget::Object(name)) }
}

/// Reports the progress of a call in megabytes; a call below 10 MB reports none.
fn report_progress(live: &mut dyn LiveLog, done: u64, total: u64) {
    const MEGA: u64 = 1_000_000;
    if total >= 10 * MEGA {
        live.progress(done / MEGA, Some(total / MEGA), "MB");
    }
}

fn read_put(put: wit::PutRequest) -> ((String, Option<String>), lockstep_objects::PutRequest) {
    let (source, content) = match put.content {
        wit::Content::File(path) => (Some(path), lockstep_objects::Content::File),
        wit::Content::Bytes(bytes) => (None, lockstep_objects::Content::Bytes(bytes)),
    };
    (
        (put.name, source),
        lockstep_objects::PutRequest {
            content,
            options: put.options,
            precondition: read_precondition(put.precondition),
        },
    )
}

fn read_put_options(options: wit::PutOptions) -> lockstep_objects::PutOptions {
    let pairs = |pairs: Vec<wit::NameValue>| pairs.into_iter().map(|pair| (pair.name, pair.value)).collect();
    let retention = |retention: wit::Retention| lockstep_objects::Retention {
        mode: match retention.mode {
            wit::RetentionMode::Governance => lockstep_objects::RetentionMode::Governance,
            wit::RetentionMode::Compliance => lockstep_objects::RetentionMode::Compliance,
        },
        until: retention.until,
    };
    lockstep_objects::PutOptions {
        headers: pairs(options.headers),
        metadata: pairs(options.metadata),
        tags: pairs(options.tags),
        checksum: read_checksum(options.checksum),
        encryption: options.encryption,
        retention: options.retention.map(retention),
        acl: options.acl,
        storage_class: options.storage_class,
        website_redirect: options.website_redirect,
    }
}

fn read_precondition(precondition: wit::Precondition) -> lockstep_objects::Precondition {
    match precondition {
        wit::Precondition::None => lockstep_objects::Precondition::None,
        wit::Precondition::IfNoneMatch => lockstep_objects::Precondition::IfNoneMatch,
        wit::Precondition::IfMatch(etag) => lockstep_objects::Precondition::IfMatch(etag),
    }
}

fn read_checksum(checksum: wit::ChecksumAlgorithm) -> Algorithm {
    match checksum {
        wit::ChecksumAlgorithm::Crc64nvme => Algorithm::Crc64Nvme,
        wit::ChecksumAlgorithm::Crc32c => Algorithm::Crc32c,
        wit::ChecksumAlgorithm::Sha256 => Algorithm::Sha256,
    }
}

fn read_range(range: wit::PartRange) -> lockstep_objects::PartRange {
    let wit::PartRange { part_number, offset, length } = range;
    lockstep_objects::PartRange { part_number, offset, length }
}

fn read_part(part: wit::PartInfo) -> lockstep_objects::PartInfo {
    let wit::PartInfo { part_number, size, etag, checksum } = part;
    lockstep_objects::PartInfo { part_number, size, etag, checksum }
}

fn to_part(part: lockstep_objects::PartInfo) -> wit::PartInfo {
    let lockstep_objects::PartInfo { part_number, size, etag, checksum } = part;
    wit::PartInfo { part_number, size, etag, checksum }
}

fn to_page(page: lockstep_objects::ObjectPage) -> wit::ObjectPage {
    let convert =
        |lockstep_objects::ObjectSummary { name, size, etag }| wit::ObjectSummary { name, size, etag };
    wit::ObjectPage { objects: page.objects.into_iter().map(convert).collect(), next: page.next }
}

fn to_object_info(stored: lockstep_objects::ObjectInfo) -> wit::ObjectInfo {
    let algorithm = |algorithm| match algorithm {
        Algorithm::Crc64Nvme => Some(wit::ChecksumAlgorithm::Crc64nvme),
        Algorithm::Crc32c => Some(wit::ChecksumAlgorithm::Crc32c),
        Algorithm::Sha256 => Some(wit::ChecksumAlgorithm::Sha256),
        Algorithm::Md5 => None,
    };
    let checksum =
        stored.checksum.and_then(|(kind, value)| Some(wit::Checksum { algorithm: algorithm(kind)?, value }));
    let sha256 = stored.sha256.map(|digest: Digest| digest.hex());
    wit::ObjectInfo { size: stored.size, etag: stored.etag, version_id: stored.version_id, checksum, sha256 }
}
