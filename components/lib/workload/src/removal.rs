//! Why an object of a manifest may be gone although nothing is wrong: hooks of Helm and Argo CD, and Jobs with a time to live.

use serde_json::Value;

use crate::value::text;

/// Why an object may be gone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Removal {
    /// Its absence is no fault: it is deleted when it has succeeded, and stays when it has failed. With the reason.
    Harmless(String),
    /// Its absence does not tell how it ended: it is deleted in any case. With the reason.
    Unclear(String),
    /// The deployment does not create it. With the reason.
    NotCreated(String),
}

/// The events of Helm at which a deployment creates a hook.
const HELM_INSTALLS: [&str; 2] = ["pre-install", "post-install"];
const HELM_UPGRADES: [&str; 2] = ["pre-upgrade", "post-upgrade"];
/// The phases of Argo CD in which a sync creates a hook.
const ARGO_PHASES: [&str; 3] = ["PreSync", "Sync", "PostSync"];

impl Removal {
    /// What the annotations of an object say, and `spec.ttlSecondsAfterFinished` of a Job. An annotation that is not there is
    /// empty.
    pub fn of(annotation: impl Fn(&str) -> String, ttl: Option<&str>) -> Option<Self> {
        let words = |key: &str| -> Vec<String> {
            let text = annotation(key);
            text.split(',').map(str::trim).filter(|word| !word.is_empty()).map(str::to_owned).collect()
        };
        let (helm, argo) = (words("helm.sh/hook"), words("argocd.argoproj.io/hook"));
        let by_hook = match (helm.is_empty(), argo.is_empty()) {
            (_, false) => argo_hook(&argo, &words("argocd.argoproj.io/hook-delete-policy")),
            (false, true) => helm_hook(&helm, &words("helm.sh/hook-delete-policy")),
            (true, true) => None,
        };
        let by_ttl = || {
            ttl.map(|seconds| {
                Self::Unclear(format!(
                    "Kubernetes removes it {seconds} s after it has ended, however it ended \
                     (`ttlSecondsAfterFinished`)"
                ))
            })
        };
        by_hook.or_else(by_ttl)
    }

    /// What an object of the cluster, given as JSON, says of itself.
    pub fn of_object(json: &str) -> Option<Self> {
        // Most objects say nothing, and to read them again takes time.
        if !["helm.sh/hook", "argocd.argoproj.io/hook", "ttlSecondsAfterFinished"]
            .iter()
            .any(|key| json.contains(key))
        {
            return None;
        }
        let object: Value = serde_json::from_str(json).ok()?;
        let annotations = &object["metadata"]["annotations"];
        let ttl = &object["spec"]["ttlSecondsAfterFinished"];
        let ttl = ttl.is_number().then(|| ttl.to_string());
        Self::of(|key| text(annotations, key).to_owned(), ttl.as_deref())
    }

    /// The reason, as a clause.
    pub fn reason(&self) -> &str {
        match self {
            Self::Harmless(reason) | Self::Unclear(reason) | Self::NotCreated(reason) => reason,
        }
    }
}

/// <https://helm.sh/docs/topics/charts_hooks/>
fn helm_hook(hooks: &[String], policies: &[String]) -> Option<Removal> {
    let has_any = |events: &[&str]| hooks.iter().any(|hook| events.contains(&hook.as_str()));
    let names = hooks.join(", ");
    if !has_any(&HELM_INSTALLS) && !has_any(&HELM_UPGRADES) {
        let reason = format!("it is a Helm hook of `{names}`, which an install or upgrade does not run");
        return Some(Removal::NotCreated(reason));
    }
    let by_policy = deleted("Helm", policies, ["hook-succeeded", "hook-failed"]);
    let is_of_one = !has_any(&HELM_INSTALLS) || !has_any(&HELM_UPGRADES);
    let other = || is_of_one.then(|| Removal::Harmless(format!("Helm runs this hook on `{names}` only")));
    by_policy.or_else(other)
}

/// <https://argo-cd.readthedocs.io/en/stable/user-guide/sync-waves/>
fn argo_hook(hooks: &[String], policies: &[String]) -> Option<Removal> {
    if !hooks.iter().any(|hook| ARGO_PHASES.contains(&hook.as_str())) {
        let names = hooks.join(", ");
        let reason = format!("it is an Argo CD hook of `{names}`, which a sync that succeeds does not run");
        return Some(Removal::NotCreated(reason));
    }
    deleted("Argo CD", policies, ["HookSucceeded", "HookFailed"])
}

/// What the absence of a hook says by its delete policies. One that is deleted only when it has failed has failed.
fn deleted(who: &str, policies: &[String], [succeeded, failed]: [&str; 2]) -> Option<Removal> {
    let has = |policy: &str| policies.iter().any(|own| own == policy);
    match (has(succeeded), has(failed)) {
        (true, false) => Some(Removal::Harmless(format!("{who} deletes this hook when it has succeeded"))),
        (true, true) => {
            Some(Removal::Unclear(format!("{who} deletes this hook whether it succeeds or fails")))
        }
        (false, _) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(pairs: &[(&str, &str)], ttl: Option<&str>) -> Option<Removal> {
        let find = |key: &str| pairs.iter().find(|(own, _)| *own == key).map(|(_, text)| (*text).to_owned());
        Removal::of(|key| find(key).unwrap_or_default(), ttl)
    }

    #[test]
    fn absence_means_what_hook_and_policy_say() {
        let (helm, argo) = ("helm.sh/hook", "argocd.argoproj.io/hook");
        let (helm_policy, argo_policy) =
            ("helm.sh/hook-delete-policy", "argocd.argoproj.io/hook-delete-policy");
        let both = "pre-install, pre-upgrade";
        for (pairs, ttl, expected) in [
            (vec![], None, None),
            (vec![], Some("60"), Some("unclear")),
            (vec![(helm, both)], None, None),
            (
                vec![(helm, both), (helm_policy, "before-hook-creation,hook-succeeded")],
                None,
                Some("harmless"),
            ),
            (vec![(helm, both), (helm_policy, "hook-succeeded")], Some("60"), Some("harmless")),
            (vec![(helm, both), (helm_policy, "hook-succeeded,hook-failed")], None, Some("unclear")),
            (vec![(helm, both), (helm_policy, "hook-failed")], None, None),
            (vec![(helm, "post-upgrade")], None, Some("harmless")),
            (vec![(helm, "test")], None, Some("not created")),
            (vec![(helm, "pre-delete,post-rollback")], Some("60"), Some("not created")),
            (vec![(argo, "PreSync")], None, None),
            (vec![(argo, "PostSync"), (argo_policy, "HookSucceeded")], None, Some("harmless")),
            (vec![(argo, "PostSync"), (argo_policy, "HookSucceeded,HookFailed")], None, Some("unclear")),
            (vec![(argo, "SyncFail")], None, Some("not created")),
        ] {
            let found = of(&pairs, ttl);
            let word = found.as_ref().map(|removal| match removal {
                Removal::Harmless(_) => "harmless",
                Removal::Unclear(_) => "unclear",
                Removal::NotCreated(_) => "not created",
            });
            assert_eq!(word, expected, "{pairs:?} {ttl:?}: {found:?}");
        }
    }

    #[test]
    fn objects_of_the_cluster_say_it_too() {
        let job = r#"{"metadata": {"annotations": {"helm.sh/hook": "test"}}, "spec": {}}"#;
        assert!(matches!(Removal::of_object(job), Some(Removal::NotCreated(_))));
        let job = r#"{"metadata": {}, "spec": {"ttlSecondsAfterFinished": 0}}"#;
        assert!(Removal::of_object(job).is_some_and(|removal| removal.reason().contains("0 s after")));
        assert_eq!(
            Removal::of_object(r#"{"metadata": {}, "spec": {"ttlSecondsAfterFinished": null}}"#),
            None
        );
        assert_eq!(Removal::of_object("{}"), None);
    }
}
