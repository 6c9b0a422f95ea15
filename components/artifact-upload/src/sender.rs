//! What single and multipart uploads share: the host, the options and the progress. It sends nothing.

use lockstep_sdk::Reporter;
use lockstep_sdk::objects::{Precondition, PutOptions};

use crate::files::Files;
use crate::inputs::Settings;

/// How often the step tries an upload again that another job interfered with.
pub(crate) const MAX_RETRIES: u32 = 3;

/// The host of a run, and what the step sends with.
pub(crate) struct Sender<'s, H, R> {
    pub(crate) host: &'s mut H,
    pub(crate) reporter: &'s mut R,
    pub(crate) settings: &'s Settings,
    /// The different options of the objects.
    pub(crate) options: &'s [PutOptions],
    /// How many bytes of multipart uploads the run has finished.
    pub(crate) done_bytes: u64,
    /// How many bytes all multipart uploads have.
    total_bytes: u64,
}

impl<'s, H, R: Reporter> Sender<'s, H, R> {
    pub(crate) fn new(
        host: &'s mut H,
        reporter: &'s mut R,
        settings: &'s Settings,
        files: &'s Files,
        total_bytes: u64,
    ) -> Self {
        Self { host, reporter, settings, options: &files.options, done_bytes: 0, total_bytes }
    }

    /// Reports that this many more bytes are finished.
    pub(crate) fn advance(&mut self, bytes: u64) {
        const MEGABYTE: u64 = 1_000_000;
        self.done_bytes = (self.done_bytes + bytes).min(self.total_bytes);
        self.reporter.progress(self.done_bytes / MEGABYTE, Some(self.total_bytes / MEGABYTE), "MB");
    }

    /// The precondition of every write.
    pub(crate) fn precondition(&self) -> Precondition {
        if self.settings.immutable { Precondition::IfNoneMatch } else { Precondition::None }
    }
}
