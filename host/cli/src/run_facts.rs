//! The facts of a run for its report and its receipt, and the end of a run with its facts so far.

use lockstep_model::digest::Digest;
use lockstep_model::gate::CallLog;
use lockstep_model::grant::Grant;
use lockstep_model::inputs::Inputs;
use lockstep_model::limits::Limits;
use lockstep_model::report::{Block, Change, Level, Note, ObjectChange, RunEnd};

/// The facts of a run. Each stage fills in its own and passes them on. The types of the stages give access to their own
/// facts, so that no stage reads the facts of a later one.
#[derive(Debug, Default)]
pub(crate) struct RunFacts {
    /// The digest of the component.
    pub(crate) component: Option<Digest>,
    /// The digest of the policy file.
    pub(crate) policy: Option<Digest>,
    /// The typed inputs.
    pub(crate) inputs: Inputs,
    /// The grant.
    pub(crate) grant: Grant,
    /// Its budgets.
    pub(crate) limits: Limits,
    /// The calls of the component.
    pub(crate) log: CallLog,
    /// The files that the run restored after a killed run.
    pub(crate) restored: Vec<Change>,
    /// The changes of objects, branches and pull requests.
    pub(crate) objects: Vec<ObjectChange>,
    /// The notes of the host; the log gets them at the end.
    pub(crate) notes: Vec<Note>,
    /// The notes of the component; the log has them already.
    pub(crate) step_notes: Vec<Note>,
    /// The summary.
    pub(crate) summary: Vec<Block>,
}

/// A run that ended before its step succeeded.
#[derive(Debug)]
pub(crate) struct StoppedRun {
    /// How it ended.
    pub(crate) ending: RunEnd,
    /// Its facts so far.
    pub(crate) facts: RunFacts,
}

/// The result of a stage: the next stage, or how the run ended. The error is boxed, because it is large and rare.
pub(crate) type StageResult<T> = Result<T, Box<StoppedRun>>;

impl RunFacts {
    /// Adds a note of the host.
    pub(crate) fn note(&mut self, level: Level, message: String) {
        self.notes.push(Note { level, message, location: None });
    }

    /// Ends the run here.
    pub(crate) fn stop<T>(self, ending: RunEnd) -> StageResult<T> {
        Err(Box::new(StoppedRun { ending, facts: self }))
    }
}

impl From<RunEnd> for Box<StoppedRun> {
    /// Makes the end of a run without facts.
    fn from(ending: RunEnd) -> Self {
        Self::new(StoppedRun { ending, facts: RunFacts::default() })
    }
}
