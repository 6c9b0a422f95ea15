//! Puts what came of metrics into words. Never decides what it is.

use lockstep_glue::words::plural;

use super::{Metric, Outcome, Sample, Verdict};
use lockstep_glue::duration::spelled;

impl Verdict {
    /// The word for people and scripts.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::Inconclusive => "inconclusive",
            Self::Error => "error",
            Self::TimedOut => "timed out",
        }
    }
}

/// A row of the summary: query, verdict, detail.
#[must_use]
pub fn row(outcome: &Outcome) -> Vec<String> {
    vec![outcome.query.clone(), outcome.verdict.word().to_owned(), detail(outcome)]
}

/// The whole end of a metric in one line, as a lower-case fragment.
#[must_use]
pub fn end(outcome: &Outcome) -> String {
    let verdict = match outcome.verdict {
        Verdict::Passed => "has passed",
        Verdict::Failed => "has failed",
        Verdict::Inconclusive => "is inconclusive",
        Verdict::Error => "could not be judged",
        Verdict::TimedOut => "could not be watched for its window in the time that is left",
    };
    format!("metric `{}` {verdict}: {}", outcome.query, detail(outcome))
}

/// One sample, as a lower-case fragment.
#[must_use]
pub fn sample(metric: &Metric, sample: &Sample) -> String {
    format!("metric `{}`: {}", metric.query, said(sample, &metric.threshold.to_string()))
}

fn said(sample: &Sample, threshold: &str) -> String {
    match sample {
        Sample::Good(values) => format!("{values}, within `{threshold}`"),
        Sample::Violated(value) => format!("{value}, not `{threshold}`"),
        Sample::NoData(why) => format!("no data: {why}"),
        Sample::Error { why, .. } => format!("no answer to the query: {why}"),
    }
}

fn detail(outcome: &Outcome) -> String {
    let counts = &outcome.counts;
    let kinds = [
        (counts.good, "good"),
        (counts.violated, "violated"),
        (counts.empty, "without data"),
        (counts.errors, "not answered"),
    ];
    let kinds = kinds.iter().filter(|(count, _)| *count > 0);
    let kinds: Vec<String> = kinds.map(|(count, word)| format!("{count} {word}")).collect();
    let mut detail = match &outcome.sample {
        Some(sample) => format!("{}; ", said(sample, &outcome.threshold)),
        None => return "no query was made".to_owned(),
    };
    let all = plural(counts.all() as usize, "sample");
    detail.push_str(&format!("{all} in {}: {}", spelled(outcome.took), kinds.join(", ")));
    if !outcome.notes.is_empty() {
        detail.push_str(&format!("; the server warns: {}", outcome.notes.join("; ")));
    }
    detail
}

/// The next act, if there is one.
#[must_use]
pub fn hint(outcome: &Outcome) -> Option<&'static str> {
    match (&outcome.sample, outcome.verdict) {
        (Some(Sample::Error { hint, .. }), _) => *hint,
        (Some(Sample::NoData(why)), _) if why.starts_with("NaN") => {
            Some("leave series without traffic out, such as with `… >= 0` behind the query")
        }
        (Some(Sample::NoData(_)), _) => Some("see whether the query finds the series of what was deployed"),
        (_, Verdict::TimedOut) => Some("give `timeout` more time, or make `window` shorter"),
        _ => None,
    }
}
