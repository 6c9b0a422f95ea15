//! What objects of the cluster say about their size: workloads, what scales them by itself, and what is kept of a sleep.
//! Never decides what they are to have.

use std::collections::BTreeMap;
use std::fmt;

use lockstep_workload::gitops_owner;
use serde_json::Value;

/// The kind of KEDA that scales a workload by itself.
pub const SCALED_OBJECT: &str = "ScaledObject.keda.sh";
/// The kind of Kubernetes that does.
pub const AUTOSCALER: &str = "HorizontalPodAutoscaler.autoscaling";
/// Where the counts of a sleep are kept.
pub const KEPT: &str = "lockstep-workload-scale";

/// What an object has, or is to have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Size {
    /// So many instances.
    Count(u32),
    /// Whether it is kept from doing anything by itself.
    Suspended(bool),
}

/// Names an object of a run.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    /// The namespace in the cluster.
    pub namespace: String,
    /// Such as `Deployment.apps`.
    pub kind: String,
    /// Its name.
    pub name: String,
}

/// An object that has a size.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sized {
    /// Its namespace, as inputs spell it.
    pub spelled: String,
    /// Its UID.
    pub uid: String,
    /// The version that was looked at.
    pub version: String,
    /// What it has.
    pub size: Size,
    /// Whether its controller has nothing running and knows of the newest size.
    pub is_down: bool,
    /// What controls it, such as `Deployment web`.
    pub controller: Option<String>,
    /// What applies it from a repository.
    pub gitops: Option<String>,
}

/// What changes a count by itself, and within which bounds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Autoscaler {
    /// Itself.
    pub key: Key,
    /// The kind of what it scales, such as `Deployment.apps`, and its name.
    pub of: (String, String),
    /// The fewest and the most instances.
    pub bounds: (u32, u32),
    /// What pauses it, if something can: its version and whether it is paused.
    pub pause: Option<Sized>,
}

/// What is kept in a namespace.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Kept {
    /// The version of its object; none if there is none.
    pub version: Option<String>,
    /// What each object had.
    pub entries: BTreeMap<String, Size>,
}

impl Key {
    /// The key of what is kept of it. No kind and no name has a `_`.
    #[must_use]
    pub fn entry(&self) -> String {
        format!("{}_{}", self.kind, self.name)
    }

    /// `deployment/web`.
    #[must_use]
    pub fn short(&self) -> String {
        format!("{}/{}", self.word().to_ascii_lowercase(), self.name)
    }

    /// `Deployment`.
    #[must_use]
    pub fn word(&self) -> &str {
        self.kind.split('.').next().unwrap_or_default()
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Count(count) => write!(f, "{count}"),
            Self::Suspended(true) => f.write_str("suspended"),
            Self::Suspended(false) => f.write_str("active"),
        }
    }
}

impl Size {
    /// As it is kept.
    #[must_use]
    pub fn spell(self) -> String {
        match self {
            Self::Count(count) => format!("replicas: {count}"),
            Self::Suspended(suspended) => format!("suspended: {suspended}"),
        }
    }

    /// Reads what was kept.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text.trim().split_once(": ")? {
            ("replicas", count) => count.parse().ok().map(Self::Count),
            ("suspended", suspended) => suspended.parse().ok().map(Self::Suspended),
            _ => None,
        }
    }

    /// Whether nothing runs.
    #[must_use]
    pub fn is_asleep(self) -> bool {
        matches!(self, Self::Count(0) | Self::Suspended(true))
    }
}

/// Reads an object of one of the kinds that have a size. Nothing for one without a name.
#[must_use]
pub fn sized(kind: &str, spelled: &str, json: &str) -> Option<(Key, Sized)> {
    let value: Value = serde_json::from_str(json).ok()?;
    let (key, version) = (key(kind, &value)?, text(&value["metadata"]["resourceVersion"]));
    let (spec, status) = (&value["spec"], &value["status"]);
    let size = match kind {
        "CronJob.batch" => Size::Suspended(spec["suspend"] == Value::Bool(true)),
        SCALED_OBJECT => Size::Suspended(is_paused(&value)),
        // Without a number there is one.
        _ => Size::Count(count(&spec["replicas"]).unwrap_or(1)),
    };
    let observed = status["observedGeneration"].as_i64() >= value["metadata"]["generation"].as_i64();
    let is_down = match size {
        Size::Count(wanted) => wanted == 0 && observed && count(&status["replicas"]).unwrap_or(0) == 0,
        Size::Suspended(suspended) => suspended,
    };
    let owners = value["metadata"]["ownerReferences"].as_array().into_iter().flatten();
    let controller = owners.into_iter().find(|owner| owner["controller"] == Value::Bool(true));
    let controller = controller.map(|owner| format!("{} {}", text(&owner["kind"]), text(&owner["name"])));
    let (spelled, uid) = (spelled.to_owned(), text(&value["metadata"]["uid"]));
    Some((key, Sized { spelled, uid, version, size, is_down, controller, gitops: gitops_owner(json) }))
}

/// Reads what scales a workload by itself.
/// <https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/horizontal-pod-autoscaler-v2/>,
/// <https://keda.sh/docs/latest/reference/scaledobject-spec/>
#[must_use]
pub fn autoscaler(kind: &str, spelled: &str, json: &str) -> Option<Autoscaler> {
    let value: Value = serde_json::from_str(json).ok()?;
    let (key, spec) = (key(kind, &value)?, &value["spec"]);
    let target = &spec["scaleTargetRef"];
    // Both of these are left out for a Deployment with KEDA.
    let of = |field: &str, other: &str| match text(&target[field]) {
        text if text.is_empty() => other.to_owned(),
        text => text,
    };
    let group =
        of("apiVersion", "apps/v1").rsplit_once('/').map_or(String::new(), |(group, _)| format!(".{group}"));
    let (min, max, fewest, most) = match kind {
        SCALED_OBJECT => ("minReplicaCount", "maxReplicaCount", 0, 100),
        _ => ("minReplicas", "maxReplicas", 1, u32::MAX),
    };
    let bounds = (count(&spec[min]).unwrap_or(fewest), count(&spec[max]).unwrap_or(most));
    let pause = if kind == SCALED_OBJECT { sized(kind, spelled, json).map(|(_, sized)| sized) } else { None };
    Some(Autoscaler {
        of: (format!("{}{group}", of("kind", "Deployment")), text(&target["name"])),
        key,
        bounds,
        pause,
    })
}

/// Reads the object in which a sleep is kept. What cannot be read is left out: it says so in the second part.
#[must_use]
pub fn kept(json: &str) -> (Kept, Vec<String>) {
    let value: Value = serde_json::from_str(json).unwrap_or_default();
    let mut unread = Vec::new();
    let mut entries = BTreeMap::new();
    for (key, entry) in value["data"].as_object().into_iter().flatten() {
        match entry.as_str().and_then(Size::parse) {
            Some(size) => drop(entries.insert(key.clone(), size)),
            None => unread.push(key.clone()),
        }
    }
    (Kept { version: Some(text(&value["metadata"]["resourceVersion"])), entries }, unread)
}

/// KEDA pauses with this annotation, unless it says `false`, and with the one that also sets a number.
/// <https://keda.sh/docs/latest/concepts/scaling-deployments/#pausing-autoscaling>
fn is_paused(value: &Value) -> bool {
    let annotations = &value["metadata"]["annotations"];
    let paused = &annotations["autoscaling.keda.sh/paused"];
    paused.as_str().is_some_and(|paused| paused != "false")
        || annotations["autoscaling.keda.sh/paused-replicas"].is_string()
}

fn key(kind: &str, value: &Value) -> Option<Key> {
    let meta = &value["metadata"];
    let (namespace, name) = (text(&meta["namespace"]), text(&meta["name"]));
    (!name.is_empty()).then(|| Key { namespace, kind: kind.to_owned(), name })
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn count(value: &Value) -> Option<u32> {
    value.as_u64().and_then(|count| u32::try_from(count).ok())
}
