//! How far one check has come: the row of good answers, the pause, the end. It sends nothing and reads no clock.

use super::{Check, Flaw, judge};
use crate::web::{Response, Trouble};

/// The pauses after answers that are not as expected, in milliseconds, the last one for all that follow.
const PAUSES: [u64; 5] = [500, 1_000, 2_000, 4_000, 5_000];

/// The pause between answers of a row, in milliseconds.
const IN_A_ROW: u64 = 100;

/// How a check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// So many answers in a row were as expected.
    Passed,
    /// It went on failing for longer than it may.
    Failed,
    /// The time of the run was up before it was certain.
    TimedOut,
}

/// What came of a check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The URL.
    pub name: String,
    /// How it ended.
    pub verdict: Verdict,
    /// How often it was asked.
    pub attempts: u32,
    /// How many answers in a row were as expected at the end.
    pub row: u32,
    /// How many were wanted.
    pub wanted: u32,
    /// The status of the last answer.
    pub status: Option<u16>,
    /// What was wrong the last time that something was. A check that passed has none.
    pub flaw: Option<Flaw>,
    /// How long it took, in milliseconds.
    pub took: u64,
}

/// A check that goes on.
#[derive(Debug)]
pub(super) struct State<'a> {
    pub(super) check: &'a Check,
    /// When it began.
    began: u64,
    /// When it is to be asked next.
    pub(super) due: u64,
    attempts: u32,
    failures: usize,
    row: u32,
    status: Option<u16>,
    flaw: Option<Flaw>,
    ended: Option<(Verdict, u64)>,
}

/// An attempt: when it began, and whether the end of the run left it less time than the check gives.
#[derive(Clone, Copy, Debug)]
pub(super) struct Attempt {
    pub(super) began: u64,
    pub(super) hurried: bool,
}

impl<'a> State<'a> {
    pub(super) fn new(check: &'a Check, now: u64) -> Self {
        let (attempts, failures, row) = (0, 0, 0);
        Self { check, began: now, due: now, attempts, failures, row, status: None, flaw: None, ended: None }
    }

    pub(super) fn is_open(&self) -> bool {
        self.ended.is_none()
    }

    /// Takes in what an attempt came to. Says whether people see something new.
    pub(super) fn take(&mut self, attempt: Attempt, answer: &Result<Response, Trouble>, now: u64) -> bool {
        self.attempts += 1;
        let judged = match answer {
            Ok(response) => {
                let other = self.status.replace(response.status) != Some(response.status);
                judge(self.check, response).map_err(|flaw| (flaw, other))
            }
            Err(trouble) => Err((Flaw::of(trouble), false)),
        };
        let Err((flaw, other)) = judged else { return self.advance(now) };
        let same = self
            .flaw
            .as_ref()
            .is_some_and(|old| (old.reason, &old.expected) == (flaw.reason, &flaw.expected));
        let new = other || !same || self.row > 0;
        self.fall_back(flaw, now);
        // The last attempt is one that begins when `retry` is over, so that a check which had to wait for others is not
        // given up unasked.
        let patient = !attempt.hurried || !matches!(answer, Err(Trouble::Silent(_) | Trouble::Slow(_)));
        if answer.as_ref().is_err_and(Trouble::is_final) || attempt.began >= self.last() && patient {
            self.ended = Some((Verdict::Failed, now));
        }
        new || !self.is_open()
    }

    fn advance(&mut self, now: u64) -> bool {
        self.row += 1;
        self.due = now.saturating_add(IN_A_ROW);
        if self.row >= self.check.consecutive {
            self.flaw = None;
            self.ended = Some((Verdict::Passed, now));
        }
        self.row == 1 || !self.is_open()
    }

    fn fall_back(&mut self, flaw: Flaw, now: u64) {
        self.row = 0;
        self.flaw = Some(flaw);
        let pause = PAUSES[self.failures.min(PAUSES.len() - 1)];
        self.failures += 1;
        // The last attempt comes in time, though not right behind the one before it.
        let pause = if now < self.last() { pause.min(self.last() - now).max(IN_A_ROW) } else { pause };
        self.due = now.saturating_add(pause);
    }

    /// When the last attempt begins.
    fn last(&self) -> u64 {
        self.began.saturating_add(self.check.retry)
    }

    /// What came of it; it has timed out if it goes on and nothing more comes.
    pub(super) fn outcome(&self, now: u64) -> Outcome {
        let (verdict, end) = self.ended.unwrap_or((Verdict::TimedOut, now));
        Outcome {
            name: self.check.url.as_str().to_owned(),
            verdict,
            attempts: self.attempts,
            row: self.row,
            wanted: self.check.consecutive,
            status: self.status,
            flaw: self.flaw.clone(),
            took: end - self.began,
        }
    }
}
