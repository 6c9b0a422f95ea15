//! What the commands print that is no log of a run: plain text, without the secrets of the job.

use crate::secrets::Secrets;
use lockstep_model::exit::Exit;
use lockstep_model::redact::{Redactor, TooLong};
use std::io::{self, Write as _};

/// Prints texts that hold what others chose: names, paths, words of the command line.
pub(super) struct Plain(Redactor);

impl Plain {
    /// It hides these secrets.
    ///
    /// # Errors
    /// They are too long to be looked for.
    pub(super) fn new(secrets: &Secrets) -> Result<Self, TooLong> {
        Redactor::new(&secrets.values()).map(Self)
    }

    /// Prints a text on standard output.
    pub(super) fn print(&self, text: &str) -> Exit {
        finish(io::stdout().lock().write_all(self.0.redact(text).as_bytes()))
    }

    /// Says what went wrong, and what to do about it.
    pub(super) fn complain(&self, message: &str, hint: Option<&str>) {
        super::complain(&self.0.redact(message));
        if let Some(hint) = hint {
            super::advise(&self.0.redact(hint));
        }
    }

    /// Prints what clap has to say: help and version are no errors.
    pub(super) fn usage(&self, error: &clap::Error) -> Exit {
        let text = error.to_string();
        let printed = match self.0.finds(&text) {
            true => io::stderr().lock().write_all(self.0.redact(&text).as_bytes()),
            // With colours on a terminal.
            false => error.print(),
        };
        match printed {
            Ok(()) if error.exit_code() == 0 => Exit::Done,
            _ => Exit::Invalid,
        }
    }
}

/// The exit code of a command that only prints.
pub(super) fn finish(printed: io::Result<()>) -> Exit {
    match printed {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            super::complain(&error.to_string());
            Exit::Invalid
        }
        _ => Exit::Done,
    }
}
