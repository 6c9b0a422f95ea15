//! Files of a workspace in memory. It writes none.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// Files by path.
pub type Files = BTreeMap<String, Vec<u8>>;

/// The files below a folder; none if it is not there.
///
/// # Panics
/// One cannot be read.
#[must_use]
pub fn read(folder: &Path) -> Files {
    let mut found = Files::new();
    let mut open = vec![folder.to_path_buf()];
    while let Some(next) = open.pop() {
        for entry in fs::read_dir(next).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                open.push(path);
            } else if let Ok(name) = path.strip_prefix(folder) {
                let content = fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
                found.insert(name.to_string_lossy().into_owned(), content);
            }
        }
    }
    found
}

/// Fails unless the files are these, and shows the first that differs as text.
///
/// # Panics
/// They are not.
#[track_caller]
pub fn assert_same(name: &str, after: &Files, expected: &Files) {
    for (path, content) in expected {
        let shown = |bytes: &Vec<u8>| String::from_utf8_lossy(bytes).into_owned();
        assert_eq!(after.get(path).map(shown), Some(shown(content)), "{name}: {path}");
    }
    assert_eq!(after, expected, "{name}");
}
