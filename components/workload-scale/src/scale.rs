//! The whole run: changes the targets, waits until they are as they should be, and looks once more. It reaches the
//! outside only through traits.

use lockstep_glue::{Clock, Deadline, Level, Tell};

use crate::act;
use crate::host::Host;
use crate::look;
use crate::object::{Key, Sized};
use crate::problem::{Code, Problem};
use crate::settings::{Inputs, Settings, To};
use crate::wait;

/// A target at the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// Its namespace in the cluster.
    pub namespace: String,
    /// Such as `Deployment`.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// What it had.
    pub before: String,
    /// What it has.
    pub after: String,
}

/// What came of a run.
#[derive(Debug)]
pub struct Done {
    /// The targets, sorted.
    pub targets: Vec<Target>,
    /// How many of them have something else than before.
    pub changed: usize,
    /// How the run ends if it does not end well.
    pub rejection: Option<Problem>,
}

/// Runs the step.
///
/// # Errors
/// What keeps it from changing the targets.
pub fn scale(
    host: &mut impl Host,
    clock: &mut impl Clock,
    tell: &mut impl Tell,
    inputs: &Inputs,
) -> Result<Done, Vec<Problem>> {
    let settings = Settings::read(inputs).map_err(|wrong| {
        let problem = |mistake| Problem::mistake(Code::BadInput, mistake);
        wrong.into_iter().map(problem).collect::<Vec<_>>()
    })?;
    let deadline = Deadline::after(clock.now(), settings.timeout);
    let acted = act::act(host, clock, tell, (&settings, deadline))?;
    let mut rejection = None;
    let mut now = None;
    if !acted.is_planned {
        let waited = match settings.to {
            To::Sleep => wait::down(host, clock, tell, (&acted, deadline)),
            To::Restore | To::Number(_) => wait::ready(host, clock, tell, (&acted, deadline)),
        };
        // What does not get ready may be so because somebody else has set it back: that says more.
        let seen = look::look(host, clock, tell, (&settings, deadline));
        match seen {
            Ok(view) => {
                rejection = wait::confirm(&view, &acted.goals).err().or(waited.err());
                now = Some(view);
            }
            Err(problems) => rejection = waited.err().or(problems.into_iter().next()),
        }
    }
    let row = |(key, target): (&Key, &Sized)| {
        let after = match (&now, acted.goals.get(key)) {
            (Some(view), _) => view.targets.get(key).map(|target| target.size),
            (None, goal) => goal.copied(),
        };
        Target {
            namespace: key.namespace.clone(),
            kind: key.word().to_owned(),
            name: key.name.clone(),
            before: target.size.to_string(),
            after: after.unwrap_or(target.size).to_string(),
        }
    };
    let targets: Vec<_> = acted.view.targets.iter().map(row).collect();
    let changed = targets.iter().filter(|target| target.before != target.after).count();
    tell.note(Level::Info, &acted.sentence(changed, targets.len()));
    Ok(Done { targets, changed, rejection })
}
