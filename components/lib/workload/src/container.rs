//! What is kept of a container of a pod. Never tells from an exit code what only a reason says, such as
//! `OOMKilled`.

use serde_json::Value;

use crate::value::{count, int, is, kept, micros, text};

/// For how long, in seconds, a container that had failed must at least run, and at most, to count as well
/// again.
const PROOF: (u64, u64) = (10, 60);

/// How far the clocks of the caller and the cluster may be apart, in seconds, without being noticed here.
const SKEW: u64 = 600;

/// A container.
#[derive(Debug)]
pub(crate) struct Container {
    pub(crate) name: Box<str>,
    pub(crate) role: Role,
    pub(crate) is_ready: bool,
    pub(crate) restarts: u32,
    pub(crate) state: State,
    /// How it ended before.
    pub(crate) last: Option<Exit>,
    /// Since when it has been seen in this state, on the caller's clock.
    seen: u64,
    /// What the kubelet said last about why the image could not be pulled.
    pub(crate) pull: Box<str>,
}

/// When a container runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// To its end, before the others start.
    Init,
    /// All the time, sidecars included.
    Main,
}

/// What a container does now.
#[derive(Debug)]
pub(crate) enum State {
    Waiting {
        reason: Box<str>,
        message: Box<str>,
    },
    Running {
        /// On the cluster's clock.
        started: Option<u64>,
    },
    Terminated(Exit),
    /// Nothing is said of it.
    None,
}

/// How a container ended.
#[derive(Debug)]
pub(crate) struct Exit {
    pub(crate) code: Option<i32>,
    pub(crate) signal: Option<i32>,
    pub(crate) reason: Box<str>,
    pub(crate) message: Box<str>,
    /// How long it had run, in seconds.
    lasted: u64,
}

impl Container {
    pub(crate) fn parse(role: Role, value: &Value) -> Self {
        Self {
            name: text(value, "name").into(),
            role,
            is_ready: is(value, "ready"),
            restarts: count(value, "restartCount"),
            state: State::parse(&value["state"]),
            last: Exit::parse(&value["lastState"]["terminated"]),
            seen: 0,
            pull: Box::default(),
        }
    }

    /// Takes over what was known of it before.
    pub(crate) fn follow(&mut self, before: Option<&Self>, now: u64) {
        self.seen = now;
        let Some(before) = before else { return };
        if self.restarts == before.restarts && self.state.is_like(&before.state) {
            self.seen = before.seen;
        }
        if let (State::Waiting { .. }, State::Waiting { message, reason }) = (&self.state, &before.state) {
            let is_told = &**reason == "ErrImagePull" && !message.is_empty();
            self.pull = if is_told { message.clone() } else { before.pull.clone() };
        }
    }

    /// The way it ended last.
    pub(crate) fn exit(&self) -> Option<&Exit> {
        match &self.state {
            State::Terminated(exit) => Some(exit),
            _ => self.last.as_ref(),
        }
    }

    pub(crate) fn waits_for(&self) -> Option<(&str, &str)> {
        match &self.state {
            State::Waiting { reason, message } => Some((reason, message)),
            _ => None,
        }
    }

    /// Until when, on the caller's clock, it is open whether a container that had failed and runs again stays
    /// up: it has to outlive its last life. None if that is settled, or it did not fail.
    pub(crate) fn trial(&self, now: u64) -> Option<u64> {
        let State::Running { started } = self.state else { return None };
        let last = self
            .last
            .as_ref()
            .filter(|last| self.restarts > 0 && self.role == Role::Main && last.is_failure())?;
        let proof = last.lasted.saturating_mul(2).clamp(PROOF.0, PROOF.1);
        // The clock of the cluster may be another one, but not by so much.
        let is_old = started.is_some_and(|started| now > started.saturating_add(proof + SKEW));
        let end = self.seen.saturating_add(proof);
        (!is_old && now < end).then_some(end)
    }
}

impl State {
    fn parse(value: &Value) -> Self {
        if let waiting @ Value::Object(_) = &value["waiting"] {
            return Self::Waiting { reason: kept(waiting, "reason"), message: kept(waiting, "message") };
        }
        if let running @ Value::Object(_) = &value["running"] {
            return Self::Running {
                started: micros(text(running, "startedAt")).map(|time| time / 1_000_000),
            };
        }
        Exit::parse(&value["terminated"]).map_or(Self::None, Self::Terminated)
    }

    fn is_like(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Running { started }, Self::Running { started: other }) => started == other,
            (one, other) => std::mem::discriminant(one) == std::mem::discriminant(other),
        }
    }
}

impl Exit {
    fn parse(value: &Value) -> Option<Self> {
        if !value.is_object() {
            return None;
        }
        let number = |key: &str| int(&value[key]).and_then(|number| i32::try_from(number).ok());
        let time = |key: &str| micros(text(value, key));
        let lasted = match (time("startedAt"), time("finishedAt")) {
            (Some(started), Some(finished)) => finished.saturating_sub(started) / 1_000_000,
            _ => 0,
        };
        let signal = number("signal").filter(|signal| *signal != 0);
        let (reason, message) = (kept(value, "reason"), kept(value, "message"));
        Some(Self { code: number("exitCode"), signal, reason, message, lasted })
    }

    /// Whether it ended otherwise than by being done.
    pub(crate) fn is_failure(&self) -> bool {
        self.code.unwrap_or_default() != 0 || self.signal.is_some()
    }

    /// Whether it did not even start.
    /// <https://kubernetes.io/docs/tasks/debug/debug-application/determine-reason-pod-failure/>
    pub(crate) fn is_no_start(&self) -> bool {
        matches!(&*self.reason, "StartError" | "ContainerCannotRun")
    }
}
