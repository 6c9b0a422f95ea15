//! What passes between a component and its store: the records of `wit/objects.wit`. It never holds a credential.

use lockstep_model::digest::Digest;
use lockstep_workspace::hash::Algorithm;

/// An object as a listing shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectSummary {
    /// Its full name.
    pub name: String,
    /// Its size in bytes.
    pub size: u64,
    /// The entity tag without quotes; empty in a folder.
    pub etag: String,
}

/// PartInfo of a listing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ObjectPage {
    /// In the order of their names.
    pub objects: Vec<ObjectSummary>,
    /// Where the next page begins; none behind the last one.
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
    /// The SHA-256 of the content as this run sent it.
    pub sha256: Option<Digest>,
}

/// Who can lift a retention.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RetentionMode {
    /// Users with a special right.
    Governance,
    /// Nobody.
    Compliance,
}

/// Keeps an object from being deleted or replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// Who can lift it.
    pub mode: RetentionMode,
    /// Until when, in seconds since 1970.
    pub until: u64,
}

/// How objects are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PutOptions {
    /// HTTP headers, by their names in small letters.
    pub headers: Vec<(String, String)>,
    /// Metadata of the user.
    pub metadata: Vec<(String, String)>,
    /// Tags.
    pub tags: Vec<(String, String)>,
    /// How content is proven; never MD5.
    pub checksum: Algorithm,
    /// `AES256`, `aws:kms`, or `aws:kms:` and the key.
    pub encryption: Option<String>,
    /// Until when it stays.
    pub retention: Option<Retention>,
}

/// What must hold for an object to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Precondition {
    /// Nothing.
    None,
    /// There is no object of this name.
    IfNoneMatch,
    /// The object there has this entity tag.
    IfMatch(String),
}

/// An upload in parts that was begun and has not ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MultipartUploadInfo {
    /// The full name of the object that it would make.
    pub name: String,
    /// What the store calls it.
    pub upload_id: String,
    /// When it was begun, in seconds since 1970.
    pub created_at: u64,
}

/// Which bytes of a file a part holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PartRange {
    /// From 1 to 10,000.
    pub part_number: u32,
    /// Where it begins in the file.
    pub offset: u64,
    /// How many bytes it has.
    pub length: u64,
}

/// A part that a store holds.
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

/// The content of an object that is written whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// The file that the permit's source names.
    File,
    /// These bytes.
    Bytes(Vec<u8>),
}

/// An object to be written whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PutRequest {
    /// What it is made of.
    pub content: Content,
    /// Which of the options of the call.
    pub options: u32,
    /// What must hold.
    pub precondition: Precondition,
}
