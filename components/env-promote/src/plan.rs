//! Works out what a promotion changes, from the files of the commit that it comes from and of the one that it goes on top
//! of. Never writes anything; one thing that is wrong leaves nothing to be written.

use std::collections::{BTreeMap, BTreeSet};

use lockstep_glue::Fault;
use sha2::{Digest as _, Sha256};

use crate::host::{Change, Host};
use crate::problem::{Code, Problem};
use crate::settings::{Pick, Settings};
use crate::values::{self, Pair, is_manifest};
use crate::version::is_older;

/// A value that changes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Move {
    /// The file.
    pub file: String,
    /// The path of the value; empty for a whole file.
    pub path: String,
    /// What stands there; for a whole file the id of its content.
    pub before: String,
    /// What is to stand there.
    pub after: String,
    /// The line that it stands in.
    pub line: Option<u32>,
}

/// What is to be written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// The files.
    pub changes: Vec<Change>,
    /// The values in them, sorted.
    pub moves: Vec<Move>,
    /// What is not promoted since it has no place in a target, a sentence each.
    pub left: Vec<String>,
    /// What is to stand where, also what stands there already.
    wanted: BTreeSet<(String, String, String)>,
}

impl Plan {
    /// What tells this version of what is promoted from others, whatever of it is there already.
    #[must_use]
    pub fn key(&self) -> String {
        let digest = Sha256::digest(format!("{:?}", self.wanted));
        digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect()
    }

    /// Whether the files of a commit are as they are to become.
    ///
    /// # Errors
    /// They cannot be read.
    pub fn is_at(&self, host: &mut impl Host, commit: &str) -> Result<bool, Fault> {
        let paths: Vec<_> = self.changes.iter().map(|(path, _)| path.clone()).collect();
        match host.read(commit, &paths) {
            Ok(there) => Ok(there.iter().zip(&self.changes).all(|(there, (_, content))| there == content)),
            Err(Fault::NotFound(_)) => Ok(false),
            Err(fault) => Err(fault),
        }
    }
}

/// The files of an environment at a commit, by their path in it: path, id and content.
type Files = BTreeMap<String, (String, String, Vec<u8>)>;

/// Plans a promotion of what `source` has, on top of `head`.
///
/// # Errors
/// Everything that is wrong with it.
pub fn plan(
    host: &mut impl Host,
    settings: &Settings,
    source: &str,
    head: &str,
) -> Result<Plan, Vec<Problem>> {
    let one = |problem| vec![problem];
    let from = files(host, source, &settings.from).map_err(one)?;
    if from.is_empty() {
        let message = format!("there are no files in `{}` of `{}`", settings.from, settings.from_ref);
        return Err(vec![
            Problem::new(Code::NoMatch, message).hint("name a folder or a file of the repository"),
        ]);
    }
    let (mut plan, mut problems) = (Plan::default(), Vec::new());
    for target in &settings.to {
        let to = files(host, head, target).map_err(one)?;
        match &settings.pick {
            Pick::Values(paths) => {
                move_values(settings, (&from, &to), (target, paths), &mut plan, &mut problems)
            }
            Pick::Files(keep) => replace_files((&from, &to), (target, keep), &mut plan, &mut problems),
        }
    }
    if !settings.allow_downgrade {
        problems.extend(plan.moves.iter().filter(|one| is_older(&one.before, &one.after)).map(downgrade));
    }
    plan.moves.sort();
    if problems.is_empty() { Ok(plan) } else { Err(problems) }
}

fn downgrade(Move { file, path, before, after, line }: &Move) -> Problem {
    let message = format!("{file}: `{path}` would go back from {before} to {after}");
    let hint = "promote a newer version, or accept it with `allow-downgrade`";
    Problem::new(Code::Downgrade, message).hint(hint).at(file, *line)
}

/// Reads the files of a folder, or one file.
fn files(host: &mut impl Host, commit: &str, place: &str) -> Result<Files, Problem> {
    let mut found = Vec::new();
    for pattern in [place.to_owned(), format!("{place}/**")] {
        found.extend(host.files(commit, &pattern).map_err(|fault| Problem::remote(&fault))?);
    }
    if found.is_empty() {
        return Ok(Files::new());
    }
    let paths: Vec<_> = found.iter().map(|file| file.path.clone()).collect();
    let contents = host.read(commit, &paths).map_err(|fault| Problem::remote(&fault))?;
    let file = |(file, content): (crate::host::File, Vec<u8>)| {
        let within = file.path.strip_prefix(place).unwrap_or_default().trim_start_matches('/').to_owned();
        (within, (file.path, file.id, content))
    };
    Ok(found.into_iter().zip(contents).map(file).collect())
}

/// Moves values between manifests that stand under the same name.
fn move_values(
    settings: &Settings,
    (from, to): (&Files, &Files),
    (target, paths): (&String, &[lockstep_yaml::Path]),
    plan: &mut Plan,
    problems: &mut Vec<Problem>,
) {
    let mut found = vec![false; paths.len()];
    let mut wrong = false;
    for (within, (from_file, _, from_content)) in from.iter().filter(|(_, (path, ..))| is_manifest(path)) {
        let Some((to_file, _, to_content)) = to.get(within) else {
            plan.left.extend(values::left((from_file, from_content), target, paths));
            continue;
        };
        let pair = Pair { from: (from_file, from_content), to: (to_file, to_content) };
        match values::promote(pair, paths) {
            Ok(moved) => {
                found.iter_mut().zip(moved.found).for_each(|(all, here)| *all |= here);
                plan.changes.extend(moved.content.map(|content| (to_file.clone(), content)));
                plan.moves.extend(moved.moves);
                plan.left.extend(moved.left);
                plan.wanted
                    .extend(moved.wanted.into_iter().map(|(path, value)| (to_file.clone(), path, value)));
            }
            Err(problem) => {
                wrong = true;
                problems.push(problem);
            }
        }
    }
    // What is wrong with a manifest may be why a path was not found.
    for (path, _) in paths.iter().zip(found).filter(|(_, found)| !found && !wrong) {
        let from = &settings.from;
        let message =
            format!("no manifest that stands in both `{from}` and `{target}` has `{path}` in `{from}`");
        problems.push(Problem::new(Code::NoMatch, message).hint("see whether the files have the same names"));
    }
}

/// Replaces whole files. What only the target has stays.
fn replace_files(
    (from, to): (&Files, &Files),
    (target, keep): (&String, &[lockstep_yaml::Path]),
    plan: &mut Plan,
    problems: &mut Vec<Problem>,
) {
    if to.is_empty() {
        let message = format!("there are no files in `{target}`");
        problems.push(
            Problem::new(Code::NoMatch, message).hint("make the environment once before promoting to it"),
        );
        return;
    }
    for (within, (from_file, from_id, from_content)) in from {
        let path = if within.is_empty() { target.clone() } else { format!("{target}/{within}") };
        plan.wanted.insert((path.clone(), String::new(), from_id.clone()));
        let there = to.get(within);
        let content = match there {
            Some((to_file, _, to_content)) if is_manifest(to_file) => {
                values::replace(Pair { from: (from_file, from_content), to: (to_file, to_content) }, keep)
            }
            _ => Ok(from_content.clone()),
        };
        match content {
            Ok(content) if there.is_some_and(|(_, _, before)| *before == content) => {}
            Ok(content) => {
                let before = there.map(|(_, id, _)| id.clone()).unwrap_or_default();
                let after = if content == *from_content {
                    from_id.clone()
                } else {
                    format!("{from_id} with kept values")
                };
                plan.moves.push(Move { file: path.clone(), path: String::new(), before, after, line: None });
                plan.changes.push((path, content));
            }
            Err(problem) => problems.push(problem),
        }
    }
}

/// The values that somebody else has changed meanwhile to something else than what is promoted: what stood there at
/// first, what was to stand there, and what stands there now.
#[must_use]
pub fn conflicts(first: &Plan, now: &Plan) -> Vec<(Move, String)> {
    let key = |one: &Move| (one.file.clone(), one.path.clone());
    let before: BTreeMap<_, _> = first.moves.iter().map(|one| (key(one), one)).collect();
    let changed = now.moves.iter().filter_map(|one| Some((*before.get(&key(one))?, one)));
    let changed = changed.filter(|(first, now)| first.before != now.before);
    changed.map(|(first, now)| (first.clone(), now.before.clone())).collect()
}
