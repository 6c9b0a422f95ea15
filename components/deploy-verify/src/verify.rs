//! The whole run: follows the rollout, makes the smoke checks, looks at the metrics, and gathers what explains a failure.
//! It reaches the outside only through traits.

use lockstep_glue::{Clock, Deadline, Level, Tell};
use lockstep_rollout::{End, Plan, Rollout, words};
use lockstep_workload::{Kind, State, TargetId};

use crate::evidence::{self, Log};
use crate::host::Host;
use crate::metric;
use crate::problem::{Code, Problem};
use crate::resources::Resources;
use crate::settings::{Inputs, Settings};
use crate::smoke;
use crate::undo;
use crate::web::{Fault, Web};

/// How it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Everything is as it should be.
    Passed,
    /// Something is wrong.
    Failed,
    /// Somebody else changed a resource.
    Superseded,
    /// There was nothing to judge by.
    Inconclusive,
    /// The time was up.
    TimedOut,
}

/// A resource at the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resource {
    /// Its namespace in the cluster.
    pub namespace: String,
    /// Such as `Deployment`.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// `ready` and the like.
    pub state: String,
    /// A word for scripts.
    pub reason: String,
    /// A line for people.
    pub message: String,
    /// Since when, in seconds of the caller's clock.
    pub since: u64,
}

/// What came of a run.
#[derive(Debug)]
pub struct Done {
    /// How it ended.
    pub verdict: Verdict,
    /// The resources, sorted.
    pub resources: Vec<Resource>,
    /// The rows of the summary about them.
    pub rows: Vec<Vec<String>>,
    /// Why, a line for each cause.
    pub causes: Vec<String>,
    /// The logs that explain it.
    pub logs: Vec<Log>,
    /// What came of the smoke checks.
    pub smoke: Vec<Vec<String>>,
    /// What came of the metrics.
    pub metrics: Vec<Vec<String>>,
    /// The files of evidence.
    pub evidence: Vec<String>,
    /// What was rolled back.
    pub rolled_back: Vec<String>,
    /// How the run ends if it does not end well.
    pub rejection: Option<Problem>,
}

/// Runs the step.
///
/// # Errors
/// What keeps it from coming to a verdict.
pub fn verify<H: Host + Web>(
    host: &mut H,
    clock: &mut impl Clock,
    tell: &mut impl Tell,
    inputs: &Inputs,
) -> Result<Done, Vec<Problem>> {
    let settings = Settings::read(inputs)
        .map_err(|wrong| wrong.into_iter().map(Problem::mistake).collect::<Vec<_>>())?;
    let deadline = Deadline::after(clock.now(), settings.timeout);
    let found = Resources::find(host, tell, &settings)?;
    if found.named.is_empty() && found.selected.is_empty() {
        let message = "the manifests declare nothing that can be looked at";
        return Err(vec![Problem::new(Code::NoMatch, message)]);
    }
    let one = |problem| vec![problem];
    let stopped = |stop| vec![Problem::stop(stop)];
    let plan = Plan::of(found.named, &found.selected);
    let mut rollout = Rollout::begin(host, plan, settings.rules.clone()).map_err(stopped)?;
    let end = rollout.follow(host, clock, tell, deadline).map_err(stopped)?;
    if let (End::TimedOut, Some(why)) = (end, rollout.unanswered()) {
        let message = format!("the cluster did not answer in time: {why}");
        return Err(vec![Problem::new(Code::Unavailable, message)]);
    }
    let mut done = judged(&rollout, end);
    if end == End::Ready {
        check(host, clock, tell, (&settings, deadline), &mut done)
            .map_err(|fault| vec![Problem::remote(fault)])?;
    }
    if done.rejection.is_some() {
        explain(host, tell, &rollout, &settings, &mut done).map_err(one)?;
        if settings.rollback && matches!(done.verdict, Verdict::Failed | Verdict::TimedOut) {
            let targets = to_undo(&rollout);
            done.rolled_back = undo::undo(host, clock, tell, (&mut rollout, deadline), &targets);
        }
    }
    (done.resources, done.rows) = resources(&rollout);
    Ok(done)
}

/// The end of the rollout as the end of the run.
fn judged<W>(rollout: &Rollout<W>, end: End) -> Done {
    let all = rollout.targets.len();
    let ready = all - evidence::open(rollout).count();
    let causes = words::causes(&rollout.cluster, rollout.targets.iter().copied());
    let (verdict, code) = match end {
        End::Ready => (Verdict::Passed, None),
        End::Failed => (Verdict::Failed, Some(Code::RolloutFailed)),
        End::Superseded => (Verdict::Superseded, Some(Code::Superseded)),
        End::Unclear => (Verdict::Inconclusive, Some(Code::Inconclusive)),
        End::TimedOut => (Verdict::TimedOut, Some(Code::TimedOut)),
    };
    let rejection = code.map(|code| {
        let problem = Problem::new(code, words::end(end, &causes, ready, all));
        Problem { hint: words::hint(end).map(str::to_owned), ..problem }
    });
    Done {
        verdict,
        resources: Vec::new(),
        rows: Vec::new(),
        causes,
        logs: Vec::new(),
        smoke: Vec::new(),
        metrics: Vec::new(),
        evidence: Vec::new(),
        rolled_back: Vec::new(),
        rejection,
    }
}

/// The smoke checks, and if they pass the metrics.
fn check(
    web: &mut impl Web,
    clock: &mut impl Clock,
    tell: &mut impl Tell,
    (settings, deadline): (&Settings, Deadline),
    done: &mut Done,
) -> Result<(), Fault> {
    let outcomes = smoke::run(web, clock, &settings.checks, deadline, &mut |outcome, ended| {
        let (level, line) = match (ended, outcome.verdict) {
            (false, _) => (Level::Info, smoke::words::progress(outcome)),
            (true, smoke::Verdict::Passed) => (Level::Info, smoke::words::end(outcome)),
            (true, _) => (Level::Error, smoke::words::end(outcome)),
        };
        tell.note(level, &line);
    })?;
    done.smoke = outcomes.iter().map(smoke::words::row).collect();
    if let Some(bad) = outcomes.iter().find(|outcome| outcome.verdict != smoke::Verdict::Passed) {
        let timed_out = bad.verdict == smoke::Verdict::TimedOut;
        let (verdict, code) = match timed_out {
            true => (Verdict::TimedOut, Code::TimedOut),
            false => (Verdict::Failed, Code::SmokeFailed),
        };
        reject(done, verdict, code, smoke::words::end(bad), smoke::words::hint(bad));
        return Ok(());
    }
    let outcomes = metric::run(web, clock, &settings.metrics, deadline, &mut |metric, sample| {
        tell.note(Level::Info, &metric::words::sample(metric, sample));
    })?;
    done.metrics = outcomes.iter().map(metric::words::row).collect();
    // What has failed says more than what could not be judged.
    let weight = |outcome: &&metric::Outcome| match outcome.verdict {
        metric::Verdict::Failed => 0,
        metric::Verdict::TimedOut => 1,
        _ => 2,
    };
    let bad = outcomes.iter().filter(|outcome| outcome.verdict != metric::Verdict::Passed).min_by_key(weight);
    if let Some(bad) = bad {
        let (verdict, code) = match bad.verdict {
            metric::Verdict::Failed => (Verdict::Failed, Code::MetricFailed),
            metric::Verdict::TimedOut => (Verdict::TimedOut, Code::TimedOut),
            _ => (Verdict::Inconclusive, Code::Inconclusive),
        };
        reject(done, verdict, code, metric::words::end(bad), metric::words::hint(bad));
    }
    Ok(())
}

fn reject(done: &mut Done, verdict: Verdict, code: Code, message: String, hint: Option<&str>) {
    done.verdict = verdict;
    done.causes.push(message.clone());
    let problem = Problem::new(code, message);
    done.rejection = Some(Problem { hint: hint.map(str::to_owned), ..problem });
}

/// What explains it, before anything is rolled back.
fn explain<H: Host>(
    host: &mut H,
    tell: &mut impl Tell,
    rollout: &Rollout<H::Watcher>,
    settings: &Settings,
    done: &mut Done,
) -> Result<(), Problem> {
    done.logs = evidence::logs(host, rollout);
    if let Some(folder) = &settings.evidence {
        done.evidence = evidence::keep(host, tell, rollout, (folder, &done.causes, &done.logs))?;
    }
    Ok(())
}

/// What to go back with: what is not ready, or all of it if a check of the whole has failed.
fn to_undo<W>(rollout: &Rollout<W>) -> Vec<TargetId> {
    let open: Vec<_> = evidence::open(rollout).collect();
    let all = if open.is_empty() { rollout.targets.iter().copied().collect() } else { open };
    let can = |id: &TargetId| {
        let (kind, ..) = rollout.cluster.name(*id);
        matches!(kind, Kind::Deployment | Kind::StatefulSet | Kind::DaemonSet)
            && rollout.cluster.status(*id).state != State::Missing
    };
    all.into_iter().filter(can).collect()
}

fn resources<W>(rollout: &Rollout<W>) -> (Vec<Resource>, Vec<Vec<String>>) {
    let mut all: Vec<_> = rollout.targets.iter().copied().collect();
    all.sort_by_key(|id| {
        let (kind, namespace, name) = rollout.cluster.name(*id);
        (namespace.to_owned(), kind.word().to_owned(), name.to_owned())
    });
    let resource = |id: &TargetId| {
        let ((kind, namespace, name), status) = (rollout.cluster.name(*id), rollout.cluster.status(*id));
        Resource {
            namespace: namespace.to_owned(),
            kind: kind.word().to_owned(),
            name: name.to_owned(),
            state: status.state.name().to_owned(),
            reason: status.reason.clone(),
            message: status.message.clone(),
            since: status.since,
        }
    };
    let rows = all.iter().map(|id| words::row(&rollout.cluster, *id)).collect();
    (all.iter().map(resource).collect(), rows)
}
