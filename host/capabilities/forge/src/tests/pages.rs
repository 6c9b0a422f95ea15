//! Tests: lists with several pages.

use super::kinds::{OPEN, PullRequestFixture};
use super::*;
use serde_json::json;
use std::sync::atomic::{AtomicUsize, Ordering};

/// This number of other entries, and then the last one.
fn after(count: usize, other: &Value, last: Value) -> Vec<Value> {
    let mut all = vec![other.clone(); count];
    all.push(last);
    all
}

/// The requested page of a list.
fn page(received: &ReceivedRequest, all: &[Value]) -> Vec<Value> {
    let query = received.line.split_once('?').map_or("", |(_, query)| query);
    let number = |name: &str| {
        let found = query.split('&').find_map(|part| part.strip_prefix(name)?.strip_prefix('='));
        found.and_then(|text| text.parse::<usize>().ok())
    };
    let size = number("per_page").or(number("limit")).unwrap_or(30);
    all.iter().skip((number("page").unwrap_or(1) - 1) * size).take(size).cloned().collect()
}

#[test]
fn a_comment_on_a_later_page_is_replaced() {
    for kind in [ForgeKind::GitHub, ForgeKind::GitLab] {
        let other = json!({"id": 1, "body": "of a person"});
        let all = after(230, &other, json!({"id": 5, "body": "old\n<!-- lockstep:superseded -->"}));
        let server = ForgeServer::new(move |received, _| match received.line.contains("comments") {
            true if received.line.starts_with("GET") => ok(&json!(page(received, &all))),
            _ => ok(&OPEN.json_of(kind)),
        });
        assert_eq!(ForgeRun::on(&server.origin, kind, false).comment(7, "new"), Ok(Outcome::Applied));
        let changes = server.changes();
        assert!(changes.len() == 1 && changes[0].ends_with("/5"), "{kind} {changes:?}");
    }
}

#[test]
fn a_check_on_a_later_page_counts() {
    for list in ["check-runs", "status"] {
        let server = ForgeServer::new(move |received, _| match &*received.line {
            line if line.ends_with("/graphql") => ok(&json!({"errors": [{"message": "clean status"}]})),
            line if line.contains("/check-runs?") => {
                let good = json!({"name": "a", "status": "completed", "conclusion": "success"});
                let bad = json!({"name": "z", "status": "completed", "conclusion": "failure"});
                let all = if list == "check-runs" { after(100, &good, bad) } else { vec![good] };
                ok(&json!({"check_runs": page(received, &all)}))
            }
            line if line.contains("/status?") => {
                let all = after(
                    100,
                    &json!({"context": "a", "state": "success"}),
                    json!({"context": "z", "state": "failure"}),
                );
                ok(&json!({"statuses": page(received, if list == "status" { &all } else { &[] })}))
            }
            _ => ok(&OPEN.json_of(ForgeKind::GitHub)),
        });
        let mut run = ForgeRun::on(&server.origin, ForgeKind::GitHub, false);
        assert_eq!(run.merge(7, "abc"), Ok(MergeResult::NotReady), "{list}");
        assert_eq!(run.get_status(7).unwrap().blocker, MergeBlocker::ChecksFailed, "{list}");
    }
    // By default, a page of Gitea has 30 entries.
    let all = after(
        70,
        &json!({"context": "a", "status": "success"}),
        json!({"context": "z", "status": "failure"}),
    );
    let server = ForgeServer::new(move |received, _| match received.line.contains("/status") {
        true => ok(&json!({"statuses": page(received, &all)})),
        false => ok(&OPEN.json_of(ForgeKind::Gitea)),
    });
    let status = ForgeRun::on(&server.origin, ForgeKind::Gitea, false).get_status(7).unwrap();
    assert_eq!((status.blocker, status.checks.len()), (MergeBlocker::ChecksFailed, 71));
    let all =
        after(120, &json!({"name": "a", "status": "success"}), json!({"name": "z", "status": "failed"}));
    let server = ForgeServer::new(move |received, _| match received.line.contains("/statuses") {
        true => ok(&json!(page(received, &all))),
        false => ok(&OPEN.json_of(ForgeKind::GitLab)),
    });
    let status = ForgeRun::on(&server.origin, ForgeKind::GitLab, false).get_status(7).unwrap();
    assert_eq!((status.blocker, status.checks.len()), (MergeBlocker::ChecksFailed, 100), "no more are shown");
}

#[test]
fn a_label_on_a_later_page_is_not_created_again() {
    let all = after(60, &json!({"name": "other"}), json!({"name": "promotion"}));
    let server = ForgeServer::new(move |received, _| match received.line.contains("/deploy/labels") {
        true => ok(&json!(page(received, &all))),
        false => ok(&OPEN.json_of(ForgeKind::Gitea)),
    });
    assert_eq!(ForgeRun::on(&server.origin, ForgeKind::Gitea, false).update(7), Ok(Outcome::Applied));
    assert!(!server.changes().iter().any(|line| line.ends_with("/deploy/labels")), "{:?}", server.changes());
}

#[test]
fn a_pull_request_on_a_later_page_is_found() {
    let kind = ForgeKind::Gitea;
    let other = PullRequestFixture { branch: "feature", number: 9, ..OPEN }.json_of(kind);
    let all = after(120, &other, OPEN.json_of(kind));
    let server = ForgeServer::new(move |received, _| ok(&json!(page(received, &all))));
    let found = ForgeRun::on(&server.origin, kind, false).list().unwrap();
    assert_eq!(found.iter().map(|one| one.number).collect::<Vec<_>>(), [7]);
    assert_eq!(server.log().len(), 3);
    // A server with shorter pages than requested names the next page in `Link`.
    let all = after(25, &other, OPEN.json_of(kind));
    let server = ForgeServer::new(move |received, number| {
        let page: Vec<_> = all.iter().skip((number - 1) * 10).take(10).cloned().collect();
        let next = format!("link: <http://{}?page={}>; rel=\"next\"\r\n", received.line.len(), number + 1);
        (200, if number < 3 { next } else { String::new() }, json!(page).to_string())
    });
    let found = ForgeRun::on(&server.origin, kind, false).list().unwrap();
    assert_eq!((found.len(), server.log().len()), (1, 3));
}

#[test]
fn the_client_stops_reading_a_list_without_an_end() {
    let server = ForgeServer::new(|received, _| match received.line.contains("/comments") {
        true => ok(&json!(vec![json!({"id": 1, "body": "x"}); 100])),
        false => ok(&OPEN.json_of(ForgeKind::GitHub)),
    });
    assert_eq!(
        ForgeRun::on(&server.origin, ForgeKind::GitHub, false).comment(7, "new"),
        Ok(Outcome::Applied)
    );
    assert!(server.log().len() < 30, "{}", server.log().len());
}

#[test]
fn a_list_of_checks_over_the_page_limit_is_an_error() {
    // It returns the same page for every page number.
    for kind in [ForgeKind::GitHub, ForgeKind::GitLab, ForgeKind::Gitea] {
        let server = ForgeServer::new(move |received, _| {
            let check = json!({"name": "a", "context": "a", "state": "success", "status": "success"});
            let run = json!({"name": "a", "status": "completed", "conclusion": "success"});
            match &*received.line {
                line if line.contains("/check-runs?") => ok(&json!({"check_runs": vec![run; 100]})),
                line if line.contains("/status?") => ok(&json!({"statuses": vec![check; 100]})),
                line if line.contains("/statuses?") => ok(&json!(vec![check; 100])),
                line if line.ends_with("/graphql") => ok(&json!({"errors": [{"message": "clean status"}]})),
                _ => ok(&OPEN.json_of(kind)),
            }
        });
        let error = ForgeRun::on(&server.origin, kind, false).get_status(7).unwrap_err();
        assert!(
            error.word() == "limit-exceeded" && error.message().contains("after 20 pages"),
            "{kind} {error:?}"
        );
        assert!(server.log().len() < 30, "{kind} {:?}", server.log().len());
    }
}

fn pour(mut stream: &TcpStream, status: u16, sent: &AtomicUsize) -> Option<()> {
    let head = BufReader::new(stream).lines().map_while(Result::ok);
    head.take_while(|line| !line.is_empty()).for_each(drop);
    let text = "x".repeat(64 * 1024);
    write!(stream, "HTTP/1.1 {status} X\r\ntransfer-encoding: chunked\r\n\r\n").ok()?;
    let chunk = format!("{:x}\r\n{text}\r\n", text.len());
    loop {
        stream.write_all(chunk.as_bytes()).ok()?;
        sent.fetch_add(text.len(), Ordering::Relaxed);
    }
}

/// A server whose answers have no end, and the number of bytes that it has sent.
fn endless(status: u16) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    let sent = Arc::<AtomicUsize>::default();
    let seen = Arc::clone(&sent);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let seen = Arc::clone(&seen);
            thread::spawn(move || pour(&stream, status, &seen));
        }
    });
    (origin, sent)
}

#[test]
fn the_client_stops_reading_an_answer_at_its_limit() {
    /// The size of the buffers at both ends of a connection on loopback.
    const BUFFERS: usize = 16 * 1024 * 1024;
    for kind in [ForgeKind::GitHub, ForgeKind::GitLab] {
        for status in [200, 403] {
            let (origin, sent) = endless(status);
            assert!(ForgeRun::on(&origin, kind, false).get_status(7).is_err());
            let sent = sent.load(Ordering::Relaxed);
            assert!(sent <= 8 * 1024 * 1024 + BUFFERS, "{kind} {status}: {} MiB were taken", sent >> 20);
        }
    }
}
