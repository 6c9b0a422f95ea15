//! How a run ends that does not end well, as pure modules say it. Never knows why.

/// Which exit code an end has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Exit code 1.
    Rejected,
    /// Exit code 2.
    Invalid,
    /// Exit code 4.
    Integrity,
    /// Exit code 5.
    Credentials,
    /// Exit code 6.
    Unavailable,
    /// Exit code 7.
    Limit,
}
