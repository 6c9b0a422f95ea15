//! A cluster: etcd, an API server, its controllers, its scheduler, and kwok, which simulates the nodes. It listens on
//! loopback only, runs no container, and ends with this process.

use super::audit::{self, Request};
use super::client::{Client, Reply};
use super::folder::Folder;
use super::kubeconfig::{self, Context};
use super::process::{Process, free_ports};
use super::{keys, log_kind, options, stages};
use crate::services::{self, Result};
use serde_json::{Value, json};
use std::fs;
use std::net::{Ipv4Addr, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// The timeout of all waits. It is long, because a busy machine must not fail a test.
pub const PATIENCE: Duration = Duration::from_secs(180);
/// The token of the user `admin`, who has every right.
const ADMIN: &str = "canary-kube-admin-7d21";
/// The token of the user `nobody`, whom the API server knows and who has no right.
const NOBODY: &str = "canary-kube-nobody-90c3";
/// The name of the first node.
pub const NODE: &str = "node-1";

/// A running cluster. It ends when it is dropped or when this process ends.
#[derive(Debug)]
pub struct Cluster {
    // The fields are dropped in this order, so the folder is the last.
    processes: Vec<Process>,
    port: u16,
    client: Client,
    names: AtomicUsize,
    folder: Folder,
}

impl Cluster {
    /// The cluster that all tests of this process use, each in a namespace of its own.
    ///
    /// # Panics
    /// The start fails.
    #[must_use]
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<Cluster> = OnceLock::new();
        SHARED.get_or_init(|| Self::start().unwrap_or_else(|error| panic!("{error}")))
    }

    /// Starts a cluster with one node, and waits until pods can run on it.
    ///
    /// # Errors
    /// The installation fails, or the programs do not become ready.
    pub fn start() -> Result<Self> {
        let programs = services::kubernetes()?;
        let deadline = Instant::now() + PATIENCE;
        loop {
            match Self::begin(&programs, deadline) {
                // Another process may have taken a port.
                Err(error) if error.contains("address already in use") && Instant::now() < deadline => {}
                other => return other,
            }
        }
    }

    fn begin(programs: &Path, deadline: Instant) -> Result<Self> {
        let folder = Folder::new()?;
        let path = folder.path().to_owned();
        let [etcd, peers, port, kubelet] = free_ports()?;
        keys::write(&path)?;
        write(&path, "tokens.csv", &format!("{ADMIN},admin,admin,system:masters\n{NOBODY},nobody,nobody\n"))?;
        write(&path, "audit-policy.json", audit::POLICY)?;
        write(&path, "kwok.yaml", &stages::configuration())?;
        let mut processes = Vec::new();
        processes.push(Process::start(&programs.join("etcd"), &options::etcd(etcd, peers), &path)?);
        until(deadline, &mut processes, || TcpStream::connect((Ipv4Addr::LOCALHOST, etcd)).ok())?;
        processes.push(Process::start(
            &programs.join("kube-apiserver"),
            &options::api_server(port, etcd),
            &path,
        )?);
        // The server makes its certificate at its start.
        let authority = path.join("tls/apiserver.crt");
        let client = until(deadline, &mut processes, || {
            let client = Client::new(port, &authority, ADMIN).ok()?;
            (client.send("GET", "/readyz", "").ok()?.status == 200).then_some(client)
        })?;
        let mut cluster = Self { processes, port, client, names: AtomicUsize::new(1), folder };
        kubeconfig::write(&cluster.kubeconfig(), &[cluster.context(), cluster.nobody()])?;
        cluster.run(programs, kubelet, deadline)?;
        Ok(cluster)
    }

    /// Starts the programs that use the API server.
    fn run(&mut self, programs: &Path, kubelet: u16, deadline: Instant) -> Result<()> {
        self.define_logs(deadline)?;
        let path = self.folder.path().to_owned();
        let others = [
            ("kube-controller-manager", options::controllers()),
            ("kube-scheduler", options::scheduler()),
            ("kwok", options::kwok(kubelet)),
        ];
        for (name, options) in others {
            self.processes.push(Process::start(&programs.join(name), &options, &path)?);
        }
        self.node(NODE, &json!({ "cpu": "64", "memory": "256Gi", "pods": "5000" }))?;
        let client = self.client.clone();
        until(deadline, &mut self.processes, || {
            let node: Value =
                serde_json::from_str(&client.send("GET", &node_path(NODE), "").ok()?.body).ok()?;
            // The controllers know that the node is ready.
            (condition(&node, "Ready") == "True" && node["spec"]["taints"].is_null()).then_some(())
        })?;
        // Without this service account the controllers cannot make pods.
        let target = "/api/v1/namespaces/default/serviceaccounts/default";
        until(deadline, &mut self.processes, || {
            (client.send("GET", target, "").ok()?.status == 200).then_some(())
        })
    }

    /// Defines kwok's kind for logs and waits until the API server serves it: kwok does not wait for a missing kind.
    fn define_logs(&mut self, deadline: Instant) -> Result<()> {
        self.create(log_kind::DEFINITIONS, &log_kind::definition())?;
        let client = self.client.clone();
        until(deadline, &mut self.processes, || {
            (client.send("GET", log_kind::COLLECTION, "").ok()?.status == 200).then_some(())
        })
    }

    /// Adds a node with this capacity.
    ///
    /// # Errors
    /// The API server rejects the request.
    pub fn node(&self, name: &str, capacity: &Value) -> Result<()> {
        let node = json!({
            "apiVersion": "v1", "kind": "Node",
            "metadata": { "name": name, "labels": { "kubernetes.io/hostname": name, "kubernetes.io/os": "linux" } },
            "status": { "capacity": capacity, "allocatable": capacity }
        });
        self.create("/api/v1/nodes", &node)
    }

    /// The address of the API server: `https://127.0.0.1:PORT`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("https://127.0.0.1:{}", self.port)
    }

    pub(super) fn port(&self) -> u16 {
        self.port
    }

    /// The file of the authority that issued the server's certificate.
    #[must_use]
    pub fn authority(&self) -> PathBuf {
        self.folder.path().join("tls/apiserver.crt")
    }

    /// The folder for its files.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// A file with the contexts `admin`, which is the current one, and `nobody`.
    #[must_use]
    pub fn kubeconfig(&self) -> PathBuf {
        self.folder.path().join("kubeconfig")
    }

    /// The context of the user `admin`.
    #[must_use]
    pub fn context(&self) -> Context {
        self.of("admin", ADMIN)
    }

    /// The context of the user `nobody`.
    #[must_use]
    pub fn nobody(&self) -> Context {
        self.of("nobody", NOBODY)
    }

    pub(super) fn of(&self, name: &str, token: &str) -> Context {
        Context {
            name: name.to_owned(),
            server: self.url(),
            authority: self.authority(),
            token: token.to_owned(),
            namespace: None,
        }
    }

    /// A kubeconfig of these contexts, among the cluster's files. They may be of several clusters.
    ///
    /// # Errors
    /// The system cannot write the file.
    pub fn kubeconfig_of(&self, contexts: &[Context]) -> Result<PathBuf> {
        let path = self.folder.path().join(self.name("kubeconfig"));
        kubeconfig::write(&path, contexts)?;
        Ok(path)
    }

    /// A unique name.
    #[must_use]
    pub fn name(&self, beginning: &str) -> String {
        format!("{beginning}-{}", self.names.fetch_add(1, Ordering::SeqCst))
    }

    /// Creates a namespace with a unique name.
    ///
    /// # Panics
    /// The API server rejects the request.
    #[must_use]
    pub fn namespace(&self, beginning: &str) -> String {
        let name = self.name(beginning);
        let namespace = json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": name } });
        self.create("/api/v1/namespaces", &namespace).unwrap_or_else(|error| panic!("{error}"));
        name
    }

    /// Sends one request as `admin`.
    ///
    /// # Errors
    /// The server does not answer.
    pub fn send(&self, method: &str, target: &str, body: &str) -> Result<Reply> {
        self.client.send(method, target, body)
    }

    /// Creates an object in the collection at this path.
    ///
    /// # Errors
    /// The API server rejects the request.
    pub fn create(&self, collection: &str, object: &Value) -> Result<()> {
        self.send("POST", collection, &object.to_string())?.well().map(drop)
    }

    /// The object at this path.
    ///
    /// # Errors
    /// The API server rejects the request.
    pub fn get(&self, path: &str) -> Result<Value> {
        serde_json::from_str(&self.send("GET", path, "")?.well()?).map_err(|error| error.to_string())
    }

    /// The pods of a namespace that this selector matches.
    ///
    /// # Errors
    /// The API server rejects the request.
    pub fn pods(&self, namespace: &str, selector: &str) -> Result<Vec<Value>> {
        let selector = selector.replace('=', "%3D").replace(',', "%2C");
        let mut list = self.get(&format!("/api/v1/namespaces/{namespace}/pods?labelSelector={selector}"))?;
        Ok(list["items"].as_array_mut().map(std::mem::take).unwrap_or_default())
    }

    /// The requests that the API server has answered or is answering, in order.
    ///
    /// # Errors
    /// The system cannot read the log.
    pub fn audit(&self) -> Result<Vec<Request>> {
        audit::read(&self.folder.path().join("audit.log"))
    }

    /// The process numbers of the cluster.
    #[must_use]
    pub fn processes(&self) -> Vec<u32> {
        self.processes.iter().map(Process::id).collect()
    }

    /// The last lines of a program's log.
    #[must_use]
    pub fn said(&self, program: &str) -> String {
        self.processes.iter().find(|process| process.name() == program).map(Process::tail).unwrap_or_default()
    }
}

/// Polls until `look` returns a value. The end of one of the programs is an error.
fn until<T>(deadline: Instant, programs: &mut [Process], look: impl Fn() -> Option<T>) -> Result<T> {
    loop {
        if let Some(found) = look() {
            return Ok(found);
        }
        for program in &mut *programs {
            program.check()?;
        }
        if Instant::now() > deadline {
            let said: Vec<String> =
                programs.iter().map(|program| format!("{}: {}", program.name(), program.tail())).collect();
            return Err(format!("the cluster does not become ready: {}", said.join("\n")));
        }
        thread::sleep(Duration::from_millis(30));
    }
}

fn node_path(name: &str) -> String {
    format!("/api/v1/nodes/{name}")
}

/// The status of an object's condition of this kind; empty without such a condition.
#[must_use]
pub fn condition<'v>(object: &'v Value, kind: &str) -> &'v str {
    let conditions = object["status"]["conditions"].as_array().map(Vec::as_slice).unwrap_or_default();
    let found = conditions.iter().find(|condition| condition["type"] == kind);
    found.and_then(|condition| condition["status"].as_str()).unwrap_or_default()
}

fn write(folder: &Path, name: &str, content: &str) -> Result<()> {
    fs::write(folder.join(name), content).map_err(|error| error.to_string())
}
