//! Tests: the result of a merge for each answer of a forge, also for a lost one.

use super::kinds::{OPEN, PullRequestFixture};
use super::*;
use serde_json::json;

/// A forge with one pull request. `merges` answers its merge requests, and it is merged after `merged_after` of them.
fn forge(
    kind: ForgeKind,
    merged_after: usize,
    checks: &'static str,
    merges: impl Fn(&ReceivedRequest, usize) -> TestReply + Send + Sync + 'static,
) -> ForgeServer {
    let asked_for = Mutex::new(0);
    ForgeServer::new(move |received, _| {
        let line = received.line.split('?').next().unwrap();
        let mut count = asked_for.lock().unwrap();
        if line.ends_with("/merge") {
            *count += 1;
            return merges(received, *count);
        }
        let state = if *count >= merged_after { "merged" } else { "open" };
        match line {
            line if line.ends_with("/graphql") => ok(&json!({"errors": [{"message": "clean status"}]})),
            line if line.ends_with("/check-runs") => ok(&json!({"check_runs": []})),
            line if line.ends_with("/status") => ok(&json!({"statuses": []})),
            line if line.ends_with("/statuses") => (200, String::new(), checks.to_owned()),
            line if line.ends_with("/deploy") => ok(&json!({"default_merge_style": "merge"})),
            _ => ok(&PullRequestFixture { state, ..OPEN }.with(
                kind,
                "detailed_merge_status",
                json!("mergeable"),
            )),
        }
    })
}

const NEVER: usize = usize::MAX;

#[test]
fn the_answer_of_gitlab_decides_the_result_of_a_merge() {
    for (answer, expected) in [
        (ok(&json!({"state": "merged"})), Ok(MergeResult::Merged)),
        (
            ok(&json!({"state": "opened", "merge_when_pipeline_succeeds": true})),
            Ok(MergeResult::AutoMergeEnabled),
        ),
        (status(405, "405 Method Not Allowed"), Ok(MergeResult::NotReady)),
        (status(406, "Branch cannot be merged"), Ok(MergeResult::NotReady)),
        (status(422, "Branch cannot be merged"), Ok(MergeResult::NotReady)),
        (status(409, "SHA does not match HEAD of source branch: def"), Err("conflict")),
        (status(401, "401 Unauthorized"), Err("unauthorized")),
        (status(403, "403 Forbidden"), Err("unauthorized")),
        (status(400, "400 Bad request"), Err("upstream")),
    ] {
        let checks = r#"[{"name": "ci", "status": "running"}]"#;
        let server = forge(ForgeKind::GitLab, NEVER, checks, move |_, _| answer.clone());
        let merged = ForgeRun::on(&server.origin, ForgeKind::GitLab, false).merge(7, "abc");
        assert_eq!(merged.as_ref().map_err(CallError::word), expected.as_ref().map_err(|word| *word));
        assert_eq!(server.changes().len(), 1, "{:?}", server.changes());
    }
}

#[test]
fn without_a_pipeline_gitlab_merges_now() {
    let merges = |received: &ReceivedRequest, _| match received.body["auto_merge"] == true {
        // GitLab enables auto-merge only if there is a pipeline.
        true => status(405, "405 Method Not Allowed"),
        false => ok(&json!({"state": "merged"})),
    };
    let server = forge(ForgeKind::GitLab, NEVER, "[]", merges);
    assert_eq!(
        ForgeRun::on(&server.origin, ForgeKind::GitLab, false).merge(7, "abc"),
        Ok(MergeResult::Merged)
    );
    let requested: Vec<_> =
        server.log().into_iter().filter(|received| received.line.starts_with("PUT")).collect();
    assert_eq!((requested.len(), &requested[1].body["sha"]), (2, &json!("abc")), "the commit is named again");
    let message = requested[1].body["merge_commit_message"].as_str().unwrap();
    assert!(message.ends_with("Promoted-To: prod"), "{message}");
    // A failed pipeline blocks the merge.
    let failed = r#"[{"name": "ci", "status": "failed"}]"#;
    let server = forge(ForgeKind::GitLab, NEVER, failed, merges);
    assert_eq!(
        ForgeRun::on(&server.origin, ForgeKind::GitLab, false).merge(7, "abc"),
        Ok(MergeResult::NotReady)
    );
    assert_eq!(server.changes().len(), 1);
    // A merge request that GitLab still prepares is not ready.
    let server = ForgeServer::new(|received, _| match received.line.split('?').next().unwrap() {
        line if line.ends_with("/merge") => status(405, "405 Method Not Allowed"),
        line if line.ends_with("/statuses") => ok(&json!([])),
        _ => ok(&OPEN.with(ForgeKind::GitLab, "detailed_merge_status", json!("preparing"))),
    });
    assert_eq!(
        ForgeRun::on(&server.origin, ForgeKind::GitLab, false).merge(7, "abc"),
        Ok(MergeResult::NotReady)
    );
    assert_eq!(server.changes().len(), 1);
}

#[test]
fn the_answer_of_gitea_decides_the_result_of_a_merge() {
    let empty = |status: u16| (status, String::new(), String::new());
    for (answer, expected, times) in [
        (empty(200), Ok(MergeResult::Merged), 1),
        (empty(201), Ok(MergeResult::AutoMergeEnabled), 1),
        (status(405, "Please try again later"), Ok(MergeResult::NotReady), 1),
        (status(405, "Does not have enough approvals"), Ok(MergeResult::NotReady), 1),
        (status(405, "not allowed merge style"), Err("upstream"), 4),
        (status(405, "User not allowed to merge PR"), Err("upstream"), 1),
        (
            status(409, "pull request is already scheduled to auto merge"),
            Ok(MergeResult::AutoMergeEnabled),
            1,
        ),
        (status(409, "head out of date"), Err("conflict"), 1),
        (status(409, "merge push out of date"), Ok(MergeResult::NotReady), 1),
        (status(409, "PushRejected"), Err("upstream"), 1),
        (status(403, "token does not have the scope"), Err("unauthorized"), 1),
    ] {
        let server = forge(ForgeKind::Gitea, NEVER, "[]", move |_, _| answer.clone());
        let merged = ForgeRun::on(&server.origin, ForgeKind::Gitea, false).merge(7, "abc");
        assert_eq!(merged.as_ref().map_err(CallError::word), expected.as_ref().map_err(|word| *word));
        assert_eq!(server.changes().len(), times, "{:?}", server.changes());
    }
    let server =
        forge(ForgeKind::Gitea, NEVER, "[]", move |received, _| match received.body["Do"] == "squash" {
            true => empty(200),
            false => status(405, "not allowed merge style"),
        });
    assert_eq!(
        ForgeRun::on(&server.origin, ForgeKind::Gitea, false).merge(7, "abc"),
        Ok(MergeResult::Merged)
    );
}

#[test]
fn a_merge_whose_answer_is_lost_is_found() {
    for (kind, root) in ROOTS {
        for fault in [0, 502] {
            let server = forge(kind, 1, "[]", move |_, _| (fault, String::new(), String::new()));
            let merged = ForgeRun::on(&server.origin, kind, false).merge(7, "abc");
            assert_eq!(merged, Ok(MergeResult::Merged), "{kind} {fault}");
            let merge = format!("{root}/{}/7/merge", path_name(kind));
            let requested: Vec<_> =
                server.changes().into_iter().filter(|line| line.ends_with(&merge)).collect();
            assert_eq!(requested.len(), 1, "{kind} {fault}");
            // The forge has not merged it: the step tries again later.
            let server = forge(kind, NEVER, "[]", move |_, _| (fault, String::new(), String::new()));
            let merged = ForgeRun::on(&server.origin, kind, false).merge(7, "abc");
            assert_eq!(merged, Ok(MergeResult::NotReady), "{kind} {fault}");
        }
    }
}

#[test]
fn a_merged_or_auto_merged_pull_request_gets_no_other_request() {
    for (kind, name, value) in [
        (ForgeKind::GitHub, "auto_merge", json!({"merge_method": "merge"})),
        (ForgeKind::GitLab, "merge_when_pipeline_succeeds", json!(true)),
    ] {
        let server = ForgeServer::new(move |_, _| ok(&OPEN.with(kind, name, value.clone())));
        assert_eq!(
            ForgeRun::on(&server.origin, kind, false).merge(7, "abc"),
            Ok(MergeResult::AutoMergeEnabled),
            "{kind}"
        );
        assert!(server.changes().is_empty());
    }
    for (kind, _) in ROOTS {
        for state in ["merged", "closed"] {
            let server =
                ForgeServer::new(move |_, _| ok(&PullRequestFixture { state, ..OPEN }.json_of(kind)));
            let mut run = ForgeRun::on(&server.origin, kind, false);
            for refused in [run.merge(7, "abc").err(), run.update(7).err()] {
                assert!(matches!(refused, Some(CallError::Conflict(_))), "{kind} {state} {refused:?}");
            }
            assert!(server.changes().is_empty());
        }
    }
}

#[test]
fn auto_merge_of_github_uses_its_graphql_api() {
    let server = ForgeServer::new(move |received, _| match &*received.line {
        "POST /api/graphql" => match received.body["variables"]["way"] == "SQUASH" {
            true => ok(&json!({"data": {"enablePullRequestAutoMerge": {"pullRequest": {"number": 7}}}})),
            false => ok(&json!({"data": null, "errors": [
                {"type": "UNPROCESSABLE", "message": "Merge method merge commits are not allowed on this repository"},
            ]})),
        },
        _ => ok(&OPEN.json_of(ForgeKind::GitHub)),
    });
    let merged = ForgeRun::on(&server.origin, ForgeKind::GitHub, false).merge(7, "abc");
    assert_eq!(
        (merged, server.changes().len()),
        (Ok(MergeResult::AutoMergeEnabled), 2),
        "{:?}",
        server.changes()
    );
    let token = format!("bearer {TOKEN}");
    assert!(server.log().iter().all(|received| received.head.to_lowercase().contains(&token)));
}

#[test]
fn an_unknown_check_of_github_does_not_count_as_passed() {
    // An answer in another form, or with a check without a name, does not mean that there are no checks.
    for runs in ["{}", "<html>", r#"{"check_runs": [{"status": "queued"}]}"#] {
        let server = ForgeServer::new(move |received, _| match &*received.line {
            line if line.ends_with("/graphql") => ok(&json!({"errors": [{"message": "clean status"}]})),
            line if line.contains("/check-runs") => (200, String::new(), runs.to_owned()),
            line if line.contains("/status") => ok(&json!({"statuses": []})),
            _ => ok(&OPEN.json_of(ForgeKind::GitHub)),
        });
        let merged = ForgeRun::on(&server.origin, ForgeKind::GitHub, false).merge(7, "abc");
        assert_ne!(merged, Ok(MergeResult::Merged), "{runs}");
        assert!(!server.log().iter().any(|received| received.line.ends_with("/merge")), "{runs}");
    }
    // An answer of GraphQL without data does not mean that auto-merge is enabled.
    let server = ForgeServer::new(move |received, _| match &*received.line {
        line if line.ends_with("/graphql") => ok(&json!({})),
        line if line.ends_with("/merge") => status(405, "a rule is not met"),
        line if line.contains("/check-runs") => ok(&json!({"check_runs": []})),
        line if line.contains("/status") => ok(&json!({"statuses": []})),
        _ => ok(&OPEN.json_of(ForgeKind::GitHub)),
    });
    assert_eq!(
        ForgeRun::on(&server.origin, ForgeKind::GitHub, false).merge(7, "abc"),
        Ok(MergeResult::NotReady)
    );
}
