//! The birth of a file: device, inode, and the time when the file system made the inode. It differs from that of every
//! copy, because no checkout, archive or copy can choose it.

use serde::{Deserialize, Serialize};
use std::fs::File;

/// The device, inode and time of birth of one file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FileBirth {
    device: (u32, u32),
    inode: u64,
    /// Seconds since 1970.
    pub(super) seconds: i64,
    nanoseconds: u32,
}

/// The birth of an open file; none if the file system does not record it, or records whole seconds, which an attacker can
/// guess. Renames, writes and changes of owner or mode do not change it.
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

/// None: on other systems, a program that unpacks files can choose the time of birth.
#[cfg(not(target_os = "linux"))]
pub(super) fn of(_: &File) -> Option<FileBirth> {
    None
}
