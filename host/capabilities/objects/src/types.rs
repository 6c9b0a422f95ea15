//! The records of `wit/objects.wit`. They hold no credential.

use lockstep_model::digest::Digest;
use lockstep_workspace::hash::Algorithm;

/// An object in a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectSummary {
    /// Its full name.
    pub name: String,
    /// Its size in bytes.
    pub size: u64,
    /// The entity tag without quotes; empty in a folder.
    pub etag: String,
}

/// A page of a listing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ObjectPage {
    /// The objects, sorted by name.
    pub objects: Vec<ObjectSummary>,
    /// The start of the next page; none for the last page.
    pub next: Option<String>,
}

/// What a store says about an object.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ObjectInfo {
    /// Its size in bytes.
    pub size: u64,
    /// The entity tag without quotes; empty in a folder.
    pub etag: String,
    /// The version, if the bucket keeps versions.
    pub version_id: Option<String>,
    /// The checksum of the whole content in hexadecimal digits, if the store has one.
    pub checksum: Option<(Algorithm, String)>,
    /// The SHA-256 of the sent content; none if this run did not send all of it.
    pub sha256: Option<Digest>,
}

/// The mode of a retention.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RetentionMode {
    /// Users with a special right can lift it.
    Governance,
    /// Nobody can lift it.
    Compliance,
}

/// Keeps an object from being deleted or replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// The mode of the retention.
    pub mode: RetentionMode,
    /// The end, in seconds since 1970.
    pub until: u64,
}

/// Options of new objects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PutOptions {
    /// HTTP headers with lower-case names.
    pub headers: Vec<(String, String)>,
    /// User metadata.
    pub metadata: Vec<(String, String)>,
    /// Tags.
    pub tags: Vec<(String, String)>,
    /// The checksum of the content; never MD5.
    pub checksum: Algorithm,
    /// `AES256`, `aws:kms`, or `aws:kms:` and the key.
    pub encryption: Option<String>,
    /// The retention.
    pub retention: Option<Retention>,
    /// The canned ACL.
    pub acl: Option<String>,
    /// The storage class.
    pub storage_class: Option<String>,
    /// Where a website redirects requests for the object to.
    pub website_redirect: Option<String>,
}

/// A precondition of a write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Precondition {
    /// No precondition.
    None,
    /// No object has this name.
    IfNoneMatch,
    /// The object has this entity tag.
    IfMatch(String),
}

/// An open multipart upload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MultipartUploadInfo {
    /// The full name of the object.
    pub name: String,
    /// The upload ID.
    pub upload_id: String,
    /// When it was created, in seconds since 1970.
    pub created_at: u64,
}

/// The bytes of a file that become a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PartRange {
    /// From 1 to 10,000.
    pub part_number: u32,
    /// The offset in the file.
    pub offset: u64,
    /// The length in bytes.
    pub length: u64,
}

/// A part in the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartInfo {
    /// From 1 to 10,000.
    pub part_number: u32,
    /// Its size in bytes.
    pub size: u64,
    /// The entity tag without quotes.
    pub etag: String,
    /// The checksum in hexadecimal digits, if the store keeps one for this upload.
    pub checksum: Option<String>,
}

/// The content of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// The file that the permit names as the source.
    File,
    /// These bytes.
    Bytes(Vec<u8>),
}

/// A write of a whole object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PutRequest {
    /// The content.
    pub content: Content,
    /// The index of its options in the call.
    pub options: u32,
    /// The precondition.
    pub precondition: Precondition,
}

/// A change of the options of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UpdateRequest {
    /// The entity tag that the object has.
    pub etag: String,
    /// The index of its new options in the call.
    pub options: u32,
}
