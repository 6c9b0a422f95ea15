//! Waits for Deployments by each tool, on a real control plane on this machine: one that is ready, and many that roll
//! out. It takes the moment at which the last becomes ready from a watch of its own, never from a tool.

mod plane;

use super::measure::{self, Contender, Sample};
use crate::{build, shell};
use anyhow::{Error, Result};
use lockstep_tests::services;
use plane::{Plane, Requests};
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

/// Who asks, each a user of its own, so that their requests can be told apart.
const USERS: [&str; 4] = ["lockstep", "kubectl-each", "kubectl", "poller"];
/// The label of those that roll out.
const SELECTOR: &str = "app=bench";
/// The longest that a rollout may take.
const PATIENCE: Duration = Duration::from_secs(900);
/// How long the controllers are left alone after a rollout, to tidy up.
const REST: Duration = Duration::from_secs(5);
/// How much earlier than the watch a tool may learn of something.
const SLACK: Duration = Duration::from_millis(500);

/// The control plane and the programs.
pub(super) struct Scene {
    plane: Plane,
    host: PathBuf,
    kubectl: PathBuf,
    python: PathBuf,
    poller: String,
    folder: PathBuf,
}

/// One that waits: its name in the table, its user, and its process.
struct Tool {
    name: &'static str,
    user: &'static str,
    command: Box<dyn Fn() -> Command>,
}

/// What a tool needed for one rollout.
struct Wait {
    sample: Sample,
    /// From the moment at which the last was ready to the tool's end, in seconds.
    verdict: f64,
    /// From the first change to the moment at which the last was ready, in seconds.
    rollout: f64,
    requests: Requests,
}

impl Scene {
    /// Starts the control plane with one Deployment that is ready.
    pub(super) fn new(root: &Path, folder: &Path) -> Result<Self> {
        let folder = folder.join("verify");
        fs::create_dir_all(&folder)?;
        let mut scene = Self {
            host: build::host(root),
            kubectl: services::kubernetes().map_err(Error::msg)?.join("kubectl"),
            python: services::kube_python().map_err(Error::msg)?,
            poller: root.join("tests/live/kube/poller.py").to_string_lossy().into_owned(),
            plane: Plane::start(root, &USERS)?,
            folder,
        };
        scene.apply(&[deployment("web", "app=web", 0)], "app=web", "registry.test/app:0")?;
        Ok(scene)
    }

    /// Makes Deployments and waits for them.
    fn apply(&mut self, deployments: &[Value], selector: &str, image: &str) -> Result<()> {
        let watch = self.plane.watch(&self.kubectl, selector, 0)?;
        let collection = self.collection();
        let requests: Vec<_> =
            deployments.iter().map(|each| ("POST", collection.clone(), each.clone())).collect();
        self.plane.send(&requests)?;
        watch.rolled_out(deployments.len(), image, Instant::now() + PATIENCE).map(drop)
    }

    fn collection(&self) -> String {
        format!("/apis/apps/v1/namespaces/{}/deployments", self.plane.namespace())
    }

    fn tool(&self, name: &'static str, user: &'static str, program: &Path, args: &[&str]) -> Tool {
        let (program, kubeconfig, folder) =
            (program.to_owned(), self.plane.kubeconfig(user), self.folder.clone());
        let args: Vec<String> = args.iter().map(|&arg| arg.to_owned()).collect();
        let command = move || {
            let mut command = Command::new(&program);
            command.args(&args).current_dir(&folder).env("KUBECONFIG", &kubeconfig);
            command.env("HOME", &folder).env("XDG_STATE_HOME", folder.join("state"));
            command
        };
        Tool { name, user, command: Box::new(command) }
    }

    /// Those that look at one Deployment that is ready: start, one verdict, end.
    pub(super) fn single(&self) -> Vec<Contender> {
        let poll = [&self.poller, self.plane.namespace(), "name", "web"];
        let verify = ["run", "deploy-verify", "--resources", "deployment/web"];
        let tools = [
            self.tool("true", USERS[0], Path::new("true"), &[]),
            self.tool("lockstep run deploy-verify", USERS[0], &self.host, &verify),
            self.tool(
                "kubectl rollout status",
                USERS[2],
                &self.kubectl,
                &["rollout", "status", "deployment/web"],
            ),
            self.tool("a poller in Python", USERS[3], &self.python, &poll),
        ];
        let contender = |tool: Tool| Contender {
            name: tool.name.to_owned(),
            prepare: Box::new(|| Ok(())),
            command: tool.command,
            check: Box::new(|| Ok(())),
        };
        tools.into_iter().map(contender).collect()
    }

    /// Has each tool wait for rollouts of so many Deployments, in turns, and prints the table. Gives what is to be said of
    /// those that did not wait as they should.
    pub(super) fn rollouts(&mut self, count: usize, rounds: usize) -> Result<Vec<String>> {
        let all: Vec<_> = (0..count).map(|number| deployment(&name(number), SELECTOR, number)).collect();
        self.apply(&all, SELECTOR, "registry.test/app:0")?;
        let tools = self.waiting();
        let mut waits: Vec<_> = tools.iter().map(|_| Ok(Vec::new())).collect();
        let mut revision = 0;
        for round in 0..rounds {
            for turn in 0..tools.len() {
                let i = (turn + round) % tools.len();
                let Ok(so_far) = &mut waits[i] else { continue };
                thread::sleep(REST);
                revision += 1;
                match self.rollout(&tools[i], count, revision)? {
                    Ok(wait) => so_far.push(wait),
                    Err(reason) => waits[i] = Err(format!("verify: {}: {reason}", tools[i].name)),
                }
            }
        }
        print(count, &tools, &waits);
        Ok(waits.into_iter().filter_map(Result::err).collect())
    }

    fn waiting(&self) -> [Tool; 4] {
        let verify = ["run", "deploy-verify", "--resources", "-l app=bench", "--timeout", "15m"];
        // As people write it.
        let each = "for d in $(\"$0\" get deployments -l \"$1\" -o name); do \"$0\" rollout status \"$d\" || exit 1; done";
        let kubectl = self.kubectl.to_string_lossy();
        let poll = [&self.poller, self.plane.namespace(), "labels", SELECTOR];
        let status = ["rollout", "status", "deployment", "-l", SELECTOR];
        [
            self.tool("lockstep run deploy-verify", USERS[0], &self.host, &verify),
            self.tool(
                "kubectl rollout status for each",
                USERS[1],
                Path::new("sh"),
                &["-c", each, &kubectl, SELECTOR],
            ),
            self.tool("kubectl rollout status -l", USERS[2], &self.kubectl, &status),
            self.tool("a poller in Python", USERS[3], &self.python, &poll),
        ]
    }

    /// Gives all of them another image, and at once starts the tool. The inner error is the tool's.
    fn rollout(&mut self, tool: &Tool, count: usize, revision: usize) -> Result<Result<Wait, String>> {
        let image = format!("registry.test/app:{revision}");
        let before = self.plane.requests(tool.user)?;
        let watch = self.plane.watch(&self.kubectl, SELECTOR, count)?;
        let collection = self.collection();
        let pods = json!({ "spec": { "containers": [{ "name": "app", "image": image }] } });
        let patch = json!({ "spec": { "template": pods } });
        let requests: Vec<_> = (0..count)
            .map(|number| ("PATCH", format!("{collection}/{}", name(number)), patch.clone()))
            .collect();
        let started = Instant::now();
        self.plane.send(&requests)?;
        let measured = measure::measure(&(tool.command)());
        let ended = Instant::now();
        let ready = watch.rolled_out(count, &image, started + PATIENCE)?;
        let sample = match measured {
            Ok(sample) => sample,
            Err(error) => return Ok(Err(error.to_string())),
        };
        let verdict = seconds(ended, started) - seconds(ready, started);
        if verdict < -SLACK.as_secs_f64() {
            return Ok(Err(format!("it ended {:.1} s before the last was ready", -verdict)));
        }
        let requests = self.plane.requests(tool.user)?.since(before);
        let rollout = seconds(ready, started);
        shell::say(&format!("{:<34} {verdict:.2} s after a rollout of {rollout:.0} s", tool.name));
        Ok(Ok(Wait { sample, verdict, rollout, requests }))
    }
}

fn seconds(later: Instant, earlier: Instant) -> f64 {
    later.saturating_duration_since(earlier).as_secs_f64()
}

fn print(count: usize, tools: &[Tool], waits: &[Result<Vec<Wait>, String>]) {
    shell::say(&format!(
        "\nverify: {count} Deployments of one pod rolling out; from the last one's being ready to the tool's end\n\
         {:<34} {:>9} {:>9} {:>9} {:>9} {:>9} {:>9} {:>10}",
        "", "median s", "min s", "max s", "requests", "watches", "peak MB", "rollout s"
    ));
    for (tool, waits) in tools.iter().zip(waits) {
        let Ok(waits) = waits else {
            shell::say(&format!("{:<34} {:>9}", tool.name, "failed"));
            continue;
        };
        let sorted = |of: fn(&Wait) -> f64| {
            let mut all: Vec<f64> = waits.iter().map(of).collect();
            all.sort_by(f64::total_cmp);
            let at = |i: usize| all.get(i).copied().unwrap_or_default();
            [at(all.len() / 2), at(0), at(all.len().saturating_sub(1))]
        };
        let most = |of: fn(&Wait) -> usize| waits.iter().map(of).max().unwrap_or_default();
        let peak = waits.iter().map(|wait| wait.sample.peak_bytes).max().unwrap_or_default() as f64 / 1e6;
        let [median, least, greatest] = sorted(|wait| wait.verdict);
        let [rollout, ..] = sorted(|wait| wait.rollout);
        let (others, watches) = (most(|wait| wait.requests.others), most(|wait| wait.requests.watches));
        shell::say(&format!(
            "{:<34} {median:>9.2} {least:>9.2} {greatest:>9.2} {others:>9} {watches:>9} {peak:>9.1} {rollout:>10.1}",
            tool.name
        ));
    }
}

fn name(number: usize) -> String {
    format!("bench-{number:04}")
}

/// A Deployment of one pod, which is ready two to five seconds after it starts: not all at the same time.
fn deployment(name: &str, selector: &str, number: usize) -> Value {
    let value = selector.trim_start_matches("app=");
    let labels = json!({ "app": value, "name": name, "lockstep.test/stage": "slow-ready" });
    let delay = format!("{}ms", 2000 + number * 37 % 3000);
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": { "name": name, "labels": { "app": value } },
        "spec": {
            "replicas": 1,
            "selector": { "matchLabels": { "name": name } },
            "template": {
                "metadata": { "labels": labels, "annotations": { "lockstep.test/delay": delay } },
                "spec": {
                    "terminationGracePeriodSeconds": 0,
                    "containers": [{ "name": "app", "image": "registry.test/app:0" }],
                },
            },
        },
    })
}
