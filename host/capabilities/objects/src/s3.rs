//! Requests to an S3-compatible server: heads, writes and deletes objects. It knows no grant; [`super::Objects`]
//! takes the names from permits.

use super::batch::{BatchTask, run_batch};
use super::checksums::{Checksums, add_checksum, checksum_in};
use super::connect::{S3Connection, content_timeouts};
use super::evidence::{Segment, WrittenObject};
use super::failure::{is_about_checksum, request_error};
use super::location::ObjectLocation;
use super::notes::Notes;
use super::options::apply_options;
use super::types::{Content, ObjectInfo, Precondition, PutOptions};
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::ChecksumMode;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use lockstep_model::call::CallError;
use lockstep_model::report::Level;
use lockstep_model::secret_registry::SecretRegistry;
use lockstep_workspace::OpenFile;
use lockstep_workspace::hash::{self, Algorithm};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// The most bytes of an object that the host writes whole, because it is in memory meanwhile.
pub(super) const MAX_WHOLE_BYTES: u64 = 64 * 1024 * 1024;
/// A client of one S3-compatible server.
pub(super) struct S3Store {
    pub(super) connection: S3Connection,
    pub(super) secrets: Arc<SecretRegistry>,
    /// Whether the server has rejected checksums.
    pub(super) no_checksums: AtomicBool,
    pub(super) notes: Arc<Notes>,
}

impl S3Store {
    /// The error of a request after its last attempt.
    pub(super) fn request_error<E>(&self, verb: &str, name: &str, error: &SdkError<E>) -> CallError
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        request_error(&format!("{verb} `{name}`"), &self.connection.endpoint, &self.secrets, error)
    }

    /// Whether to send the request again without checksums. Warns once for a server.
    pub(super) fn falls_back_to_md5<E>(&self, error: &SdkError<E>) -> bool
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        if !is_about_checksum(error) || self.no_checksums.swap(true, Ordering::Relaxed) {
            return false;
        }
        let endpoint = &self.connection.endpoint;
        self.warn(format!("{endpoint} takes no checksums of S3; Lockstep compares MD5 digests instead"));
        true
    }

    pub(super) fn warn(&self, text: String) {
        self.notes.add(Level::Warning, text);
    }

    pub(super) async fn head(&self, location: &ObjectLocation) -> Result<Option<ObjectInfo>, CallError> {
        let mut request = self.connection.client.head_object().bucket(&location.bucket).key(&location.key);
        if !self.no_checksums.load(Ordering::Relaxed) {
            request = request.checksum_mode(ChecksumMode::Enabled);
        }
        let mut response = request.clone().send().await;
        // The response to HEAD has no body. The body of the response to GET names the reason, for example expired
        // credentials, and the next request then gets other credentials.
        if response.as_ref().is_err_and(|error| has_status(error, &[400, 401, 403])) {
            let first = self
                .connection
                .client
                .get_object()
                .bucket(&location.bucket)
                .key(&location.key)
                .range("bytes=0-0");
            match first.send().await.map_err(|error| self.request_error("head", &location.name, &error)) {
                // An empty object has no first byte.
                Ok(_) | Err(CallError::Upstream { status: 416, .. }) => response = request.send().await,
                Err(CallError::NotFound(_)) => return Ok(None),
                Err(error) => return Err(error),
            }
        }
        let answer = match response.map_err(|error| self.request_error("head", &location.name, &error)) {
            Ok(answer) => answer,
            Err(CallError::NotFound(_)) => return Ok(None),
            Err(error) => return Err(error),
        };
        // For a multipart object the store may have only a checksum of the parts' checksums, which ends with `-N`.
        let of_whole =
            |text: Option<String>| text.filter(|text| !text.contains('-')).and_then(|text| hex_of(&text));
        let checksum = [
            (Algorithm::Crc64Nvme, answer.checksum_crc64_nvme),
            (Algorithm::Crc32c, answer.checksum_crc32_c),
            (Algorithm::Sha256, answer.checksum_sha256),
        ];
        let checksum = checksum.into_iter().find_map(|(algorithm, text)| Some((algorithm, of_whole(text)?)));
        Ok(Some(ObjectInfo {
            size: answer.content_length.and_then(|size| size.try_into().ok()).unwrap_or_default(),
            etag: unquoted(answer.e_tag),
            version_id: answer.version_id,
            checksum,
            sha256: None,
        }))
    }

    /// Writes a whole object.
    pub(super) async fn put(
        &self,
        location: &ObjectLocation,
        content: ContentSource,
        options: &PutOptions,
        precondition: &Precondition,
    ) -> Result<ObjectInfo, CallError> {
        let (bytes, checksums) = content.read(options.checksum).await?;
        let answer = loop {
            let no_checksums = self.no_checksums.load(Ordering::Relaxed);
            let request = self.connection.client.put_object().bucket(&location.bucket).key(&location.key);
            let request = apply_options!(request, options);
            let request = match precondition {
                Precondition::None => request,
                Precondition::IfNoneMatch => request.if_none_match("*"),
                Precondition::IfMatch(etag) => request.if_match(format!("\"{etag}\"")),
            };
            let request = add_checksum!(request, checksums, &bytes, options.checksum, no_checksums);
            let request = request.body(ByteStream::from(bytes.clone())).customize();
            let request = request.config_override(content_timeouts(bytes.len() as u64));
            match request.interceptor(checksums.signing(self.connection.is_protected)).send().await {
                Ok(answer) => break answer,
                Err(error) if !no_checksums && self.falls_back_to_md5(&error) => {}
                // Another request has learned that the server takes no checksums.
                Err(error) if !no_checksums && is_about_checksum(&error) => {}
                Err(error) => return Err(self.request_error("put", &location.name, &error)),
            }
        };
        let server_checksum = checksum_in!(answer, options.checksum);
        let etag = unquoted(answer.e_tag);
        if !checksums.matches(server_checksum.as_deref(), &etag, &bytes) {
            let digest = checksums.digest().map(|digest| digest.bytes().to_vec()).unwrap_or_default();
            let sent = Segment { size: bytes.len() as u64, algorithm: Algorithm::Sha256, digest };
            let written = WrittenObject { etag: &etag, version_id: answer.version_id.as_deref() };
            self.read_back(location, &[sent], written).await?;
        }
        Ok(ObjectInfo {
            size: bytes.len() as u64,
            etag,
            version_id: answer.version_id,
            checksum: Some((options.checksum, checksums.checksum_hex())),
            sha256: checksums.digest(),
        })
    }

    pub(super) async fn delete(&self, location: &ObjectLocation) -> Result<(), CallError> {
        let request = self.connection.client.delete_object().bucket(&location.bucket).key(&location.key);
        match request.send().await.map_err(|error| self.request_error("delete", &location.name, &error)) {
            Ok(_) | Err(CallError::NotFound(_)) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Heads many objects, several at once.
    pub(super) async fn head_all(
        self: &Arc<Self>,
        locations: Vec<ObjectLocation>,
        progress: &mut dyn FnMut(u64, u64),
    ) -> Vec<Result<Option<ObjectInfo>, CallError>> {
        let task = |location: ObjectLocation| {
            let s3 = Arc::clone(self);
            BatchTask { bytes: 1, work: async move { s3.head(&location).await } }
        };
        run_batch(&self.connection.monitor.limiter, locations.into_iter().map(task), progress).await
    }
}

/// The source of an object's content.
pub(super) enum ContentSource {
    File(Result<OpenFile, CallError>),
    Bytes(Vec<u8>),
}

impl ContentSource {
    pub(super) fn of(content: Content, open: impl FnOnce() -> Result<OpenFile, CallError>) -> Self {
        match content {
            Content::File => Self::File(open()),
            Content::Bytes(bytes) => Self::Bytes(bytes),
        }
    }

    /// The bytes of the content.
    pub(super) fn size(&self) -> u64 {
        match self {
            Self::File(Ok(file)) => file.size(),
            Self::File(Err(_)) => 0,
            Self::Bytes(bytes) => bytes.len() as u64,
        }
    }

    /// The content with its checksums. Fails if the file changed after the host opened it.
    async fn read(self, algorithm: Algorithm) -> Result<(bytes::Bytes, Checksums), CallError> {
        let size = self.size();
        if size > MAX_WHOLE_BYTES {
            return Err(CallError::LimitExceeded(format!(
                "an object of {size} bytes is too long for one write; use a multipart upload"
            )));
        }
        let read = move || {
            let bytes = match self {
                Self::File(file) => {
                    let file = file?;
                    let bytes = file.read_at(0, u32::try_from(size).unwrap_or(u32::MAX))?;
                    file.check_unchanged()?;
                    bytes
                }
                Self::Bytes(bytes) => bytes,
            };
            let checksums = Checksums::of(&bytes, algorithm);
            Ok((bytes::Bytes::from(bytes), checksums))
        };
        match tokio::task::spawn_blocking(read).await {
            Ok(read) => read,
            Err(error) => Err(CallError::Unavailable(format!("cannot read: {error}"))),
        }
    }
}

fn has_status<E>(error: &SdkError<E>, statuses: &[u16]) -> bool {
    error.raw_response().is_some_and(|response| statuses.contains(&response.status().as_u16()))
}

pub(super) fn unquoted(etag: Option<String>) -> String {
    etag.unwrap_or_default().trim_matches('"').to_owned()
}

/// Converts a checksum from base64, the format of S3, to hexadecimal digits.
pub(super) fn hex_of(base64: &str) -> Option<String> {
    BASE64.decode(base64).ok().map(|bytes| hash::hex(&bytes))
}
