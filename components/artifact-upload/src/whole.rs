//! Sends files whole, many at once. It never decides which ones.

use crate::compare::{self, Sameness};
use crate::find::Item;
use crate::host::{Fault, Host, Put, Stored};
use crate::look;
use crate::outcome::{AGAIN, Outcome, Sending, arrived, changed, conflict, failed, not_tried, proven};
use crate::problem::Problem;

/// How many files are sent in one call: the host says how far it is within one.
const BATCH: usize = 2000;

/// Sends the items. What speaks against all of them ends it early.
pub fn send<H: Host>(sending: &mut Sending<'_, H>, items: &[&Item]) -> Vec<Outcome> {
    let mut outcomes = Vec::with_capacity(items.len());
    let mut stop: Option<Problem> = None;
    for batch in items.chunks(BATCH) {
        if let Some(cause) = &stop {
            outcomes.extend(batch.iter().map(|item| Outcome::Failed(not_tried(item, cause))));
            continue;
        }
        let sent = send_batch(sending, batch);
        if !sent.iter().any(|outcome| matches!(outcome, Outcome::Uploaded { .. })) {
            stop = sent.iter().find_map(|outcome| match outcome {
                Outcome::Failed(problem) if problem.code.is_general() => Some(problem.clone()),
                _ => None,
            });
        }
        outcomes.extend(sent);
        sending.host.progress(outcomes.len() as u64, items.len() as u64, "objects");
    }
    outcomes
}

/// Sends items with one call, and those again that something else was in the way of.
fn send_batch<H: Host>(sending: &mut Sending<'_, H>, batch: &[&Item]) -> Vec<Outcome> {
    let mut outcomes: Vec<Option<Outcome>> = vec![None; batch.len()];
    let mut left: Vec<usize> = (0..batch.len()).collect();
    for round in 0..=AGAIN {
        let mut disputed = Vec::new();
        for (at, answer) in left.iter().copied().zip(put(sending, batch, &left)) {
            match answer {
                Ok(stored) => outcomes[at] = Some(proven(batch[at], stored, batch[at].size)),
                Err(Fault::Conflict(_)) => disputed.push(at),
                Err(fault) => outcomes[at] = Some(Outcome::Failed(failed(batch[at], &fault))),
            }
        }
        let settled = settle(sending, batch, &disputed);
        left.clear();
        for (at, outcome) in disputed.into_iter().zip(settled) {
            match outcome {
                Some(outcome) => outcomes[at] = Some(outcome),
                None if round < AGAIN => left.push(at),
                // Nothing is in the way any more, and still it does not go: then it is the file.
                None => outcomes[at] = Some(Outcome::Failed(changed(batch[at]))),
            }
        }
        if left.is_empty() {
            break;
        }
    }
    outcomes.into_iter().flatten().collect()
}

fn put<H: Host>(
    sending: &mut Sending<'_, H>,
    batch: &[&Item],
    which: &[usize],
) -> Vec<Result<Stored, Fault>> {
    let when = sending.when();
    let put = |at: &usize| {
        let item = batch[*at];
        Put { name: item.name.clone(), content: item.content.clone(), keeping: item.keeping, when }
    };
    let puts: Vec<Put> = which.iter().map(put).collect();
    let mut answers =
        sending.host.put(&puts, sending.keepings).unwrap_or_else(|fault| vec![Err(fault); puts.len()]);
    answers.resize(puts.len(), Err(Fault::Unavailable("no answer".to_owned())));
    answers
}

/// What became of items that were sent and met a conflict; none if they must be sent again. A reply that was lost, and
/// whose request the host repeated, is a conflict with ourselves.
fn settle<H: Host>(sending: &mut Sending<'_, H>, batch: &[&Item], which: &[usize]) -> Vec<Option<Outcome>> {
    if which.is_empty() {
        return Vec::new();
    }
    let items: Vec<&Item> = which.iter().map(|at| batch[*at]).collect();
    let fail = |problem: Problem| {
        items.iter().map(|item| Some(Outcome::Failed(problem.clone().at(item.path())))).collect()
    };
    let seen = match look::head(sending.host, &items) {
        Ok(seen) => seen,
        Err(problem) => return fail(problem),
    };
    let pairs: Vec<_> =
        items.iter().zip(&seen).filter_map(|(item, seen)| Some((*item, seen.as_ref()?))).collect();
    let mut verdicts = match compare::compare(sending.host, &pairs) {
        Ok(verdicts) => verdicts.into_iter(),
        Err(problem) => return fail(problem),
    };
    let immutable = sending.settings.immutable;
    let outcome = |(item, seen): (&&Item, Option<look::Seen>)| {
        let seen = seen?;
        match verdicts.next() {
            Some(Sameness::Same) => Some(arrived(item, seen, item.size)),
            verdict if immutable => Some(Outcome::Failed(conflict(item, verdict == Some(Sameness::Other)))),
            _ => None,
        }
    };
    items.iter().zip(seen).map(outcome).collect()
}
