//! Texts about the targets and the end of a rollout.

use lockstep_sdk::InputError;
use lockstep_sdk::text::{first_of, plural};
use lockstep_workload::{ClusterState, Kind, State, TargetId, messages};

use crate::end::End;
use crate::watch_plan::SelectorEntry;

/// `deployment/web`.
#[must_use]
pub fn name(cluster: &ClusterState, id: TargetId) -> String {
    let (kind, _, name) = cluster.name(id);
    format!("{}/{name}", kind.short_name().to_ascii_lowercase())
}

/// The status of a target in one line.
#[must_use]
pub fn line(cluster: &ClusterState, id: TargetId) -> String {
    let status = cluster.status(id);
    format!("{}: {}: {}", name(cluster, id), status.state.name(), status.message)
}

/// The causes of all targets that are not ready: the certain ones of a target, or else the possible ones.
#[must_use]
pub fn causes(cluster: &ClusterState, targets: impl Iterator<Item = TargetId>) -> Vec<String> {
    let mut all = Vec::new();
    for id in targets.filter(|id| cluster.status(*id).state != State::Ready) {
        let causes = cluster.causes(id);
        let has_certain = causes.iter().any(|cause| cause.is_certain);
        let lines = causes.iter().filter(|cause| cause.is_certain || !has_certain).map(messages::cause);
        let before = all.len();
        all.extend(lines);
        if all.len() == before {
            all.push(line(cluster, id));
        }
    }
    all
}

/// The message of a rollout with this end. `ready` and `all` count its targets.
#[must_use]
pub fn end(end: End, causes: &[String], ready: usize, all: usize) -> String {
    let why = first_of(causes, "cause");
    match end {
        End::Ready => format!("{} ready", plural(all, "resource")),
        End::Failed => why,
        End::Superseded => format!("somebody else changed a resource after the deployment: {why}"),
        End::Inconclusive => format!("the status does not tell whether the resource is ready: {why}"),
        End::TimedOut => format!("the time was up with {ready} of {} ready: {why}", plural(all, "resource")),
    }
}

/// What the run does without objects of a kind that it may not read.
#[must_use]
pub fn missing_explanation(kind: &Kind) -> &'static str {
    match kind {
        Kind::Deployment | Kind::StatefulSet | Kind::DaemonSet | Kind::EndpointSlice => {
            "a Service without an endpoint that is known to be ready will not count as ready"
        }
        _ => "explanations of failed pods will have less detail",
    }
}

/// The error of an entry that selects no object, such as ``` `resources`: `-l app=web` finds nothing in the namespace `shop`:
/// no Deployment or Job has these labels```.
#[must_use]
pub fn no_match(entry: &SelectorEntry) -> InputError {
    let (place, flag) = match entry.namespace.as_str() {
        "." => ("in the namespace of the context".to_owned(), String::new()),
        "-" => ("in the cluster".to_owned(), String::new()),
        name => (format!("in the namespace `{name}`"), format!(" --namespace {name}")),
    };
    let kinds: Vec<_> = entry.kinds.iter().map(|kind| Kind::of(kind).short_name().to_owned()).collect();
    let any_kind = match kinds.split_last() {
        Some((last, others @ [_, ..])) => format!("{} or {last}", others.join(", ")),
        _ => kinds.concat(),
    };
    let (why, labels) = match entry.labels {
        Some(_) => ("has these labels", " --show-labels"),
        None => ("exists there", ""),
    };
    let plurals: Vec<_> = kinds.iter().map(|kind| kind.to_ascii_lowercase() + "s").collect();
    InputError::new(
        format!("`{}`: `{}` finds nothing {place}: no {any_kind} {why}", entry.input, entry.text),
        format!("see `kubectl get {}{labels}{flag}`, then correct the entry or remove it", plurals.join(",")),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(text: &str, namespace: &str, kinds: &[&str]) -> SelectorEntry {
        SelectorEntry {
            input: "resources",
            text: text.to_owned(),
            namespace: namespace.to_owned(),
            kinds: kinds.iter().map(|kind| (*kind).to_owned()).collect(),
            labels: text.split_once("-l ").map(|(_, labels)| labels.to_owned()),
        }
    }

    #[test]
    fn an_entry_that_finds_nothing_is_named_with_its_namespace() {
        let kinds = ["Deployment.apps", "StatefulSet.apps", "Job.batch"];
        for (entry, line) in [
            (
                entry("-l app=web", "shop", &kinds),
                "`resources`: `-l app=web` finds nothing in the namespace `shop`: no Deployment, StatefulSet or \
                 Job has these labels (hint: see `kubectl get deployments,statefulsets,jobs --show-labels \
                 --namespace shop`, then correct the entry or remove it)",
            ),
            (
                entry("sts --all", ".", &["StatefulSet.apps"]),
                "`resources`: `sts --all` finds nothing in the namespace of the context: no StatefulSet exists \
                 there (hint: see `kubectl get statefulsets`, then correct the entry or remove it)",
            ),
            (
                entry("crd -l app=web", "-", &["CustomResourceDefinition.apiextensions.k8s.io"]),
                "`resources`: `crd -l app=web` finds nothing in the cluster: no CustomResourceDefinition has \
                 these labels (hint: see `kubectl get customresourcedefinitions --show-labels`, then correct the \
                 entry or remove it)",
            ),
        ] {
            assert_eq!(no_match(&entry).line(), line);
        }
    }
}
