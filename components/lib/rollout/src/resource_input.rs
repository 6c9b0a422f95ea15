//! Reads how inputs select resources: by name, by label selector, all of a kind, or by manifest files.

use lockstep_sdk::{InputError, suggest};

/// An input whose entries select resources.
#[derive(Clone, Copy, Debug)]
pub struct ResourceInput {
    /// The name of the input.
    pub name: &'static str,
    /// The kinds of an entry without a kind.
    pub default_kinds: &'static [&'static str],
    /// Whether an entry may be a manifest file.
    pub accepts_files: bool,
}

/// What one entry selects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ResourceSelector {
    /// One object.
    Name {
        /// Its kind, such as `Deployment.apps`.
        kind: String,
        /// Its name.
        name: String,
    },
    /// All objects of some kinds, or those with these labels.
    Labels {
        /// The entry as it was given, such as `-l app=web`.
        entry: String,
        /// The kinds.
        kinds: Vec<String>,
        /// A label selector as for `kubectl --selector`; none for all objects.
        selector: Option<String>,
    },
    /// The objects of the manifest files that match a pattern.
    Files(String),
}

/// The built-in kinds of Kubernetes with the names that `kubectl` accepts: singular, short name, and kind.
/// <https://kubernetes.io/docs/reference/kubectl/#resource-types>
const KINDS: [(&str, &str, &str); 17] = [
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

impl ResourceInput {
    /// Reads one entry.
    ///
    /// # Errors
    /// The entry is invalid.
    pub fn parse(&self, text: &str) -> Result<ResourceSelector, InputError> {
        let files = if self.accepts_files { ", or a path that ends with .yaml, .yml or .json" } else { "" };
        let forms = format!("write `KIND/NAME`, `-l LABELS`, `KIND -l LABELS`, `--all`, `KIND --all`{files}");
        let invalid = |why: String| InputError::new(format!("`{}`: `{text}`: {why}", self.name), &forms);
        let text = text.trim();
        if text.is_empty() {
            return Err(invalid("it is empty".into()));
        }
        if let Some((kind, labels)) = split_selector(text) {
            if labels.is_some_and(|labels| labels.is_empty() || labels.starts_with('-')) {
                return Err(invalid("it has no labels after `-l`".into()));
            }
            let kinds = match kind {
                "" => self.default_kinds.iter().map(|kind| (*kind).to_owned()).collect(),
                kind => vec![parse_kind(kind).map_err(invalid)?],
            };
            let (entry, selector) = (text.to_owned(), labels.map(str::to_owned));
            return Ok(ResourceSelector::Labels { entry, kinds, selector });
        }
        let is_file = text.contains(['*', '?', '{', '['])
            || [".yaml", ".yml", ".json"].iter().any(|end| text.ends_with(end));
        match text.split_once('/') {
            _ if is_file && self.accepts_files => Ok(ResourceSelector::Files(text.to_owned())),
            _ if is_file => {
                Err(invalid("it is a manifest or a pattern, and this input takes no files".into()))
            }
            Some((kind, name)) if !name.is_empty() && !name.contains('/') => {
                Ok(ResourceSelector::Name { kind: parse_kind(kind).map_err(invalid)?, name: name.to_owned() })
            }
            _ if self.accepts_files => Err(invalid("it is neither a resource nor a manifest".into())),
            _ => Err(invalid("it names no resource".into())),
        }
    }
}

/// Splits a selector into its kind, which may be empty, and its labels; none for `--all`.
fn split_selector(text: &str) -> Option<(&str, Option<&str>)> {
    let all = text.strip_suffix("--all").filter(|kind| kind.is_empty() || kind.ends_with(' '));
    let flags = ["-l ", "-l=", "--selector ", "--selector="];
    let labels = || {
        flags.iter().find_map(|flag| match text.strip_prefix(flag) {
            Some(labels) => Some(("", labels)),
            None => text.split_once(&format!(" {flag}")),
        })
    };
    match all {
        Some(kind) => Some((kind.trim(), None)),
        None => labels().map(|(kind, labels)| (kind.trim(), Some(labels.trim()))),
    }
}

/// The kind of a name. A kind with an API group may be unknown here, because clusters have more kinds.
fn parse_kind(text: &str) -> Result<String, String> {
    let lower = text.to_ascii_lowercase();
    let (name, group) = lower.split_once('.').unwrap_or((&lower, ""));
    let plural = |singular: &str| {
        if singular.ends_with('s') { format!("{singular}es") } else { format!("{singular}s") }
    };
    let has_name = |singular: &str, short: &str| {
        name == singular
            || name == short
            || name == plural(singular)
            || singular.strip_suffix('y').is_some_and(|stem| name == format!("{stem}ies"))
    };
    let known = KINDS.iter().find(|(singular, short, kind)| {
        let own_group = kind.split_once('.').map_or("", |(_, group)| group);
        has_name(singular, short) && (group.is_empty() || group == own_group)
    });
    match known {
        Some((.., kind)) => Ok((*kind).to_owned()),
        None if !group.is_empty() => Ok(text.to_owned()),
        None => {
            match suggest::nearest(&lower, KINDS.iter().flat_map(|(singular, short, _)| [*singular, *short]))
            {
                Some(near) => {
                    Err(format!("`{text}` is not a built-in kind of Kubernetes: did you mean `{near}`?"))
                }
                None => Err(format!(
                    "`{text}` is not a built-in kind of Kubernetes; write other kinds with their group, such as `widgets.example.com`"
                )),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INPUT: ResourceInput = ResourceInput {
        name: "resources",
        default_kinds: &["Deployment.apps", "Job.batch"],
        accepts_files: true,
    };

    fn named(kind: &str, name: &str) -> ResourceSelector {
        ResourceSelector::Name { kind: kind.to_owned(), name: name.to_owned() }
    }

    #[test]
    fn resource_names_are_those_of_kubectl() {
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
            assert_eq!(INPUT.parse(text), Ok(named(kind, "web")), "{text}");
        }
    }

    #[test]
    fn selectors_and_files_differ_from_names() {
        let selected = |text: &str| match INPUT.parse(text) {
            Ok(ResourceSelector::Labels { entry, kinds, selector }) => {
                assert_eq!(entry, text);
                (kinds.len(), selector.unwrap_or("all".into()))
            }
            other => panic!("{text}: {other:?}"),
        };
        assert_eq!(selected("-l app=web"), (2, "app=web".to_owned()));
        assert_eq!(selected("--selector=app in (a,b)"), (2, "app in (a,b)".to_owned()));
        assert_eq!(selected("sts -l app=web,tier!=x"), (1, "app=web,tier!=x".to_owned()));
        assert_eq!(selected("--all"), (2, "all".to_owned()));
        assert_eq!(selected("cronjobs --all"), (1, "all".to_owned()));
        for file in ["deploy/web.yaml", "deploy/*.yaml", "k8s/**/*.json", "web.yml", "deploy/{a,b}"] {
            assert_eq!(INPUT.parse(file), Ok(ResourceSelector::Files(file.to_owned())));
        }
        for bad in [
            "",
            " ",
            "web",
            "thing/web",
            "deployment/",
            "-l ",
            "-l -x",
            "thing -l a=b",
            "a/b/c",
            "x--all",
            "thing --all",
        ] {
            assert!(INPUT.parse(bad).is_err(), "{bad:?}");
        }
        let line = |text: &str| INPUT.parse(text).expect_err(text).line();
        assert!(line("deploymnet/web").contains("did you mean `deployment`?"), "{}", line("deploymnet/web"));
        assert!(line("thing/web").contains("write other kinds with their group"), "{}", line("thing/web"));
        let no_files = ResourceInput { accepts_files: false, ..INPUT };
        assert!(no_files.parse("deploy/*.yaml").is_err_and(|error| error.line().contains("a pattern")));
    }
}
