//! The exit codes, which are public API: a number never changes its meaning.

/// How a run ended, as scripts see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// The work is done, or there was nothing to do.
    Done = 0,
    /// The step says no: a check failed, a conflict, a guard closed.
    Rejected = 1,
    /// Bad input or usage.
    Invalid = 2,
    /// The component reached past its grant, or was never allowed to run.
    Denied = 3,
    /// A digest, signature or checksum is wrong.
    Integrity = 4,
    /// Credentials are missing or were refused.
    Credentials = 5,
    /// Something remote failed; running again may help.
    Unavailable = 6,
    /// A limit was hit or the component trapped.
    LimitExceeded = 7,
    /// A bug in lockstep.
    Bug = 70,
    /// Somebody cancelled it with SIGINT.
    Interrupted = 130,
    /// Somebody cancelled it with SIGTERM.
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

    /// The number the process ends with.
    #[must_use]
    pub fn code(self) -> u8 {
        self as u8
    }

    /// The word in the result, `outcome`.
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
            Self::Rejected => "the step says no: a check failed, a conflict, a guard closed",
            Self::Invalid => "bad input or usage",
            Self::Denied => "denied: reached past the grant",
            Self::Integrity => "a digest, signature or checksum is wrong",
            Self::Credentials => "credentials missing or refused",
            Self::Unavailable => "the remote failed, running again may help",
            Self::LimitExceeded => "a limit was hit or the component trapped",
            Self::Bug => "a bug in lockstep",
            Self::Interrupted => "cancelled with SIGINT before any file was changed",
            Self::Terminated => "cancelled with SIGTERM before any file was changed",
        }
    }
}
