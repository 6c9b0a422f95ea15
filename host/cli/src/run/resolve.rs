//! The second stage: gathers the inputs and checks their types. It reports all mistakes at once.

use super::load::LoadedStep;
use crate::args::RunArgs;
use crate::inputs;
use crate::run_facts::{RunFacts, StageResult};
use crate::verdict::run_end;
use lockstep_engine::load::Step;
use lockstep_model::digest::Digest;
use lockstep_model::host_code::HostCode;
use lockstep_model::info::StepInfo;
use lockstep_model::inputs::{InputError, Inputs};
use lockstep_model::report::{Level, RunEnd};

/// The most mistakes that the log shows.
const MAX_MISTAKES: usize = 50;

/// A step with its inputs.
pub(crate) struct ResolvedStep {
    pub(super) info: StepInfo,
    pub(super) step: Step,
    pub(super) is_builtin: bool,
    pub(super) digest: Digest,
    pub(super) facts: RunFacts,
}

impl LoadedStep {
    /// Gathers the inputs and checks their types.
    pub(crate) fn resolve(self, args: &RunArgs) -> StageResult<ResolvedStep> {
        let Self { info, step, is_builtin, digest, mut facts } = self;
        match gather(args, &info, &mut facts) {
            Ok(inputs) => {
                facts.inputs = inputs;
                Ok(ResolvedStep { info, step, is_builtin, digest, facts })
            }
            Err(ending) => facts.stop(ending),
        }
    }
}

impl ResolvedStep {
    /// The typed inputs.
    pub(crate) fn inputs(&self) -> &Inputs {
        &self.facts.inputs
    }

    /// Adds a note of the host.
    pub(crate) fn note(&mut self, level: Level, message: String) {
        self.facts.note(level, message);
    }

    /// Ends the run here.
    pub(crate) fn stop<T>(self, ending: RunEnd) -> StageResult<T> {
        self.facts.stop(ending)
    }
}

fn gather(args: &RunArgs, info: &StepInfo, facts: &mut RunFacts) -> Result<Inputs, RunEnd> {
    let invalid = |message: String| run_end(HostCode::BadInput, message, None);
    let inputs::GatheredInputs { mut raws, ignored } =
        inputs::gather(args.inputs_file.as_deref(), &args.workspace, &info.inputs).map_err(invalid)?;
    facts.notes.extend(ignored);
    match inputs::foreign_lines(&raws, &info.inputs) {
        Ok(errors) if errors.is_empty() => {}
        Ok(errors) => return Err(bad_inputs(&errors, args, facts)),
        Err(unchecked) => facts.notes.push(unchecked),
    }
    raws.extend(args.inputs.iter().cloned());
    Inputs::resolve(&raws, &info.inputs).map_err(|errors| bad_inputs(&errors, args, facts))
}

/// Adds a note for each mistake. Returns the end of the run, with their number.
fn bad_inputs(errors: &[InputError], args: &RunArgs, facts: &mut RunFacts) -> RunEnd {
    let hint = format!("`lockstep describe {}` lists the inputs", args.step);
    if let [error] = errors {
        return run_end(HostCode::BadInput, error.to_string(), Some(hint));
    }
    for error in errors.iter().take(MAX_MISTAKES) {
        facts.note(Level::Error, error.to_string());
    }
    if let Some(more) = errors.len().checked_sub(MAX_MISTAKES).filter(|more| *more > 0) {
        facts.note(Level::Error, format!("and {more} more invalid inputs"));
    }
    run_end(HostCode::BadInput, format!("{} invalid inputs", errors.len()), Some(hint))
}
