//! Plain text on standard output and error, outside of the log of a run.

use crate::secrets::Secrets;
use lockstep_model::exit::Exit;
use lockstep_model::redact::{Redactor, SecretsTooLong};
use std::io::{self, Write as _};

/// A printer of texts that hold foreign words: names, paths, the command line. It redacts the secrets of the job.
pub(crate) struct PlainOutput(Redactor);

impl PlainOutput {
    /// Makes a printer that redacts these secrets.
    ///
    /// # Errors
    /// The secrets are too long for the redactor.
    pub(crate) fn new(secrets: &Secrets) -> Result<Self, SecretsTooLong> {
        Redactor::new(&secrets.values()).map(Self)
    }

    /// Prints a text on standard output.
    pub(crate) fn print(&self, text: &str) -> Exit {
        exit_code(io::stdout().lock().write_all(self.0.redact(text).as_bytes()))
    }

    /// Prints an error and its hint on standard error.
    pub(crate) fn print_error(&self, message: &str, hint: Option<&str>) {
        print_error(&self.0.redact(message));
        if let Some(hint) = hint {
            print_hint(&self.0.redact(hint));
        }
    }

    /// Prints the help, the version or the mistake that clap found. The first two are no errors.
    pub(crate) fn print_usage(&self, error: &clap::Error) -> Exit {
        let text = error.to_string();
        let printed = match self.0.finds(&text) {
            true => io::stderr().lock().write_all(self.0.redact(&text).as_bytes()),
            // clap prints colours on a terminal.
            false => error.print(),
        };
        match printed {
            Ok(()) if error.exit_code() == 0 => Exit::Done,
            _ => Exit::Invalid,
        }
    }
}

/// Prints the help, the version or the mistake that clap found. The first two are no errors.
pub(crate) fn print_usage(error: &clap::Error) -> Exit {
    match error.print() {
        Ok(()) if error.exit_code() == 0 => Exit::Done,
        _ => Exit::Invalid,
    }
}

/// Prints an error of a command, or of a run that has no log.
pub(crate) fn print_error(message: &str) {
    // No other stream could carry the message.
    let _ = writeln!(io::stderr(), "error: {message}");
}

/// Prints the hint of the error before it.
pub(crate) fn print_hint(hint: &str) {
    let _ = writeln!(io::stderr(), "  hint: {hint}");
}

/// The exit code of a command that only prints.
pub(crate) fn exit_code(printed: io::Result<()>) -> Exit {
    match printed {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            print_error(&error.to_string());
            Exit::Invalid
        }
        _ => Exit::Done,
    }
}
