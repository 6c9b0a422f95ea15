//! Merge requests of GitLab, which are pull requests by another name. It decides nothing.
//! <https://docs.gitlab.com/api/merge_requests/>

use crate::Forge;
use crate::client::{Client, Refusal, unreadable};
use crate::common::{PAGES, encoded, list, marked, names, whole};
use crate::types::{
    Check, CheckState, Found, MergeBlocker, MergeResult, PullRequest, PullRequestContent, PullRequestState,
};
use http::Method;
use lockstep_model::call::CallError;
use lockstep_model::forge::{ErrorClass, RequestKind};
use serde_json::{Value, json};

/// A project on a GitLab.
pub(crate) struct GitLab {
    client: Client,
    /// `/projects/GROUP%2FNAME`.
    root: String,
}

impl GitLab {
    pub(crate) fn new(client: Client, path: &str) -> Self {
        Self { client, root: format!("/projects/{}", encoded(path)) }
    }

    fn ask(&self, method: Method, path: &str, body: &Value, asked: RequestKind) -> Result<Value, Refusal> {
        let path = format!("{}/merge_requests{path}", self.root);
        Ok(self.client.ask(method, &path, Some(body), asked)?.body)
    }

    /// Merges one, at once or after its pipeline.
    fn accept(&self, found: &Found, head: &str, message: &str, later: bool) -> Result<MergeResult, Refusal> {
        let said = format!("{}\n\n{message}", found.pull_request.title);
        let mut body = json!({"sha": head, "merge_commit_message": said, "squash_commit_message": said});
        if later {
            // The first is the name since 17.11, the second the one before.
            (body["auto_merge"], body["merge_when_pipeline_succeeds"]) = (json!(true), json!(true));
        }
        let merged = self.ask(
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
    fn list(&self, base: &str, branch: &str) -> Result<Vec<Found>, CallError> {
        let (base, branch) = (encoded(base), encoded(branch));
        let query =
            format!("state=all&target_branch={base}&source_branch={branch}&order_by=created_at&sort=desc");
        list(&self.client, &format!("{}/merge_requests?{query}", self.root), None, 1, found)
    }

    fn get(&self, number: u64) -> Result<Found, CallError> {
        found(&self.client.get(&format!("{}/merge_requests/{number}", self.root))?).ok_or_else(unreadable)
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
        whole(&self.client, &path, None, check)
    }

    fn open(&self, base: &str, branch: &str, content: &PullRequestContent) -> Result<Found, CallError> {
        let PullRequestContent { title, body, labels } = content;
        let body = json!({
            "target_branch": base, "source_branch": branch, "title": title, "description": body,
            "labels": labels.join(","),
        });
        found(&self.ask(Method::POST, "", &body, RequestKind::Open)?).ok_or_else(unreadable)
    }

    fn update(&self, number: u64, content: &PullRequestContent) -> Result<(), CallError> {
        let PullRequestContent { title, body, labels } = content;
        let body = json!({"title": title, "description": body, "add_labels": labels.join(",")});
        self.ask(Method::PUT, &format!("/{number}"), &body, RequestKind::Other)?;
        Ok(())
    }

    fn comment(&self, number: u64, mark: &str) -> Result<Option<(String, String)>, CallError> {
        let path = format!("{}/merge_requests/{number}/notes?activity_filter=only_comments", self.root);
        marked(&self.client, &path, PAGES, mark)
    }

    /// A line that begins with `/` can be a quick action, such as `/merge`, which is done with the rights of the token:
    /// <https://docs.gitlab.com/user/project/quick_actions/>. A `\` before it is not shown.
    fn plain(&self, text: &str) -> String {
        let skipped = |c: char| c.is_whitespace() || c.is_control();
        let line = |line: &str| match line.trim_start_matches(skipped) {
            rest if rest.starts_with('/') => format!("{}\\{rest}", &line[..line.len() - rest.len()]),
            _ => line.to_owned(),
        };
        text.split('\n').map(line).collect::<Vec<_>>().join("\n")
    }

    fn say(&self, number: u64, id: Option<&str>, text: &str) -> Result<(), CallError> {
        let (method, path) = match id {
            Some(id) => (Method::PUT, format!("/{number}/notes/{id}")),
            None => (Method::POST, format!("/{number}/notes")),
        };
        self.ask(method, &path, &json!({"body": text}), RequestKind::Other)?;
        Ok(())
    }

    fn close(&self, number: u64) -> Result<(), CallError> {
        self.ask(Method::PUT, &format!("/{number}"), &json!({"state_event": "close"}), RequestKind::Other)?;
        Ok(())
    }

    fn merge(&self, found: &Found, head: &str, message: &str) -> Result<MergeResult, CallError> {
        if found.pull_request.auto_merge {
            return Ok(MergeResult::AutoMergeEnabled);
        }
        let mut merging = self.accept(found, head, message, true);
        let waits = matches!(merging, Err(Refusal { class: ErrorClass::Wait, .. }));
        // Without a pipeline it never merges by itself, and does not say so.
        if waits && found.blocker == MergeBlocker::None && self.checks(head)?.is_empty() {
            merging = self.accept(found, head, message, false);
        }
        match merging {
            Err(Refusal { class: ErrorClass::Wait, .. }) => Ok(MergeResult::NotReady),
            merging => Ok(merging?),
        }
    }
}

/// A merge request as GitLab tells it. <https://docs.gitlab.com/api/merge_requests/#merge-status>
fn found(body: &Value) -> Option<Found> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let state = match body["state"].as_str()? {
        "merged" => PullRequestState::Merged,
        "closed" => PullRequestState::Closed,
        // `locked` is one that is being merged.
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
    Some(Found { pull_request, base: text(&body["target_branch"]), branch, blocker })
}
