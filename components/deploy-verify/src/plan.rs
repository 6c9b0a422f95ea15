//! Decides what to follow: for what is wanted, which objects of which kinds, with as few selections as there are kinds
//! and namespaces. Never asks the cluster.

use std::collections::{BTreeMap, BTreeSet};

use lockstep_workload::Kind;

use crate::host::{Host, Level, Selection, Tell};
use crate::manifests;
use crate::problem::{Code, Problem};
use crate::resources::Wanted;
use crate::settings::Settings;

/// What a selection is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Objects of it are verified if they are named.
    Named,
    /// All objects of it are verified.
    Selected,
    /// What it shows explains the others. Where it may not be read, the run goes on without.
    Explaining,
}

/// An object to verify.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Named {
    /// The namespace, as inputs spell it.
    pub namespace: String,
    /// Such as `Deployment.apps`.
    pub kind: String,
    /// Its name.
    pub name: String,
}

/// What to follow, and what to verify.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// What to follow, and what for.
    pub selections: Vec<(Selection, Role)>,
    /// What is named.
    pub named: BTreeSet<Named>,
    /// Whether something is selected by labels.
    pub selects: bool,
}

/// Kinds that are in no namespace, of those that manifests of a deployment hold. The first two are looked at.
const CLUSTER_WIDE: [&str; 12] = [
    "Namespace",
    "CustomResourceDefinition.apiextensions.k8s.io",
    "ClusterRole.rbac.authorization.k8s.io",
    "ClusterRoleBinding.rbac.authorization.k8s.io",
    "IngressClass.networking.k8s.io",
    "MutatingWebhookConfiguration.admissionregistration.k8s.io",
    "PersistentVolume",
    "PriorityClass.scheduling.k8s.io",
    "RuntimeClass.node.k8s.io",
    "StorageClass.storage.k8s.io",
    "ValidatingAdmissionPolicy.admissionregistration.k8s.io",
    "ValidatingWebhookConfiguration.admissionregistration.k8s.io",
];
const WITH_STATUS: usize = 2;

/// Which Events are followed: what goes wrong, that a node is on its way, and what says that creating pods or mounting
/// volumes, which had failed, works again. All others would be many and say nothing.
const EVENTS: [&str; 4] =
    ["type!=Normal", "reason=TriggeredScaleUp", "reason=SuccessfulCreate", "reason=Pulling"];

impl Plan {
    /// Makes the plan. Manifest files are read for it.
    ///
    /// # Errors
    /// A pattern finds nothing, a manifest cannot be read, or is of a namespace that the run does not name.
    pub fn make(
        host: &mut impl Host,
        tell: &mut impl Tell,
        settings: &Settings,
    ) -> Result<Self, Vec<Problem>> {
        let mut plan = Self::default();
        let mut problems = Vec::new();
        let mut labels = BTreeSet::new();
        for wanted in &settings.wanted {
            match wanted {
                Wanted::Named { kind, name } => plan.name(settings, kind, name),
                Wanted::Selected { kinds, labels: own } => {
                    plan.selects = true;
                    for namespace in &settings.namespaces {
                        labels
                            .extend(kinds.iter().map(|kind| (namespace.clone(), kind.clone(), own.clone())));
                    }
                }
                Wanted::Files(pattern) => match plan.declare(host, tell, settings, pattern) {
                    Ok(()) => {}
                    Err(mut more) => problems.append(&mut more),
                },
            }
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        let kinds = plan.named_kinds();
        for ((namespace, kind), names) in &kinds {
            let name = if let [name] = names.as_slice() { Some(name.clone()) } else { None };
            plan.follow(namespace, kind, Role::Named, |selection| selection.name = name);
        }
        let mut namespaces: BTreeMap<String, BTreeSet<Kind>> = BTreeMap::new();
        for (namespace, kind, labels) in labels {
            namespaces.entry(namespace.clone()).or_default().insert(Kind::of(&kind));
            plan.follow(&namespace, &kind, Role::Selected, |selection| selection.labels = Some(labels));
        }
        for (namespace, kind) in kinds.keys() {
            namespaces.entry(namespace.clone()).or_default().insert(Kind::of(kind));
        }
        for (namespace, kinds) in &namespaces {
            plan.explain(namespace, kinds);
        }
        Ok(plan)
    }

    /// Names an object, in each of the namespaces.
    fn name(&mut self, settings: &Settings, kind: &str, name: &str) {
        let place = |namespace: &String| match CLUSTER_WIDE.contains(&kind) {
            true => "-".to_owned(),
            false => namespace.clone(),
        };
        let named = |namespace| Named { namespace, kind: kind.to_owned(), name: name.to_owned() };
        self.named.extend(settings.namespaces.iter().map(place).map(named));
    }

    /// Names the objects of manifest files.
    fn declare(
        &mut self,
        host: &mut impl Host,
        tell: &mut impl Tell,
        settings: &Settings,
        pattern: &str,
    ) -> Result<(), Vec<Problem>> {
        let paths = host.glob(pattern).map_err(|fault| vec![Problem::file(&fault)])?;
        if paths.is_empty() {
            let hint = "see whether the files are there when the step runs";
            let message = format!("`resources`: `{pattern}` finds no file");
            return Err(vec![Problem::new(Code::NoMatch, message).hint(hint)]);
        }
        let mut problems = Vec::new();
        let mut left_out = BTreeSet::new();
        for path in paths {
            let declared = host.read(&path).map_err(|fault| Problem::file(&fault));
            match declared.and_then(|bytes| manifests::read(&path, &bytes)) {
                Ok(declared) => {
                    for one in declared {
                        match self.place(settings, &path, &one) {
                            Ok(Some(namespace)) => {
                                self.named.insert(Named { namespace, kind: one.kind, name: one.name });
                            }
                            Ok(None) => drop(left_out.insert(one.kind)),
                            Err(problem) => problems.push(problem),
                        }
                    }
                }
                Err(problem) => problems.push(problem),
            }
        }
        if !left_out.is_empty() {
            let kinds: Vec<_> = left_out.iter().map(|kind| Kind::of(kind).word().to_owned()).collect();
            let why = "they hold credentials, or are of the whole cluster and have no status";
            tell.note(Level::Info, &format!("not looked at: {} ({why})", kinds.join(", ")));
        }
        if problems.is_empty() { Ok(()) } else { Err(problems) }
    }

    /// The namespace of a declared object; none for one that is not looked at.
    fn place(
        &self,
        settings: &Settings,
        path: &str,
        declared: &manifests::Declared,
    ) -> Result<Option<String>, Problem> {
        if let Some(at) = CLUSTER_WIDE.iter().position(|kind| *kind == declared.kind) {
            return Ok((at < WITH_STATUS).then(|| "-".to_owned()));
        }
        if declared.kind == "Secret" {
            return Ok(None);
        }
        let own = settings.namespaces.first().cloned().unwrap_or_default();
        match &declared.namespace {
            None => Ok(Some(own)),
            Some(namespace) if settings.namespaces.contains(namespace) => Ok(Some(namespace.clone())),
            Some(namespace) => {
                let word = Kind::of(&declared.kind).word().to_owned();
                let message = format!(
                    "{word} {} is in the namespace `{namespace}`, which the run does not name",
                    declared.name
                );
                let hint = format!("add `{namespace}` to `namespace`");
                Err(Problem::new(Code::BadInput, message).hint(hint).at(path, Some(declared.line)))
            }
        }
    }

    /// The names by namespace and kind.
    fn named_kinds(&self) -> BTreeMap<(String, String), Vec<String>> {
        let mut kinds: BTreeMap<(String, String), Vec<String>> = BTreeMap::new();
        for named in &self.named {
            kinds.entry((named.namespace.clone(), named.kind.clone())).or_default().push(named.name.clone());
        }
        kinds
    }

    /// What explains how objects of these kinds stand.
    fn explain(&mut self, namespace: &str, kinds: &BTreeSet<Kind>) {
        use Kind::{
            Claim, CronJob, DaemonSet, Deployment, EndpointSlice, Event, Job, Pod, ReplicaSet, StatefulSet,
        };
        let has = |kinds_: &[Kind]| kinds_.iter().any(|kind| kinds.contains(kind));
        let pods = has(&[Deployment, StatefulSet, DaemonSet, ReplicaSet, Job, CronJob, Pod]);
        let mut also = Vec::new();
        if pods {
            also.extend([Pod, Claim]);
        }
        if has(&[Deployment]) {
            also.push(ReplicaSet);
        }
        if has(&[StatefulSet, DaemonSet]) {
            also.push(Kind::ControllerRevision);
        }
        if has(&[CronJob]) {
            also.push(Job);
        }
        if has(&[Kind::Service]) {
            also.push(EndpointSlice);
        }
        for kind in also {
            self.follow(namespace, kind.name(), Role::Explaining, |_| {});
        }
        if pods || has(&[Claim]) {
            for fields in EVENTS {
                let fields = Some(fields.to_owned());
                self.follow(namespace, Event.name(), Role::Explaining, |selection| selection.fields = fields);
            }
        }
    }

    fn follow(&mut self, namespace: &str, kind: &str, role: Role, narrow: impl FnOnce(&mut Selection)) {
        let (namespace, kind) = (namespace.to_owned(), kind.to_owned());
        let mut selection = Selection { namespace, kind, name: None, labels: None, fields: None };
        narrow(&mut selection);
        let all = |other: &Selection| {
            (&other.namespace, &other.kind) == (&selection.namespace, &selection.kind)
                && other.name.is_none()
                && other.labels.is_none()
                && other.fields.is_none()
        };
        // What is followed as a whole is not followed twice.
        if role == Role::Explaining && self.selections.iter().any(|(other, _)| all(other)) {
            return;
        }
        self.selections.push((selection, role));
    }
}
