//! Tests: errors, rate limits, broken connections and malicious answers of forges.

use super::*;
use serde_json::json;
use std::time::Instant;

/// A pull request of GitHub.
fn request(head: &str) -> Value {
    json!({
        "number": 7, "node_id": "PR_1", "html_url": "https://forge/7", "state": "open", "title": "t", "body": "b",
        "labels": [], "merged_at": null, "merge_commit_sha": null, "mergeable_state": "clean",
        "base": {"ref": "main", "repo": {"id": 1}}, "head": {"ref": BRANCH, "sha": head, "repo": {"id": 1}},
    })
}

fn is_list(received: &ReceivedRequest) -> bool {
    received.line.starts_with("GET /api/v3/repos/shop/deploy/pulls?")
}

#[test]
fn a_failed_request_gets_a_retry() {
    for fault in [
        (500, String::new(), String::new()),
        (503, String::new(), "<html>".into()),
        (0, String::new(), String::new()),
    ] {
        let server =
            ForgeServer::new(move |_, number| if number < 3 { fault.clone() } else { ok(&json!([])) });
        assert_eq!(ForgeRun::on(&server.origin, ForgeKind::GitHub, false).list(), Ok(vec![]));
        assert_eq!(server.log().len(), 3);
    }
}

#[test]
fn the_client_waits_for_a_rate_limit() {
    let limited = |status: u16, headers: &str, message: &str| {
        (status, headers.to_owned(), json!({"message": message}).to_string())
    };
    for (kind, answer) in [
        (ForgeKind::GitLab, limited(429, "retry-after: 1\r\n", "Retry later")),
        (ForgeKind::GitHub, limited(403, "retry-after: 1\r\n", "You have exceeded a secondary rate limit.")),
        (
            ForgeKind::GitHub,
            limited(403, "x-ratelimit-remaining: 0\r\nx-ratelimit-reset: 0\r\n", "Forbidden"),
        ),
    ] {
        let server =
            ForgeServer::new(move |_, number| if number < 2 { answer.clone() } else { ok(&json!([])) });
        let began = Instant::now();
        assert_eq!(ForgeRun::on(&server.origin, kind, false).list(), Ok(vec![]));
        assert_eq!(server.log().len(), 2);
        assert!(began.elapsed().as_millis() >= 900, "{:?}", began.elapsed());
    }
    // The pause is longer than the timeout of the call: the error names it.
    let server = ForgeServer::new(move |_, _| limited(429, "retry-after: 3600\r\n", "Retry later"));
    let refused = ForgeRun::on(&server.origin, ForgeKind::GitLab, false).list();
    assert!(matches!(&refused, Err(CallError::Unavailable(why)) if why.contains("3600 s")), "{refused:?}");
    assert_eq!(server.log().len(), 1);
    // A time that no clock can have is harmless.
    let server = ForgeServer::new(move |_, number| match number {
        1 => limited(429, "retry-after: 1\r\n", ""),
        _ => limited(429, &format!("retry-after: {}\r\n", u64::MAX), ""),
    });
    let refused = ForgeRun::on(&server.origin, ForgeKind::GitLab, false).list();
    assert!(matches!(refused, Err(CallError::Unavailable(_))), "{refused:?}");
    assert_eq!(server.log().len(), 2);
}

#[test]
fn a_request_that_could_take_effect_twice_gets_no_retry() {
    // The answer gets lost, after the forge has opened it or before.
    for (made, found) in [(true, true), (false, false)] {
        let server = ForgeServer::new(move |received, number| match is_list(received) {
            true if made && number > 1 => ok(&json!([request("abc")])),
            true => ok(&json!([])),
            false if number == 1 => (0, String::new(), String::new()),
            false => ok(&json!({})),
        });
        let opened = ForgeRun::on(&server.origin, ForgeKind::GitHub, false).open();
        match found {
            true => assert_eq!(opened.unwrap().unwrap().number, 7),
            false => assert!(matches!(opened, Err(CallError::Unavailable(_))), "{opened:?}"),
        }
        let opens = server.changes().into_iter().filter(|line| line.ends_with("/pulls")).count();
        assert_eq!(opens, 1);
    }
}

#[test]
fn the_answer_of_the_forge_decides_the_result_of_a_merge() {
    for (answer, expected) in [
        (status(405, "Base branch was modified. Review and try the merge again."), Ok(MergeResult::NotReady)),
        (status(405, "Required status check \"ci\" is expected."), Ok(MergeResult::NotReady)),
        (ok(&json!({"merged": true})), Ok(MergeResult::Merged)),
        (status(409, "Head branch was modified. Review and try the merge again."), Err("conflict")),
        (status(422, "Validation Failed"), Err("upstream")),
        (status(403, "Resource not accessible by integration"), Err("unauthorized")),
        (status(401, "Bad credentials"), Err("unauthorized")),
    ] {
        let server = ForgeServer::new(move |received, _| match &*received.line {
            line if line.ends_with("/merge") => answer.clone(),
            line if line.ends_with("/graphql") => {
                ok(&json!({"errors": [{"message": "Pull request is in clean status"}]}))
            }
            line if line.contains("/commits/") => ok(&json!({"check_runs": [], "statuses": []})),
            _ => ok(&request("abc")),
        });
        let merged = ForgeRun::on(&server.origin, ForgeKind::GitHub, false).merge(7, "abc");
        assert_eq!(merged.as_ref().map_err(CallError::word), expected.as_ref().map_err(|word| *word));
        let received =
            server.log().into_iter().rfind(|received| received.line.ends_with("/merge")).unwrap().body;
        assert_eq!(
            received,
            json!({"sha": "abc", "merge_method": "merge", "commit_message": "Promoted-To: prod"})
        );
    }
}

#[test]
fn the_client_tries_the_merge_methods_in_order() {
    let server = ForgeServer::new(move |received, _| match &*received.line {
        line if line.ends_with("/merge") => match received.body["merge_method"].as_str().unwrap() {
            "squash" => ok(&json!({"merged": true})),
            _ => status(405, "Merge commits are not allowed on this repository."),
        },
        line if line.ends_with("/graphql") => ok(&json!({"errors": [{"message": "clean status"}]})),
        line if line.contains("/commits/") => ok(&json!({"check_runs": [], "statuses": []})),
        _ => ok(&request("abc")),
    });
    assert_eq!(
        ForgeRun::on(&server.origin, ForgeKind::GitHub, false).merge(7, "abc"),
        Ok(MergeResult::Merged)
    );
}

#[test]
fn a_pull_request_is_not_merged_before_its_checks_pass() {
    let server = ForgeServer::new(move |received, _| match &*received.line {
        line if line.ends_with("/graphql") => {
            ok(&json!({"errors": [{"message": "Auto merge is not allowed for this repository"}]}))
        }
        line if line.contains("/check-runs") => {
            ok(&json!({"check_runs": [{"name": "ci", "status": "queued"}]}))
        }
        line if line.contains("/commits/") => ok(&json!({"statuses": []})),
        _ => ok(&request("abc")),
    });
    assert_eq!(
        ForgeRun::on(&server.origin, ForgeKind::GitHub, false).merge(7, "abc"),
        Ok(MergeResult::NotReady)
    );
    assert!(!server.log().iter().any(|received| received.line.ends_with("/merge")));
}

#[test]
fn without_the_right_to_read_checks_nothing_is_merged() {
    let server = ForgeServer::new(move |received, _| match &*received.line {
        line if line.ends_with("/graphql") => ok(&json!({"errors": [{"message": "clean status"}]})),
        line if line.contains("/commits/") => status(403, "Resource not accessible by integration"),
        _ => ok(&request("abc")),
    });
    let mut run = ForgeRun::on(&server.origin, ForgeKind::GitHub, false);
    let status = run.get_status(7).unwrap();
    assert_eq!((status.blocker, status.checks.len()), (MergeBlocker::None, 0));
    assert!(matches!(run.merge(7, "abc"), Err(CallError::Unauthorized(_))));
    assert!(!server.log().iter().any(|received| received.line.ends_with("/merge")));
}

#[test]
fn no_other_server_and_no_message_gets_the_token() {
    let other = ForgeServer::new(|_, _| ok(&json!([])));
    let to = format!("{}/caught", other.origin);
    let server = ForgeServer::new(move |_, _| (301, format!("location: {to}\r\n"), String::new()));
    let refused = ForgeRun::on(&server.origin, ForgeKind::GitHub, false).list();
    assert!(matches!(&refused, Err(CallError::NotFound(why)) if why.contains("has moved")), "{refused:?}");
    // The same for other kinds of forge, redirects and methods.
    for kind in ForgeKind::ALL {
        for code in [302, 303, 307, 308] {
            let to = format!("{}/caught", other.origin);
            let server = ForgeServer::new(move |_, _| (code, format!("location: {to}\r\n"), String::new()));
            let mut run = ForgeRun::on(&server.origin, kind, false);
            assert!(matches!(run.open(), Err(CallError::NotFound(_))), "{kind} {code}");
            assert!(matches!(run.get_status(7), Err(CallError::NotFound(_))), "{kind} {code}");
        }
    }
    assert!(other.log().is_empty());
    // A forge that echoes the request, in an error and in an answer.
    for kind in ForgeKind::ALL {
        let echo = ForgeServer::new(|received, _| status(422, &received.head));
        let refused = ForgeRun::on(&echo.origin, kind, false).list();
        let text = format!("{refused:?}");
        assert!(text.contains("***") && !text.contains(TOKEN), "{kind} {text}");
    }
    let echo = ForgeServer::new(|received, _| {
        let mut one = request("abc");
        one["body"] = json!(received.head);
        ok(&json!([one]))
    });
    let found = ForgeRun::on(&echo.origin, ForgeKind::GitHub, false).list().unwrap();
    assert!(found[0].body.contains("***") && !found[0].body.contains(TOKEN), "{}", found[0].body);
}

#[test]
fn an_answer_that_is_too_large_or_unreadable_is_an_error() {
    let server = ForgeServer::new(|_, _| ok(&json!("x".repeat(9 * 1024 * 1024))));
    for kind in ForgeKind::ALL {
        let refused = ForgeRun::on(&server.origin, kind, false).list();
        assert!(matches!(&refused, Err(CallError::Unavailable(why)) if why.contains("bytes")), "{refused:?}");
    }
    assert_eq!(server.log().len(), 3, "it would be as large again");
    let server = ForgeServer::new(|_, _| ok(&json!({"number": "seven"})));
    for kind in ForgeKind::ALL {
        let refused = ForgeRun::on(&server.origin, kind, false).get_status(7);
        assert!(matches!(refused, Err(CallError::Unavailable(_))), "{refused:?}");
    }
    for (title, labels) in
        [("", vec![]), ("a\nb", vec![]), ("a", vec!["b,c".to_owned()]), ("a", vec![String::new()])]
    {
        let wrong = PullRequestContent { title: title.into(), body: String::new(), labels };
        let refused = ForgeRun::on(&server.origin, ForgeKind::GitHub, false)
            .call("open", |forges, permit| forges.open(permit, &wrong));
        assert!(matches!(refused, Err(CallError::Invalid(_))), "{refused:?}");
    }
}
