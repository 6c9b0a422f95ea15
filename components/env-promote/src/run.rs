//! The run: reads the inputs, promotes in the way that they ask for, and reports the result.

use lockstep_sdk::types::Failure;
use lockstep_sdk::{Clock, Forge, Http, Reporter, Repository, finish_all};

use crate::failure::Errors;
use crate::inputs::Request;
use crate::outcome::RunOutcome;
use crate::{Inputs, Outputs, direct, messages, pull_request};

/// Runs the step.
///
/// # Errors
/// The failure that ends the run.
pub fn run(
    host: &mut (impl Repository + Forge + Http),
    reporter: &mut impl Reporter,
    clock: &mut impl Clock,
    inputs: &Inputs,
) -> Result<Outputs, Failure> {
    let outcome = promote(host, reporter, clock, inputs);
    let RunOutcome { outputs, read, rejection } =
        outcome.map_err(|Errors(errors)| finish_all(reporter, errors))?;
    messages::summary(reporter, &read, &outputs.promoted);
    if let Some(error) = rejection {
        reporter.reject(&error.into());
    }
    Ok(outputs)
}

fn promote(
    host: &mut (impl Repository + Forge + Http),
    reporter: &mut impl Reporter,
    clock: &mut impl Clock,
    inputs: &Inputs,
) -> Result<RunOutcome, Errors> {
    let request = Request::read(inputs).map_err(Errors)?;
    match &request.pull_request {
        Some(options) => pull_request::promote(host, reporter, clock, &request, options),
        None => direct::promote(host, reporter, clock, &request),
    }
}
