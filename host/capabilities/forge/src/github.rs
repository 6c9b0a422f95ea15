//! Pull requests of GitHub, also of its Enterprise Server. It decides nothing.
//! <https://docs.github.com/rest/pulls>, <https://docs.github.com/graphql/reference/mutations>

use crate::Forge;
use crate::client::{Client, Refusal, unreadable};
use crate::common::{PAGES, encoded, list, marked, names, open, root, say, statuses, update, whole};
use crate::types::{
    Check, CheckState, Found, MergeBlocker, MergeResult, PullRequest, PullRequestContent, PullRequestState,
};
use http::Method;
use lockstep_model::call::CallError;
use lockstep_model::forge::{ErrorClass, RequestKind};
use serde_json::{Value, json};

/// The ways of merging, in the order in which they are tried: a repository allows one or more of them.
const WAYS: [&str; 3] = ["merge", "squash", "rebase"];
/// Lets GitHub merge a pull request when it may; with a merge queue that is to put it there when it may.
const AUTO: &str = "mutation($id: ID!, $head: GitObjectID!, $way: PullRequestMergeMethod!, $message: String) { \
    enablePullRequestAutoMerge(input: {pullRequestId: $id, expectedHeadOid: $head, mergeMethod: $way, commitBody: $message}) \
    { pullRequest { number } } }";

/// A repository on GitHub.
pub(crate) struct GitHub {
    client: Client,
    /// `/repos/OWNER/NAME`.
    root: String,
    owner: String,
}

impl GitHub {
    pub(crate) fn new(client: Client, path: &str) -> Result<Self, CallError> {
        let owner = path.split('/').next().unwrap_or_default().to_owned();
        Ok(Self { client, root: root(path)?, owner })
    }

    fn label(&self, number: u64, labels: &[String]) -> Result<(), CallError> {
        if !labels.is_empty() {
            let path = format!("{}/issues/{number}/labels", self.root);
            self.client.ask(Method::POST, &path, Some(&json!({"labels": labels})), RequestKind::Other)?;
        }
        Ok(())
    }

    /// Whether GitHub now merges it by itself when it may.
    fn let_merge(&self, number: u64, head: &str, message: &str) -> Result<bool, CallError> {
        let id = self.client.get(&format!("{}/pulls/{number}", self.root))?["node_id"].clone();
        for way in WAYS {
            let variables = json!({"id": id, "head": head, "way": way.to_uppercase(), "message": message});
            let body = json!({"query": AUTO, "variables": variables});
            match self.client.ask(Method::POST, "/graphql", Some(&body), RequestKind::Other) {
                Ok(reply) if reply.body["errors"].is_null() && reply.body["data"].is_object() => {
                    return Ok(true);
                }
                Ok(reply) if reply.body["errors"].to_string().contains("Merge method") => {}
                // It may be merged at once, or the repository lets nothing be merged by itself.
                Ok(_) | Err(Refusal { class: ErrorClass::Stop, .. }) => return Ok(false),
                Err(refusal) => return Err(refusal.into()),
            }
        }
        Ok(false)
    }
}

impl Forge for GitHub {
    fn list(&self, base: &str, branch: &str) -> Result<Vec<Found>, CallError> {
        let (base, head) = (encoded(base), encoded(&format!("{}:{branch}", self.owner)));
        let query = format!("state=all&base={base}&head={head}&sort=created&direction=desc");
        list(&self.client, &format!("{}/pulls?{query}", self.root), None, 1, found)
    }

    fn get(&self, number: u64) -> Result<Found, CallError> {
        found(&self.client.get(&format!("{}/pulls/{number}", self.root))?).ok_or_else(unreadable)
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
        let mut checks = whole(&self.client, &path, Some("check_runs"), run)?;
        checks.extend(statuses(&self.client, &self.root, commit)?);
        Ok(checks)
    }

    fn open(&self, base: &str, branch: &str, content: &PullRequestContent) -> Result<Found, CallError> {
        let opened = open(&self.client, &self.root, (base, branch), content)?;
        let found = found(&opened).ok_or_else(unreadable)?;
        self.label(found.pull_request.number, &content.labels)?;
        Ok(found)
    }

    fn update(&self, number: u64, content: &PullRequestContent) -> Result<(), CallError> {
        update(&self.client, &self.root, number, &json!({"title": content.title, "body": content.body}))?;
        self.label(number, &content.labels)
    }

    fn comment(&self, number: u64, mark: &str) -> Result<Option<(String, String)>, CallError> {
        marked(&self.client, &format!("{}/issues/{number}/comments", self.root), PAGES, mark)
    }

    fn say(&self, number: u64, id: Option<&str>, text: &str) -> Result<(), CallError> {
        say(&self.client, &self.root, number, id, text)
    }

    fn close(&self, number: u64) -> Result<(), CallError> {
        update(&self.client, &self.root, number, &json!({"state": "closed"}))
    }

    fn merge(&self, found: &Found, head: &str, message: &str) -> Result<MergeResult, CallError> {
        let number = found.pull_request.number;
        if found.pull_request.auto_merge || self.let_merge(number, head, message)? {
            return Ok(MergeResult::AutoMergeEnabled);
        }
        // Without a rule of its own GitHub would merge what its checks have not seen.
        if self.checks(head)?.iter().any(|check| check.state != CheckState::Passed) {
            return Ok(MergeResult::NotReady);
        }
        let mut last = None;
        for way in WAYS {
            let body = json!({"sha": head, "merge_method": way, "commit_message": message});
            let path = format!("{}/pulls/{number}/merge", self.root);
            match self.client.ask(Method::PUT, &path, Some(&body), RequestKind::Merge) {
                Ok(_) => return Ok(MergeResult::Merged),
                Err(Refusal { class: ErrorClass::Wait, .. }) => return Ok(MergeResult::NotReady),
                Err(Refusal { class: ErrorClass::Otherwise, error }) => last = Some(error),
                Err(refusal) => return Err(refusal.into()),
            }
        }
        Err(last.unwrap_or_else(unreadable))
    }
}

/// A pull request as GitHub tells it. <https://docs.github.com/graphql/reference/enums#mergestatestatus>
fn found(body: &Value) -> Option<Found> {
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
        // `unstable`: a check that is not needed runs or has failed.
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
    Some(Found { pull_request, base: text(&base["ref"]), branch: own.then(|| text(&head["ref"])), blocker })
}
