//! Writes a file at its location. It replaces a regular file as a whole; on Linux the new file has no name before it is
//! complete, so a killed run leaves no incomplete file. It writes into pipes and devices.

use super::location::{self, ExistingFile, FileLocation};
use super::{ContentWriter, DocumentKind, OwnFileProblem};
use crate::disk;
use lockstep_model::digest::hex;
use lockstep_model::protected::OWN_PREFIX;
use rustix::fd::AsFd as _;
use rustix::fs::{FileType, Mode, OFlags, fchmod, fstat, openat};
use rustix::io::Errno;
use std::fs::File;
use std::io::{self, BufWriter, Read as _, Write};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// The time after which a pipe without any read is an error.
const READER_TIMEOUT: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(10);
const WRITE: OFlags = OFlags::WRONLY
    .union(OFlags::APPEND)
    // Otherwise opening a pipe waits for its reader.
    .union(OFlags::NONBLOCK)
    // Otherwise a terminal could become the controlling terminal of this process.
    .union(OFlags::NOCTTY)
    .union(OFlags::CLOEXEC);

/// A new file that is not in place yet.
pub(super) struct NewFile<'p> {
    location: &'p FileLocation,
    file: File,
    /// The name of its temporary file, if it has one.
    name: Option<String>,
}

/// Checks that the host can create a file at this location.
pub(super) fn probe(location: &FileLocation) -> Result<(), OwnFileProblem> {
    let new = NewFile::make(location, Some(Mode::RUSR | Mode::WUSR))?;
    new.discard();
    Ok(())
}

/// Checks that a regular file at this location is empty or a document of this kind.
pub(super) fn check_kind(location: &FileLocation, kind: DocumentKind) -> Result<(), OwnFileProblem> {
    if !matches!(location.found, ExistingFile::File(_)) {
        return Ok(());
    }
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    let file = File::from(openat(&location.parent, location.name.as_str(), flags, Mode::empty())?);
    let mut start = Vec::with_capacity(kind.start.len());
    file.take(kind.start.len() as u64).read_to_end(&mut start)?;
    let may_go = start.is_empty() || start == kind.start.as_bytes();
    may_go.then_some(()).ok_or(OwnFileProblem::OtherContent(kind.name))
}

/// Removes the file.
pub(super) fn remove(location: &FileLocation) -> Result<(), OwnFileProblem> {
    Ok(disk::remove(location.parent.as_fd(), &location.name)?)
}

/// Replaces a regular file, or writes into a pipe or device.
pub(super) fn replace(
    location: &FileLocation,
    mode: Option<Mode>,
    fill: ContentWriter<'_>,
) -> Result<(), OwnFileProblem> {
    if matches!(location.found, ExistingFile::Stream | ExistingFile::OpenFile) {
        return write_into(&stream(location)?, fill);
    }
    let new = NewFile::make(location, mode)?;
    let nameless = new.name.is_none();
    match new.put(fill) {
        // Some file systems create a file without a name and then cannot name it.
        Err(_) if nameless => NewFile::named(location, mode)?.put(fill),
        put => put,
    }
}

/// Writes into an open pipe or device.
pub(super) fn write_into(open: &File, fill: ContentWriter<'_>) -> Result<(), OwnFileProblem> {
    let mut writer = BufWriter::new(WaitingWriter(open));
    fill(&mut writer)?;
    Ok(writer.flush()?)
}

/// Appends to the file in one write.
pub(super) fn append(location: &FileLocation, bytes: &[u8]) -> Result<(), OwnFileProblem> {
    let parent = location.parent.as_fd();
    let file = match location.found {
        ExistingFile::Stream | ExistingFile::OpenFile => {
            return write_into(&stream(location)?, &mut |out| out.write_all(bytes));
        }
        ExistingFile::Link => return Err(OwnFileProblem::Link),
        ExistingFile::Nothing => {
            let flags = WRITE | OFlags::NOFOLLOW | OFlags::CREATE | OFlags::EXCL;
            openat(parent, location.name.as_str(), flags, default_mode())?
        }
        ExistingFile::File(_) => {
            openat(parent, location.name.as_str(), WRITE | OFlags::NOFOLLOW, Mode::empty())?
        }
    };
    // Somebody can have replaced the file since the check.
    let stat = fstat(&file)?;
    if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
        return Err(OwnFileProblem::Unsuitable("not a regular file any more"));
    }
    if location.closed && stat.st_nlink > 1 {
        return Err(OwnFileProblem::HardLinked);
    }
    Ok(disk::write(&File::from(file), bytes)?)
}

/// Opens a pipe or device for writing, without waiting.
pub(super) fn stream(location: &FileLocation) -> Result<File, OwnFileProblem> {
    if let Some(own) = standard_stream(location)? {
        return Ok(own);
    }
    let follow = match location.found {
        ExistingFile::OpenFile => OFlags::empty(),
        _ => OFlags::NOFOLLOW,
    };
    let opened = openat(&location.parent, location.name.as_str(), WRITE | follow, Mode::empty())
        .map_err(|error| if error == Errno::NXIO { OwnFileProblem::NoReader } else { error.into() })?;
    match FileType::from_raw_mode(fstat(&opened)?.st_mode) {
        FileType::Fifo | FileType::CharacterDevice => Ok(File::from(opened)),
        FileType::RegularFile if follow.is_empty() => Ok(File::from(opened)),
        _ => Err(OwnFileProblem::Unsuitable("neither a pipe nor a device any more")),
    }
}

/// Standard output or error, if the location is one of them. A second open of a file would write from its start, and a
/// socket has no second open.
fn standard_stream(location: &FileLocation) -> Result<Option<File>, OwnFileProblem> {
    let own = |open: rustix::io::Result<rustix::fd::OwnedFd>| Ok(Some(File::from(open?)));
    let open_files = rustix::fs::stat("/proc/self/fd");
    if !open_files
        .is_ok_and(|stat| fstat(&location.parent).is_ok_and(|at| location::id(&at) == location::id(&stat)))
    {
        return Ok(None);
    }
    match location.name.as_str() {
        "1" => own(rustix::io::dup(io::stdout().as_fd())),
        "2" => own(rustix::io::dup(io::stderr().as_fd())),
        _ => Ok(None),
    }
}

impl<'p> NewFile<'p> {
    /// Creates the file, with its permissions before it has content.
    fn make(location: &'p FileLocation, mode: Option<Mode>) -> Result<Self, OwnFileProblem> {
        Self::nameless(location, mode).map_or_else(|| Self::named(location, mode), Ok)
    }

    /// Creates the file without a name; none if the file system cannot do that.
    #[cfg(target_os = "linux")]
    fn nameless(location: &'p FileLocation, mode: Option<Mode>) -> Option<Self> {
        let flags = OFlags::WRONLY | OFlags::TMPFILE | OFlags::CLOEXEC;
        let file = File::from(openat(&location.parent, ".", flags, mode.unwrap_or(default_mode())).ok()?);
        let new = Self { location, file, name: None };
        // Without this path the file cannot get its name later.
        rustix::fs::stat(new.link()).ok()?;
        new.with_mode(mode).ok()
    }

    #[cfg(not(target_os = "linux"))]
    fn nameless(_: &'p FileLocation, _: Option<Mode>) -> Option<Self> {
        None
    }

    /// Creates the file with a random name.
    pub(super) fn named(location: &'p FileLocation, mode: Option<Mode>) -> Result<Self, OwnFileProblem> {
        let name = random_name()?;
        let file = disk::create(location.parent.as_fd(), &name, mode.unwrap_or(default_mode()))?;
        let new = Self { location, file, name: Some(name) };
        Ok(new.with_mode(mode)?)
    }

    /// Sets the permissions, since the umask can have reduced them.
    fn with_mode(self, mode: Option<Mode>) -> io::Result<Self> {
        match mode.map_or(Ok(()), |mode| fchmod(&self.file, mode)) {
            Ok(()) => Ok(self),
            Err(error) => {
                self.discard();
                Err(error.into())
            }
        }
    }

    /// Writes the content and puts the file in place. After an error it removes the file.
    pub(super) fn put(mut self, fill: ContentWriter<'_>) -> Result<(), OwnFileProblem> {
        let mut writer = BufWriter::new(&self.file);
        let filled = fill(&mut writer).and_then(|()| writer.flush());
        // Otherwise dropping the writer would write the rest of its buffer.
        drop(writer.into_parts());
        let put = filled.and_then(|()| self.in_place());
        if put.is_err() {
            self.discard();
        }
        Ok(put?)
    }

    fn in_place(&mut self) -> io::Result<()> {
        let parent = self.location.parent.as_fd();
        if self.name.is_none() {
            match self.link_as(&self.location.name) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                linked => return linked,
            }
            // Only a rename can replace an existing file.
            let name = random_name()?;
            self.link_as(&name)?;
            self.name = Some(name);
        }
        let name = self.name.as_deref().unwrap_or_default();
        disk::rename(parent, name, &self.location.name)?;
        self.name = None;
        Ok(())
    }

    #[cfg(target_os = "linux")]
    fn link_as(&self, name: &str) -> io::Result<()> {
        use rustix::fs::{AtFlags, CWD, linkat};
        Ok(linkat(CWD, self.link(), &self.location.parent, name, AtFlags::SYMLINK_FOLLOW)?)
    }

    #[cfg(not(target_os = "linux"))]
    fn link_as(&self, _: &str) -> io::Result<()> {
        Err(Errno::NOTSUP.into())
    }

    #[cfg(target_os = "linux")]
    fn link(&self) -> String {
        use std::os::fd::AsRawFd as _;
        format!("/proc/self/fd/{}", self.file.as_raw_fd())
    }

    fn discard(self) {
        if let Some(name) = &self.name {
            // An error leaves a temporary file, which the caller cannot remove either.
            let _ = disk::remove(self.location.parent.as_fd(), name);
        }
    }
}

/// The permissions of a new file before the umask.
fn default_mode() -> Mode {
    Mode::RUSR | Mode::WUSR | Mode::RGRP | Mode::WGRP | Mode::ROTH | Mode::WOTH
}

fn random_name() -> io::Result<String> {
    let mut random = [0; 16];
    getrandom::fill(&mut random).map_err(io::Error::other)?;
    Ok(format!("{OWN_PREFIX}own-{}", hex(&random)))
}

/// A writer to a non-blocking pipe that waits for the reader, up to [`READER_TIMEOUT`] for each read.
struct WaitingWriter<'f>(&'f File);

impl Write for WaitingWriter<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let end = Instant::now() + READER_TIMEOUT;
        loop {
            match self.0.write(bytes) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock && Instant::now() < end => {
                    sleep(PAUSE);
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    let seconds = READER_TIMEOUT.as_secs();
                    return Err(io::Error::other(format!("its reader has read nothing for {seconds} s")));
                }
                written => return written,
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}
