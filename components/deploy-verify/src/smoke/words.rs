//! Puts what came of smoke checks into words. Never decides what it is.

use lockstep_glue::words::plural;

use super::{Flaw, Outcome, Reason, Verdict};
use lockstep_glue::duration::spelled;

impl Verdict {
    /// The word for people and scripts.
    #[must_use]
    pub fn word(self) -> &'static str {
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
    vec![outcome.name.clone(), outcome.verdict.word().to_owned(), detail(outcome)]
}

/// The whole end of a check in one line, as a lower-case fragment.
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
    outcome.flaw.as_ref().and_then(|flaw| flaw.hint)
}

/// How a check that goes on stands, as a lower-case fragment.
#[must_use]
pub fn progress(outcome: &Outcome) -> String {
    let state = match &outcome.flaw {
        _ if outcome.row > 0 => {
            format!("{} of {} as expected", outcome.row, plural(outcome.wanted as usize, "answer"))
        }
        Some(flaw) => wrong(flaw),
        None => "is asked".to_owned(),
    };
    format!("smoke check `{}`: {state}", outcome.name)
}

/// What was wrong, or that nothing was, and how often was asked.
fn detail(outcome: &Outcome) -> String {
    let attempts = plural(outcome.attempts as usize, "request");
    let took = spelled(outcome.took);
    let tail = match outcome.status {
        Some(status) => format!("{attempts} in {took}, last status {status}"),
        None => format!("{attempts} in {took}"),
    };
    match &outcome.flaw {
        _ if outcome.verdict == Verdict::Passed => {
            format!("{} as expected; {tail}", plural(outcome.wanted as usize, "answer"))
        }
        Some(flaw) if outcome.row > 0 => {
            let last = format!("only the last {} as expected, before that: {}", outcome.row, wrong(flaw));
            format!("{last}; {tail}")
        }
        Some(flaw) => format!("{}; {tail}", wrong(flaw)),
        None if outcome.attempts == 0 => "there was no time to ask".to_owned(),
        None => {
            format!("{} of {} as expected; {tail}", outcome.row, plural(outcome.wanted as usize, "answer"))
        }
    }
}

/// `redirect: expected status 2xx, came a redirect to `/login``.
fn wrong(flaw: &Flaw) -> String {
    match flaw.reason {
        Reason::Trouble(word) => format!("{word}: {}", flaw.came),
        reason => format!("{}: expected {}, came {}", reason.word(), flaw.expected, flaw.came),
    }
}
