//! A Service, reduced to what the rules read.

use serde_json::Value;

use crate::value::{list, text};

/// A Service.
#[derive(Debug)]
pub(crate) struct Service {
    /// Whether it has pods: it has a selector, and is not a name for something outside of the cluster.
    pub(crate) has_pods: bool,
    /// Whether it waits for a load balancer that has no address yet.
    pub(crate) lacks_balancer: bool,
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
