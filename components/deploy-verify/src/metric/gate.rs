//! The rule by which samples make a verdict. It asks nothing, and never says yes unless more than half of the
//! samples had data.
//!
//! A sample violates the threshold if any value does. It has no data if the result is empty, or if a value is NaN, or
//! infinite and no violation. The metric fails as soon as two samples in a row violate the threshold; what has no data
//! in between does not part them. When the window is over, it fails if the last sample with data violates the
//! threshold, or at least half of those with data do. Otherwise it passes if more than half of all samples had data.
//! If not, it is an error if at least as many queries were not answered as had no data; else `on-no-data` says what it
//! means. What cannot be answered at all, such as a query with a mistake in it, is an error at once.

use super::{NoData, Sample};

/// How a metric ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is within its threshold.
    Passed,
    /// It is not, or there is no data and that means so.
    Failed,
    /// There is no data, and that means nothing.
    Inconclusive,
    /// The queries were not answered.
    Error,
    /// The time of the run does not last for the window.
    TimedOut,
}

/// How many samples were what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// All values as they must be.
    pub good: u32,
    /// A value was not.
    pub violated: u32,
    /// Nothing to compare.
    pub empty: u32,
    /// Not answered.
    pub errors: u32,
    /// How many with data violated the threshold in a row at the end.
    row: u32,
}

impl Counts {
    /// Takes in a sample.
    pub fn count(&mut self, sample: &Sample) {
        let (count, row) = match sample {
            Sample::Good(_) => (&mut self.good, 0),
            Sample::Violated(_) => (&mut self.violated, self.row + 1),
            Sample::NoData(_) => (&mut self.empty, self.row),
            Sample::Error { .. } => (&mut self.errors, self.row),
        };
        *count += 1;
        self.row = row;
    }

    /// How many there are.
    #[must_use]
    pub fn all(&self) -> u32 {
        self.with_data() + self.empty + self.errors
    }

    /// How many had data.
    #[must_use]
    pub fn with_data(&self) -> u32 {
        self.good + self.violated
    }

    /// Whether nothing that may still come can change that it has failed.
    #[must_use]
    pub fn has_failed(&self) -> bool {
        self.row >= 2
    }

    /// Whether what the samples with data say is no.
    #[must_use]
    pub fn is_violated(&self) -> bool {
        self.row > 0 || self.violated > 0 && self.violated >= self.good
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
