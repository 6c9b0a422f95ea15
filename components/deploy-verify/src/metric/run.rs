//! Watches all metrics at the same time until each has ended. Never asks after the deadline.

use super::{Counts, Metric, Sample, Verdict, read};
use crate::web::{Fault, MOST_REQUESTS, Web};
use lockstep_glue::{Clock, Deadline};

/// The most warnings of a server that are kept.
const NOTES: usize = 3;

/// What came of a metric.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The query as it was made.
    pub query: String,
    /// The threshold as it was written.
    pub threshold: String,
    /// How it ended.
    pub verdict: Verdict,
    /// How many samples were what.
    pub counts: Counts,
    /// The sample that says most about the verdict: the last one of the kind that decided.
    pub sample: Option<Sample>,
    /// What the server warned of.
    pub notes: Vec<String>,
    /// How long it was watched, in milliseconds.
    pub took: u64,
}

/// A metric that is watched.
struct Watch<'a> {
    metric: &'a Metric,
    began: u64,
    due: u64,
    counts: Counts,
    /// The last sample of each kind: good, violated, without data, not answered.
    last: [Option<Sample>; 4],
    notes: Vec<String>,
    ended: Option<(Verdict, u64)>,
}

/// Watches all metrics at the same time, and says what came of each, in their order. A metric whose window does not
/// end before the deadline is not watched: it could only time out. `on_sample` hears of each sample.
///
/// # Errors
/// The outside does not send requests at all.
pub fn run(
    web: &mut impl Web,
    clock: &mut impl Clock,
    metrics: &[Metric],
    deadline: Deadline,
    on_sample: &mut dyn FnMut(&Metric, &Sample),
) -> Result<Vec<Outcome>, Fault> {
    let began = clock.now();
    let mut watches: Vec<_> = metrics.iter().map(|metric| Watch::new(metric, began, deadline)).collect();
    while let Some(due) = watches.iter().filter(|watch| watch.is_open()).map(|watch| watch.due).min() {
        let Some(now) = deadline.wait(clock, due) else { break };
        let open = watches.iter_mut().filter(|watch| watch.is_open() && watch.due <= now);
        let mut asked: Vec<_> = open.collect();
        if asked.is_empty() {
            continue;
        }
        // Whoever has waited longest comes first, so that nobody waits for ever.
        asked.sort_by_key(|watch| watch.due);
        asked.truncate(MOST_REQUESTS);
        let requests: Vec<_> = asked.iter().map(|watch| watch.metric.request(deadline.left(now))).collect();
        let answers = web.send(&requests)?;
        let then = clock.now();
        for (watch, answer) in asked.into_iter().zip(&answers) {
            let sample = read(answer, &watch.metric.threshold, &mut watch.notes);
            on_sample(watch.metric, &sample);
            watch.take(sample, now, then);
        }
    }
    let now = clock.now();
    Ok(watches.into_iter().map(|watch| watch.outcome(now)).collect())
}

impl<'a> Watch<'a> {
    fn new(metric: &'a Metric, now: u64, deadline: Deadline) -> Self {
        let ended = (metric.window >= deadline.left(now)).then_some((Verdict::TimedOut, now));
        let due = now + metric.interval.min(metric.window);
        let (counts, last, notes) = (Counts::default(), [const { None }; 4], Vec::new());
        Self { metric, began: now, due, counts, last, notes, ended }
    }

    fn is_open(&self) -> bool {
        self.ended.is_none()
    }

    /// Takes in a sample that was asked for and came at these moments.
    fn take(&mut self, sample: Sample, asked: u64, now: u64) {
        self.counts.count(&sample);
        self.notes.sort();
        self.notes.dedup();
        self.notes.truncate(NOTES);
        let window = self.began + self.metric.window;
        let verdict = match &sample {
            Sample::Error { lasting: true, .. } => Some(Verdict::Error),
            _ if self.counts.has_failed() => Some(Verdict::Failed),
            _ if asked >= window => Some(self.counts.verdict(self.metric.on_no_data)),
            _ => None,
        };
        let kind = place(&sample);
        self.last[kind] = Some(sample);
        self.ended = verdict.map(|verdict| (verdict, now));
        // The next moment of the rhythm: what a slow answer made impossible is not made up for.
        let beats = (now - self.began) / self.metric.interval + 1;
        self.due = window.min(self.began + beats * self.metric.interval).max(now);
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
        // Not a spike that decided nothing, if it has failed for want of data.
        let spared = verdict == Verdict::Failed && !self.counts.is_violated();
        let kinds = kinds.into_iter().filter(|kind| !(spared && *kind == 1));
        let sample = kinds.map(|kind| self.last[kind].take()).find_map(|sample| sample);
        Outcome {
            query: self.metric.query.clone(),
            threshold: self.metric.threshold.to_string(),
            verdict,
            counts: self.counts,
            sample,
            notes: self.notes,
            took: end - self.began,
        }
    }
}

/// Where the last sample of this kind is kept.
fn place(sample: &Sample) -> usize {
    match sample {
        Sample::Good(_) => 0,
        Sample::Violated(_) => 1,
        Sample::NoData(_) => 2,
        Sample::Error { .. } => 3,
    }
}
