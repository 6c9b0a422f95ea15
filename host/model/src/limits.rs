//! The budgets of a run. The gate, the capabilities and the sandbox enforce them.

/// The budgets of one run. A step may set those whose comment says so in its `step.toml`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Wall clock, in seconds. A step may set it, up to [`Limits::MAX_SECONDS`].
    pub seconds: u32,
    /// Linear memory of the component, in MiB. Its parallel instances together have the same amount again. A step may
    /// set it, up to [`Limits::MAX_MEMORY_MB`].
    pub memory_mb: u32,
    /// Host calls, reports included. A step may set it, up to [`Limits::MAX_CALLS`].
    pub calls: u64,
    /// Core instances of the component; also the number of its tables, and of its memories.
    pub instances: usize,
    /// Elements of all tables of the component together. Each parallel instance may have the same number.
    pub table_elements: usize,
    /// Bytes that a component may pass to the host in one call. It bounds the memory of the host.
    pub hostcall_bytes: usize,
    /// Handles that the component may have at once, and entries of the host's tables.
    pub handles: usize,
    /// Open files of the workspace. Many systems allow a process 1,024, and the host needs some for itself.
    pub open_files: usize,
    /// Bytes of randomness in one call.
    pub random_bytes: u64,
    /// Bytes of native stack for the component.
    pub stack_bytes: usize,
    /// Bytes of all staged files.
    pub staged_bytes: u64,
    /// Bytes of content that a run may send to stores.
    pub sent_bytes: u64,
    /// Bytes of URLs and headers that a run may send to web servers, because they can carry data out.
    pub request_bytes: u64,
    /// Bytes that a run may receive from a cluster.
    pub watched_bytes: u64,
    /// Objects of a cluster that a run may watch at once.
    pub watched_objects: usize,
    /// Files that a pattern may match.
    pub found_files: usize,
    /// Bytes of one file that `read` returns.
    pub read_bytes: u64,
    /// Bytes of all notes, summary parts and progress calls. Each note and part counts for some bytes more than its
    /// text.
    pub report_bytes: u64,
    /// Bytes of the texts that the component masks, with [`Limits::MASK_BYTES`] for each text.
    pub mask_bytes: u64,
    /// Bytes that the component prints to its standard output and error.
    pub printed_bytes: usize,
    /// Bytes of all outputs, or of the failure, as JSON, with some bytes more for each value. A step may set it, up to
    /// [`Limits::MAX_OUTPUT_MB`].
    pub output_bytes: usize,
}

impl Limits {
    /// The longest run that a step may set: six hours, the longest job of a hosted runner.
    pub const MAX_SECONDS: u32 = 6 * 60 * 60;
    /// The largest memory that a step may set.
    pub const MAX_MEMORY_MB: u32 = 1024;
    /// The largest number of calls that a step may set. The receipt lists each of them.
    pub const MAX_CALLS: u64 = 300_000;
    /// The largest outputs that a step may set, in MiB.
    pub const MAX_OUTPUT_MB: u32 = 256;
    /// The bytes of a MiB.
    pub const MB: usize = 1024 * 1024;
    /// The bytes for which a text to mask counts in addition to its length, because the redactor searches for many
    /// forms of it.
    pub const MASK_BYTES: u64 = 512;
    /// The largest number of instances of a component that run parallel jobs at once.
    pub const PARALLEL: usize = 4;
    /// Memory for the host itself, in addition to that for the component and the staged files.
    pub const HOST_OVERHEAD_MB: u64 = 128;

    /// Linear memory of each instance for parallel jobs, in MiB. It does not depend on the number of cores.
    #[must_use]
    pub fn job_memory_mb(&self) -> u32 {
        self.memory_mb / Self::PARALLEL as u32
    }

    /// The largest resident memory of the process, in bytes.
    #[must_use]
    pub fn resident_bytes(&self) -> u64 {
        (2 * u64::from(self.memory_mb) + Self::HOST_OVERHEAD_MB) * 1024 * 1024 + 2 * self.staged_bytes
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            seconds: 60,
            memory_mb: 64,
            calls: 1_000,
            instances: 100,
            table_elements: 100_000,
            hostcall_bytes: 128 * 1024 * 1024,
            handles: 10_000,
            open_files: 256,
            random_bytes: 1024 * 1024,
            stack_bytes: 1024 * 1024,
            staged_bytes: 256 * 1024 * 1024,
            sent_bytes: 4 * 1024 * 1024 * 1024 * 1024,
            request_bytes: 1024 * 1024,
            watched_bytes: 8 * 1024 * 1024 * 1024,
            watched_objects: 100_000,
            found_files: 100_000,
            read_bytes: 64 * 1024 * 1024,
            report_bytes: 4 * 1024 * 1024,
            mask_bytes: 4 * 1024 * 1024,
            printed_bytes: 1024 * 1024,
            output_bytes: 16 * 1024 * 1024,
        }
    }
}
