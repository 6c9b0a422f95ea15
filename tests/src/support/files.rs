//! Reads, compares and copies whole folders. It follows no link.

use lockstep_model::digest::Digest;
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};

/// Everything below a folder: its kind, permissions, and content or target.
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

/// Copies a folder with all that is in it.
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
