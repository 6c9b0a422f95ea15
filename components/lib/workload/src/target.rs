//! Evaluates a target: its own status, whether somebody else changed it, and whether a bad state has lasted. Only the
//! caller's clock counts, not the times that the cluster reports.

use std::collections::BTreeMap;
use std::rc::Rc;

use crate::cause::{Cause, RatedFinding, causes};
use crate::claim;
use crate::event::Event;
use crate::finding::{Finding, Findings, PodHealth};
use crate::index::{Link, Name};
use crate::inspect;
use crate::inventory::Inventory;
use crate::kind::Kind;
use crate::object::{Details, Fingerprint, Object};
use crate::readiness;
use crate::rules::{Class, RuleId, Rules};
use crate::selected;
use crate::status::{State, Status};
use crate::unused_claim;

/// How often a Service without a ready endpoint, and a claim without a pod, are evaluated, in seconds.
const USER_INTERVAL: u64 = 2;

/// A target and the result of its last evaluation.
#[derive(Debug)]
pub(crate) struct Target {
    pub(crate) name: Name,
    /// The object at its first evaluation.
    pub(crate) baseline: Option<Baseline>,
    /// Whether the caller has changed it, and the change has not arrived yet.
    pub(crate) is_awaited: bool,
    /// Whether something has changed since the last evaluation.
    pub(crate) is_changed: bool,
    /// The time of the next evaluation if nothing changes before.
    pub(crate) due: Option<u64>,
    pub(crate) status: Status,
    pub(crate) causes: Vec<Cause>,
    first_seen: FirstSeen,
}

/// The object of a target at its first evaluation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Baseline {
    uid: Rc<str>,
    fingerprint: Fingerprint,
}

/// When each finding was first seen, by UID, rule and container.
type FirstSeen = BTreeMap<(Rc<str>, RuleId, Box<str>), u64>;

/// Evaluates targets at one time.
pub(crate) struct Evaluator<'a> {
    pub(crate) inventory: &'a Inventory,
    pub(crate) rules: &'a Rules,
    /// The time of the caller's clock, in seconds.
    pub(crate) now: u64,
}

/// A finding, and when it was first seen.
type TimedFinding<'a> = (&'a Finding, u64);

impl Target {
    pub(crate) fn new(name: Name) -> Self {
        let status = Status::new(State::Missing, "NotFound", "is not there");
        Self {
            name,
            baseline: None,
            is_awaited: false,
            is_changed: true,
            due: None,
            status,
            causes: Vec::new(),
            first_seen: FirstSeen::new(),
        }
    }

    /// Stores a result. Returns whether it differs from the one before.
    fn update(&mut self, mut status: Status, causes: Vec<Cause>, now: u64) -> bool {
        let before = (&self.status.state, &self.status.reason);
        status.since = if before == (&status.state, &status.reason) && self.status.since > 0 {
            self.status.since
        } else {
            now
        };
        let is_other = !self.status.is_same(&status) || self.causes != causes;
        (self.status, self.causes) = (status, causes);
        is_other
    }

    /// Its status without an object.
    fn missing(&self) -> Status {
        match (&self.baseline, self.name.kind == Kind::Job && self.status.state == State::Ready) {
            (None, _) => {
                let message = match &*self.name.namespace {
                    "" => "is not there".to_owned(),
                    "." => "is not in the namespace of the context".to_owned(),
                    name => format!("is not in the namespace `{name}`"),
                };
                Status::new(State::Missing, "NotFound", message)
            }
            // Kubernetes may clean up finished Jobs.
            (Some(_), true) => Status::ready(&self.status.reason, self.status.message.clone()),
            (Some(_), false) => Status::new(State::Missing, "Deleted", "was deleted"),
        }
    }

    /// Compares the object with the first one. Returns a status if somebody changed it.
    fn compare(&mut self, uid: &Rc<str>, object: &Object) -> Option<Status> {
        let now = Baseline { uid: uid.clone(), fingerprint: object.fingerprint() };
        let Some(first) = &self.baseline else {
            self.baseline = Some(now);
            return None;
        };
        let is_same = first.uid == now.uid && first.fingerprint.is_unchanged_in(&now.fingerprint);
        if self.is_awaited {
            if is_same {
                return Some(Status::progressing("NotChanged", "the change has not arrived yet"));
            }
            (self.is_awaited, self.baseline) = (false, Some(now));
            return None;
        }
        match (is_same, first.uid == now.uid) {
            (true, _) => None,
            (false, true) => {
                Some(Status::new(State::Superseded, "NewRevision", "somebody else has changed it since"))
            }
            (false, false) => Some(Status::new(
                State::Superseded,
                "Recreated",
                "somebody else has deleted it and made it again",
            )),
        }
    }
}

impl Evaluator<'_> {
    /// Evaluates a target. Returns whether the result differs from the one before.
    pub(crate) fn evaluate(&self, target: &mut Target) -> bool {
        (target.is_changed, target.due) = (false, None);
        let (status, causes) = match self.inventory.find(&target.name) {
            None => (target.missing(), Vec::new()),
            Some((_, object)) if object.is_deleting && target.baseline.is_none() => {
                // The object that replaces it will be the deployed one.
                (readiness::status(object, 0), Vec::new())
            }
            Some((uid, object)) => match target.compare(uid, object) {
                Some(status) => (status, Vec::new()),
                None => self.judge(target, uid, object),
            },
        };
        let has_users = matches!(target.name.kind, Kind::Service | Kind::Claim);
        let is_without = matches!(status.reason.as_str(), "ScaledToZero" | unused_claim::WAITS_FOR_POD);
        if has_users && (is_without || readiness::is_open(&status)) {
            // A change of what it selects or of who uses it does not mark it.
            let next = self.now + USER_INTERVAL;
            target.due = Some(target.due.map_or(next, |due| due.min(next)));
        }
        target.update(status, causes, self.now)
    }

    fn judge(&self, target: &mut Target, uid: &Rc<str>, object: &Object) -> (Status, Vec<Cause>) {
        let mut status = readiness::status(object, self.endpoints(object));
        status = match &object.details {
            Details::Service(_) if status.reason == "NoEndpoints" => {
                selected::without_endpoints(self.inventory, object, status)
            }
            Details::Claim(claim) if claim.phase == claim::Phase::Pending && !object.is_deleting => {
                unused_claim::without_pod(self.inventory, uid, object, status)
            }
            _ => status,
        };
        if status.reason == "NotObserved" {
            // Its counts are of another specification. The findings so far keep their times.
            return (status, Vec::new());
        }
        let findings = inspect::findings(self.inventory, uid, object, self.now);
        if !readiness::is_open(&status) {
            target.first_seen.clear();
            return (delay_ready(target, status, &findings), Vec::new());
        }
        let causes = causes(self.rate(target, &findings));
        (explain(status, &causes, self.now), causes)
    }

    /// Rates the findings: since when each exists, and whether it fails the target.
    fn rate<'a>(&self, target: &mut Target, findings: &'a Findings) -> Vec<RatedFinding<'a>> {
        let before = std::mem::take(&mut target.first_seen);
        let mut timed = |finding: &'a Finding| -> TimedFinding<'a> {
            let key = (finding.uid.clone(), finding.rule, finding.container.clone().unwrap_or_default());
            let first = before.get(&key).copied().unwrap_or(self.now);
            target.first_seen.insert(key, first);
            (finding, first)
        };
        let pods: Vec<_> = findings
            .pods
            .iter()
            .map(|(health, finding)| (*health, finding.as_ref().map(&mut timed)))
            .collect();
        let whole: Vec<_> = findings.whole.iter().map(timed).collect();
        let all = pods.iter().filter_map(|(_, finding)| *finding).chain(whole.iter().copied());
        // A finding can change the result when its time is over, and when it may count at all.
        let times = all.flat_map(|finding| [self.counts_from(finding), Some(finding.0.not_before)]).flatten();
        target.due = times.filter(|time| *time > self.now && *time < u64::MAX).min();

        let cannot_recover = self.cannot_recover(&pods);
        let has_no_live_pod = !pods.iter().any(|(health, _)| is_live(*health));
        let pods = pods.into_iter().filter_map(|(health, finding)| Some((health, finding?)));
        let mut rated: Vec<_> = pods
            .map(|(health, finding)| {
                let fails = match health {
                    PodHealth::Failed => has_no_live_pod,
                    _ => cannot_recover || finding.0.is_endless,
                };
                self.rated(finding, fails && self.counts(finding))
            })
            .collect();
        rated.extend(whole.into_iter().map(|finding| self.rated(finding, self.counts(finding))));
        rated
    }

    fn rated<'a>(&self, timed: TimedFinding<'a>, is_certain: bool) -> RatedFinding<'a> {
        let (finding, since) = timed;
        let events = self.inventory.events(&finding.uid);
        let event = events.warning.as_ref().or(events.last.as_ref());
        let (has_lasted, last_event) = (self.counts(timed), event.map(Event::line));
        RatedFinding { finding, since, is_certain, has_lasted, last_event }
    }

    /// When a finding counts if it lasts until then; none if its rule never counts.
    fn counts_from(&self, (finding, since): TimedFinding<'_>) -> Option<u64> {
        self.rules.grace(finding.rule).map(|grace| since.saturating_add(grace).max(finding.not_before))
    }

    fn counts(&self, finding: TimedFinding<'_>) -> bool {
        self.counts_from(finding).is_some_and(|time| time <= self.now)
    }

    /// Whether no live pod is ready or may become ready. A pod may recover from a transient state until the time of its
    /// rule is over.
    fn cannot_recover(&self, pods: &[(PodHealth, Option<TimedFinding<'_>>)]) -> bool {
        pods.iter().filter(|(health, _)| is_live(*health)).all(|(_, timed)| {
            let Some(timed) = timed else { return false };
            let Some(time) = self.counts_from(*timed) else { return false };
            let finding = timed.0;
            !finding.may_recover && (finding.rule.rule().class == Class::Permanent || time <= self.now)
        })
    }

    /// The number of ready endpoints of a Service.
    fn endpoints(&self, object: &Object) -> u32 {
        let link = Link::Service(object.namespace.clone(), (*object.name).into());
        let ready = |object: &Object| match &object.details {
            Details::EndpointSlice { ready, .. } => *ready,
            _ => 0,
        };
        self.inventory.linked(&link).map(|(_, slice)| ready(slice)).sum()
    }
}

/// Keeps a target from being ready until its pods, which had failed and run again, have run for long enough.
fn delay_ready(target: &mut Target, status: Status, findings: &Findings) -> Status {
    let ends = findings.pods.iter().filter_map(|(_, finding)| finding.as_ref());
    let ends = ends.map(|finding| finding.not_before);
    let has_ready_pod = findings.pods.iter().any(|(health, _)| *health == PodHealth::Ready);
    let Some(end) = ends.filter(|end| *end > 0 && *end < u64::MAX).max().filter(|_| !has_ready_pod) else {
        return status;
    };
    target.due = Some(end);
    let message = format!("{}, restarted after a failure and not yet up for long enough", status.message);
    Status { state: State::Progressing, reason: "Recovering".to_owned(), message, ..status }
}

/// Whether a pod is running or starting.
fn is_live(health: PodHealth) -> bool {
    !matches!(health, PodHealth::Finished | PodHealth::Failed)
}

/// Adds the first cause to a status. A certain cause makes it `failed`.
fn explain(status: Status, causes: &[Cause], now: u64) -> Status {
    let Some(first) = causes.first() else { return status };
    if first.is_certain {
        let message = match status.pods {
            Some((ready, wanted)) => {
                format!("{ready} of {wanted} pods ready: {}: {}", first.rule.rule().name, first.message)
            }
            None => format!("{}: {}", first.rule.rule().name, first.message),
        };
        return Status { state: State::Failed, reason: first.reason.clone(), message, ..status };
    }
    if status.state == State::Progressing && first.since <= now {
        let message = format!("{} ({})", status.message, first.reason);
        return Status { message, ..status };
    }
    status
}
