//! Classifies why the scheduler finds no node for a pod. An unknown reason counts as permanent.

use crate::rules::RuleId;

/// Reasons that go away when other pods end, nodes become ready or new nodes come.
const TRANSIENT: &[&str] = &[
    "insufficient ",
    "too many pods",
    "free ports",
    "anti-affinity rules",
    "topology spread constraints",
    "were unschedulable",
    "node.kubernetes.io/",
    "not-ready",
    "uninitialized",
    "unreachable",
    "tobedeleted",
    "deletioncandidate",
    "disruption",
    "startup",
    "exceed max volume count",
    "unbound immediate",
    "waiting for ephemeral volume controller",
    "being deleted",
    "no nodes available",
];

/// The rule for a message such as `0/3 nodes are available: 1 Insufficient cpu, 2 node(s) had untolerated
/// taint {x: y}.`
pub(crate) fn rule(message: &str) -> RuleId {
    // The rest is about the preemption of other pods.
    let message = message.split(" preemption:").next().unwrap_or_default().to_ascii_lowercase();
    if message.contains("persistentvolumeclaim \"") && message.contains("not found") {
        RuleId::ConfigMissing
    } else if message.is_empty() || TRANSIENT.iter().any(|reason| message.contains(reason)) {
        RuleId::NoRoom
    } else {
        RuleId::Unschedulable
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_are_classified() {
        for (expected, message) in [
            (
                RuleId::Unschedulable,
                "0/3 nodes are available: 3 node(s) didn't match Pod's node affinity/selector. preemption: \
                 0/3 nodes are available: 3 Preemption is not helpful for scheduling.",
            ),
            (
                RuleId::Unschedulable,
                "0/3 nodes are available: 3 node(s) had untolerated taint {dedicated: gpu}.",
            ),
            (
                RuleId::Unschedulable,
                "0/3 nodes are available: 3 node(s) had volume node affinity conflict. preemption: 0/3 \
                 nodes are available: 3 Insufficient cpu.",
            ),
            (
                RuleId::NoRoom,
                "0/3 nodes are available: 1 node(s) had untolerated taint \
                 {node-role.kubernetes.io/control-plane: }, 2 Insufficient cpu.",
            ),
            (
                RuleId::NoRoom,
                "0/1 nodes are available: 1 node(s) had untolerated taint {node.kubernetes.io/not-ready: }.",
            ),
            (RuleId::NoRoom, "0/3 nodes are available: 3 node(s) didn't match pod anti-affinity rules."),
            (RuleId::NoRoom, "no nodes available to schedule pods"),
            (RuleId::ConfigMissing, "0/3 nodes are available: persistentvolumeclaim \"data\" not found."),
        ] {
            assert_eq!(rule(message), expected, "{message}");
        }
    }
}
