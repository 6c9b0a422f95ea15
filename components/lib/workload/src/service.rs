//! A Service, reduced to what the rules read.

use serde_json::Value;

use crate::fingerprint;
use crate::value::{list, text};

/// A Service.
#[derive(Debug)]
pub(crate) struct Service {
    /// The fingerprints of its selector; none if it selects no pods: without a selector, or a name for something outside of
    /// the cluster.
    pub(crate) selector: Option<Box<[u64]>>,
    /// Whether it waits for a load balancer that has no address yet.
    pub(crate) lacks_balancer: bool,
}

impl Service {
    pub(crate) fn parse(value: &Value) -> Self {
        let spec = &value["spec"];
        let is_balanced = text(spec, "type") == "LoadBalancer" && list(spec, "externalIPs").is_empty();
        let selector = Some(fingerprint::labels(&spec["selector"])).filter(|selector| !selector.is_empty());
        Self {
            selector: selector.filter(|_| text(spec, "type") != "ExternalName"),
            lacks_balancer: is_balanced && list(&value["status"]["loadBalancer"], "ingress").is_empty(),
        }
    }
}
