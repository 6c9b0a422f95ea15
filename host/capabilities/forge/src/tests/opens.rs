//! Tests: opening and updating pull requests, also after a lost answer.

use super::kinds::{OPEN, PullRequestFixture};
use super::*;
use serde_json::json;

/// A forge without pull requests. `opens` answers the request that opens one, and `labels` those that label it.
fn forge(
    kind: ForgeKind,
    there: bool,
    opens: impl Fn() -> TestReply + Send + Sync + 'static,
    labels: impl Fn(usize) -> TestReply + Send + Sync + 'static,
) -> ForgeServer {
    let made = Mutex::new((there, 0));
    ForgeServer::new(move |received, _| {
        let line = received.line.split('?').next().unwrap();
        let (method, last) = (line.split(' ').next().unwrap(), line.rsplit('/').next().unwrap());
        let mut made = made.lock().unwrap();
        match (method, last) {
            ("POST", "pulls" | "merge_requests") => {
                made.0 = true;
                opens()
            }
            ("POST", "labels") if line.contains("/issues/") => {
                made.1 += 1;
                labels(made.1)
            }
            ("GET", "pulls" | "merge_requests") => {
                ok(&if made.0 { json!([OPEN.json_of(kind)]) } else { json!([]) })
            }
            ("GET", "7") => ok(&OPEN.json_of(kind)),
            ("GET", "labels") => ok(&json!([{"name": "promotion"}])),
            _ => ok(&json!({})),
        }
    })
}

fn opens(server: &ForgeServer, kind: ForgeKind) -> usize {
    let opening = format!("/{}", path_name(kind));
    server.changes().iter().filter(|line| line.ends_with(&opening)).count()
}

#[test]
fn an_open_pull_request_is_a_conflict() {
    for (kind, answer) in [
        (
            ForgeKind::GitHub,
            r#"{"message": "Validation Failed", "errors": [{"resource": "PullRequest", "code": "custom",
            "message": "A pull request already exists for shop:promote/web."}]}"#,
        ),
        (
            ForgeKind::GitLab,
            r#"{"message": ["Another open merge request already exists for this source branch: !7"]}"#,
        ),
        (ForgeKind::Gitea, r#"{"message": "pull request already exists for these targets [id: 1]"}"#),
    ] {
        let status = if kind == ForgeKind::GitHub { 422 } else { 409 };
        let server =
            forge(kind, true, move || (status, String::new(), answer.to_owned()), |_| ok(&json!({})));
        let mut run = ForgeRun::on(&server.origin, kind, false);
        let refused = run.open();
        assert!(
            matches!(&refused, Err(CallError::Conflict(why)) if why.contains("already exists")),
            "{refused:?}"
        );
        assert_eq!((opens(&server, kind), server.changes().len()), (1, 1), "{kind}");
        assert!(run.forges.into_changes().is_empty(), "{kind}");
    }
}

#[test]
fn an_error_of_open_has_the_message_of_the_forge() {
    for (kind, _) in ROOTS {
        for (code, message, word) in [
            (403, "Resource not accessible by integration", "unauthorized"),
            (401, "Bad credentials", "unauthorized"),
            (404, "Not Found", "not-found"),
            (422, "No commits between main and promote/web", "upstream"),
        ] {
            let server = forge(kind, false, move || status(code, message), |_| ok(&json!({})));
            let refused = ForgeRun::on(&server.origin, kind, false).open().unwrap_err();
            assert!(refused.word() == word && refused.message().contains(message), "{kind} {refused:?}");
            assert_eq!(server.log().len(), 1, "{kind} {code}");
        }
    }
}

#[test]
fn a_pull_request_whose_answer_is_lost_gets_its_labels() {
    for (kind, _) in ROOTS {
        for fault in [0, 500, 502, 200] {
            let lost = move || (fault, String::new(), "<html>".to_owned());
            let server = forge(kind, false, lost, |_| ok(&json!({})));
            let opened = ForgeRun::on(&server.origin, kind, false).open().unwrap().unwrap();
            assert_eq!((opened.number, opens(&server, kind)), (7, 1), "{kind} {fault}");
            let log = server.log();
            let labels = |received: &&ReceivedRequest| {
                received.body["labels"] == json!(["promotion"]) || received.body["add_labels"] == "promotion"
            };
            assert!(log.iter().any(|received| labels(&received)), "{kind} {fault} {log:#?}");
        }
        // After an error of the labels, it adds them in the next attempt.
        if kind != ForgeKind::GitLab {
            let faulty = |times| if times < 2 { status(502, "x") } else { ok(&json!({})) };
            let made = move || (201, String::new(), OPEN.json_of(kind).to_string());
            let server = forge(kind, false, made, faulty);
            assert_eq!(ForgeRun::on(&server.origin, kind, false).open().unwrap().unwrap().number, 7);
            let labelled = server.changes().into_iter().filter(|line| line.ends_with("/7/labels")).count();
            assert_eq!((labelled, opens(&server, kind)), (2, 1), "{kind}");
        }
    }
}

#[test]
fn a_rate_limit_delays_an_open_request() {
    for (kind, _) in ROOTS {
        let times = Mutex::new(0);
        let later = move || {
            *times.lock().unwrap() += 1;
            match *times.lock().unwrap() {
                1 => (429, "retry-after: 1\r\n".to_owned(), String::new()),
                _ => (201, String::new(), OPEN.json_of(kind).to_string()),
            }
        };
        let server = forge(kind, false, later, |_| ok(&json!({})));
        let opened = ForgeRun::on(&server.origin, kind, false).open().unwrap().unwrap();
        assert_eq!((opened.number, &*opened.labels.join(",")), (7, "a,promotion,z"), "{kind}");
        assert_eq!(opens(&server, kind), 2, "{kind}: the first was not made, as the forge said");
    }
}

#[test]
fn other_labels_stay_and_no_label_is_created_twice() {
    for (kind, _) in ROOTS {
        let server = forge(kind, true, || status(500, "x"), |_| ok(&json!({})));
        assert_eq!(ForgeRun::on(&server.origin, kind, false).update(7), Ok(Outcome::Applied));
        let texts: Vec<_> = server
            .log()
            .into_iter()
            .filter_map(|received| {
                let labels = [&received.body["labels"], &received.body["add_labels"]];
                labels.into_iter().find(|labels| !labels.is_null()).map(ToString::to_string)
            })
            .collect();
        // `a` and `z` exist: the request neither names nor removes them.
        let expected = if kind == ForgeKind::GitLab { "\"promotion\"" } else { "[\"promotion\"]" };
        assert_eq!(texts, [expected], "{kind}");
        let made = server.changes().iter().any(|line| line.ends_with("/deploy/labels"));
        assert!(!made, "{kind} {:?}", server.changes());
    }
    // Without new labels, there is no request for labels.
    let has = PullRequestFixture { ..OPEN };
    for (kind, _) in ROOTS {
        let mut one = has.json_of(kind);
        one["labels"] =
            if kind == ForgeKind::GitLab { json!(["promotion"]) } else { json!([{"name": "promotion"}]) };
        let server = ForgeServer::new(move |_, _| ok(&one));
        assert_eq!(ForgeRun::on(&server.origin, kind, false).update(7), Ok(Outcome::Applied));
        assert_eq!(server.changes().len(), 1, "{kind} {:?}", server.changes());
    }
}
