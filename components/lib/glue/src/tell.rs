//! People who watch a run, as a trait: the report in a run, a list in tests. It says nothing itself.

/// How much something matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// For those who look closely.
    Debug,
    /// What happens.
    Info,
    /// What people may not expect.
    Notice,
    /// What they should look at.
    Warning,
    /// What is wrong.
    Error,
}

/// People who watch.
pub trait Tell {
    /// Says one thing.
    fn note(&mut self, level: Level, message: &str);
    /// Says how many of how many are done.
    fn progress(&mut self, done: usize, total: usize);
}
