//! What is made of what forges say keeps a pull request from being merged, and of their checks.

use super::kinds::{OPEN, Told};
use super::*;
use serde_json::json;

/// How one stands of which the forge says this, with these checks.
fn standing(kind: ForgeKind, name: &'static str, value: &Value, checks: &Value) -> Standing {
    let (one, checks) = (OPEN.with(kind, name, value.clone()), checks.clone());
    let server = Server::new(move |asked, _| match asked.line.split('?').next().unwrap() {
        line if line.ends_with("/check-runs") => ok(&json!({"check_runs": checks})),
        line if line.ends_with("/status") && kind == ForgeKind::GitHub => ok(&json!({"statuses": []})),
        line if line.ends_with("/status") => ok(&json!({"statuses": checks})),
        line if line.ends_with("/statuses") => ok(&checks),
        _ => ok(&one),
    });
    Run::on(&server.origin, kind, false).inspect(7).unwrap()
}

#[test]
fn hurdles_are_what_the_forges_call_them() {
    for (kind, name, words) in [
        (
            ForgeKind::GitHub,
            "mergeable_state",
            &[
                ("clean", Hurdle::None),
                ("has_hooks", Hurdle::None),
                ("behind", Hurdle::Behind),
                ("dirty", Hurdle::Conflicts),
                ("draft", Hurdle::Draft),
                ("blocked", Hurdle::Blocked),
                ("unstable", Hurdle::Unknown),
                ("unknown", Hurdle::Unknown),
                ("something new", Hurdle::Unknown),
            ][..],
        ),
        (
            ForgeKind::GitLab,
            "detailed_merge_status",
            &[
                ("mergeable", Hurdle::None),
                ("ci_still_running", Hurdle::ChecksPending),
                ("ci_must_pass", Hurdle::ChecksPending),
                ("status_checks_must_pass", Hurdle::ChecksPending),
                ("not_approved", Hurdle::Review),
                ("requested_changes", Hurdle::Review),
                ("discussions_not_resolved", Hurdle::Review),
                ("approvals_syncing", Hurdle::Review),
                ("need_rebase", Hurdle::Behind),
                ("conflict", Hurdle::Conflicts),
                ("draft_status", Hurdle::Draft),
                ("checking", Hurdle::Unknown),
                ("unchecked", Hurdle::Unknown),
                ("preparing", Hurdle::Unknown),
                ("jira_association_missing", Hurdle::Blocked),
                ("merge_request_blocked", Hurdle::Blocked),
                ("something new", Hurdle::Blocked),
            ][..],
        ),
    ] {
        for (word, expected) in words {
            let standing = standing(kind, name, &json!(word), &json!([]));
            assert_eq!((standing.hurdle, &*standing.checks), (*expected, &[][..]), "{kind} {word}");
        }
    }
    for (name, value, expected) in [
        ("mergeable", json!(true), Hurdle::Unknown),
        ("mergeable", json!(false), Hurdle::Conflicts),
        ("draft", json!(true), Hurdle::Draft),
    ] {
        assert_eq!(standing(ForgeKind::Gitea, name, &value, &json!([])).hurdle, expected, "{name} {value}");
    }
}

#[test]
fn checks_stand_as_the_forges_say() {
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
        let standing = standing(kind, name, &json!("blocked_by_something"), &json!([check]));
        assert_eq!(standing.checks[0].state, expected, "{kind} {check}");
        let hurdle = match expected {
            CheckState::Failed => Hurdle::ChecksFailed,
            CheckState::Pending => Hurdle::ChecksPending,
            CheckState::Passed => continue,
        };
        assert_eq!(standing.hurdle, hurdle, "{kind} {check}");
    }
    // GitLab says no more than that its pipeline has to pass when that has failed.
    let checks = json!([{"name": "ci", "status": "failed"}]);
    let standing = standing(ForgeKind::GitLab, "detailed_merge_status", &json!("ci_must_pass"), &checks);
    assert_eq!(standing.hurdle, Hurdle::ChecksFailed);
}

#[test]
fn what_says_of_no_repository_where_it_is_from_is_of_none() {
    for (kind, _) in ROOTS {
        let mut one = OPEN.as_told_by(kind);
        match kind {
            ForgeKind::GitHub => (one["base"]["repo"], one["head"]["repo"]) = (Value::Null, Value::Null),
            ForgeKind::Gitea => (one["base"]["repo_id"], one["head"]["repo_id"]) = (Value::Null, Value::Null),
            ForgeKind::GitLab => {
                (one["source_project_id"], one["target_project_id"]) = (Value::Null, Value::Null);
            }
        }
        let server = Server::new(move |_, _| ok(&one));
        let refused = Run::on(&server.origin, kind, false).inspect(7);
        assert!(matches!(refused, Err(CallError::NotFound(_))), "{kind} {refused:?}");
    }
}

#[test]
fn a_merged_one_has_the_commit_that_it_became() {
    for (kind, _) in ROOTS {
        let merged = Told { state: "merged", ..OPEN }.as_told_by(kind);
        let server = Server::new(move |asked, _| match asked.line.split('?').next().unwrap() {
            line if line.ends_with("/check-runs") => ok(&json!({"check_runs": []})),
            line if line.ends_with("/statuses") => ok(&json!([])),
            // Gitea has nothing to say of a commit without any.
            line if line.ends_with("/status") && kind == ForgeKind::Gitea => ok(&Value::Null),
            line if line.ends_with("/status") => ok(&json!({"statuses": []})),
            _ => ok(&merged),
        });
        let standing = Run::on(&server.origin, kind, false).inspect(7).unwrap();
        assert_eq!((standing.now.merged.as_deref(), standing.hurdle), (Some("def"), Hurdle::None), "{kind}");
    }
    for (name, value) in [("squash_commit_sha", "squashed"), ("sha", "abc")] {
        let mut one = Told { state: "merged", ..OPEN }.with(ForgeKind::GitLab, name, json!(value));
        one["merge_commit_sha"] = Value::Null;
        let server = Server::new(move |asked, _| match asked.line.contains("/statuses") {
            true => ok(&json!([])),
            false => ok(&one),
        });
        let standing = Run::on(&server.origin, ForgeKind::GitLab, false).inspect(7).unwrap();
        assert_eq!(standing.now.merged.as_deref(), Some(value));
    }
}
