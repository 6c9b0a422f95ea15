//! Small changes of single objects: how many instances, whether suspended, a pod asked to end, texts that are kept. Each
//! fails where somebody else came first. It never chooses the object.

use super::failure::{told, with_rule};
use super::kinds::Kind;
use super::patience::patiently;
use kube::api::{Api, DynamicObject, Patch, PatchParams, PostParams};
use lockstep_model::call::CallError;
use lockstep_model::resource::Resource;
use lockstep_model::secret_registry::SecretRegistry;
use serde_json::{Value, json};

/// A text to keep, or to forget.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigEntry {
    /// Its name.
    pub key: String,
    /// The text; none to forget it.
    pub value: Option<String>,
}

/// An object that is about to change.
pub(super) struct Object<'a> {
    pub(super) client: &'a kube::Client,
    pub(super) target: &'a Resource,
    pub(super) kind: &'a Kind,
    pub(super) api: Api<DynamicObject>,
    pub(super) dry_run: bool,
}

/// What KEDA obeys. <https://keda.sh/docs/latest/concepts/scaling-deployments/#pausing-autoscaling>
const PAUSED: &str = "autoscaling.keda.sh/paused";
/// The label of what belongs to a tool, and this one's value.
/// <https://kubernetes.io/docs/concepts/overview/working-with-objects/common-labels/>
const MANAGED_BY: &str = "app.kubernetes.io/managed-by";
const OWN: &str = "lockstep";
/// The most texts of one call, and the longest of them in bytes.
const ENTRIES: usize = 10_000;
const LONGEST: usize = 4 * 1024;

impl Object<'_> {
    pub(super) fn name(&self) -> &str {
        self.target.name().unwrap_or_default()
    }

    /// The error of a request on it; `part` is what it was about besides the object, such as `/scale`.
    pub(super) fn error(&self, what: &str, error: &kube::Error, part: &str, verb: &str) -> CallError {
        let resource = format!("{}{part}", self.kind.resource.plural);
        with_rule(told(what, error), &self.kind.resource.group, &resource, &[verb])
    }

    pub(super) fn params(&self) -> PatchParams {
        PatchParams { dry_run: self.dry_run, ..PatchParams::default() }
    }

    /// Says how many instances it is to have.
    pub(super) async fn scale(&self, version: &str, replicas: u32) -> Result<(), CallError> {
        let what = format!("scale `{}` to {replicas}", self.target);
        if i32::try_from(replicas).is_err() {
            return Err(CallError::Invalid(format!("{what}: no object can have so many")));
        }
        let patch = at(version, json!({"spec": {"replicas": replicas}}));
        let (params, patch) = (self.params(), Patch::Merge(patch));
        let scaled = async || self.api.patch_subresource("scale", self.name(), &params, &patch).await;
        let scaled = patiently(scaled).await;
        scaled.map(drop).map_err(|error| self.error(&what, &error, "/scale", "patch"))
    }

    /// Keeps it from doing anything by itself, or lets it again.
    pub(super) async fn suspend(&self, version: &str, suspended: bool) -> Result<(), CallError> {
        let what = format!("{} `{}`", if suspended { "suspend" } else { "resume" }, self.target);
        let resource = &self.kind.resource;
        let patch = match (&*resource.group, &*resource.kind) {
            ("batch", "CronJob" | "Job") => json!({"spec": {"suspend": suspended}}),
            ("keda.sh", "ScaledObject") => {
                json!({"metadata": {"annotations": {PAUSED: suspended.then_some("true")}}})
            }
            _ => return Err(CallError::Invalid(format!("{what}: this kind cannot be suspended"))),
        };
        let (params, patch) = (self.params(), Patch::Merge(at(version, patch)));
        let patched = patiently(async || self.api.patch(self.name(), &params, &patch).await).await;
        patched.map(drop).map_err(|error| self.error(&what, &error, "", "patch"))
    }

    /// Asks a pod to end. The request is ours: kube's own loses the UID that it is about.
    /// <https://kubernetes.io/docs/concepts/scheduling-eviction/api-eviction/>
    pub(super) async fn evict(&self, uid: &str) -> Result<(), CallError> {
        let what = format!("evict `{}`", self.target);
        if uid.is_empty() {
            return Err(CallError::Invalid(format!(
                "{what}: without a UID it could be another pod of this name"
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
        let evicted = patiently(evicted).await;
        evicted.map(drop).map_err(|error| self.error(&what, &error, "/eviction", "create"))
    }

    /// Keeps texts in it.
    pub(super) async fn put_config_map(
        &self,
        version: Option<&str>,
        entries: &[ConfigEntry],
        known: &SecretRegistry,
    ) -> Result<(), CallError> {
        let what = format!("keep in `{}`", self.target);
        check(&what, entries, known)?;
        let data: serde_json::Map<String, Value> =
            entries.iter().map(|entry| (entry.key.clone(), json!(entry.value))).collect();
        let Some(version) = version else {
            return self.keep_in_new(&what, data).await;
        };
        let there = patiently(async || self.api.get(self.name()).await).await;
        let there = there.map_err(|error| self.error(&what, &error, "", "get"))?;
        if there.metadata.labels.as_ref().and_then(|labels| labels.get(MANAGED_BY)).is_none_or(|by| by != OWN)
        {
            let message = format!("{what}: it is somebody else's, it has no label `{MANAGED_BY}: {OWN}`");
            return Err(CallError::Invalid(message));
        }
        // Whose it is was seen of this version: at another one it may be somebody else's.
        if there.metadata.resource_version.as_deref() != Some(version) {
            return Err(CallError::Conflict(format!("{what}: it changed meanwhile")));
        }
        let (params, patch) = (self.params(), Patch::Merge(at(version, json!({"data": data}))));
        let patched = patiently(async || self.api.patch(self.name(), &params, &patch).await).await;
        patched.map(drop).map_err(|error| self.error(&what, &error, "", "patch"))
    }

    async fn keep_in_new(
        &self,
        what: &str,
        mut data: serde_json::Map<String, Value>,
    ) -> Result<(), CallError> {
        data.retain(|_, text| !text.is_null());
        let mut object = DynamicObject::new(self.name(), &self.kind.resource);
        object.metadata.labels = Some([(MANAGED_BY.to_owned(), OWN.to_owned())].into());
        object.data = json!({"data": data});
        let params = PostParams { dry_run: self.dry_run, ..PostParams::default() };
        let made = patiently(async || self.api.create(&params, &object).await).await;
        made.map(drop).map_err(|error| self.error(what, &error, "", "create"))
    }
}

/// A merge patch that fails where the object is no longer at this version.
fn at(version: &str, mut patch: Value) -> Value {
    patch["metadata"]["resourceVersion"] = json!(version);
    patch
}

/// What is wrong with texts to keep.
fn check(what: &str, entries: &[ConfigEntry], known: &SecretRegistry) -> Result<(), CallError> {
    let invalid = |why: String| Err(CallError::Invalid(format!("{what}: {why}")));
    if entries.is_empty() || entries.len() > ENTRIES {
        return invalid(format!("there must be 1 to {ENTRIES} entries"));
    }
    for ConfigEntry { key, value: text } in entries {
        // <https://kubernetes.io/docs/concepts/configuration/configmap/#configmap-object>
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        let dots = key == "." || key.starts_with("..");
        if key.is_empty() || key.len() > 253 || dots || !key.chars().all(plain) {
            return invalid(format!("`{}` is no name of an entry", key.escape_debug()));
        }
        let text = text.as_deref().unwrap_or_default();
        if text.len() > LONGEST {
            return invalid(format!("the text of `{key}` is longer than {LONGEST} bytes"));
        }
        if known.redact(text) != text || known.redact(key) != *key {
            return invalid("an entry holds a secret of the job".into());
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
        let known = SecretRegistry::default();
        known.add("hunter2-of-the-job");
        check("keep in `shop/ConfigMap/memory`", entries, &known).err().map(|error| {
            assert_eq!(error.word(), "invalid");
            error.message().to_owned()
        })
    }

    #[test]
    fn a_patch_is_about_one_version_whatever_else_it_changes() {
        let patch = at("77", json!({"spec": {"replicas": 3}}));
        assert_eq!(patch, json!({"spec": {"replicas": 3}, "metadata": {"resourceVersion": "77"}}));
        // What stands in the metadata already stays there.
        let patch = at("77", json!({"metadata": {"annotations": {PAUSED: null}}}));
        let expected = json!({"metadata": {"annotations": {PAUSED: null}, "resourceVersion": "77"}});
        assert_eq!(patch, expected);
    }

    #[test]
    fn texts_are_kept_under_names_that_a_config_map_takes() {
        let key = "k".repeat(253);
        for key in ["web", "Deployment.apps_web-1", ".hidden", "a..b", &key] {
            assert_eq!(refused(&[entry(key, Some("3"))]), None, "{key}");
            assert_eq!(refused(&[entry(key, None)]), None, "{key}");
        }
        let long = "k".repeat(254);
        for key in ["", ".", "..", "..x", "../x", "a/b", "a b", "a\n", "a\0", "\u{e9}", "a:b", "a%2fb", &long]
        {
            assert!(refused(&[entry(key, Some("3"))]).unwrap().contains("no name of an entry"), "{key:?}");
            // Forgetting one is no way around it.
            assert!(refused(&[entry("web", Some("3")), entry(key, None)]).is_some(), "{key:?}");
        }
    }

    #[test]
    fn texts_have_a_length_and_a_number() {
        assert_eq!(refused(&[entry("web", Some(&"t".repeat(LONGEST)))]), None);
        // Bytes are counted, not letters.
        for text in ["t".repeat(LONGEST + 1), "\u{e9}".repeat(LONGEST / 2 + 1)] {
            assert!(refused(&[entry("web", Some(&text))]).unwrap().contains("longer than"));
        }
        let many =
            |count| (0..count).map(|number: usize| entry(&number.to_string(), None)).collect::<Vec<_>>();
        assert_eq!(refused(&many(ENTRIES)), None);
        assert!(refused(&many(ENTRIES + 1)).is_some() && refused(&[]).is_some());
    }

    #[test]
    fn no_text_holds_a_secret_of_the_job_and_no_message_shows_it() {
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
            assert!(message.contains("holds a secret") && !message.contains("hunter2"), "{message}");
        }
        // What ends within a secret counts as holding it, a word of it does not.
        assert!(refused(&[entry("web", Some("hunter2-of-the-jo"))]).is_some());
        assert_eq!(refused(&[entry("web", Some("of-the-job"))]), None);
    }
}
