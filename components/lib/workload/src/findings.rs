//! Gathers what a target and its pods of the newest revision show. Never weighs it.

use std::rc::Rc;

use crate::classify;
use crate::facts::{Facts, Object};
use crate::index::Name;
use crate::kind::Kind;
use crate::plain::Phase;
use crate::revision::OwnedPod;
use crate::rules::RuleId;
use crate::store::Cluster;
use crate::suspect::{Found, Member, whole, word};
use crate::target::Findings;
use crate::workload::Job;

impl Cluster {
    pub(crate) fn findings(&self, uid: &Rc<str>, object: &Object, now: u64) -> Findings {
        let title = object.title();
        let mut findings = Findings { pods: Vec::new(), whole: Vec::new() };
        if let Some(pod) = object.pod() {
            findings.pods.push(self.member((uid, object, pod), &title, object).look(now));
        }
        for (is_newest, pod) in self.pods_of(uid, object) {
            if is_newest {
                findings.pods.push(self.member(pod, &title, object).look(now));
            } else if pod.1.is_deleting {
                let mut found =
                    whole(pod.1, pod.0, &title, RuleId::Terminating, "Terminating", "is being deleted");
                found.pod = Some(pod.1.name.clone());
                findings.whole.push(found);
            }
        }
        self.whole(uid, object, &title, &mut findings);
        findings
    }

    fn member<'a>(&'a self, pod: OwnedPod<'a>, target: &'a str, of: &Object) -> Member<'a> {
        let (uid, object, pod) = pod;
        let (is_of_job, is_target) = (of.kind == Kind::Job, of.kind == Kind::Pod);
        let claim = pod.claims.iter().find_map(|claim| self.claim_of(object, claim));
        Member { uid, object, pod, notes: self.notes(uid), claim, target, is_of_job, is_target }
    }

    fn claim_of(&self, pod: &Object, claim: &str) -> Option<Found> {
        let name = Name { kind: Kind::Claim, namespace: pod.namespace.clone(), name: claim.into() };
        let (uid, claim) = self.find(&name)?;
        Some(Found { pod: Some(pod.name.clone()), ..self.unbound(uid, claim)? })
    }

    /// A claim for which no volume can be made, or whose volume is lost.
    fn unbound(&self, uid: &Rc<str>, object: &Object) -> Option<Found> {
        let Facts::Claim(claim) = &object.facts else { return None };
        let found = |reason: &str, message: &str| {
            Some(whole(object, uid, &object.title(), RuleId::VolumeUnbound, reason, message))
        };
        match claim.phase {
            Phase::Bound => None,
            Phase::Lost => found("Lost", "its volume is lost"),
            // Between attempts a provisioner says that it tries again, which is no progress.
            Phase::Pending => {
                let warning = self.notes(uid).warning.as_ref()?;
                (&*warning.reason == "ProvisioningFailed")
                    .then(|| found(&warning.reason, &warning.message))?
            }
        }
    }

    /// What the target itself and its ReplicaSet say.
    fn whole(&self, uid: &Rc<str>, object: &Object, title: &str, findings: &mut Findings) {
        let mut found = Vec::new();
        match &object.facts {
            Facts::Workload(workload) => {
                if let Some(message) = &workload.stopped {
                    let reason = "ProgressDeadlineExceeded";
                    let stopped = whole(object, uid, title, RuleId::ProgressDeadline, reason, message);
                    let pods = findings.pods.iter().filter_map(|(_, found)| found.as_ref());
                    let logs = pods.filter_map(|found| found.logs.clone()).next();
                    found.push(Found { logs, ..stopped });
                }
                found.extend(self.refused(uid, object, title));
            }
            Facts::Job(job) => {
                found.extend(self.job_failed(uid, object, title, job));
                found.extend(self.refused(uid, object, title));
            }
            Facts::Claim(_) => found.extend(self.unbound(uid, object)),
            Facts::Custom(custom) => {
                if let Some(shown) = &custom.failed {
                    found.push(whole(object, uid, title, RuleId::DeclaredFailed, "DeclaredFailed", shown));
                }
                let stalled = custom.stalled(&object.kind);
                let stalled =
                    stalled.map(|(reason, line)| whole(object, uid, title, RuleId::Stalled, reason, &line));
                found.extend(stalled);
            }
            _ => {}
        }
        findings.whole.extend(found);
    }

    /// Why no pods are created: a Deployment leaves that to its ReplicaSet.
    fn refused(&self, uid: &Rc<str>, object: &Object, title: &str) -> Option<Found> {
        let maker =
            if object.kind == Kind::Deployment { self.newest(uid, object) } else { Some((uid, object)) };
        let said = maker
            .map_or(object, |(_, maker)| maker)
            .workload()
            .and_then(|workload| workload.refused.as_deref());
        let event = maker.and_then(|(uid, _)| self.notes(uid).stuck(&["FailedCreate"]));
        let lacks_pods =
            maker.and_then(|(_, maker)| maker.workload()).is_none_or(|set| set.total < set.wanted);
        let message = said.or(event.filter(|_| lacks_pods).map(|note| &*note.message))?;
        let uid = maker.map_or(uid, |(uid, _)| uid);
        Some(whole(object, uid, title, classify::refusal(message), "FailedCreate", message))
    }

    /// A Job that has failed, with how one of its pods ended.
    fn job_failed(&self, uid: &Rc<str>, object: &Object, title: &str, job: &Job) -> Option<Found> {
        let (reason, message) = job.failure.as_ref()?;
        let found = whole(object, uid, title, RuleId::JobFailed, word(reason, "JobFailed"), message);
        let pods = self.pods_of(uid, object);
        let ended = pods.into_iter().map(|(_, pod)| self.member(pod, title, object).failed());
        let ended = ended.filter(|ended| ended.exit_code.is_some()).max_by_key(|ended| ended.pod.clone());
        Some(match ended {
            None => found,
            Some(ended) => Found {
                pod: ended.pod,
                container: ended.container,
                exit_code: ended.exit_code,
                signal: ended.signal,
                logs: ended.logs,
                ..found
            },
        })
    }
}
