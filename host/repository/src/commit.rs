//! Makes commits: changes some files of a commit's tree and nothing else, without a checkout. Nobody sees them before they
//! are pushed.

use super::seal::sealed;
use super::store::{Store, is_plain};
use lockstep_model::call::CallError;
use lockstep_model::path::WorkspacePath;
use std::{fs, io};

/// What becomes of a file.
#[derive(Debug, Clone, Copy)]
pub(super) struct Change<'a> {
    /// The file.
    pub(super) path: &'a WorkspacePath,
    /// Its content; none to remove it.
    pub(super) content: Option<&'a [u8]>,
}

/// The mode of a folder.
const FOLDER: &str = "040000";

impl Store {
    pub(super) fn commit(
        &mut self,
        parent: &str,
        changes: &[Change<'_>],
        message: &str,
    ) -> Result<String, CallError> {
        let names: Vec<_> = changes.iter().map(|change| change.path.as_str()).collect();
        let entries = self.entries(parent, &names)?;
        let mut ids = self.keep(changes.iter().filter_map(|change| change.content))?.into_iter();
        let mut lines = Vec::new();
        for Change { path, content } in changes {
            let path = path.as_str();
            let mode_of = |path: &str| entries.get(path).map(|entry| entry.mode.as_str());
            let mode = mode_of(path);
            let mut above = path.match_indices('/').map(|(at, _)| mode_of(&path[..at]));
            // Git would drop what is in the way without a word.
            if above.any(|mode| mode.is_some_and(|mode| mode != FOLDER)) {
                return Err(CallError::Invalid(format!("`{path}`: what stands above it is no folder")));
            }
            if mode.is_some_and(|mode| !is_plain(mode)) {
                return Err(CallError::Invalid(format!(
                    "`{path}` is a folder, a link or another repository, which no step changes"
                )));
            }
            match content {
                Some(_) => {
                    let id =
                        ids.next().ok_or_else(|| CallError::Unavailable("git kept too little".into()))?;
                    lines.push(format!("{} {id}\t{path}\0", mode.unwrap_or("100644")));
                    self.contents.insert(id);
                }
                None if mode.is_none() => {
                    return Err(CallError::NotFound(format!("`{path}` is not in `{parent}`")));
                }
                None => lines.push(format!("0 {}\t{path}\0", "0".repeat(parent.len()))),
            }
        }
        let index = self.git.folder().join("lockstep-index").display().to_string();
        let offline = [("GIT_INDEX_FILE", &*index), ("GIT_NO_LAZY_FETCH", "1")];
        self.git.call_with(&["read-tree", parent], b"", &offline)?;
        self.git.call_with(&["update-index", "-z", "--index-info"], lines.concat().as_bytes(), &offline)?;
        let tree = self.git.call_with(&["write-tree", "--missing-ok"], b"", &offline)?;
        let tree = String::from_utf8_lossy(&tree).trim().to_owned();
        let before = self.git.call(&["rev-parse", &format!("{parent}^{{tree}}")], b"")?;
        if String::from_utf8_lossy(&before).trim() == tree {
            return Err(CallError::Invalid("the commit would change nothing".into()));
        }
        let (name, email) = &self.author;
        let who = [
            ("GIT_AUTHOR_NAME", &**name),
            ("GIT_AUTHOR_EMAIL", email),
            ("GIT_COMMITTER_NAME", name),
            ("GIT_COMMITTER_EMAIL", email),
        ];
        let message = String::from_utf8_lossy(&self.signed(message)?).into_owned();
        let message = sealed(&message, parent, &tree);
        let args = ["commit-tree", &tree, "-p", parent, "-S"];
        let made = match &self.signing {
            Some(key) => self.git.call_signing(&args, message.as_bytes(), &who, key)?,
            None => self.git.call_with(&args[..4], message.as_bytes(), &who)?,
        };
        let made = String::from_utf8_lossy(&made).trim().to_owned();
        self.made.insert(made.clone(), parent.to_owned());
        Ok(made)
    }

    /// Keeps contents, all in one call of git: one for each would take longer than all the rest. Their ids, in order.
    fn keep<'a>(&self, contents: impl Iterator<Item = &'a [u8]>) -> Result<Vec<String>, CallError> {
        let unable = |error: io::Error| CallError::Unavailable(format!("a folder for git: {error}"));
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
