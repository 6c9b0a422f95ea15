//! Objects of the cluster, reduced to what this step reads: the sizes of workloads, and their autoscalers.

use std::fmt;

use lockstep_workload::gitops_owner;
use serde_json::Value;

/// The kind of CronJobs.
pub const CRON_JOB: &str = "CronJob.batch";
/// The autoscaler of KEDA.
pub const SCALED_OBJECT: &str = "ScaledObject.keda.sh";
/// The autoscaler of Kubernetes.
pub const AUTOSCALER: &str = "HorizontalPodAutoscaler.autoscaling";
/// The kind of Argo Rollouts.
pub const ROLLOUT: &str = "Rollout.argoproj.io";
/// The annotation of an object that the step leaves as it is. Any value except `false` counts.
pub const EXCLUDE: &str = "workload-scale.lockstep.dev/exclude";
/// The annotation in which `kubectl apply` and Argo CD keep the manifest that they applied last.
/// <https://kubernetes.io/docs/tasks/manage-kubernetes-objects/declarative-config/#how-apply-calculates-differences-and-merges-changes>
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";
/// The annotation of a pod template that `kubectl rollout restart` sets.
const RESTARTED_AT: &str = "kubectl.kubernetes.io/restartedAt";

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
    /// Its size in the manifest that was applied last, if it has an annotation with that.
    pub manifest: Option<Size>,
    /// The fingerprint of its pod template, if it has one.
    pub template: Option<String>,
    /// The workload whose pod template it uses instead: kind and name.
    pub workload: Option<(String, String)>,
    /// Whether an annotation excludes it.
    pub is_excluded: bool,
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
    let (key, meta) = (key(kind, &value)?, &value["metadata"]);
    let size = match kind {
        SCALED_OBJECT => Size::Suspended(is_paused(&value)),
        // The defaults.
        CRON_JOB => specified(kind, &value).unwrap_or(Size::Suspended(false)),
        _ => specified(kind, &value).unwrap_or(Size::Replicas(1)),
    };
    let owners = meta["ownerReferences"].as_array().into_iter().flatten();
    let controller = owners.into_iter().find(|owner| owner["controller"] == Value::Bool(true));
    let controller = controller.map(|owner| format!("{} {}", text(&owner["kind"]), text(&owner["name"])));
    let last_applied = meta["annotations"][LAST_APPLIED].as_str();
    let last_applied = last_applied.and_then(|json| serde_json::from_str::<Value>(json).ok());
    let exclude = meta["annotations"][EXCLUDE].as_str();
    let target = Scalable {
        input_namespace: input_namespace.to_owned(),
        uid: text(&meta["uid"]),
        version: text(&meta["resourceVersion"]),
        size,
        is_down: is_down(size, &value),
        controller,
        gitops: gitops_owner(json),
        manifest: last_applied.and_then(|manifest| specified(kind, &manifest)),
        template: template(&value["spec"]["template"]),
        workload: reference(&value["spec"]["workloadRef"], ""),
        is_excluded: exclude.is_some_and(|text| text != "false"),
    };
    Some((key, target))
}

/// The size that a workload or its manifest has in its specification.
fn specified(kind: &str, object: &Value) -> Option<Size> {
    match kind {
        SCALED_OBJECT => None,
        CRON_JOB => object["spec"]["suspend"].as_bool().map(Size::Suspended),
        _ => count(&object["spec"]["replicas"]).map(Size::Replicas),
    }
}

/// Whether nothing runs, and the controller has observed that.
fn is_down(size: Size, object: &Value) -> bool {
    let Size::Replicas(replicas) = size else { return size.is_asleep() };
    let (generation, observed) =
        (object["metadata"]["generation"].as_i64(), &object["status"]["observedGeneration"]);
    let is_observed = match observed {
        // Argo Rollouts writes the number as a text. Its versions before 1.0 write a hash, which tells nothing.
        Value::String(text) => text.parse().map_or(true, |observed: i64| Some(observed) >= generation),
        observed => observed.as_i64() >= generation,
    };
    replicas == 0 && is_observed && count(&object["status"]["replicas"]).unwrap_or(0) == 0
}

/// The fingerprint of a pod template, without the annotation of a restart.
fn template(template: &Value) -> Option<String> {
    let mut template = template.as_object().cloned()?;
    if let Some(annotations) =
        template.get_mut("metadata").and_then(|meta| meta["annotations"].as_object_mut())
    {
        annotations.remove(RESTARTED_AT);
    }
    Some(format!("{:016x}", fingerprint(&Value::Object(template))))
}

/// FNV-1a, because the fingerprints of two versions of this step must be equal. The order of keys, null values and empty
/// objects do not matter.
fn fingerprint(value: &Value) -> u64 {
    let fold = |sum: u64, bytes: &[u8]| {
        bytes.iter().fold(sum, |sum, byte| (sum ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
    };
    let start = 0xcbf2_9ce4_8422_2325;
    match value {
        // A sum, so that the order of keys does not matter.
        Value::Object(map) => {
            map.iter().filter(|(_, value)| !is_void(value)).fold(start, |sum, (key, value)| {
                sum.wrapping_add(fold(fold(start, key.as_bytes()), &fingerprint(value).to_le_bytes()))
            })
        }
        Value::Array(items) => {
            items.iter().fold(fold(start, b"["), |sum, item| fold(sum, &fingerprint(item).to_le_bytes()))
        }
        scalar => fold(start, scalar.to_string().as_bytes()),
    }
}

/// Whether a value is null, or an object that has no other values.
fn is_void(value: &Value) -> bool {
    value.is_null() || value.as_object().is_some_and(|map| map.values().all(is_void))
}

/// Kind and name of the object that a reference names.
fn reference(reference: &Value, default_kind: &str) -> Option<(String, String)> {
    let name = text(&reference["name"]);
    let field_or = |field: &str, default: &str| match text(&reference[field]) {
        text if text.is_empty() => default.to_owned(),
        text => text,
    };
    let group = field_or("apiVersion", "apps/v1");
    let group = group.rsplit_once('/').map_or(String::new(), |(group, _)| format!(".{group}"));
    (!name.is_empty()).then(|| (field_or("kind", default_kind) + &group, name))
}

/// Reads an autoscaler.
/// <https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/horizontal-pod-autoscaler-v2/>,
/// <https://keda.sh/docs/latest/reference/scaledobject-spec/>
#[must_use]
pub fn autoscaler(kind: &str, input_namespace: &str, json: &str) -> Option<Autoscaler> {
    let value: Value = serde_json::from_str(json).ok()?;
    let (key, spec) = (key(kind, &value)?, &value["spec"]);
    let (min, max, default_min, default_max) = match kind {
        SCALED_OBJECT => ("minReplicaCount", "maxReplicaCount", 0, 100),
        _ => ("minReplicas", "maxReplicas", 1, u32::MAX),
    };
    let bounds = (count(&spec[min]).unwrap_or(default_min), count(&spec[max]).unwrap_or(default_max));
    let pause = scalable(kind, input_namespace, json).filter(|_| kind == SCALED_OBJECT);
    Some(Autoscaler {
        // KEDA has defaults for the API group and the kind.
        workload: reference(&spec["scaleTargetRef"], "Deployment").unwrap_or_default(),
        key,
        bounds,
        pause: pause.map(|(_, object)| object),
    })
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
