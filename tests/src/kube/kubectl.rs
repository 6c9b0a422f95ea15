//! Runs `kubectl` on a cluster, and waits for the effects. It never uses the system's `kubectl`.

use super::cluster::{Cluster, PATIENCE};
use crate::services::{self, Result};
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

impl Cluster {
    /// Runs `kubectl` as `admin`.
    ///
    /// # Errors
    /// The build fails, or `kubectl` fails. The error has its output.
    pub fn kubectl(&self, arguments: &[&str]) -> Result<String> {
        self.kubectl_with(&self.kubeconfig(), arguments)
    }

    /// Runs `kubectl` with this kubeconfig.
    ///
    /// # Errors
    /// The build fails, or `kubectl` fails. The error has its output.
    pub fn kubectl_with(&self, kubeconfig: &Path, arguments: &[&str]) -> Result<String> {
        services::output(self.kubectl_command(kubeconfig)?.args(arguments))
    }

    /// `kubectl` with this kubeconfig and a home of its own.
    ///
    /// # Errors
    /// The build of the program fails.
    pub fn kubectl_command(&self, kubeconfig: &Path) -> Result<Command> {
        let mut command = Command::new(services::kubernetes()?.join("kubectl"));
        command.env("KUBECONFIG", kubeconfig).env("HOME", self.folder());
        Ok(command)
    }

    /// Applies manifests in a namespace.
    ///
    /// # Errors
    /// `kubectl apply` fails.
    pub fn apply(&self, namespace: &str, manifests: &str) -> Result<()> {
        let mut command = self.kubectl_command(&self.kubeconfig())?;
        services::output_of(command.args(["apply", "-n", namespace, "-f", "-"]), manifests).map(drop)
    }

    /// Polls until `look` returns a value.
    ///
    /// # Panics
    /// The time is over.
    pub fn wait<T>(&self, what: &str, look: impl Fn() -> Option<T>) -> T {
        let start = Instant::now();
        loop {
            if let Some(found) = look() {
                return found;
            }
            assert!(start.elapsed() < PATIENCE, "there never was {what}; kwok said: {}", self.said("kwok"));
            thread::sleep(Duration::from_millis(50));
        }
    }
}
