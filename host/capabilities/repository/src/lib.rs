//! The capability `repository`: reads git repositories, creates commits and pushes them. It acts only on the parts that a permit
//! names, overwrites no commit that others pushed, pushes nothing in a dry run, and keeps its credentials in this crate.
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

/// The environment of git and of the programs that it starts, except PATH: variables for the authentication of ssh, for the
/// authorities of TLS and for temporary files.
pub type Variables = Vec<(String, OsString)>;

/// How a run reaches repositories.
#[derive(Clone, Default)]
pub struct RepositoryConfig {
    /// The workspace, whose remote `origin` is the repository `.`.
    pub workspace: PathBuf,
    /// The tokens for servers, in the order in which the host looks for one.
    pub logins: Vec<Login>,
    /// The author of commits, `NAME <EMAIL>`; none for Lockstep.
    pub author: Option<String>,
    /// The trailers of every commit message, such as `CI-Run` and the URL of the job.
    pub trailers: Vec<(String, String)>,
    /// How to sign commits.
    pub signing: Signing,
    /// The secrets of the job, which no message may show.
    pub secrets: Vec<String>,
    /// The environment of git, in addition to PATH.
    pub variables: Variables,
    /// How long a call retries after a temporary error.
    pub retry_timeout: Duration,
    /// Where the host finds git and ssh.
    pub programs: Programs,
}

/// The repositories of one run.
pub struct Repositories {
    config: RepositoryConfig,
    dry_run: bool,
    secrets: SecretRegistry,
    /// The folder of the bare repositories, from the first call on.
    folder: Option<RunFolder>,
    open_repositories: HashMap<Repository, BareRepository>,
    changes: Vec<ObjectChange>,
    /// The diff of the changes that a dry run would push.
    diff: String,
}

impl RepositoryConfig {
    /// The web URL of a repository and the token for its server. It adds a password in the URL of the workspace's remote to
    /// `secrets`.
    ///
    /// # Errors
    /// `NotFound` if the workspace has no remote, `Unauthorized` if the token would go over a line without TLS.
    pub fn web_location(
        &self,
        repository: &Repository,
        secrets: &SecretRegistry,
    ) -> Result<(String, Option<&Login>), CallError> {
        let url = origin::web_url(&origin::url(repository, self, secrets)?);
        let login = login::find(&self.logins, repository, &url)?;
        Ok((url, login))
    }

    /// The secrets that no message may show.
    #[must_use]
    pub fn secret_registry(&self) -> SecretRegistry {
        let secrets = SecretRegistry::default();
        let all = self.logins.iter().map(Login::token).chain(self.secrets.iter().map(String::as_str));
        all.filter(|secret| secret.len() >= 4).for_each(|secret| secrets.add(secret));
        secrets
    }
}

impl Repositories {
    /// The repositories of a run. The first call connects to one.
    #[must_use]
    pub fn new(config: RepositoryConfig, dry_run: bool) -> Self {
        Self {
            secrets: config.secret_registry(),
            config,
            dry_run,
            folder: None,
            open_repositories: HashMap::new(),
            changes: Vec::new(),
            diff: String::new(),
        }
    }

    /// The pushed branches in order; in a dry run, those that a run would push, with their diff.
    #[must_use]
    pub fn into_changes(self) -> (Vec<ObjectChange>, String) {
        (self.changes, self.diff)
    }

    /// Returns the head commit of a branch of the permit's repository; none if there is no such branch.
    ///
    /// # Errors
    /// `Invalid` for an invalid name, or an error of the server.
    pub fn branch_head(
        &mut self,
        permit: &Permit,
        branch: &str,
    ) -> Result<Answer<Option<String>>, CallError> {
        let branch = lockstep_model::repository::branch(branch);
        let branch = branch.map_err(|error| CallError::Invalid(error.to_string()))?;
        self.with_repository(permit, |repository, _| repository.head(branch.as_str()).map(Answer::plain))
    }

    /// Returns the commit of a tag of the permit's repository; none if there is no such tag.
    ///
    /// # Errors
    /// `Invalid` for an invalid name, or an error of the server.
    pub fn tag_commit(&mut self, permit: &Permit, name: &str) -> Result<Answer<Option<String>>, CallError> {
        // Git has the same rules for names of tags and branches.
        let name = lockstep_model::repository::branch(name);
        let name = name.map_err(|error| CallError::Invalid(error.to_string()))?;
        self.with_repository(permit, |repository, _| repository.tag(name.as_str()).map(Answer::plain))
    }

    /// Lists the files of a commit that match the permit's pattern, sorted by path.
    ///
    /// # Errors
    /// `NotFound` if there is no such commit, `LimitExceeded` if there are too many files, or an error of the server.
    pub fn list_files(&mut self, permit: &Permit, commit: &str) -> Result<Answer<Vec<FileEntry>>, CallError> {
        self.with_repository(permit, |repository, part| match part {
            RepositoryPart::Pattern(pattern) => repository.files(commit, pattern).map(Answer::plain),
            _ => Err(wrong_target()),
        })
    }

    /// Reads the permit's files at a commit.
    ///
    /// # Errors
    /// `NotFound`, `Invalid` or `LimitExceeded` if a file does not exist, is not a regular file or is too large, or an error of the
    /// server.
    pub fn read_files(&mut self, permit: &Permit, commit: &str) -> Result<Answer<Vec<Vec<u8>>>, CallError> {
        self.with_repository(permit, |repository, part| match part {
            RepositoryPart::Files(paths) => {
                let contents = repository.read(commit, paths)?;
                let bytes = contents.iter().map(|content| content.len() as u64).sum();
                Ok(Answer::new(contents, bytes, None))
            }
            _ => Err(wrong_target()),
        })
    }

    /// Returns a commit and the commits before it, newest first.
    ///
    /// # Errors
    /// `NotFound` if there is no such commit, or an error of the server.
    pub fn log(
        &mut self,
        permit: &Permit,
        commit: &str,
        limit: u32,
    ) -> Result<Answer<Vec<CommitInfo>>, CallError> {
        self.with_repository(permit, |repository, _| repository.history(commit, limit).map(Answer::plain))
    }

    /// Creates a commit that writes or removes the permit's files. No branch points at it yet.
    ///
    /// # Errors
    /// `NotFound` if there is no such parent, `Invalid` if the commit changes nothing or a path is not a regular file.
    pub fn create_commit(
        &mut self,
        permit: &Permit,
        parent: &str,
        contents: &[Option<Vec<u8>>],
        message: &str,
    ) -> Result<Answer<String>, CallError> {
        let dry_run = self.dry_run;
        self.with_repository(permit, |repository, part| match part {
            RepositoryPart::Files(paths) if paths.len() == contents.len() => {
                let mut seen = HashSet::new();
                if let Some(twice) = paths.iter().find(|path| !seen.insert(path.as_str())) {
                    return Err(CallError::Invalid(format!("create a commit: duplicate path `{twice}`")));
                }
                let changes: Vec<_> = paths
                    .iter()
                    .zip(contents)
                    .map(|(path, content)| FileChange { path, content: content.as_deref() })
                    .collect();
                let bytes = contents.iter().flatten().map(|content| content.len() as u64).sum();
                Ok(Answer::new(repository.commit(parent, &changes, message, dry_run)?, bytes, None))
            }
            _ => Err(wrong_target()),
        })
    }

    /// Pushes a commit of this run to the permit's branch, if the branch points at `expected`, the parent of that commit. If
    /// `expected` is none, it creates the branch.
    ///
    /// # Errors
    /// `Conflict` if the branch points at another commit, or an error of the server.
    pub fn push(
        &mut self,
        permit: &Permit,
        commit: &str,
        expected: Option<&str>,
    ) -> Result<Answer<Outcome>, CallError> {
        self.move_branch(permit, commit, expected.map_or(PushTarget::NewBranch, PushTarget::OnTopOf))
    }

    /// Replaces `expected`, the head of the permit's branch, by a commit of this run. `expected` must be an unchanged commit of
    /// an earlier run.
    ///
    /// # Errors
    /// `Conflict` if the branch points at another commit, `Invalid` if it has commits of others, or an error of the server.
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
        target: PushTarget<'_>,
    ) -> Result<Answer<Outcome>, CallError> {
        let dry_run = self.dry_run;
        let (outcome, name, diff) = self.with_repository(permit, |repository, part| match part {
            RepositoryPart::Branch(branch) => {
                let outcome = push::push(repository, branch.as_str(), commit, target, dry_run)?;
                let diff = if outcome == Outcome::DryRun { repository.diff(commit) } else { String::new() };
                Ok((outcome, format!("{}#{}", repository.remote(), branch.as_str()), diff))
            }
            _ => Err(wrong_target()),
        })?;
        self.diff += &diff;
        self.changes.push(ObjectChange { name, digest: None, verb: ChangeVerb::Changed });
        Ok(Answer::plain(outcome))
    }

    /// Runs a function with the permit's repository and part, and redacts its error.
    fn with_repository<T>(
        &mut self,
        permit: &Permit,
        act: impl FnOnce(&mut BareRepository, &RepositoryPart) -> Result<T, CallError>,
    ) -> Result<T, CallError> {
        let (repository, part) = permit.repository().ok_or_else(wrong_target)?;
        if !self.open_repositories.contains_key(repository) {
            let opened = self.open(repository)?;
            self.open_repositories.insert(repository.clone(), opened);
        }
        let opened = self.open_repositories.get_mut(repository).ok_or_else(wrong_target)?;
        act(opened, part).map_err(|error| error.map_message(|text| self.secrets.redact(text)))
    }

    /// Creates the bare repository for a repository of the permit.
    fn open(&mut self, repository: &Repository) -> Result<BareRepository, CallError> {
        let folder = match &mut self.folder {
            Some(folder) => folder,
            none => none.insert(
                RunFolder::new()
                    .map_err(|error| local_error(format!("cannot create a folder for git: {error}")))?,
            ),
        };
        let folder = folder.path().to_owned();
        let url = origin::url(repository, &self.config, &self.secrets)?;
        // For ssh there is no login: git does not ask for a token there.
        let login = login::find(&self.config.logins, repository, &url)?;
        let git = Git::new(
            folder.join(self.open_repositories.len().to_string()),
            login.cloned(),
            self.config.variables.clone(),
            self.config.programs.clone(),
        );
        BareRepository::new(git, repository.clone(), url, &self.config)
    }
}

fn wrong_target() -> CallError {
    CallError::Invalid("the call names no repository, or a part that this function does not have".into())
}

/// An error of this machine.
fn local_error(text: String) -> CallError {
    CallError::Local(text)
}
