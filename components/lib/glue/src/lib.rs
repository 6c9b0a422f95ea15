//! What all steps share where they meet the host: how a call that was not carried out ends the run, and the phrases of
//! their messages. Never knows a step.
#![forbid(unsafe_code)]

pub mod characters;
pub mod duration;
mod fault;
mod kind;
mod mistake;
mod tell;
mod time;
pub mod words;

pub use fault::Fault;
pub use kind::Kind;
pub use mistake::Mistake;
pub use tell::{Level, Tell};
pub use time::{Clock, Deadline};

/// Lets `?` end a run at a host call that was not carried out. Each step has types of its own for errors and failures,
/// made by `wit_bindgen::generate!`, so this stands below that call, once.
#[macro_export]
macro_rules! errors_end_the_run {
    () => {
        impl From<lockstep::step::types::Error> for lockstep::step::types::Failure {
            fn from(error: lockstep::step::types::Error) -> Self {
                use lockstep::step::types::{Error, FailureKind};
                let (kind, message) = match error {
                    Error::Limit(message) => (FailureKind::Limit, message),
                    Error::Unavailable(message) => (FailureKind::Unavailable, message),
                    Error::Unauthorized(message) => (FailureKind::Credentials, message),
                    Error::Integrity(message) => (FailureKind::Integrity, message),
                    Error::Upstream(error) => (FailureKind::Unavailable, error.message),
                    Error::Conflict(message) => (FailureKind::Rejected, message),
                    Error::Denied(message) | Error::NotFound(message) | Error::Invalid(message) => {
                        (FailureKind::Invalid, message)
                    }
                };
                Self { kind, code: "workspace".into(), message, hint: None, at: None }
            }
        }
    };
}

/// Gives the pure modules of a step [`Fault`]s for the errors of its host calls, and the contract the [`Kind`]s of their
/// ends. Stands below the call of `wit_bindgen::generate!`, once.
#[macro_export]
macro_rules! errors_are_faults {
    () => {
        impl From<lockstep::step::types::Error> for $crate::Fault {
            fn from(error: lockstep::step::types::Error) -> Self {
                use lockstep::step::types::Error;
                match error {
                    Error::Denied(text) => Self::Denied(text),
                    Error::NotFound(text) => Self::NotFound(text),
                    Error::Conflict(text) => Self::Conflict(text),
                    Error::Invalid(text) => Self::Invalid(text),
                    Error::Limit(text) => Self::Limit(text),
                    Error::Unavailable(text) => Self::Unavailable(text),
                    Error::Unauthorized(text) => Self::Unauthorized(text),
                    Error::Integrity(text) => Self::Integrity(text),
                    Error::Upstream(error) => Self::Upstream(error.status, error.message),
                }
            }
        }

        impl From<$crate::Kind> for lockstep::step::types::FailureKind {
            fn from(kind: $crate::Kind) -> Self {
                match kind {
                    $crate::Kind::Rejected => Self::Rejected,
                    $crate::Kind::Invalid => Self::Invalid,
                    $crate::Kind::Integrity => Self::Integrity,
                    $crate::Kind::Credentials => Self::Credentials,
                    $crate::Kind::Unavailable => Self::Unavailable,
                    $crate::Kind::Limit => Self::Limit,
                }
            }
        }
    };
}

/// Lets people hear of a step what its [`Tell`] says; `unit` is what its progress counts. Stands below the call of
/// `wit_bindgen::generate!`, once.
#[macro_export]
macro_rules! report_tells {
    ($voice:ty, $unit:literal) => {
        impl $crate::Tell for $voice {
            fn note(&mut self, level: $crate::Level, message: &str) {
                use lockstep::step::report::{Level, note};
                let level = match level {
                    $crate::Level::Debug => Level::Debug,
                    $crate::Level::Info => Level::Info,
                    $crate::Level::Notice => Level::Notice,
                    $crate::Level::Warning => Level::Warning,
                    $crate::Level::Error => Level::Error,
                };
                note(level, message, None);
            }

            fn progress(&mut self, done: usize, total: usize) {
                lockstep::step::report::progress(done as u64, Some(total as u64), $unit);
            }
        }
    };
}
