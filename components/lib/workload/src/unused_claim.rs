//! The status of a claim whose volume is made for its first pod.

use std::rc::Rc;

use crate::index::Link;
use crate::inventory::Inventory;
use crate::kind::Kind;
use crate::object::Object;
use crate::pod;
use crate::status::Status;

/// The reason of the Event and of the status of a claim whose volume is made for its first pod.
/// <https://kubernetes.io/docs/concepts/storage/storage-classes/#volume-binding-mode>
pub(crate) const WAITS_FOR_POD: &str = "WaitForFirstConsumer";

/// The status of a pending claim. It is ready if its volume is made for its first pod and no pod uses it yet: nothing is left
/// to do before there is one.
pub(crate) fn without_pod(inventory: &Inventory, uid: &Rc<str>, object: &Object, status: Status) -> Status {
    let event = inventory.events(uid).last.as_ref();
    if event.is_none_or(|event| &*event.reason != WAITS_FOR_POD) {
        return status;
    }
    if inventory.is_unreadable(&Kind::Pod) {
        let message = format!("{} until a pod uses it; the run may not read pods to see one", status.message);
        return Status { message, ..status };
    }
    let is_live = |user: &Object| {
        let phase = user.pod().map(|pod| pod.phase);
        !user.is_deleting && matches!(phase, Some(pod::Phase::Pending | pod::Phase::Running))
    };
    let link = Link::Claim(object.namespace.clone(), (*object.name).into());
    match inventory.linked(&link).any(|(_, user)| is_live(user)) {
        true => status,
        false => Status::ready(WAITS_FOR_POD, "no pod uses it yet, and its volume is made for the first one"),
    }
}
