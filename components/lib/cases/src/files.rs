//! The files of a workspace, in memory.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// Files by path.
pub type Files = BTreeMap<String, Vec<u8>>;

/// Reads the files below a folder; none if the folder does not exist.
///
/// # Panics
/// A file cannot be read.
#[must_use]
pub fn read(folder: &Path) -> Files {
    let mut files = Files::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if let Ok(name) = path.strip_prefix(folder) {
                let content = fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
                files.insert(name.to_string_lossy().into_owned(), content);
            }
        }
    }
    files
}

/// Asserts that the files are these.
///
/// # Panics
/// They differ; the message shows the first file that does, as text.
#[track_caller]
pub fn assert_same(name: &str, after: &Files, expected: &Files) {
    for (path, content) in expected {
        let text = |bytes: &Vec<u8>| String::from_utf8_lossy(bytes).into_owned();
        assert_eq!(after.get(path).map(text), Some(text(content)), "{name}: {path}");
    }
    assert_eq!(after, expected, "{name}");
}
