//! What tells a file that this machine has made from every copy of it: the device and inode it lies in, and the moment
//! at which that inode was made. Nothing that checks out, unpacks or copies files can choose these.

use serde::{Deserialize, Serialize};
use std::fs::File;

/// The place and time of birth of one file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FileBirth {
    device: (u32, u32),
    inode: u64,
    /// Seconds since 1970.
    pub(super) seconds: i64,
    nanoseconds: u32,
}

/// The birth of an open file; none where the file system does not keep it, or keeps whole seconds, which can be
/// guessed. Renames, writes and changes of owner or mode leave it as it is.
#[cfg(target_os = "linux")]
pub(super) fn of(file: &File) -> Option<FileBirth> {
    use rustix::fs::{AtFlags, StatxFlags, statx};
    let wanted = StatxFlags::BASIC_STATS | StatxFlags::BTIME;
    let stat = statx(file, "", AtFlags::EMPTY_PATH, wanted).ok()?;
    let is_kept = stat.stx_mask & StatxFlags::BTIME.bits() != 0;
    (is_kept && stat.stx_btime.tv_nsec != 0).then_some(FileBirth {
        device: (stat.stx_dev_major, stat.stx_dev_minor),
        inode: stat.stx_ino,
        seconds: stat.stx_btime.tv_sec,
        nanoseconds: stat.stx_btime.tv_nsec,
    })
}

/// Elsewhere a program that unpacks files can choose the time of birth, so it proves nothing.
#[cfg(not(target_os = "linux"))]
pub(super) fn of(_: &File) -> Option<FileBirth> {
    None
}
