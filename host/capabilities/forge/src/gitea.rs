//! Pull requests of Gitea and Forgejo. It decides nothing.
//! <https://docs.gitea.com/api/1.24/>, the same in every version since 1.20

use crate::Forge;
use crate::client::{Client, Refusal, unreadable};
use crate::common::{PAGES, encoded, list, marked, names, open, root, say, statuses, update};
use crate::types::{
    Check, Found, MergeBlocker, MergeResult, PullRequest, PullRequestContent, PullRequestState,
};
use http::Method;
use lockstep_model::call::CallError;
use lockstep_model::forge::{ErrorClass, RequestKind};
use serde_json::{Value, json};

/// The colour of a label that is made because it is not there.
const COLOUR: &str = "#ededed";
/// The ways of merging, in the order in which they are tried where the repository's own is not known.
const WAYS: [&str; 4] = ["merge", "squash", "rebase", "fast-forward-only"];

/// A repository on a Gitea.
pub(crate) struct Gitea {
    client: Client,
    /// `/repos/OWNER/NAME`.
    root: String,
}

impl Gitea {
    pub(crate) fn new(client: Client, path: &str) -> Result<Self, CallError> {
        Ok(Self { client, root: root(path)? })
    }

    fn post(&self, path: &str, body: &Value) -> Result<Value, Refusal> {
        let path = format!("{}{path}", self.root);
        Ok(self.client.ask(Method::POST, &path, Some(body), RequestKind::Other)?.body)
    }

    /// Adds labels, and makes those that the repository does not have.
    fn label(&self, number: u64, labels: &[String]) -> Result<(), CallError> {
        if labels.is_empty() {
            return Ok(());
        }
        let name = |label: &Value| label["name"].as_str().map(str::to_owned);
        let there = list(&self.client, &format!("{}/labels", self.root), None, PAGES, name)?;
        for name in labels.iter().filter(|name| !there.contains(name)) {
            match self.post("/labels", &json!({"name": name, "color": COLOUR})) {
                // Somebody else may have made it, or an organisation has it.
                Ok(_) | Err(Refusal { class: ErrorClass::Stop, .. }) => {}
                Err(refusal) => return Err(refusal.into()),
            }
        }
        self.post(&format!("/issues/{number}/labels"), &json!({"labels": labels}))?;
        Ok(())
    }
}

impl Forge for Gitea {
    fn list(&self, base: &str, branch: &str) -> Result<Vec<Found>, CallError> {
        let query = format!("state=all&base_branch={}&sort=recentupdate", encoded(base));
        // There is no filter by branch.
        let mut all = list(&self.client, &format!("{}/pulls?{query}", self.root), None, PAGES, found)?;
        all.retain(|found| found.is(base, branch));
        all.sort_by_key(|found| std::cmp::Reverse(found.pull_request.number));
        all.truncate(100);
        Ok(all)
    }

    fn get(&self, number: u64) -> Result<Found, CallError> {
        found(&self.client.get(&format!("{}/pulls/{number}", self.root))?).ok_or_else(unreadable)
    }

    fn checks(&self, commit: &str) -> Result<Vec<Check>, CallError> {
        statuses(&self.client, &self.root, commit)
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
        // All of them are on one page.
        marked(&self.client, &format!("{}/issues/{number}/comments", self.root), 1, mark)
    }

    fn say(&self, number: u64, id: Option<&str>, text: &str) -> Result<(), CallError> {
        say(&self.client, &self.root, number, id, text)
    }

    fn close(&self, number: u64) -> Result<(), CallError> {
        update(&self.client, &self.root, number, &json!({"state": "closed"}))
    }

    fn merge(&self, found: &Found, head: &str, message: &str) -> Result<MergeResult, CallError> {
        let path = format!("{}/pulls/{}/merge", self.root, found.pull_request.number);
        let own = self.client.get(&self.root)?["default_merge_style"].as_str().map(str::to_owned);
        let ways =
            own.iter().map(String::as_str).chain(WAYS.into_iter().filter(|way| own.as_deref() != Some(*way)));
        let mut last = None;
        for way in ways {
            let body = json!({"Do": way, "head_commit_id": head, "merge_when_checks_succeed": true,
                "MergeMessageField": message});
            match self.client.ask(Method::POST, &path, Some(&body), RequestKind::Merge) {
                Ok(reply) if reply.status == 201 => return Ok(MergeResult::AutoMergeEnabled),
                Ok(_) => return Ok(MergeResult::Merged),
                Err(Refusal { class: ErrorClass::Wait, error })
                    if error.message().contains("already scheduled") =>
                {
                    return Ok(MergeResult::AutoMergeEnabled);
                }
                Err(Refusal { class: ErrorClass::Wait, .. }) => return Ok(MergeResult::NotReady),
                Err(Refusal { class: ErrorClass::Otherwise, error }) => last = Some(error),
                Err(refusal) => return Err(refusal.into()),
            }
        }
        Err(last.unwrap_or_else(unreadable))
    }
}

/// A pull request as Gitea tells it.
fn found(body: &Value) -> Option<Found> {
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
        // It says so too while it has not looked.
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
    // A branch that is gone has another `ref`.
    Some(Found {
        pull_request,
        base: text(&base["label"]),
        branch: own.then(|| text(&head["label"])),
        blocker,
    })
}
