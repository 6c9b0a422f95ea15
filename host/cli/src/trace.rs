//! `--verbose`: writes the trace events of the host to the log, through the reporter. Without the flag it does nothing.

use crate::reporter::Reporter;
use std::io::{self, Write};
use tracing::Level;
use tracing_subscriber::fmt::time::Uptime;

/// Sends trace events to the reporter from now on.
pub(crate) fn start(reporter: &Reporter) {
    let reporter = reporter.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(Level::DEBUG)
        .with_timer(Uptime::default())
        .with_ansi(false)
        .with_writer(move || TraceWriter(reporter.clone()))
        .finish();
    // A process has one subscriber; a second call would keep the first.
    let _ = tracing::subscriber::set_global_default(subscriber);
}

/// A writer that hands each event to the reporter, which redacts it.
struct TraceWriter(Reporter);

impl Write for TraceWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.print_output(bytes)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
