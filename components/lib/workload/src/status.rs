//! The status of a target.

/// The state of a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// Its controller has observed the newest specification, and every part of it is ready.
    Ready,
    /// The rollout goes on.
    Progressing,
    /// It waits for a person: a paused Deployment, a suspended Job, `OnDelete`.
    Paused,
    /// A rule failed it.
    Failed,
    /// Somebody else changed it after the deployment.
    Superseded,
    /// It does not exist.
    Missing,
    /// It exists, and its status does not tell whether it is ready.
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

/// The status of a target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// Its state.
    pub state: State,
    /// A CamelCase reason for scripts, such as `RollingOut` or `CrashLoopBackOff`.
    pub reason: String,
    /// One line for people, with numbers, such as `2 of 3 pods ready`.
    pub message: String,
    /// The numbers of ready and of desired pods, for a kind with pods.
    pub pods: Option<(u32, u32)>,
    /// When it came into this state with this reason, in seconds of the caller's clock.
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

    /// Whether state, reason and message are equal.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        (self.state, &self.reason, &self.message) == (other.state, &other.reason, &other.message)
    }
}
