//! Writes a file at a place that was found. A regular file is replaced as a whole, and on Linux it has no name
//! before it is complete: a run that is killed leaves nothing half. What is no regular file is written into.

use super::place::{self, Found, Place};
use super::{Fill, Problem};
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
const PATIENCE: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(10);
const WRITE: OFlags = OFlags::WRONLY
    .union(OFlags::APPEND)
    // Without it a pipe waits for its reader.
    .union(OFlags::NONBLOCK)
    // No terminal becomes ours.
    .union(OFlags::NOCTTY)
    .union(OFlags::CLOEXEC);

/// A new file that is not in place yet.
pub(super) struct New<'p> {
    place: &'p Place,
    file: File,
    /// Its name until then, if it has one.
    name: Option<String>,
}

/// Says whether a file can be made at this place.
pub(super) fn probe(place: &Place) -> Result<(), Problem> {
    let new = New::make(place, Some(Mode::RUSR | Mode::WUSR))?;
    new.discard();
    Ok(())
}

/// Removes the file.
pub(super) fn remove(place: &Place) -> Result<(), Problem> {
    Ok(disk::remove(place.parent.as_fd(), &place.name)?)
}

/// Replaces what is there, or writes into it if it is no regular file.
pub(super) fn whole(place: &Place, mode: Option<Mode>, fill: Fill<'_>) -> Result<(), Problem> {
    if matches!(place.found, Found::Stream | Found::OpenFile) {
        return into(&stream(place)?, fill);
    }
    let new = New::make(place, mode)?;
    let nameless = new.name.is_none();
    match new.put(fill) {
        // Some file systems make such files and then give them no name.
        Err(_) if nameless => New::named(place, mode)?.put(fill),
        put => put,
    }
}

/// Writes into an open pipe or device.
pub(super) fn into(open: &File, fill: Fill<'_>) -> Result<(), Problem> {
    let mut writer = BufWriter::new(Patient(open));
    fill(&mut writer)?;
    Ok(writer.flush()?)
}

/// Adds to the end of the file in one write.
pub(super) fn append(place: &Place, bytes: &[u8]) -> Result<(), Problem> {
    let parent = place.parent.as_fd();
    let file = match place.found {
        Found::Stream | Found::OpenFile => {
            return into(&stream(place)?, &mut |out| out.write_all(bytes));
        }
        Found::Link => return Err(Problem::Link),
        Found::Nothing => {
            let flags = WRITE | OFlags::NOFOLLOW | OFlags::CREATE | OFlags::EXCL;
            openat(parent, place.name.as_str(), flags, usual())?
        }
        Found::File(_) => openat(parent, place.name.as_str(), WRITE | OFlags::NOFOLLOW, Mode::empty())?,
    };
    // It can be another file than the one that was looked at.
    let stat = fstat(&file)?;
    if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
        return Err(Problem::Kind("no regular file any more"));
    }
    if place.closed && stat.st_nlink > 1 {
        return Err(Problem::HardLinked);
    }
    Ok(disk::write(&File::from(file), bytes)?)
}

/// Opens what is no regular file for writing, and never waits for that.
pub(super) fn stream(place: &Place) -> Result<File, Problem> {
    if let Some(own) = standard(place)? {
        return Ok(own);
    }
    let follow = match place.found {
        Found::OpenFile => OFlags::empty(),
        _ => OFlags::NOFOLLOW,
    };
    let opened = openat(&place.parent, place.name.as_str(), WRITE | follow, Mode::empty())
        .map_err(|error| if error == Errno::NXIO { Problem::NoReader } else { error.into() })?;
    match FileType::from_raw_mode(fstat(&opened)?.st_mode) {
        FileType::Fifo | FileType::CharacterDevice => Ok(File::from(opened)),
        FileType::RegularFile if follow.is_empty() => Ok(File::from(opened)),
        _ => Err(Problem::Kind("neither a pipe nor a device any more")),
    }
}

/// Standard output or error, where the place is one of them: opened anew, a file would be written from its start,
/// and a socket cannot be.
fn standard(place: &Place) -> Result<Option<File>, Problem> {
    let own = |open: rustix::io::Result<rustix::fd::OwnedFd>| Ok(Some(File::from(open?)));
    let open_files = rustix::fs::stat("/proc/self/fd");
    if !open_files.is_ok_and(|stat| fstat(&place.parent).is_ok_and(|at| place::id(&at) == place::id(&stat))) {
        return Ok(None);
    }
    match place.name.as_str() {
        "1" => own(rustix::io::dup(io::stdout().as_fd())),
        "2" => own(rustix::io::dup(io::stderr().as_fd())),
        _ => Ok(None),
    }
}

impl<'p> New<'p> {
    /// Makes it, with its permissions before it has any content.
    fn make(place: &'p Place, mode: Option<Mode>) -> Result<Self, Problem> {
        Self::nameless(place, mode).map_or_else(|| Self::named(place, mode), Ok)
    }

    /// Without a name, where the file system can do that.
    #[cfg(target_os = "linux")]
    fn nameless(place: &'p Place, mode: Option<Mode>) -> Option<Self> {
        let flags = OFlags::WRONLY | OFlags::TMPFILE | OFlags::CLOEXEC;
        let file = File::from(openat(&place.parent, ".", flags, mode.unwrap_or(usual())).ok()?);
        let new = Self { place, file, name: None };
        // By this path it gets its name.
        rustix::fs::stat(new.link()).ok()?;
        new.with_mode(mode).ok()
    }

    #[cfg(not(target_os = "linux"))]
    fn nameless(_: &'p Place, _: Option<Mode>) -> Option<Self> {
        None
    }

    /// Under a name that nobody can foresee.
    pub(super) fn named(place: &'p Place, mode: Option<Mode>) -> Result<Self, Problem> {
        let name = random_name()?;
        let file = disk::create(place.parent.as_fd(), &name, mode.unwrap_or(usual()))?;
        let new = Self { place, file, name: Some(name) };
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
    pub(super) fn put(mut self, fill: Fill<'_>) -> Result<(), Problem> {
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
        let parent = self.place.parent.as_fd();
        if self.name.is_none() {
            match self.link_as(&self.place.name) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                linked => return linked,
            }
            // A name that is taken can only be taken over by another name.
            let name = random_name()?;
            self.link_as(&name)?;
            self.name = Some(name);
        }
        let name = self.name.as_deref().unwrap_or_default();
        disk::rename(parent, name, &self.place.name)?;
        self.name = None;
        Ok(())
    }

    #[cfg(target_os = "linux")]
    fn link_as(&self, name: &str) -> io::Result<()> {
        use rustix::fs::{AtFlags, CWD, linkat};
        Ok(linkat(CWD, self.link(), &self.place.parent, name, AtFlags::SYMLINK_FOLLOW)?)
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
            let _ = disk::remove(self.place.parent.as_fd(), name);
        }
    }
}

/// What the umask takes from.
fn usual() -> Mode {
    Mode::RUSR | Mode::WUSR | Mode::RGRP | Mode::WGRP | Mode::ROTH | Mode::WOTH
}

fn random_name() -> io::Result<String> {
    let mut random = [0; 16];
    getrandom::fill(&mut random).map_err(io::Error::other)?;
    Ok(format!("{OWN_PREFIX}own-{}", hex(&random)))
}

/// Writes to what was opened without waiting, and waits for its reader as long as that reads.
struct Patient<'f>(&'f File);

impl Write for Patient<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let end = Instant::now() + PATIENCE;
        loop {
            match self.0.write(bytes) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock && Instant::now() < end => {
                    sleep(PAUSE);
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    let seconds = PATIENCE.as_secs();
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
