//! Texts about the results of metrics.

use lockstep_sdk::duration;
use lockstep_sdk::text::plural;

use super::gate::Verdict;
use super::metric_check::MetricCheck;
use super::run::Outcome;
use super::sample::Sample;

impl Verdict {
    /// The name in messages.
    #[must_use]
    pub fn name(self) -> &'static str {
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
    vec![outcome.query.clone(), outcome.verdict.name().to_owned(), detail(outcome)]
}

/// The result of a metric in one line, as a lower-case fragment.
#[must_use]
pub fn end(outcome: &Outcome) -> String {
    let verdict = match outcome.verdict {
        Verdict::Passed => "has passed",
        Verdict::Failed => "has failed",
        Verdict::Inconclusive => "is inconclusive",
        Verdict::Error => "could not be judged",
        Verdict::TimedOut => "has a window that does not end before the deadline",
    };
    format!("metric `{}` {verdict}: {}", outcome.query, detail(outcome))
}

/// One sample, as a lower-case fragment.
#[must_use]
pub fn sample(metric: &MetricCheck, sample: &Sample) -> String {
    format!("metric `{}`: {}", metric.query, describe(sample, &metric.threshold.to_string()))
}

fn describe(sample: &Sample, threshold: &str) -> String {
    match sample {
        Sample::Good(values) => format!("{values}, within `{threshold}`"),
        Sample::Violated(value) => format!("{value}, not `{threshold}`"),
        Sample::NoData(why) => format!("no data: {why}"),
        Sample::Error { message, .. } => format!("the query failed: {message}"),
    }
}

fn detail(outcome: &Outcome) -> String {
    let counts = &outcome.counts;
    let kinds = [
        (counts.good, "good"),
        (counts.violated, "violated"),
        (counts.empty, "without data"),
        (counts.errors, "failed"),
    ];
    let kinds = kinds.iter().filter(|(count, _)| *count > 0);
    let kinds: Vec<String> = kinds.map(|(count, word)| format!("{count} {word}")).collect();
    let mut detail = match &outcome.sample {
        Some(sample) => format!("{}; ", describe(sample, &outcome.threshold)),
        None => return "there was no time for a query".to_owned(),
    };
    let all = plural(counts.all() as usize, "sample");
    detail.push_str(&format!(
        "{all} in {}: {}",
        duration::format(outcome.elapsed_ms / 1000 * 1000),
        kinds.join(", ")
    ));
    if !outcome.warnings.is_empty() {
        detail.push_str(&format!("; the server warns: {}", outcome.warnings.join("; ")));
    }
    detail
}

/// The next act, if there is one.
#[must_use]
pub fn hint(outcome: &Outcome) -> Option<&'static str> {
    match (&outcome.sample, outcome.verdict) {
        (Some(Sample::Error { hint, .. }), _) => *hint,
        (Some(Sample::NoData(why)), _) if why.starts_with("NaN") => {
            Some("exclude series without traffic, for example with `… >= 0` after the query")
        }
        (Some(Sample::NoData(_)), _) => Some("check that the query matches the series of the deployment"),
        (_, Verdict::TimedOut) => Some("increase `timeout`, or shorten `window`"),
        _ => None,
    }
}
