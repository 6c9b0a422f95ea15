//! Why a host call was not carried out, as plain data: what pure modules see of it. It decides nothing.

/// Why something was not carried out, as the contract has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The run was not granted this.
    Denied(String),
    /// The thing named does not exist.
    NotFound(String),
    /// Something else changed or holds the thing named.
    Conflict(String),
    /// The request makes no sense.
    Invalid(String),
    /// A budget of the run is used up.
    Limit(String),
    /// Not reachable now.
    Unavailable(String),
    /// A credential is missing, or was refused.
    Unauthorized(String),
    /// What arrived is not what was sent.
    Integrity(String),
    /// The remote side answered with an error of its own: its status and its words.
    Upstream(u16, String),
}

impl Fault {
    /// The words of whoever did not do it.
    #[must_use]
    pub fn message(&self) -> &str {
        match self {
            Self::Denied(text)
            | Self::NotFound(text)
            | Self::Conflict(text)
            | Self::Invalid(text)
            | Self::Limit(text)
            | Self::Unavailable(text)
            | Self::Unauthorized(text)
            | Self::Integrity(text)
            | Self::Upstream(_, text) => text,
        }
    }
}
