//! One run of a step: the sandbox is set up, the component called, its values turned into ours. It never
//! decides when the time is up; [`crate::watch`] does.

use crate::confines::{self, Confines};
use crate::host::{Host, Live};
use crate::load::{ENTRY, Step};
use crate::parallel::{self, Broken, Functions, Pool};
use crate::waiting::Waiting;
use crate::{link, value, watch};
use lockstep_cluster::Cluster;
use lockstep_forge::Forges;
use lockstep_http::Web;
use lockstep_model::capability::Capability;
use lockstep_model::exit::Exit;
use lockstep_model::gate::Gate;
use lockstep_model::inputs::Inputs;
use lockstep_model::limits::Limits;
use lockstep_model::outputs::{self, Output};
use lockstep_model::report::{Block, Ending, Location, Note, ObjectChange};
use lockstep_model::types::Field;
use lockstep_objects::Objects;
use lockstep_repository::Repositories;
use lockstep_workspace::Workspace;
use serde_json::{Map, Value};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use wasmtime::component::types::Type;
use wasmtime::component::{Func, InstancePre, Val};
use wasmtime::{Store, Trap};
use wasmtime_wasi::I32Exit;
use wasmtime_wasi::p2::pipe::MemoryOutputPipe;

/// What a run needs besides the step.
pub struct Setup {
    /// The typed inputs.
    pub inputs: Inputs,
    /// The capabilities that are linked.
    pub granted: Vec<Capability>,
    /// The gate that every call passes.
    pub gate: Arc<Gate>,
    /// The files.
    pub workspace: Workspace,
    /// The objects.
    pub objects: Objects,
    /// The web servers.
    pub web: Web,
    /// The cluster.
    pub cluster: Cluster,
    /// The git repositories.
    pub repositories: Repositories,
    /// The forges that they are on.
    pub forges: Forges,
    /// Who hears what the component says while it runs.
    pub live: Box<dyn Live>,
    /// Set by the caller to stop the component.
    pub cancel: Arc<AtomicBool>,
}

/// How a component ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Ended {
    /// It did its work and gave these outputs, in the order of its record.
    Done(Vec<Output>),
    /// It said no.
    Failed(Ending),
    /// It imports a function that its interface does not have here: nothing of it ran. What it imports.
    Unlinked(String),
    /// It broke off: a panic, an invalid access, a call of `exit`. What happened.
    Trapped(String),
    /// The caller stopped it.
    Cancelled,
    /// It went past a limit. Which one.
    Limit(String),
    /// The host's own fault. What happened.
    Bug(String),
}

/// What is left of a run.
pub struct Outcome {
    /// How the component ended.
    pub ended: Ended,
    /// What came back with it; none if it had to be left behind.
    pub remains: Option<Remains>,
}

/// What a component leaves that came back.
pub struct Remains {
    /// The files, with what is staged.
    pub workspace: Workspace,
    /// What it did to objects of stores and clusters, and to branches.
    pub objects: Vec<ObjectChange>,
    /// What a run that is a dry run would change in repositories, as git shows it.
    pub diff: String,
    /// What it said.
    pub notes: Vec<Note>,
    /// The summary it made.
    pub summary: Vec<Block>,
    /// What it printed to its standard output and error.
    pub printed: Vec<u8>,
    /// The end it chose for a run whose work is done, if it says no.
    pub rejected: Option<Ending>,
}

impl Outcome {
    /// The outcome of a component that did not come back.
    pub(crate) fn left_behind(ended: Ended) -> Self {
        Self { ended, remains: None }
    }
}

/// Runs a step to its end or to its limits.
#[must_use]
pub fn run(step: &Step, setup: Setup) -> Outcome {
    let gate = Arc::clone(&setup.gate);
    let stop = Arc::new(AtomicBool::new(false));
    let cancel = Arc::clone(&setup.cancel);
    let pool = Pool {
        engine: step.engine.clone(),
        component: step.component.clone(),
        gate: Arc::clone(&gate),
        stop: Arc::clone(&stop),
        printed: MemoryOutputPipe::new(gate.limits().printed_bytes),
    };
    let (parallel, outputs) = (step.imports.parallel.clone(), step.outputs.clone());
    let waiting = Waiting::told_by(setup.live.twin());
    let signals = (&*stop, &*cancel);
    watch::until_done(&step.engine, &gate, signals, waiting, move || call(pool, &parallel, setup, &outputs))
}

/// Calls the component on the current thread.
fn call(pool: Pool, parallel: &Functions, setup: Setup, outputs: &[Field]) -> Outcome {
    let Setup { inputs, granted, gate, workspace, objects, web, cluster, repositories, forges, live, .. } =
        setup;
    let (limits, printed) = (*gate.limits(), pool.printed.clone());
    let host = Host {
        workspace,
        objects,
        web,
        cluster,
        repositories,
        forges,
        live,
        notes: Vec::new(),
        summary: Vec::new(),
        rejected: None,
        open_files: 0,
        confines: Confines::new(&limits, limits.memory_mb, &printed),
        gate,
    };
    let mut store = confines::store(&pool.engine, host, &limits, Arc::clone(&pool.stop));
    let ended = match linked(pool, parallel, &granted) {
        Ok(linked) => enter(&mut store, &linked, &inputs, outputs, &limits),
        Err(ended) => ended,
    };
    let refused_memory = store.data().confines.limiter.refused;
    let Host { workspace, objects, cluster, repositories, forges, notes, summary, rejected, .. } =
        store.into_data();
    let mut objects = objects.into_changes();
    objects.append(&mut cluster.into_changes());
    let (mut branches, diff) = repositories.into_changes();
    objects.append(&mut branches);
    objects.append(&mut forges.into_changes());
    let ended = match ended {
        Ended::Trapped(_) if refused_memory => {
            Ended::Limit(format!("the component wanted more than its {} MiB of memory", limits.memory_mb))
        }
        ended => ended,
    };
    let printed = printed.contents().to_vec();
    Outcome { ended, remains: Some(Remains { workspace, objects, diff, notes, summary, printed, rejected }) }
}

/// The component with what the run grants.
fn linked(pool: Pool, parallel: &Functions, granted: &[Capability]) -> Result<InstancePre<Host>, Ended> {
    let component = pool.component.clone();
    let misfit = |error| Ended::Bug(format!("the host's interfaces do not fit together: {error:#}"));
    let mut linker = link::linker(&pool.engine, granted).map_err(misfit)?;
    parallel::add(&mut linker, parallel, pool).map_err(misfit)?;
    linker.instantiate_pre(&component).map_err(|error| Ended::Unlinked(format!("{error:#}")))
}

/// Instantiates the component and calls its `run`.
fn enter(
    store: &mut Store<Host>,
    linked: &InstancePre<Host>,
    inputs: &Inputs,
    outputs: &[Field],
    limits: &Limits,
) -> Ended {
    let instance = match linked.instantiate(&mut *store) {
        Ok(instance) => instance,
        Err(error) => return broke_off(&error),
    };
    let Some(run) = instance.get_func(&mut *store, ENTRY) else {
        return Ended::Bug("the component lost its entry".into());
    };
    let Some(params) = params(&run, store, inputs) else {
        return Ended::Bug("the inputs do not fit the component's types".into());
    };
    let mut results = [Val::Bool(false)];
    match run.call(&mut *store, &[params], &mut results) {
        Ok(()) => {
            let [result] = results;
            read_result(result, outputs, limits)
        }
        Err(error) => broke_off(&error),
    }
}

fn params(run: &Func, store: &Store<Host>, inputs: &Inputs) -> Option<Val> {
    let ty = run.ty(store);
    let (_, record) = ty.params().next()?;
    let record: Type = record;
    let fields = inputs.iter().map(|(name, value)| (name.clone(), value.clone()));
    value::to_val(&Value::Object(fields.collect::<Map<_, _>>()), &record)
}

/// Reads `result<outputs, failure>`, whose form was checked when the component was loaded. It is weighed first:
/// small values of a component can be large ones here.
fn read_result(result: Val, types: &[Field], limits: &Limits) -> Ended {
    if value::weight(&result) > limits.output_bytes {
        return Ended::Limit(format!(
            "what the component returned has more than {} bytes",
            limits.output_bytes
        ));
    }
    match result {
        Val::Result(Ok(Some(outputs))) => read_outputs(*outputs, types),
        Val::Result(Err(Some(failure))) => {
            let failure = value::from_val(*failure);
            failure.and_then(|failure| read_failure(&failure)).map_or_else(bad_value, Ended::Failed)
        }
        _ => bad_value(),
    }
}

fn read_outputs(outputs: Val, types: &[Field]) -> Ended {
    match value::from_val(outputs) {
        Some(Value::Object(fields)) => match outputs::read(fields, types) {
            Ok(outputs) => Ended::Done(outputs),
            Err(error) => Ended::Trapped(error.to_string()),
        },
        _ => bad_value(),
    }
}

fn bad_value() -> Ended {
    Ended::Trapped("the component returned a value that cannot be written as JSON, such as NaN".into())
}

fn read_failure(failure: &Value) -> Option<Ending> {
    let text = |name: &str| failure.get(name)?.as_str().map(str::to_owned);
    let exit = match failure.get("kind")?.as_str()? {
        "rejected" => Exit::Rejected,
        "invalid" => Exit::Invalid,
        "integrity" => Exit::Integrity,
        "credentials" => Exit::Credentials,
        "unavailable" => Exit::Unavailable,
        "limit-exceeded" => Exit::LimitExceeded,
        _ => return None,
    };
    let location = failure.get("location").filter(|location| !location.is_null()).map(|location| Location {
        path: location["path"].as_str().unwrap_or_default().to_owned(),
        line: location["line"].as_u64().and_then(|line| line.try_into().ok()),
        column: location["column"].as_u64().and_then(|column| column.try_into().ok()),
    });
    Some(Ending { exit, code: text("code")?, message: text("message")?, hint: text("hint"), location })
}

/// Why a call did not return. The stop of the watch looks like a trap; it knows its own reason.
pub(crate) fn broke_off(error: &wasmtime::Error) -> Ended {
    if let Some(Broken(ended)) = error.downcast_ref() {
        return ended.clone();
    }
    if let Some(exit) = error.downcast_ref::<I32Exit>() {
        return Ended::Trapped(format!("the component called exit({}) instead of returning", exit.0));
    }
    match error.downcast_ref::<Trap>() {
        Some(Trap::StackOverflow) => Ended::Limit("the component used up its stack".into()),
        Some(trap) => Ended::Trapped(format!("the component broke off: {trap}")),
        None => Ended::Limit(format!("the component broke off: {error:#}{}", address_space(error))),
    }
}

/// What helps where the system refuses addresses: they are reserved and not used, so few know that they are counted.
fn address_space(error: &wasmtime::Error) -> &'static str {
    match format!("{error:#}").contains("failed to reserve") {
        true => "; a run reserves about 6.5 GB of addresses, of which it uses little: raise `ulimit -v`",
        false => "",
    }
}
