//! What became of each item, and what is known to both ways of sending. It sends nothing.

use crate::find::{Files, Item};
use crate::host::{Fault, Host, Keeping, Stored, When};
use crate::look::Seen;
use crate::problem::{Code, Problem};
use crate::settings::Settings;

/// How often a thing that something else undoes is begun anew.
pub const AGAIN: u32 = 3;

/// What became of an item.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// It was sent.
    Uploaded {
        /// What the store says about it.
        stored: Stored,
        /// How many bytes this run sent.
        bytes: u64,
    },
    /// It was there already.
    Skipped,
    /// It is not there.
    Failed(Problem),
}

/// What sending needs.
pub struct Sending<'s, H> {
    /// The outside.
    pub host: &'s mut H,
    /// What the run does.
    pub settings: &'s Settings,
    /// The ways in which objects are kept.
    pub keepings: &'s [Keeping],
    /// How many bytes of files in parts are done.
    pub done: u64,
    /// How many there are.
    pub total: u64,
}

impl<'s, H: Host> Sending<'s, H> {
    /// Begins to send, so many bytes of it in parts.
    pub fn new(host: &'s mut H, settings: &'s Settings, files: &'s Files, total: u64) -> Self {
        Self { host, settings, keepings: &files.keepings, done: 0, total }
    }

    /// Says that so many more bytes are done.
    pub fn advance(&mut self, bytes: u64) {
        const MEGA: u64 = 1_000_000;
        self.done = (self.done + bytes).min(self.total);
        self.host.progress(self.done / MEGA, self.total / MEGA, "MB");
    }

    /// What must hold for an object to be written.
    #[must_use]
    pub fn when(&self) -> When {
        if self.settings.immutable { When::Absent } else { When::Always }
    }
}

/// What became of an item that the store says it has.
#[must_use]
pub fn proven(item: &Item, stored: Stored, bytes: u64) -> Outcome {
    let other = item.sha256.as_ref().zip(stored.digest.as_ref()).is_some_and(|(own, sent)| own != sent);
    if stored.size != item.size || other {
        return Outcome::Failed(changed(item));
    }
    Outcome::Uploaded { stored, bytes }
}

/// What became of an item that was sent and that the store says it has.
#[must_use]
pub fn arrived(item: &Item, seen: Seen, bytes: u64) -> Outcome {
    let Seen { size, etag, checksum, .. } = seen;
    proven(item, Stored { size, etag, checksum, version: None, digest: None }, bytes)
}

/// A file that is not what it was.
#[must_use]
pub fn changed(item: &Item) -> Problem {
    let message = format!("`{}` changed while it was uploaded", item.path());
    Problem::new(Code::Changed, message).hint("upload when nothing writes the file any more").at(item.path())
}

/// An object that cannot be replaced.
#[must_use]
pub fn conflict(item: &Item, certain: bool) -> Problem {
    let name = &item.name;
    let message = if certain {
        format!("`{name}` is there with other content than `{}`", item.path())
    } else {
        format!("`{name}` is there, and nothing the store tells of it proves that it is `{}`", item.path())
    };
    Problem::new(Code::Conflict, message)
        .hint("upload to another prefix, or set `immutable` to false to replace it")
        .at(item.path())
}

/// An item that was not sent because of this fault.
#[must_use]
pub fn failed(item: &Item, fault: &Fault) -> Problem {
    let problem = Problem::of_store(fault);
    let problem = if problem.message.contains(&item.name) {
        problem
    } else {
        Problem { message: format!("`{}`: {}", item.name, problem.message), ..problem }
    };
    problem.at(item.path())
}

/// An item that was not even tried because this had happened before.
#[must_use]
pub fn not_tried(item: &Item, cause: &Problem) -> Problem {
    let message = format!("`{}` was not tried", item.name);
    Problem { message, file: Some(item.path().to_owned()), ..cause.clone() }
}
