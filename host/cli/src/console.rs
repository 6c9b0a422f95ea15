//! Plain text on standard output and error, outside of the log of a run.

use crate::secrets::Secrets;
use crate::terminal::charset;
use lockstep_model::exit::Exit;
use lockstep_model::redact::{Redactor, SecretsTooLong};
use std::borrow::Cow;
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
        let text = self.0.redact(text);
        exit_code(io::stdout().lock().write_all(charset().show(&text).as_bytes()))
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
        match self.0.finds(&text) {
            true => printed_usage(error, print_uncoloured(error, &self.0.redact(&text))),
            false => print_usage(error),
        }
    }
}

/// Prints the help, the version or the mistake that clap found. The first two are no errors.
pub(crate) fn print_usage(error: &clap::Error) -> Exit {
    let text = error.to_string();
    let printed = match charset().show(&text) {
        // clap prints colours on a terminal, unless `NO_COLOR` is set.
        Cow::Borrowed(_) => error.print(),
        Cow::Owned(text) => print_uncoloured(error, &text),
    };
    printed_usage(error, printed)
}

/// Prints a text of clap to the stream that clap would use.
fn print_uncoloured(error: &clap::Error, text: &str) -> io::Result<()> {
    let text = charset().show(text);
    match error.use_stderr() {
        true => io::stderr().lock().write_all(text.as_bytes()),
        false => io::stdout().lock().write_all(text.as_bytes()),
    }
}

fn printed_usage(error: &clap::Error, printed: io::Result<()>) -> Exit {
    match printed {
        Ok(()) if error.exit_code() == 0 => Exit::Done,
        _ => Exit::Invalid,
    }
}

/// Prints an error of a command, or of a run that has no log.
pub(crate) fn print_error(message: &str) {
    // No other stream could carry the message.
    let _ = writeln!(io::stderr(), "error: {}", charset().show(message));
}

/// Prints the hint of the error before it.
pub(crate) fn print_hint(hint: &str) {
    let _ = writeln!(io::stderr(), "  hint: {}", charset().show(hint));
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
