//! The run: watches the rollout, runs smoke checks and metrics, and collects what explains a failure.

use lockstep_rollout::{End, Rollout, WatchPlan, messages};
use lockstep_sdk::report::Level;
use lockstep_sdk::types::{self, Failure};
use lockstep_sdk::{Clock, Cluster, Deadline, Http, Reporter, Watch, Workspace, finish_all};
use lockstep_workload::TargetId;

use crate::failure::{Code, Error, remote_error, rollout_errors};
use crate::inputs::Request;
use crate::messages::Summary;
use crate::resources::Resources;
use crate::{Inputs, Outputs, Resource, Verdict, evidence, metric, rollback, smoke};

/// A verdict that is not `passed`, with its error.
type Rejection = (Verdict, Error);

/// Runs the step.
///
/// # Errors
/// The failure that ends the run.
pub fn run(
    host: &mut (impl Cluster + Http + Workspace),
    reporter: &mut impl Reporter,
    clock: &mut impl Clock,
    inputs: &Inputs,
) -> Result<Outputs, Failure> {
    verify(host, reporter, clock, inputs).map_err(|errors| finish_all(reporter, errors))
}

fn verify<H: Cluster + Http + Workspace>(
    host: &mut H,
    reporter: &mut impl Reporter,
    clock: &mut impl Clock,
    inputs: &Inputs,
) -> Result<Outputs, Vec<Error>> {
    let request = Request::parse(inputs).map_err(|errors| {
        errors.into_iter().map(|error| Error::input(Code::BadInput, error)).collect::<Vec<_>>()
    })?;
    let deadline = Deadline::after(clock.now(), request.timeout_ms);
    let (mut rollout, end) = watch(host, reporter, clock, (&request, deadline))?;
    let mut summary = Summary { causes: rollout.causes(), ..Summary::default() };
    let rejection = match end {
        End::Ready => check(host, clock, reporter, (&request, deadline), &mut summary)
            .map_err(|error| vec![remote_error(error)])?,
        _ => rollout_rejection(&rollout, end, &summary.causes),
    };
    let verdict = rejection.as_ref().map_or(Verdict::Passed, |(verdict, _)| *verdict);
    let (mut files, mut rolled_back) = (Vec::new(), Vec::new());
    if rejection.is_some() {
        // Evidence comes first, because a rollback changes it.
        summary.logs = evidence::logs(host, &rollout);
        if let Some(folder) = &request.evidence {
            let content = (&**folder, &*summary.causes, &*summary.logs);
            files = evidence::write(host, reporter, &rollout, content).map_err(|error| vec![error])?;
        }
        if request.rolls_back && matches!(verdict, Verdict::Failed | Verdict::TimedOut) {
            let targets = rollback::candidates(&rollout);
            rolled_back = rollback::roll_back(host, clock, reporter, (&mut rollout, deadline), &targets);
        }
    }
    let targets = sorted_targets(&rollout);
    summary.resources = targets.iter().map(|id| row(&rollout, *id)).collect();
    summary.write(reporter);
    if let Some((_, error)) = rejection {
        reporter.reject(&error.into());
    }
    let resources = targets.iter().map(|id| resource(&rollout, *id)).collect();
    Ok(Outputs { verdict, resources, evidence: files, rolled_back })
}

/// Watches the rollout until it ends.
fn watch<H: Cluster + Workspace>(
    host: &mut H,
    reporter: &mut impl Reporter,
    clock: &impl Clock,
    (request, deadline): (&Request, Deadline),
) -> Result<(Rollout<H::Watcher>, End), Vec<Error>> {
    let resources = Resources::find(host, reporter, request)?;
    let mut plan = WatchPlan::new(resources.named, &resources.selected);
    plan.removals = resources.removals;
    let mut rollout =
        Rollout::start(host, plan, request.rules.clone(), "resources ready").map_err(rollout_errors)?;
    let end = rollout.follow(clock, reporter, deadline).map_err(rollout_errors)?;
    if let (End::TimedOut, Some(why)) = (end, rollout.sync_failure()) {
        let message = format!("the cluster did not answer in time: {why}");
        return Err(vec![Error::new(Code::Unavailable, message)]);
    }
    Ok((rollout, end))
}

/// The rejection of a rollout that did not become ready.
fn rollout_rejection<W: Watch>(rollout: &Rollout<W>, end: End, causes: &[String]) -> Option<Rejection> {
    let (verdict, code) = match end {
        End::Ready => return None,
        End::Failed => (Verdict::Failed, Code::RolloutFailed),
        End::Superseded => (Verdict::Superseded, Code::Superseded),
        End::Inconclusive => (Verdict::Inconclusive, Code::Inconclusive),
        End::TimedOut => (Verdict::TimedOut, Code::TimedOut),
    };
    let all = rollout.targets.len();
    let ready = all - rollout.unready().count();
    let hint = rollout.hint(end);
    Some((verdict, error(code, messages::end(end, causes, ready, all), hint.as_deref())))
}

/// Runs the smoke checks, and the metrics if all of them pass.
fn check(
    http: &mut impl Http,
    clock: &mut impl Clock,
    reporter: &mut impl Reporter,
    (request, deadline): (&Request, Deadline),
    summary: &mut Summary,
) -> Result<Option<Rejection>, types::Error> {
    let outcomes = smoke::run(http, clock, &request.checks, deadline, &mut |outcome, has_ended| {
        let (level, line) = match (has_ended, outcome.verdict) {
            (false, _) => (Level::Info, smoke::messages::progress(outcome)),
            (true, smoke::Verdict::Passed) => (Level::Info, smoke::messages::end(outcome)),
            (true, _) => (Level::Error, smoke::messages::end(outcome)),
        };
        reporter.note(level, &line);
    })?;
    summary.smoke = outcomes.iter().map(smoke::messages::row).collect();
    let mut rejection = smoke_rejection(&outcomes);
    if rejection.is_none() {
        let outcomes = metric::run(http, clock, &request.metrics, deadline, &mut |metric, sample| {
            reporter.note(Level::Info, &metric::messages::sample(metric, sample));
        })?;
        summary.metrics = outcomes.iter().map(metric::messages::row).collect();
        rejection = metric_rejection(&outcomes);
    }
    summary.causes.extend(rejection.iter().map(|(_, error)| error.message.clone()));
    Ok(rejection)
}

fn smoke_rejection(outcomes: &[smoke::Outcome]) -> Option<Rejection> {
    let bad = outcomes.iter().find(|outcome| outcome.verdict != smoke::Verdict::Passed)?;
    let (verdict, code) = match bad.verdict {
        smoke::Verdict::TimedOut => (Verdict::TimedOut, Code::TimedOut),
        _ => (Verdict::Failed, Code::SmokeFailed),
    };
    Some((verdict, error(code, smoke::messages::end(bad), smoke::messages::hint(bad))))
}

fn metric_rejection(outcomes: &[metric::Outcome]) -> Option<Rejection> {
    // A failed metric says more than one without a verdict.
    let rank = |outcome: &&metric::Outcome| match outcome.verdict {
        metric::Verdict::Failed => 0,
        metric::Verdict::TimedOut => 1,
        _ => 2,
    };
    let bad =
        outcomes.iter().filter(|outcome| outcome.verdict != metric::Verdict::Passed).min_by_key(rank)?;
    let (verdict, code) = match bad.verdict {
        metric::Verdict::Failed => (Verdict::Failed, Code::MetricFailed),
        metric::Verdict::TimedOut => (Verdict::TimedOut, Code::TimedOut),
        _ => (Verdict::Inconclusive, Code::Inconclusive),
    };
    Some((verdict, error(code, metric::messages::end(bad), metric::messages::hint(bad))))
}

fn error(code: Code, message: String, hint: Option<&str>) -> Error {
    Error { hint: hint.map(str::to_owned), ..Error::new(code, message) }
}

/// The targets by namespace, kind and name.
fn sorted_targets<W: Watch>(rollout: &Rollout<W>) -> Vec<TargetId> {
    let mut targets: Vec<_> = rollout.targets.iter().copied().collect();
    targets.sort_by_key(|id| {
        let (kind, namespace, name) = rollout.cluster.name(*id);
        (namespace.to_owned(), kind.short_name().to_owned(), name.to_owned())
    });
    targets
}

/// A target for the outputs.
fn resource<W: Watch>(rollout: &Rollout<W>, id: TargetId) -> Resource {
    let ((kind, namespace, name), status) = (rollout.cluster.name(id), rollout.cluster.status(id));
    Resource {
        namespace: namespace.to_owned(),
        kind: kind.short_name().to_owned(),
        name: name.to_owned(),
        state: status.state.name().to_owned(),
        reason: status.reason.clone(),
        message: rollout.message(id),
        since: status.since,
    }
}

/// A row of the summary: namespace, resource, state, reason, message.
fn row<W: Watch>(rollout: &Rollout<W>, id: TargetId) -> Vec<String> {
    let Resource { namespace, state, reason, message, .. } = resource(rollout, id);
    vec![namespace, messages::name(&rollout.cluster, id), state, reason, message]
}
