//! Reads a regular file that the caller names, up to a maximum size. A commit can have put any kind of file under that
//! name, such as a link to an endless device or to a pipe without a writer; these are errors.

use rustix::fs::OFlags;
use std::fs::{File, OpenOptions};
use std::io::{self, Read as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

/// The maximum size of a document in bytes: inputs, a policy, a configuration.
pub const MAX_DOCUMENT_BYTES: u64 = 64 * 1024 * 1024;

/// The paths of pipes that the caller's shell has opened, as for `<(command)`. The host reads these to their end.
const PIPES: [&str; 3] = ["/dev/fd/", "/proc/self/fd/", "/dev/stdin"];

/// Reads the content of a file.
///
/// # Errors
/// The system cannot read the file, it is not a regular file, or it has more than `max` bytes. The error text begins with
/// the path.
pub fn read_bytes(path: &Path, max: u64) -> Result<Vec<u8>, String> {
    read(path, max).map_err(|error| format!("{}: {error}", path.display()))
}

/// Reads the content of a file as text.
///
/// # Errors
/// As [`read_bytes`]; or the file is not UTF-8.
pub fn read_text(path: &Path, max: u64) -> Result<String, String> {
    String::from_utf8(read_bytes(path, max)?).map_err(|_| format!("{}: it is not UTF-8", path.display()))
}

/// Checks a file that a library will read. A pipe of the caller's shell is valid.
///
/// # Errors
/// The system cannot open the file, it is not a regular file, or it has more than [`MAX_DOCUMENT_BYTES`].
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
    // With this flag, opening a pipe without a writer does not wait. It changes nothing for regular files.
    let flags = i32::try_from(OFlags::NONBLOCK.bits()).unwrap_or_default();
    let file = OpenOptions::new().read(true).custom_flags(flags).open(path)?;
    match file.metadata()?.is_file() {
        true => Ok(file),
        false => Err(io::Error::other("it is not a regular file")),
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
            assert!(refused.ends_with(&format!("{name}: it is not a regular file")), "{refused}");
            assert_eq!(check(&at(name)), Err(refused));
        }
        assert_eq!(check(&at("link")), Ok(()));
    }
}
