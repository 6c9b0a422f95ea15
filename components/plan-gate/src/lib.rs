//! The step `plan-gate`: carries values between the host and the pure modules. Never decides.

pub mod action;
mod bindings;
pub mod document;
pub mod gate;
mod gather;
pub mod glob;
pub mod judge;
pub mod plan;
pub mod policy;
mod raw;
mod reason;
mod values;
pub mod words;

use bindings::{
    Block, Failure, Guest, Inputs, Level, Outputs, bad_input, markdown, note_all, outputs, progress, refuse,
    reject, rejection, summary, workspace,
};
use plan::Plan;
use policy::Policy;

struct Step;

const MB: u64 = 1_000_000;

/// How many bytes are read before the next word about it.
const PROGRESS: u64 = 16 * 1024 * 1024;

impl Guest for Step {
    fn run(inputs: Inputs) -> Result<Outputs, Failure> {
        let policy = Policy::read(&policy::Inputs {
            allow: &inputs.allow,
            deny: &inputs.deny,
            max: &inputs.max,
            on_drift: inputs.on_drift.into(),
            on_checks: inputs.on_checks.into(),
        })
        .map_err(|problems| bad_input(&problems))?;
        let plan = open(&inputs.plan)?;
        let verdict = judge::judge(&plan, &policy);
        note_all(Level::Error, &verdict.violations);
        note_all(Level::Warning, &verdict.warnings);
        summary(&Block::Heading(words::heading(&plan)));
        summary(&Block::Paragraph(words::verdict(&verdict)));
        let against = words::findings("Against it", &verdict.violations);
        let besides = words::findings("Warning", &verdict.warnings);
        for table in [against, words::changes(&plan), besides].into_iter().flatten() {
            summary(&Block::Table(table.into()));
        }
        if let Some(path) = &inputs.summary_file {
            workspace::write(path, markdown().as_bytes())?;
        }
        let rejected = rejection(&verdict.violations);
        if let Some(failure) = &rejected {
            reject(failure);
        }
        Ok(outputs(&plan, rejected.is_none(), inputs.summary_file.unwrap_or_default()))
    }
}

/// Reads the plan; the digest is asked for only so that the receipt has it.
fn open(path: &str) -> Result<Plan, Failure> {
    let file = workspace::open(path)?;
    file.digest()?;
    let size = file.size();
    let fetch = |offset, length| {
        if offset % PROGRESS == 0 {
            progress(offset / MB, Some(size / MB), "MB");
        }
        file.read_at(offset, length).map_err(Failure::from)
    };
    gate::open(fetch).map_err(|refusal| refuse(path, refusal))
}
