//! Classifies why the scheduler finds no node for a pod. An unknown reason counts as permanent.

use crate::rules::RuleId;
use crate::words::Words;

/// Reasons that go away when other pods end, nodes become ready or new nodes come.
const TRANSIENT: &[&str] = &[
    "insufficient",
    "too many pods",
    "free ports",
    "anti-affinity rules",
    "topology spread constraints",
    "were unschedulable",
    "exceed max volume count",
    "unbound immediate",
    "waiting for ephemeral volume controller",
    "being deleted",
    "no nodes available",
    // Without the name of a taint, `untolerated taint(s)`, it may be that of a node that is not ready yet.
    "untolerated taint s",
];

/// The prefixes of taints that controllers of the cluster add and remove while nodes start, end or fail.
/// <https://kubernetes.io/docs/reference/labels-annotations-taints/>,
/// <https://karpenter.sh/docs/concepts/disruption/>,
/// <https://github.com/kubernetes/autoscaler/blob/master/cluster-autoscaler/FAQ.md>
const TRANSIENT_PREFIXES: &[&str] = &[
    "node.kubernetes.io",
    "node.cloudprovider.kubernetes.io",
    "karpenter.sh",
    "startup-taint.cluster-autoscaler.kubernetes.io",
    "status-taint.cluster-autoscaler.kubernetes.io",
    "aws-node-termination-handler",
];

/// The names of such taints with other prefixes.
const TRANSIENT_TAINTS: &[&str] =
    &["tobedeletedbyclusterautoscaler", "deletioncandidateofclusterautoscaler", "impending-node-termination"];

/// The last words in the names of taints by which a driver says that it is not ready on a node, such as
/// `node.cilium.io/agent-not-ready`.
const TRANSIENT_ENDS: &[&str] = &["not-ready", "uninitialized", "unreachable", "startup"];

/// The rule for a message such as `0/3 nodes are available: 1 Insufficient cpu, 2 node(s) had untolerated
/// taint {x: y}.`
pub(crate) fn rule(message: &str) -> RuleId {
    // The rest is about the preemption of other pods.
    let message = message.split(" preemption:").next().unwrap_or_default();
    let words = Words::of(message);
    if words.have("persistentvolumeclaim _ not found") {
        RuleId::ConfigMissing
    } else if message.is_empty() || words.have_any(TRANSIENT) || taints(message).any(is_transient) {
        RuleId::NoRoom
    } else {
        RuleId::Unschedulable
    }
}

/// The keys of the taints in a message: `{KEY: VALUE}`.
fn taints(message: &str) -> impl Iterator<Item = &str> {
    message.split('{').skip(1).filter_map(|rest| rest.split('}').next()?.split(':').next())
}

fn is_transient(taint: &str) -> bool {
    let taint = taint.trim().to_ascii_lowercase();
    let (prefix, name) = taint.rsplit_once('/').unwrap_or(("", &taint));
    let ends_so =
        |end: &&str| name.strip_suffix(*end).is_some_and(|rest| rest.is_empty() || rest.ends_with('-'));
    TRANSIENT_PREFIXES.contains(&prefix)
        || TRANSIENT_TAINTS.contains(&name)
        || TRANSIENT_ENDS.iter().any(ends_so)
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
            (
                RuleId::NoRoom,
                "0/1 nodes are available: 1 node(s) had untolerated taint {karpenter.sh/unregistered: }.",
            ),
            (
                RuleId::NoRoom,
                "0/1 nodes are available: 1 node(s) had untolerated taint {node.cilium.io/agent-not-ready: true}.",
            ),
            (
                RuleId::NoRoom,
                "0/1 nodes are available: 1 node(s) had untolerated taint {ToBeDeletedByClusterAutoscaler: 17}.",
            ),
            (RuleId::NoRoom, "0/1 nodes are available: 1 node(s) had untolerated taint(s)."),
            (
                RuleId::Unschedulable,
                "0/1 nodes are available: 1 node(s) had untolerated taint {example.com/startup-team: unreachable}.",
            ),
            (
                RuleId::Unschedulable,
                "0/1 nodes are available: 1 node(s) had untolerated taint {insufficient: not-ready}.",
            ),
            (
                RuleId::ConfigMissing,
                "0/3 nodes are available: persistentvolumeclaim \"insufficient\" not found.",
            ),
            (RuleId::ConfigMissing, "0/3 nodes are available: persistentvolumeclaim \"data\" not found."),
        ] {
            assert_eq!(rule(message), expected, "{message}");
        }
    }
}
