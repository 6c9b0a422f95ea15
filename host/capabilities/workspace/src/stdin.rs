//! The standard input of the run as a file that is open for reading. The host reads it once, when a step opens it, and only
//! if it has not read the inputs from it.

use super::OpenFile;
use super::staged::StagedContent;
use lockstep_model::call::CallError;
use lockstep_model::path::WorkspacePath;
use rustix::fs::{FileType, SeekFrom, fstat, seek};
use std::cell::OnceCell;
use std::fs::File;
use std::io::{IsTerminal as _, Read as _};
use std::os::fd::AsFd as _;

/// The permission bits of standard input, which has none of its own.
const MODE: u32 = 0o644;

/// Standard input, with its content once the host has read it.
#[derive(Debug, Default)]
pub(super) struct Stdin {
    is_taken: bool,
    content: OnceCell<StagedContent>,
}

impl Stdin {
    /// Standard input from which the host has read the inputs.
    pub(super) fn taken() -> Self {
        Self { is_taken: true, content: OnceCell::new() }
    }

    /// Opens standard input. It reads a regular file in place; it reads anything else now, at most `max` bytes, and keeps
    /// it.
    ///
    /// # Errors
    /// Standard input holds the inputs, is a terminal or is larger, or the system cannot read it.
    pub(super) fn open(&self, path: &WorkspacePath, max: u64) -> Result<OpenFile, CallError> {
        if self.is_taken {
            return Err(CallError::Invalid(
                "standard input holds the inputs already; name a file instead".into(),
            ));
        }
        if let Some(content) = self.content.get() {
            return Ok(OpenFile::staged(path, content, MODE));
        }
        let stdin = std::io::stdin();
        if stdin.is_terminal() {
            let text = "standard input is a terminal; pipe the document into lockstep, or name a file";
            return Err(CallError::Invalid(text.into()));
        }
        let failed = |error| CallError::Local(format!("cannot read standard input: {error}"));
        let stat = fstat(stdin.as_fd()).map_err(|error| failed(error.into()))?;
        // Only from its start: otherwise the bytes that another process has read would be missing.
        let is_whole = matches!(seek(stdin.as_fd(), SeekFrom::Current(0)), Ok(0));
        if is_whole && FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile {
            let file = stdin.as_fd().try_clone_to_owned().map_err(failed)?;
            return Ok(OpenFile::on_disk(path, File::from(file), &stat));
        }
        let mut bytes = Vec::new();
        stdin.lock().take(max + 1).read_to_end(&mut bytes).map_err(failed)?;
        if bytes.len() as u64 > max {
            return Err(CallError::LimitExceeded(format!(
                "standard input has more than {max} bytes; write it to a file and name that"
            )));
        }
        Ok(OpenFile::staged(path, self.content.get_or_init(|| StagedContent::new(bytes)), MODE))
    }
}
