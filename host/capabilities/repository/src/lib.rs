//! Git repositories: reads them, commits to them, and pushes what it has committed. It acts only on what a permit names,
//! overwrites nothing that others pushed, and no credential leaves this crate. With a run that is a dry run, nothing is
//! pushed.
#![forbid(unsafe_code)]

mod bare_repository;
mod commit;
mod git;
mod login;
mod origin;
mod push;
mod remote;
mod run_folder;
mod seal;
mod signing;

pub use bare_repository::{CommitInfo, FileEntry};
pub use login::Login;
pub use signing::{CommitRequest, CommitSigner, Signing, TreeEdit};

#[cfg(test)]
mod tests;

use bare_repository::BareRepository;
use commit::FileChange;
use git::Git;
use lockstep_model::call::{Answer, CallError, Outcome};
use lockstep_model::gate::Permit;
use lockstep_model::report::{ChangeVerb, ObjectChange};
use lockstep_model::repository::{Repository, RepositoryPart};
use lockstep_model::secret_registry::SecretRegistry;
use lockstep_process::Programs;
use push::PushTarget;
use run_folder::RunFolder;
use std::collections::{HashMap, HashSet};
use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

/// What git and the programs that it starts find in their environment besides PATH, by name: how ssh is authenticated,
/// whom TLS trusts, where temporary files go.
pub type Variables = Vec<(String, OsString)>;

/// How a run gets at repositories.
#[derive(Clone, Default)]
pub struct RepositoryConfig {
    /// The workspace, whose remote `origin` is the repository `.`.
    pub workspace: PathBuf,
    /// What opens servers, in the order in which it is tried.
    pub logins: Vec<Login>,
    /// Who commits: `NAME <EMAIL>`; none for the tool itself.
    pub author: Option<String>,
    /// What every message of a commit says of the job at its end, such as `CI-Run` and its URL.
    pub trailers: Vec<(String, String)>,
    /// How commits are signed.
    pub signing: Signing,
    /// The secrets of the job, which no message may show.
    pub secrets: Vec<String>,
    /// The environment of git, which has nothing else in it but PATH.
    pub variables: Variables,
    /// How long a call tries again what may pass, such as an answer that was cut off.
    pub retry_timeout: Duration,
    /// Where git and ssh may be.
    pub programs: Programs,
}

/// The repositories of one run.
pub struct Repositories {
    connection: RepositoryConfig,
    dry_run: bool,
    known: SecretRegistry,
    /// Made when it is first needed.
    folder: Option<RunFolder>,
    open_repositories: HashMap<Repository, BareRepository>,
    changes: Vec<ObjectChange>,
    /// What a run that is a dry run would change, as git shows it.
    diff: String,
}

impl RepositoryConfig {
    /// Where a repository is on the web, and the token that opens its server. What the workspace's remote holds in secret
    /// becomes known.
    ///
    /// # Errors
    /// The workspace names none, or it could only be opened where others can read along.
    pub fn web_location(
        &self,
        repository: &Repository,
        known: &SecretRegistry,
    ) -> Result<(String, Option<&Login>), CallError> {
        let url = origin::web(&origin::url(repository, self, known)?);
        let login = login::of(&self.logins, repository, &url)?;
        Ok((url, login))
    }

    /// What no message may show.
    #[must_use]
    pub fn known(&self) -> SecretRegistry {
        let known = SecretRegistry::default();
        let held = self.logins.iter().map(Login::token).chain(self.secrets.iter().map(String::as_str));
        held.filter(|secret| secret.len() >= 4).for_each(|secret| known.add(secret));
        known
    }
}

impl Repositories {
    /// The repositories of a run. Nothing is asked of any yet.
    #[must_use]
    pub fn new(connection: RepositoryConfig, dry_run: bool) -> Self {
        Self {
            known: connection.known(),
            connection,
            dry_run,
            folder: None,
            open_repositories: HashMap::new(),
            changes: Vec::new(),
            diff: String::new(),
        }
    }

    /// What was pushed, in order; with a run that is a dry run, what would be, and how it differs from what is there.
    #[must_use]
    pub fn into_changes(self) -> (Vec<ObjectChange>, String) {
        (self.changes, self.diff)
    }

    /// The commit at the head of a branch of the permit's repository; none if there is no such branch.
    ///
    /// # Errors
    /// The server refuses or does not answer well.
    pub fn branch_head(
        &mut self,
        permit: &Permit,
        branch: &str,
    ) -> Result<Answer<Option<String>>, CallError> {
        let branch = lockstep_model::repository::branch(branch);
        let branch = branch.map_err(|error| CallError::Invalid(error.to_string()))?;
        self.on(permit, |store, _| store.head(branch.as_str()).map(Answer::plain))
    }

    /// The commit that a tag of the permit's repository names; none if there is no such tag.
    ///
    /// # Errors
    /// The server refuses or does not answer well.
    pub fn tag_commit(&mut self, permit: &Permit, name: &str) -> Result<Answer<Option<String>>, CallError> {
        // What can be the name of a branch can be that of a tag.
        let name = lockstep_model::repository::branch(name);
        let name = name.map_err(|error| CallError::Invalid(error.to_string()))?;
        self.on(permit, |store, _| store.tag(name.as_str()).map(Answer::plain))
    }

    /// The files of a commit that the permit's pattern names, sorted by path.
    ///
    /// # Errors
    /// There is no such commit, or the server refuses or does not answer well.
    pub fn list_files(&mut self, permit: &Permit, commit: &str) -> Result<Answer<Vec<FileEntry>>, CallError> {
        self.on(permit, |store, part| match part {
            RepositoryPart::Pattern(pattern) => store.files(commit, pattern).map(Answer::plain),
            _ => Err(wrong_target()),
        })
    }

    /// The contents of the permit's files at a commit.
    ///
    /// # Errors
    /// One is not there, is no plain file or is too large, or the server refuses or does not answer well.
    pub fn read_files(&mut self, permit: &Permit, commit: &str) -> Result<Answer<Vec<Vec<u8>>>, CallError> {
        self.on(permit, |store, part| match part {
            RepositoryPart::Files(paths) => {
                let contents = store.read(commit, paths)?;
                let bytes = contents.iter().map(|content| content.len() as u64).sum();
                Ok(Answer { bytes, value: contents, digest: None })
            }
            _ => Err(wrong_target()),
        })
    }

    /// The last commits of a commit's history, newest first.
    ///
    /// # Errors
    /// There is no such commit, or the server refuses or does not answer well.
    pub fn log(
        &mut self,
        permit: &Permit,
        commit: &str,
        limit: u32,
    ) -> Result<Answer<Vec<CommitInfo>>, CallError> {
        self.on(permit, |store, _| store.history(commit, limit).map(Answer::plain))
    }

    /// Makes a commit that changes the permit's files, each to a content or to none. Nobody sees it yet.
    ///
    /// # Errors
    /// There is no such parent, nothing changes, or a path is not one of a plain file.
    pub fn create_commit(
        &mut self,
        permit: &Permit,
        parent: &str,
        contents: &[Option<Vec<u8>>],
        message: &str,
    ) -> Result<Answer<String>, CallError> {
        let dry_run = self.dry_run;
        self.on(permit, |store, part| match part {
            RepositoryPart::Files(paths) if paths.len() == contents.len() => {
                let mut seen = HashSet::new();
                if let Some(twice) = paths.iter().find(|path| !seen.insert(path.as_str())) {
                    return Err(CallError::Invalid(format!("commit: `{twice}` is given twice")));
                }
                let changes: Vec<_> = paths
                    .iter()
                    .zip(contents)
                    .map(|(path, content)| FileChange { path, content: content.as_deref() })
                    .collect();
                let bytes = contents.iter().flatten().map(|content| content.len() as u64).sum();
                Ok(Answer { bytes, value: store.commit(parent, &changes, message, dry_run)?, digest: None })
            }
            _ => Err(wrong_target()),
        })
    }

    /// Lets the permit's branch point at a commit that this run has made, if it points at `expected`, the parent of that
    /// commit; with none, if there is no such branch.
    ///
    /// # Errors
    /// `Conflict` if it points at something else, or the server refuses or does not answer well.
    pub fn push(
        &mut self,
        permit: &Permit,
        commit: &str,
        expected: Option<&str>,
    ) -> Result<Answer<Outcome>, CallError> {
        self.move_branch(permit, commit, expected.map_or(PushTarget::Nothing, PushTarget::Head))
    }

    /// Lets the permit's branch point at a commit that this run has made, in the place of `expected`, which an earlier run
    /// has made and nobody has touched since.
    ///
    /// # Errors
    /// `Conflict` if it points at something else, `Invalid` if others have committed to it, or the server refuses or does
    /// not answer well.
    pub fn replace_head(
        &mut self,
        permit: &Permit,
        commit: &str,
        expected: &str,
    ) -> Result<Answer<Outcome>, CallError> {
        self.move_branch(permit, commit, PushTarget::Replace(expected))
    }

    fn move_branch(
        &mut self,
        permit: &Permit,
        commit: &str,
        onto: PushTarget<'_>,
    ) -> Result<Answer<Outcome>, CallError> {
        let dry_run = self.dry_run;
        let (effect, name, diff) = self.on(permit, |store, part| match part {
            RepositoryPart::Branch(branch) => {
                let effect = push::push(store, branch.as_str(), commit, onto, dry_run)?;
                let diff = if effect == Outcome::DryRun { store.diff(commit) } else { String::new() };
                Ok((effect, format!("{}#{}", store.name(), branch.as_str()), diff))
            }
            _ => Err(wrong_target()),
        })?;
        self.diff += &diff;
        self.changes.push(ObjectChange { name, digest: None, verb: ChangeVerb::Changed });
        Ok(Answer::plain(effect))
    }

    /// Does something with the permit's repository.
    fn on<T>(
        &mut self,
        permit: &Permit,
        act: impl FnOnce(&mut BareRepository, &RepositoryPart) -> Result<T, CallError>,
    ) -> Result<T, CallError> {
        let (repository, part) = permit.repository().ok_or_else(wrong_target)?;
        if !self.open_repositories.contains_key(repository) {
            let store = self.open(repository)?;
            self.open_repositories.insert(repository.clone(), store);
        }
        let store = self.open_repositories.get_mut(repository).ok_or_else(wrong_target)?;
        act(store, part).map_err(|error| error.map_message(|text| self.known.redact(text)))
    }

    /// Makes the place where what is fetched of a repository is kept.
    fn open(&mut self, repository: &Repository) -> Result<BareRepository, CallError> {
        let folder = match &mut self.folder {
            Some(folder) => folder,
            none => none
                .insert(RunFolder::new().map_err(|error| local_error(format!("a folder for git: {error}")))?),
        };
        let folder = folder.path().to_owned();
        let url = origin::url(repository, &self.connection, &self.known)?;
        // By ssh git asks for no token, so none is open to it.
        let login = login::of(&self.connection.logins, repository, &url)?;
        let git = Git::new(
            folder.join(self.open_repositories.len().to_string()),
            login.cloned(),
            self.connection.variables.clone(),
            self.connection.programs.clone(),
        );
        BareRepository::new(git, repository.clone(), url, &self.connection)
    }
}

fn wrong_target() -> CallError {
    CallError::Invalid("the call is about no repository, or about another part of it".into())
}

/// A fault of this machine.
fn local_error(text: String) -> CallError {
    CallError::Local(text)
}
