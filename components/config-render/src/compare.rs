//! Compares the files that are wanted with those that are there and those that are owned. Never writes one.

use std::collections::BTreeSet;

use crate::owned::{self, Files, Owned};
use crate::problem::{Code, Problem};

/// A file that is wanted.
#[derive(Debug)]
pub struct Wanted<F> {
    /// Where.
    pub path: String,
    /// Its content, not proven yet: good enough to see that the file has it already.
    pub draft: String,
    /// What it is made of.
    pub from: F,
}

/// What becomes of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// It is made.
    Created,
    /// It gets another content.
    Changed,
}

/// A file that is written.
#[derive(Debug)]
pub struct Write {
    /// Where.
    pub path: String,
    /// Its content.
    pub text: String,
    /// What becomes of it.
    pub effect: Effect,
}

/// What is to be done.
#[derive(Debug, Default)]
pub struct Plan {
    /// The files that are written.
    pub writes: Vec<Write>,
    /// The files that are deleted.
    pub removes: Vec<String>,
    /// How many files have their content already.
    pub unchanged: usize,
    /// The files that are owned afterwards.
    pub files: Files,
}

impl Plan {
    /// How many files are created, changed and deleted.
    #[must_use]
    pub fn counts(&self) -> [usize; 3] {
        let created = self.writes.iter().filter(|write| write.effect == Effect::Created).count();
        [created, self.writes.len() - created, self.removes.len()]
    }
}

/// What is known of the files before the run.
#[derive(Debug)]
pub struct Before<'a> {
    /// The pattern of the paths of this run.
    pub to: &'a str,
    /// The files that are there.
    pub present: &'a BTreeSet<String>,
    /// The list of owned files.
    pub owned: &'a Owned,
    /// Whether files that no row makes any more are deleted.
    pub prune: bool,
    /// Whether files that are there and not owned, or were edited since, are taken over.
    pub adopt: bool,
}

/// Plans a run, or finds all files that are in its way and all that cannot be proven. Only files that are there are
/// read, and only contents that are to be written are proven: most runs change few of many files.
///
/// # Errors
/// What reading a file gives.
pub fn compare<F, E>(
    before: &Before<'_>,
    wanted: Vec<Wanted<F>>,
    prove: impl Fn(&F) -> Result<String, Problem>,
    mut read: impl FnMut(&str) -> Result<Vec<u8>, E>,
) -> Result<Result<Plan, Vec<Problem>>, E> {
    let none = Files::new();
    let ours = before.owned.0.get(before.to).unwrap_or(&none);
    let mut plan = Plan::default();
    let mut problems = Vec::new();
    for Wanted { path, draft, from } in wanted {
        let now = if before.present.contains(&path) { Some(read(&path)?) } else { None };
        let same = now.as_deref() == Some(draft.as_bytes());
        let text = match if same { Ok(draft) } else { prove(&from) } {
            Ok(text) => text,
            Err(problem) => {
                problems.push(problem);
                continue;
            }
        };
        problems.extend(in_the_way(before, ours, &path, &text, now.as_deref()));
        plan.files.insert(path.clone(), owned::digest(text.as_bytes()));
        match now {
            Some(now) if now == text.as_bytes() => plan.unchanged += 1,
            Some(_) => plan.writes.push(Write { path, text, effect: Effect::Changed }),
            None => plan.writes.push(Write { path, text, effect: Effect::Created }),
        }
    }
    let gone: Vec<_> = ours.iter().filter(|(path, _)| !plan.files.contains_key(*path)).collect();
    for (path, digest) in gone {
        if !before.present.contains(path) {
            continue;
        }
        if !before.prune {
            plan.files.insert(path.clone(), digest.clone());
        } else if owned::digest(&read(path)?) == *digest {
            plan.removes.push(path.clone());
        } else {
            let message = format!("`{path}` has no row any more, and was edited since it was written");
            let hint = "delete it, or put its row back; it is not deleted for you";
            problems.push(Problem::new(Code::NotOwned, message).hint(hint).at(path, None));
        }
    }
    Ok(if problems.is_empty() { Ok(plan) } else { Err(problems) })
}

/// Why a file cannot be written over.
fn in_the_way(
    before: &Before<'_>,
    ours: &Files,
    path: &str,
    text: &str,
    now: Option<&[u8]>,
) -> Option<Problem> {
    let problem =
        |message: String, hint: String| Some(Problem::new(Code::NotOwned, message).hint(hint).at(path, None));
    let mut others = before.owned.0.iter().filter(|(to, _)| *to != before.to);
    if let Some((other, _)) = others.find(|(_, files)| files.contains_key(path)) {
        let hint = "give one of the two runs another `to`, or take the file out of the list".to_owned();
        return problem(format!("`{path}` belongs to another run, with `to` `{other}`"), hint);
    }
    let now = now.filter(|_| !before.adopt)?;
    let Some(digest) = ours.get(path) else {
        let hint = "give another `to`, or allow `adopt` to take it over".to_owned();
        return problem(format!("`{path}` is there, and this step did not write it"), hint);
    };
    if now == text.as_bytes() || owned::digest(now) == *digest {
        return None;
    }
    let hint =
        "carry the edit over to the template or the rows, or allow `adopt` to write over it".to_owned();
    problem(format!("`{path}` was edited since it was written"), hint)
}
