//! Texts for the log and the summary.

use lockstep_sdk::text::plural;

use crate::Target;
use crate::applied::AppliedPlan;
use crate::object::{EXCLUDE, Size, TargetKey};
use crate::saved::Gone;

/// How many rows the table of the summary has at most.
const MAX_ROWS: usize = 100;
/// How many names a note has at most.
const MAX_NAMES: usize = 50;

/// The columns of the table.
pub const COLUMNS: [&str; 4] = ["Namespace", "Target", "Before", "After"];

/// The rows of the table: changed targets first.
pub fn rows(targets: &[Target]) -> Vec<Vec<String>> {
    let (mut first, unchanged): (Vec<_>, Vec<_>) =
        targets.iter().partition(|target| target.before != target.after);
    first.extend(unchanged);
    let row = |target: &&Target| {
        let name = format!("{}/{}", target.kind.to_ascii_lowercase(), target.name);
        vec![target.namespace.clone(), name, target.before.clone(), target.after.clone()]
    };
    first.iter().take(MAX_ROWS).map(row).collect()
}

/// The result of the run in one sentence. It counts every object that the run changed, because the last line of the host
/// counts them too: the targets, the autoscalers and the ConfigMaps.
pub fn result(applied: &AppliedPlan, changed: usize, all: usize) -> String {
    let verb = if applied.is_dry_run { "would change" } else { "changed" };
    let targets = format!("{verb} {changed} of {}", plural(all, "target"));
    let autoscalers = (applied.autoscalers > 0).then(|| plural(applied.autoscalers, "ScaledObject"));
    let saved = (applied.config_maps > 0)
        .then(|| format!("{} with saved sizes", plural(applied.config_maps, "ConfigMap")));
    match (autoscalers, saved) {
        (None, None) => targets,
        (Some(one), None) | (None, Some(one)) => format!("{targets} and {one}"),
        (Some(autoscalers), Some(saved)) => format!("{targets}, {autoscalers} and {saved}"),
    }
}

/// Names with commas, and the number of those that do not fit.
pub fn listed(names: &[String]) -> String {
    let text = names[..names.len().min(MAX_NAMES)].join(", ");
    match names.len().saturating_sub(MAX_NAMES) {
        0 => text,
        more => format!("{text} and {more} more"),
    }
}

/// The note about excluded targets; none without one.
pub fn excluded(keys: &[TargetKey]) -> Option<String> {
    let names: Vec<_> = keys.iter().map(TargetKey::title).collect();
    let verb = if keys.len() == 1 { "is" } else { "are" };
    let all = plural(keys.len(), "target");
    (!keys.is_empty())
        .then(|| format!("{all} {verb} excluded by the annotation `{EXCLUDE}`: {}", listed(&names)))
}

/// The note about targets that `restore` leaves as they are; none without one.
pub fn unsaved(names: &[String]) -> Option<String> {
    let verb = if names.len() == 1 { "stays" } else { "stay" };
    let all = plural(names.len(), "target");
    (!names.is_empty()).then(|| format!("{all} without a saved size {verb} unchanged: {}", listed(names)))
}

/// The note about a sleeping target that `restore` cannot wake.
pub fn unsaved_asleep(key: &TargetKey, size: Size) -> String {
    let state = if size == Size::Replicas(0) { "at 0" } else { "suspended" };
    format!("there is no saved size of {}: it stays {state}", key.title())
}

/// The notes about saved sizes whose objects are gone.
pub fn dropped(dropped: &[(Gone, String)]) -> Vec<String> {
    let note = |(gone, why): (Gone, &str)| {
        let names = dropped.iter().filter(|(own, _)| *own == gone).map(|(_, name)| name.clone());
        let names: Vec<_> = names.collect();
        let sizes = plural(names.len(), "saved size");
        (!names.is_empty()).then(|| format!("the step drops {sizes}, because {why}: {}", listed(&names)))
    };
    let reasons =
        [(Gone::Deleted, "the object no longer exists"), (Gone::Replaced, "another object has the name now")];
    reasons.into_iter().filter_map(note).collect()
}
