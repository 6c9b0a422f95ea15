//! All operations that change files on disk. Each is relative to an open folder, and none follows a link. Tests can make
//! any of them fail, or make it the last one before a kill.

use rustix::fd::BorrowedFd;
use rustix::fs::{AtFlags, Gid, Mode, OFlags, Stat, Uid, fchmod, fchown, fstat, openat};
use std::fs::File;
use std::io::{self, Write};

/// Creates a file that does not exist yet.
pub(super) fn create(folder: BorrowedFd<'_>, name: &str, mode: Mode) -> io::Result<File> {
    fault::point()?;
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    Ok(File::from(openat(folder, name, flags, mode)?))
}

pub(super) fn write(mut file: &File, bytes: &[u8]) -> io::Result<()> {
    fault::point()?;
    file.write_all(bytes)
}

/// Gives a file the permissions, and if possible the owner, of the file that it will replace.
pub(super) fn resemble(file: &File, old: &Stat) -> io::Result<()> {
    let new = fstat(file)?;
    if (new.st_uid, new.st_gid) != (old.st_uid, old.st_gid) {
        // Only root can change the owner. For other users the file keeps its own owner, as after a copy.
        let _ = fchown(file, Some(Uid::from_raw(old.st_uid)), Some(Gid::from_raw(old.st_gid)));
    }
    if permissions(&new) != permissions(old) {
        fchmod(file, permissions(old))?;
    }
    Ok(())
}

/// The permission bits without set-user-id and similar bits, which a write to a file removes too.
pub(super) fn permissions(stat: &Stat) -> Mode {
    Mode::from_raw_mode(stat.st_mode) & (Mode::RWXU | Mode::RWXG | Mode::RWXO)
}

pub(super) fn make_folder(parent: BorrowedFd<'_>, name: &str) -> io::Result<()> {
    fault::point()?;
    match rustix::fs::mkdirat(parent, name, Mode::RWXU | Mode::RWXG | Mode::RWXO) {
        Err(rustix::io::Errno::EXIST) => Ok(()),
        made => Ok(made?),
    }
}

/// Renames a file within its folder, and replaces the file that had the name.
pub(super) fn rename(folder: BorrowedFd<'_>, from: &str, to: &str) -> io::Result<()> {
    fault::point()?;
    Ok(rustix::fs::renameat(folder, from, folder, to)?)
}

/// Renames a file within its folder to a name that no file has yet.
///
/// # Errors
/// `AlreadyExists` if a file has that name.
pub(super) fn rename_new(folder: BorrowedFd<'_>, from: &str, to: &str) -> io::Result<()> {
    use rustix::fs::{RenameFlags, renameat_with, statat};
    fault::point()?;
    match renameat_with(folder, from, folder, to, RenameFlags::NOREPLACE) {
        Err(error) if is_unknown(error) => {
            // The file system cannot check and rename at once.
            match statat(folder, to, AtFlags::SYMLINK_NOFOLLOW) {
                Err(rustix::io::Errno::NOENT) => Ok(rustix::fs::renameat(folder, from, folder, to)?),
                Ok(_) => Err(rustix::io::Errno::EXIST.into()),
                Err(error) => Err(error.into()),
            }
        }
        renamed => Ok(renamed?),
    }
}

/// Exchanges two files in one step, so that neither is ever missing. False if the file system cannot do that.
pub(super) fn exchange(folder: BorrowedFd<'_>, one: &str, other: &str) -> io::Result<bool> {
    use rustix::fs::{RenameFlags, renameat_with};
    fault::point()?;
    if fault::without_exchange() {
        return Ok(false);
    }
    match renameat_with(folder, one, folder, other, RenameFlags::EXCHANGE) {
        Err(error) if is_unknown(error) => Ok(false),
        exchanged => Ok(exchanged.map(|()| true)?),
    }
}

/// Whether the error says that the file system does not support the kind of rename.
fn is_unknown(error: rustix::io::Errno) -> bool {
    use rustix::io::Errno;
    [Errno::INVAL, Errno::NOSYS, Errno::OPNOTSUPP, Errno::NOTSUP].contains(&error)
}

/// Removes a file. A missing file is not an error.
pub(super) fn remove(folder: BorrowedFd<'_>, name: &str) -> io::Result<()> {
    fault::point()?;
    gone(rustix::fs::unlinkat(folder, name, AtFlags::empty()))
}

/// Removes an empty folder. A folder with files, or a missing one, is not an error.
pub(super) fn remove_empty(parent: BorrowedFd<'_>, name: &str) -> io::Result<()> {
    use rustix::io::Errno;
    fault::point()?;
    match rustix::fs::unlinkat(parent, name, AtFlags::REMOVEDIR) {
        Err(Errno::NOTEMPTY | Errno::EXIST | Errno::NOTDIR) => Ok(()),
        removed => gone(removed),
    }
}

fn gone(removed: rustix::io::Result<()>) -> io::Result<()> {
    match removed {
        Err(rustix::io::Errno::NOENT) => Ok(()),
        removed => Ok(removed?),
    }
}

/// Fails if the system would refuse to replace this file although the run can write to its folder.
pub(super) fn check_replaceable(folder: BorrowedFd<'_>, name: &str, old: &Stat) -> io::Result<()> {
    let parent = fstat(folder)?;
    let me = rustix::process::geteuid().as_raw();
    let sticky = Mode::from_raw_mode(parent.st_mode).contains(Mode::SVTX);
    if sticky && ![0, old.st_uid, parent.st_uid].contains(&me) {
        return Err(rustix::io::Errno::PERM.into());
    }
    check_attributes(folder, name)
}

#[cfg(target_os = "linux")]
fn check_attributes(folder: BorrowedFd<'_>, name: &str) -> io::Result<()> {
    use rustix::fs::{StatxAttributes, StatxFlags, statx};
    use rustix::io::Errno;
    let Ok(stat) = statx(folder, name, AtFlags::SYMLINK_NOFOLLOW, StatxFlags::empty()) else {
        return Ok(());
    };
    let attributes = stat.stx_attributes & stat.stx_attributes_mask;
    if attributes.intersects(StatxAttributes::IMMUTABLE | StatxAttributes::APPEND) {
        return Err(Errno::PERM.into());
    }
    if attributes.contains(StatxAttributes::MOUNT_ROOT) {
        return Err(Errno::BUSY.into());
    }
    Ok(())
}

#[cfg(not(target_os = "linux"))]
fn check_attributes(_: BorrowedFd<'_>, _: &str) -> io::Result<()> {
    Ok(())
}

/// The hook of tests before each change, at which the disk can fail or the process can seem to be killed.
#[cfg(test)]
pub(super) mod fault {
    use std::cell::Cell;
    use std::io;
    use std::sync::atomic::{AtomicU32, Ordering};

    /// The fault at a chosen operation.
    #[derive(Debug, Clone, Copy, PartialEq)]
    pub(in super::super) enum Fault {
        /// The operation and all later ones fail, as after a kill.
        Kill,
        /// Only this operation fails, as on a full disk.
        Full,
    }

    /// The number of operations that this process has begun, for tests that kill it at one of them.
    pub(in super::super) static BEGUN: AtomicU32 = AtomicU32::new(0);

    pub(super) fn without_exchange() -> bool {
        WITHOUT_EXCHANGE.get()
    }

    /// A change that somebody else makes during an operation.
    type Meddle = Box<dyn FnOnce()>;

    thread_local! {
        /// Whether this thread behaves as if no file system could exchange files.
        pub(in super::super) static WITHOUT_EXCHANGE: Cell<bool> = const { Cell::new(false) };
        static MEDDLE: Cell<Option<(u32, Meddle)>> = const { Cell::new(None) };
        static NEXT: Cell<Option<(u32, Fault)>> = const { Cell::new(None) };
        static HIT: Cell<bool> = const { Cell::new(false) };
    }

    /// Calls `meddle` right before the operation that `after` others precede. True if the call took place.
    pub(in super::super) fn meddling<T>(
        after: u32,
        meddle: impl FnOnce() + 'static,
        act: impl FnOnce() -> T,
    ) -> (T, bool) {
        MEDDLE.set(Some((after, Box::new(meddle))));
        let done = act();
        (done, MEDDLE.take().is_none())
    }

    /// Causes the fault at the operation that `after` others precede. True if the fault occurred.
    pub(in super::super) fn during<T>(after: u32, fault: Fault, act: impl FnOnce() -> T) -> (T, bool) {
        NEXT.set(Some((after, fault)));
        HIT.set(false);
        let done = act();
        NEXT.set(None);
        (done, HIT.get())
    }

    pub(super) fn point() -> io::Result<()> {
        BEGUN.fetch_add(1, Ordering::SeqCst);
        match MEDDLE.take() {
            Some((0, meddle)) => meddle(),
            Some((after, meddle)) => MEDDLE.set(Some((after - 1, meddle))),
            None => {}
        }
        match NEXT.get() {
            Some((0, fault)) => {
                HIT.set(true);
                if fault == Fault::Full {
                    NEXT.set(None);
                }
                Err(rustix::io::Errno::NOSPC.into())
            }
            Some((after, fault)) => {
                NEXT.set(Some((after - 1, fault)));
                Ok(())
            }
            None => Ok(()),
        }
    }
}

#[cfg(not(test))]
mod fault {
    pub(super) fn point() -> std::io::Result<()> {
        Ok(())
    }

    pub(super) fn without_exchange() -> bool {
        false
    }
}
