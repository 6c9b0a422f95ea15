//! Collects what explains a failure: logs for the report, and objects, Events and logs for a folder. It changes nothing in the
//! cluster, and evidence that cannot be read does not fail the run.

use std::collections::BTreeSet;

use lockstep_rollout::Rollout;
use lockstep_sdk::cluster::ObjectRef;
use lockstep_sdk::report::Level;
use lockstep_sdk::{Cluster, Reporter, Watch, Workspace};
use lockstep_workload::{LogSource, State};
use serde_json::Value;

use crate::failure::{Error, file_error};

/// How many lines of a log the report has.
const REPORTED_LINES: usize = 20;
/// How many lines of a log a file has.
const SAVED_LINES: u32 = 2_000;
/// How many logs are read.
const MAX_LOGS: usize = 10;
/// How many objects are saved.
const MAX_OBJECTS: usize = 50;

/// The log of a container that explains a failure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContainerLog {
    /// The container.
    pub source: LogSource,
    /// Its last lines.
    pub text: String,
}

/// The logs that explain why targets are not ready, each once.
pub fn logs<H: Cluster>(host: &mut H, rollout: &Rollout<H::Watcher>) -> Vec<ContainerLog> {
    let mut sources: Vec<LogSource> = Vec::new();
    for id in rollout.unready() {
        for source in rollout.cluster.causes(id).iter().filter_map(|cause| cause.log.as_ref()) {
            if !sources.contains(source) {
                sources.push(source.clone());
            }
        }
    }
    sources.truncate(MAX_LOGS);
    let read = |source: LogSource| {
        let namespace = rollout.input_namespace(&source.namespace);
        let mut read = |previous| host.logs(namespace, &source.pod, &source.container, previous, SAVED_LINES);
        // Kubernetes may have removed the previous instance; then the present one is the best log.
        let text = read(source.previous).or_else(|_| read(false)).ok()?;
        (!text.trim().is_empty()).then_some(ContainerLog { source, text })
    };
    sources.into_iter().filter_map(read).collect()
}

/// The last lines of a log, for the report.
pub fn tail(text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(REPORTED_LINES)..].join("\n")
}

/// Writes the evidence to files below `folder`. Returns their paths.
///
/// # Errors
/// A file cannot be written.
pub fn write<H: Cluster + Workspace>(
    host: &mut H,
    reporter: &mut impl Reporter,
    rollout: &Rollout<H::Watcher>,
    (folder, causes, logs): (&str, &[String], &[ContainerLog]),
) -> Result<Vec<String>, Error> {
    let mut files = vec![(format!("{folder}/causes.txt"), causes.join("\n") + "\n")];
    for log in logs {
        let LogSource { namespace, pod, container, previous } = &log.source;
        let instance = if *previous { "-previous" } else { "" };
        files.push((format!("{folder}/{namespace}/{pod}-{container}{instance}.log"), log.text.clone()));
    }
    if !rollout.events.is_empty() {
        let events: Vec<_> = rollout.events.iter().map(String::as_str).collect();
        files.push((format!("{folder}/events.jsonl"), events.join("\n") + "\n"));
    }
    for (namespace, kind, name) in objects(rollout).into_iter().take(MAX_OBJECTS) {
        let input_namespace = rollout.input_namespace(&namespace).to_owned();
        match host.get(&ObjectRef { namespace: input_namespace, kind: kind.clone(), name: name.clone() }) {
            Ok(json) => {
                let kind = kind.split('.').next().unwrap_or_default().to_ascii_lowercase();
                let pretty = serde_json::from_str::<Value>(&json).ok();
                let pretty = pretty.and_then(|value| serde_json::to_string_pretty(&value).ok());
                let path = format!("{folder}/{namespace}/{kind}-{name}.json");
                files.push((path, pretty.unwrap_or(json) + "\n"));
            }
            Err(error) => {
                reporter.note(Level::Debug, &format!("no evidence of {kind} {name}: {}", error.message()));
            }
        }
    }
    for (path, content) in &files {
        Workspace::write(host, path, content.as_bytes()).map_err(file_error)?;
    }
    Ok(files.into_iter().map(|(path, _)| path).collect())
}

/// The targets that are not ready and the pods of their causes, as namespace, kind and name.
fn objects<W: Watch>(rollout: &Rollout<W>) -> BTreeSet<(String, String, String)> {
    let mut objects = BTreeSet::new();
    for id in rollout.unready() {
        let (kind, namespace, name) = rollout.cluster.name(id);
        if rollout.cluster.status(id).state != State::Missing {
            objects.insert((namespace.to_owned(), kind.name().to_owned(), name.to_owned()));
        }
        for cause in rollout.cluster.causes(id) {
            let pods = cause.pod_names.iter();
            objects.extend(pods.map(|pod| (cause.namespace.clone(), "Pod".to_owned(), pod.clone())));
        }
    }
    objects
}
