//! The reasons of a plan in plain language. An unknown reason keeps its reasons.

use crate::text::clip;

/// The reason of a changed output whose value is unknown before apply.
pub(crate) const UNKNOWN_OUTPUT: &str = "output_unknown";

/// The reason of an action.
pub(crate) fn action(reason: &str) -> String {
    let text = match reason {
        "replace_because_cannot_update" => "cannot be updated in place",
        "replace_because_tainted" => "tainted",
        "replace_by_request" => "requested with -replace",
        "replace_by_triggers" => "triggered by replace_triggered_by",
        "delete_because_no_resource_config" => "not in the configuration",
        "delete_because_wrong_repetition" => "count or for_each was added or removed",
        "delete_because_count_index" => "its index is beyond count",
        "delete_because_each_key" => "its key is not in for_each",
        "delete_because_no_module" => "its module is not in the configuration",
        "delete_because_no_move_target" => "moved to an address that is not in the configuration",
        "read_because_config_unknown" => "its configuration is not known yet",
        "read_because_dependency_pending" => "depends on something that changes",
        "read_because_check_nested" => "belongs to a check",
        UNKNOWN_OUTPUT => "its value is not known before apply",
        other => return spaced(other),
    };
    text.to_owned()
}

/// The reason of a deferred change.
pub(crate) fn deferred(reason: &str) -> String {
    let text = match reason {
        "instance_count_unknown" => "its count or for_each is not known yet",
        "resource_config_unknown" => "its configuration is not known yet",
        "provider_config_unknown" => "the configuration of its provider is not known yet",
        "deferred_prereq" => "it depends on something that is deferred",
        "absent_prereq" => "it depends on something that does not exist yet",
        "excluded" => "it is excluded",
        "not_included" => "it is not among the targets",
        "unknown" => "no reason is given",
        other => return spaced(other),
    };
    text.to_owned()
}

fn spaced(reason: &str) -> String {
    clip(&reason.replace('_', " "))
}
