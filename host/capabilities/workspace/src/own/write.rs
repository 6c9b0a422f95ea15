//! Writes a file at a place that was found. A regular file is replaced as a whole, and on Linux it has no name
//! before it is complete: a run that is killed leaves nothing half. What is no regular file is written into.

use super::location::{self, ExistingFile, FileLocation};
use super::{ContentWriter, OwnFileProblem};
use crate::disk;
use lockstep_model::digest::hex;
use lockstep_model::protected::OWN_PREFIX;
use rustix::fd::AsFd as _;
use rustix::fs::{FileType, Mode, OFlags, fchmod, fstat, openat};
use rustix::io::Errno;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// How long the reader of a pipe may read nothing.
const READER_TIMEOUT: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(10);
const WRITE: OFlags = OFlags::WRONLY
    .union(OFlags::APPEND)
    // Without it a pipe waits for its reader.
    .union(OFlags::NONBLOCK)
    // No terminal becomes ours.
    .union(OFlags::NOCTTY)
    .union(OFlags::CLOEXEC);

/// A new file that is not in place yet.
pub(super) struct NewFile<'p> {
    location: &'p FileLocation,
    file: File,
    /// Its name until then, if it has one.
    name: Option<String>,
}

/// Says whether a file can be made at this place.
pub(super) fn probe(location: &FileLocation) -> Result<(), OwnFileProblem> {
    let new = NewFile::make(location, Some(Mode::RUSR | Mode::WUSR))?;
    new.discard();
    Ok(())
}

/// Removes the file.
pub(super) fn remove(location: &FileLocation) -> Result<(), OwnFileProblem> {
    Ok(disk::remove(location.parent.as_fd(), &location.name)?)
}

/// Replaces what is there, or writes into it if it is no regular file.
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
        // Some file systems make such files and then give them no name.
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

/// Adds to the end of the file in one write.
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
    // It can be another file than the one that was looked at.
    let stat = fstat(&file)?;
    if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
        return Err(OwnFileProblem::Unsuitable("no regular file any more"));
    }
    if location.closed && stat.st_nlink > 1 {
        return Err(OwnFileProblem::HardLinked);
    }
    Ok(disk::write(&File::from(file), bytes)?)
}

/// Opens what is no regular file for writing, and never waits for that.
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

/// Standard output or error, where the place is one of them: opened anew, a file would be written from its start,
/// and a socket cannot be.
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
    /// Makes it, with its permissions before it has any content.
    fn make(location: &'p FileLocation, mode: Option<Mode>) -> Result<Self, OwnFileProblem> {
        Self::nameless(location, mode).map_or_else(|| Self::named(location, mode), Ok)
    }

    /// Without a name, where the file system can do that.
    #[cfg(target_os = "linux")]
    fn nameless(location: &'p FileLocation, mode: Option<Mode>) -> Option<Self> {
        let flags = OFlags::WRONLY | OFlags::TMPFILE | OFlags::CLOEXEC;
        let file = File::from(openat(&location.parent, ".", flags, mode.unwrap_or(default_mode())).ok()?);
        let new = Self { location, file, name: None };
        // By this path it gets its name.
        rustix::fs::stat(new.link()).ok()?;
        new.with_mode(mode).ok()
    }

    #[cfg(not(target_os = "linux"))]
    fn nameless(_: &'p FileLocation, _: Option<Mode>) -> Option<Self> {
        None
    }

    /// Under a name that nobody can foresee.
    pub(super) fn named(location: &'p FileLocation, mode: Option<Mode>) -> Result<Self, OwnFileProblem> {
        let name = random_name()?;
        let file = disk::create(location.parent.as_fd(), &name, mode.unwrap_or(default_mode()))?;
        let new = Self { location, file, name: Some(name) };
        Ok(new.with_mode(mode)?)
    }

    /// The umask can have taken away what the mode gives.
    fn with_mode(self, mode: Option<Mode>) -> io::Result<Self> {
        match mode.map_or(Ok(()), |mode| fchmod(&self.file, mode)) {
            Ok(()) => Ok(self),
            Err(error) => {
                self.discard();
                Err(error.into())
            }
        }
    }

    /// Fills it and puts it in place; if that fails, nothing is left of it.
    pub(super) fn put(mut self, fill: ContentWriter<'_>) -> Result<(), OwnFileProblem> {
        let mut writer = BufWriter::new(&self.file);
        let filled = fill(&mut writer).and_then(|()| writer.flush());
        // What is left in it would be written when it is dropped.
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
            // A name that is taken can only be taken over by another name.
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
            // There is nothing more to be done about it.
            let _ = disk::remove(self.location.parent.as_fd(), name);
        }
    }
}

/// What the umask takes from.
fn default_mode() -> Mode {
    Mode::RUSR | Mode::WUSR | Mode::RGRP | Mode::WGRP | Mode::ROTH | Mode::WOTH
}

fn random_name() -> io::Result<String> {
    let mut random = [0; 16];
    getrandom::fill(&mut random).map_err(io::Error::other)?;
    Ok(format!("{OWN_PREFIX}own-{}", hex(&random)))
}

/// Writes to what was opened without waiting, and waits for its reader as long as that reads.
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
                    return Err(io::Error::other(format!("nobody has read from it for {seconds} s")));
                }
                written => return written,
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}
