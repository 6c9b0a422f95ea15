//! The progress of one check: good responses in a row, the next attempt, and the verdict.

use lockstep_sdk::http::{ErrorCode, Response};

use super::judge::{Mismatch, judge};
use super::smoke_check::SmokeCheck;
use crate::web::is_permanent;

/// The pauses after bad responses, in milliseconds; the last one repeats.
const PAUSES_MS: [u64; 5] = [500, 1_000, 2_000, 4_000, 5_000];

/// The pause between good responses, in milliseconds.
const GOOD_PAUSE_MS: u64 = 100;

/// The result of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Enough responses in a row were as expected.
    Passed,
    /// It failed for longer than `retry`.
    Failed,
    /// The deadline of the run came first.
    TimedOut,
}

/// The result of a check with its details.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The URL.
    pub name: String,
    /// The verdict.
    pub verdict: Verdict,
    /// The number of requests.
    pub attempts: u32,
    /// The number of good responses in a row at the end.
    pub streak: u32,
    /// The required number of good responses in a row.
    pub required: u32,
    /// The status of the last response.
    pub status: Option<u16>,
    /// The last mismatch; none for a check that passed.
    pub mismatch: Option<Mismatch>,
    /// The duration in milliseconds.
    pub elapsed_ms: u64,
}

/// The state of a check.
#[derive(Debug)]
pub(super) struct CheckState<'a> {
    pub(super) check: &'a SmokeCheck,
    /// When the check began.
    began: u64,
    /// When the next attempt is due.
    pub(super) due: u64,
    attempts: u32,
    failures: usize,
    streak: u32,
    status: Option<u16>,
    mismatch: Option<Mismatch>,
    ended: Option<(Verdict, u64)>,
}

/// An attempt: when it began, and whether the deadline shortened its timeout.
#[derive(Clone, Copy, Debug)]
pub(super) struct Attempt {
    pub(super) began: u64,
    pub(super) is_shortened: bool,
}

impl<'a> CheckState<'a> {
    pub(super) fn new(check: &'a SmokeCheck, now: u64) -> Self {
        let (attempts, failures, streak) = (0, 0, 0);
        Self {
            check,
            began: now,
            due: now,
            attempts,
            failures,
            streak,
            status: None,
            mismatch: None,
            ended: None,
        }
    }

    pub(super) fn is_open(&self) -> bool {
        self.ended.is_none()
    }

    /// Records the result of an attempt. Returns whether it is worth a note.
    pub(super) fn record(
        &mut self,
        attempt: Attempt,
        result: &Result<Response, ErrorCode>,
        now: u64,
    ) -> bool {
        self.attempts += 1;
        let judged = match result {
            Ok(response) => {
                let other = self.status.replace(response.status) != Some(response.status);
                judge(self.check, response).map_err(|mismatch| (mismatch, other))
            }
            Err(error) => Err((Mismatch::no_response(error), false)),
        };
        let Err((mismatch, other)) = judged else { return self.advance(now) };
        let is_same = self
            .mismatch
            .as_ref()
            .is_some_and(|old| (old.reason, &old.expected) == (mismatch.reason, &mismatch.expected));
        let is_new = other || !is_same || self.streak > 0;
        self.retry_later(mismatch, now);
        // The last attempt begins after `retry`, so that a check that waited for others gets another attempt.
        let had_time = !attempt.is_shortened
            || !matches!(result, Err(ErrorCode::ResponseTimeout(_) | ErrorCode::BodyTimeout(_)));
        if result.as_ref().is_err_and(is_permanent) || attempt.began >= self.last() && had_time {
            self.ended = Some((Verdict::Failed, now));
        }
        is_new || !self.is_open()
    }

    fn advance(&mut self, now: u64) -> bool {
        self.streak += 1;
        self.due = now.saturating_add(GOOD_PAUSE_MS);
        if self.streak >= self.check.consecutive {
            self.mismatch = None;
            self.ended = Some((Verdict::Passed, now));
        }
        self.streak == 1 || !self.is_open()
    }

    fn retry_later(&mut self, mismatch: Mismatch, now: u64) {
        self.streak = 0;
        self.mismatch = Some(mismatch);
        let pause = PAUSES_MS[self.failures.min(PAUSES_MS.len() - 1)];
        self.failures += 1;
        // The last attempt is on time, but not immediately after the one before it.
        let pause = if now < self.last() { pause.min(self.last() - now).max(GOOD_PAUSE_MS) } else { pause };
        self.due = now.saturating_add(pause);
    }

    /// When the last attempt begins.
    fn last(&self) -> u64 {
        self.began.saturating_add(self.check.retry_ms)
    }

    /// The result, which is `TimedOut` for an open check.
    pub(super) fn outcome(&self, now: u64) -> Outcome {
        let (verdict, end) = self.ended.unwrap_or((Verdict::TimedOut, now));
        Outcome {
            name: self.check.url.as_str().to_owned(),
            verdict,
            attempts: self.attempts,
            streak: self.streak,
            required: self.check.consecutive,
            status: self.status,
            mismatch: self.mismatch.clone(),
            elapsed_ms: end - self.began,
        }
    }
}
