//! The whole run: plans on top of what the branch has, commits and pushes, and where somebody else was faster plans again.
//! It reaches the outside only through traits.

use lockstep_glue::words::plural;
use lockstep_glue::{Clock, Fault, Level, Tell};

use crate::digest::{self, Registries};
use crate::host::{Change, Commit, Effect, Forge, Host, Onto};
use crate::message;
use crate::plan::{self, Move, Plan, conflicts};
use crate::problem::{Code, Problem};
use crate::propose::propose;
pub use crate::race::Dice;
use crate::race::Races;
use crate::settings::{Inputs, Settings};

/// How many commits of a branch are looked through for the one that an earlier run has made.
const LOOK_BACK: u32 = 100;

/// Where a promotion stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum State {
    /// There is nothing to promote.
    #[default]
    None,
    /// It is pushed to the base.
    Pushed,
    /// Its pull request is open.
    Open,
    /// Its pull request is merged.
    Merged,
    /// Somebody has closed its pull request.
    Closed,
}

/// What came of a run.
#[derive(Debug, Default)]
pub struct Done {
    /// Whether this run has pushed or said anything.
    pub changed: bool,
    /// The commit with the promotion.
    pub commit: Option<String>,
    /// The branch that it was pushed to.
    pub branch: String,
    /// The number and the URL of its pull request.
    pub pull_request: Option<(u64, String)>,
    /// Where it stands.
    pub state: State,
    /// The commit that it comes from.
    pub source: String,
    /// What is promoted.
    pub moves: Vec<Move>,
    /// The file of the ledger.
    pub ledger: Option<String>,
    /// Why the run says no, although it has outputs.
    pub rejection: Option<Problem>,
}

/// Runs the step.
///
/// # Errors
/// What keeps it from promoting. Then nothing was pushed.
pub fn promote<T: Clock + Dice>(
    world: &mut (impl Host + Forge + Registries),
    time: &mut T,
    tell: &mut impl Tell,
    inputs: &Inputs,
) -> Result<Done, Vec<Problem>> {
    let settings = Settings::read(inputs)
        .map_err(|wrong| wrong.into_iter().map(Problem::mistake).collect::<Vec<_>>())?;
    let done = match &settings.propose {
        Some(wanted) => propose(world, time, tell, &settings, wanted),
        None => push_to_base(world, time, tell, &settings),
    }?;
    Ok(Done { ledger: settings.ledger, ..done })
}

/// Promotes with a commit on the base.
fn push_to_base<T: Clock + Dice>(
    host: &mut (impl Host + Registries),
    time: &mut T,
    tell: &mut impl Tell,
    settings: &Settings,
) -> Result<Done, Vec<Problem>> {
    let mut races = Races::until(time, settings.timeout);
    let source = source(host, settings)?;
    let mut head_now =
        if settings.from_ref == settings.base { source.clone() } else { head(host, &settings.base)? };
    let mut first: Option<Plan> = None;
    loop {
        let plan = plan::plan(host, settings, &source, &head_now)?;
        let done = Done { branch: settings.base.clone(), source: source.clone(), ..Done::default() };
        if plan.changes.is_empty() {
            say_nothing(tell, &plan);
            return Ok(match made_before(host, &plan, &head_now)? {
                Some(commit) => Done { state: State::Pushed, commit: Some(commit), ..done },
                None => done,
            });
        }
        if let Some(first) = &first {
            let conflicts = conflicts(first, &plan);
            if !conflicts.is_empty() {
                return Err(conflicts.iter().map(conflict).collect());
            }
        }
        digest::verify(host, &settings.registries, &plan)?;
        let commit = commit(host, settings, &plan, (&source, &head_now))?;
        match host.push(&settings.base, &commit, Onto::Head(&head_now)) {
            Ok(effect) => {
                say(tell, &plan, effect, &format!("with commit {commit} on {}", settings.base));
                let (changed, state) = (true, State::Pushed);
                return Ok(Done { changed, state, commit: Some(commit), moves: plan.moves, ..done });
            }
            Err(Fault::Conflict(_)) => {
                races.lost(time, tell, &settings.base)?;
                head_now = head(host, &settings.base)?;
                first.get_or_insert(plan);
            }
            Err(fault) => return Err(vec![Problem::remote(&fault)]),
        }
    }
}

/// The commit with which an earlier run has made this promotion: also one that was killed before it could name it.
fn made_before(host: &mut impl Host, plan: &Plan, head: &str) -> Result<Option<String>, Vec<Problem>> {
    let history = host.history(head, LOOK_BACK).map_err(|fault| vec![Problem::remote(&fault)])?;
    let is_it = |commit: &Commit| commit.sealed && message::has_key(&commit.message, plan);
    Ok(history.into_iter().find(is_it).map(|commit| commit.id))
}

/// Says that there is nothing to promote.
pub(crate) fn say_nothing(tell: &mut impl Tell, plan: &Plan) {
    say_left(tell, plan);
    tell.note(Level::Info, "everything is promoted already");
}

fn say_left(tell: &mut impl Tell, plan: &Plan) {
    plan.left.iter().for_each(|left| tell.note(Level::Info, left));
}

/// Says what is promoted, or would be.
pub(crate) fn say(tell: &mut impl Tell, plan: &Plan, effect: Effect, how: &str) {
    say_left(tell, plan);
    for Move { file, path, before, after, .. } in &plan.moves {
        tell.note(Level::Info, &format!("{file} {path}: {before} -> {after}"));
    }
    let would = if effect == Effect::Planned { "would promote" } else { "promoted" };
    tell.note(Level::Notice, &format!("{would} {} {how}", plural(plan.moves.len(), "value")));
}

/// The commit that it comes from.
pub(crate) fn source(host: &mut impl Host, settings: &Settings) -> Result<String, Vec<Problem>> {
    let name = &settings.from_ref;
    if *name == settings.base {
        return head(host, name);
    }
    if is_commit(name) {
        return Ok(name.clone());
    }
    let remote = |fault: Fault| vec![Problem::remote(&fault)];
    let found = match host.head(name).map_err(remote)? {
        None => host.tag(name).map_err(remote)?,
        found => found,
    };
    found.ok_or_else(|| {
        let message = format!("the repository has no branch and no tag `{name}`");
        vec![
            Problem::new(Code::BadInput, message)
                .hint("name a branch, a tag or a whole commit with `from-ref`"),
        ]
    })
}

/// Whether it is the id of a commit, of SHA-1 or of SHA-256.
fn is_commit(text: &str) -> bool {
    let hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    matches!(text.len(), 40 | 64) && text.bytes().all(hex)
}

/// The commit at the head of a branch that has to be there.
pub(crate) fn head(host: &mut impl Host, branch: &str) -> Result<String, Vec<Problem>> {
    let head = host.head(branch).map_err(|fault| vec![Problem::remote(&fault)])?;
    head.ok_or_else(|| {
        let message = format!("the repository has no branch `{branch}`");
        vec![Problem::new(Code::BadInput, message).hint("name the branch with `base`")]
    })
}

/// Makes the commit of a plan, with its line of the ledger.
pub(crate) fn commit(
    host: &mut impl Host,
    settings: &Settings,
    plan: &Plan,
    (source, head): (&str, &str),
) -> Result<String, Vec<Problem>> {
    let remote = |fault: Fault| vec![Problem::remote(&fault)];
    let changes = changes(host, settings, plan, (source, head)).map_err(|problem| vec![problem])?;
    host.commit(head, &changes, &message::commit(settings, plan, source)).map_err(remote)
}

fn changes(
    host: &mut impl Host,
    settings: &Settings,
    plan: &Plan,
    (source, head): (&str, &str),
) -> Result<Vec<Change>, Problem> {
    let remote = |fault: Fault| Problem::remote(&fault);
    let no_ledger = |path: &str, what: &str| {
        let message = format!("`ledger` names {path}, which {what}");
        Problem::new(Code::BadInput, message).hint("name a file of its own for the ledger")
    };
    let mut changes = plan.changes.clone();
    if let Some(path) = &settings.ledger {
        if changes.iter().any(|(changed, _)| changed == path) {
            return Err(no_ledger(path, "this promotion changes itself"));
        }
        let there = !host.files(head, path).map_err(remote)?.is_empty();
        let before = match there {
            true => host.read(head, std::slice::from_ref(path)).map_err(remote)?.pop().unwrap_or_default(),
            false => Vec::new(),
        };
        if !message::is_ledger(&before) {
            return Err(no_ledger(path, "is there and has other lines than those of a ledger"));
        }
        let ledger = message::ledger(&before, settings, plan, source);
        changes.push((path.clone(), ledger));
    }
    Ok(changes)
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
