//! What the reader of the log can show: progress, colours, characters, and how wide a line may be.

use crate::environment;
use lockstep_model::render::{Charset, LogStyle, Verbosity};
use rustix::termios::tcgetwinsize;
use std::io::{self, IsTerminal as _};
use std::os::fd::{AsFd as _, BorrowedFd};

/// The columns of a terminal that does not say how many it has.
const USUAL_COLUMNS: usize = 80;
/// The fewest and the most columns that tables are cut to.
const COLUMNS: std::ops::RangeInclusive<usize> = 80..=200;

/// The stream that gets the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LogStream {
    /// Standard output.
    Stdout,
    /// Standard error; standard output gets the result.
    Stderr,
}

/// The abilities of the reader of a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LogReader {
    /// Whether progress replaces the line of older progress.
    pub(crate) bar: bool,
    /// The style of the log.
    pub(crate) style: LogStyle,
}

impl LogReader {
    /// Finds out who reads a stream. A CI job has no terminal, whatever its runner connects.
    pub(crate) fn of(stream: LogStream, is_ci: bool, verbosity: Verbosity) -> Self {
        let (stdout, stderr) = (io::stdout(), io::stderr());
        let stream: BorrowedFd<'_> = match stream {
            LogStream::Stdout => stdout.as_fd(),
            LogStream::Stderr => stderr.as_fd(),
        };
        let size = || tcgetwinsize(stream).ok().map(|size| size.ws_col.into());
        Self::with(stream.is_terminal() && !is_ci, size, environment::text, verbosity)
    }

    /// The abilities of a reader. `variable` returns the value of a variable that is set and not empty.
    /// <https://no-color.org>
    fn with(
        is_terminal: bool,
        size: impl Fn() -> Option<usize>,
        variable: impl Fn(&str) -> Option<String>,
        verbosity: Verbosity,
    ) -> Self {
        let is_dumb = variable("TERM").as_deref() == Some("dumb");
        let given = variable("COLUMNS").and_then(|columns| columns.parse().ok());
        let columns = || given.or_else(&size).filter(|columns| *columns > 0).unwrap_or(USUAL_COLUMNS);
        Self {
            bar: is_terminal && !is_dumb,
            style: LogStyle {
                verbosity,
                colour: is_terminal && !is_dumb && variable("NO_COLOR").is_none(),
                charset: Charset::of_locale(&variable),
                width: is_terminal.then(|| columns().clamp(*COLUMNS.start(), *COLUMNS.end())),
            },
        }
    }
}

/// The characters of the locale.
pub(crate) fn charset() -> Charset {
    Charset::of_locale(environment::text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reader(is_terminal: bool, size: Option<usize>, set: &[(&str, &str)]) -> LogReader {
        let value =
            |name: &str| set.iter().find(|(other, _)| *other == name).map(|(_, value)| (*value).to_owned());
        LogReader::with(is_terminal, || size, value, Verbosity::Normal)
    }

    #[test]
    fn colours_and_a_progress_bar_are_only_on_a_terminal() {
        let shows = |is_terminal, set: &[(&str, &str)]| {
            let reader = reader(is_terminal, None, set);
            (reader.bar, reader.style.colour)
        };
        assert_eq!(shows(true, &[("TERM", "xterm")]), (true, true));
        assert_eq!(shows(true, &[("NO_COLOR", "1")]), (true, false));
        assert_eq!(shows(true, &[("TERM", "dumb")]), (false, false));
        assert_eq!(shows(false, &[("TERM", "xterm"), ("COLUMNS", "100")]), (false, false));
    }

    #[test]
    fn a_terminal_has_the_columns_that_its_user_or_itself_says() {
        let width = |size, set: &[(&str, &str)]| reader(true, size, set).style.width;
        assert_eq!(width(Some(120), &[]), Some(120));
        assert_eq!(width(Some(120), &[("COLUMNS", "100")]), Some(100));
        assert_eq!(width(Some(120), &[("COLUMNS", "wide")]), Some(120));
        assert_eq!((width(Some(20), &[]), width(Some(500), &[])), (Some(80), Some(200)));
        assert_eq!((width(None, &[]), width(Some(0), &[])), (Some(80), Some(80)));
        assert_eq!(reader(false, Some(120), &[("COLUMNS", "100")]).style.width, None);
    }
}
