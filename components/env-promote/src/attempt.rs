//! One attempt at a promotion: the commits that it starts from, its plan, and the commit that it creates.

use lockstep_sdk::Repository;
use lockstep_sdk::repository::FileChange;

use crate::failure::{Code, Error, Errors, repository_error};
use crate::git::Commits;
use crate::inputs::Request;
use crate::plan::{self, Plan};
use crate::{commit_message, ledger};

/// An attempt. When others push first, the step starts another one.
#[derive(Debug)]
pub struct Attempt<'a> {
    /// What the run is asked to do.
    pub request: &'a Request,
    /// The commits that it starts from.
    pub commits: Commits,
    /// What it changes.
    pub plan: Plan,
}

impl<'a> Attempt<'a> {
    /// Plans the promotion on top of these commits.
    ///
    /// # Errors
    /// Every reason that stops it.
    pub fn plan(host: &mut impl Repository, request: &'a Request, commits: Commits) -> Result<Self, Errors> {
        let plan = plan::plan(host, request, &commits)?;
        Ok(Self { request, commits, plan })
    }

    /// Creates the commit of the promotion on top of the base, with its line of the ledger.
    ///
    /// # Errors
    /// The input `ledger` names an unsuitable file, or the repository fails.
    pub fn create_commit(&self, host: &mut impl Repository) -> Result<String, Error> {
        let mut files = self.plan.files.clone();
        if let Some(path) = &self.request.ledger {
            files.push(self.ledger(host, path)?);
        }
        let Commits { source, base } = &self.commits;
        let message = commit_message::write(self.request, &self.plan, source);
        host.create_commit(&self.request.repository, base, &files, &message).map_err(repository_error)
    }

    fn ledger(&self, host: &mut impl Repository, path: &str) -> Result<FileChange, Error> {
        let Self { request, commits: Commits { source, base }, plan } = self;
        let unsuitable = |reason: &str| {
            let message = format!("`ledger` names {path}, which {reason}");
            Error::new(Code::BadInput, message).hint("name a separate file for the ledger")
        };
        if plan.files.iter().any(|file| file.path == path) {
            return Err(unsuitable("this promotion changes itself"));
        }
        let entries = host.list_files(&request.repository, base, path).map_err(repository_error)?;
        let before = if entries.is_empty() {
            Vec::new()
        } else {
            let mut contents =
                host.read_files(&request.repository, base, &[path.to_owned()]).map_err(repository_error)?;
            contents.pop().unwrap_or_default()
        };
        if !ledger::is_ledger(&before) {
            return Err(unsuitable("exists and has other lines than those of a ledger"));
        }
        let content = ledger::append(&before, request, plan, source);
        Ok(FileChange { path: path.to_owned(), content: Some(content) })
    }
}
