//! What is kept of an object: the few facts that rules look at. Never fails on a field of another type than
//! expected.

use std::rc::Rc;

use serde_json::Value;

use crate::custom::Custom;
use crate::fingerprint;
use crate::kind::Kind;
use crate::plain::{Claim, Service};
use crate::pod::Pod;
use crate::rules::Rules;
use crate::value::{int, is, list, text};
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
    /// Since when it is being deleted does not matter, only whether.
    pub(crate) is_deleting: bool,
    pub(crate) facts: Facts,
}

/// What the rules of a kind look at.
#[derive(Debug)]
pub(crate) enum Facts {
    /// Deployment, StatefulSet, DaemonSet and ReplicaSet.
    Workload(Box<Workload>),
    Job(Box<Job>),
    CronJob {
        is_suspended: bool,
    },
    Pod(Box<Pod>),
    Claim(Claim),
    Service(Service),
    /// The endpoints of a Service that are ready.
    Slice {
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
    /// Nothing more to know.
    Plain,
    Custom(Box<Custom>),
}

/// By what a later change of an object is told apart from none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Print {
    /// The template of pods.
    Template(u64),
    /// The values of the specification.
    Values(Box<[u64]>),
    /// Its kind is changed by so many that a change says nothing.
    None,
}

impl Object {
    /// The facts of an object of a kind. `name` and `namespace` are those in its metadata.
    pub(crate) fn parse(kind: Kind, namespace: Rc<str>, value: &Value, rules: &Rules) -> Self {
        let meta = &value["metadata"];
        let owner = list(meta, "ownerReferences").iter().find(|owner| is(owner, "controller"));
        let facts = Facts::parse(&kind, value, rules);
        Self {
            kind,
            namespace,
            name: text(meta, "name").into(),
            owner: owner.map(|owner| text(owner, "uid")).filter(|uid| !uid.is_empty()).map(Rc::from),
            generation: int(&meta["generation"]),
            is_deleting: !text(meta, "deletionTimestamp").is_empty(),
            facts,
        }
    }

    pub(crate) fn pod(&self) -> Option<&Pod> {
        match &self.facts {
            Facts::Pod(pod) => Some(pod),
            _ => None,
        }
    }

    pub(crate) fn workload(&self) -> Option<&Workload> {
        match &self.facts {
            Facts::Workload(workload) => Some(workload),
            _ => None,
        }
    }

    /// Whether the controller has taken up the newest specification, if it says so at all.
    pub(crate) fn is_observed(&self, observed: Option<i64>) -> bool {
        match (self.generation, observed) {
            (Some(generation), Some(observed)) => observed >= generation,
            _ => true,
        }
    }

    /// The kind and name as messages write them, such as `Deployment web`.
    pub(crate) fn title(&self) -> String {
        format!("{} {}", self.kind.word(), self.name)
    }

    pub(crate) fn print(&self) -> Print {
        match &self.facts {
            Facts::Workload(workload) => Print::Template(workload.template),
            Facts::Job(job) => Print::Template(job.template),
            Facts::Custom(custom) => Print::Values(custom.values.clone()),
            _ => Print::None,
        }
    }
}

impl Facts {
    fn parse(kind: &Kind, value: &Value, rules: &Rules) -> Self {
        let (meta, spec, status) = (&value["metadata"], &value["spec"], &value["status"]);
        match kind {
            Kind::Deployment | Kind::StatefulSet | Kind::DaemonSet | Kind::ReplicaSet => {
                Self::Workload(Box::new(Workload::parse(kind, value)))
            }
            Kind::Job => Self::Job(Box::new(Job::parse(value))),
            Kind::CronJob => Self::CronJob { is_suspended: is(spec, "suspend") },
            Kind::Pod => Self::Pod(Box::new(Pod::parse(value))),
            Kind::Claim => Self::Claim(Claim::parse(value)),
            Kind::Service => Self::Service(Service::parse(value)),
            Kind::EndpointSlice => Self::Slice {
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

impl Print {
    /// Whether what is there now is what was there first, as far as can be told.
    pub(crate) fn is_kept_by(&self, now: &Self) -> bool {
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
