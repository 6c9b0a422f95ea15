//! Pull requests of GitHub, also of its Enterprise Server. It decides nothing.
//! <https://docs.github.com/rest/pulls>, <https://docs.github.com/graphql/reference/mutations>

use crate::Forge;
use crate::client::{ForgeClient, ForgeFailure, unreadable};
use crate::common::{
    MAX_PAGES, complete_list, encoded, list, marked_comment, names, open, root, statuses, update,
    write_comment,
};
use crate::types::{
    BranchPullRequest, Check, CheckState, MergeBlocker, MergeResult, PullRequest, PullRequestContent,
    PullRequestState,
};
use http::Method;
use lockstep_model::call::CallError;
use lockstep_model::forge::{ErrorClass, RequestKind};
use serde_json::{Value, json};

/// The merge methods in the order in which the host tries them. A repository allows one or more of them.
const MERGE_METHODS: [&str; 3] = ["merge", "squash", "rebase"];
/// Enables auto-merge; in a repository with a merge queue, GitHub then adds the pull request to it.
const AUTO_MERGE_MUTATION: &str = "mutation($id: ID!, $head: GitObjectID!, $way: PullRequestMergeMethod!, $message: String) { \
    enablePullRequestAutoMerge(input: {pullRequestId: $id, expectedHeadOid: $head, mergeMethod: $way, commitBody: $message}) \
    { pullRequest { number } } }";

/// A repository on GitHub.
pub(crate) struct GitHub {
    client: ForgeClient,
    /// `/repos/OWNER/NAME`.
    root: String,
    owner: String,
}

impl GitHub {
    pub(crate) fn new(client: ForgeClient, path: &str) -> Result<Self, CallError> {
        let owner = path.split('/').next().unwrap_or_default().to_owned();
        Ok(Self { client, root: root(path)?, owner })
    }

    fn label(&self, number: u64, labels: &[String]) -> Result<(), CallError> {
        if !labels.is_empty() {
            let path = format!("{}/issues/{number}/labels", self.root);
            self.client.send(Method::POST, &path, Some(&json!({"labels": labels})), RequestKind::Other)?;
        }
        Ok(())
    }

    /// Enables auto-merge; false if GitHub does not offer it for this pull request.
    fn enable_auto_merge(&self, number: u64, head: &str, message: &str) -> Result<bool, CallError> {
        let id = self.client.get(&format!("{}/pulls/{number}", self.root))?["node_id"].clone();
        for method in MERGE_METHODS {
            let variables = json!({"id": id, "head": head, "way": method.to_uppercase(), "message": message});
            let body = json!({"query": AUTO_MERGE_MUTATION, "variables": variables});
            match self.client.send(Method::POST, "/graphql", Some(&body), RequestKind::Other) {
                Ok(reply) if reply.body["errors"].is_null() && reply.body["data"].is_object() => {
                    return Ok(true);
                }
                Ok(reply) if reply.body["errors"].to_string().contains("Merge method") => {}
                // GitHub can merge it now, or the repository does not allow auto-merge.
                Ok(_) | Err(ForgeFailure { class: ErrorClass::Stop, .. }) => return Ok(false),
                Err(failure) => return Err(failure.into()),
            }
        }
        Ok(false)
    }
}

impl Forge for GitHub {
    fn list(&self, base: &str, branch: &str) -> Result<Vec<BranchPullRequest>, CallError> {
        let (base, head) = (encoded(base), encoded(&format!("{}:{branch}", self.owner)));
        let query = format!("state=all&base={base}&head={head}&sort=created&direction=desc");
        list(&self.client, &format!("{}/pulls?{query}", self.root), None, 1, read_pull_request)
    }

    fn get(&self, number: u64) -> Result<BranchPullRequest, CallError> {
        read_pull_request(&self.client.get(&format!("{}/pulls/{number}", self.root))?).ok_or_else(unreadable)
    }

    fn checks(&self, commit: &str) -> Result<Vec<Check>, CallError> {
        let run = |run: &Value| {
            let state = match (run["status"].as_str()?, run["conclusion"].as_str()) {
                ("completed", Some("success" | "neutral" | "skipped")) => CheckState::Passed,
                ("completed", _) => CheckState::Failed,
                _ => CheckState::Pending,
            };
            let url = run["html_url"].as_str().unwrap_or_default().to_owned();
            Some(Check { name: run["name"].as_str()?.to_owned(), state, url })
        };
        let path = format!("{}/commits/{commit}/check-runs", self.root);
        let mut checks = complete_list(&self.client, &path, Some("check_runs"), run)?;
        checks.extend(statuses(&self.client, &self.root, commit)?);
        Ok(checks)
    }

    fn open(
        &self,
        base: &str,
        branch: &str,
        content: &PullRequestContent,
    ) -> Result<BranchPullRequest, CallError> {
        let opened = open(&self.client, &self.root, (base, branch), content)?;
        let found = read_pull_request(&opened).ok_or_else(unreadable)?;
        self.label(found.pull_request.number, &content.labels)?;
        Ok(found)
    }

    fn update(&self, number: u64, content: &PullRequestContent) -> Result<(), CallError> {
        update(&self.client, &self.root, number, &json!({"title": content.title, "body": content.body}))?;
        self.label(number, &content.labels)
    }

    fn comment(&self, number: u64, mark: &str) -> Result<Option<(String, String)>, CallError> {
        marked_comment(&self.client, &format!("{}/issues/{number}/comments", self.root), MAX_PAGES, mark)
    }

    fn write_comment(&self, number: u64, id: Option<&str>, text: &str) -> Result<(), CallError> {
        write_comment(&self.client, &self.root, number, id, text)
    }

    fn close(&self, number: u64) -> Result<(), CallError> {
        update(&self.client, &self.root, number, &json!({"state": "closed"}))
    }

    fn merge(&self, found: &BranchPullRequest, head: &str, message: &str) -> Result<MergeResult, CallError> {
        let number = found.pull_request.number;
        if found.pull_request.auto_merge || self.enable_auto_merge(number, head, message)? {
            return Ok(MergeResult::AutoMergeEnabled);
        }
        // Without a branch rule, GitHub would merge a commit before its checks have passed.
        if self.checks(head)?.iter().any(|check| check.state != CheckState::Passed) {
            return Ok(MergeResult::NotReady);
        }
        let mut last = None;
        for method in MERGE_METHODS {
            let body = json!({"sha": head, "merge_method": method, "commit_message": message});
            let path = format!("{}/pulls/{number}/merge", self.root);
            match self.client.send(Method::PUT, &path, Some(&body), RequestKind::Merge) {
                Ok(_) => return Ok(MergeResult::Merged),
                Err(ForgeFailure { class: ErrorClass::Wait, .. }) => return Ok(MergeResult::NotReady),
                Err(ForgeFailure { class: ErrorClass::Otherwise, error }) => last = Some(error),
                Err(failure) => return Err(failure.into()),
            }
        }
        Err(last.unwrap_or_else(unreadable))
    }
}

/// Reads a pull request of GitHub. <https://docs.github.com/graphql/reference/enums#mergestatestatus>
fn read_pull_request(body: &Value) -> Option<BranchPullRequest> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let merged = body["merged_at"].is_string();
    let state = match (merged, body["state"].as_str()?) {
        (true, _) => PullRequestState::Merged,
        (_, "open") => PullRequestState::Open,
        _ => PullRequestState::Closed,
    };
    let (base, head) = (&body["base"], &body["head"]);
    let own = !head["repo"]["id"].is_null() && head["repo"]["id"] == base["repo"]["id"];
    let blocker = match body["mergeable_state"].as_str() {
        Some("clean" | "has_hooks") => MergeBlocker::None,
        Some("behind") => MergeBlocker::Behind,
        Some("dirty") => MergeBlocker::Conflicts,
        Some("draft") => MergeBlocker::Draft,
        Some("blocked") => MergeBlocker::Blocked,
        // `unstable`: an optional check is running or has failed.
        _ => MergeBlocker::Unknown,
    };
    let pull_request = PullRequest {
        number: body["number"].as_u64()?,
        url: text(&body["html_url"]),
        state,
        head_commit: text(&head["sha"]),
        merge_commit: body["merge_commit_sha"].as_str().filter(|_| merged).map(str::to_owned),
        title: text(&body["title"]),
        body: text(&body["body"]),
        labels: names(&body["labels"]),
        auto_merge: body["auto_merge"].is_object(),
    };
    Some(BranchPullRequest {
        pull_request,
        base: text(&base["ref"]),
        branch: own.then(|| text(&head["ref"])),
        blocker,
    })
}
