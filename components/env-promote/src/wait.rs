//! Waits for a pull request until it is merged or closed, and has it merged if that is wanted. Never takes what the forge
//! says for a moment for the end, and never waits longer than it may.

use lockstep_glue::{Clock, Deadline, Fault, Level, Tell};

use crate::host::{Forge, Host, Hurdle, Merging, PullRequest, Stand, Standing};
use crate::problem::{Code, Problem};
use crate::promote::State;
use crate::settings::Propose;

/// The first pause between two looks, in milliseconds, and the longest one.
const PAUSE: u64 = 1_000;
const LONGEST: u64 = 15_000;
/// How often in a row a pull request has to conflict with its base: forges say so too before they have looked.
const CERTAIN: u32 = 3;

/// What is waited for.
#[derive(Debug)]
pub struct Waited<'a> {
    /// The branch that it is to be merged into.
    pub base: &'a str,
    /// Its branch.
    pub branch: &'a str,
    /// The pull request.
    pub request: &'a PullRequest,
    /// Until when, by the clock of the run.
    pub until: u64,
}

/// How the waiting ended.
#[derive(Debug)]
pub enum End {
    /// It is not waited for, or the run only plans: it is open.
    Open,
    /// It is merged, as this commit.
    Merged(Option<String>),
    /// The run says no.
    Rejected(State, Problem),
    /// The promotion is to be made again on top of what the base has now.
    Again,
}

/// Waits.
///
/// # Errors
/// The forge refuses, or does not answer well for too long.
pub fn wait(
    world: &mut (impl Host + Forge),
    clock: &mut impl Clock,
    tell: &mut impl Tell,
    wanted: &Propose,
    waited: &Waited<'_>,
    commit: &str,
) -> Result<End, Vec<Problem>> {
    if wanted.wait == 0 && !wanted.auto_merge {
        return Ok(End::Open);
    }
    let deadline = Deadline::after(waited.until, 0);
    let (mut pause, mut said, mut conflicts, mut merging) = (PAUSE, String::new(), 0, false);
    loop {
        let why = match world.inspect(waited.branch, waited.request.number) {
            Ok(standing) => {
                conflicts = if standing.hurdle == Hurdle::Conflicts { conflicts + 1 } else { 0 };
                if let Some(end) = ended(world, waited, &standing, commit, conflicts)? {
                    return Ok(end);
                }
                if wanted.auto_merge && !merging && !standing.now.auto_merge {
                    match merge(world, waited, commit)? {
                        Some(Merging::Merged) => return Ok(merged(world, waited)),
                        Some(Merging::Planned) => {
                            let message = format!("would merge pull request {}", waited.request.number);
                            tell.note(Level::Notice, &message);
                            return Ok(End::Open);
                        }
                        then => merging = then == Some(Merging::Waiting),
                    }
                }
                in_the_way(&standing)
            }
            Err(Fault::Unavailable(why)) if wanted.wait > 0 => why,
            Err(fault) => return Err(vec![Problem::forge(&fault)]),
        };
        if wanted.wait == 0 {
            return Ok(End::Open);
        }
        if why != said {
            tell.note(Level::Info, &format!("pull request {} waits: {why}", waited.request.number));
            said.clone_from(&why);
        }
        let next = clock.now() + pause;
        if deadline.wait(clock, next).is_none() {
            return Ok(timed_out(waited, &why));
        }
        pause = (pause * 3 / 2).min(LONGEST);
    }
}

/// The end that a look shows, if it is one.
fn ended(
    host: &mut impl Host,
    waited: &Waited<'_>,
    Standing { now, hurdle, .. }: &Standing,
    commit: &str,
    conflicts: u32,
) -> Result<Option<End>, Vec<Problem>> {
    let mut head = |branch: &str| host.head(branch).map_err(|fault| vec![Problem::remote(&fault)]);
    match now.stand {
        Stand::Merged => return Ok(Some(End::Merged(now.merged.clone()))),
        Stand::Closed => {
            let message = format!("pull request {} was closed: {}", now.number, now.url);
            let hint = "promote another version, or open it again";
            return Ok(Some(End::Rejected(State::Closed, Problem::new(Code::Closed, message).hint(hint))));
        }
        Stand::Open => {}
    }
    // The forge may not have looked at the branch since it was pushed to.
    if now.head != commit && head(waited.branch)?.as_deref() != Some(commit) {
        return Ok(Some(End::Again));
    }
    if *hurdle == Hurdle::Behind || conflicts >= CERTAIN {
        let parent = host.look(commit).map_err(|fault| vec![Problem::remote(&fault)])?.parent;
        let base = host.head(waited.base).map_err(|fault| vec![Problem::remote(&fault)])?;
        if base != parent {
            return Ok(Some(End::Again));
        }
    }
    Ok(None)
}

/// Has it merged, or lets the forge do it; nothing if something changed meanwhile, which shows at the next look.
fn merge(
    world: &mut (impl Host + Forge),
    waited: &Waited<'_>,
    commit: &str,
) -> Result<Option<Merging>, Vec<Problem>> {
    let message = world.look(commit).map_err(|fault| vec![Problem::remote(&fault)])?.message;
    // The forge makes the first line.
    let message = message.split_once("\n\n").map_or("", |(_, rest)| rest);
    match world.merge(waited.branch, waited.request.number, commit, message) {
        Ok(merging) => Ok(Some(merging)),
        Err(Fault::Conflict(_) | Fault::Unavailable(_)) => Ok(None),
        Err(fault) => Err(vec![Problem::forge(&fault)]),
    }
}

/// The end of one that was merged just now, with the commit if the forge says it already.
fn merged(forge: &mut impl Forge, waited: &Waited<'_>) -> End {
    let now = forge.inspect(waited.branch, waited.request.number).ok().map(|standing| standing.now);
    End::Merged(now.and_then(|now| now.merged))
}

/// What keeps it from being merged, in words.
fn in_the_way(standing: &Standing) -> String {
    let hurdle = match standing.hurdle {
        Hurdle::None => "nothing is in its way",
        Hurdle::Behind => "its base has moved on",
        Hurdle::Conflicts => "it conflicts with its base, or the forge has not looked yet",
        Hurdle::Other(words) => words,
    };
    match standing.checks.as_slice() {
        [] => hurdle.to_owned(),
        checks => format!("{hurdle} ({})", checks.join(", ")),
    }
}

fn timed_out(waited: &Waited<'_>, why: &str) -> End {
    let PullRequest { number, url, .. } = waited.request;
    let message = format!("pull request {number} is not merged in time: {why}: {url}");
    let hint = "run the step again to wait on, or give `wait` more time";
    End::Rejected(State::Open, Problem::new(Code::TimedOut, message).hint(hint))
}
