//! Objects of the cluster, reduced to what this step reads: the sizes of workloads, their autoscalers, and the saved sizes.

use std::collections::BTreeMap;
use std::fmt;

use lockstep_workload::gitops_owner;
use serde_json::Value;

/// The autoscaler of KEDA.
pub const SCALED_OBJECT: &str = "ScaledObject.keda.sh";
/// The autoscaler of Kubernetes.
pub const AUTOSCALER: &str = "HorizontalPodAutoscaler.autoscaling";
/// The ConfigMap with the saved sizes.
pub const CONFIG_MAP: &str = "lockstep-workload-scale";

/// The size of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Size {
    /// Its number of replicas.
    Replicas(u32),
    /// Whether it is suspended or paused.
    Suspended(bool),
}

/// Identifies an object.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TargetKey {
    /// The name of its namespace in the cluster.
    pub namespace: String,
    /// Such as `Deployment.apps`.
    pub kind: String,
    /// Its name.
    pub name: String,
}

/// An object with a size.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scalable {
    /// Its namespace, as in the inputs.
    pub input_namespace: String,
    /// Its UID.
    pub uid: String,
    /// Its `metadata.resourceVersion`.
    pub version: String,
    /// Its size.
    pub size: Size,
    /// Whether its size is zero, the controller has observed that, and no pod is left.
    pub is_down: bool,
    /// Its controller, such as `Deployment web`.
    pub controller: Option<String>,
    /// The GitOps owner, such as `Argo CD application web`.
    pub gitops: Option<String>,
}

/// An autoscaler with its bounds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Autoscaler {
    /// The autoscaler itself.
    pub key: TargetKey,
    /// Kind and name of its workload.
    pub workload: (String, String),
    /// The smallest and the largest number of replicas.
    pub bounds: (u32, u32),
    /// The autoscaler as an object that can be paused; none for one that cannot.
    pub pause: Option<Scalable>,
}

/// The saved sizes of a namespace.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SavedSizes {
    /// The version of the ConfigMap.
    pub version: Option<String>,
    /// The sizes by their keys in the ConfigMap.
    pub entries: BTreeMap<String, Size>,
}

impl TargetKey {
    /// Its key in the ConfigMap. No kind and no name contains a `_`.
    #[must_use]
    pub fn entry(&self) -> String {
        format!("{}_{}", self.kind, self.name)
    }

    /// `deployment/web`.
    #[must_use]
    pub fn title(&self) -> String {
        format!("{}/{}", self.kind_name().to_ascii_lowercase(), self.name)
    }

    /// `Deployment`.
    #[must_use]
    pub fn kind_name(&self) -> &str {
        self.kind.split('.').next().unwrap_or_default()
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Replicas(replicas) => write!(f, "{replicas}"),
            Self::Suspended(true) => f.write_str("suspended"),
            Self::Suspended(false) => f.write_str("active"),
        }
    }
}

impl Size {
    /// The size as a value of the ConfigMap.
    #[must_use]
    pub fn to_entry(self) -> String {
        match self {
            Self::Replicas(replicas) => format!("replicas: {replicas}"),
            Self::Suspended(suspended) => format!("suspended: {suspended}"),
        }
    }

    /// Reads a value of the ConfigMap.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text.trim().split_once(": ")? {
            ("replicas", replicas) => replicas.parse().ok().map(Self::Replicas),
            ("suspended", suspended) => suspended.parse().ok().map(Self::Suspended),
            _ => None,
        }
    }

    /// Whether nothing runs with this size.
    #[must_use]
    pub fn is_asleep(self) -> bool {
        matches!(self, Self::Replicas(0) | Self::Suspended(true))
    }
}

/// Reads an object with a size; none for JSON without a name.
#[must_use]
pub fn scalable(kind: &str, input_namespace: &str, json: &str) -> Option<(TargetKey, Scalable)> {
    let value: Value = serde_json::from_str(json).ok()?;
    let (key, version) = (key(kind, &value)?, text(&value["metadata"]["resourceVersion"]));
    let (spec, status) = (&value["spec"], &value["status"]);
    let size = match kind {
        "CronJob.batch" => Size::Suspended(spec["suspend"] == Value::Bool(true)),
        SCALED_OBJECT => Size::Suspended(is_paused(&value)),
        // The default is 1.
        _ => Size::Replicas(count(&spec["replicas"]).unwrap_or(1)),
    };
    let observed = status["observedGeneration"].as_i64() >= value["metadata"]["generation"].as_i64();
    let is_down = match size {
        Size::Replicas(replicas) => replicas == 0 && observed && count(&status["replicas"]).unwrap_or(0) == 0,
        Size::Suspended(suspended) => suspended,
    };
    let owners = value["metadata"]["ownerReferences"].as_array().into_iter().flatten();
    let controller = owners.into_iter().find(|owner| owner["controller"] == Value::Bool(true));
    let controller = controller.map(|owner| format!("{} {}", text(&owner["kind"]), text(&owner["name"])));
    let (input_namespace, uid) = (input_namespace.to_owned(), text(&value["metadata"]["uid"]));
    Some((
        key,
        Scalable { input_namespace, uid, version, size, is_down, controller, gitops: gitops_owner(json) },
    ))
}

/// Reads an autoscaler.
/// <https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/horizontal-pod-autoscaler-v2/>,
/// <https://keda.sh/docs/latest/reference/scaledobject-spec/>
#[must_use]
pub fn autoscaler(kind: &str, input_namespace: &str, json: &str) -> Option<Autoscaler> {
    let value: Value = serde_json::from_str(json).ok()?;
    let (key, spec) = (key(kind, &value)?, &value["spec"]);
    let target = &spec["scaleTargetRef"];
    // KEDA has defaults for both fields.
    let field_or = |field: &str, default: &str| match text(&target[field]) {
        text if text.is_empty() => default.to_owned(),
        text => text,
    };
    let group = field_or("apiVersion", "apps/v1")
        .rsplit_once('/')
        .map_or(String::new(), |(group, _)| format!(".{group}"));
    let (min, max, default_min, default_max) = match kind {
        SCALED_OBJECT => ("minReplicaCount", "maxReplicaCount", 0, 100),
        _ => ("minReplicas", "maxReplicas", 1, u32::MAX),
    };
    let bounds = (count(&spec[min]).unwrap_or(default_min), count(&spec[max]).unwrap_or(default_max));
    let pause = scalable(kind, input_namespace, json).filter(|_| kind == SCALED_OBJECT);
    Some(Autoscaler {
        workload: (format!("{}{group}", field_or("kind", "Deployment")), text(&target["name"])),
        key,
        bounds,
        pause: pause.map(|(_, object)| object),
    })
}

/// Reads the ConfigMap with the saved sizes. The second part has the keys with invalid values.
#[must_use]
pub fn saved_sizes(json: &str) -> (SavedSizes, Vec<String>) {
    let value: Value = serde_json::from_str(json).unwrap_or_default();
    let mut invalid = Vec::new();
    let mut entries = BTreeMap::new();
    for (key, entry) in value["data"].as_object().into_iter().flatten() {
        match entry.as_str().and_then(Size::parse) {
            Some(size) => drop(entries.insert(key.clone(), size)),
            None => invalid.push(key.clone()),
        }
    }
    (SavedSizes { version: Some(text(&value["metadata"]["resourceVersion"])), entries }, invalid)
}

/// Whether a ScaledObject is paused: by `paused`, unless it is `false`, or by `paused-replicas`.
/// <https://keda.sh/docs/latest/concepts/scaling-deployments/#pausing-autoscaling>
fn is_paused(value: &Value) -> bool {
    let annotations = &value["metadata"]["annotations"];
    let paused = &annotations["autoscaling.keda.sh/paused"];
    paused.as_str().is_some_and(|paused| paused != "false")
        || annotations["autoscaling.keda.sh/paused-replicas"].is_string()
}

fn key(kind: &str, value: &Value) -> Option<TargetKey> {
    let meta = &value["metadata"];
    let (namespace, name) = (text(&meta["namespace"]), text(&meta["name"]));
    (!name.is_empty()).then(|| TargetKey { namespace, kind: kind.to_owned(), name })
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn count(value: &Value) -> Option<u32> {
    value.as_u64().and_then(|count| u32::try_from(count).ok())
}
