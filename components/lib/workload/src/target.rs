//! Decides how a target stands: what it says itself, whether it is still what it was, and whether a state
//! that dooms has lasted. Never decides by a time that the cluster says: only the caller's clock counts.

use std::collections::BTreeMap;
use std::rc::Rc;

use crate::cause::{Cause, Judged, causes};
use crate::facts::{Facts, Object, Print};
use crate::index::Name;
use crate::kind::Kind;
use crate::rollout;
use crate::rules::{Class, RuleId};
use crate::status::{State, Status};
use crate::store::Cluster;
use crate::suspect::{Found, Standing};

/// A target and what is known of it.
#[derive(Debug)]
pub(crate) struct Target {
    pub(crate) name: Name,
    /// What it was when it was first seen.
    pub(crate) baseline: Option<Baseline>,
    /// Whether the caller has changed it, and the change has not been seen yet.
    pub(crate) is_awaited: bool,
    /// Whether something has happened since it was last looked at.
    pub(crate) is_touched: bool,
    /// When it has to be looked at again although nothing has happened.
    pub(crate) due: Option<u64>,
    pub(crate) status: Status,
    pub(crate) causes: Vec<Cause>,
    seen: Seen,
}

/// What a target was when it was first seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Baseline {
    uid: Rc<str>,
    print: Print,
}

/// When states were first seen, by what shows them.
type Seen = BTreeMap<(Rc<str>, RuleId, Box<str>), u64>;

/// What is found at a target at a time.
pub(crate) struct Findings {
    /// Of its pods of the newest revision, how each stands and what it shows.
    pub(crate) pods: Vec<(Standing, Option<Found>)>,
    /// Of it as a whole.
    pub(crate) whole: Vec<Found>,
}

impl Target {
    pub(crate) fn new(name: Name) -> Self {
        let status = Status::new(State::Missing, "NotFound", "is not there");
        let seen = Seen::new();
        Self {
            name,
            baseline: None,
            is_awaited: false,
            is_touched: true,
            due: None,
            status,
            causes: Vec::new(),
            seen,
        }
    }

    /// Takes over how it stands now. Whether anything is other than before.
    pub(crate) fn update(&mut self, mut status: Status, causes: Vec<Cause>, now: u64) -> bool {
        let before = (&self.status.state, &self.status.reason);
        status.since = if before == (&status.state, &status.reason) && self.status.since > 0 {
            self.status.since
        } else {
            now
        };
        let is_other = !self.status.is_like(&status) || self.causes != causes;
        (self.status, self.causes) = (status, causes);
        is_other
    }

    /// What it is if its object is not there.
    fn missing(&self) -> Status {
        match (&self.baseline, self.name.kind == Kind::Job && self.status.state == State::Ready) {
            (None, _) => Status::new(State::Missing, "NotFound", "is not there"),
            // Jobs that are done may be cleaned up.
            (Some(_), true) => Status::ready(&self.status.reason, self.status.message.clone()),
            (Some(_), false) => Status::new(State::Missing, "Deleted", "was deleted"),
        }
    }

    /// Whether it is what it was; if not, what has become of it.
    fn compare(&mut self, uid: &Rc<str>, object: &Object) -> Option<Status> {
        let now = Baseline { uid: uid.clone(), print: object.print() };
        let Some(first) = &self.baseline else {
            self.baseline = Some(now);
            return None;
        };
        let is_same = first.uid == now.uid && first.print.is_kept_by(&now.print);
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

impl Cluster {
    /// Looks at a target again. Whether anything about it has changed.
    pub(crate) fn look(&self, target: &mut Target, now: u64) -> bool {
        (target.is_touched, target.due) = (false, None);
        let (status, causes) = match self.find(&target.name) {
            None => (target.missing(), Vec::new()),
            Some((_, object)) if object.is_deleting && target.baseline.is_none() => {
                // What will be made in its place is what was deployed.
                (rollout::status(object, 0), Vec::new())
            }
            Some((uid, object)) => match target.compare(uid, object) {
                Some(status) => (status, Vec::new()),
                None => self.judge(target, uid, object, now),
            },
        };
        target.update(status, causes, now)
    }

    fn judge(&self, target: &mut Target, uid: &Rc<str>, object: &Object, now: u64) -> (Status, Vec<Cause>) {
        let status = rollout::status(object, self.endpoints(object));
        if status.reason == "NotObserved" {
            // Its counts are of another specification; what its pods showed is not forgotten over that.
            return (status, Vec::new());
        }
        let findings = self.findings(uid, object, now);
        if !rollout::is_open(&status) {
            target.seen.clear();
            return (self.hold(target, status, &findings), Vec::new());
        }
        let judged = self.weigh(target, &findings, now);
        let causes = causes(judged);
        (explain(status, &causes, now), causes)
    }

    /// Keeps a target from being ready while it is open whether its pods, which had failed and run again,
    /// stay up.
    fn hold(&self, target: &mut Target, status: Status, findings: &Findings) -> Status {
        let ends = findings.pods.iter().filter_map(|(_, found)| found.as_ref()).map(|found| found.not_before);
        let is_fine = findings.pods.iter().any(|(standing, _)| *standing == Standing::Fine);
        let Some(end) = ends.filter(|end| *end > 0 && *end < u64::MAX).max().filter(|_| !is_fine) else {
            return status;
        };
        target.due = Some(end);
        let message = format!("{}, restarted after a failure and not yet up for long enough", status.message);
        Status { state: State::Progressing, reason: "Recovering".to_owned(), message, ..status }
    }

    /// What was found, since when it is so, and whether it dooms.
    fn weigh<'a>(&self, target: &mut Target, findings: &'a Findings, now: u64) -> Vec<Judged<'a>> {
        let before = std::mem::take(&mut target.seen);
        let mut since = |found: &Found| {
            let key = (found.uid.clone(), found.rule, found.container.clone().unwrap_or_default());
            let first = before.get(&key).copied().unwrap_or(now);
            target.seen.insert(key, first);
            first
        };
        let pods: Vec<_> = findings
            .pods
            .iter()
            .map(|(standing, found)| (*standing, found.as_ref().map(|found| (found, since(found)))))
            .collect();
        let whole: Vec<_> = findings.whole.iter().map(|found| (found, since(found))).collect();
        let ripe = |(found, since): (&Found, u64)| self.ripe(found, since);
        let is_ripe = |of: (&Found, u64)| ripe(of).is_some_and(|time| time <= now);
        let all = pods.iter().filter_map(|(_, of)| *of).chain(whole.iter().copied());
        // When it begins to count, and when it is open no longer whether it does.
        let times = all.flat_map(|of| [ripe(of), Some(of.0.not_before)]).flatten();
        target.due = times.filter(|time| *time > now && *time < u64::MAX).min();

        let is_hopeless = self.is_hopeless(&pods, now);
        let is_alone = !pods.iter().any(|(standing, _)| is_live(*standing));
        let pods =
            pods.into_iter().filter_map(|(standing, of)| Some((standing, of?))).map(|(standing, of)| {
                let counts = if standing == Standing::Failed { is_alone } else { is_hopeless };
                self.judged(of, counts && is_ripe(of))
            });
        let mut judged: Vec<_> = pods.collect();
        judged.extend(whole.into_iter().map(|of| self.judged(of, is_ripe(of))));
        judged
    }

    fn judged<'a>(&self, (found, since): (&'a Found, u64), is_certain: bool) -> Judged<'a> {
        let notes = self.notes(&found.uid);
        let event = notes.warning.as_ref().or(notes.last.as_ref());
        Judged { found, since, is_certain, last_event: event.map(crate::note::Note::line) }
    }

    /// When what was found counts, if it stays.
    fn ripe(&self, found: &Found, since: u64) -> Option<u64> {
        self.rules.grace(found.rule).map(|grace| since.saturating_add(grace).max(found.not_before))
    }

    /// Whether no pod is ready, and none may become so as far as can be seen. A state that passes is one from
    /// which a pod may become ready, until it has lasted.
    fn is_hopeless(&self, pods: &[(Standing, Option<(&Found, u64)>)], now: u64) -> bool {
        pods.iter().filter(|(standing, _)| is_live(*standing)).all(|(_, of)| {
            let Some((found, since)) = of else { return false };
            let Some(time) = self.ripe(found, *since) else { return false };
            !found.is_hopeful && (found.rule.rule().class == Class::Lasting || time <= now)
        })
    }

    /// How many ready endpoints a Service has.
    fn endpoints(&self, object: &Object) -> u32 {
        let link = crate::index::Link::Service(object.namespace.clone(), (*object.name).into());
        let slices = self.index.get(&link).filter_map(|uid| self.objects.get(uid));
        slices.map(|slice| if let Facts::Slice { ready, .. } = &slice.facts { *ready } else { 0 }).sum()
    }
}

/// Whether a pod counts when it is asked whether all are doomed.
fn is_live(standing: Standing) -> bool {
    !matches!(standing, Standing::Over | Standing::Failed)
}

/// The status with what is known of why: a cause that is certain makes it a failure.
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
