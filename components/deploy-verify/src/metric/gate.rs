//! The verdict on the samples of a metric. A metric passes only if more than half of its samples had data.
//!
//! A sample violates the threshold if any value does. It has no data if the result is empty, or if a value is NaN, or
//! infinite and no violation. The metric fails as soon as two samples in a row violate the threshold; samples without data
//! between them do not count. When the window is over, it fails if the last sample with data violates the
//! threshold, or at least half of those with data do. Otherwise it passes if more than half of all samples had data.
//! If not, it is an error if at least as many queries failed as had no data; otherwise `on-no-data` decides. An invalid query
//! is an error at once.

use super::sample::Sample;
use crate::NoData;

/// The result of a metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is within its threshold.
    Passed,
    /// It is not, or it has no data and `on-no-data` is `fail`.
    Failed,
    /// It has no data, and `on-no-data` is `inconclusive`.
    Inconclusive,
    /// The queries failed.
    Error,
    /// The window does not end before the deadline.
    TimedOut,
}

/// The number of samples of each kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// All values are within the threshold.
    pub good: u32,
    /// A value violates the threshold.
    pub violated: u32,
    /// No data.
    pub empty: u32,
    /// The query failed.
    pub errors: u32,
    /// The violations in a row at the end, without the samples that have no data.
    streak: u32,
}

impl Counts {
    /// Counts a sample.
    pub fn count(&mut self, sample: &Sample) {
        let (count, streak) = match sample {
            Sample::Good(_) => (&mut self.good, 0),
            Sample::Violated(_) => (&mut self.violated, self.streak + 1),
            Sample::NoData(_) => (&mut self.empty, self.streak),
            Sample::Error { .. } => (&mut self.errors, self.streak),
        };
        *count += 1;
        self.streak = streak;
    }

    /// The number of all samples.
    #[must_use]
    pub fn all(&self) -> u32 {
        self.with_data() + self.empty + self.errors
    }

    /// The number of samples with data.
    #[must_use]
    pub fn with_data(&self) -> u32 {
        self.good + self.violated
    }

    /// Whether the metric has failed before the end of its window.
    #[must_use]
    pub fn has_failed(&self) -> bool {
        self.streak >= 2
    }

    /// Whether the samples with data violate the threshold.
    #[must_use]
    pub fn is_violated(&self) -> bool {
        self.streak > 0 || self.violated > 0 && self.violated >= self.good
    }

    /// The verdict when the window is over.
    #[must_use]
    pub fn verdict(&self, on_no_data: NoData) -> Verdict {
        let data = self.with_data();
        match on_no_data {
            _ if self.is_violated() => Verdict::Failed,
            _ if data * 2 > self.all() => Verdict::Passed,
            _ if self.errors >= self.empty => Verdict::Error,
            NoData::Fail => Verdict::Failed,
            NoData::Inconclusive => Verdict::Inconclusive,
        }
    }
}
