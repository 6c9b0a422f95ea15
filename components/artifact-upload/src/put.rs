//! Sends files whole, many at once. It never decides which ones.

use lockstep_sdk::objects::{ObjectInfo, PutRequest};
use lockstep_sdk::types::Error as HostError;
use lockstep_sdk::{HostResult, Reporter};

use crate::compare::{self, Comparison};
use crate::failure::Error;
use crate::files::Item;
use crate::host::StoreHost;
use crate::inspect::{self, StoredObject};
use crate::outcome::{ItemOutcome, changed, conflict, failed, not_tried, verify, verify_stored};
use crate::sender::{MAX_RETRIES, Sender};

/// The most files in one call. The host reports the progress within a call.
const BATCH: usize = 2000;

/// Sends the items. An error that concerns all of them ends the loop early.
pub(crate) fn send<H: StoreHost, R: Reporter>(
    sender: &mut Sender<'_, H, R>,
    items: &[&Item],
) -> Vec<ItemOutcome> {
    let mut outcomes = Vec::with_capacity(items.len());
    let mut cause: Option<Error> = None;
    for batch in items.chunks(BATCH) {
        if let Some(cause) = &cause {
            outcomes.extend(batch.iter().map(|item| ItemOutcome::Failed(not_tried(item, cause))));
            continue;
        }
        let sent = send_batch(sender, batch);
        if !sent.iter().any(|outcome| matches!(outcome, ItemOutcome::Uploaded { .. })) {
            cause = sent.iter().find_map(ItemOutcome::error_for_all);
        }
        outcomes.extend(sent);
        sender.reporter.progress(outcomes.len() as u64, Some(items.len() as u64), "objects");
    }
    outcomes
}

/// Sends items in one call, and sends those again that met a conflict.
fn send_batch<H: StoreHost, R: Reporter>(sender: &mut Sender<'_, H, R>, batch: &[&Item]) -> Vec<ItemOutcome> {
    let mut outcomes: Vec<Option<ItemOutcome>> = vec![None; batch.len()];
    let mut rest: Vec<usize> = (0..batch.len()).collect();
    for attempt in 0..=MAX_RETRIES {
        let mut conflicts = Vec::new();
        for (index, answer) in rest.iter().copied().zip(put(sender, batch, &rest)) {
            match answer {
                Ok(info) => outcomes[index] = Some(verify(batch[index], info, batch[index].size)),
                Err(HostError::Conflict(_)) => conflicts.push(index),
                Err(error) => outcomes[index] = Some(ItemOutcome::Failed(failed(batch[index], &error))),
            }
        }
        let resolved = resolve(sender, batch, &conflicts);
        rest.clear();
        for (index, outcome) in conflicts.into_iter().zip(resolved) {
            match outcome {
                Some(outcome) => outcomes[index] = Some(outcome),
                None if attempt < MAX_RETRIES => rest.push(index),
                // The store has no object that conflicts, so the file itself changes.
                None => outcomes[index] = Some(ItemOutcome::Failed(changed(batch[index]))),
            }
        }
        if rest.is_empty() {
            break;
        }
    }
    outcomes.into_iter().flatten().collect()
}

fn put<H: StoreHost, R: Reporter>(
    sender: &mut Sender<'_, H, R>,
    batch: &[&Item],
    indexes: &[usize],
) -> Vec<HostResult<ObjectInfo>> {
    let precondition = sender.precondition();
    let request = |index: &usize| {
        let item = batch[*index];
        PutRequest {
            name: item.name.clone(),
            content: item.content.clone(),
            options: item.options,
            precondition: precondition.clone(),
        }
    };
    let requests: Vec<PutRequest> = indexes.iter().map(request).collect();
    let mut answers = sender
        .host
        .put_objects(&requests, sender.options)
        .unwrap_or_else(|error| vec![Err(error); requests.len()]);
    answers.resize(requests.len(), Err(HostError::Unavailable("no answer".to_owned())));
    answers
}

/// What happened to items that met a conflict; none for those that the step must send again. A lost reply whose request the
/// host repeated is a conflict with the run's own object.
fn resolve<H: StoreHost, R: Reporter>(
    sender: &mut Sender<'_, H, R>,
    batch: &[&Item],
    indexes: &[usize],
) -> Vec<Option<ItemOutcome>> {
    if indexes.is_empty() {
        return Vec::new();
    }
    let items: Vec<&Item> = indexes.iter().map(|index| batch[*index]).collect();
    let compared = inspect::head(sender.host, &items).and_then(|objects| {
        let pairs: Vec<_> =
            items.iter().zip(&objects).filter_map(|(item, object)| Some((*item, object.as_ref()?))).collect();
        Ok((compare::compare(sender.host, &pairs)?, objects))
    });
    let (comparisons, objects) = match compared {
        Ok(compared) => compared,
        Err(error) => {
            let fail = |item: &&Item| Some(ItemOutcome::Failed(error.clone().at(item.path(), None)));
            return items.iter().map(fail).collect();
        }
    };
    let mut comparisons = comparisons.into_iter();
    let immutable = sender.settings.immutable;
    let outcome = |(item, object): (&&Item, Option<StoredObject>)| {
        let object = object?;
        match comparisons.next() {
            Some(Comparison::Same) => Some(verify_stored(item, object, item.size)),
            comparison if immutable => {
                let is_different = comparison == Some(Comparison::Different);
                Some(ItemOutcome::Failed(conflict(item, is_different)))
            }
            _ => None,
        }
    };
    items.iter().zip(objects).map(outcome).collect()
}
