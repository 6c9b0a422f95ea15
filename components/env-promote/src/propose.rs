//! Promotes with a pull request: one for each branch, whatever runs were cut off before. Never drops what somebody else has
//! committed, and never asks again for what somebody has declined.

use lockstep_glue::{Clock, Fault, Level, Tell};

use crate::branch::{LAST, numbered};
use crate::description::{self, Mark};
use crate::digest::{self, Registries};
use crate::host::{Commit, Effect, Forge, Host, Onto, Proposal, PullRequest, Stand};
use crate::message;
use crate::plan::{self, Plan};
use crate::problem::{Code, Problem};
use crate::promote::{Dice, Done, State, commit, head, say, say_nothing, source};
use crate::race::Races;
use crate::settings::{Propose, Settings};
use crate::wait::{End, Waited, wait};

/// What a branch is for this promotion.
enum Branch {
    /// It is not there.
    Missing,
    /// It has this promotion already.
    Same(Commit),
    /// It has a promotion of an earlier run.
    Earlier(String),
    /// Somebody else has committed to it.
    Foreign(Commit),
}

/// What one look at everything came to.
enum Look {
    /// The run is over.
    Over(Done),
    /// The promotion is on its branch, and this is its pull request.
    Proposed(Done, PullRequest),
    /// The same, and this run has opened it.
    Opened(Done, PullRequest, Proposal),
    /// Somebody else was faster.
    Lost,
    /// The promotion is on its branch, and the run that pushed it may be about to open its pull request.
    Orphan,
}

/// How often another run is waited for that may be about to open a pull request for what it has pushed, and how long each
/// time, in milliseconds.
const GRACE: (u32, u64) = (5, 1_000);
/// How long after it has opened a pull request a run looks for others, in milliseconds: a forge that lets several be opened
/// at once may show one with a lower number later.
const SETTLED: u64 = 1_000;

/// Runs the step with a pull request.
///
/// # Errors
/// What keeps it from promoting.
pub fn propose<T: Clock + Dice>(
    world: &mut (impl Host + Forge + Registries),
    time: &mut T,
    tell: &mut impl Tell,
    settings: &Settings,
    wanted: &Propose,
) -> Result<Done, Vec<Problem>> {
    let mut races = Races::until(time, settings.timeout);
    let until = time.now().saturating_add(wanted.wait);
    let (mut fresh, mut changed, mut patience) = (false, false, GRACE.0);
    loop {
        let (mut done, request) = match look(world, tell, settings, wanted, (fresh, patience > 0))? {
            Look::Over(done) => return Ok(Done { changed: done.changed || changed, ..done }),
            Look::Proposed(done, request) => (done, request),
            Look::Opened(done, request, proposal) => {
                let mut withdrawn = || withdrawn(world, &proposal, &request, &done.branch).map_err(forge);
                let late = withdrawn()? || {
                    time.sleep(SETTLED);
                    withdrawn()?
                };
                if late {
                    changed = true;
                    continue;
                }
                tell.note(Level::Notice, &format!("opened pull request {}: {}", request.number, request.url));
                (done, request)
            }
            Look::Lost => {
                races.lost(time, tell, &wanted.branch)?;
                continue;
            }
            Look::Orphan => {
                time.sleep(GRACE.1);
                patience -= 1;
                continue;
            }
        };
        changed |= done.changed;
        done.changed = changed;
        let branch = done.branch.clone();
        let waited = Waited { base: &settings.base, branch: &branch, request: &request, until };
        let end = wait(world, time, tell, wanted, &waited, done.commit.as_deref().unwrap_or_default())?;
        match end {
            End::Open => return Ok(done),
            End::Merged(commit) => {
                tell.note(Level::Notice, &format!("pull request {} is merged", request.number));
                return Ok(Done { state: State::Merged, commit: commit.or(done.commit), ..done });
            }
            End::Rejected(state, problem) => return Ok(Done { state, rejection: Some(problem), ..done }),
            End::Again => fresh = true,
        }
    }
}

/// Looks at everything, and brings the branch and its pull request to where they should be.
fn look(
    world: &mut (impl Host + Forge + Registries),
    tell: &mut impl Tell,
    settings: &Settings,
    wanted: &Propose,
    (fresh, patient): (bool, bool),
) -> Result<Look, Vec<Problem>> {
    let source = source(world, settings)?;
    let base = if settings.from_ref == settings.base { source.clone() } else { head(world, &settings.base)? };
    let plan = plan::plan(world, settings, &source, &base)?;
    let done = Done { source, moves: plan.moves.clone(), ..Done::default() };
    for number in 1..=LAST {
        let branch = numbered(&wanted.branch, number);
        let requests = world.pull_requests(&branch).map_err(forge)?;
        let done = Done { branch: branch.clone(), ..clone(&done) };
        if plan.changes.is_empty() {
            return Ok(Look::Over(settled(tell, &plan, &requests, done)));
        }
        let open = open(&requests);
        // One that a run has withdrawn has no mark.
        let newest = requests.iter().find_map(|one| Some((one, Mark::read(&one.body)?)));
        if let (None, Some((newest, mark))) = (open, newest)
            && newest.stand == Stand::Closed
            && mark.key == plan.key()
        {
            return Ok(Look::Over(declined(newest, done)));
        }
        let there = there(world, (settings, &plan), &branch, (open.is_none() || fresh).then_some(&base))?;
        if let Branch::Foreign(commit) = &there {
            if wanted.new_branch && number < LAST {
                tell.note(
                    Level::Info,
                    &format!("somebody else has committed to `{branch}`; another one is used"),
                );
                continue;
            }
            return Ok(Look::Over(foreign(commit, open, done)));
        }
        if matches!(there, Branch::Same(_)) && open.is_none() && patient {
            return Ok(Look::Orphan);
        }
        return place(world, tell, (settings, wanted), (&plan, &base), (there, open), done);
    }
    Ok(Look::Lost)
}

/// What a branch has. With `on` it has this promotion only on top of that commit.
fn there(
    host: &mut impl Host,
    (settings, plan): (&Settings, &Plan),
    branch: &str,
    on: Option<&String>,
) -> Result<Branch, Vec<Problem>> {
    let remote = |fault: Fault| vec![Problem::remote(&fault)];
    let Some(at) = host.head(branch).map_err(remote)? else { return Ok(Branch::Missing) };
    let commit = host.look(&at).map_err(remote)?;
    if !commit.sealed {
        return Ok(Branch::Foreign(commit));
    }
    let same = on.is_none_or(|on| commit.parent.as_ref() == Some(on))
        && message::is_of(&commit.message, settings, plan);
    match same && plan.is_at(host, &at).map_err(remote)? {
        true => Ok(Branch::Same(commit)),
        false => Ok(Branch::Earlier(at)),
    }
}

/// Brings the promotion to its branch, and its pull request up to date.
fn place(
    world: &mut (impl Host + Forge + Registries),
    tell: &mut impl Tell,
    (settings, wanted): (&Settings, &Propose),
    (plan, base): (&Plan, &str),
    (there, open): (Branch, Option<&PullRequest>),
    done: Done,
) -> Result<Look, Vec<Problem>> {
    let branch = done.branch.clone();
    let (commit, pushed) = match there {
        Branch::Same(commit) => (commit.id, None),
        Branch::Foreign(commit) => return Ok(Look::Over(foreign(&commit, open, done))),
        Branch::Missing | Branch::Earlier(_) => {
            digest::verify(world, &settings.registries, plan)?;
            let commit = commit(world, settings, plan, (&done.source, base))?;
            let onto = match &there {
                Branch::Earlier(at) => Onto::Replace(at),
                _ => Onto::Nothing,
            };
            match world.push(&branch, &commit, onto) {
                Ok(effect) => (commit, Some(effect)),
                Err(Fault::Conflict(_)) => return Ok(Look::Lost),
                // The host looks further back than this step does.
                Err(Fault::Invalid(why)) => {
                    return Ok(Look::Over(stopped(Code::Foreign, why, open, done)));
                }
                Err(fault) => return Err(vec![Problem::remote(&fault)]),
            }
        }
    };
    let planned = pushed == Some(Effect::Planned);
    if let Some(effect) = pushed {
        say(tell, plan, effect, &format!("with commit {commit} on {branch}"));
    }
    let done = Done { commit: Some(commit), state: State::Open, changed: pushed.is_some(), ..done };
    match open {
        Some(open) => update(world, tell, (settings, wanted), plan, open, done),
        None => request(world, tell, (settings, wanted), plan, planned, done),
    }
}

/// Says what is new in an open pull request.
fn update(
    world: &mut impl Forge,
    tell: &mut impl Tell,
    (settings, wanted): (&Settings, &Propose),
    plan: &Plan,
    open: &PullRequest,
    mut done: Done,
) -> Result<Look, Vec<Problem>> {
    let before = Mark::read(&open.body);
    let mark = Mark::of(settings, wanted, plan, before.as_ref());
    if !before.as_ref().is_some_and(|before| before.says_the_same(&mark)) {
        let proposal = description::proposal(settings, wanted, plan, &mark);
        match world.edit(&done.branch, open.number, &proposal) {
            Ok(()) => done.changed = true,
            Err(Fault::Conflict(_)) => return Ok(Look::Lost),
            Err(fault) => return Err(forge(fault)),
        }
        if let Some(before) = before.filter(|before| before.key != mark.key) {
            let text = description::superseded(&before, &mark);
            tell.note(Level::Notice, &format!("pull request {}: {text}", open.number));
            world.comment(&done.branch, open.number, "superseded", &text).map_err(forge)?;
        }
    }
    tell.note(Level::Notice, &format!("pull request {}: {}", open.number, open.url));
    done.pull_request = Some((open.number, open.url.clone()));
    Ok(Look::Proposed(done, open.clone()))
}

/// Opens a pull request.
fn request(
    world: &mut impl Forge,
    tell: &mut impl Tell,
    (settings, wanted): (&Settings, &Propose),
    plan: &Plan,
    planned: bool,
    mut done: Done,
) -> Result<Look, Vec<Problem>> {
    let mark = Mark::of(settings, wanted, plan, None);
    let proposal = description::proposal(settings, wanted, plan, &mark);
    match world.open(&done.branch, &proposal) {
        Ok(Some(opened)) => {
            (done.pull_request, done.changed) = (Some((opened.number, opened.url.clone())), true);
            Ok(Look::Opened(done, opened, proposal))
        }
        Ok(None) => {
            tell.note(Level::Notice, &format!("would open a pull request: {}", proposal.title));
            Ok(Look::Over(Done { changed: true, ..done }))
        }
        Err(Fault::Conflict(_)) if !planned => Ok(Look::Lost),
        Err(fault) => Err(forge(fault)),
    }
}

/// Withdraws a pull request if another run has opened one at the same moment, which not every forge keeps it from: the one
/// with the lowest number stays.
fn withdrawn(
    world: &mut impl Forge,
    proposal: &Proposal,
    opened: &PullRequest,
    branch: &str,
) -> Result<bool, Fault> {
    let all = world.pull_requests(branch)?;
    let Some(first) = open(&all).filter(|first| first.number < opened.number) else { return Ok(false) };
    let body = format!("Opened at the same moment as #{}, which stays.", first.number);
    world.edit(branch, opened.number, &Proposal { body, ..proposal.clone() })?;
    world.withdraw(branch, opened.number)?;
    Ok(true)
}

/// The one that is open; of several the one that stays.
fn open(all: &[PullRequest]) -> Option<&PullRequest> {
    all.iter().filter(|one| one.stand == Stand::Open).min_by_key(|one| one.number)
}

/// The end of a run with nothing to promote.
fn settled(tell: &mut impl Tell, plan: &Plan, requests: &[PullRequest], done: Done) -> Done {
    let key = plan.key();
    let is_it = |one: &&PullRequest| Mark::read(&one.body).is_some_and(|mark| mark.key == key);
    if let Some(open) = open(requests) {
        let message = format!(
            "pull request {} is open, and there is nothing in it any more: {}",
            open.number, open.url
        );
        tell.note(Level::Warning, &message);
    }
    match requests.iter().find(|one| one.stand == Stand::Merged).filter(is_it) {
        Some(merged) => {
            tell.note(Level::Info, &format!("pull request {} is merged", merged.number));
            let pull_request = Some((merged.number, merged.url.clone()));
            Done { state: State::Merged, commit: merged.merged.clone(), pull_request, ..done }
        }
        None => {
            say_nothing(tell, plan);
            done
        }
    }
}

fn declined(closed: &PullRequest, done: Done) -> Done {
    let message =
        format!("pull request {} with this very promotion was closed: {}", closed.number, closed.url);
    let hint = "promote another version, or open it again";
    let rejection = Some(Problem::new(Code::Declined, message).hint(hint));
    let pull_request = Some((closed.number, closed.url.clone()));
    Done { state: State::Closed, pull_request, rejection, ..done }
}

fn foreign(commit: &Commit, open: Option<&PullRequest>, done: Done) -> Done {
    let Commit { id, author, .. } = commit;
    let message = format!("somebody else has committed to `{}`: {id} is by {author}", done.branch);
    stopped(Code::Foreign, message, open, done)
}

fn stopped(code: Code, message: String, open: Option<&PullRequest>, done: Done) -> Done {
    let hint = "merge or remove what is there, or let another branch be used with `on-foreign: new-branch`";
    let pull_request = open.map(|open| (open.number, open.url.clone()));
    let state = if open.is_some() { State::Open } else { State::None };
    Done { state, pull_request, rejection: Some(Problem::new(code, message).hint(hint)), ..done }
}

fn clone(done: &Done) -> Done {
    Done { source: done.source.clone(), moves: done.moves.clone(), ..Done::default() }
}

fn forge(fault: Fault) -> Vec<Problem> {
    vec![Problem::forge(&fault)]
}
