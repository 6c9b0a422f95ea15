//! The logs of containers. No container runs, so a test sets the text of each log. Without a text, reading a log fails.

use super::cluster::Cluster;
use super::log_kind::COLLECTION;
use crate::services::Result;
use serde_json::json;
use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

impl Cluster {
    /// Sets the logs of the container of this name in each pod of the namespace: the current one, and the one before its
    /// last start.
    ///
    /// # Errors
    /// The API server rejects the request, or does not return the log of such a pod.
    pub fn logs(&self, namespace: &str, container: &str, current: &str, previous: &str) -> Result<()> {
        let name = self.name("logs");
        let (current, previous) = (self.log_file(current)?, self.log_file(previous)?);
        let object = json!({
            "apiVersion": "kwok.x-k8s.io/v1alpha1", "kind": "ClusterLogs", "metadata": { "name": name },
            "spec": {
                "selector": { "matchNamespaces": [namespace] },
                "logs": [{ "containers": [container], "logsFile": current, "previousLogsFile": previous }]
            }
        });
        self.create(COLLECTION, &object)
    }

    /// Writes a log file in the format of a container runtime.
    fn log_file(&self, text: &str) -> Result<PathBuf> {
        let path = self.folder().join(self.name("log"));
        let mut file = String::new();
        for (second, line) in text.lines().enumerate() {
            let _ = writeln!(file, "2026-01-01T00:00:{:02}.000000000Z stdout F {line}", second % 60);
        }
        fs::write(&path, file).map_err(|error| error.to_string())?;
        Ok(path)
    }
}
