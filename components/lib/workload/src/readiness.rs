//! The status of an object by its own fields, kind by kind. Pods of an object do not count here.

use crate::claim::{self, Claim};
use crate::kind::Kind;
use crate::object::{Details, Object};
use crate::pod::{self, Pod};
use crate::service::Service;
use crate::status::{State, Status};
use crate::workload::{Job, Workload};

/// The status of an object. `endpoints` is the number of ready endpoints of a Service.
pub(crate) fn status(object: &Object, endpoints: u32) -> Status {
    if object.is_deleting {
        return Status::progressing("Terminating", "is being deleted");
    }
    match &object.details {
        Details::Workload(workload)
            if object.is_observed(workload.observed) && workload.observed.is_some() =>
        {
            let pods = |status: Status| {
                status.with_pods(workload.available.min(workload.updated_or_all(object)), workload.wanted)
            };
            pods(match object.kind {
                Kind::Deployment => deployment(workload),
                Kind::StatefulSet => stateful_set(workload),
                Kind::DaemonSet => daemon_set(workload),
                _ => replica_set(workload),
            })
        }
        Details::Workload(workload) => {
            let message = "its controller has not taken up the newest specification";
            Status::progressing("NotObserved", message).with_pods(0, workload.wanted)
        }
        Details::Job(job) => self::job(job),
        Details::CronJob { is_suspended: true } => {
            Status::ready("Suspended", "exists, and starts no Jobs: suspended")
        }
        Details::CronJob { is_suspended: false } => Status::ready("Scheduled", "exists"),
        Details::Pod(pod) => self::pod(pod),
        Details::Claim(claim) => self::claim(claim),
        Details::Service(service) => self::service(service, endpoints),
        Details::Namespace { is_terminating: true } => Status::progressing("Terminating", "is being deleted"),
        Details::Namespace { is_terminating: false } => Status::ready("Active", "exists"),
        Details::Custom(custom) => custom.status(&object.kind, object.generation),
        Details::EndpointSlice { .. } | Details::Revision { .. } | Details::Plain => {
            Status::ready("Exists", "exists")
        }
    }
}

impl Workload {
    /// How many pods are of the newest revision, for a kind that does not count them.
    fn updated_or_all(&self, object: &Object) -> u32 {
        match object.kind {
            Kind::Deployment | Kind::DaemonSet => self.updated,
            _ => u32::MAX,
        }
    }
}

fn count_of(count: u32, wanted: u32, what: &str) -> String {
    format!("{count} of {wanted} pods {what}")
}

/// The rules of `kubectl rollout status`, and `paused` for a paused Deployment.
/// <https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#complete-deployment>
fn deployment(of: &Workload) -> Status {
    let wanted = of.wanted;
    let progress = if of.updated < wanted {
        Some(count_of(of.updated, wanted, "updated"))
    } else if of.total > of.updated {
        Some(format!(
            "{}, and {} of an earlier revision still there",
            count_of(of.updated, wanted, "updated"),
            of.total - of.updated
        ))
    } else if of.available < wanted.max(of.updated) {
        Some(not_available(of))
    } else {
        None
    };
    match progress {
        None => Status::ready("RolledOut", count_of(of.available.min(wanted), wanted, "ready")),
        Some(progress) if of.is_paused => Status::paused("Paused", format!("paused with {progress}")),
        Some(progress) => Status::progressing("RollingOut", progress),
    }
}

/// The message when all pods are of the newest revision and not all are available.
fn not_available(of: &Workload) -> String {
    if of.ready >= of.wanted && of.available < of.wanted {
        return format!(
            "{}, not yet for `minReadySeconds`",
            count_of(of.ready.min(of.wanted), of.wanted, "ready")
        );
    }
    count_of(of.available.min(of.wanted), of.wanted, "ready")
}

/// <https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#update-strategies>
fn stateful_set(of: &Workload) -> Status {
    let is_one_revision = of.current_revision == of.update_revision;
    let updated = if is_one_revision { of.total } else { of.updated };
    if of.is_on_delete {
        return on_delete(of, updated);
    }
    // Pods below the partition keep their revision.
    let due = of.wanted.saturating_sub(of.partition);
    if of.total < of.wanted {
        return Status::progressing("RollingOut", count_of(of.total, of.wanted, "created"));
    }
    if updated < due {
        return Status::progressing("RollingOut", count_of(updated, due, "updated"));
    }
    if of.total > of.wanted {
        let more = of.total - of.wanted;
        return Status::progressing("RollingOut", format!("{more} more than {} pods still there", of.wanted));
    }
    if of.ready < of.wanted || of.available < of.wanted {
        return Status::progressing("RollingOut", not_available(of));
    }
    let ready = count_of(of.wanted, of.wanted, "ready");
    match is_one_revision || of.partition == 0 {
        true => Status::ready("RolledOut", ready),
        false => {
            let held =
                format!("{ready}, {} of the new revision as its partition {} says", updated, of.partition);
            Status::ready("PartitionRolledOut", held)
        }
    }
}

/// Pods are replaced only when somebody deletes them.
fn on_delete(of: &Workload, updated: u32) -> Status {
    if updated.min(of.total) < of.wanted && of.total >= of.wanted {
        let message = format!(
            "{}: `OnDelete` replaces the others only when somebody deletes them",
            count_of(updated, of.wanted, "updated")
        );
        return Status::paused("OnDelete", message);
    }
    if of.total < of.wanted || of.ready < of.wanted || of.available < of.wanted {
        return Status::progressing("RollingOut", not_available(of));
    }
    Status::ready("RolledOut", count_of(of.wanted, of.wanted, "ready"))
}

fn daemon_set(of: &Workload) -> Status {
    if of.is_on_delete {
        return on_delete(of, of.updated);
    }
    if of.updated < of.wanted {
        return Status::progressing("RollingOut", count_of(of.updated, of.wanted, "updated"));
    }
    if of.available < of.wanted {
        return Status::progressing("RollingOut", not_available(of));
    }
    match of.wanted {
        0 => Status::ready("RolledOut", "no node wants a pod of it"),
        wanted => Status::ready("RolledOut", count_of(wanted, wanted, "ready")),
    }
}

fn replica_set(of: &Workload) -> Status {
    match of.available >= of.wanted && of.total == of.wanted {
        true => Status::ready("RolledOut", count_of(of.wanted, of.wanted, "ready")),
        false => Status::progressing("RollingOut", not_available(of)),
    }
}

/// A Job is ready when it has completed.
fn job(job: &Job) -> Status {
    let counts = format!("{} of {} pods succeeded", job.succeeded, job.wanted);
    if job.is_complete {
        return Status::ready("Completed", counts);
    }
    if let Some((reason, message)) = &job.failure {
        // The rule `job-failed` fails the Job; a run can switch that rule off.
        return Status::progressing(if reason.is_empty() { "JobFailed" } else { reason }, &**message);
    }
    if job.is_suspended {
        return Status::paused("Suspended", format!("suspended with {counts}"));
    }
    Status::progressing("Running", format!("{counts}, {} running, {} failed", job.active, job.failed))
}

fn pod(pod: &Pod) -> Status {
    let mains = pod.containers.iter().filter(|one| one.role == crate::container::Role::Main);
    let (ready, all) = mains.fold((0, 0), |(ready, all), one| (ready + usize::from(one.is_ready), all + 1));
    let counts = format!("{ready} of {all} containers ready");
    match pod.phase {
        pod::Phase::Succeeded => Status::ready("Completed", "all containers are done"),
        pod::Phase::Running if pod.is_ready => Status::ready("Running", counts).with_pods(1, 1),
        pod::Phase::Failed => Status::progressing("PodFailed", "has failed"),
        _ => Status::progressing("NotReady", counts).with_pods(0, 1),
    }
}

fn claim(claim: &Claim) -> Status {
    let class =
        if claim.class.is_empty() { String::new() } else { format!(" (storage class {})", claim.class) };
    match claim.phase {
        claim::Phase::Bound => Status::ready("Bound", "bound to a volume"),
        claim::Phase::Pending => Status::progressing("Pending", format!("waits for a volume{class}")),
        claim::Phase::Lost => Status::progressing("Lost", format!("its volume is lost{class}")),
    }
}

/// A Service with pods is ready when one endpoint is ready. The module `selected` knows the workloads behind it.
fn service(service: &Service, endpoints: u32) -> Status {
    if service.lacks_balancer {
        return Status::progressing("NoLoadBalancer", "its load balancer has no address yet");
    }
    match (service.selector.is_some(), endpoints) {
        (false, _) => Status::ready("Exists", "exists"),
        (true, 0) => Status::progressing("NoEndpoints", "no endpoint is ready"),
        (true, 1) => Status::ready("Serving", "1 endpoint is ready"),
        (true, many) => Status::ready("Serving", format!("{many} endpoints are ready")),
    }
}

/// Whether the status is not final. The rules that fail a target count only then.
pub(crate) fn is_open(status: &Status) -> bool {
    matches!(status.state, State::Progressing | State::Paused | State::Unknown)
}
