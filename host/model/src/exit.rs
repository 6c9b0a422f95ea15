//! The exit codes, which are public API: a number never changes its meaning.

/// The exit code of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// The work is done, or there was nothing to do.
    Done = 0,
    /// The step rejects: a check failed, or there is a conflict.
    Rejected = 1,
    /// Bad input or usage.
    Invalid = 2,
    /// The component made a call that its grant does not allow, or no policy allows the component.
    Denied = 3,
    /// A digest, signature or checksum is wrong.
    Integrity = 4,
    /// Credentials are missing, or a server refused them.
    Credentials = 5,
    /// A remote service failed; another run may succeed.
    Unavailable = 6,
    /// The run exceeded a limit, or the component trapped.
    LimitExceeded = 7,
    /// A bug in lockstep.
    Bug = 70,
    /// SIGINT cancelled the run.
    Interrupted = 130,
    /// SIGTERM cancelled the run.
    Terminated = 143,
}

impl Exit {
    /// Every exit code, in order.
    pub const ALL: [Self; 11] = [
        Self::Done,
        Self::Rejected,
        Self::Invalid,
        Self::Denied,
        Self::Integrity,
        Self::Credentials,
        Self::Unavailable,
        Self::LimitExceeded,
        Self::Bug,
        Self::Interrupted,
        Self::Terminated,
    ];

    /// The exit code of the process.
    #[must_use]
    pub fn code(self) -> u8 {
        self as u8
    }

    /// The value of `outcome` in the result.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Rejected => "rejected",
            Self::Invalid => "invalid",
            Self::Denied => "denied",
            Self::Integrity => "integrity",
            Self::Credentials => "credentials",
            Self::Unavailable => "unavailable",
            Self::LimitExceeded => "limit-exceeded",
            Self::Bug => "bug",
            Self::Interrupted | Self::Terminated => "cancelled",
        }
    }

    /// One line for help texts.
    #[must_use]
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Done => "done, or nothing to do",
            Self::Rejected => "a check of the step failed, or there is a conflict",
            Self::Invalid => "bad input or usage",
            Self::Denied => "the component made a call that the grant or the policy does not allow",
            Self::Integrity => "a digest, signature or checksum is wrong",
            Self::Credentials => "credentials are missing, or a server refused them",
            Self::Unavailable => "a remote service failed; another run may succeed",
            Self::LimitExceeded => "the run exceeded a limit, or the component trapped",
            Self::Bug => "a bug in lockstep",
            Self::Interrupted => "cancelled with SIGINT before any file was changed",
            Self::Terminated => "cancelled with SIGTERM before any file was changed",
        }
    }
}
