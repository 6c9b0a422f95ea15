//! A container of a pod, reduced to what the rules read.

use serde_json::Value;

use crate::value::{clipped, count, int, is_true, micros, text};

/// The bounds of the time, in seconds, that a restarted container must run before it counts as recovered.
const RECOVERY: (u64, u64) = (10, 60);

/// The tolerated difference between the clocks of the caller and the cluster, in seconds.
const CLOCK_SKEW: u64 = 600;

/// A container.
#[derive(Debug)]
pub(crate) struct Container {
    pub(crate) name: Box<str>,
    pub(crate) role: Role,
    pub(crate) is_ready: bool,
    pub(crate) restarts: u32,
    pub(crate) state: State,
    /// Its previous exit.
    pub(crate) last: Option<Exit>,
    /// When it came into this state, on the caller's clock.
    since: u64,
    /// The last message of the kubelet about a failed image pull.
    pub(crate) pull: Box<str>,
}

/// When a container of a pod runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// To its end, before the others start.
    Init,
    /// All the time, sidecars included.
    Main,
}

/// The state of a container.
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
    /// The pod reports no state.
    Unknown,
}

/// The exit of a container.
#[derive(Debug)]
pub(crate) struct Exit {
    pub(crate) code: Option<i32>,
    pub(crate) signal: Option<i32>,
    pub(crate) reason: Box<str>,
    pub(crate) message: Box<str>,
    /// How long the container had run, in seconds.
    run_seconds: u64,
}

impl Container {
    pub(crate) fn parse(role: Role, value: &Value) -> Self {
        Self {
            name: text(value, "name").into(),
            role,
            is_ready: is_true(value, "ready"),
            restarts: count(value, "restartCount"),
            state: State::parse(&value["state"]),
            last: Exit::parse(&value["lastState"]["terminated"]),
            since: 0,
            pull: Box::default(),
        }
    }

    /// Takes over what an earlier version of the pod said.
    pub(crate) fn follow(&mut self, before: Option<&Self>, now: u64) {
        self.since = now;
        let Some(before) = before else { return };
        if self.restarts == before.restarts && self.state.is_same(&before.state) {
            self.since = before.since;
        }
        if let (State::Waiting { .. }, State::Waiting { message, reason }) = (&self.state, &before.state) {
            let has_cause = &**reason == "ErrImagePull" && !message.is_empty();
            self.pull = if has_cause { message.clone() } else { before.pull.clone() };
        }
    }

    /// Its last exit.
    pub(crate) fn exit(&self) -> Option<&Exit> {
        match &self.state {
            State::Terminated(exit) => Some(exit),
            _ => self.last.as_ref(),
        }
    }

    /// The reason and message of a waiting container.
    pub(crate) fn waiting(&self) -> Option<(&str, &str)> {
        match &self.state {
            State::Waiting { reason, message } => Some((reason, message)),
            _ => None,
        }
    }

    /// Until when, on the caller's clock, a restarted container may still crash again: it must run for longer than before.
    /// None for a container that has recovered or did not fail.
    pub(crate) fn recovery_end(&self, now: u64) -> Option<u64> {
        let State::Running { started } = self.state else { return None };
        let last = self
            .last
            .as_ref()
            .filter(|last| self.restarts > 0 && self.role == Role::Main && last.is_failure())?;
        let recovery = last.run_seconds.saturating_mul(2).clamp(RECOVERY.0, RECOVERY.1);
        // A start long ago proves recovery even if the clocks differ.
        let is_old = started.is_some_and(|started| now > started.saturating_add(recovery + CLOCK_SKEW));
        let end = self.since.saturating_add(recovery);
        (!is_old && now < end).then_some(end)
    }
}

impl State {
    fn parse(value: &Value) -> Self {
        if let waiting @ Value::Object(_) = &value["waiting"] {
            return Self::Waiting {
                reason: clipped(waiting, "reason"),
                message: clipped(waiting, "message"),
            };
        }
        if let running @ Value::Object(_) = &value["running"] {
            return Self::Running {
                started: micros(text(running, "startedAt")).map(|time| time / 1_000_000),
            };
        }
        Exit::parse(&value["terminated"]).map_or(Self::Unknown, Self::Terminated)
    }

    fn is_same(&self, other: &Self) -> bool {
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
        let run_seconds = match (time("startedAt"), time("finishedAt")) {
            (Some(started), Some(finished)) => finished.saturating_sub(started) / 1_000_000,
            _ => 0,
        };
        let signal = number("signal").filter(|signal| *signal != 0);
        let (reason, message) = (clipped(value, "reason"), clipped(value, "message"));
        Some(Self { code: number("exitCode"), signal, reason, message, run_seconds })
    }

    /// Whether the exit code or a signal tells of a failure.
    pub(crate) fn is_failure(&self) -> bool {
        self.code.unwrap_or_default() != 0 || self.signal.is_some()
    }

    /// Whether the container could not start.
    /// <https://kubernetes.io/docs/tasks/debug/debug-application/determine-reason-pod-failure/>
    pub(crate) fn is_start_failure(&self) -> bool {
        matches!(&*self.reason, "StartError" | "ContainerCannotRun")
    }
}
