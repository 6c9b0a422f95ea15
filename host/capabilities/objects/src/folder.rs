//! A local folder as a store: an object is a file, and its key is the path from `/`. It follows no link, gives a file
//! its name only after writing all of it, and keeps no headers, metadata or tags.

use super::s3::ContentSource;
use super::temporary::{self, SweptFolders, TemporaryFile};
use super::types::{ObjectInfo, ObjectPage, ObjectSummary, Precondition, PutOptions};
use lockstep_model::call::CallError;
use lockstep_model::digest::Digest;
use lockstep_model::object::{ObjectName, ObjectStore};
use lockstep_model::protected::OWN_PREFIX;
use lockstep_workspace::hash::{self, Algorithm, Hasher};
use lockstep_workspace::{OpenFile, OwnPaths};
use rustix::fd::{AsFd, OwnedFd};
use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags, openat};
use rustix::io::Errno;
use std::fs::File;
use std::io::{self, Read as _, Write as _};

/// The bytes of a file that are in memory at once.
const BUFFER_BYTES: u32 = 1024 * 1024;
/// The deepest folder that a list enters.
const MAX_DEPTH: usize = 128;

const OPEN_FOLDER: OFlags =
    OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);

/// Lists all files below a prefix. With `removes_leftovers` it removes the temporary files of killed runs.
pub(super) fn list(
    prefix: &ObjectName,
    start: Option<&str>,
    max_files: usize,
    removes_leftovers: bool,
) -> Result<ObjectPage, CallError> {
    let folder = match parent(prefix.key(), ParentFolders::Require) {
        Ok((folder, _)) => folder,
        Err(error) if error.raw_os_error() == Some(Errno::NOENT.raw_os_error()) => {
            return Ok(ObjectPage::default());
        }
        Err(error) => return Err(failed("list", prefix, &error)),
    };
    let mut objects = Vec::new();
    let mut walk = FolderWalk { max_files, removes_leftovers, objects: &mut objects };
    walk.folder(&folder, prefix.as_str(), 0).map_err(|error| failed("list", prefix, &error))?;
    objects.retain(|object| start.is_none_or(|start| object.name.as_str() > start));
    objects.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(ObjectPage { objects, next: None })
}

/// Walks through the folders of a store.
struct FolderWalk<'f> {
    max_files: usize,
    removes_leftovers: bool,
    objects: &'f mut Vec<ObjectSummary>,
}

impl FolderWalk<'_> {
    fn folder(&mut self, folder: &OwnedFd, name: &str, depth: usize) -> io::Result<()> {
        if depth > MAX_DEPTH {
            return Err(io::Error::other(format!("it has more than {MAX_DEPTH} levels of folders")));
        }
        for entry in Dir::read_from(folder)? {
            let entry = entry?;
            let Ok(part) = entry.file_name().to_str() else {
                continue;
            };
            if matches!(part, "." | "..") || part.starts_with(OWN_PREFIX) {
                if self.removes_leftovers {
                    temporary::remove(folder, part);
                }
                continue;
            }
            let stat = rustix::fs::statat(folder, part, AtFlags::SYMLINK_NOFOLLOW)?;
            match FileType::from_raw_mode(stat.st_mode) {
                FileType::Directory => {
                    let below = openat(folder, part, OPEN_FOLDER, Mode::empty())?;
                    self.folder(&below, &format!("{name}{part}/"), depth + 1)?;
                }
                FileType::RegularFile => {
                    let size = u64::try_from(stat.st_size).unwrap_or_default();
                    self.objects.push(ObjectSummary {
                        name: format!("{name}{part}"),
                        size,
                        etag: String::new(),
                    });
                }
                _ => {}
            }
            if self.objects.len() > self.max_files {
                return Err(io::Error::other(format!("it holds more than {} files", self.max_files)));
            }
        }
        Ok(())
    }
}

/// The size of a file and the SHA-256 of its content; none if there is no file.
pub(super) fn head(name: &ObjectName) -> Result<Option<ObjectInfo>, CallError> {
    let read = || -> io::Result<ObjectInfo> {
        let (folder, file) = parent(name.key(), ParentFolders::Require)?;
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let mut opened = File::from(openat(&folder, file, flags, Mode::empty())?);
        if !opened.metadata()?.is_file() {
            return Err(io::Error::other("it is not a regular file"));
        }
        let mut hasher = Hasher::new(Algorithm::Sha256);
        let (mut size, mut buffer) = (0, vec![0; BUFFER_BYTES as usize]);
        loop {
            let length = opened.read(&mut buffer)?;
            if length == 0 {
                break;
            }
            hasher.update(&buffer[..length]);
            size += length as u64;
        }
        let checksum = Some((Algorithm::Sha256, hash::hex(&hasher.finish())));
        Ok(ObjectInfo { size, checksum, ..ObjectInfo::default() })
    };
    match read() {
        Ok(stored) => Ok(Some(stored)),
        Err(error) if is_missing(&error) => Ok(None),
        Err(error) => Err(failed("head", name, &error)),
    }
}

/// Writes a file under a temporary name, and then renames it.
pub(super) fn put(
    name: &ObjectName,
    content: ContentSource,
    options: &PutOptions,
    precondition: &Precondition,
    swept: &mut SweptFolders,
) -> Result<ObjectInfo, CallError> {
    let refused = [
        ("encryption", options.encryption.is_some()),
        ("retention", options.retention.is_some()),
        ("ACL", options.acl.is_some()),
        ("storage class", options.storage_class.is_some()),
        ("redirect", options.website_redirect.is_some()),
    ];
    if let Some((option, _)) = refused.into_iter().find(|(_, is_set)| *is_set) {
        return Err(CallError::Invalid(format!("put `{name}`: a local folder has no {option}")));
    }
    let (folder, file) =
        parent(name.key(), ParentFolders::Create).map_err(|error| failed("put", name, &error))?;
    swept.sweep(&folder);
    let temporary = TemporaryFile::new(&folder, !matches!(content, ContentSource::Bytes(_)));
    let temporary = temporary.map_err(|error| failed("put", name, &error))?;
    let (size, digest) = write(temporary.file(), content, name)?;
    temporary.rename_to(file, precondition).map_err(|error| match error.raw_os_error() {
        Some(code) if code == Errno::EXIST.raw_os_error() => {
            CallError::Conflict(format!("put `{name}`: the file exists"))
        }
        _ => failed("put", name, &error),
    })?;
    let checksum = Some((Algorithm::Sha256, digest.hex()));
    Ok(ObjectInfo { size, checksum, sha256: Some(digest), ..ObjectInfo::default() })
}

/// Copies the content, and returns its size and digest.
fn write(mut target: &File, content: ContentSource, name: &ObjectName) -> Result<(u64, Digest), CallError> {
    let mut hasher = Hasher::new(Algorithm::Sha256);
    let mut copy = |bytes: &[u8]| {
        hasher.update(bytes);
        target.write_all(bytes).map_err(|error| failed("put", name, &error))
    };
    let size = content.size();
    match content {
        ContentSource::Bytes(bytes) => copy(&bytes)?,
        ContentSource::File(file) => {
            let file: OpenFile = file?;
            let mut offset = 0;
            while offset < size {
                let bytes = file.read_at(offset, BUFFER_BYTES)?;
                offset += bytes.len() as u64;
                copy(&bytes)?;
            }
            file.check_unchanged()?;
            let mode = Mode::from_raw_mode(file.mode()) & (Mode::RWXU | Mode::RWXG | Mode::RWXO);
            rustix::fs::fchmod(target, mode).map_err(|error| failed("put", name, &error.into()))?;
        }
    }
    let digest = <[u8; 32]>::try_from(hasher.finish());
    digest
        .map(|digest| (size, Digest::from(digest)))
        .map_err(|_| CallError::Local(format!("put `{name}`: no digest")))
}

/// Deletes a file. A missing file is no error.
pub(super) fn delete(name: &ObjectName) -> Result<(), CallError> {
    let removed = parent(name.key(), ParentFolders::Require)
        .and_then(|(folder, file)| Ok(rustix::fs::unlinkat(&folder, file, AtFlags::empty())?));
    match removed {
        Err(error) if !is_missing(&error) => Err(failed("delete", name, &error)),
        _ => Ok(()),
    }
}

/// Whether the folders of a key must exist.
#[derive(Clone, Copy, PartialEq, Eq)]
enum ParentFolders {
    Create,
    Require,
}

/// Checks that none of these objects is a file of the run itself.
///
/// # Errors
/// `Denied` for the first that is one.
pub(super) fn check_own(own: &OwnPaths, verb: &str, names: &[&ObjectName]) -> Result<(), CallError> {
    for name in names.iter().filter(|name| name.store() == ObjectStore::Folder) {
        if let Some(reason) = own.reason(&format!("/{}", name.key())) {
            return Err(CallError::Denied(format!("{verb} `{name}`: it {reason}")));
        }
    }
    Ok(())
}

/// Opens the folder of a key, part by part from `/`, and returns it with the name of the file, which is empty for a
/// prefix.
fn parent(key: &str, parents: ParentFolders) -> io::Result<(OwnedFd, &str)> {
    let (folders, file) = key.rsplit_once('/').unwrap_or(("", key));
    let mut folder = rustix::fs::open("/", OPEN_FOLDER, Mode::empty())?;
    for part in folders.split('/').filter(|part| !part.is_empty()) {
        if parents == ParentFolders::Create {
            match rustix::fs::mkdirat(&folder, part, Mode::RWXU | Mode::RWXG | Mode::RWXO) {
                Ok(()) | Err(Errno::EXIST) => {}
                // The folder may exist in one that the run cannot write to.
                Err(_) => {}
            }
        }
        folder = openat(folder.as_fd(), part, OPEN_FOLDER, Mode::empty()).map_err(|error| match error {
            Errno::LOOP | Errno::NOTDIR => io::Error::other(format!(
                "`{part}` is a symbolic link or not a folder; name the folder itself"
            )),
            error => error.into(),
        })?;
    }
    Ok((folder, file))
}

fn is_missing(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::NotFound
}

/// The error of a folder of this machine is a local one.
fn failed(verb: &str, name: &ObjectName, error: &io::Error) -> CallError {
    CallError::Local(format!("{verb} `{name}`: {error}"))
}
