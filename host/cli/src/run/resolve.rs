//! The second stage: gathers the inputs and checks their types. All mistakes are reported at once.

use super::load::Loaded;
use crate::args::RunArgs;
use crate::conclude::ending;
use crate::facts::{Facts, Stage};
use crate::inputs;
use lockstep_engine::load::Step;
use lockstep_model::digest::Digest;
use lockstep_model::exit::Exit;
use lockstep_model::info::StepInfo;
use lockstep_model::inputs::{InputError, Inputs};
use lockstep_model::report::{Level, RunEnd};

/// The most mistakes that the log shows one by one.
const MAX_MISTAKES: usize = 50;

/// A step with its inputs.
pub(crate) struct Resolved {
    pub(super) info: StepInfo,
    pub(super) step: Step,
    pub(super) is_builtin: bool,
    pub(super) digest: Digest,
    pub(super) facts: Facts,
}

impl Loaded {
    /// Types the inputs.
    pub(crate) fn resolve(self, args: &RunArgs) -> Stage<Resolved> {
        let Self { info, step, is_builtin, digest, mut facts } = self;
        match gather(args, &info, &mut facts) {
            Ok(inputs) => {
                facts.inputs = inputs;
                Ok(Resolved { info, step, is_builtin, digest, facts })
            }
            Err(ending) => facts.stop(ending),
        }
    }
}

impl Resolved {
    /// The typed inputs.
    pub(crate) fn inputs(&self) -> &Inputs {
        &self.facts.inputs
    }

    /// Adds a note of the host.
    pub(crate) fn note(&mut self, level: Level, message: String) {
        self.facts.note(level, message);
    }

    /// Ends the run here.
    pub(crate) fn stop<T>(self, ending: RunEnd) -> Stage<T> {
        self.facts.stop(ending)
    }
}

fn gather(args: &RunArgs, info: &StepInfo, facts: &mut Facts) -> Result<Inputs, RunEnd> {
    let invalid = |message: String| ending(Exit::Invalid, "bad-input", message, None);
    let inputs::Given { mut raws, ignored } =
        inputs::gather(args.inputs_file.as_deref(), &info.inputs).map_err(invalid)?;
    facts.notes.extend(ignored);
    match inputs::foreign_lines(&raws, &info.inputs) {
        Ok(errors) if errors.is_empty() => {}
        Ok(errors) => return Err(bad_inputs(&errors, args, facts)),
        Err(unchecked) => facts.notes.push(unchecked),
    }
    raws.extend(args.inputs.iter().cloned());
    Inputs::resolve(&raws, &info.inputs).map_err(|errors| bad_inputs(&errors, args, facts))
}

/// Notes each mistake, and ends the run with their number.
fn bad_inputs(errors: &[InputError], args: &RunArgs, facts: &mut Facts) -> RunEnd {
    let hint = format!("`lockstep describe {}` lists the inputs", args.step);
    if let [error] = errors {
        return ending(Exit::Invalid, "bad-input", error.to_string(), Some(hint));
    }
    for error in errors.iter().take(MAX_MISTAKES) {
        facts.note(Level::Error, error.to_string());
    }
    if let Some(more) = errors.len().checked_sub(MAX_MISTAKES).filter(|more| *more > 0) {
        facts.note(Level::Error, format!("and {more} more inputs that are wrong"));
    }
    ending(Exit::Invalid, "bad-input", format!("{} inputs are wrong", errors.len()), Some(hint))
}
