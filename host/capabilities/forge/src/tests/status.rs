//! Tests: merge blockers and check states of each forge.

use super::kinds::{OPEN, PullRequestFixture};
use super::*;
use serde_json::json;

/// The status of a pull request with this value for one key, and with these checks.
fn status(kind: ForgeKind, name: &'static str, value: &Value, checks: &Value) -> PullRequestStatus {
    let (one, checks) = (OPEN.with(kind, name, value.clone()), checks.clone());
    let server = ForgeServer::new(move |received, _| match received.line.split('?').next().unwrap() {
        line if line.ends_with("/check-runs") => ok(&json!({"check_runs": checks})),
        line if line.ends_with("/status") && kind == ForgeKind::GitHub => ok(&json!({"statuses": []})),
        line if line.ends_with("/status") => ok(&json!({"statuses": checks})),
        line if line.ends_with("/statuses") => ok(&checks),
        _ => ok(&one),
    });
    ForgeRun::on(&server.origin, kind, false).get_status(7).unwrap()
}

#[test]
fn merge_blockers_follow_the_words_of_the_forges() {
    for (kind, name, words) in [
        (
            ForgeKind::GitHub,
            "mergeable_state",
            &[
                ("clean", MergeBlocker::None),
                ("has_hooks", MergeBlocker::None),
                ("behind", MergeBlocker::Behind),
                ("dirty", MergeBlocker::Conflicts),
                ("draft", MergeBlocker::Draft),
                ("blocked", MergeBlocker::Blocked),
                ("unstable", MergeBlocker::Unknown),
                ("unknown", MergeBlocker::Unknown),
                ("something new", MergeBlocker::Unknown),
            ][..],
        ),
        (
            ForgeKind::GitLab,
            "detailed_merge_status",
            &[
                ("mergeable", MergeBlocker::None),
                ("ci_still_running", MergeBlocker::ChecksPending),
                ("ci_must_pass", MergeBlocker::ChecksPending),
                ("status_checks_must_pass", MergeBlocker::ChecksPending),
                ("not_approved", MergeBlocker::ReviewRequired),
                ("requested_changes", MergeBlocker::ReviewRequired),
                ("discussions_not_resolved", MergeBlocker::ReviewRequired),
                ("approvals_syncing", MergeBlocker::ReviewRequired),
                ("need_rebase", MergeBlocker::Behind),
                ("conflict", MergeBlocker::Conflicts),
                ("draft_status", MergeBlocker::Draft),
                ("checking", MergeBlocker::Unknown),
                ("unchecked", MergeBlocker::Unknown),
                ("preparing", MergeBlocker::Unknown),
                ("jira_association_missing", MergeBlocker::Blocked),
                ("merge_request_blocked", MergeBlocker::Blocked),
                ("something new", MergeBlocker::Blocked),
            ][..],
        ),
    ] {
        for (word, expected) in words {
            let status = status(kind, name, &json!(word), &json!([]));
            assert_eq!((status.blocker, &*status.checks), (*expected, &[][..]), "{kind} {word}");
        }
    }
    for (name, value, expected) in [
        ("mergeable", json!(true), MergeBlocker::Unknown),
        ("mergeable", json!(false), MergeBlocker::Conflicts),
        ("draft", json!(true), MergeBlocker::Draft),
    ] {
        assert_eq!(status(ForgeKind::Gitea, name, &value, &json!([])).blocker, expected, "{name} {value}");
    }
}

#[test]
fn check_states_follow_the_words_of_the_forges() {
    let (passed, failed, pending) = (CheckState::Passed, CheckState::Failed, CheckState::Pending);
    let github =
        |status: &str, conclusion: Value| json!({"name": "ci", "status": status, "conclusion": conclusion});
    let gitlab = |status: &str, free: bool| json!({"name": "ci", "status": status, "allow_failure": free});
    let gitea = |status: &str| json!({"context": "ci", "status": status});
    let mut rows = vec![
        (ForgeKind::GitHub, github("queued", Value::Null), pending),
        (ForgeKind::GitHub, github("in_progress", Value::Null), pending),
        (ForgeKind::GitLab, gitlab("success", false), passed),
        (ForgeKind::GitLab, gitlab("skipped", false), passed),
        (ForgeKind::GitLab, gitlab("failed", false), failed),
        (ForgeKind::GitLab, gitlab("canceled", false), failed),
        (ForgeKind::GitLab, gitlab("failed", true), passed),
        (ForgeKind::GitLab, gitlab("manual", true), passed),
        (ForgeKind::GitLab, gitlab("manual", false), pending),
        (ForgeKind::GitLab, gitlab("running", true), pending),
        (ForgeKind::GitLab, gitlab("created", false), pending),
        (ForgeKind::Gitea, gitea("success"), passed),
        (ForgeKind::Gitea, gitea("warning"), passed),
        (ForgeKind::Gitea, gitea("pending"), pending),
        (ForgeKind::Gitea, gitea("failure"), failed),
        (ForgeKind::Gitea, gitea("error"), failed),
    ];
    for (word, expected) in [
        ("success", passed),
        ("neutral", passed),
        ("skipped", passed),
        ("failure", failed),
        ("cancelled", failed),
        ("timed_out", failed),
        ("action_required", failed),
        ("stale", failed),
    ] {
        rows.push((ForgeKind::GitHub, github("completed", json!(word)), expected));
    }
    for (kind, check, expected) in rows {
        let name = if kind == ForgeKind::GitHub { "mergeable_state" } else { "detailed_merge_status" };
        let status = status(kind, name, &json!("blocked_by_something"), &json!([check]));
        assert_eq!(status.checks[0].state, expected, "{kind} {check}");
        let blocker = match expected {
            CheckState::Failed => MergeBlocker::ChecksFailed,
            CheckState::Pending => MergeBlocker::ChecksPending,
            CheckState::Passed => continue,
        };
        assert_eq!(status.blocker, blocker, "{kind} {check}");
    }
    // For a failed pipeline, GitLab tells only that it must pass.
    let checks = json!([{"name": "ci", "status": "failed"}]);
    let status = status(ForgeKind::GitLab, "detailed_merge_status", &json!("ci_must_pass"), &checks);
    assert_eq!(status.blocker, MergeBlocker::ChecksFailed);
}

#[test]
fn a_pull_request_without_a_source_repository_has_no_branch() {
    for (kind, _) in ROOTS {
        let mut one = OPEN.json_of(kind);
        match kind {
            ForgeKind::GitHub => (one["base"]["repo"], one["head"]["repo"]) = (Value::Null, Value::Null),
            ForgeKind::Gitea => (one["base"]["repo_id"], one["head"]["repo_id"]) = (Value::Null, Value::Null),
            ForgeKind::GitLab => {
                (one["source_project_id"], one["target_project_id"]) = (Value::Null, Value::Null);
            }
        }
        let server = ForgeServer::new(move |_, _| ok(&one));
        let refused = ForgeRun::on(&server.origin, kind, false).get_status(7);
        assert!(matches!(refused, Err(CallError::NotFound(_))), "{kind} {refused:?}");
    }
}

#[test]
fn a_merged_pull_request_has_its_merge_commit() {
    for (kind, _) in ROOTS {
        let merged = PullRequestFixture { state: "merged", ..OPEN }.json_of(kind);
        let server = ForgeServer::new(move |received, _| match received.line.split('?').next().unwrap() {
            line if line.ends_with("/check-runs") => ok(&json!({"check_runs": []})),
            line if line.ends_with("/statuses") => ok(&json!([])),
            // Gitea answers `null` for a commit without statuses.
            line if line.ends_with("/status") && kind == ForgeKind::Gitea => ok(&Value::Null),
            line if line.ends_with("/status") => ok(&json!({"statuses": []})),
            _ => ok(&merged),
        });
        let status = ForgeRun::on(&server.origin, kind, false).get_status(7).unwrap();
        assert_eq!(
            (status.pull_request.merge_commit.as_deref(), status.blocker),
            (Some("def"), MergeBlocker::None),
            "{kind}"
        );
    }
    for (name, value) in [("squash_commit_sha", "squashed"), ("sha", "abc")] {
        let mut one =
            PullRequestFixture { state: "merged", ..OPEN }.with(ForgeKind::GitLab, name, json!(value));
        one["merge_commit_sha"] = Value::Null;
        let server = ForgeServer::new(move |received, _| match received.line.contains("/statuses") {
            true => ok(&json!([])),
            false => ok(&one),
        });
        let status = ForgeRun::on(&server.origin, ForgeKind::GitLab, false).get_status(7).unwrap();
        assert_eq!(status.pull_request.merge_commit.as_deref(), Some(value));
    }
}
