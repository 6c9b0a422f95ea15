//! What is kept of claims and Services. Never follows a reference.

use serde_json::Value;

use crate::value::{list, text};

/// A PersistentVolumeClaim.
#[derive(Debug)]
pub(crate) struct Claim {
    pub(crate) phase: Phase,
    pub(crate) class: Box<str>,
}

/// How a claim stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    Pending,
    Bound,
    Lost,
}

/// A Service.
#[derive(Debug)]
pub(crate) struct Service {
    /// Whether pods are behind it: it has a selector, and is not only a name for something outside.
    pub(crate) has_pods: bool,
    /// Whether it waits for a load balancer that has no address yet.
    pub(crate) lacks_balancer: bool,
}

impl Claim {
    pub(crate) fn parse(value: &Value) -> Self {
        let phase = match text(&value["status"], "phase") {
            "Bound" => Phase::Bound,
            "Lost" => Phase::Lost,
            _ => Phase::Pending,
        };
        Self { phase, class: text(&value["spec"], "storageClassName").into() }
    }
}

impl Service {
    pub(crate) fn parse(value: &Value) -> Self {
        let spec = &value["spec"];
        let is_balanced = text(spec, "type") == "LoadBalancer" && list(spec, "externalIPs").is_empty();
        let has_selector = spec["selector"].as_object().is_some_and(|selector| !selector.is_empty());
        Self {
            has_pods: has_selector && text(spec, "type") != "ExternalName",
            lacks_balancer: is_balanced && list(&value["status"]["loadBalancer"], "ingress").is_empty(),
        }
    }
}
