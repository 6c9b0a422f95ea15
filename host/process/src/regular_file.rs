//! Reads a file that the caller names. A commit can have put anything under that name, such as a link to a device
//! without an end or to a pipe that nobody writes, so only regular files count, and no more than so much of them.

use rustix::fs::OFlags;
use std::fs::{File, OpenOptions};
use std::io::{self, Read as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

/// The most bytes of a document: inputs, a policy, a configuration.
pub const MAX_DOCUMENT_BYTES: u64 = 64 * 1024 * 1024;

/// Pipes that the caller's shell has opened, as for `<(command)`: these are read until they end.
const PIPES: [&str; 3] = ["/dev/fd/", "/proc/self/fd/", "/dev/stdin"];

/// The content of a file.
///
/// # Errors
/// It cannot be read, is no regular file, or has more bytes than this. The text begins with the path.
pub fn read_bytes(path: &Path, max: u64) -> Result<Vec<u8>, String> {
    read(path, max).map_err(|error| format!("{}: {error}", path.display()))
}

/// The same, as text.
///
/// # Errors
/// As [`read_bytes`]; and it is not UTF-8.
pub fn read_text(path: &Path, max: u64) -> Result<String, String> {
    String::from_utf8(read_bytes(path, max)?).map_err(|_| format!("{}: it is not UTF-8", path.display()))
}

/// Refuses what [`read_bytes`] refuses, for a file that a library reads. A pipe of the caller's shell is fine.
///
/// # Errors
/// It cannot be opened, is no regular file, or has more bytes than [`MAX_DOCUMENT_BYTES`].
pub fn check(path: &Path) -> Result<(), String> {
    let check = || match is_pipe(path) || regular(path)?.metadata()?.len() <= MAX_DOCUMENT_BYTES {
        true => Ok(()),
        false => Err(too_long(MAX_DOCUMENT_BYTES)),
    };
    check().map_err(|error| format!("{}: {error}", path.display()))
}

fn is_pipe(path: &Path) -> bool {
    path.to_str().is_some_and(|path| PIPES.iter().any(|pipes| path.starts_with(pipes)))
}

fn too_long(max: u64) -> io::Error {
    io::Error::other(format!("it has more than {max} bytes"))
}

fn read(path: &Path, max: u64) -> io::Result<Vec<u8>> {
    let file = if is_pipe(path) { File::open(path)? } else { regular(path)? };
    let mut bytes = Vec::new();
    file.take(max + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > max {
        return Err(too_long(max));
    }
    Ok(bytes)
}

fn regular(path: &Path) -> io::Result<File> {
    // A pipe without a writer is opened at once with this, and reading a regular file does not care.
    let flags = i32::try_from(OFlags::NONBLOCK.bits()).unwrap_or_default();
    let file = OpenOptions::new().read(true).custom_flags(flags).open(path)?;
    match file.metadata()?.is_file() {
        true => Ok(file),
        false => Err(io::Error::other("it is no regular file")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::symlink;

    #[test]
    fn only_a_regular_file_of_bounded_size_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::write(at("file"), "12345").unwrap();
        rustix::fs::mkfifoat(rustix::fs::CWD, at("pipe"), rustix::fs::Mode::RUSR).unwrap();
        symlink("file", at("link")).unwrap();
        for (name, target) in
            [("zero", "/dev/zero"), ("null", "/dev/null"), ("to-pipe", "pipe"), ("folder", ".")]
        {
            symlink(target, at(name)).unwrap();
        }
        assert_eq!(read_text(&at("file"), 5).as_deref(), Ok("12345"));
        assert_eq!(read_text(&at("link"), 5).as_deref(), Ok("12345"));
        assert!(read_text(&at("file"), 4).unwrap_err().ends_with("file: it has more than 4 bytes"));
        for name in ["pipe", "zero", "null", "to-pipe", "folder"] {
            let refused = read_bytes(&at(name), 5).unwrap_err();
            assert!(refused.ends_with(&format!("{name}: it is no regular file")), "{refused}");
            assert_eq!(check(&at(name)), Err(refused));
        }
        assert_eq!(check(&at("link")), Ok(()));
    }
}
