//! Pull requests of forges: finds, opens, edits and merges those between two branches of one repository. It acts only on
//! what a permit names, and no credential leaves this crate. With a run that only plans, nothing is changed.
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
pub use types::{Check, CheckState, Effect, Hurdle, Merging, Proposal, PullRequest, Standing, State};

use client::Client;
use lockstep_model::call::{Answer, CallError};
use lockstep_model::forge::ForgeKind;
use lockstep_model::gate::Permit;
use lockstep_model::report::{Deed, ObjectChange};
use lockstep_model::repository::{Part, Repository};
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
    fn open(&self, base: &str, branch: &str, proposal: &Proposal) -> Result<Found, CallError>;
    /// Says something else of one. It gets these labels besides those that it has.
    fn edit(&self, number: u64, proposal: &Proposal) -> Result<(), CallError>;
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
    fn merge(&self, found: &Found, head: &str, message: &str) -> Result<Merging, CallError>;
}

/// The forges of one run.
pub struct Forges {
    connection: Connection,
    planned: bool,
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
    pub fn new(connection: Connection, planned: bool) -> Self {
        Self {
            connection,
            planned,
            places: HashMap::new(),
            changes: Vec::new(),
            patience: PATIENCE,
            opened: HashSet::new(),
        }
    }

    /// What was changed, in order; with a run that only plans, what would be.
    #[must_use]
    pub fn into_changes(self) -> Vec<ObjectChange> {
        self.changes
    }

    /// The pull requests between the permit's branches, the newest first.
    ///
    /// # Errors
    /// The forge refuses or does not answer well.
    pub fn pull_requests(&mut self, permit: &Permit) -> Result<Answer<Vec<PullRequest>>, CallError> {
        let (forge, base, branch) = self.at(permit)?;
        let found = forge.list(base, branch)?.into_iter().filter(|found| found.is(base, branch));
        Ok(Answer::plain(found.map(|found| found.now).collect()))
    }

    /// How one of them stands.
    ///
    /// # Errors
    /// There is none of this number, or the forge refuses or does not answer well.
    pub fn inspect(&mut self, permit: &Permit, number: u64) -> Result<Answer<Standing>, CallError> {
        let (forge, base, branch) = self.at(permit)?;
        let Found { now, hurdle, .. } = one(forge, base, branch, number)?;
        // A token that may not see checks can still wait for them.
        let mut checks = match forge.checks(&now.head) {
            Err(CallError::Unauthorized(_)) => Vec::new(),
            checks => checks?,
        };
        checks.sort();
        let hurdle = if now.state == State::Open { sharper(hurdle, &checks) } else { Hurdle::None };
        checks.truncate(MOST_CHECKS);
        Ok(Answer::plain(Standing { now, hurdle, checks }))
    }

    /// Opens one; none if the run only plans.
    ///
    /// # Errors
    /// `Conflict` if there is an open one, or the forge refuses or does not answer well.
    pub fn open(
        &mut self,
        permit: &Permit,
        proposal: &Proposal,
    ) -> Result<Answer<Option<PullRequest>>, CallError> {
        let planned = self.planned;
        let (forge, base, branch) = self.at(permit)?;
        check(proposal)?;
        let proposal = &Proposal { body: forge.plain(&proposal.body), ..proposal.clone() };
        let open = || -> Result<Option<PullRequest>, CallError> {
            let found = forge.list(base, branch)?.into_iter().filter(|found| found.is(base, branch));
            Ok(found.map(|found| found.now).find(|one| one.state == State::Open))
        };
        let made = match planned {
            true if open()?.is_some() => {
                return Err(CallError::Conflict("there is an open one already".into()));
            }
            true => None,
            false => match forge.open(base, branch, proposal) {
                Ok(found) => Some(found.now),
                // The answer alone may have been lost. What it is to have besides may have been lost with it.
                Err(CallError::Unavailable(why)) => {
                    let made = open()?.ok_or(CallError::Unavailable(why))?;
                    forge.edit(made.number, proposal)?;
                    Some(made)
                }
                Err(error) => return Err(error),
            },
        };
        let made = made.map(|mut made| {
            made.labels.extend(proposal.labels.iter().cloned());
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
    pub fn edit(
        &mut self,
        permit: &Permit,
        number: u64,
        proposal: &Proposal,
    ) -> Result<Answer<Effect>, CallError> {
        let planned = self.planned;
        let (forge, base, branch) = self.at(permit)?;
        check(proposal)?;
        let found = open(forge, base, branch, number)?;
        if !planned {
            let new = |label: &&String| !found.now.labels.contains(label);
            let labels = proposal.labels.iter().filter(new).cloned().collect();
            let (title, body) = (proposal.title.clone(), forge.plain(&proposal.body));
            forge.edit(number, &Proposal { title, body, labels })?;
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
    ) -> Result<Answer<Effect>, CallError> {
        let planned = self.planned;
        let (forge, base, branch) = self.at(permit)?;
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '-';
        if name.is_empty() || name.len() > 50 || !name.chars().all(plain) {
            return Err(CallError::Invalid(format!("`{}` is no name of a comment", name.escape_debug())));
        }
        bounded("the comment", text, LONGEST_TEXT)?;
        one(forge, base, branch, number)?;
        let mark = format!("<!-- lockstep:{name} -->");
        let text = format!("{}\n{mark}", forge.plain(text));
        if !planned {
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
    pub fn withdraw(&mut self, permit: &Permit, number: u64) -> Result<Answer<Effect>, CallError> {
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
    ) -> Result<Answer<Merging>, CallError> {
        let planned = self.planned;
        bounded("the message", message, LONGEST_TEXT)?;
        let (forge, base, branch) = self.at(permit)?;
        let found = open(forge, base, branch, number)?;
        if found.now.head != head {
            return Err(CallError::Conflict(format!(
                "pull request {number} is at {} by now",
                found.now.head
            )));
        }
        let merging = match planned {
            true => Merging::Planned,
            false => match forge.merge(&found, head, message) {
                // The answer alone may have been lost.
                Err(CallError::Unavailable(_)) => match one(forge, base, branch, number)?.now {
                    PullRequest { state: State::Merged, .. } => Merging::Merged,
                    PullRequest { auto_merge: true, .. } => Merging::Waiting,
                    _ => Merging::NotYet,
                },
                merging => merging?,
            },
        };
        if merging != Merging::NotYet {
            self.changed(permit);
        }
        Ok(Answer::plain(merging))
    }

    /// The forge of the permit's repository, and between which branches the call is.
    fn at<'p>(&mut self, permit: &'p Permit) -> Result<(&dyn Forge, &'p str, &'p str), CallError> {
        let Some((repository, Part::Proposal(base, branch))) = permit.repository() else {
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

    fn effect(&mut self, permit: &Permit) -> Answer<Effect> {
        self.changed(permit);
        Answer::plain(if self.planned { Effect::Planned } else { Effect::Made })
    }

    fn changed(&mut self, permit: &Permit) {
        if let Some((repository, part)) = permit.repository() {
            let name = part.named(repository);
            if self.changes.iter().all(|change| change.name != name) {
                self.changes.push(ObjectChange { name, digest: None, deed: Deed::Changed });
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
    match found.now.state {
        State::Open => Ok(found),
        _ => Err(CallError::Conflict(format!("pull request {number} is open no longer"))),
    }
}

/// What keeps a pull request from being merged, with what its checks say where the forge says no more than that it is
/// blocked.
fn sharper(hurdle: Hurdle, checks: &[Check]) -> Hurdle {
    let any = |state| checks.iter().any(|check| check.state == state);
    let vague = matches!(hurdle, Hurdle::None | Hurdle::Unknown | Hurdle::Blocked | Hurdle::ChecksPending);
    match hurdle {
        _ if vague && any(CheckState::Failed) => Hurdle::ChecksFailed,
        _ if vague && any(CheckState::Pending) => Hurdle::ChecksPending,
        hurdle => hurdle,
    }
}

fn check(proposal: &Proposal) -> Result<(), CallError> {
    bounded("the title", &proposal.title, LONGEST_TITLE)?;
    bounded("the description", &proposal.body, LONGEST_TEXT)?;
    let plain = |label: &String| {
        !label.is_empty() && label.len() <= 50 && !label.contains(|c: char| c.is_control() || c == ',')
    };
    let wrong = proposal.labels.iter().find(|label| !plain(label));
    match wrong {
        _ if proposal.title.trim().is_empty() || proposal.title.contains(char::is_control) => {
            Err(CallError::Invalid("the title is empty or not one line".into()))
        }
        Some(label) => Err(CallError::Invalid(format!("`{}` is no label", label.escape_debug()))),
        None if proposal.labels.len() > MOST_LABELS => {
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
