//! Pull requests of forges: finds, opens, edits and merges those between two branches of one repository. It acts only on
//! what a permit names, and no credential leaves this crate. With a run that is a dry run, nothing is changed.
#![forbid(unsafe_code)]

mod client;
mod common;
mod gitea;
mod github;
mod gitlab;
mod locate;
mod signed;
mod types;

#[cfg(test)]
mod tests;

pub use locate::Server;
pub use signed::Signed;
pub use types::{
    Check, CheckState, MergeBlocker, MergeResult, PullRequest, PullRequestContent, PullRequestState,
    PullRequestStatus,
};

use client::Client;
use lockstep_model::call::{Answer, CallError, Outcome};
use lockstep_model::forge::ForgeKind;
use lockstep_model::gate::Permit;
use lockstep_model::report::{ChangeVerb, ObjectChange};
use lockstep_model::repository::{Repository, RepositoryPart};
use std::collections::{HashMap, HashSet};
use std::time::Duration;
use types::Found;

/// The most bytes of a title, and of a description or a comment. <https://docs.github.com/rest/pulls>
const LONGEST_TITLE: usize = 250;
const LONGEST_TEXT: usize = 60_000;
/// The most labels, and checks that are shown.
const MOST_LABELS: usize = 50;
const MOST_CHECKS: usize = 100;
/// How long a call waits for a forge in all.
const PATIENCE: Duration = Duration::from_secs(120);

/// How a run gets at forges.
#[derive(Clone, Default)]
pub struct Connection {
    /// How it gets at their repositories, with the tokens for their servers.
    pub repository: lockstep_repository::Connection,
    /// What the forge is, if the run's inputs say it.
    pub kind: Option<ForgeKind>,
    /// What the platform says of its server.
    pub servers: Vec<Server>,
}

/// What each kind of forge does in its own way. `base` and `branch` are names of branches of its repository.
trait Forge {
    /// The pull requests between two branches, the newest first.
    fn list(&self, base: &str, branch: &str) -> Result<Vec<Found>, CallError>;
    /// One of them, of whatever branches.
    fn get(&self, number: u64) -> Result<Found, CallError>;
    /// The checks of a commit.
    fn checks(&self, commit: &str) -> Result<Vec<Check>, CallError>;
    /// Opens one.
    fn open(&self, base: &str, branch: &str, content: &PullRequestContent) -> Result<Found, CallError>;
    /// Says something else of one. It gets these labels besides those that it has.
    fn update(&self, number: u64, content: &PullRequestContent) -> Result<(), CallError>;
    /// The comment that ends with a line, and its id.
    fn comment(&self, number: u64, mark: &str) -> Result<Option<(String, String)>, CallError>;
    /// Comments, in the place of a comment of this id if there is one.
    fn say(&self, number: u64, id: Option<&str>, text: &str) -> Result<(), CallError>;
    /// Closes one.
    fn close(&self, number: u64) -> Result<(), CallError>;
    /// A description or a comment in such a form that the forge takes it for no command.
    fn plain(&self, text: &str) -> String {
        text.to_owned()
    }
    /// Merges one, or lets the forge do it when it may.
    fn merge(&self, found: &Found, head: &str, message: &str) -> Result<MergeResult, CallError>;
}

/// The forges of one run.
pub struct Forges {
    connection: Connection,
    dry_run: bool,
    places: HashMap<Repository, Box<dyn Forge + Send>>,
    changes: Vec<ObjectChange>,
    /// How long a call waits for a forge in all.
    patience: Duration,
    /// The pull requests that this run has opened.
    opened: HashSet<(Repository, u64)>,
}

impl Forges {
    /// The forges of a run. Nothing is asked of any yet.
    #[must_use]
    pub fn new(connection: Connection, dry_run: bool) -> Self {
        Self {
            connection,
            dry_run,
            places: HashMap::new(),
            changes: Vec::new(),
            patience: PATIENCE,
            opened: HashSet::new(),
        }
    }

    /// What was changed, in order; with a run that is a dry run, what would be.
    #[must_use]
    pub fn into_changes(self) -> Vec<ObjectChange> {
        self.changes
    }

    /// The pull requests between the permit's branches, the newest first.
    ///
    /// # Errors
    /// The forge refuses or does not answer well.
    pub fn list_pull_requests(&mut self, permit: &Permit) -> Result<Answer<Vec<PullRequest>>, CallError> {
        let (forge, base, branch) = self.at(permit)?;
        let found = forge.list(base, branch)?.into_iter().filter(|found| found.is(base, branch));
        Ok(Answer::plain(found.map(|found| found.pull_request).collect()))
    }

    /// How one of them stands.
    ///
    /// # Errors
    /// There is none of this number, or the forge refuses or does not answer well.
    pub fn get_status(
        &mut self,
        permit: &Permit,
        number: u64,
    ) -> Result<Answer<PullRequestStatus>, CallError> {
        let (forge, base, branch) = self.at(permit)?;
        let Found { pull_request, blocker, .. } = one(forge, base, branch, number)?;
        // A token that may not see checks can still wait for them.
        let mut checks = match forge.checks(&pull_request.head_commit) {
            Err(CallError::Unauthorized(_)) => Vec::new(),
            checks => checks?,
        };
        checks.sort();
        let blocker = if pull_request.state == PullRequestState::Open {
            sharper(blocker, &checks)
        } else {
            MergeBlocker::None
        };
        checks.truncate(MOST_CHECKS);
        Ok(Answer::plain(PullRequestStatus { pull_request, blocker, checks }))
    }

    /// Opens one; none if the run is a dry run.
    ///
    /// # Errors
    /// `Conflict` if there is an open one, or the forge refuses or does not answer well.
    pub fn open(
        &mut self,
        permit: &Permit,
        content: &PullRequestContent,
    ) -> Result<Answer<Option<PullRequest>>, CallError> {
        let dry_run = self.dry_run;
        let (forge, base, branch) = self.at(permit)?;
        check(content)?;
        let content = &PullRequestContent { body: forge.plain(&content.body), ..content.clone() };
        let open = || -> Result<Option<PullRequest>, CallError> {
            let found = forge.list(base, branch)?.into_iter().filter(|found| found.is(base, branch));
            Ok(found.map(|found| found.pull_request).find(|one| one.state == PullRequestState::Open))
        };
        let made = match dry_run {
            true if open()?.is_some() => {
                return Err(CallError::Conflict("there is an open one already".into()));
            }
            true => None,
            false => match forge.open(base, branch, content) {
                Ok(found) => Some(found.pull_request),
                // The answer alone may have been lost. What it is to have besides may have been lost with it.
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
        self.changed(permit);
        Ok(Answer::plain(made))
    }

    /// Says something else of an open one.
    ///
    /// # Errors
    /// There is no open one of this number, or the forge refuses or does not answer well.
    pub fn update(
        &mut self,
        permit: &Permit,
        number: u64,
        content: &PullRequestContent,
    ) -> Result<Answer<Outcome>, CallError> {
        let dry_run = self.dry_run;
        let (forge, base, branch) = self.at(permit)?;
        check(content)?;
        let found = open(forge, base, branch, number)?;
        if !dry_run {
            let new = |label: &&String| !found.pull_request.labels.contains(label);
            let labels = content.labels.iter().filter(new).cloned().collect();
            let (title, body) = (content.title.clone(), forge.plain(&content.body));
            forge.update(number, &PullRequestContent { title, body, labels })?;
        }
        Ok(self.effect(permit))
    }

    /// Comments on one, in the place of an earlier comment of this name.
    ///
    /// # Errors
    /// There is none of this number, or the forge refuses or does not answer well.
    pub fn comment(
        &mut self,
        permit: &Permit,
        number: u64,
        name: &str,
        text: &str,
    ) -> Result<Answer<Outcome>, CallError> {
        let dry_run = self.dry_run;
        let (forge, base, branch) = self.at(permit)?;
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '-';
        if name.is_empty() || name.len() > 50 || !name.chars().all(plain) {
            return Err(CallError::Invalid(format!("`{}` is no name of a comment", name.escape_debug())));
        }
        bounded("the comment", text, LONGEST_TEXT)?;
        one(forge, base, branch, number)?;
        let mark = format!("<!-- lockstep:{name} -->");
        let text = format!("{}\n{mark}", forge.plain(text));
        if !dry_run {
            let there = forge.comment(number, &mark)?;
            if there.as_ref().is_none_or(|(_, said)| *said != text) {
                forge.say(number, there.as_ref().map(|(id, _)| &**id), &text)?;
            }
        }
        Ok(self.effect(permit))
    }

    /// Closes one that this run has opened.
    ///
    /// # Errors
    /// This run has opened none of this number, or the forge refuses or does not answer well.
    pub fn close(&mut self, permit: &Permit, number: u64) -> Result<Answer<Outcome>, CallError> {
        let own = permit.repository().is_some_and(|(name, _)| self.opened.contains(&(name.clone(), number)));
        let (forge, base, branch) = self.at(permit)?;
        if !own {
            return Err(CallError::Invalid(format!("this run has opened no pull request {number}")));
        }
        open(forge, base, branch, number)?;
        forge.close(number)?;
        Ok(self.effect(permit))
    }

    /// Merges one whose branch points at `head`, or lets the forge do it when it may.
    ///
    /// # Errors
    /// `Conflict` if the branch points at something else, `Upstream` if it will never be merged as it is, or the forge
    /// refuses or does not answer well.
    pub fn merge(
        &mut self,
        permit: &Permit,
        number: u64,
        head: &str,
        message: &str,
    ) -> Result<Answer<MergeResult>, CallError> {
        let dry_run = self.dry_run;
        bounded("the message", message, LONGEST_TEXT)?;
        let (forge, base, branch) = self.at(permit)?;
        let found = open(forge, base, branch, number)?;
        if found.pull_request.head_commit != head {
            return Err(CallError::Conflict(format!(
                "pull request {number} is at {} by now",
                found.pull_request.head_commit
            )));
        }
        let merging = match dry_run {
            true => MergeResult::DryRun,
            false => match forge.merge(&found, head, message) {
                // The answer alone may have been lost.
                Err(CallError::Unavailable(_)) => match one(forge, base, branch, number)?.pull_request {
                    PullRequest { state: PullRequestState::Merged, .. } => MergeResult::Merged,
                    PullRequest { auto_merge: true, .. } => MergeResult::AutoMergeEnabled,
                    _ => MergeResult::NotReady,
                },
                merging => merging?,
            },
        };
        if merging != MergeResult::NotReady {
            self.changed(permit);
        }
        Ok(Answer::plain(merging))
    }

    /// The forge of the permit's repository, and between which branches the call is.
    fn at<'p>(&mut self, permit: &'p Permit) -> Result<(&dyn Forge, &'p str, &'p str), CallError> {
        let Some((repository, RepositoryPart::PullRequests(base, branch))) = permit.repository() else {
            return Err(CallError::Invalid("the call is about no pull request".into()));
        };
        if !self.places.contains_key(repository) {
            let known = self.connection.repository.known();
            let place = locate::locate(repository, &self.connection, &known)?;
            let (client, path) = (Client::new(&place, known, self.patience)?, place.path);
            let forge: Box<dyn Forge + Send> = match place.kind {
                ForgeKind::GitHub => Box::new(github::GitHub::new(client, &path)?),
                ForgeKind::GitLab => Box::new(gitlab::GitLab::new(client, &path)),
                ForgeKind::Gitea => Box::new(gitea::Gitea::new(client, &path)?),
            };
            self.places.insert(repository.clone(), forge);
        }
        let forge = self.places.get(repository).map(|forge| &**forge);
        let forge = forge.ok_or_else(|| CallError::Invalid("there is no forge".into()))?;
        Ok((forge, base.as_str(), branch.as_str()))
    }

    fn effect(&mut self, permit: &Permit) -> Answer<Outcome> {
        self.changed(permit);
        Answer::plain(if self.dry_run { Outcome::DryRun } else { Outcome::Applied })
    }

    fn changed(&mut self, permit: &Permit) {
        if let Some((repository, part)) = permit.repository() {
            let name = part.named(repository);
            if self.changes.iter().all(|change| change.name != name) {
                self.changes.push(ObjectChange { name, digest: None, verb: ChangeVerb::Changed });
            }
        }
    }
}

impl Found {
    /// Whether it is between these branches of one repository.
    fn is(&self, base: &str, branch: &str) -> bool {
        self.base == base && self.branch.as_deref() == Some(branch)
    }
}

/// A pull request between the permit's branches.
fn one(forge: &dyn Forge, base: &str, branch: &str, number: u64) -> Result<Found, CallError> {
    let found = forge.get(number)?;
    // A number alone could name one of another branch, or of somebody's fork.
    if found.is(base, branch) {
        return Ok(found);
    }
    Err(CallError::NotFound(format!("there is no pull request {number} from `{branch}` into `{base}`")))
}

fn open(forge: &dyn Forge, base: &str, branch: &str, number: u64) -> Result<Found, CallError> {
    let found = one(forge, base, branch, number)?;
    match found.pull_request.state {
        PullRequestState::Open => Ok(found),
        _ => Err(CallError::Conflict(format!("pull request {number} is open no longer"))),
    }
}

/// What keeps a pull request from being merged, with what its checks say where the forge says no more than that it is
/// blocked.
fn sharper(blocker: MergeBlocker, checks: &[Check]) -> MergeBlocker {
    let any = |state| checks.iter().any(|check| check.state == state);
    let vague = matches!(
        blocker,
        MergeBlocker::None | MergeBlocker::Unknown | MergeBlocker::Blocked | MergeBlocker::ChecksPending
    );
    match blocker {
        _ if vague && any(CheckState::Failed) => MergeBlocker::ChecksFailed,
        _ if vague && any(CheckState::Pending) => MergeBlocker::ChecksPending,
        blocker => blocker,
    }
}

fn check(content: &PullRequestContent) -> Result<(), CallError> {
    bounded("the title", &content.title, LONGEST_TITLE)?;
    bounded("the description", &content.body, LONGEST_TEXT)?;
    let plain = |label: &String| {
        !label.is_empty() && label.len() <= 50 && !label.contains(|c: char| c.is_control() || c == ',')
    };
    let wrong = content.labels.iter().find(|label| !plain(label));
    match wrong {
        _ if content.title.trim().is_empty() || content.title.contains(char::is_control) => {
            Err(CallError::Invalid("the title is empty or not one line".into()))
        }
        Some(label) => Err(CallError::Invalid(format!("`{}` is no label", label.escape_debug()))),
        None if content.labels.len() > MOST_LABELS => {
            Err(CallError::Invalid(format!("there are more than {MOST_LABELS} labels")))
        }
        None => Ok(()),
    }
}

fn bounded(what: &str, text: &str, most: usize) -> Result<(), CallError> {
    match text.len() > most {
        true => Err(CallError::Invalid(format!("{what} has more than {most} bytes"))),
        false => Ok(()),
    }
}
