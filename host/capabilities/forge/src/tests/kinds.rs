//! The same test on each kind of forge, with answers in the form of its documentation.

use super::*;
use serde_json::json;

/// A pull request in the answers of a server.
pub(super) struct PullRequestFixture {
    pub(super) number: u64,
    pub(super) branch: &'static str,
    pub(super) base: &'static str,
    pub(super) own: bool,
    pub(super) state: &'static str,
    pub(super) head: &'static str,
}

pub(super) const OPEN: PullRequestFixture =
    PullRequestFixture { number: 7, branch: BRANCH, base: "main", own: true, state: "open", head: "abc" };

impl PullRequestFixture {
    pub(super) fn json_of(&self, kind: ForgeKind) -> Value {
        let Self { number, branch, base, own, state, head } = self;
        let (repo, other) = (1, if *own { 1 } else { 2 });
        let merged = *state == "merged";
        let open_or_closed = if *state == "open" { "open" } else { "closed" };
        match kind {
            ForgeKind::GitHub => json!({
                "number": number, "node_id": "PR_1", "html_url": "https://forge/7", "state": open_or_closed, "title": "t",
                "body": "b", "labels": [{"name": "z"}, {"name": "a"}], "mergeable_state": "blocked",
                "merged_at": merged.then_some("2026-01-01T00:00:00Z"), "merge_commit_sha": "def", "auto_merge": null,
                "base": {"ref": base, "repo": {"id": repo}}, "head": {"ref": branch, "sha": head, "repo": {"id": other}},
            }),
            ForgeKind::Gitea => json!({
                "number": number, "html_url": "https://forge/7", "state": open_or_closed, "title": "t", "body": "b",
                "labels": [{"name": "z"}, {"name": "a"}], "merged": merged, "merge_commit_sha": "def", "mergeable": true,
                "base": {"label": base, "ref": base, "repo_id": repo},
                "head": {"label": branch, "ref": "refs/pull/7/head", "sha": head, "repo_id": other},
            }),
            ForgeKind::GitLab => json!({
                "iid": number, "web_url": "https://forge/7", "state": if *state == "open" { "opened" } else { state },
                "title": "t", "description": "b", "labels": ["z", "a"], "sha": head,
                "merge_commit_sha": merged.then_some("def"), "detailed_merge_status": "ci_still_running",
                "merge_when_pipeline_succeeds": false, "target_branch": base, "source_branch": branch,
                "source_project_id": other, "target_project_id": repo,
            }),
        }
    }

    /// Its JSON with another value for one key.
    pub(super) fn with(&self, kind: ForgeKind, name: &str, value: Value) -> Value {
        let mut told = self.json_of(kind);
        told[name] = value;
        told
    }
}

/// A forge with these pull requests that accepts every request.
fn forge(kind: ForgeKind, told: &'static [PullRequestFixture]) -> ForgeServer {
    ForgeServer::new(move |received, _| {
        let all: Vec<_> = told.iter().map(|one| one.json_of(kind)).collect();
        let (method, target) = received.line.split_once(' ').unwrap();
        let path = target.split('?').next().unwrap();
        let last = path.rsplit('/').next().unwrap();
        match (method, last) {
            ("GET", "pulls" | "merge_requests") => ok(&json!(all)),
            ("GET", "status") => ok(&json!({"statuses": [
                {"context": "ci", "state": "pending", "status": "pending", "target_url": "https://ci/1"},
            ]})),
            ("GET", "statuses") => {
                ok(&json!([{"name": "ci", "status": "running", "target_url": "https://ci/1"}]))
            }
            ("GET", "check-runs") => ok(&json!({"check_runs": [
                {"name": "build", "status": "completed", "conclusion": "success", "html_url": "https://ci/2"},
            ]})),
            ("GET", "comments" | "notes") => ok(&json!([
                {"id": 1, "body": "of a person"}, {"id": 5, "body": "old\n<!-- lockstep:superseded -->"},
            ])),
            ("GET", "labels") => ok(&json!([{"name": "prod"}])),
            ("GET", number) => match all.iter().find(|one| {
                one["number"] == json!(number.parse::<u64>().ok())
                    || one["iid"] == json!(number.parse::<u64>().ok())
            }) {
                Some(one) => ok(one),
                None if number == "deploy" => ok(&json!({"default_merge_style": "squash"})),
                None => status(404, "Not Found"),
            },
            ("POST", "pulls" | "merge_requests") => (201, String::new(), OPEN.json_of(kind).to_string()),
            ("POST", "graphql") => ok(&json!({"data": {}})),
            ("POST", "merge") => (201, String::new(), String::new()),
            _ => ok(&json!({})),
        }
    })
}

fn each(story: impl Fn(ForgeKind)) {
    ForgeKind::ALL.into_iter().for_each(story);
}

#[test]
fn only_pull_requests_between_the_two_branches_are_visible() {
    static ALL: [PullRequestFixture; 5] = [
        PullRequestFixture { number: 11, own: false, ..OPEN },
        PullRequestFixture { number: 10, base: "release", ..OPEN },
        PullRequestFixture { number: 9, branch: "feature", ..OPEN },
        OPEN,
        PullRequestFixture { number: 3, state: "merged", ..OPEN },
    ];
    each(|kind| {
        let server = forge(kind, &ALL);
        let mut run = ForgeRun::on(&server.origin, kind, false);
        let found = run.list().unwrap();
        let told: Vec<_> =
            found.iter().map(|one| (one.number, one.state, one.merge_commit.as_deref())).collect();
        assert_eq!(
            told,
            [(7, PullRequestState::Open, None), (3, PullRequestState::Merged, Some("def"))],
            "{kind}"
        );
        assert_eq!((&*found[0].labels.join(","), &*found[0].head_commit), ("a,z", "abc"));
        let received = &server.log()[0];
        let query = match kind {
            ForgeKind::GitHub => {
                "/api/v3/repos/shop/deploy/pulls?state=all&base=main&head=shop%3Apromote%2Fweb&"
            }
            ForgeKind::GitLab => {
                "/api/v4/projects/shop%2Fdeploy/merge_requests?state=all&target_branch=main&source_branch=promote%2Fweb&"
            }
            ForgeKind::Gitea => "/api/v1/repos/shop/deploy/pulls?state=all&base_branch=main&",
        };
        assert!(received.line.starts_with(&format!("GET {query}")), "{}", received.line);
        assert!(
            received.head.to_lowercase().contains(&format!("authorization: bearer {}", TOKEN.to_lowercase()))
        );
        // The number of another pull request finds nothing.
        for number in [9, 10, 11, 12] {
            for refused in [
                run.get_status(number).err(),
                run.update(number).err(),
                run.comment(number, "x").err(),
                run.merge(number, "abc").err(),
            ] {
                assert!(matches!(refused, Some(CallError::NotFound(_))), "{kind} {number} {refused:?}");
            }
        }
        assert!(server.changes().is_empty(), "{kind} {:?}", server.changes());
    });
}

#[test]
fn requests_that_open_and_comment_match_the_documentation() {
    each(|kind| {
        let server = forge(kind, &[OPEN]);
        let mut run = ForgeRun::on(&server.origin, kind, false);
        assert_eq!(run.open().unwrap().unwrap().number, 7);
        assert_eq!(run.update(7), Ok(Outcome::Applied));
        assert_eq!(run.comment(7, "new"), Ok(Outcome::Applied));
        assert_eq!(run.comment(7, "old"), Ok(Outcome::Applied));
        assert_eq!(run.close(7), Ok(Outcome::Applied));
        let expected: &[&str] = match kind {
            ForgeKind::GitHub => &[
                "POST /api/v3/repos/shop/deploy/pulls",
                "POST /api/v3/repos/shop/deploy/issues/7/labels",
                "PATCH /api/v3/repos/shop/deploy/pulls/7",
                "POST /api/v3/repos/shop/deploy/issues/7/labels",
                "PATCH /api/v3/repos/shop/deploy/issues/comments/5",
                "PATCH /api/v3/repos/shop/deploy/pulls/7",
            ],
            ForgeKind::GitLab => &[
                "POST /api/v4/projects/shop%2Fdeploy/merge_requests",
                "PUT /api/v4/projects/shop%2Fdeploy/merge_requests/7",
                "PUT /api/v4/projects/shop%2Fdeploy/merge_requests/7/notes/5",
                "PUT /api/v4/projects/shop%2Fdeploy/merge_requests/7",
            ],
            ForgeKind::Gitea => &[
                "POST /api/v1/repos/shop/deploy/pulls",
                "POST /api/v1/repos/shop/deploy/labels",
                "POST /api/v1/repos/shop/deploy/issues/7/labels",
                "PATCH /api/v1/repos/shop/deploy/pulls/7",
                "POST /api/v1/repos/shop/deploy/labels",
                "POST /api/v1/repos/shop/deploy/issues/7/labels",
                "PATCH /api/v1/repos/shop/deploy/issues/comments/5",
                "PATCH /api/v1/repos/shop/deploy/pulls/7",
            ],
        };
        assert_eq!(server.changes(), expected, "{kind}: a comment that says the same is not written again");
        let opened =
            server.log().into_iter().find(|received| received.line.starts_with("POST")).unwrap().body;
        let (base, branch) = match kind {
            ForgeKind::GitLab => ("target_branch", "source_branch"),
            _ => ("base", "head"),
        };
        assert_eq!((&opened[base], &opened[branch]), (&json!("main"), &json!(BRANCH)), "{kind}");
        // The run closes only a pull request that it has opened.
        let refused = ForgeRun::on(&server.origin, kind, false).close(7);
        assert!(matches!(refused, Err(CallError::Invalid(_))), "{kind} {refused:?}");
    });
}

#[test]
fn the_status_of_a_pull_request_has_its_checks() {
    each(|kind| {
        let server = forge(kind, &[OPEN]);
        let status = ForgeRun::on(&server.origin, kind, false).get_status(7).unwrap();
        assert_eq!(status.blocker, MergeBlocker::ChecksPending, "{kind}");
        let ci = Check { name: "ci".into(), state: CheckState::Pending, url: "https://ci/1".into() };
        assert!(status.checks.contains(&ci), "{kind} {:?}", status.checks);
        assert_eq!(status.checks.len(), if kind == ForgeKind::GitHub { 2 } else { 1 });
    });
}

#[test]
fn a_merge_names_its_head_commit() {
    each(|kind| {
        let server = forge(kind, &[OPEN]);
        let mut run = ForgeRun::on(&server.origin, kind, false);
        let moved = run.merge(7, "other");
        assert!(matches!(moved, Err(CallError::Conflict(_))), "{kind} {moved:?}");
        assert!(server.changes().is_empty());
        assert_eq!(run.merge(7, "abc"), Ok(MergeResult::AutoMergeEnabled), "{kind}");
        let received =
            server.log().into_iter().rfind(|received| !received.line.starts_with("GET")).unwrap().body;
        let (head, message) = match kind {
            ForgeKind::GitHub => (&received["variables"]["head"], &received["variables"]["message"]),
            ForgeKind::GitLab => (&received["sha"], &received["squash_commit_message"]),
            ForgeKind::Gitea => (&received["head_commit_id"], &received["MergeMessageField"]),
        };
        assert_eq!(head, "abc", "{kind}");
        assert!(message.as_str().unwrap().ends_with("Promoted-To: prod"), "{kind} {message}");
    });
}

#[test]
fn a_dry_run_only_reads() {
    each(|kind| {
        let server = forge(kind, &[OPEN]);
        let mut run = ForgeRun::on(&server.origin, kind, true);
        assert!(matches!(run.open(), Err(CallError::Conflict(_))), "there is one");
        assert_eq!(run.update(7), Ok(Outcome::DryRun));
        assert_eq!(run.comment(7, "new"), Ok(Outcome::DryRun));
        assert_eq!(run.merge(7, "abc"), Ok(MergeResult::DryRun));
        assert!(server.changes().is_empty(), "{kind} {:?}", server.changes());
        let changes = run.forges.into_changes();
        assert_eq!(changes[0].name, format!("{}/shop/deploy#main...{BRANCH}", server.origin));
        let empty = forge(kind, &[]);
        assert_eq!(ForgeRun::on(&empty.origin, kind, true).open(), Ok(None));
    });
}
