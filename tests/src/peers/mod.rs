//! Planned edits of YAML files with known results, and the results of different tools. The corpus is data in
//! `tests/peers/`; no YAML library computes the expected results.

pub mod corpus;
pub mod edit;
pub mod generated;
pub mod judge;
pub mod readers;
pub mod tools;

use crate::support::checkout;
use corpus::PlannedEdit;
use std::path::PathBuf;

/// The folder of the corpus and of the drivers in other languages.
#[must_use]
pub fn folder() -> PathBuf {
    checkout().join("tests/peers")
}

/// Every planned edit: those of the corpus first, then the generated ones.
///
/// # Panics
/// The corpus contradicts itself.
#[must_use]
pub fn planned() -> Vec<PlannedEdit> {
    let mut all = corpus::all();
    all.extend(generated::all());
    all
}
