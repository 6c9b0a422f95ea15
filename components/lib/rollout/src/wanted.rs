//! Reads how people name objects: names, selectors, all of a kind, and patterns of manifest files. Never asks the
//! cluster.

use lockstep_glue::Mistake;

/// An input whose entries name objects.
#[derive(Clone, Copy, Debug)]
pub struct Form {
    /// What it is called.
    pub input: &'static str,
    /// The kinds that are meant where an entry says none.
    pub kinds: &'static [&'static str],
    /// Whether manifest files can name them too.
    pub files: bool,
}

/// What one entry names.
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
        /// As `kubectl --selector` has them; none for all of them.
        labels: Option<String>,
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

impl Form {
    /// Reads one entry.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn read(&self, text: &str) -> Result<Wanted, Mistake> {
        let files = if self.files { ", or a path that ends with .yaml, .yml or .json" } else { "" };
        let forms = format!("write `KIND/NAME`, `-l LABELS`, `KIND -l LABELS`, `--all`, `KIND --all`{files}");
        let wrong = |why: String| Mistake::new(format!("`{}`: `{text}`: {why}", self.input), &forms);
        let text = text.trim();
        if text.is_empty() {
            return Err(wrong("it is empty".into()));
        }
        if let Some((kind, labels)) = selector(text) {
            if labels.is_some_and(|labels| labels.is_empty() || labels.starts_with('-')) {
                return Err(wrong("it has no labels behind `-l`".into()));
            }
            let kinds = match kind {
                "" => self.kinds.iter().map(|kind| (*kind).to_owned()).collect(),
                kind => vec![kind_of(kind).map_err(wrong)?],
            };
            return Ok(Wanted::Selected { kinds, labels: labels.map(str::to_owned) });
        }
        let is_file = text.contains(['*', '?', '{', '['])
            || [".yaml", ".yml", ".json"].iter().any(|end| text.ends_with(end));
        match text.split_once('/') {
            _ if is_file && self.files => Ok(Wanted::Files(text.to_owned())),
            _ if is_file => Err(wrong("it is a manifest or a pattern, and this names no objects".into())),
            Some((kind, name)) if !name.is_empty() && !name.contains('/') => {
                Ok(Wanted::Named { kind: kind_of(kind).map_err(wrong)?, name: name.to_owned() })
            }
            _ if self.files => Err(wrong("it is neither a resource nor a manifest".into())),
            _ => Err(wrong("it names no resource".into())),
        }
    }
}

/// The kind, if any, and the labels of a text that is a selector; no labels for all of the kind.
fn selector(text: &str) -> Option<(&str, Option<&str>)> {
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

    const FORM: Form = Form { input: "resources", kinds: &["Deployment.apps", "Job.batch"], files: true };

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
            assert_eq!(FORM.read(text), Ok(named(kind, "web")), "{text}");
        }
    }

    #[test]
    fn selectors_and_files_are_told_apart_from_names() {
        let selected = |text: &str| match FORM.read(text) {
            Ok(Wanted::Selected { kinds, labels }) => (kinds.len(), labels.unwrap_or("all".into())),
            other => panic!("{text}: {other:?}"),
        };
        assert_eq!(selected("-l app=web"), (2, "app=web".to_owned()));
        assert_eq!(selected("--selector=app in (a,b)"), (2, "app in (a,b)".to_owned()));
        assert_eq!(selected("sts -l app=web,tier!=x"), (1, "app=web,tier!=x".to_owned()));
        assert_eq!(selected("--all"), (2, "all".to_owned()));
        assert_eq!(selected("cronjobs --all"), (1, "all".to_owned()));
        for file in ["deploy/web.yaml", "deploy/*.yaml", "k8s/**/*.json", "web.yml", "deploy/{a,b}"] {
            assert_eq!(FORM.read(file), Ok(Wanted::Files(file.to_owned())));
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
            assert!(FORM.read(bad).is_err(), "{bad:?}");
        }
        let no_files = Form { files: false, ..FORM };
        assert!(no_files.read("deploy/*.yaml").is_err_and(|mistake| mistake.line().contains("a pattern")));
    }
}
