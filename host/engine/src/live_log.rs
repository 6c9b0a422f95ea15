//! The log of a run while the component runs. The program implements it; the engine only writes to it.

use lockstep_model::report::{Block, Note};

/// The log of a run. The engine calls it on the thread of the component, for `waiting` on that of the watch, and for notes
/// about requests on those of the client.
pub trait LiveLog: Send {
    /// Writes a note.
    fn note(&mut self, note: &Note);
    /// Shows how much of the work is done.
    fn progress(&mut self, done: u64, total: Option<u64>, unit: &str);
    /// Redacts these texts from now on, in all that the program writes. False if it cannot: the run must end.
    fn mask(&mut self, texts: &[&str]) -> bool;
    /// Renders these blocks of a summary as Markdown, without secrets.
    fn markdown(&self, blocks: &[Block]) -> String;
    /// Notes that a server has not answered this call for so many seconds.
    fn waiting(&mut self, call: &str, seconds: u64);
    /// Makes another handle to the same log.
    fn duplicate(&self) -> Box<dyn LiveLog>;
}
