//! The capability `forge`: lists, opens, updates, comments, closes and merges pull requests between the two branches that a
//! permit names. It changes nothing in a dry run, and keeps its credentials in this crate.
#![forbid(unsafe_code)]

mod client;
mod common;
mod content;
mod gitea;
mod github;
mod github_signer;
mod gitlab;
mod locate;
mod types;

#[cfg(test)]
mod tests;

pub use github_signer::GitHubSigner;
pub use locate::PlatformServer;
pub use types::{
    Check, CheckState, MergeBlocker, MergeResult, PullRequest, PullRequestContent, PullRequestState,
    PullRequestStatus,
};

use client::ForgeClient;
use content::{MAX_TEXT_BYTES, check_content, check_length};
use lockstep_model::call::{Answer, CallError, Outcome};
use lockstep_model::forge::ForgeKind;
use lockstep_model::gate::Permit;
use lockstep_model::report::{ChangeVerb, ObjectChange};
use lockstep_model::repository::{Repository, RepositoryPart};
use std::collections::{HashMap, HashSet};
use std::time::Duration;
use types::BranchPullRequest;

/// The most checks of an answer.
const MAX_CHECKS: usize = 100;
/// How long a call retries.
const RETRY_TIMEOUT: Duration = Duration::from_secs(120);

/// How a run reaches forges.
#[derive(Clone, Default)]
pub struct ForgeConfig {
    /// How it reaches their repositories, with the tokens for their servers.
    pub repository: lockstep_repository::RepositoryConfig,
    /// The kind of the forge, if the inputs of the run name it.
    pub kind: Option<ForgeKind>,
    /// The forges that the CI system names.
    pub servers: Vec<PlatformServer>,
}

/// The API of one kind of forge. `base` and `branch` are branches of its repository.
trait Forge {
    /// Lists the pull requests between two branches, newest first.
    fn list(&self, base: &str, branch: &str) -> Result<Vec<BranchPullRequest>, CallError>;
    /// Returns a pull request between any branches.
    fn get(&self, number: u64) -> Result<BranchPullRequest, CallError>;
    /// Returns the checks of a commit.
    fn checks(&self, commit: &str) -> Result<Vec<Check>, CallError>;
    /// Opens a pull request.
    fn open(
        &self,
        base: &str,
        branch: &str,
        content: &PullRequestContent,
    ) -> Result<BranchPullRequest, CallError>;
    /// Changes title and description, and adds labels.
    fn update(&self, number: u64, content: &PullRequestContent) -> Result<(), CallError>;
    /// Returns the id and the text of the comment whose last line is `mark`.
    fn comment(&self, number: u64, mark: &str) -> Result<Option<(String, String)>, CallError>;
    /// Writes a comment, or replaces the one with this id.
    fn write_comment(&self, number: u64, id: Option<&str>, text: &str) -> Result<(), CallError>;
    /// Closes a pull request.
    fn close(&self, number: u64) -> Result<(), CallError>;
    /// A description or comment in which the forge finds no command.
    fn escape_commands(&self, text: &str) -> String {
        text.to_owned()
    }
    /// Merges a pull request, or enables auto-merge.
    fn merge(&self, found: &BranchPullRequest, head: &str, message: &str) -> Result<MergeResult, CallError>;
}

/// The forges of one run.
pub struct Forges {
    config: ForgeConfig,
    dry_run: bool,
    forges: HashMap<Repository, Box<dyn Forge + Send>>,
    changes: Vec<ObjectChange>,
    /// How long a call retries.
    retry_timeout: Duration,
    /// The pull requests that this run has opened.
    opened: HashSet<(Repository, u64)>,
}

impl Forges {
    /// The forges of a run. The first call connects to one.
    #[must_use]
    pub fn new(config: ForgeConfig, dry_run: bool) -> Self {
        Self {
            config,
            dry_run,
            forges: HashMap::new(),
            changes: Vec::new(),
            retry_timeout: RETRY_TIMEOUT,
            opened: HashSet::new(),
        }
    }

    /// The changed pull requests in order; in a dry run, those that a run would change.
    #[must_use]
    pub fn into_changes(self) -> Vec<ObjectChange> {
        self.changes
    }

    /// Lists the pull requests between the permit's branches, newest first.
    ///
    /// # Errors
    /// An error of the forge.
    pub fn list_pull_requests(&mut self, permit: &Permit) -> Result<Answer<Vec<PullRequest>>, CallError> {
        let (forge, base, branch) = self.forge_of(permit)?;
        let found = forge.list(base, branch)?.into_iter().filter(|found| found.is_between(base, branch));
        Ok(Answer::plain(found.map(|found| found.pull_request).collect()))
    }

    /// Returns the status of a pull request.
    ///
    /// # Errors
    /// `NotFound` if there is no such pull request between the branches, or an error of the forge.
    pub fn get_status(
        &mut self,
        permit: &Permit,
        number: u64,
    ) -> Result<Answer<PullRequestStatus>, CallError> {
        let (forge, base, branch) = self.forge_of(permit)?;
        let BranchPullRequest { pull_request, blocker, .. } =
            pull_request_between(forge, base, branch, number)?;
        // Without the right to read checks, the step can still wait for the forge.
        let mut checks = match forge.checks(&pull_request.head_commit) {
            Err(CallError::Unauthorized(_)) => Vec::new(),
            checks => checks?,
        };
        checks.sort();
        let blocker = if pull_request.state == PullRequestState::Open {
            refine_blocker(blocker, &checks)
        } else {
            MergeBlocker::None
        };
        checks.truncate(MAX_CHECKS);
        Ok(Answer::plain(PullRequestStatus { pull_request, blocker, checks }))
    }

    /// Opens a pull request and returns it; none in a dry run.
    ///
    /// # Errors
    /// `Conflict` if one is open, or an error of the forge.
    pub fn open(
        &mut self,
        permit: &Permit,
        content: &PullRequestContent,
    ) -> Result<Answer<Option<PullRequest>>, CallError> {
        let dry_run = self.dry_run;
        let (forge, base, branch) = self.forge_of(permit)?;
        check_content(content)?;
        let content = &PullRequestContent { body: forge.escape_commands(&content.body), ..content.clone() };
        let open = || -> Result<Option<PullRequest>, CallError> {
            let found = forge.list(base, branch)?.into_iter().filter(|found| found.is_between(base, branch));
            Ok(found.map(|found| found.pull_request).find(|one| one.state == PullRequestState::Open))
        };
        let made = match dry_run {
            true if open()?.is_some() => {
                return Err(CallError::Conflict(
                    "a pull request between these branches is open already".into(),
                ));
            }
            true => None,
            false => match forge.open(base, branch, content) {
                Ok(found) => Some(found.pull_request),
                // The forge may have opened it and the answer got lost. Its labels may be missing then.
                Err(CallError::Unavailable(why)) => {
                    let made = open()?.ok_or(CallError::Unavailable(why))?;
                    forge.update(made.number, content)?;
                    Some(made)
                }
                Err(error) => return Err(error),
            },
        };
        let made = made.map(|mut made| {
            made.labels.extend(content.labels.iter().cloned());
            made.labels.sort();
            made.labels.dedup();
            made
        });
        if let (Some(made), Some((name, _))) = (&made, permit.repository()) {
            self.opened.insert((name.clone(), made.number));
        }
        self.record(permit);
        Ok(Answer::plain(made))
    }

    /// Changes title and description of an open pull request, and adds labels.
    ///
    /// # Errors
    /// `NotFound` or `Conflict` if there is no such open pull request, or an error of the forge.
    pub fn update(
        &mut self,
        permit: &Permit,
        number: u64,
        content: &PullRequestContent,
    ) -> Result<Answer<Outcome>, CallError> {
        let dry_run = self.dry_run;
        let (forge, base, branch) = self.forge_of(permit)?;
        check_content(content)?;
        let found = open_pull_request(forge, base, branch, number)?;
        if !dry_run {
            let new = |label: &&String| !found.pull_request.labels.contains(label);
            let labels = content.labels.iter().filter(new).cloned().collect();
            let (title, body) = (content.title.clone(), forge.escape_commands(&content.body));
            forge.update(number, &PullRequestContent { title, body, labels })?;
        }
        Ok(self.outcome(permit))
    }

    /// Comments on a pull request. Replaces an earlier comment of the same name.
    ///
    /// # Errors
    /// `NotFound` if there is no such pull request, or an error of the forge.
    pub fn comment(
        &mut self,
        permit: &Permit,
        number: u64,
        name: &str,
        text: &str,
    ) -> Result<Answer<Outcome>, CallError> {
        let dry_run = self.dry_run;
        let (forge, base, branch) = self.forge_of(permit)?;
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '-';
        if name.is_empty() || name.len() > 50 || !name.chars().all(plain) {
            return Err(CallError::Invalid(format!(
                "invalid name `{}` of a comment: expected letters, digits and `-`",
                name.escape_debug()
            )));
        }
        check_length("the comment", text, MAX_TEXT_BYTES)?;
        pull_request_between(forge, base, branch, number)?;
        let mark = format!("<!-- lockstep:{name} -->");
        let text = format!("{}\n{mark}", forge.escape_commands(text));
        if !dry_run {
            let existing = forge.comment(number, &mark)?;
            if existing.as_ref().is_none_or(|(_, old)| *old != text) {
                forge.write_comment(number, existing.as_ref().map(|(id, _)| &**id), &text)?;
            }
        }
        Ok(self.outcome(permit))
    }

    /// Closes a pull request that this run has opened.
    ///
    /// # Errors
    /// `Invalid` if this run has not opened it, or an error of the forge.
    pub fn close(&mut self, permit: &Permit, number: u64) -> Result<Answer<Outcome>, CallError> {
        let own = permit.repository().is_some_and(|(name, _)| self.opened.contains(&(name.clone(), number)));
        let (forge, base, branch) = self.forge_of(permit)?;
        if !own {
            return Err(CallError::Invalid(format!("this run has not opened pull request {number}")));
        }
        open_pull_request(forge, base, branch, number)?;
        forge.close(number)?;
        Ok(self.outcome(permit))
    }

    /// Merges a pull request whose branch points at `head`, or enables auto-merge.
    ///
    /// # Errors
    /// `Conflict` if the branch points at another commit, or an error of the forge.
    pub fn merge(
        &mut self,
        permit: &Permit,
        number: u64,
        head: &str,
        message: &str,
    ) -> Result<Answer<MergeResult>, CallError> {
        let dry_run = self.dry_run;
        check_length("the message", message, MAX_TEXT_BYTES)?;
        let (forge, base, branch) = self.forge_of(permit)?;
        let found = open_pull_request(forge, base, branch, number)?;
        if found.pull_request.head_commit != head {
            return Err(CallError::Conflict(format!(
                "the head of pull request {number} is {} now",
                found.pull_request.head_commit
            )));
        }
        let result = match dry_run {
            true => MergeResult::DryRun,
            false => match forge.merge(&found, head, message) {
                // The forge may have merged it and the answer got lost.
                Err(CallError::Unavailable(_)) => {
                    match pull_request_between(forge, base, branch, number)?.pull_request {
                        PullRequest { state: PullRequestState::Merged, .. } => MergeResult::Merged,
                        PullRequest { auto_merge: true, .. } => MergeResult::AutoMergeEnabled,
                        _ => MergeResult::NotReady,
                    }
                }
                result => result?,
            },
        };
        if result != MergeResult::NotReady {
            self.record(permit);
        }
        Ok(Answer::plain(result))
    }

    /// The forge of the permit's repository, the base and the branch.
    fn forge_of<'p>(&mut self, permit: &'p Permit) -> Result<(&dyn Forge, &'p str, &'p str), CallError> {
        let Some((repository, RepositoryPart::PullRequests(base, branch))) = permit.repository() else {
            return Err(CallError::Invalid("the call names no pull requests".into()));
        };
        if !self.forges.contains_key(repository) {
            let secrets = self.config.repository.secret_registry();
            let located = locate::locate(repository, &self.config, &secrets)?;
            let (client, path) = (ForgeClient::new(&located, secrets, self.retry_timeout)?, located.path);
            let forge: Box<dyn Forge + Send> = match located.kind {
                ForgeKind::GitHub => Box::new(github::GitHub::new(client, &path)?),
                ForgeKind::GitLab => Box::new(gitlab::GitLab::new(client, &path)),
                ForgeKind::Gitea => Box::new(gitea::Gitea::new(client, &path)?),
            };
            self.forges.insert(repository.clone(), forge);
        }
        let forge = self.forges.get(repository).map(|forge| &**forge);
        let forge = forge.ok_or_else(|| CallError::Invalid("the repository has no forge".into()))?;
        Ok((forge, base.as_str(), branch.as_str()))
    }

    fn outcome(&mut self, permit: &Permit) -> Answer<Outcome> {
        self.record(permit);
        Answer::plain(if self.dry_run { Outcome::DryRun } else { Outcome::Applied })
    }

    /// Records a change, once for each pair of branches.
    fn record(&mut self, permit: &Permit) {
        if let Some((repository, part)) = permit.repository() {
            let name = part.named(repository);
            if self.changes.iter().all(|change| change.name != name) {
                self.changes.push(ObjectChange { name, digest: None, verb: ChangeVerb::Changed });
            }
        }
    }
}

/// Returns a pull request between the permit's branches.
fn pull_request_between(
    forge: &dyn Forge,
    base: &str,
    branch: &str,
    number: u64,
) -> Result<BranchPullRequest, CallError> {
    let found = forge.get(number)?;
    // The number alone can name a pull request of another branch or a fork.
    if found.is_between(base, branch) {
        return Ok(found);
    }
    Err(CallError::NotFound(format!("no pull request {number} from `{branch}` into `{base}`")))
}

/// Returns an open pull request between the permit's branches.
fn open_pull_request(
    forge: &dyn Forge,
    base: &str,
    branch: &str,
    number: u64,
) -> Result<BranchPullRequest, CallError> {
    let found = pull_request_between(forge, base, branch, number)?;
    match found.pull_request.state {
        PullRequestState::Open => Ok(found),
        _ => Err(CallError::Conflict(format!("pull request {number} is no longer open"))),
    }
}

/// Refines a vague merge blocker of the forge by the states of the checks.
fn refine_blocker(blocker: MergeBlocker, checks: &[Check]) -> MergeBlocker {
    let any = |state| checks.iter().any(|check| check.state == state);
    let is_vague = matches!(
        blocker,
        MergeBlocker::None | MergeBlocker::Unknown | MergeBlocker::Blocked | MergeBlocker::ChecksPending
    );
    match blocker {
        _ if is_vague && any(CheckState::Failed) => MergeBlocker::ChecksFailed,
        _ if is_vague && any(CheckState::Pending) => MergeBlocker::ChecksPending,
        blocker => blocker,
    }
}
