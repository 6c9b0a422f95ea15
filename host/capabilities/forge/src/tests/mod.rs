//! Tests against servers on loopback that answer as the documentation of the forges shows: the requests of the client, what it
//! makes of answers and errors, and that nobody sees the token.
#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

mod faults;
mod kinds;
mod merges;
mod opens;
mod pages;
mod signs;
mod status;
mod texts;

use super::*;
use lockstep_model::call::{CallRequest, RawRepositoryPart, RawTarget};
use lockstep_model::capability::Capability;
use lockstep_model::gate::Gate;
use lockstep_model::grant::{Grant, Permission};
use lockstep_model::limits::Limits;
use lockstep_repository::Login;
use serde_json::Value;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

const TOKEN: &str = "forge-t0ken-of-the-job";
const BRANCH: &str = "promote/web";

/// A request that the server has received.
#[derive(Clone, Debug)]
struct ReceivedRequest {
    /// `GET /api/v3/...`, with the query.
    line: String,
    head: String,
    body: Value,
}

/// An answer: status, headers each with its line end, and body. With status 0, the server closes the connection.
type TestReply = (u16, String, String);

/// The server of a forge. It ends with its process.
struct ForgeServer {
    origin: String,
    log: Arc<Mutex<Vec<ReceivedRequest>>>,
}

impl ForgeServer {
    fn new(answer: impl Fn(&ReceivedRequest, usize) -> TestReply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        let (log, answer) = (Arc::new(Mutex::new(Vec::new())), Arc::new(answer));
        let seen = Arc::clone(&log);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (seen, answer) = (Arc::clone(&seen), Arc::clone(&answer));
                thread::spawn(move || while serve(&stream, &seen, &*answer).is_some() {});
            }
        });
        Self { origin, log }
    }

    fn log(&self) -> Vec<ReceivedRequest> {
        self.log.lock().unwrap().clone()
    }

    /// The requests that change something.
    fn changes(&self) -> Vec<String> {
        let lines = self.log().into_iter().map(|received| received.line);
        lines.filter(|line| !line.starts_with("GET ")).collect()
    }
}

fn serve(
    stream: &TcpStream,
    log: &Mutex<Vec<ReceivedRequest>>,
    answer: &dyn Fn(&ReceivedRequest, usize) -> TestReply,
) -> Option<()> {
    let mut reader = BufReader::new(stream);
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        match line.trim_end() {
            "" => break,
            line => lines.push(line.to_owned()),
        }
    }
    let length =
        lines.iter().find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    reader.read_exact(&mut body).ok()?;
    let line = lines[0].rsplit_once(' ')?.0.to_owned();
    let body = serde_json::from_slice(&body).unwrap_or(Value::Null);
    let received = ReceivedRequest { line, head: lines[1..].join("\n"), body };
    // It records the request before it answers, because the test may read the log right after the answer.
    let number = {
        let mut log = log.lock().unwrap();
        log.push(received.clone());
        log.len()
    };
    let (status, headers, body) = answer(&received, number);
    if status == 0 {
        return None;
    }
    let answer = format!("HTTP/1.1 {status} X\r\n{headers}content-length: {}\r\n\r\n{body}", body.len());
    let mut stream = stream;
    stream.write_all(answer.as_bytes()).ok()
}

fn ok(body: &Value) -> TestReply {
    (200, String::new(), body.to_string())
}

fn status(status: u16, message: &str) -> TestReply {
    (status, String::new(), serde_json::json!({"message": message}).to_string())
}

/// A run with all rights for pull requests from `promote/*` into `main` of one repository.
struct ForgeRun {
    gate: Gate,
    forges: Forges,
    url: String,
}

impl ForgeRun {
    fn on(origin: &str, kind: ForgeKind, dry_run: bool) -> Self {
        let url = format!("{origin}/shop/deploy");
        let line = format!("read,open,merge {url}#main...promote/*");
        let right = Permission::parse(Capability::Forge, &line).unwrap();
        let gate =
            Gate::new(Grant { requested: vec![right], ceilings: vec![], policy: None }, Limits::default());
        let logins = vec![Login::new(None, "x", TOKEN)];
        let repository = lockstep_repository::RepositoryConfig { logins, ..Default::default() };
        let connection = ForgeConfig { repository, kind: Some(kind), servers: vec![] };
        Self { gate, forges: Forges::new(connection, dry_run), url }
    }

    fn call<T>(
        &mut self,
        function: &'static str,
        act: impl FnOnce(&mut Forges, &Permit) -> Result<Answer<T>, CallError>,
    ) -> Result<T, CallError> {
        let target = RawTarget::Repository(&self.url, RawRepositoryPart::PullRequests("main", BRANCH));
        let request = CallRequest::new(Capability::Forge, function, target);
        self.gate.call(request, |permit| act(&mut self.forges, permit))
    }

    fn list(&mut self) -> Result<Vec<PullRequest>, CallError> {
        self.call("list-pull-requests", Forges::list_pull_requests)
    }

    fn get_status(&mut self, number: u64) -> Result<PullRequestStatus, CallError> {
        self.call("get-status", |forges, permit| forges.get_status(permit, number))
    }

    fn open(&mut self) -> Result<Option<PullRequest>, CallError> {
        self.call("open", |forges, permit| forges.open(permit, &content()))
    }

    fn update(&mut self, number: u64) -> Result<Outcome, CallError> {
        self.call("update", |forges, permit| forges.update(permit, number, &content()))
    }

    fn comment(&mut self, number: u64, text: &str) -> Result<Outcome, CallError> {
        self.call("comment", |forges, permit| forges.comment(permit, number, "superseded", text))
    }

    fn close(&mut self, number: u64) -> Result<Outcome, CallError> {
        self.call("close", |forges, permit| forges.close(permit, number))
    }

    fn merge(&mut self, number: u64, head: &str) -> Result<MergeResult, CallError> {
        self.call("merge", |forges, permit| forges.merge(permit, number, head, "Promoted-To: prod"))
    }
}

/// Each kind of forge, with the path of its repository in its API.
const ROOTS: [(ForgeKind, &str); 3] = [
    (ForgeKind::GitHub, "/api/v3/repos/shop/deploy"),
    (ForgeKind::GitLab, "/api/v4/projects/shop%2Fdeploy"),
    (ForgeKind::Gitea, "/api/v1/repos/shop/deploy"),
];

/// The name of pull requests in the paths of a forge.
fn path_name(kind: ForgeKind) -> &'static str {
    if kind == ForgeKind::GitLab { "merge_requests" } else { "pulls" }
}

fn content() -> PullRequestContent {
    PullRequestContent { title: "Promote".into(), body: "what".into(), labels: vec!["promotion".into()] }
}
