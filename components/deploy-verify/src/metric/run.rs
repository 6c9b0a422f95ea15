//! Watches all metrics at the same time until each has a verdict, or the deadline is over.

use lockstep_sdk::types::Error;
use lockstep_sdk::{Clock, Deadline, Http};

use super::gate::{Counts, Verdict};
use super::metric_check::MetricCheck;
use super::sample::{Sample, read_sample};
use crate::web::MAX_REQUESTS;

/// The most warnings of a server that are kept.
const MAX_WARNINGS: usize = 3;

/// The result of a metric with its details.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The query with the window in it.
    pub query: String,
    /// The threshold as in the input.
    pub threshold: String,
    /// The verdict.
    pub verdict: Verdict,
    /// The number of samples of each kind.
    pub counts: Counts,
    /// The last sample of the kind that decided.
    pub sample: Option<Sample>,
    /// The warnings of the server.
    pub warnings: Vec<String>,
    /// The duration in milliseconds.
    pub elapsed_ms: u64,
}

/// The state of a metric.
struct MetricWatch<'a> {
    metric: &'a MetricCheck,
    began: u64,
    due: u64,
    counts: Counts,
    /// The last sample of each kind: good, violated, no data, error.
    last: [Option<Sample>; 4],
    warnings: Vec<String>,
    ended: Option<(Verdict, u64)>,
}

/// Watches all metrics at the same time. The results are in the order of the metrics. A metric whose window does not end before
/// the deadline times out without a query. The step calls `on_sample` with each sample.
///
/// # Errors
/// The host makes no requests.
pub fn run(
    http: &mut impl Http,
    clock: &mut impl Clock,
    metrics: &[MetricCheck],
    deadline: Deadline,
    on_sample: &mut dyn FnMut(&MetricCheck, &Sample),
) -> Result<Vec<Outcome>, Error> {
    let began = clock.now();
    let mut watches: Vec<_> =
        metrics.iter().map(|metric| MetricWatch::new(metric, began, deadline)).collect();
    while let Some(due) = watches.iter().filter(|watch| watch.is_open()).map(|watch| watch.due).min() {
        let Some(now) = deadline.wait(clock, due) else { break };
        let open = watches.iter_mut().filter(|watch| watch.is_open() && watch.due <= now);
        let mut due: Vec<_> = open.collect();
        if due.is_empty() {
            continue;
        }
        // The longest wait comes first, so that no metric waits forever.
        due.sort_by_key(|watch| watch.due);
        due.truncate(MAX_REQUESTS);
        let requests: Vec<_> = due.iter().map(|watch| watch.metric.request(deadline.left(now))).collect();
        let results = http.send(&requests)?;
        let then = clock.now();
        for (watch, result) in due.into_iter().zip(&results) {
            let sample = read_sample(result, &watch.metric.threshold, &mut watch.warnings);
            on_sample(watch.metric, &sample);
            watch.record(sample, now, then);
        }
    }
    let now = clock.now();
    Ok(watches.into_iter().map(|watch| watch.outcome(now)).collect())
}

impl<'a> MetricWatch<'a> {
    fn new(metric: &'a MetricCheck, now: u64, deadline: Deadline) -> Self {
        let ended = (metric.window_ms >= deadline.left(now)).then_some((Verdict::TimedOut, now));
        let due = now + metric.interval_ms.min(metric.window_ms);
        let (counts, last, warnings) = (Counts::default(), [const { None }; 4], Vec::new());
        Self { metric, began: now, due, counts, last, warnings, ended }
    }

    fn is_open(&self) -> bool {
        self.ended.is_none()
    }

    /// Records a sample with the times of its query and its response.
    fn record(&mut self, sample: Sample, queried: u64, now: u64) {
        self.counts.count(&sample);
        self.warnings.sort();
        self.warnings.dedup();
        self.warnings.truncate(MAX_WARNINGS);
        let window = self.began + self.metric.window_ms;
        let verdict = match &sample {
            Sample::Error { is_permanent: true, .. } => Some(Verdict::Error),
            _ if self.counts.has_failed() => Some(Verdict::Failed),
            _ if queried >= window => Some(self.counts.verdict(self.metric.on_no_data)),
            _ => None,
        };
        let kind = kind(&sample);
        self.last[kind] = Some(sample);
        self.ended = verdict.map(|verdict| (verdict, now));
        // A slow response skips queries; the next one is at a multiple of the interval.
        let intervals = (now - self.began) / self.metric.interval_ms + 1;
        self.due = window.min(self.began + intervals * self.metric.interval_ms).max(now);
    }

    fn outcome(mut self, now: u64) -> Outcome {
        let (verdict, end) = self.ended.unwrap_or((Verdict::TimedOut, now));
        let kinds = match verdict {
            Verdict::Passed => [0, 1, 2, 3],
            Verdict::Failed => [1, 2, 3, 0],
            Verdict::Inconclusive => [2, 3, 1, 0],
            Verdict::Error => [3, 2, 1, 0],
            Verdict::TimedOut => [1, 3, 2, 0],
        };
        // A metric that failed for a lack of data has no deciding violation.
        let lacks_data = verdict == Verdict::Failed && !self.counts.is_violated();
        let kinds = kinds.into_iter().filter(|kind| !(lacks_data && *kind == 1));
        let sample = kinds.map(|kind| self.last[kind].take()).find_map(|sample| sample);
        Outcome {
            query: self.metric.query.clone(),
            threshold: self.metric.threshold.to_string(),
            verdict,
            counts: self.counts,
            sample,
            warnings: self.warnings,
            elapsed_ms: end - self.began,
        }
    }
}

/// The index of the kind of a sample.
fn kind(sample: &Sample) -> usize {
    match sample {
        Sample::Good(_) => 0,
        Sample::Violated(_) => 1,
        Sample::NoData(_) => 2,
        Sample::Error { .. } => 3,
    }
}
