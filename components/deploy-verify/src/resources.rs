//! Reads what `resources` says: names, selectors, and patterns of manifest files. Never asks the cluster.

use crate::web::Mistake;

/// What one entry of `resources` names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// One object.
    Named {
        /// Such as `Deployment.apps`.
        kind: String,
        /// Its name.
        name: String,
    },
    /// The objects with these labels.
    Selected {
        /// Their kinds.
        kinds: Vec<String>,
        /// As `kubectl --selector` has them.
        labels: String,
    },
    /// The objects of manifest files.
    Files(String),
}

/// How `kubectl` calls the kinds that come with Kubernetes, in the singular, the plural and short.
/// <https://kubernetes.io/docs/reference/kubectl/#resource-types>
const NAMES: [(&str, &str, &str); 17] = [
    ("deployment", "deploy", "Deployment.apps"),
    ("statefulset", "sts", "StatefulSet.apps"),
    ("daemonset", "ds", "DaemonSet.apps"),
    ("replicaset", "rs", "ReplicaSet.apps"),
    ("job", "job", "Job.batch"),
    ("cronjob", "cj", "CronJob.batch"),
    ("pod", "po", "Pod"),
    ("persistentvolumeclaim", "pvc", "PersistentVolumeClaim"),
    ("service", "svc", "Service"),
    ("configmap", "cm", "ConfigMap"),
    ("serviceaccount", "sa", "ServiceAccount"),
    ("namespace", "ns", "Namespace"),
    ("ingress", "ing", "Ingress.networking.k8s.io"),
    ("horizontalpodautoscaler", "hpa", "HorizontalPodAutoscaler.autoscaling"),
    ("poddisruptionbudget", "pdb", "PodDisruptionBudget.policy"),
    ("networkpolicy", "netpol", "NetworkPolicy.networking.k8s.io"),
    ("customresourcedefinition", "crd", "CustomResourceDefinition.apiextensions.k8s.io"),
];

/// What a selector without a kind looks for.
const SELECTED: [&str; 4] = ["Deployment.apps", "StatefulSet.apps", "DaemonSet.apps", "Job.batch"];

const FORMS: &str =
    "write `KIND/NAME`, `-l LABELS`, `KIND -l LABELS`, or a path that ends with .yaml, .yml or .json";

impl Wanted {
    /// Reads one entry.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn read(text: &str) -> Result<Self, Mistake> {
        let wrong = |why: String| Mistake::new(format!("`resources`: `{text}`: {why}"), FORMS);
        let text = text.trim();
        if text.is_empty() {
            return Err(wrong("it is empty".into()));
        }
        if let Some((kind, labels)) = selector(text) {
            let labels = labels.trim();
            if labels.is_empty() || labels.starts_with('-') {
                return Err(wrong("it has no labels behind `-l`".into()));
            }
            let kinds = match kind {
                "" => SELECTED.map(str::to_owned).to_vec(),
                kind => vec![kind_of(kind).map_err(wrong)?],
            };
            return Ok(Self::Selected { kinds, labels: labels.to_owned() });
        }
        let is_file = text.contains(['*', '?', '{', '['])
            || [".yaml", ".yml", ".json"].iter().any(|end| text.ends_with(end));
        match text.split_once('/') {
            _ if is_file => Ok(Self::Files(text.to_owned())),
            Some((kind, name)) if !name.is_empty() && !name.contains('/') => {
                Ok(Self::Named { kind: kind_of(kind).map_err(wrong)?, name: name.to_owned() })
            }
            _ => Err(wrong("it is neither a resource nor a manifest".into())),
        }
    }
}

/// The kind, if any, and the labels of a text that is a selector.
fn selector(text: &str) -> Option<(&str, &str)> {
    let flags = ["-l ", "-l=", "--selector ", "--selector="];
    flags.iter().find_map(|flag| match text.strip_prefix(flag) {
        Some(labels) => Some(("", labels)),
        None => text.split_once(&format!(" {flag}")).map(|(kind, labels)| (kind.trim(), labels)),
    })
}

/// The kind that people spell so. Of kinds with a group in its name the cluster knows more.
fn kind_of(text: &str) -> Result<String, String> {
    let lower = text.to_ascii_lowercase();
    let (word, group) = lower.split_once('.').unwrap_or((&lower, ""));
    let plural = |name: &str| if name.ends_with('s') { format!("{name}es") } else { format!("{name}s") };
    let is = |name: &str, short: &str| {
        word == name
            || word == short
            || word == plural(name)
            || name.strip_suffix('y').is_some_and(|stem| word == format!("{stem}ies"))
    };
    let known = NAMES.iter().find(|(name, short, kind)| {
        let own = kind.split_once('.').map_or("", |(_, own)| own);
        is(name, short) && (group.is_empty() || group == own)
    });
    match known {
        Some((.., kind)) => Ok((*kind).to_owned()),
        None if !group.is_empty() => Ok(text.to_owned()),
        None => Err(format!(
            "`{text}` is no kind that comes with Kubernetes; write others with their group, as `widgets.example.com`"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(kind: &str, name: &str) -> Wanted {
        Wanted::Named { kind: kind.to_owned(), name: name.to_owned() }
    }

    #[test]
    fn names_are_those_of_kubectl() {
        for (text, kind) in [
            ("deployment/web", "Deployment.apps"),
            ("deploy/web", "Deployment.apps"),
            ("deployments/web", "Deployment.apps"),
            ("Deployment/web", "Deployment.apps"),
            ("deployments.apps/web", "Deployment.apps"),
            ("ingresses/web", "Ingress.networking.k8s.io"),
            ("networkpolicies/web", "NetworkPolicy.networking.k8s.io"),
            ("job/web", "Job.batch"),
            ("widgets.example.com/web", "widgets.example.com"),
            ("Deployment.example.com/web", "Deployment.example.com"),
        ] {
            assert_eq!(Wanted::read(text), Ok(named(kind, "web")), "{text}");
        }
    }

    #[test]
    fn selectors_and_files_are_told_apart_from_names() {
        let selected = |text: &str| match Wanted::read(text) {
            Ok(Wanted::Selected { kinds, labels }) => (kinds.len(), labels),
            other => panic!("{text}: {other:?}"),
        };
        assert_eq!(selected("-l app=web"), (4, "app=web".to_owned()));
        assert_eq!(selected("--selector=app in (a,b)"), (4, "app in (a,b)".to_owned()));
        assert_eq!(selected("sts -l app=web,tier!=x"), (1, "app=web,tier!=x".to_owned()));
        for file in ["deploy/web.yaml", "deploy/*.yaml", "k8s/**/*.json", "web.yml", "deploy/{a,b}"] {
            assert_eq!(Wanted::read(file), Ok(Wanted::Files(file.to_owned())));
        }
        for bad in ["", " ", "web", "thing/web", "deployment/", "-l ", "-l -x", "thing -l a=b", "a/b/c"] {
            assert!(Wanted::read(bad).is_err(), "{bad:?}");
        }
    }
}
