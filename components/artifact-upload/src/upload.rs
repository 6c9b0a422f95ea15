//! The order of a run: find, look, decide, send, delete, and write the manifest last. It knows no host but by its
//! trait.

use crate::compare::{self, Sameness};
use crate::find::{self, Files, Item};
use crate::host::{Algorithm, Host, Link, Stored};
use crate::leftover::{self, Leftovers};
use crate::look::{self, Look};
use crate::manifest;
use crate::multi;
use crate::outcome::{Outcome, Sending, conflict, not_tried};
use crate::problem::{Code, Problem};
use crate::remove;
use crate::settings::{Inputs, Settings};
use crate::whole;
use crate::words;

/// An object that was uploaded.
#[derive(Clone, Debug, PartialEq)]
pub struct Uploaded {
    /// Its path below the prefix.
    pub below: String,
    /// What the store says about it.
    pub stored: Stored,
    /// The SHA-256 of its content, if the run knows it.
    pub sha256: Option<String>,
}

/// What a run did.
#[derive(Clone, Debug, Default)]
pub struct Done {
    /// The objects that were uploaded.
    pub uploaded: Vec<Uploaded>,
    /// How many were there.
    pub skipped: usize,
    /// How many were deleted.
    pub deleted: usize,
    /// How many bytes were sent.
    pub bytes: u64,
    /// The path of the manifest below the prefix.
    pub manifest: Option<String>,
    /// The symbolic links that were passed over.
    pub links: Vec<Link>,
    /// How many names below the prefix are none of files, and were left alone.
    pub foreign: u64,
    /// Uploads in parts of files that no source has.
    pub leftovers: Leftovers,
    /// What went wrong with single objects.
    pub problems: Vec<Problem>,
    /// Why the step says no, though it did something.
    pub rejection: Option<Problem>,
}

/// The end of a run that did nothing.
#[derive(Clone, Debug, PartialEq)]
pub struct Stop {
    /// Why.
    pub failure: Problem,
    /// Everything that is wrong, if it is more than that.
    pub problems: Vec<Problem>,
}

impl From<Problem> for Stop {
    fn from(failure: Problem) -> Self {
        Self { failure, problems: Vec::new() }
    }
}

impl From<Vec<Problem>> for Stop {
    fn from(problems: Vec<Problem>) -> Self {
        Self { failure: words::all(&problems), problems }
    }
}

/// What is to be sent: the manifest's bytes are known before the first byte goes.
struct Plan {
    files: Files,
    manifest: Option<Item>,
    look: Look,
    /// Which of the files are there already.
    same: Vec<bool>,
    /// Whether the manifest is.
    same_manifest: bool,
}

/// Carries out a run. `now` is in seconds since 1970-01-01T00:00:00Z.
///
/// # Errors
/// Nothing was changed, and why.
pub fn upload<H: Host>(host: &mut H, inputs: &Inputs, now: u64) -> Result<Done, Stop> {
    let settings = Settings::read(inputs, now)?;
    let plan = plan(host, &settings)?;
    let mut done = Done {
        manifest: settings.manifest.clone(),
        links: plan.files.links.values().cloned().collect(),
        foreign: plan.look.foreign,
        ..Done::default()
    };
    let outcomes = send(host, &settings, &plan);
    for (item, outcome) in plan.files.items.iter().zip(outcomes) {
        done.take(item, outcome);
    }
    if done.problems.is_empty() && !plan.look.strays.is_empty() {
        let (deleted, problems) = remove::remove(host, &settings.target, &plan.look.strays);
        done.deleted = deleted;
        done.problems.extend(problems);
    }
    if let Some(item) = plan.manifest.as_ref().filter(|_| done.problems.is_empty()) {
        let outcome = match plan.same_manifest {
            true => Outcome::Skipped,
            false => {
                let mut sending = Sending::new(host, &settings, &plan.files, 0);
                whole::send(&mut sending, &[item]).pop().unwrap_or(Outcome::Skipped)
            }
        };
        done.take(item, outcome);
    }
    if done.problems.is_empty() {
        done.leftovers = leftover::tidy(host, &settings, &plan.files, plan.manifest.as_ref());
    }
    let Some(failure) = words::failure(&done, plan.files.items.len()) else {
        return Ok(done);
    };
    if done.uploaded.is_empty() && done.deleted == 0 {
        return Err(Stop { failure, problems: done.problems });
    }
    done.rejection = Some(failure);
    Ok(done)
}

impl Done {
    fn take(&mut self, item: &Item, outcome: Outcome) {
        match outcome {
            Outcome::Uploaded { stored, bytes } => {
                let sha256 = stored.digest.clone().or_else(|| item.sha256.clone());
                self.uploaded.push(Uploaded { below: item.below.clone(), stored, sha256 });
                self.bytes += bytes;
            }
            Outcome::Skipped => self.skipped += 1,
            Outcome::Failed(problem) => self.problems.push(problem),
        }
    }

    /// Whether anything is another than before.
    #[must_use]
    pub fn has_changes(&self) -> bool {
        !self.uploaded.is_empty() || self.deleted > 0
    }
}

/// Decides everything that can be decided before the first change.
fn plan<H: Host>(host: &mut H, settings: &Settings) -> Result<Plan, Stop> {
    let mut files = find::find(host, settings)?;
    let manifest = match &settings.manifest {
        Some(below) => {
            let items: Vec<&Item> = files.items.iter().collect();
            let digests = compare::whole(host, &items, Algorithm::Sha256)?;
            for (item, digest) in files.items.iter_mut().zip(digests) {
                item.sha256 = Some(digest);
            }
            let bytes = manifest::write(&files)
                .map_err(|error| Problem::new(Code::Refused, format!("the manifest: {error}")))?;
            Some(files.manifest(settings, below, bytes))
        }
        None => None,
    };
    let all: Vec<&Item> = files.items.iter().chain(&manifest).collect();
    let compares = settings.sync || settings.immutable;
    let look = match (compares && !all.is_empty()) || settings.delete.is_some() {
        true => look::look(host, settings, &all)?,
        false => Look::default(),
    };
    if let Some(most) = settings.delete {
        remove::check(&settings.target, most, &look)?;
    }
    let mut verdicts = vec![None; all.len()];
    if compares {
        let there = |at: &usize| look.seen.contains_key(&all[*at].below);
        let there: Vec<usize> = (0..all.len()).filter(there).collect();
        let pairs: Vec<_> = there.iter().map(|at| (all[*at], &look.seen[&all[*at].below])).collect();
        for (at, verdict) in there.into_iter().zip(compare::compare(host, &pairs)?) {
            verdicts[at] = Some(verdict);
        }
    }
    if settings.immutable {
        let against = all.iter().zip(&verdicts).filter_map(|(item, verdict)| match verdict {
            Some(Sameness::Other) => Some(conflict(item, true)),
            Some(Sameness::Unknown) => Some(conflict(item, false)),
            Some(Sameness::Same) | None => None,
        });
        let against: Vec<Problem> = against.collect();
        if !against.is_empty() {
            return Err(against.into());
        }
    }
    let mut same: Vec<bool> = verdicts.iter().map(|verdict| *verdict == Some(Sameness::Same)).collect();
    let same_manifest = manifest.is_some() && same.pop().unwrap_or_default();
    Ok(Plan { files, manifest, look, same, same_manifest })
}

/// Sends what is not there. Gives an outcome for each file.
fn send<H: Host>(host: &mut H, settings: &Settings, plan: &Plan) -> Vec<Outcome> {
    let items = &plan.files.items;
    let mut outcomes = vec![Outcome::Skipped; items.len()];
    let is_new = |at: &usize| !plan.same[*at];
    let (large, small): (Vec<usize>, Vec<usize>) =
        (0..items.len()).partition(|at| Files::in_parts(settings, &items[*at]));
    let small: Vec<usize> = small.into_iter().filter(is_new).collect();
    let in_parts = large.iter().filter(|at| is_new(at)).map(|at| items[*at].size).sum();
    let mut sending = Sending::new(host, settings, &plan.files, in_parts);
    let whole: Vec<&Item> = small.iter().map(|at| &items[*at]).collect();
    let mut stop = None;
    for (at, outcome) in small.into_iter().zip(whole::send(&mut sending, &whole)) {
        outcomes[at] = outcome;
    }
    if !outcomes.iter().any(|outcome| matches!(outcome, Outcome::Uploaded { .. })) {
        stop = outcomes.iter().find_map(general);
    }
    for at in large {
        let item = &items[at];
        outcomes[at] = match &stop {
            _ if plan.same[at] => {
                multi::tidy(sending.host, item, settings.keeping.checksum).unwrap_or_default();
                Outcome::Skipped
            }
            Some(cause) => Outcome::Failed(not_tried(item, cause)),
            None => multi::send(&mut sending, item),
        };
        stop = stop.or_else(|| general(&outcomes[at]));
    }
    outcomes
}

/// What speaks against everything else too.
fn general(outcome: &Outcome) -> Option<Problem> {
    match outcome {
        Outcome::Failed(problem) if problem.code.is_general() => Some(problem.clone()),
        _ => None,
    }
}
