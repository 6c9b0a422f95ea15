//! Makes commits: changes some files of a commit's tree and nothing else, without a checkout. Nobody sees them before they
//! are pushed.

use super::bare_repository::{BareRepository, EXECUTABLE, PLAIN, id};
use super::seal::sealed;
use super::signing::{CommitRequest, CommitSigner, Signing, TreeEdit};
use lockstep_model::call::CallError;
use lockstep_model::path::WorkspacePath;
use std::time::Duration;
use std::{fs, io, thread};

/// What becomes of a file.
#[derive(Debug, Clone, Copy)]
pub(super) struct FileChange<'a> {
    /// The file.
    pub(super) path: &'a WorkspacePath,
    /// Its content; none to remove it.
    pub(super) content: Option<&'a [u8]>,
}

/// The mode of a folder.
const FOLDER: &str = "040000";
/// How long it is waited until a commit that a server has just made can be fetched: what answers may be a copy of it.
const PAUSES: [Duration; 4] =
    [Duration::from_millis(250), Duration::from_millis(500), Duration::from_secs(1), Duration::from_secs(2)];

impl BareRepository {
    pub(super) fn commit(
        &mut self,
        parent: &str,
        changes: &[FileChange<'_>],
        message: &str,
        dry_run: bool,
    ) -> Result<String, CallError> {
        let files = self.placed(parent, changes)?;
        let tree = self.tree(parent, &files)?;
        let base = self.git.call(&["rev-parse", &format!("{parent}^{{tree}}")], b"")?;
        let base = String::from_utf8_lossy(&base).trim().to_owned();
        if base == tree {
            return Err(CallError::Invalid("the commit would change nothing".into()));
        }
        let message = String::from_utf8_lossy(&self.signed(message)?).into_owned();
        let message = &*sealed(&message, parent, &tree);
        let made = match self.signing.clone() {
            Signing::Server(signer) if dry_run => {
                signer.ready(self.name())?;
                self.commit_here(parent, &tree, message, None)
            }
            Signing::Server(signer) => {
                let (base, tree, files) = (&*base, &*tree, &*files);
                self.commit_on_server(&*signer, &CommitRequest { parent, base, tree, files, message })
            }
            Signing::Key(key) => self.commit_here(parent, &tree, message, Some(&key)),
            Signing::None => self.commit_here(parent, &tree, message, None),
        }?;
        self.made.insert(made.clone(), parent.to_owned());
        Ok(made)
    }

    /// What becomes of the files, each with the mode that it has or gets.
    fn placed<'a>(
        &mut self,
        parent: &str,
        changes: &[FileChange<'a>],
    ) -> Result<Vec<TreeEdit<'a>>, CallError> {
        let names: Vec<_> = changes.iter().map(|change| change.path.as_str()).collect();
        let entries = self.entries(parent, &names)?;
        let mode_of = |path: &str| entries.get(path).map(|entry| entry.mode.as_str());
        let place = |FileChange { path, content }: &FileChange<'a>| {
            let path = path.as_str();
            let mut above = path.match_indices('/').map(|(at, _)| mode_of(&path[..at]));
            // Git would drop what is in the way without a word.
            if above.any(|mode| mode.is_some_and(|mode| mode != FOLDER)) {
                return Err(CallError::Invalid(format!("`{path}`: what stands above it is no folder")));
            }
            let mode = match mode_of(path) {
                None if content.is_none() => {
                    return Err(CallError::NotFound(format!("`{path}` is not in `{parent}`")));
                }
                None | Some(PLAIN) => PLAIN,
                Some(EXECUTABLE) => EXECUTABLE,
                Some(_) => {
                    return Err(CallError::Invalid(format!(
                        "`{path}` is a folder, a link or another repository, which no step changes"
                    )));
                }
            };
            Ok(TreeEdit { path, mode, content: *content })
        };
        changes.iter().map(place).collect()
    }

    /// Makes the tree of a commit with these files in it. Gives its id.
    fn tree(&mut self, parent: &str, files: &[TreeEdit<'_>]) -> Result<String, CallError> {
        let mut ids = self.keep(files.iter().filter_map(|file| file.content))?.into_iter();
        let mut lines = String::new();
        for TreeEdit { path, mode, content } in files {
            if content.is_none() {
                lines += &format!("0 {}\t{path}\0", "0".repeat(parent.len()));
                continue;
            }
            let id = ids.next().ok_or_else(|| super::local_error("git kept too little".into()))?;
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

    /// Makes a commit in the repository of our own. Gives its id.
    fn commit_here(
        &self,
        parent: &str,
        tree: &str,
        message: &str,
        key: Option<&str>,
    ) -> Result<String, CallError> {
        let (name, email) = &self.author;
        let who = [
            ("GIT_AUTHOR_NAME", &**name),
            ("GIT_AUTHOR_EMAIL", email),
            ("GIT_COMMITTER_NAME", name),
            ("GIT_COMMITTER_EMAIL", email),
        ];
        let args = ["commit-tree", tree, "-p", parent, "-S"];
        let made = match key {
            Some(key) => self.git.call_signing(&args, message.as_bytes(), &who, key)?,
            None => self.git.call_with(&args[..4], message.as_bytes(), &who)?,
        };
        Ok(String::from_utf8_lossy(&made).trim().to_owned())
    }

    /// Has the server make a commit, and fetches it. Gives its id.
    pub(super) fn commit_on_server(
        &mut self,
        signer: &dyn CommitSigner,
        wanted: &CommitRequest<'_>,
    ) -> Result<String, CallError> {
        let made = signer.commit(self.name(), wanted)?;
        id(&made)?;
        self.fetch_created(&made)?;
        let told = self.git.call(&["log", "-1", "--format=%T%x00%P%x00%B", &made], b"")?;
        let told = String::from_utf8_lossy(&told).into_owned();
        let CommitRequest { parent, tree, message, .. } = wanted;
        let mut parts = told.splitn(3, '\0').map(str::trim_end);
        if parts.next() != Some(*tree)
            || parts.next() != Some(*parent)
            || parts.next() != Some(message.trim_end())
        {
            let message = format!("the server of `{}` has made another commit than it was to", self.name());
            return Err(CallError::Upstream { status: 0, message });
        }
        Ok(made)
    }

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

    /// Keeps contents, all in one call of git: one for each would take longer than all the rest. Their ids, in order.
    fn keep<'a>(&self, contents: impl Iterator<Item = &'a [u8]>) -> Result<Vec<String>, CallError> {
        let unable = |error: io::Error| super::local_error(format!("a folder for git: {error}"));
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

    /// A message with what the host says of the job. Where the component says the same, the host's word stands.
    fn signed(&self, message: &str) -> Result<Vec<u8>, CallError> {
        let mut args = vec!["interpret-trailers", "--no-divider", "--if-exists", "replace"];
        let trailers: Vec<_> = self.trailers.iter().map(|(name, value)| format!("{name}: {value}")).collect();
        args.extend(trailers.iter().flat_map(|trailer| ["--trailer", trailer]));
        if trailers.is_empty() { Ok(message.into()) } else { self.git.call(&args, message.as_bytes()) }
    }
}
