//! Creates, reads, compares and copies whole folders. It follows no link.

use lockstep_model::digest::Digest;
use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use tempfile::TempDir;

/// A temporary folder outside of every checkout, because in a checkout lockstep follows no link. Tests of root also run
/// programs as a user without rights on root's files, so for root the folder is open to every user.
///
/// # Panics
/// The system has no such folder.
#[must_use]
pub fn folder() -> TempDir {
    let parents = [std::env::temp_dir(), "/tmp".into(), "/var/tmp".into(), "/dev/shm".into(), "/".into()];
    let usable = parents.iter().filter(|parent| is_usable(parent));
    usable.flat_map(tempfile::tempdir_in).next().expect("a temporary folder outside of every checkout")
}

/// Whether tests can run in this folder.
fn is_usable(folder: &Path) -> bool {
    let Ok(folder) = fs::canonicalize(folder) else { return false };
    let reachable = |part: &Path| fs::metadata(part).is_ok_and(|stat| stat.mode() & 0o001 != 0);
    let for_everybody = !rustix::process::geteuid().is_root() || folder.ancestors().all(reachable);
    let runs = rustix::fs::statvfs(&folder)
        .is_ok_and(|system| !system.f_flag.contains(rustix::fs::StatVfsMountFlags::NOEXEC));
    runs && for_everybody && !folder.ancestors().any(|part| part.join(".git").exists())
}

/// All files below a folder: kind, permissions, and content or target.
#[must_use]
pub fn tree(root: &Path) -> BTreeMap<PathBuf, String> {
    let mut found = BTreeMap::new();
    let mut open = vec![root.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            let path = entry.path();
            let Ok(stat) = fs::symlink_metadata(&path) else { continue };
            let kind = stat.file_type();
            let content = match () {
                () if kind.is_dir() => {
                    open.push(path.clone());
                    "folder".to_owned()
                }
                () if kind.is_symlink() => format!("link to {:?}", fs::read_link(&path).ok()),
                () if kind.is_fifo() || kind.is_char_device() || kind.is_socket() => "special".to_owned(),
                () if stat.len() > 1 << 30 => format!("{} bytes", stat.len()),
                () => {
                    format!("{:o} {}", stat.mode() & 0o7777, Digest::of(&fs::read(&path).unwrap_or_default()))
                }
            };
            found.insert(path, content);
        }
    }
    found
}

/// The files below a folder by path.
#[must_use]
pub fn contents(root: &Path) -> BTreeMap<String, Vec<u8>> {
    let name = |path: &Path| path.strip_prefix(root).ok()?.to_str().map(str::to_owned);
    let files = tree(root).into_keys().filter(|path| path.is_file());
    files.filter_map(|path| Some((name(&path)?, fs::read(&path).ok()?))).collect()
}

/// Writes a shell script.
///
/// # Panics
/// The system cannot write the file.
pub fn program(path: &Path, lines: &str) {
    executable(path, &format!("#!/bin/sh\n{lines}\n"));
}

/// Writes an executable file. It uses another process: the system starts no file that is open for writing, and a process
/// that another thread starts inherits the open files of this one for a moment.
///
/// # Panics
/// The system cannot write the file.
pub fn executable(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
    let mut writer = Command::new("/bin/sh");
    writer.args(["-c", "cat >\"$0\" && chmod 755 \"$0\""]).arg(path).stdin(Stdio::piped());
    let mut writer = writer.spawn().expect("a shell");
    writer.stdin.take().expect("a pipe").write_all(text.as_bytes()).expect("the text is written");
    assert!(writer.wait().expect("an end").success(), "{}", path.display());
}

/// Copies a program with another process, for the same reason.
///
/// # Panics
/// The copy fails.
pub(super) fn copy_program(from: &Path, to: &Path) {
    let copied = Command::new("cp").arg("--remove-destination").args([from, to]).status();
    assert!(copied.expect("cp").success(), "{}", to.display());
}

/// Copies a folder with all of its files.
pub fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("the folder").flatten() {
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        if from.is_dir() {
            copy(&from, &to);
        } else {
            fs::copy(&from, &to).expect("a copy");
        }
    }
}
