//! Implementations of the traits for tests: nothing leaves memory, and a test decides what happens.

mod clock;
mod cluster;
mod forge;
mod http;
mod objects;
mod reporter;
mod repository;
mod workspace;

pub use clock::FakeClock;
pub use cluster::FakeCluster;
pub use forge::{FakeForge, FakePullRequest};
pub use http::FakeHttp;
pub use objects::{FakeObject, FakeObjects, FakeUpload};
pub use reporter::{FakeReporter, Note};
pub use repository::{FakeCommit, FakeRepository, FileTree};
pub use workspace::{FakeFile, FakeWorkspace};
