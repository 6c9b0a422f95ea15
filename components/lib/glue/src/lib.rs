//! What all steps share where they meet the host: how a call that was not carried out ends the run, and the phrases of
//! their messages. Never knows a step.
#![forbid(unsafe_code)]

pub mod words;

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
