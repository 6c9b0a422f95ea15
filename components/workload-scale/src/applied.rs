//! What a run applied.

use std::collections::BTreeMap;

use crate::object::{Size, TargetKey};
use crate::snapshot::Snapshot;

/// An applied plan.
#[derive(Debug)]
pub struct AppliedPlan {
    /// The state before the first change.
    pub snapshot: Snapshot,
    /// The goal of each object.
    pub goals: BTreeMap<TargetKey, Size>,
    /// Whether the host did nothing because of a dry run.
    pub is_dry_run: bool,
    /// How many autoscalers were paused or resumed.
    pub autoscalers: usize,
    /// How many ConfigMaps with saved sizes changed.
    pub config_maps: usize,
}
