//! Gathers what explains a failure: logs for the report, and objects, Events and logs for a folder. Never changes
//! anything in the cluster, and never fails a run for what it cannot get.

use std::collections::BTreeSet;

use lockstep_glue::{Level, Tell};
use lockstep_rollout::Rollout;
use lockstep_workload::{Logs, State, TargetId};
use serde_json::Value;

use crate::host::{Host, LogOf};
use crate::problem::Problem;

/// Lines of a log in the report, and in a file.
const SHOWN: u32 = 20;
const KEPT: u32 = 2_000;
/// How many logs are read.
const LOGS: usize = 10;
/// How many objects are kept as files.
const OBJECTS: usize = 50;

/// The log of a container that explains a failure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Log {
    /// Which.
    pub of: Logs,
    /// Its last lines.
    pub text: String,
}

/// The logs that explain why targets are not ready, each once.
pub fn logs<H: Host>(host: &mut H, rollout: &Rollout<H::Watcher>) -> Vec<Log> {
    let mut wanted: Vec<Logs> = Vec::new();
    for id in open(rollout) {
        let causes = rollout.cluster.causes(id).iter();
        let logs = causes.filter_map(|cause| cause.wants_logs.clone());
        wanted.extend(logs.filter(|logs| !wanted.contains(logs)).collect::<Vec<_>>());
    }
    wanted.truncate(LOGS);
    let read = |logs: Logs| {
        let namespace = rollout.spelled(&logs.namespace);
        let (pod, container, previous) = (&*logs.pod, &*logs.container, logs.previous);
        let of = LogOf { namespace, pod, container, previous, lines: KEPT };
        // The previous instance may be cleaned up already; then the present one is better than nothing.
        let text = host.logs(of).or_else(|_| host.logs(LogOf { previous: false, ..of })).ok()?;
        (!text.trim().is_empty()).then_some(Log { of: logs, text })
    };
    wanted.into_iter().filter_map(read).collect()
}

/// The last lines of a log, for the report.
pub fn tail(text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(SHOWN as usize)..].join("\n")
}

/// Puts everything that explains the failure into files below `folder`. Gives their paths.
///
/// # Errors
/// A file cannot be written.
pub fn keep<H: Host>(
    host: &mut H,
    tell: &mut impl Tell,
    rollout: &Rollout<H::Watcher>,
    (folder, causes, logs): (&str, &[String], &[Log]),
) -> Result<Vec<String>, Problem> {
    let mut files = vec![(format!("{folder}/causes.txt"), causes.join("\n") + "\n")];
    for log in logs {
        let Logs { namespace, pod, container, previous } = &log.of;
        let which = if *previous { "-previous" } else { "" };
        files.push((format!("{folder}/{namespace}/{pod}-{container}{which}.log"), log.text.clone()));
    }
    if !rollout.events.is_empty() {
        let events: Vec<_> = rollout.events.iter().map(String::as_str).collect();
        files.push((format!("{folder}/events.jsonl"), events.join("\n") + "\n"));
    }
    for (namespace, kind, name) in objects(rollout).into_iter().take(OBJECTS) {
        match host.get(rollout.spelled(&namespace), &kind, &name) {
            Ok(json) => {
                let word = kind.split('.').next().unwrap_or_default().to_ascii_lowercase();
                let pretty = serde_json::from_str::<Value>(&json).ok();
                let pretty = pretty.and_then(|value| serde_json::to_string_pretty(&value).ok());
                files.push((
                    format!("{folder}/{namespace}/{word}-{name}.json"),
                    pretty.unwrap_or(json) + "\n",
                ));
            }
            Err(fault) => {
                tell.note(Level::Debug, &format!("no evidence of {kind} {name}: {}", fault.message()))
            }
        }
    }
    for (path, content) in &files {
        host.write(path, content).map_err(|fault| Problem::file(&fault))?;
    }
    Ok(files.into_iter().map(|(path, _)| path).collect())
}

/// The targets that are not ready.
pub fn open<W>(rollout: &Rollout<W>) -> impl Iterator<Item = TargetId> + '_ {
    let ready = |id: &TargetId| rollout.cluster.status(*id).state == State::Ready;
    rollout.targets.iter().copied().filter(move |id| !ready(id))
}

/// Those objects and the pods that their causes name, as namespace, kind and name.
fn objects<W>(rollout: &Rollout<W>) -> BTreeSet<(String, String, String)> {
    let mut found = BTreeSet::new();
    for id in open(rollout) {
        let (kind, namespace, name) = rollout.cluster.name(id);
        if rollout.cluster.status(id).state != State::Missing {
            found.insert((namespace.to_owned(), kind.name().to_owned(), name.to_owned()));
        }
        for cause in rollout.cluster.causes(id) {
            let pods = cause.pod.iter();
            found.extend(pods.map(|pod| (cause.namespace.clone(), "Pod".to_owned(), pod.clone())));
        }
    }
    found
}
