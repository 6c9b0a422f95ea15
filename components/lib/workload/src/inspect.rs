//! Collects the findings about a target and its pods of the newest revision.

use std::rc::Rc;

use crate::claim::Phase;
use crate::classify;
use crate::finding::{Finding, Findings};
use crate::index::Name;
use crate::inventory::Inventory;
use crate::kind::Kind;
use crate::object::{Details, Object};
use crate::pod_health::{MemberPod, non_empty_or};
use crate::revision::{OwnedPod, newest_replica_set, pods_of};
use crate::rules::RuleId;
use crate::workload::Job;

/// The findings about a target at a time.
pub(crate) fn findings(inventory: &Inventory, uid: &Rc<str>, object: &Object, now: u64) -> Findings {
    let title = object.title();
    let mut findings = Findings { pods: Vec::new(), whole: Vec::new() };
    if let Some(pod) = object.pod() {
        findings.pods.push(member(inventory, (uid, object, pod), &title, object).inspect(now));
    }
    for (is_newest, pod) in pods_of(inventory, uid, object) {
        if is_newest {
            findings.pods.push(member(inventory, pod, &title, object).inspect(now));
        } else if pod.1.is_deleting {
            let (rule, message) = (RuleId::Terminating, "is being deleted");
            let terminating = Finding::about(pod.1, pod.0, &title, rule, "Terminating", message);
            findings.whole.push(Finding { pod: Some(pod.1.name.clone()), ..terminating });
        }
    }
    let whole = whole(inventory, uid, object, &findings);
    findings.whole.extend(whole);
    findings
}

fn member<'a>(
    inventory: &'a Inventory,
    (uid, object, pod): OwnedPod<'a>,
    target: &'a str,
    of: &Object,
) -> MemberPod<'a> {
    let (is_of_job, is_target) = (of.kind == Kind::Job, of.kind == Kind::Pod);
    let claim = pod.claims.iter().find_map(|claim| claim_of(inventory, object, claim));
    MemberPod { uid, object, pod, events: inventory.events(uid), claim, target, is_of_job, is_target }
}

fn claim_of(inventory: &Inventory, pod: &Object, claim: &str) -> Option<Finding> {
    let name = Name { kind: Kind::Claim, namespace: pod.namespace.clone(), name: claim.into() };
    let (uid, claim) = inventory.find(&name)?;
    Some(Finding { pod: Some(pod.name.clone()), ..unbound(inventory, uid, claim)? })
}

/// A claim whose volume cannot be provisioned, or is lost.
fn unbound(inventory: &Inventory, uid: &Rc<str>, object: &Object) -> Option<Finding> {
    let Details::Claim(claim) = &object.details else { return None };
    let finding = |reason: &str, message: &str| {
        Finding::about(object, uid, &object.title(), RuleId::VolumeUnbound, reason, message)
    };
    match claim.phase {
        Phase::Bound => None,
        Phase::Lost => Some(finding("Lost", "its volume is lost")),
        // Between attempts, a provisioner announces the next one, which is no progress.
        Phase::Pending => {
            let warning = inventory.events(uid).warning.as_ref()?;
            let has_failed = &*warning.reason == "ProvisioningFailed";
            has_failed.then(|| finding(&warning.reason, &warning.message))
        }
    }
}

/// The findings about the target itself and its ReplicaSet.
fn whole(inventory: &Inventory, uid: &Rc<str>, object: &Object, findings: &Findings) -> Vec<Finding> {
    let title = object.title();
    let about =
        |rule, reason: &str, message: &str| Finding::about(object, uid, &title, rule, reason, message);
    let mut whole = Vec::new();
    match &object.details {
        Details::Workload(workload) => {
            if let Some(message) = &workload.stopped {
                let pods = findings.pods.iter().filter_map(|(_, finding)| finding.as_ref());
                let log = pods.filter_map(|finding| finding.log.clone()).next();
                let stopped = about(RuleId::ProgressDeadline, "ProgressDeadlineExceeded", message);
                whole.push(Finding { log, ..stopped });
            }
            whole.extend(create_refused(inventory, uid, object, &title));
        }
        Details::Job(job) => {
            whole.extend(job_failed(inventory, uid, object, job));
            whole.extend(create_refused(inventory, uid, object, &title));
        }
        Details::Claim(_) => whole.extend(unbound(inventory, uid, object)),
        Details::Custom(custom) => {
            if let Some(message) = &custom.failed {
                whole.push(about(RuleId::DeclaredFailed, "DeclaredFailed", message));
            }
            let stalled = custom.stalled(&object.kind);
            whole.extend(stalled.map(|(reason, line)| about(RuleId::Stalled, reason, &line)));
        }
        _ => {}
    }
    whole
}

/// Why no pods are created. For a Deployment, its ReplicaSet tells.
fn create_refused(inventory: &Inventory, uid: &Rc<str>, object: &Object, title: &str) -> Option<Finding> {
    let creator = match object.kind {
        Kind::Deployment => newest_replica_set(inventory, uid, object),
        _ => Some((uid, object)),
    };
    let condition = creator
        .map_or(object, |(_, creator)| creator)
        .workload()
        .and_then(|workload| workload.refused.as_deref());
    let event = creator.and_then(|(uid, _)| inventory.events(uid).stuck(&["FailedCreate"]));
    let lacks_pods =
        creator.and_then(|(_, creator)| creator.workload()).is_none_or(|set| set.total < set.wanted);
    let message = condition.or(event.filter(|_| lacks_pods).map(|event| &*event.message))?;
    let uid = creator.map_or(uid, |(uid, _)| uid);
    Some(Finding::about(object, uid, title, classify::refusal(message), "FailedCreate", message))
}

/// A failed Job, with the exit of one of its pods.
fn job_failed(inventory: &Inventory, uid: &Rc<str>, object: &Object, job: &Job) -> Option<Finding> {
    let (reason, message) = job.failure.as_ref()?;
    let (title, reason) = (object.title(), non_empty_or(reason, "JobFailed"));
    let finding = Finding::about(object, uid, &title, RuleId::JobFailed, reason, message);
    let pods = pods_of(inventory, uid, object);
    let ended = pods.into_iter().map(|(_, pod)| member(inventory, pod, &title, object).failed());
    let ended = ended.filter(|ended| ended.exit_code.is_some()).max_by_key(|ended| ended.pod.clone());
    Some(match ended {
        None => finding,
        Some(ended) => Finding {
            pod: ended.pod,
            container: ended.container,
            exit_code: ended.exit_code,
            signal: ended.signal,
            log: ended.log,
            ..finding
        },
    })
}
