//! What is said of a target. Never says more than one line.

/// How a target stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// As it should be: its controller has taken up the newest specification, and every part of it is ready.
    Ready,
    /// On its way.
    Progressing,
    /// It goes on only when a person lets it: a paused Deployment, a suspended Job, `OnDelete`.
    Paused,
    /// Doomed by a rule.
    Failed,
    /// Somebody else changed it: what was deployed is no longer what is there.
    Superseded,
    /// Not there.
    Missing,
    /// There, and nothing about it says whether it is as it should be.
    Unknown,
}

impl State {
    /// The state in lower case, such as `ready`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::Progressing => "progressing",
            Self::Paused => "paused",
            Self::Failed => "failed",
            Self::Superseded => "superseded",
            Self::Missing => "missing",
            Self::Unknown => "unknown",
        }
    }
}

/// What is said of a target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// How it stands.
    pub state: State,
    /// A CamelCase word for scripts, such as `RollingOut` or `CrashLoopBackOff`.
    pub reason: String,
    /// One line for people, with numbers, such as `2 of 3 pods ready`.
    pub message: String,
    /// How many pods are ready and how many there should be, for what has pods.
    pub pods: Option<(u32, u32)>,
    /// When state and reason came to be so, in seconds of the caller's clock.
    pub since: u64,
}

impl Status {
    pub(crate) fn new(state: State, reason: &str, message: impl Into<String>) -> Self {
        Self { state, reason: reason.to_owned(), message: message.into(), pods: None, since: 0 }
    }

    pub(crate) fn ready(reason: &str, message: impl Into<String>) -> Self {
        Self::new(State::Ready, reason, message)
    }

    pub(crate) fn progressing(reason: &str, message: impl Into<String>) -> Self {
        Self::new(State::Progressing, reason, message)
    }

    pub(crate) fn paused(reason: &str, message: impl Into<String>) -> Self {
        Self::new(State::Paused, reason, message)
    }

    pub(crate) fn with_pods(self, ready: u32, wanted: u32) -> Self {
        Self { pods: Some((ready, wanted)), ..self }
    }

    /// Whether it says the same, no matter since when.
    pub(crate) fn is_like(&self, other: &Self) -> bool {
        (self.state, &self.reason, &self.message) == (other.state, &other.reason, &other.message)
    }
}
