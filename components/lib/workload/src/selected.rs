//! What a Service without a ready endpoint selects: it is ready if all of that wants no pods.

use crate::fingerprint;
use crate::inventory::Inventory;
use crate::kind::Kind;
use crate::object::{Details, Object};
use crate::pod::Phase;
use crate::status::Status;

/// The kinds that may want pods for a Service. Each must be readable as a whole, because an unseen object may want pods.
pub const SELECTABLE_KINDS: [Kind; 5] =
    [Kind::Deployment, Kind::StatefulSet, Kind::DaemonSet, Kind::ReplicaSet, Kind::Pod];

/// How many workloads a message lists by name.
const MAX_NAMES: usize = 3;

/// The status of a Service without a ready endpoint. It is ready if it selects a workload, every workload that it selects wants
/// no pods, as after a scale to zero, and it selects no pod that is there.
pub(crate) fn without_endpoints(inventory: &Inventory, object: &Object, status: Status) -> Status {
    let Details::Service(service) = &object.details else { return status };
    let Some(selector) = &service.selector else { return status };
    let needed = SELECTABLE_KINDS.into_iter().chain([Kind::EndpointSlice]);
    let unreadable = needed.filter(|kind| inventory.is_unreadable(kind));
    let unreadable: Vec<_> = unreadable.map(|kind| format!("{}s", kind.short_name())).collect();
    if !unreadable.is_empty() {
        let kinds = unreadable.join(" and ");
        let message = format!(
            "{}; the run may not read all {kinds}, which show whether pods are wanted and ready",
            status.message
        );
        return Status { message, ..status };
    }
    let mut idle = Vec::new();
    for selected in inventory.in_namespace(&object.namespace).filter(|one| !one.is_deleting) {
        match wants_pods(selected, selector) {
            Some(true) => return status,
            Some(false) => idle.push(selected.title()),
            None => {}
        }
    }
    if idle.is_empty() {
        return status;
    }
    idle.sort();
    let more = if idle.len() > MAX_NAMES { ", ..." } else { "" };
    idle.truncate(MAX_NAMES);
    Status::ready("ScaledToZero", format!("no pods are wanted by {}{more}", idle.join(", ")))
}

/// Whether an object wants pods of this selector, or is one; none if it has nothing to do with them.
fn wants_pods(object: &Object, selector: &[u64]) -> Option<bool> {
    match &object.details {
        Details::Pod(pod) if fingerprint::contains(&pod.labels, selector) => {
            matches!(pod.phase, Phase::Pending | Phase::Running).then_some(true)
        }
        Details::Workload(workload) if fingerprint::contains(&workload.labels, selector) => {
            // The status of a DaemonSet has the number, and may be of an earlier specification.
            let is_known = object.kind != Kind::DaemonSet
                || workload.observed.is_some() && object.is_observed(workload.observed);
            match workload.wanted {
                0 if is_known && object.kind == Kind::ReplicaSet => None,
                0 if is_known => Some(false),
                _ => Some(true),
            }
        }
        Details::Custom(custom) => {
            let (labels, wanted) = custom.pods.as_ref()?;
            fingerprint::contains(labels, selector).then_some(*wanted > 0)
        }
        _ => None,
    }
}
