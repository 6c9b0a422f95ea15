//! Creates commits without a checkout: changes some files in the tree of the parent and nothing else. No branch points at them
//! before a push. If the server signs, it creates the commit, and the host compares it with its request.

use super::bare_repository::{BareRepository, EXECUTABLE, PLAIN, check_id};
use super::seal::add_seal;
use super::signing::{CommitRequest, CommitSigner, Signing, TreeEdit};
use lockstep_model::call::CallError;
use lockstep_model::path::WorkspacePath;
use std::time::Duration;
use std::{fs, io, thread};

/// A changed file of a new commit: the `file-change` of `wit/repository.wit`.
#[derive(Debug, Clone, Copy)]
pub(super) struct FileChange<'a> {
    /// The file.
    pub(super) path: &'a WorkspacePath,
    /// Its content; none removes it.
    pub(super) content: Option<&'a [u8]>,
}

/// The mode of a folder.
const FOLDER: &str = "040000";
/// The pauses before the host fetches a new commit of the server again: a replica may not have it yet.
const PAUSES: [Duration; 4] =
    [Duration::from_millis(250), Duration::from_millis(500), Duration::from_secs(1), Duration::from_secs(2)];

impl BareRepository {
    /// Creates a commit and returns its id.
    pub(super) fn commit(
        &mut self,
        parent: &str,
        changes: &[FileChange<'_>],
        message: &str,
        dry_run: bool,
    ) -> Result<String, CallError> {
        let files = self.tree_edits(parent, changes)?;
        let tree = self.tree(parent, &files)?;
        let base = self.git.call(&["rev-parse", &format!("{parent}^{{tree}}")], b"")?;
        let base = String::from_utf8_lossy(&base).trim().to_owned();
        if base == tree {
            return Err(CallError::Invalid("the commit changes nothing".into()));
        }
        let message = String::from_utf8_lossy(&self.with_trailers(message)?).into_owned();
        let message = &*add_seal(&message, parent, &tree);
        let made = match self.signing.clone() {
            Signing::Server(signer) if dry_run => {
                signer.check(self.remote())?;
                self.commit_locally(parent, &tree, message, None)
            }
            Signing::Server(signer) => {
                let (base, tree, files) = (&*base, &*tree, &*files);
                self.commit_on_server(&*signer, &CommitRequest { parent, base, tree, files, message })
            }
            Signing::Key(key) => self.commit_locally(parent, &tree, message, Some(&key)),
            Signing::None => self.commit_locally(parent, &tree, message, None),
        }?;
        self.created.insert(made.clone(), parent.to_owned());
        Ok(made)
    }

    /// The edits of the tree, each with the old or the new mode of its file.
    fn tree_edits<'a>(
        &mut self,
        parent: &str,
        changes: &[FileChange<'a>],
    ) -> Result<Vec<TreeEdit<'a>>, CallError> {
        let names: Vec<_> = changes.iter().map(|change| change.path.as_str()).collect();
        let entries = self.entries(parent, &names)?;
        let mode_of = |path: &str| entries.get(path).map(|entry| entry.mode.as_str());
        let edit = |FileChange { path, content }: &FileChange<'a>| {
            let path = path.as_str();
            let mut above = path.match_indices('/').map(|(at, _)| mode_of(&path[..at]));
            // Git would silently drop a file at the place of a folder.
            if above.any(|mode| mode.is_some_and(|mode| mode != FOLDER)) {
                return Err(CallError::Invalid(format!("`{path}`: a parent of it is no folder")));
            }
            let mode = match mode_of(path) {
                None if content.is_none() => {
                    return Err(CallError::NotFound(format!("there is no `{path}` in `{parent}`")));
                }
                None | Some(PLAIN) => PLAIN,
                Some(EXECUTABLE) => EXECUTABLE,
                Some(_) => {
                    return Err(CallError::Invalid(format!(
                        "`{path}` is a folder, a link or a submodule, which no step changes"
                    )));
                }
            };
            Ok(TreeEdit { path, mode, content: *content })
        };
        changes.iter().map(edit).collect()
    }

    /// Creates the tree of the parent with these edits and returns its id.
    fn tree(&mut self, parent: &str, files: &[TreeEdit<'_>]) -> Result<String, CallError> {
        let mut ids = self.write_blobs(files.iter().filter_map(|file| file.content))?.into_iter();
        let mut lines = String::new();
        for TreeEdit { path, mode, content } in files {
            if content.is_none() {
                lines += &format!("0 {}\t{path}\0", "0".repeat(parent.len()));
                continue;
            }
            let id = ids.next().ok_or_else(|| super::local_error("git returned too few blobs".into()))?;
            lines += &format!("{mode} {id}\t{path}\0");
            self.contents.insert(id);
        }
        let index = self.git.folder().join("lockstep-index").display().to_string();
        let offline = [("GIT_INDEX_FILE", &*index), ("GIT_NO_LAZY_FETCH", "1")];
        self.git.call_with(&["read-tree", parent], b"", &offline)?;
        self.git.call_with(&["update-index", "-z", "--index-info"], lines.as_bytes(), &offline)?;
        let tree = self.git.call_with(&["write-tree", "--missing-ok"], b"", &offline)?;
        Ok(String::from_utf8_lossy(&tree).trim().to_owned())
    }

    /// Creates a commit in the bare repository and returns its id.
    fn commit_locally(
        &self,
        parent: &str,
        tree: &str,
        message: &str,
        key: Option<&str>,
    ) -> Result<String, CallError> {
        let (name, email) = &self.author;
        let identity = [
            ("GIT_AUTHOR_NAME", &**name),
            ("GIT_AUTHOR_EMAIL", email),
            ("GIT_COMMITTER_NAME", name),
            ("GIT_COMMITTER_EMAIL", email),
        ];
        let args = ["commit-tree", tree, "-p", parent, "-S"];
        let made = match key {
            Some(key) => self.git.call_signing(&args, message.as_bytes(), &identity, key)?,
            None => self.git.call_with(&args[..4], message.as_bytes(), &identity)?,
        };
        Ok(String::from_utf8_lossy(&made).trim().to_owned())
    }

    /// Lets the server create a commit, fetches it, and returns its id.
    pub(super) fn commit_on_server(
        &mut self,
        signer: &dyn CommitSigner,
        request: &CommitRequest<'_>,
    ) -> Result<String, CallError> {
        let made = signer.commit(self.remote(), request)?;
        check_id(&made)?;
        self.fetch_created(&made)?;
        let output = self.git.call(&["log", "-1", "--format=%T%x00%P%x00%B", &made], b"")?;
        let output = String::from_utf8_lossy(&output).into_owned();
        let CommitRequest { parent, tree, message, .. } = request;
        let mut parts = output.splitn(3, '\0').map(str::trim_end);
        if parts.next() != Some(*tree)
            || parts.next() != Some(*parent)
            || parts.next() != Some(message.trim_end())
        {
            let message =
                format!("the commit that the server of `{}` created differs from the request", self.remote());
            return Err(CallError::Upstream { status: 0, message });
        }
        Ok(made)
    }

    /// Fetches a commit that the server has just created.
    fn fetch_created(&mut self, made: &str) -> Result<(), CallError> {
        let mut pauses = PAUSES.into_iter();
        loop {
            match self.fetch_new(made) {
                Err(CallError::NotFound(why)) => {
                    thread::sleep(pauses.next().ok_or(CallError::NotFound(why))?);
                }
                fetched => return fetched,
            }
        }
    }

    /// Writes blobs by one call of git, because a call for each would be slow. Returns their ids in order.
    fn write_blobs<'a>(&self, contents: impl Iterator<Item = &'a [u8]>) -> Result<Vec<String>, CallError> {
        let unable = |error: io::Error| super::local_error(format!("cannot write files for git: {error}"));
        let folder = tempfile::tempdir_in(self.git.folder()).map_err(unable)?;
        let mut paths = String::new();
        for (number, content) in contents.enumerate() {
            let path = folder.path().join(number.to_string());
            fs::write(&path, content).map_err(unable)?;
            paths += &format!("{}\n", path.display());
        }
        let ids = self.git.call(&["hash-object", "-w", "--no-filters", "--stdin-paths"], paths.as_bytes())?;
        Ok(String::from_utf8_lossy(&ids).lines().map(str::to_owned).collect())
    }

    /// A message with the trailers of the run. They replace trailers of the component with the same names.
    fn with_trailers(&self, message: &str) -> Result<Vec<u8>, CallError> {
        let mut args = vec!["interpret-trailers", "--no-divider", "--if-exists", "replace"];
        let trailers: Vec<_> = self.trailers.iter().map(|(name, value)| format!("{name}: {value}")).collect();
        args.extend(trailers.iter().flat_map(|trailer| ["--trailer", trailer]));
        if trailers.is_empty() { Ok(message.into()) } else { self.git.call(&args, message.as_bytes()) }
    }
}
