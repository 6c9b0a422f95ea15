//! Carries a plan out, and looks and plans again where somebody else came first. Each call can be the last one of a run:
//! what was is kept before it changes, and forgotten after it is back.

use std::collections::{BTreeMap, BTreeSet};

use lockstep_glue::Fault;
use lockstep_glue::words::plural;
use lockstep_glue::{Clock, Deadline, Level, Tell};
use lockstep_rollout::Effect;

use crate::host::{At, Host};
use crate::look;
use crate::object::{Key, Size, sized};
use crate::plan::{Change, Memory, Plan, View};
use crate::problem::{Code, Problem};
use crate::settings::Settings;

/// How often it is tried, and how long the first pause is, in milliseconds; each further one is twice as long.
const TRIES: u32 = 6;
const PAUSE: u64 = 200;
/// How often a change of an object that only others have touched is tried at once.
const AT_ONCE: u32 = 5;
/// Up to so many targets each change is told.
const FEW: usize = 20;

/// What was done.
#[derive(Debug)]
pub struct Acted {
    /// What there was at the beginning.
    pub view: View,
    /// What each object is to have.
    pub goals: BTreeMap<Key, Size>,
    /// Whether anything was asked that only a planning run leaves undone.
    pub is_planned: bool,
}

/// What calls came to.
#[derive(Default)]
struct Calls {
    /// Objects that are to be asleep soon, of which this run has kept what they have.
    own: BTreeSet<Key>,
    done: BTreeSet<Key>,
    is_planned: bool,
    /// Why the last of them was not carried out.
    conflict: Option<String>,
}

/// Looks, plans and changes, until everything has what it is to have.
///
/// # Errors
/// Something cannot be looked at or changed. What was changed so far stays, and so does what is kept.
pub fn act(
    host: &mut impl Host,
    clock: &mut impl Clock,
    tell: &mut impl Tell,
    (settings, deadline): (&Settings, Deadline),
) -> Result<Acted, Vec<Problem>> {
    let one = |problem| vec![problem];
    let mut first = None;
    let mut calls = Calls::default();
    for attempt in 0..TRIES {
        let view = look::look(host, clock, tell, (settings, deadline))?;
        let plan = Plan::make(&view, settings.to, &calls.own);
        if !plan.mistakes.is_empty() {
            let problem = |mistake| Problem::mistake(Code::BadInput, mistake);
            return Err(plan.mistakes.into_iter().map(problem).collect());
        }
        for (level, note) in plan.notes.iter().filter(|_| attempt == 0) {
            tell.note(*level, note);
        }
        let begun = first.get_or_insert(view);
        calls.conflict = None;
        calls.carry_out(host, tell, begun, &plan).map_err(one)?;
        if calls.conflict.is_none() {
            let (is_planned, goals) = (calls.is_planned, plan.goals);
            return Ok(Acted { view: first.unwrap_or_default(), goals, is_planned });
        }
        let pause = PAUSE << attempt;
        if deadline.left(clock.now()) <= pause {
            break;
        }
        clock.sleep(pause);
    }
    let why = calls.conflict.unwrap_or_default();
    let message = format!("somebody else keeps changing what is to be scaled: {why}");
    Err(vec![Problem::new(Code::Contended, message).hint("run the step again; what is kept stays kept")])
}

impl Calls {
    /// Makes the calls of a plan, in an order in which each can be the last.
    fn carry_out(
        &mut self,
        host: &mut impl Host,
        tell: &mut impl Tell,
        begun: &View,
        plan: &Plan,
    ) -> Result<(), Problem> {
        for memory in plan.before.values() {
            self.keep(host, memory)?;
        }
        // What could not be kept must not be changed.
        if self.conflict.is_some() {
            return Ok(());
        }
        let kept = plan.before.iter().flat_map(|(namespace, memory)| {
            memory.entries.keys().map(move |entry| (namespace.clone(), entry.clone()))
        });
        let kept: BTreeSet<_> = kept.collect();
        let goals = plan.goals.keys();
        self.own.extend(goals.filter(|key| kept.contains(&(key.namespace.clone(), key.entry()))).cloned());
        let all = plan.changes.len();
        for (at, change) in plan.changes.iter().enumerate() {
            self.change(host, tell, begun, (change, all))?;
            if all > FEW {
                tell.progress(at + 1, all);
            }
        }
        if self.conflict.is_some() {
            return Ok(());
        }
        for memory in plan.after.values() {
            self.keep(host, memory)?;
        }
        Ok(())
    }

    fn change(
        &mut self,
        host: &mut impl Host,
        tell: &mut impl Tell,
        begun: &View,
        (change, all): (&Change, usize),
    ) -> Result<(), Problem> {
        let Change { key, spelled, to, .. } = change;
        let mut effect = apply(host, change, &change.version);
        for _ in 0..AT_ONCE {
            // Controllers write statuses all the time: only another size is a reason to plan anew.
            let Err(Fault::Conflict(_)) = &effect else { break };
            let Ok(json) = host.get(spelled, &key.kind, &key.name) else { break };
            match sized(&key.kind, spelled, &json) {
                Some((_, now)) if now.size == change.from => effect = apply(host, change, &now.version),
                _ => break,
            }
        }
        let Some(effect) = self.made(effect)? else { return Ok(()) };
        self.own.remove(key);
        if self.done.insert(key.clone()) {
            let before =
                begun.targets.get(key).map_or(String::new(), |target| format!("{} -> ", target.size));
            let would = if effect == Effect::Planned { "would be " } else { "" };
            let level = if all > FEW { Level::Debug } else { Level::Info };
            tell.note(level, &format!("{}: {would}{before}{to}", key.short()));
        }
        Ok(())
    }

    fn keep(&mut self, host: &mut impl Host, memory: &Memory) -> Result<(), Problem> {
        let entry = |(key, size): (&String, &Option<Size>)| (key.clone(), size.map(Size::spell));
        let entries: Vec<_> = memory.entries.iter().map(entry).collect();
        let effect = host.keep(&memory.spelled, memory.version.as_deref(), &entries);
        self.made(effect).map(drop)
    }

    /// What came of a call; nothing if somebody else came first, or the object went away: then it is looked at again.
    fn made(&mut self, effect: Result<Effect, Fault>) -> Result<Option<Effect>, Problem> {
        match effect {
            Ok(effect) => {
                self.is_planned |= effect == Effect::Planned;
                Ok(Some(effect))
            }
            Err(Fault::Conflict(why) | Fault::NotFound(why)) => {
                self.conflict = Some(why);
                Ok(None)
            }
            Err(fault) => Err(Problem::remote(&fault)),
        }
    }
}

fn apply(host: &mut impl Host, change: &Change, version: &str) -> Result<Effect, Fault> {
    let Change { key, spelled, to, .. } = change;
    let at = At { namespace: spelled, kind: &key.kind, name: &key.name, version };
    match to {
        Size::Count(count) => host.scale(at, *count),
        Size::Suspended(suspended) => host.suspend(at, *suspended),
    }
}

impl Acted {
    /// What is to be said of it at the end.
    #[must_use]
    pub fn sentence(&self, changed: usize, all: usize) -> String {
        let verb = if self.is_planned { "would change" } else { "changed" };
        format!("{verb} {changed} of {}", plural(all, "target"))
    }
}
