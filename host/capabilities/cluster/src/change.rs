//! Changes single objects: scales, suspends, evicts pods, and writes `ConfigMap` entries. Each change names a version or UID, and
//! fails if somebody else changed the object first. It never chooses the object.

use super::failure::{request_error, with_missing_rule};
use super::kinds::ObjectKind;
use super::retry::with_retries;
use kube::api::{Api, DynamicObject, Patch, PatchParams, PostParams};
use lockstep_model::call::CallError;
use lockstep_model::resource::Resource;
use lockstep_model::secret_registry::SecretRegistry;
use serde_json::{Value, json};

/// An entry of a `ConfigMap`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigEntry {
    /// Its key.
    pub key: String,
    /// Its value; none removes the entry.
    pub value: Option<String>,
}

/// An object that a call changes.
pub(super) struct ChangeTarget<'a> {
    pub(super) client: &'a kube::Client,
    pub(super) target: &'a Resource,
    pub(super) kind: &'a ObjectKind,
    pub(super) api: Api<DynamicObject>,
    pub(super) dry_run: bool,
}

/// The annotation that pauses a `ScaledObject` of KEDA. <https://keda.sh/docs/latest/concepts/scaling-deployments/#pausing-autoscaling>
const PAUSED: &str = "autoscaling.keda.sh/paused";
/// The label that names the tool to which an object belongs, and its value for objects of Lockstep.
/// <https://kubernetes.io/docs/concepts/overview/working-with-objects/common-labels/>
const MANAGED_BY: &str = "app.kubernetes.io/managed-by";
const OWN: &str = "lockstep";
/// The most entries of one call, and the longest value in bytes.
const MAX_ENTRIES: usize = 10_000;
const MAX_VALUE_BYTES: usize = 4 * 1024;

impl ChangeTarget<'_> {
    pub(super) fn name(&self) -> &str {
        self.target.name().unwrap_or_default()
    }

    /// The error of a request for the object. `subresource` is empty or a part of the object, such as `/scale`.
    pub(super) fn error(
        &self,
        action: &str,
        error: &kube::Error,
        subresource: &str,
        verb: &str,
    ) -> CallError {
        let resource = format!("{}{subresource}", self.kind.resource.plural);
        with_missing_rule(request_error(action, error), &self.kind.resource.group, &resource, &[verb])
    }

    pub(super) fn params(&self) -> PatchParams {
        PatchParams { dry_run: self.dry_run, ..PatchParams::default() }
    }

    /// Sets the number of replicas.
    pub(super) async fn scale(&self, version: &str, replicas: u32) -> Result<(), CallError> {
        let action = format!("scale `{}` to {replicas}", self.target);
        if i32::try_from(replicas).is_err() {
            return Err(CallError::Invalid(format!("{action}: an object cannot have so many replicas")));
        }
        let patch = with_version(version, json!({"spec": {"replicas": replicas}}));
        let (params, patch) = (self.params(), Patch::Merge(patch));
        let scaled = async || self.api.patch_subresource("scale", self.name(), &params, &patch).await;
        let scaled = with_retries(scaled).await;
        scaled.map(drop).map_err(|error| self.error(&action, &error, "/scale", "patch"))
    }

    /// Suspends or resumes the object.
    pub(super) async fn suspend(&self, version: &str, suspended: bool) -> Result<(), CallError> {
        let action = format!("{} `{}`", if suspended { "suspend" } else { "resume" }, self.target);
        let resource = &self.kind.resource;
        let patch = match (&*resource.group, &*resource.kind) {
            ("batch", "CronJob" | "Job") => json!({"spec": {"suspend": suspended}}),
            ("keda.sh", "ScaledObject") => {
                json!({"metadata": {"annotations": {PAUSED: suspended.then_some("true")}}})
            }
            _ => return Err(CallError::Invalid(format!("{action}: the cluster cannot suspend this kind"))),
        };
        let (params, patch) = (self.params(), Patch::Merge(with_version(version, patch)));
        let patched = with_retries(async || self.api.patch(self.name(), &params, &patch).await).await;
        patched.map(drop).map_err(|error| self.error(&action, &error, "", "patch"))
    }

    /// Evicts a pod. It does not use the eviction of kube, which drops the UID.
    /// <https://kubernetes.io/docs/concepts/scheduling-eviction/api-eviction/>
    pub(super) async fn evict(&self, uid: &str) -> Result<(), CallError> {
        let action = format!("evict `{}`", self.target);
        if uid.is_empty() {
            return Err(CallError::Invalid(format!(
                "{action}: the call lacks the UID, without which it could be another pod of this name"
            )));
        }
        let eviction = json!({
            "apiVersion": "policy/v1",
            "kind": "Eviction",
            "metadata": {"name": self.name()},
            "deleteOptions": {"preconditions": {"uid": uid}},
        });
        let params = PostParams { dry_run: self.dry_run, ..PostParams::default() };
        let evicted = async || {
            self.api.create_subresource::<_, Value>("eviction", self.name(), &params, &eviction).await
        };
        let evicted = with_retries(evicted).await;
        evicted.map(drop).map_err(|error| self.error(&action, &error, "/eviction", "create"))
    }

    /// Writes entries into the `ConfigMap`, or creates it if `version` is none.
    pub(super) async fn put_config_map(
        &self,
        version: Option<&str>,
        entries: &[ConfigEntry],
        secrets: &SecretRegistry,
    ) -> Result<(), CallError> {
        let action = format!("write to `{}`", self.target);
        check(&action, entries, secrets)?;
        let data: serde_json::Map<String, Value> =
            entries.iter().map(|entry| (entry.key.clone(), json!(entry.value))).collect();
        let Some(version) = version else {
            return self.create_config_map(&action, data).await;
        };
        let current = with_retries(async || self.api.get(self.name()).await).await;
        let current = current.map_err(|error| self.error(&action, &error, "", "get"))?;
        if current
            .metadata
            .labels
            .as_ref()
            .and_then(|labels| labels.get(MANAGED_BY))
            .is_none_or(|by| by != OWN)
        {
            let message =
                format!("{action}: lockstep did not create it: it lacks the label `{MANAGED_BY}: {OWN}`");
            return Err(CallError::Invalid(message));
        }
        // The label was on this version: another version may lack it.
        if current.metadata.resource_version.as_deref() != Some(version) {
            return Err(CallError::Conflict(format!("{action}: the object has changed since")));
        }
        let (params, patch) = (self.params(), Patch::Merge(with_version(version, json!({"data": data}))));
        let patched = with_retries(async || self.api.patch(self.name(), &params, &patch).await).await;
        patched.map(drop).map_err(|error| self.error(&action, &error, "", "patch"))
    }

    async fn create_config_map(
        &self,
        action: &str,
        mut data: serde_json::Map<String, Value>,
    ) -> Result<(), CallError> {
        data.retain(|_, text| !text.is_null());
        let mut object = DynamicObject::new(self.name(), &self.kind.resource);
        object.metadata.labels = Some([(MANAGED_BY.to_owned(), OWN.to_owned())].into());
        object.data = json!({"data": data});
        let params = PostParams { dry_run: self.dry_run, ..PostParams::default() };
        let made = with_retries(async || self.api.create(&params, &object).await).await;
        made.map(drop).map_err(|error| self.error(action, &error, "", "create"))
    }
}

/// A merge patch that fails if the object no longer has this version.
fn with_version(version: &str, mut patch: Value) -> Value {
    patch["metadata"]["resourceVersion"] = json!(version);
    patch
}

/// Checks the entries of a call.
fn check(action: &str, entries: &[ConfigEntry], secrets: &SecretRegistry) -> Result<(), CallError> {
    let invalid = |why: String| Err(CallError::Invalid(format!("{action}: {why}")));
    if entries.is_empty() || entries.len() > MAX_ENTRIES {
        return invalid(format!("a call has 1 to {MAX_ENTRIES} entries"));
    }
    for ConfigEntry { key, value } in entries {
        // <https://kubernetes.io/docs/concepts/configuration/configmap/#configmap-object>
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        let dots = key == "." || key.starts_with("..");
        if key.is_empty() || key.len() > 253 || dots || !key.chars().all(plain) {
            return invalid(format!(
                "invalid key `{}`: expected letters, digits, `-`, `_` and `.`",
                key.escape_debug()
            ));
        }
        let value = value.as_deref().unwrap_or_default();
        if value.len() > MAX_VALUE_BYTES {
            return invalid(format!("the value of `{key}` is longer than {MAX_VALUE_BYTES} bytes"));
        }
        if secrets.redact(value) != value || secrets.redact(key) != *key {
            return invalid("an entry contains a secret of the job".into());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(key: &str, value: Option<&str>) -> ConfigEntry {
        ConfigEntry { key: key.to_owned(), value: value.map(str::to_owned) }
    }

    fn refused(entries: &[ConfigEntry]) -> Option<String> {
        let secrets = SecretRegistry::default();
        secrets.add("hunter2-of-the-job");
        check("write to `shop/ConfigMap/memory`", entries, &secrets).err().map(|error| {
            assert_eq!(error.word(), "invalid");
            error.message().to_owned()
        })
    }

    #[test]
    fn a_patch_names_the_version_and_keeps_other_metadata() {
        let patch = with_version("77", json!({"spec": {"replicas": 3}}));
        assert_eq!(patch, json!({"spec": {"replicas": 3}, "metadata": {"resourceVersion": "77"}}));
        let patch = with_version("77", json!({"metadata": {"annotations": {PAUSED: null}}}));
        let expected = json!({"metadata": {"annotations": {PAUSED: null}, "resourceVersion": "77"}});
        assert_eq!(patch, expected);
    }

    #[test]
    fn keys_are_those_that_a_config_map_accepts() {
        let key = "k".repeat(253);
        for key in ["web", "Deployment.apps_web-1", ".hidden", "a..b", &key] {
            assert_eq!(refused(&[entry(key, Some("3"))]), None, "{key}");
            assert_eq!(refused(&[entry(key, None)]), None, "{key}");
        }
        let long = "k".repeat(254);
        for key in ["", ".", "..", "..x", "../x", "a/b", "a b", "a\n", "a\0", "\u{e9}", "a:b", "a%2fb", &long]
        {
            assert!(refused(&[entry(key, Some("3"))]).unwrap().contains("invalid key"), "{key:?}");
            // A removed entry has a key, too.
            assert!(refused(&[entry("web", Some("3")), entry(key, None)]).is_some(), "{key:?}");
        }
    }

    #[test]
    fn values_and_calls_have_a_maximal_length() {
        assert_eq!(refused(&[entry("web", Some(&"t".repeat(MAX_VALUE_BYTES)))]), None);
        // The limit counts bytes, not characters.
        for text in ["t".repeat(MAX_VALUE_BYTES + 1), "\u{e9}".repeat(MAX_VALUE_BYTES / 2 + 1)] {
            assert!(refused(&[entry("web", Some(&text))]).unwrap().contains("longer than"));
        }
        let many =
            |count| (0..count).map(|number: usize| entry(&number.to_string(), None)).collect::<Vec<_>>();
        assert_eq!(refused(&many(MAX_ENTRIES)), None);
        assert!(refused(&many(MAX_ENTRIES + 1)).is_some() && refused(&[]).is_some());
    }

    #[test]
    fn an_entry_with_a_secret_of_the_job_is_refused_and_no_message_shows_it() {
        let hex: String = "hunter2-of-the-job".bytes().map(|byte| format!("{byte:02x}")).collect();
        for (key, text) in [
            ("web", Some("hunter2-of-the-job")),
            ("web", Some("it is hunter2-of-the-job!")),
            ("web", Some("aHVudGVyMi1vZi10aGUtam9i")),
            ("web", Some(&*hex)),
            ("hunter2-of-the-job", Some("3")),
            ("hunter2-of-the-job", None),
        ] {
            let message = refused(&[entry("api", Some("3")), entry(key, text)]).unwrap();
            assert!(message.contains("contains a secret") && !message.contains("hunter2"), "{message}");
        }
        // A value that ends within a secret counts as containing it, a single word of it does not.
        assert!(refused(&[entry("web", Some("hunter2-of-the-jo"))]).is_some());
        assert_eq!(refused(&[entry("web", Some("of-the-job"))]), None);
    }
}
