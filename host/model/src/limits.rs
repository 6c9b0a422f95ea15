//! Every budget of a run, in one place, each set on purpose. Nothing here enforces one: the gate, the
//! workspace and the sandbox do.

/// The budgets of one run. What a step may set in its `step.toml` says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Wall clock, in seconds. A step may set it, up to [`Limits::MAX_SECONDS`].
    pub seconds: u32,
    /// Linear memory of the component, in MiB; its parallel instances have as much again together. A step may set it, up to [`Limits::MAX_MEMORY_MB`].
    pub memory_mb: u32,
    /// Host calls, reports included. A step may set it, up to [`Limits::MAX_CALLS`].
    pub calls: u64,
    /// Core instances, tables and memories inside the component, each of the three in sum over all that it consists of.
    pub instances: usize,
    /// Elements of all tables of the component together; each parallel instance has as many again.
    pub table_elements: usize,
    /// Bytes a component may pass to the host in one call: guards the host's own memory.
    pub hostcall_bytes: usize,
    /// Handles the component may hold at once, and entries of the host's tables.
    pub handles: usize,
    /// Files of the workspace that may be open at once: the host needs some for itself, and many systems give a
    /// process 1,024.
    pub open_files: usize,
    /// Bytes of randomness in one call.
    pub random_bytes: u64,
    /// Bytes of native stack the component may use.
    pub stack_bytes: usize,
    /// Bytes that may be staged in the workspace.
    pub staged_bytes: u64,
    /// Bytes of content that may be sent to stores: guards against a run that sends without end.
    pub sent_bytes: u64,
    /// Bytes of URLs and headers that may be sent to web servers: they can carry what should stay.
    pub request_bytes: u64,
    /// Bytes that may be received from a cluster.
    pub watched_bytes: u64,
    /// Objects of a cluster that may be followed at once.
    pub watched_objects: usize,
    /// Files that a pattern may find.
    pub found_files: usize,
    /// Bytes of one file that `read` gives.
    pub read_bytes: u64,
    /// Notes, summary parts and progress calls together, in bytes of text and a little for each note and part.
    pub report_bytes: u64,
    /// Bytes of what the component has masked, and [`Limits::EACH_MASK`] for each text.
    pub mask_bytes: u64,
    /// Bytes of what the component prints to its standard output and error.
    pub printed_bytes: usize,
    /// Bytes of all outputs, or of the failure, as JSON and a little for each value in them. A step may set it, up
    /// to [`Limits::MAX_OUTPUT_MB`].
    pub output_bytes: usize,
}

impl Limits {
    /// The longest run a step may ask for: six hours, the longest job of a hosted runner.
    pub const MAX_SECONDS: u32 = 6 * 60 * 60;
    /// The largest memory a step may ask for.
    pub const MAX_MEMORY_MB: u32 = 1024;
    /// The largest number of calls a step may ask for: the receipt lists each of them.
    pub const MAX_CALLS: u64 = 300_000;
    /// The most outputs a step may ask for, in MiB.
    pub const MAX_OUTPUT_MB: u32 = 256;
    /// What a text to mask costs besides its bytes: each is looked for in many forms.
    pub const EACH_MASK: u64 = 512;
    /// How many instances of a component work at once, at most, on what it runs in parallel.
    pub const PARALLEL: usize = 4;
    /// How much the host itself may use beyond what the component and the staged files account for.
    pub const HOST_OVERHEAD_MB: u64 = 128;

    /// Linear memory of each instance that works on parallel jobs, in MiB: the same on every machine, however many
    /// cores it has.
    #[must_use]
    pub fn job_memory_mb(&self) -> u32 {
        self.memory_mb / Self::PARALLEL as u32
    }

    /// How much resident memory the whole process may have, in bytes.
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
