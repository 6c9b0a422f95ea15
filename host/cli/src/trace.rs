//! `--verbose`: what the host does, as lines of the log, through the one writer. Nothing is set up without it.

use crate::voice::Voice;
use std::io::{self, Write};
use tracing::Level;
use tracing_subscriber::fmt::time::Uptime;

/// Starts to show what is traced.
pub(crate) fn start(voice: &Voice) {
    let voice = voice.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(Level::DEBUG)
        .with_timer(Uptime::default())
        .with_ansi(false)
        .with_writer(move || Lines(voice.clone()))
        .finish();
    // Set once per process; a second time would keep the first.
    let _ = tracing::subscriber::set_global_default(subscriber);
}

/// Hands each event to the voice, which redacts it.
struct Lines(Voice);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.printed(bytes)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
