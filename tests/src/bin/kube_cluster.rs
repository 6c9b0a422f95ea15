//! A Kubernetes control plane for the benchmark. It prints its address and its users on the first line, makes the requests
//! of each line of its input, and ends with the input. It listens on loopback only.
#![forbid(unsafe_code)]

use lockstep_tests::kube::Cluster;
use serde_json::{Value, json};
use std::error::Error;
use std::io::{BufRead as _, Write as _};
use std::thread;

/// The number of parallel requests.
const AT_ONCE: usize = 4;

/// Method, path and body.
type Request = (String, String, Value);

/// Starts the control plane. The arguments are names of users, who may read everything. Each gets a kubeconfig.
fn main() -> Result<(), Box<dyn Error>> {
    let cluster = Cluster::start()?;
    let namespace = cluster.namespace("bench");
    let rules = json!([{ "apiGroups": ["*"], "resources": ["*"], "verbs": ["get", "list", "watch"] }]);
    let mut users = json!({});
    for name in std::env::args().skip(1) {
        let user = cluster.cluster_user(&namespace, &name, &rules)?;
        users[name] = json!({ "name": user.name, "kubeconfig": user.kubeconfig });
    }
    let mut out = std::io::stdout();
    let facts = json!({
        "kubeconfig": cluster.kubeconfig(), "folder": cluster.folder(), "namespace": namespace, "users": users
    });
    writeln!(out, "{facts}")?;
    out.flush()?;
    for line in std::io::stdin().lock().lines() {
        let requests: Vec<Request> = serde_json::from_str(&line?)?;
        writeln!(out, "{}", json!({ "refused": refused(&cluster, &requests) }))?;
        out.flush()?;
    }
    Ok(())
}

/// The errors of failed requests.
fn refused(cluster: &Cluster, requests: &[Request]) -> Vec<String> {
    let share = requests.len().div_ceil(AT_ONCE).max(1);
    thread::scope(|scope| {
        let some = |part: &'_ [Request]| -> Vec<String> {
            part.iter().filter_map(|request| one(cluster, request).err()).collect()
        };
        let threads: Vec<_> = requests.chunks(share).map(|part| scope.spawn(move || some(part))).collect();
        let joined = threads.into_iter().map(thread::ScopedJoinHandle::join);
        joined.flat_map(|said| said.unwrap_or_else(|_| vec!["a thread panicked".to_owned()])).collect()
    })
}

fn one(cluster: &Cluster, (method, target, body): &Request) -> Result<(), String> {
    cluster.send(method, target, &body.to_string())?.well().map(drop)
}
