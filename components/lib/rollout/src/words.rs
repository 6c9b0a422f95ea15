//! Puts the end of a run into words. Never decides what it is.

use lockstep_glue::words::{first_of, plural};
use lockstep_workload::{Cluster, State, TargetId, words};

use crate::rollout::End;

/// `deployment/web`.
#[must_use]
pub fn name(cluster: &Cluster, id: TargetId) -> String {
    let (kind, _, name) = cluster.name(id);
    format!("{}/{name}", kind.word().to_ascii_lowercase())
}

/// How a target stands, in one line.
#[must_use]
pub fn line(cluster: &Cluster, id: TargetId) -> String {
    let status = cluster.status(id);
    format!("{}: {}: {}", name(cluster, id), status.state.name(), status.message)
}

/// A row of the summary.
#[must_use]
pub fn row(cluster: &Cluster, id: TargetId) -> Vec<String> {
    let ((_, namespace, _), status) = (cluster.name(id), cluster.status(id));
    vec![
        namespace.to_owned(),
        name(cluster, id),
        status.state.name().to_owned(),
        status.reason.clone(),
        status.message.clone(),
    ]
}

/// The causes of what is not ready, each once: those that are certain, or if the time was up those that may be.
#[must_use]
pub fn causes(cluster: &Cluster, targets: impl Iterator<Item = TargetId>) -> Vec<String> {
    let mut all = Vec::new();
    for id in targets.filter(|id| cluster.status(*id).state != State::Ready) {
        let causes = cluster.causes(id);
        let certain = causes.iter().any(|cause| cause.is_certain);
        let told = causes.iter().filter(|cause| cause.is_certain || !certain).map(words::cause);
        let before = all.len();
        all.extend(told);
        if all.len() == before {
            all.push(line(cluster, id));
        }
    }
    all
}

/// The message of a rollout that has not ended well.
#[must_use]
pub fn end(end: End, causes: &[String], ready: usize, all: usize) -> String {
    let why = first_of(causes, "cause");
    match end {
        End::Ready => format!("{} ready", plural(all, "resource")),
        End::Failed => why,
        End::Superseded => format!("what was deployed is no longer what is there: {why}"),
        End::Unclear => format!("nothing says whether it is ready: {why}"),
        End::TimedOut => format!("the time was up with {ready} of {} ready: {why}", plural(all, "resource")),
    }
}

/// The next act.
#[must_use]
pub fn hint(end: End) -> Option<&'static str> {
    match end {
        End::Unclear => Some(
            "resume what is paused, or say with `rules` when such a resource is ready, for example `ready widgets.example.com=.status.phase=Running`",
        ),
        End::TimedOut => Some("give `timeout` more time if this is how long it takes"),
        End::Superseded => Some("verify the newest deployment instead"),
        End::Ready | End::Failed => None,
    }
}
