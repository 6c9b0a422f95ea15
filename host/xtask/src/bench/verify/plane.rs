//! The control plane that is measured on, which is a process of its own, and what is seen of it without any of the
//! tools: what it wrote down of their requests, and a watch. It never changes a workload by itself.

use crate::shell;
use anyhow::{Context as _, Result, bail, ensure};
use serde_json::{Value, json};
use std::collections::{HashMap, HashSet};
use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// The control plane. It ends when this is dropped, since its input does.
pub(super) struct Plane {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
    facts: Value,
}

/// How long a watch may take to begin.
const START: Duration = Duration::from_secs(60);

/// How many requests a user has made.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Requests {
    pub(super) watches: usize,
    pub(super) others: usize,
}

impl Requests {
    /// Those that came after these.
    pub(super) fn since(self, before: Self) -> Self {
        Self { watches: self.watches - before.watches, others: self.others - before.others }
    }
}

impl Plane {
    /// Starts it with these users.
    pub(super) fn start(root: &Path, users: &[&str]) -> Result<Self> {
        shell::step("a control plane of Kubernetes");
        let mut command = shell::cargo(root);
        command.args(["run", "--quiet", "--locked", "--package", "lockstep-tests", "--features", "live"]);
        command.args(["--bin", "kube-cluster", "--"]).args(users);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let input = child.stdin.take();
        let output = BufReader::new(child.stdout.take().context("the control plane has no output")?);
        let mut plane = Self { child, input, output, facts: Value::Null };
        plane.facts = plane.line().context("the control plane did not start")?;
        Ok(plane)
    }

    fn line(&mut self) -> Result<Value> {
        let mut line = String::new();
        self.output.read_line(&mut line)?;
        Ok(serde_json::from_str(&line)?)
    }

    /// Makes requests as somebody who may do everything: method, path and body of each.
    pub(super) fn send(&mut self, requests: &[(&str, String, Value)]) -> Result<()> {
        writeln!(self.input.as_mut().context("the control plane has ended")?, "{}", json!(requests))?;
        let answer = self.line()?;
        let refused = answer["refused"].as_array().map(Vec::as_slice).unwrap_or_default();
        ensure!(refused.is_empty(), "{} requests were refused, such as {}", refused.len(), refused[0]);
        Ok(())
    }

    fn text(&self, pointer: &str) -> &str {
        self.facts.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
    }

    /// The namespace for workloads.
    pub(super) fn namespace(&self) -> &str {
        self.text("/namespace")
    }

    /// The kubeconfig of a user.
    pub(super) fn kubeconfig(&self, user: &str) -> PathBuf {
        self.text(&format!("/users/{user}/kubeconfig")).into()
    }

    /// What the API server has written down of a user's requests so far.
    pub(super) fn requests(&self, user: &str) -> Result<Requests> {
        let name = json!(self.text(&format!("/users/{user}/name"))).to_string();
        let mut verbs = HashMap::new();
        for entry in fs::read_dir(self.text("/folder"))? {
            let path = entry?.path();
            // A long one is moved aside, and another is begun.
            if !path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("audit")) {
                continue;
            }
            for line in BufReader::new(File::open(path)?).lines() {
                let line = line?;
                if !line.contains(&name) {
                    continue;
                }
                let Ok(event) = serde_json::from_str::<Value>(&line) else { continue };
                // A request can have two lines, at its beginning and at its end.
                verbs.insert(event["auditID"].to_string(), event["verb"] == "watch");
            }
        }
        let watches = verbs.values().filter(|&&watch| watch).count();
        Ok(Requests { watches, others: verbs.len() - watches })
    }

    /// Begins to watch the Deployments with these labels, of which there are so many.
    pub(super) fn watch(&self, kubectl: &Path, selector: &str, count: usize) -> Result<Watch> {
        let target = format!(
            "/apis/apps/v1/namespaces/{}/deployments?watch=true&labelSelector={}",
            self.namespace(),
            selector.replace('=', "%3D")
        );
        let (kubectl, kubeconfig, home) =
            (kubectl.to_owned(), self.text("/kubeconfig").to_owned(), self.text("/folder").to_owned());
        let command = move || {
            let mut command = Command::new(&kubectl);
            // It passes on what comes, as it comes.
            command.args(["get", "--raw", &target]).env("KUBECONFIG", &kubeconfig).env("HOME", &home);
            command
        };
        let watch = Watch::begin(command);
        // What is there comes first. A server ends a watch that has to take in changes besides.
        for _ in 0..count {
            watch.events.recv_timeout(START).context("the watch does not begin")?;
        }
        Ok(watch)
    }
}

impl Drop for Plane {
    fn drop(&mut self) {
        drop(self.input.take());
        let _ = self.child.wait();
    }
}

/// A watch of Deployments. It ends when this is dropped.
pub(super) struct Watch {
    process: Arc<Mutex<Process>>,
    events: Receiver<(Instant, String)>,
}

/// The process that watches, if there is one, and whether it is no longer wanted.
#[derive(Default)]
struct Process {
    child: Option<Child>,
    over: bool,
}

impl Process {
    /// Ends the one that there is, and starts another if one is wanted.
    fn again(&mut self, mut command: Command) -> Option<ChildStdout> {
        self.end();
        if self.over {
            return None;
        }
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().ok()?;
        let output = child.stdout.take();
        self.child = Some(child);
        output
    }

    fn end(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

impl Watch {
    /// A server may end a watch at any time; then another one tells everything anew.
    fn begin(command: impl Fn() -> Command + Send + 'static) -> Self {
        let process = Arc::new(Mutex::new(Process::default()));
        let shared = Arc::clone(&process);
        let (sender, events) = channel();
        thread::spawn(move || {
            let another = || shared.lock().unwrap_or_else(PoisonError::into_inner).again(command());
            while let Some(output) = another() {
                for line in BufReader::new(output).lines().map_while(Result::ok) {
                    if sender.send((Instant::now(), line)).is_err() {
                        return;
                    }
                }
            }
        });
        Self { process, events }
    }

    /// The first moment at which so many Deployments are all rolled out with this image.
    pub(super) fn rolled_out(&self, count: usize, image: &str, deadline: Instant) -> Result<Instant> {
        let mut ready = HashSet::new();
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let Ok((moment, line)) = self.events.recv_timeout(left) else {
                bail!("{} of {count} Deployments are rolled out", ready.len());
            };
            let event: Value = serde_json::from_str(&line)?;
            let name = event["object"]["metadata"]["name"].to_string();
            // A pod can cease to be ready, when its node does.
            match is_rolled_out(&event["object"], image) {
                true => ready.insert(name),
                false => ready.remove(&name),
            };
            if ready.len() == count {
                return Ok(moment);
            }
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let mut process = self.process.lock().unwrap_or_else(PoisonError::into_inner);
        process.over = true;
        process.end();
    }
}

/// Whether the controller has taken up the image, and all pods are of it and available.
fn is_rolled_out(deployment: &Value, image: &str) -> bool {
    let (spec, status) = (&deployment["spec"], &deployment["status"]);
    let wanted = spec["replicas"].as_u64();
    let seen = status["observedGeneration"].as_u64() >= deployment["metadata"]["generation"].as_u64();
    let counts = ["updatedReplicas", "replicas", "availableReplicas"];
    spec["template"]["spec"]["containers"][0]["image"] == image
        && seen
        && counts.iter().all(|count| status[count].as_u64() == wanted)
}
