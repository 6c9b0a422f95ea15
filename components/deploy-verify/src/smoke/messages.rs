//! Texts about the results of smoke checks.

use lockstep_sdk::duration;
use lockstep_sdk::text::plural;

use super::judge::{Mismatch, Reason};
use super::progress::{Outcome, Verdict};

impl Verdict {
    /// The name in messages.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::TimedOut => "timed out",
        }
    }
}

/// A row of the summary: name, verdict, detail.
#[must_use]
pub fn row(outcome: &Outcome) -> Vec<String> {
    vec![outcome.name.clone(), outcome.verdict.name().to_owned(), detail(outcome)]
}

/// The result of a check in one line, as a lower-case fragment.
#[must_use]
pub fn end(outcome: &Outcome) -> String {
    let verdict = match outcome.verdict {
        Verdict::Passed => "has passed",
        Verdict::Failed => "has failed",
        Verdict::TimedOut => "did not pass before the time was up",
    };
    format!("smoke check `{}` {verdict}: {}", outcome.name, detail(outcome))
}

/// The next act, if there is one.
#[must_use]
pub fn hint(outcome: &Outcome) -> Option<&'static str> {
    outcome.mismatch.as_ref().and_then(|mismatch| mismatch.hint)
}

/// The state of an open check, as a lower-case fragment.
#[must_use]
pub fn progress(outcome: &Outcome) -> String {
    let state = match &outcome.mismatch {
        _ if outcome.streak > 0 => {
            format!("{} of {} as expected", outcome.streak, plural(outcome.required as usize, "response"))
        }
        Some(mismatch) => describe(mismatch),
        None => "waits for a response".to_owned(),
    };
    format!("smoke check `{}`: {state}", outcome.name)
}

/// The mismatch if there is one, and the number of requests.
fn detail(outcome: &Outcome) -> String {
    let attempts = plural(outcome.attempts as usize, "request");
    let elapsed = duration::format(outcome.elapsed_ms / 1000 * 1000);
    let tail = match outcome.status {
        Some(status) => format!("{attempts} in {elapsed}, last status {status}"),
        None => format!("{attempts} in {elapsed}"),
    };
    match &outcome.mismatch {
        _ if outcome.verdict == Verdict::Passed => {
            format!("{} as expected; {tail}", plural(outcome.required as usize, "response"))
        }
        Some(mismatch) if outcome.streak > 0 => {
            let last =
                format!("only the last {} as expected, before that: {}", outcome.streak, describe(mismatch));
            format!("{last}; {tail}")
        }
        Some(mismatch) => format!("{}; {tail}", describe(mismatch)),
        None if outcome.attempts == 0 => "there was no time for a request".to_owned(),
        None => {
            format!(
                "{} of {} as expected; {tail}",
                outcome.streak,
                plural(outcome.required as usize, "response")
            )
        }
    }
}

/// `redirect: expected status 2xx, got a redirect to `/login``.
fn describe(mismatch: &Mismatch) -> String {
    match mismatch.reason {
        Reason::NoResponse(name) => format!("{name}: {}", mismatch.actual),
        reason => format!("{}: expected {}, got {}", reason.name(), mismatch.expected, mismatch.actual),
    }
}
