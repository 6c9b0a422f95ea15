//! Merge requests of GitLab. It decides nothing.
//! <https://docs.gitlab.com/api/merge_requests/>

use crate::Forge;
use crate::client::{ForgeClient, ForgeFailure, unreadable};
use crate::common::{MAX_PAGES, complete_list, encoded, list, marked_comment, names};
use crate::types::{
    BranchPullRequest, Check, CheckState, MergeBlocker, MergeResult, PullRequest, PullRequestContent,
    PullRequestState,
};
use http::Method;
use lockstep_model::call::CallError;
use lockstep_model::forge::{ErrorClass, RequestKind};
use serde_json::{Value, json};

/// A project on a GitLab.
pub(crate) struct GitLab {
    client: ForgeClient,
    /// `/projects/GROUP%2FNAME`.
    root: String,
}

impl GitLab {
    pub(crate) fn new(client: ForgeClient, path: &str) -> Self {
        Self { client, root: format!("/projects/{}", encoded(path)) }
    }

    fn send(
        &self,
        method: Method,
        path: &str,
        body: &Value,
        request: RequestKind,
    ) -> Result<Value, ForgeFailure> {
        let path = format!("{}/merge_requests{path}", self.root);
        Ok(self.client.send(method, &path, Some(body), request)?.body)
    }

    /// Merges one now, or with `later` after its pipeline.
    fn accept(
        &self,
        found: &BranchPullRequest,
        head: &str,
        message: &str,
        later: bool,
    ) -> Result<MergeResult, ForgeFailure> {
        let text = format!("{}\n\n{message}", found.pull_request.title);
        let mut body = json!({"sha": head, "merge_commit_message": text, "squash_commit_message": text});
        if later {
            // The first name is that of GitLab 17.11 and later, the second that of earlier versions.
            (body["auto_merge"], body["merge_when_pipeline_succeeds"]) = (json!(true), json!(true));
        }
        let merged = self.send(
            Method::PUT,
            &format!("/{}/merge", found.pull_request.number),
            &body,
            RequestKind::Merge,
        )?;
        Ok(match merged["state"] == "merged" {
            true => MergeResult::Merged,
            false if later => MergeResult::AutoMergeEnabled,
            false => MergeResult::NotReady,
        })
    }
}

impl Forge for GitLab {
    fn list(&self, base: &str, branch: &str) -> Result<Vec<BranchPullRequest>, CallError> {
        let (base, branch) = (encoded(base), encoded(branch));
        let query =
            format!("state=all&target_branch={base}&source_branch={branch}&order_by=created_at&sort=desc");
        list(&self.client, &format!("{}/merge_requests?{query}", self.root), None, 1, read_pull_request)
    }

    fn get(&self, number: u64) -> Result<BranchPullRequest, CallError> {
        read_pull_request(&self.client.get(&format!("{}/merge_requests/{number}", self.root))?)
            .ok_or_else(unreadable)
    }

    fn checks(&self, commit: &str) -> Result<Vec<Check>, CallError> {
        let check = |status: &Value| {
            let state = match status["status"].as_str()? {
                "success" | "skipped" => CheckState::Passed,
                "failed" | "canceled" if status["allow_failure"] == true => CheckState::Passed,
                "failed" | "canceled" => CheckState::Failed,
                "manual" if status["allow_failure"] == true => CheckState::Passed,
                _ => CheckState::Pending,
            };
            let url = status["target_url"].as_str().unwrap_or_default().to_owned();
            Some(Check { name: status["name"].as_str()?.to_owned(), state, url })
        };
        let path = format!("{}/repository/commits/{commit}/statuses", self.root);
        complete_list(&self.client, &path, None, check)
    }

    fn open(
        &self,
        base: &str,
        branch: &str,
        content: &PullRequestContent,
    ) -> Result<BranchPullRequest, CallError> {
        let PullRequestContent { title, body, labels } = content;
        let body = json!({
            "target_branch": base, "source_branch": branch, "title": title, "description": body,
            "labels": labels.join(","),
        });
        read_pull_request(&self.send(Method::POST, "", &body, RequestKind::Open)?).ok_or_else(unreadable)
    }

    fn update(&self, number: u64, content: &PullRequestContent) -> Result<(), CallError> {
        let PullRequestContent { title, body, labels } = content;
        let body = json!({"title": title, "description": body, "add_labels": labels.join(",")});
        self.send(Method::PUT, &format!("/{number}"), &body, RequestKind::Other)?;
        Ok(())
    }

    fn comment(&self, number: u64, mark: &str) -> Result<Option<(String, String)>, CallError> {
        let path = format!("{}/merge_requests/{number}/notes?activity_filter=only_comments", self.root);
        marked_comment(&self.client, &path, MAX_PAGES, mark)
    }

    /// Escapes quick actions: GitLab would execute a line such as `/merge` with the rights of the token. It hides the `\`.
    /// <https://docs.gitlab.com/user/project/quick_actions/>
    fn escape_commands(&self, text: &str) -> String {
        let skipped = |c: char| c.is_whitespace() || c.is_control();
        let line = |line: &str| match line.trim_start_matches(skipped) {
            rest if rest.starts_with('/') => format!("{}\\{rest}", &line[..line.len() - rest.len()]),
            _ => line.to_owned(),
        };
        text.split('\n').map(line).collect::<Vec<_>>().join("\n")
    }

    fn write_comment(&self, number: u64, id: Option<&str>, text: &str) -> Result<(), CallError> {
        let (method, path) = match id {
            Some(id) => (Method::PUT, format!("/{number}/notes/{id}")),
            None => (Method::POST, format!("/{number}/notes")),
        };
        self.send(method, &path, &json!({"body": text}), RequestKind::Other)?;
        Ok(())
    }

    fn close(&self, number: u64) -> Result<(), CallError> {
        self.send(Method::PUT, &format!("/{number}"), &json!({"state_event": "close"}), RequestKind::Other)?;
        Ok(())
    }

    fn merge(&self, found: &BranchPullRequest, head: &str, message: &str) -> Result<MergeResult, CallError> {
        if found.pull_request.auto_merge {
            return Ok(MergeResult::AutoMergeEnabled);
        }
        let mut merging = self.accept(found, head, message, true);
        let waits = matches!(merging, Err(ForgeFailure { class: ErrorClass::Wait, .. }));
        // Without a pipeline, GitLab rejects auto-merge although it could merge.
        if waits && found.blocker == MergeBlocker::None && self.checks(head)?.is_empty() {
            merging = self.accept(found, head, message, false);
        }
        match merging {
            Err(ForgeFailure { class: ErrorClass::Wait, .. }) => Ok(MergeResult::NotReady),
            merging => Ok(merging?),
        }
    }
}

/// Reads a merge request of GitLab. <https://docs.gitlab.com/api/merge_requests/#merge-status>
fn read_pull_request(body: &Value) -> Option<BranchPullRequest> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let state = match body["state"].as_str()? {
        "merged" => PullRequestState::Merged,
        "closed" => PullRequestState::Closed,
        // `locked`: GitLab is merging it.
        _ => PullRequestState::Open,
    };
    let own = body["source_project_id"].is_u64() && body["source_project_id"] == body["target_project_id"];
    let blocker = match body["detailed_merge_status"].as_str() {
        Some("mergeable") => MergeBlocker::None,
        Some("ci_still_running" | "status_checks_must_pass") => MergeBlocker::ChecksPending,
        Some("ci_must_pass") => MergeBlocker::ChecksPending,
        Some("not_approved" | "requested_changes" | "discussions_not_resolved" | "approvals_syncing") => {
            MergeBlocker::ReviewRequired
        }
        Some("need_rebase") => MergeBlocker::Behind,
        Some("conflict" | "broken_status") => MergeBlocker::Conflicts,
        Some("draft_status") => MergeBlocker::Draft,
        Some("checking" | "unchecked" | "preparing") | None => MergeBlocker::Unknown,
        Some(_) => MergeBlocker::Blocked,
    };
    let pull_request = PullRequest {
        number: body["iid"].as_u64()?,
        url: text(&body["web_url"]),
        state,
        head_commit: text(&body["sha"]),
        merge_commit: ["merge_commit_sha", "squash_commit_sha", "sha"]
            .into_iter()
            .find_map(|name| body[name].as_str())
            .filter(|_| state == PullRequestState::Merged)
            .map(str::to_owned),
        title: text(&body["title"]),
        body: text(&body["description"]),
        labels: names(&body["labels"]),
        auto_merge: body["merge_when_pipeline_succeeds"] == true,
    };
    let branch = own.then(|| text(&body["source_branch"]));
    Some(BranchPullRequest { pull_request, base: text(&body["target_branch"]), branch, blocker })
}
