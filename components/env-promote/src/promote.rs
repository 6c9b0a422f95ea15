//! The whole run: plans on top of what the branch has, commits and pushes, and where somebody else was faster plans again.
//! It reaches the outside only through traits.

use lockstep_glue::words::plural;
use lockstep_glue::{Clock, Deadline, Fault, Level, Tell};

use crate::host::{Effect, Host};
use crate::message;
use crate::plan::{self, Move, Plan, conflicts};
use crate::problem::{Code, Problem};
use crate::settings::{Inputs, Settings};

/// The first pause after a lost race, in milliseconds, and the longest one. Each is up to twice as long as the one before.
const PAUSE: u64 = 100;
const LONGEST: u64 = 5_000;

/// What came of a run.
#[derive(Debug, Default)]
pub struct Done {
    /// Whether anything was promoted.
    pub changed: bool,
    /// The commit that was made.
    pub commit: Option<String>,
    /// The branch.
    pub branch: String,
    /// The commit that it comes from.
    pub source: String,
    /// What was promoted.
    pub moves: Vec<Move>,
}

/// Chances from 0 to 1, so that jobs that lost a race do not run the next one together.
pub trait Dice {
    /// The next one.
    fn roll(&mut self) -> f64;
}

/// Runs the step.
///
/// # Errors
/// What keeps it from promoting. Then nothing was pushed.
pub fn promote<T: Clock + Dice>(
    host: &mut impl Host,
    time: &mut T,
    tell: &mut impl Tell,
    inputs: &Inputs,
) -> Result<Done, Vec<Problem>> {
    let settings = Settings::read(inputs)
        .map_err(|wrong| wrong.into_iter().map(Problem::mistake).collect::<Vec<_>>())?;
    let deadline = Deadline::after(time.now(), settings.timeout);
    let source = head(host, &settings.base)?;
    let mut first: Option<Plan> = None;
    let (mut head_now, mut pause) = (source.clone(), PAUSE);
    loop {
        let plan = plan::plan(host, &settings, &source, &head_now)?;
        let done = |plan: Plan, commit: Option<String>| Done {
            changed: commit.is_some(),
            commit,
            branch: settings.base.clone(),
            source: source.clone(),
            moves: plan.moves,
        };
        if plan.changes.is_empty() {
            tell.note(Level::Info, "everything is promoted already");
            return Ok(done(plan, None));
        }
        if let Some(first) = &first {
            let conflicts = conflicts(first, &plan);
            if !conflicts.is_empty() {
                return Err(conflicts.iter().map(conflict).collect());
            }
        }
        match push(host, &settings, &plan, &source, &head_now)? {
            Some((commit, effect)) => {
                for Move { file, path, before, after, .. } in &plan.moves {
                    tell.note(Level::Info, &format!("{file} {path}: {before} -> {after}"));
                }
                let would = if effect == Effect::Planned { "would promote" } else { "promoted" };
                let values = plural(plan.moves.len(), "value");
                tell.note(
                    Level::Notice,
                    &format!("{would} {values} with commit {commit} on {}", settings.base),
                );
                return Ok(done(plan, Some(commit)));
            }
            None => {
                let wait = (pause as f64 * (1.0 + time.roll())) as u64;
                if deadline.left(time.now()) <= wait {
                    let message = format!("others push to `{}` all the time", settings.base);
                    return Err(vec![
                        Problem::new(Code::Contended, message)
                            .hint("run the step again, or give `timeout` more time"),
                    ]);
                }
                tell.note(
                    Level::Info,
                    "somebody else has pushed meanwhile; the promotion is made again on top of that",
                );
                time.sleep(wait);
                pause = (pause * 2).min(LONGEST);
                head_now = head(host, &settings.base)?;
                first.get_or_insert(plan);
            }
        }
    }
}

fn head(host: &mut impl Host, branch: &str) -> Result<String, Vec<Problem>> {
    let head = host.head(branch).map_err(|fault| vec![Problem::remote(&fault)])?;
    head.ok_or_else(|| {
        let message = format!("the repository has no branch `{branch}`");
        vec![Problem::new(Code::BadInput, message).hint("name the branch with `base`")]
    })
}

/// Commits and pushes; nothing if somebody else was faster.
fn push(
    host: &mut impl Host,
    settings: &Settings,
    plan: &Plan,
    source: &str,
    head: &str,
) -> Result<Option<(String, Effect)>, Vec<Problem>> {
    let remote = |fault: Fault| vec![Problem::remote(&fault)];
    let mut changes = plan.changes.clone();
    if let Some(path) = &settings.ledger {
        let there = !host.files(head, path).map_err(remote)?.is_empty();
        let paths = std::slice::from_ref(path);
        let before = if there { host.read(head, paths).map_err(remote)?.pop() } else { None };
        let ledger = message::ledger(&before.unwrap_or_default(), settings, plan, source);
        changes.push((path.clone(), ledger));
    }
    let commit = host.commit(head, &changes, &message::commit(settings, plan, source)).map_err(remote)?;
    match host.push(&settings.base, &commit, head) {
        Ok(effect) => Ok(Some((commit, effect))),
        Err(Fault::Conflict(_)) => Ok(None),
        Err(fault) => Err(remote(fault)),
    }
}

fn conflict((first, theirs): &(Move, String)) -> Problem {
    let Move { file, path, before, after, line } = first;
    let place = if path.is_empty() { file.clone() } else { format!("{file}: `{path}`") };
    let message =
        format!("{place} was {before}, was to become {after}, and somebody else has made it {theirs}");
    Problem::new(Code::Conflict, message)
        .hint("run the step again if this is still to be promoted")
        .at(file, *line)
}
