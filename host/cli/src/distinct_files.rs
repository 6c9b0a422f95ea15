//! Checks that no two files of a run are the same one: the second would replace the first.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

/// The files so far, each with what it is for a message.
#[derive(Debug, Default)]
pub(crate) struct DistinctFiles(Vec<(String, FileIdentity)>);

/// A file, by its path without links in its folders, and by its inode if it exists.
#[derive(Debug)]
struct FileIdentity {
    path: PathBuf,
    inode: Option<(u64, u64)>,
}

impl DistinctFiles {
    /// Adds a file. A pipe or a device may serve several purposes.
    ///
    /// # Errors
    /// The problem with a file that is one of those before.
    pub(crate) fn add(&mut self, what: &str, path: &Path) -> Result<(), String> {
        let Some(identity) = FileIdentity::of(path) else { return Ok(()) };
        let same = |(_, other): &&(String, FileIdentity)| other.is(&identity);
        if let Some((other, _)) = self.0.iter().find(same) {
            return Err(format!(
                "`{}` is the file for {other} and for {what}: name two files",
                path.display()
            ));
        }
        self.0.push((what.to_owned(), identity));
        Ok(())
    }
}

impl FileIdentity {
    /// `None` for a pipe, a device or a folder.
    fn of(path: &Path) -> Option<Self> {
        let stat = fs::metadata(path).ok();
        if stat.as_ref().is_some_and(|stat| !stat.is_file()) {
            return None;
        }
        let absolute = std::path::absolute(path).ok()?;
        let parent = absolute.parent().and_then(|parent| fs::canonicalize(parent).ok());
        let path = match (parent, absolute.file_name()) {
            (Some(parent), Some(name)) => parent.join(name),
            _ => absolute,
        };
        Some(Self { path, inode: stat.map(|stat| (stat.dev(), stat.ino())) })
    }

    fn is(&self, other: &Self) -> bool {
        self.path == other.path || self.inode.is_some() && self.inode == other.inode
    }
}
