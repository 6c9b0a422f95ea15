//! Every request that is made of GitHub's REST API, held against the description of it that GitHub publishes. What is
//! answered is played here; prism judges the requests alone, and so does a reader of the schema for those in GraphQL.

use lockstep_tests::github::{GitHub, TOKEN};
use lockstep_tests::services;
use lockstep_tests::shim::root;
use lockstep_tests::support::{Scene, hostile};
use lockstep_tests::web::{Web, WebReply, WebRequest};
use serde_json::{Value, json};
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

/// The server that judges. It ends with the test.
struct Prism {
    child: Child,
    port: u16,
}

impl Prism {
    fn start() -> Self {
        let modules = services::github_descriptions().unwrap();
        let programs = modules.join(".bin");
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let child = Command::new(programs.join("node"))
            .arg(programs.join("prism"))
            .args(["mock", "--errors", "-h", "127.0.0.1", "-p", &port.to_string()])
            .arg(modules.join("@octokit/openapi/generated/api.github.com.json"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let prism = Self { child, port };
        let began = Instant::now();
        while TcpStream::connect(("127.0.0.1", prism.port)).is_err() {
            assert!(began.elapsed() < Duration::from_secs(180), "prism does not begin");
            thread::sleep(Duration::from_millis(300));
        }
        prism
    }
}

impl Drop for Prism {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What is wrong with a request, as the judge says it; nothing if it is as described.
fn violations(port: u16, asked: &WebRequest) -> String {
    let path = asked.target.strip_prefix("/api/v3").unwrap_or(&asked.target);
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    let head = format!(
        "{} {path} HTTP/1.0\r\nhost: api.github.com\r\naccept: application/json\r\nauthorization: Bearer x\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n",
        asked.method,
        asked.body.len()
    );
    stream.write_all((head + &asked.body).as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let said = head.lines().find_map(|line| line.strip_prefix("sl-violations: "));
    let said: Vec<Value> = said.map(|said| serde_json::from_str(said).unwrap()).unwrap_or_default();
    let wrong: Vec<_> = said.into_iter().filter(|one| one["location"][0] == "request").collect();
    // A path or a method that is not described has no such header.
    let unknown = body.contains("NO_PATH_MATCHED") || body.contains("NO_METHOD_MATCHED");
    if wrong.is_empty() && !unknown { String::new() } else { format!("{wrong:?} {body}") }
}

/// What is wrong with a request in GraphQL; nothing if it is as described.
fn violations_of_schema(body: &str) -> String {
    let modules = services::github_descriptions().unwrap();
    let mut judge = Command::new(modules.join(".bin/node"));
    judge.arg(root().join("tests/live/graphql.cjs")).arg(modules);
    services::output_of(&mut judge, body).unwrap()
}

/// What GitHub says, as far as it is looked at.
fn github(asked: &WebRequest) -> WebReply {
    let request = json!({
        "number": 7, "node_id": "PR_1", "html_url": "https://github.com/shop/deploy/pull/7", "state": "open", "title": "t",
        "body": "b", "labels": [], "merged_at": null, "merge_commit_sha": null, "mergeable_state": "clean",
        "base": {"ref": "main", "repo": {"id": 1}}, "head": {"ref": "promote/web", "sha": "abc", "repo": {"id": 1}},
    });
    let path = asked.target.split('?').next().unwrap_or_default();
    let answer = match (asked.method.as_str(), path.rsplit('/').next().unwrap_or_default()) {
        ("GET", "pulls") => json!([request]),
        ("GET", "comments") => json!([{"id": 5, "body": "old\n<!-- lockstep:again -->"}]),
        ("GET", "check-runs") => json!({"check_runs": []}),
        ("GET", "status") => json!({"statuses": []}),
        ("POST", "graphql") => json!({"errors": [{"message": "Pull request is in clean status"}]}),
        _ => request,
    };
    WebReply::of(200, &["content-type: application/json"], &answer.to_string())
}

#[test]
fn requests_to_github_match_its_openapi_description() {
    let prism = Prism::start();
    let (port, judged) = (prism.port, Arc::new(Mutex::new(Vec::new())));
    let seen = Arc::clone(&judged);
    let forge = Web::new(move |asked, _| {
        // What is asked in GraphQL is described elsewhere.
        if !asked.target.ends_with("/graphql") {
            let path = asked.target.split('?').next().unwrap_or_default().to_owned();
            let verdict = violations(port, asked);
            seen.lock().unwrap().push((format!("{} {path}", asked.method), verdict));
        }
        github(asked)
    });
    let repository = forge.url("/shop/deploy");
    let rights = json!({"forge": [format!("read,open,merge {repository}#main...promote/*")]});
    let scene = Scene::new();
    for (act, last) in [
        ("list", ""),
        ("get-status", "7"),
        ("open", "good"),
        ("update", "7"),
        ("comment", "good"),
        ("comment", "again"),
        ("whole", ""),
        ("merge", "7"),
    ] {
        let word = format!("{repository}|main|promote/web|{last}");
        let run = scene.allowed(&hostile("forges"), &rights, "").args(["--act", act, "--words", &word]);
        let run = run.env("LOCKSTEP_FORGE_TOKEN", "t0ken-of-the-job").env("GITHUB_SERVER_URL", forge.url(""));
        run.end().expect(0, "done");
    }
    let of_schema: Vec<_> =
        forge.log().into_iter().filter(|asked| asked.target.ends_with("/graphql")).collect();
    assert!(!of_schema.is_empty(), "auto-merge is asked for in GraphQL");
    for asked in &of_schema {
        assert_eq!(violations_of_schema(&asked.body), "", "{}", asked.body);
    }
    // It does judge: a field that is none, and a word that is none.
    let body = &of_schema[0].body;
    for (from, to) in [("expectedHeadOid", "expectedHead"), ("MERGE", "MERGED"), ("commitBody", "body")] {
        assert!(body.contains(from), "{body}");
        assert_ne!(violations_of_schema(&body.replacen(from, to, 1)), "", "{from}");
    }
    let judged = judged.lock().unwrap().clone();
    let wrong: Vec<_> = judged.iter().filter(|(_, verdict)| !verdict.is_empty()).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
    let root = "/api/v3/repos/shop/deploy";
    for line in [
        format!("GET {root}/pulls"),
        format!("GET {root}/pulls/7"),
        format!("GET {root}/commits/abc/check-runs"),
        format!("GET {root}/commits/abc/status"),
        format!("POST {root}/pulls"),
        format!("POST {root}/issues/7/labels"),
        format!("PATCH {root}/pulls/7"),
        format!("GET {root}/issues/7/comments"),
        format!("POST {root}/issues/7/comments"),
        format!("PATCH {root}/issues/comments/5"),
        format!("PUT {root}/pulls/7/merge"),
    ] {
        assert!(judged.iter().any(|(asked, _)| *asked == line), "{line} was not asked: {judged:#?}");
    }
    let patched = judged.iter().filter(|(asked, _)| *asked == format!("PATCH {root}/pulls/7")).count();
    assert_eq!(patched, 2, "one is edited and one is closed");
    // What GitHub is to make and to sign.
    let files = [("envs/dev/web.yaml", "image: shop/web:2\n"), ("envs/prod/web.yaml", "image: shop/web:1\n")];
    let github = GitHub::new(&files);
    let run =
        scene.run("env-promote").args(["--repository", &github.url(), "--forge", "github", "--sign-commits"]);
    let run = run.args(["--from", "envs/dev", "--to", "envs/prod", "--pick", ".image"]);
    run.env("LOCKSTEP_FORGE_TOKEN", TOKEN).end().expect(0, "done");
    let made = github.log();
    assert_eq!(github.requests(), ["POST /git/trees", "POST /git/commits"]);
    for asked in &made {
        assert_eq!(violations(port, asked), "", "{asked:?}");
    }
    // The bytes that are no text go before the tree.
    let blob = WebRequest {
        method: "POST".to_owned(),
        target: "/repos/shop/deploy/git/blobs".to_owned(),
        body: r#"{"content": "/wo=", "encoding": "base64"}"#.to_owned(),
        ..WebRequest::default()
    };
    assert_eq!(violations(port, &blob), "");
    // It does judge: a word that is none, a field that is missing, a path that is not there.
    for (method, target, body) in [
        ("GET", "/repos/shop/deploy/pulls?state=every", ""),
        ("POST", "/repos/shop/deploy/pulls", "{\"title\": \"x\"}"),
        ("PUT", "/repos/shop/deploy/pulls/7/merges", "{}"),
        ("POST", "/repos/shop/deploy/git/commits", "{\"message\": \"x\"}"),
        ("POST", "/repos/shop/deploy/git/blobs", "{\"encoding\": \"base64\"}"),
    ] {
        let asked = WebRequest {
            method: method.to_owned(),
            target: target.to_owned(),
            body: body.to_owned(),
            ..WebRequest::default()
        };
        assert!(!violations(port, &asked).is_empty(), "{method} {target}");
    }
}
