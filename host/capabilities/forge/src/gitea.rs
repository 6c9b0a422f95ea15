//! Pull requests of Gitea and Forgejo. It decides nothing.
//! <https://docs.gitea.com/api/1.24/>, unchanged since version 1.20

use crate::Forge;
use crate::client::{ForgeClient, ForgeFailure, unreadable};
use crate::common::{
    MAX_PAGES, encoded, list, marked_comment, names, open, root, statuses, update, write_comment,
};
use crate::types::{
    BranchPullRequest, Check, MergeBlocker, MergeResult, PullRequest, PullRequestContent, PullRequestState,
};
use http::Method;
use lockstep_model::call::CallError;
use lockstep_model::forge::{ErrorClass, RequestKind};
use serde_json::{Value, json};

/// The colour of a new label.
const COLOUR: &str = "#ededed";
/// The merge methods in the order in which the host tries them, after the default of the repository.
const MERGE_METHODS: [&str; 4] = ["merge", "squash", "rebase", "fast-forward-only"];

/// A repository on Gitea or Forgejo.
pub(crate) struct Gitea {
    client: ForgeClient,
    /// `/repos/OWNER/NAME`.
    root: String,
}

impl Gitea {
    pub(crate) fn new(client: ForgeClient, path: &str) -> Result<Self, CallError> {
        Ok(Self { client, root: root(path)? })
    }

    fn post(&self, path: &str, body: &Value) -> Result<Value, ForgeFailure> {
        let path = format!("{}{path}", self.root);
        Ok(self.client.send(Method::POST, &path, Some(body), RequestKind::Other)?.body)
    }

    /// Adds labels, and creates those that the repository lacks.
    fn label(&self, number: u64, labels: &[String]) -> Result<(), CallError> {
        if labels.is_empty() {
            return Ok(());
        }
        let name = |label: &Value| label["name"].as_str().map(str::to_owned);
        let existing = list(&self.client, &format!("{}/labels", self.root), None, MAX_PAGES, name)?;
        for name in labels.iter().filter(|name| !existing.contains(name)) {
            match self.post("/labels", &json!({"name": name, "color": COLOUR})) {
                // Somebody else has created it since, or the organisation has it.
                Ok(_) | Err(ForgeFailure { class: ErrorClass::Stop, .. }) => {}
                Err(failure) => return Err(failure.into()),
            }
        }
        self.post(&format!("/issues/{number}/labels"), &json!({"labels": labels}))?;
        Ok(())
    }
}

impl Forge for Gitea {
    fn list(&self, base: &str, branch: &str) -> Result<Vec<BranchPullRequest>, CallError> {
        let query = format!("state=all&base_branch={}&sort=recentupdate", encoded(base));
        // Gitea has no filter by branch.
        let mut all =
            list(&self.client, &format!("{}/pulls?{query}", self.root), None, MAX_PAGES, read_pull_request)?;
        all.retain(|found| found.is_between(base, branch));
        all.sort_by_key(|found| std::cmp::Reverse(found.pull_request.number));
        all.truncate(100);
        Ok(all)
    }

    fn get(&self, number: u64) -> Result<BranchPullRequest, CallError> {
        read_pull_request(&self.client.get(&format!("{}/pulls/{number}", self.root))?).ok_or_else(unreadable)
    }

    fn checks(&self, commit: &str) -> Result<Vec<Check>, CallError> {
        statuses(&self.client, &self.root, commit)
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
        // Gitea returns all comments on one page.
        marked_comment(&self.client, &format!("{}/issues/{number}/comments", self.root), 1, mark)
    }

    fn write_comment(&self, number: u64, id: Option<&str>, text: &str) -> Result<(), CallError> {
        write_comment(&self.client, &self.root, number, id, text)
    }

    fn close(&self, number: u64) -> Result<(), CallError> {
        update(&self.client, &self.root, number, &json!({"state": "closed"}))
    }

    fn merge(&self, found: &BranchPullRequest, head: &str, message: &str) -> Result<MergeResult, CallError> {
        let path = format!("{}/pulls/{}/merge", self.root, found.pull_request.number);
        let default = self.client.get(&self.root)?["default_merge_style"].as_str().map(str::to_owned);
        let methods = default
            .iter()
            .map(String::as_str)
            .chain(MERGE_METHODS.into_iter().filter(|method| default.as_deref() != Some(*method)));
        let mut last = None;
        for method in methods {
            let body = json!({"Do": method, "head_commit_id": head, "merge_when_checks_succeed": true,
                "MergeMessageField": message});
            match self.client.send(Method::POST, &path, Some(&body), RequestKind::Merge) {
                Ok(reply) if reply.status == 201 => return Ok(MergeResult::AutoMergeEnabled),
                Ok(_) => return Ok(MergeResult::Merged),
                Err(ForgeFailure { class: ErrorClass::Wait, error })
                    if error.message().contains("already scheduled") =>
                {
                    return Ok(MergeResult::AutoMergeEnabled);
                }
                Err(ForgeFailure { class: ErrorClass::Wait, .. }) => return Ok(MergeResult::NotReady),
                Err(ForgeFailure { class: ErrorClass::Otherwise, error }) => last = Some(error),
                Err(failure) => return Err(failure.into()),
            }
        }
        Err(last.unwrap_or_else(unreadable))
    }
}

/// Reads a pull request of Gitea.
fn read_pull_request(body: &Value) -> Option<BranchPullRequest> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let state = match (body["merged"].as_bool()?, body["state"].as_str()?) {
        (true, _) => PullRequestState::Merged,
        (_, "open") => PullRequestState::Open,
        _ => PullRequestState::Closed,
    };
    let (base, head) = (&body["base"], &body["head"]);
    let own = head["repo_id"].is_u64() && head["repo_id"] == base["repo_id"];
    let blocker = match (body["draft"].as_bool(), body["mergeable"].as_bool()) {
        (Some(true), _) => MergeBlocker::Draft,
        // Gitea answers false also before it has checked.
        (_, Some(false)) => MergeBlocker::Conflicts,
        _ => MergeBlocker::Unknown,
    };
    let pull_request = PullRequest {
        number: body["number"].as_u64()?,
        url: text(&body["html_url"]),
        state,
        head_commit: text(&head["sha"]),
        merge_commit: body["merge_commit_sha"]
            .as_str()
            .filter(|_| state == PullRequestState::Merged)
            .map(str::to_owned),
        title: text(&body["title"]),
        body: text(&body["body"]),
        labels: names(&body["labels"]),
        auto_merge: false,
    };
    // After a deletion of the branch, `ref` has another name and `label` keeps it.
    Some(BranchPullRequest {
        pull_request,
        base: text(&base["label"]),
        branch: own.then(|| text(&head["label"])),
        blocker,
    })
}
