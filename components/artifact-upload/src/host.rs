//! The bound that most functions of this step share.

use lockstep_sdk::{Objects, Workspace};

/// A host with files and a store that sends these files.
pub trait StoreHost: Workspace + Objects<File = <Self as Workspace>::File> {}

impl<H: Workspace + Objects<File = <H as Workspace>::File>> StoreHost for H {}
