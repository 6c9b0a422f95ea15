//! An object of the cluster, reduced to what the rules read. A field of an unexpected type counts as missing.

use std::rc::Rc;

use serde_json::Value;

use crate::claim::Claim;
use crate::conditions::is_observed;
use crate::custom::Custom;
use crate::fingerprint;
use crate::index::Name;
use crate::kind::Kind;
use crate::pod::Pod;
use crate::rules::Rules;
use crate::service::Service;
use crate::value::{int, is_true, list, text};
use crate::workload::{Job, Workload};

/// An object.
#[derive(Debug)]
pub(crate) struct Object {
    pub(crate) kind: Kind,
    pub(crate) namespace: Rc<str>,
    pub(crate) name: Rc<str>,
    /// The UID of its controller.
    pub(crate) owner: Option<Rc<str>>,
    pub(crate) generation: Option<i64>,
    /// Whether it is being deleted.
    pub(crate) is_deleting: bool,
    pub(crate) details: Details,
}

/// The fields of a kind that the rules read.
#[derive(Debug)]
pub(crate) enum Details {
    /// Deployment, StatefulSet, DaemonSet and ReplicaSet.
    Workload(Box<Workload>),
    Job(Box<Job>),
    CronJob {
        is_suspended: bool,
    },
    Pod(Box<Pod>),
    Claim(Claim),
    Service(Service),
    /// The ready endpoints of a Service.
    EndpointSlice {
        service: Box<str>,
        ready: u32,
    },
    /// A revision of a StatefulSet or DaemonSet.
    Revision {
        number: u64,
        /// The value of the label by which its pods are known.
        hash: Box<str>,
    },
    Namespace {
        is_terminating: bool,
    },
    /// A kind that has no rules.
    Plain,
    Custom(Box<Custom>),
}

/// What tells whether somebody changed the specification of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fingerprint {
    /// The template of pods.
    Template(u64),
    /// The values of the specification.
    Values(Box<[u64]>),
    /// Controllers change objects of this kind all the time, so a change has no meaning.
    None,
}

impl Object {
    /// Reads an object of a kind. `namespace` is that of its metadata.
    pub(crate) fn parse(kind: Kind, namespace: Rc<str>, value: &Value, rules: &Rules) -> Self {
        let meta = &value["metadata"];
        let owner = list(meta, "ownerReferences").iter().find(|owner| is_true(owner, "controller"));
        let details = Details::parse(&kind, value, rules);
        Self {
            kind,
            namespace,
            name: text(meta, "name").into(),
            owner: owner.map(|owner| text(owner, "uid")).filter(|uid| !uid.is_empty()).map(Rc::from),
            generation: int(&meta["generation"]),
            is_deleting: !text(meta, "deletionTimestamp").is_empty(),
            details,
        }
    }

    pub(crate) fn pod(&self) -> Option<&Pod> {
        match &self.details {
            Details::Pod(pod) => Some(pod),
            _ => None,
        }
    }

    pub(crate) fn workload(&self) -> Option<&Workload> {
        match &self.details {
            Details::Workload(workload) => Some(workload),
            _ => None,
        }
    }

    /// Whether the controller has observed the newest generation, or reports no generation.
    pub(crate) fn is_observed(&self, observed: Option<i64>) -> bool {
        is_observed(self.generation, observed)
    }

    /// Its kind, namespace and name.
    pub(crate) fn full_name(&self) -> Name {
        Name { kind: self.kind.clone(), namespace: self.namespace.clone(), name: self.name.clone() }
    }

    /// The kind and name as messages write them, such as `Deployment web`.
    pub(crate) fn title(&self) -> String {
        format!("{} {}", self.kind.short_name(), self.name)
    }

    pub(crate) fn fingerprint(&self) -> Fingerprint {
        match &self.details {
            Details::Workload(workload) => Fingerprint::Template(workload.template),
            Details::Job(job) => Fingerprint::Template(job.template),
            Details::Custom(custom) => Fingerprint::Values(custom.values.clone()),
            _ => Fingerprint::None,
        }
    }
}

impl Details {
    fn parse(kind: &Kind, value: &Value, rules: &Rules) -> Self {
        let (meta, spec, status) = (&value["metadata"], &value["spec"], &value["status"]);
        match kind {
            Kind::Deployment | Kind::StatefulSet | Kind::DaemonSet | Kind::ReplicaSet => {
                Self::Workload(Box::new(Workload::parse(kind, value)))
            }
            Kind::Job => Self::Job(Box::new(Job::parse(value))),
            Kind::CronJob => Self::CronJob { is_suspended: is_true(spec, "suspend") },
            Kind::Pod => Self::Pod(Box::new(Pod::parse(value))),
            Kind::Claim => Self::Claim(Claim::parse(value)),
            Kind::Service => Self::Service(Service::parse(value)),
            Kind::EndpointSlice => Self::EndpointSlice {
                service: text(&meta["labels"], "kubernetes.io/service-name").into(),
                ready: list(value, "endpoints").iter().filter(|endpoint| is_serving(endpoint)).count() as u32,
            },
            Kind::ControllerRevision => Self::Revision {
                number: int(&value["revision"])
                    .and_then(|number| u64::try_from(number).ok())
                    .unwrap_or_default(),
                hash: text(&meta["labels"], "controller-revision-hash").into(),
            },
            Kind::Namespace => Self::Namespace { is_terminating: text(status, "phase") == "Terminating" },
            Kind::Event | Kind::Plain(_) => Self::Plain,
            Kind::Definition | Kind::Custom(_) => Self::Custom(Box::new(Custom::parse(kind, value, rules))),
        }
    }
}

impl Fingerprint {
    /// Whether the present specification is still the first one, as far as the fingerprints tell.
    pub(crate) fn is_unchanged_in(&self, now: &Self) -> bool {
        match (self, now) {
            (Self::Values(first), Self::Values(now)) => fingerprint::contains(now, first),
            (first, now) => first == now,
        }
    }
}

/// Whether an endpoint takes requests: an unset condition counts as true.
/// <https://kubernetes.io/docs/concepts/services-networking/endpoint-slices/#conditions>
fn is_serving(endpoint: &Value) -> bool {
    let addresses = list(endpoint, "addresses").len();
    addresses > 0 && endpoint["conditions"]["ready"].as_bool().unwrap_or(true)
}
