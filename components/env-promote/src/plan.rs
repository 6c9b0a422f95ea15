//! Computes the changes of a promotion from the files of two commits. Never writes; one error leaves nothing to write.

use std::collections::{BTreeMap, BTreeSet};

use lockstep_sdk::Repository;
use lockstep_sdk::repository::{FileChange, FileEntry};
use lockstep_sdk::text::plural;
use lockstep_sdk::types::Error as HostError;
use lockstep_yaml::Path;
use sha2::{Digest as _, Sha256};

use crate::failure::{Code, Error, Errors, repository_error};
use crate::git::Commits;
use crate::inputs::{Pick, Request};
use crate::values::{self, FilePair, ValueChange, is_manifest};
use crate::version::is_older;

/// The changes of a promotion.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Plan {
    /// The changed files.
    pub files: Vec<FileChange>,
    /// The changed values in them, sorted.
    pub values: Vec<ValueChange>,
    /// One sentence per value that has no place in a target.
    pub skipped: Vec<String>,
    /// The promoted values: file, path and value, also the unchanged ones.
    promoted: BTreeSet<(String, String, String)>,
}

/// A value that somebody else set to another one than the promotion.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflict {
    /// The change of the first plan.
    pub change: ValueChange,
    /// The value that somebody else set.
    pub theirs: String,
}

impl Plan {
    /// Identifies the promoted values, whether they change or not.
    #[must_use]
    pub fn key(&self) -> String {
        let digest = Sha256::digest(format!("{:?}", self.promoted));
        digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect()
    }

    /// Whether a commit already has the changed files.
    ///
    /// # Errors
    /// The repository fails.
    pub fn is_in(&self, host: &mut impl Repository, request: &Request, commit: &str) -> Result<bool, Error> {
        let paths: Vec<_> = self.files.iter().map(|file| file.path.clone()).collect();
        match host.read_files(&request.repository, commit, &paths) {
            Ok(contents) => Ok(contents
                .iter()
                .zip(&self.files)
                .all(|(content, file)| file.content.as_ref() == Some(content))),
            Err(HostError::NotFound(_)) => Ok(false),
            Err(error) => Err(repository_error(error)),
        }
    }

    /// The values of which the old one is another than in an earlier plan.
    #[must_use]
    pub fn conflicts(&self, earlier: &Self) -> Vec<Conflict> {
        let key = |change: &ValueChange| (change.file.clone(), change.path.clone());
        let before: BTreeMap<_, _> = earlier.values.iter().map(|change| (key(change), change)).collect();
        let both = self.values.iter().filter_map(|now| Some((*before.get(&key(now))?, now)));
        let changed = both.filter(|(before, now)| before.before != now.before);
        changed.map(|(before, now)| Conflict { change: before.clone(), theirs: now.before.clone() }).collect()
    }
}

/// A file of an environment.
struct EnvironmentFile {
    path: String,
    blob_id: String,
    content: Vec<u8>,
}

/// The files of an environment, by their path below it.
type Environment = BTreeMap<String, EnvironmentFile>;

/// The error of an environment that does not exist.
fn no_files(environment: &str, branch: &str) -> Error {
    Error::new(Code::NoMatch, format!("there are no files in `{environment}` of `{branch}`"))
        .hint("name a folder or a file of the repository")
}

/// The error of a path that no manifest of `from` has. A manifest counts only if the target has one of the same name;
/// `shared` is their number.
fn no_match(from: &str, target: &str, path: &Path, shared: usize) -> Error {
    match shared {
        0 => Error::new(
            Code::NoMatch,
            format!("no manifest of `{from}` has the same name as one of `{target}`"),
        )
        .hint(
            "a value goes from a file to the file with the same name; promote whole files with `pick: all`",
        ),
        _ => Error::new(
            Code::NoMatch,
            format!("`{path}` is in no manifest of `{from}` that `{target}` has too"),
        )
        .hint(format!("check the path; {} both places", are_in(shared))),
    }
}

/// `1 manifest is in`, `2 manifests are in`.
fn are_in(count: usize) -> String {
    format!("{} {} in", plural(count, "manifest"), if count == 1 { "is" } else { "are" })
}

/// Plans the promotion.
///
/// # Errors
/// Every reason that stops it.
pub fn plan(host: &mut impl Repository, request: &Request, commits: &Commits) -> Result<Plan, Errors> {
    let from = read_environment(host, request, &commits.source, &request.from)?;
    if from.is_empty() {
        return Err(no_files(&request.from, &request.from_ref).into());
    }
    let mut planner = Planner::default();
    for target in &request.to {
        let to = read_environment(host, request, &commits.base, target)?;
        match &request.pick {
            Pick::Values(paths) => planner.promote_values(request, (&from, &to), target, paths),
            Pick::Files(keep) => planner.replace_files((&from, &to), target, keep),
        }
    }
    let Planner { mut plan, mut errors } = planner;
    if !request.allow_downgrade {
        let older = plan.values.iter().filter(|change| is_older(&change.before, &change.after));
        errors.extend(older.map(downgrade));
    }
    plan.values.sort();
    if errors.is_empty() { Ok(plan) } else { Err(Errors(errors)) }
}

fn downgrade(ValueChange { file, path, before, after, line }: &ValueChange) -> Error {
    let message = format!("{file}: `{path}` would go back from {before} to {after}");
    let hint = "promote a newer version, or accept the older one with `allow-downgrade`";
    Error::new(Code::Downgrade, message).hint(hint).at(file, *line)
}

/// Reads the files of a folder, or one file.
fn read_environment(
    host: &mut impl Repository,
    request: &Request,
    commit: &str,
    root: &str,
) -> Result<Environment, Error> {
    let repository = &request.repository;
    let mut entries = Vec::new();
    for pattern in [root.to_owned(), format!("{root}/**")] {
        entries.extend(host.list_files(repository, commit, &pattern).map_err(repository_error)?);
    }
    if entries.is_empty() {
        return Ok(Environment::new());
    }
    let paths: Vec<_> = entries.iter().map(|entry| entry.path.clone()).collect();
    let contents = host.read_files(repository, commit, &paths).map_err(repository_error)?;
    let file = |(FileEntry { path, blob_id, .. }, content): (FileEntry, Vec<u8>)| {
        let relative = path.strip_prefix(root).unwrap_or_default().trim_start_matches('/').to_owned();
        (relative, EnvironmentFile { path, blob_id, content })
    };
    Ok(entries.into_iter().zip(contents).map(file).collect())
}

/// A plan in the making, and the errors so far.
#[derive(Default)]
struct Planner {
    plan: Plan,
    errors: Vec<Error>,
}

impl Planner {
    /// Copies values between manifests with the same name.
    fn promote_values(
        &mut self,
        request: &Request,
        (from, to): (&Environment, &Environment),
        target: &str,
        paths: &[Path],
    ) {
        let mut matched = vec![false; paths.len()];
        let errors_before = self.errors.len();
        for (relative, source) in from.iter().filter(|(_, file)| is_manifest(&file.path)) {
            let Some(existing) = to.get(relative) else {
                self.plan.skipped.extend(values::skipped((&source.path, &source.content), target, paths));
                continue;
            };
            match values::promote(pair(source, existing), paths) {
                Ok(edit) => {
                    matched.iter_mut().zip(&edit.matched).for_each(|(all, here)| *all |= here);
                    let file = &existing.path;
                    let change = |content| FileChange { path: file.clone(), content: Some(content) };
                    self.plan.files.extend(edit.content.map(change));
                    self.plan.values.extend(edit.changes);
                    self.plan.skipped.extend(edit.skipped);
                    let promoted = edit.promoted.into_iter().map(|(path, value)| (file.clone(), path, value));
                    self.plan.promoted.extend(promoted);
                }
                Err(error) => self.errors.push(error),
            }
        }
        // A broken manifest can be the one that has the path.
        if self.errors.len() > errors_before {
            return;
        }
        let in_both = |(relative, file): &(&String, &EnvironmentFile)| {
            is_manifest(&file.path) && to.contains_key(*relative)
        };
        let shared = from.iter().filter(in_both).count();
        for (path, _) in paths.iter().zip(matched).filter(|(_, matched)| !matched) {
            self.errors.push(match to.is_empty() {
                true => no_files(target, &request.base),
                false => no_match(&request.from, target, path, shared),
            });
        }
    }

    /// Replaces whole files. Files that only the target has stay.
    fn replace_files(&mut self, (from, to): (&Environment, &Environment), target: &str, keep: &[Path]) {
        if to.is_empty() {
            let message = format!("there are no files in `{target}`");
            let hint = "create the environment before the first promotion to it";
            self.errors.push(Error::new(Code::NoMatch, message).hint(hint));
            return;
        }
        for (relative, source) in from {
            let path = if relative.is_empty() { target.to_owned() } else { format!("{target}/{relative}") };
            self.plan.promoted.insert((path.clone(), String::new(), source.blob_id.clone()));
            let existing = to.get(relative);
            let content = match existing {
                Some(existing) if is_manifest(&existing.path) => {
                    values::replace(pair(source, existing), keep)
                }
                _ => Ok(source.content.clone()),
            };
            match content {
                Ok(content) if existing.is_some_and(|existing| existing.content == content) => {}
                Ok(content) => self.replace_file(path, source, existing, content),
                Err(error) => self.errors.push(error),
            }
        }
    }

    fn replace_file(
        &mut self,
        path: String,
        source: &EnvironmentFile,
        existing: Option<&EnvironmentFile>,
        content: Vec<u8>,
    ) {
        let before = existing.map(|existing| existing.blob_id.clone()).unwrap_or_default();
        let is_copy = content == source.content;
        let id = &source.blob_id;
        let after = if is_copy { id.clone() } else { format!("{id} with kept values") };
        self.plan.values.push(ValueChange {
            file: path.clone(),
            path: String::new(),
            before,
            after,
            line: None,
        });
        self.plan.files.push(FileChange { path, content: Some(content) });
    }
}

fn pair<'a>(source: &'a EnvironmentFile, existing: &'a EnvironmentFile) -> FilePair<'a> {
    FilePair { from: (&source.path, &source.content), to: (&existing.path, &existing.content) }
}
