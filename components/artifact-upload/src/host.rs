//! What this step needs from the outside, as a trait and plain data: the host in a run, a model in tests. It decides
//! nothing.

pub use lockstep_glue::Fault;

/// A digest of content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Algorithm {
    /// SHA-256.
    Sha256,
    /// MD5, which entity tags are made of.
    Md5,
    /// CRC-32C.
    Crc32c,
    /// CRC-64/NVME.
    Crc64nvme,
}

/// A file that a pattern found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Its path.
    pub path: String,
    /// Its size in bytes.
    pub size: u64,
    /// Its permission bits.
    pub mode: u32,
}

/// A symbolic link that a pattern found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// Its own path.
    pub path: String,
    /// What it points to.
    pub target: String,
}

/// An object as a listing shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Its full name.
    pub name: String,
    /// Its size in bytes.
    pub size: u64,
    /// Its entity tag without quotes.
    pub etag: String,
}

/// Part of a listing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// In the order of their names.
    pub objects: Vec<Listed>,
    /// Where the next page begins.
    pub next: Option<String>,
}

/// What a store says about an object.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stored {
    /// Its size in bytes.
    pub size: u64,
    /// Its entity tag without quotes.
    pub etag: String,
    /// Its version, if there are versions.
    pub version: Option<String>,
    /// A checksum of the whole content, if the store has one.
    pub checksum: Option<(Algorithm, String)>,
    /// The SHA-256 of the content as it was sent whole.
    pub digest: Option<String>,
}

/// What keeps an object from being deleted or replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Retention {
    /// Whether nobody at all can lift it.
    pub compliance: bool,
    /// Until when, in seconds since 1970-01-01T00:00:00Z.
    pub until: u64,
}

/// How an object is kept.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Keeping {
    /// Headers, sorted by name.
    pub headers: Vec<(String, String)>,
    /// Metadata of the user.
    pub metadata: Vec<(String, String)>,
    /// Tags.
    pub tags: Vec<(String, String)>,
    /// The checksum that goes with the content.
    pub checksum: Algorithm,
    /// As the contract spells it.
    pub encryption: Option<String>,
    /// The lock.
    pub retention: Option<Retention>,
}

/// What must hold for an object to be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// Nothing.
    Always,
    /// There is no object of this name.
    Absent,
}

/// What an object is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// The path of a file.
    File(String),
    /// These bytes.
    Bytes(Vec<u8>),
}

/// An object to be written whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Put {
    /// Its full name.
    pub name: String,
    /// What it is made of.
    pub content: Content,
    /// Which of the keepings of the call.
    pub keeping: u32,
    /// What must hold.
    pub when: When,
}

/// An upload in parts that is neither complete nor aborted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Open {
    /// The full name of the object that it would make.
    pub name: String,
    /// What the store calls it.
    pub id: String,
}

/// Which bytes of a file a part holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range {
    /// From 1 on.
    pub number: u32,
    /// Where it begins.
    pub offset: u64,
    /// How long it is.
    pub length: u64,
}

/// A part that a store holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// From 1 on.
    pub number: u32,
    /// Its size in bytes.
    pub size: u64,
    /// Its entity tag.
    pub etag: String,
    /// Its checksum, if the store keeps one.
    pub checksum: Option<String>,
}

/// Files and the store. Lists of results are as long as the lists they answer.
pub trait Host {
    /// A file that is open.
    type File;
    /// An upload in parts.
    type Upload;

    /// Finds regular files, sorted by path.
    ///
    /// # Errors
    /// The pattern cannot be followed everywhere.
    fn glob(&mut self, pattern: &str) -> Result<Vec<Found>, Fault>;
    /// Finds symbolic links.
    ///
    /// # Errors
    /// The pattern cannot be followed everywhere.
    fn links(&mut self, pattern: &str) -> Result<Vec<Link>, Fault>;
    /// Digests of whole files, or of each so many bytes of them.
    ///
    /// # Errors
    /// One of the files cannot be read, or changes meanwhile.
    fn digests(
        &mut self,
        paths: &[String],
        algorithm: Algorithm,
        piece: Option<u64>,
    ) -> Result<Vec<Vec<String>>, Fault>;
    /// Opens a file to send parts of it.
    ///
    /// # Errors
    /// It is not there or cannot be read.
    fn open(&mut self, path: &str) -> Result<Self::File, Fault>;
    /// The size of an open file.
    fn size(&mut self, file: &Self::File) -> u64;

    /// A page of what is below a prefix.
    ///
    /// # Errors
    /// The store does not tell.
    fn list(&mut self, prefix: &str, start: Option<&str>) -> Result<Page, Fault>;
    /// What the store says about these objects.
    ///
    /// # Errors
    /// Nothing was asked.
    fn head(&mut self, names: &[String]) -> Result<Vec<Result<Option<Stored>, Fault>>, Fault>;
    /// Writes objects.
    ///
    /// # Errors
    /// Nothing was sent.
    fn put(&mut self, objects: &[Put], keepings: &[Keeping]) -> Result<Vec<Result<Stored, Fault>>, Fault>;
    /// Deletes objects.
    ///
    /// # Errors
    /// Nothing was deleted.
    fn delete(&mut self, names: &[String]) -> Result<Vec<Result<(), Fault>>, Fault>;
    /// The open uploads of an object.
    ///
    /// # Errors
    /// The store does not tell.
    fn open_uploads(&mut self, name: &str) -> Result<Vec<Open>, Fault>;
    /// Begins an upload.
    ///
    /// # Errors
    /// The store does not.
    fn begin(&mut self, name: &str, keeping: &Keeping) -> Result<Self::Upload, Fault>;
    /// Goes on with an upload.
    ///
    /// # Errors
    /// The store does not.
    fn resume(&mut self, open: &Open, checksum: Algorithm) -> Result<Self::Upload, Fault>;
    /// The parts that the store holds.
    ///
    /// # Errors
    /// The upload is no longer open, or the store does not tell.
    fn parts(&mut self, upload: &Self::Upload) -> Result<Vec<Part>, Fault>;
    /// Sends parts.
    ///
    /// # Errors
    /// Nothing was sent.
    fn put_parts(
        &mut self,
        upload: &Self::Upload,
        file: &Self::File,
        ranges: &[Range],
    ) -> Result<Vec<Result<Part, Fault>>, Fault>;
    /// Makes the object of its parts.
    ///
    /// # Errors
    /// The upload is no longer open, the condition does not hold, or the store does not.
    fn complete(&mut self, upload: &Self::Upload, parts: &[Part], when: When) -> Result<Stored, Fault>;
    /// Gives an upload up.
    ///
    /// # Errors
    /// The store does not.
    fn abort(&mut self, upload: &Self::Upload) -> Result<(), Fault>;

    /// Says how many of how many are done: objects, or megabytes.
    fn progress(&mut self, done: u64, total: u64, unit: &str);
}

impl Algorithm {
    /// As inputs spell it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Sha256 => "sha256",
            Self::Md5 => "md5",
            Self::Crc32c => "crc32c",
            Self::Crc64nvme => "crc64nvme",
        }
    }
}
