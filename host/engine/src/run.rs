//! One run of a step: the sandbox is set up, the component called, its values turned into ours. It never
//! decides when the time is up; [`crate::watch`] does.

use crate::confines::{self, Confines};
use crate::guest::{GuestData, GuestExit, GuestResult};
use crate::host::Host;
use crate::live_log::LiveLog;
use crate::load::{ENTRY, Step};
use crate::parallel::{self, Functions, Pool};
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
use lockstep_model::report::{Location, RunEnd};
use lockstep_model::types::Field;
use lockstep_objects::Objects;
use lockstep_repository::Repositories;
use lockstep_workspace::Workspace;
use serde_json::{Map, Value};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use wasmtime::Store;
use wasmtime::component::types::Type;
use wasmtime::component::{Func, InstancePre, Val};
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
    pub live: Box<dyn LiveLog>,
    /// Set by the caller to stop the component.
    pub cancel: Arc<AtomicBool>,
}

/// Runs a step to its end or to its limits.
#[must_use]
pub fn run(step: &Step, setup: Setup) -> GuestResult {
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
    let waiting = Waiting::told_by(setup.live.duplicate());
    let signals = (&*stop, &*cancel);
    watch::until_done(&step.engine, &gate, signals, waiting, move || call(pool, &parallel, setup, &outputs))
}

/// Calls the component on the current thread.
fn call(pool: Pool, parallel: &Functions, setup: Setup, outputs: &[Field]) -> GuestResult {
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
        GuestExit::Trapped(_) if refused_memory => {
            GuestExit::Limit(format!("the component wanted more than its {} MiB of memory", limits.memory_mb))
        }
        ended => ended,
    };
    let printed = printed.contents().to_vec();
    GuestResult {
        exit: ended,
        data: Some(GuestData { workspace, objects, diff, notes, summary, printed, rejected }),
    }
}

/// The component with what the run grants.
fn linked(pool: Pool, parallel: &Functions, granted: &[Capability]) -> Result<InstancePre<Host>, GuestExit> {
    let component = pool.component.clone();
    let misfit = |error| GuestExit::Bug(format!("the host's interfaces do not fit together: {error:#}"));
    let mut linker = link::linker(&pool.engine, granted).map_err(misfit)?;
    parallel::add(&mut linker, parallel, pool).map_err(misfit)?;
    linker.instantiate_pre(&component).map_err(|error| GuestExit::Unlinked(format!("{error:#}")))
}

/// Instantiates the component and calls its `run`.
fn enter(
    store: &mut Store<Host>,
    linked: &InstancePre<Host>,
    inputs: &Inputs,
    outputs: &[Field],
    limits: &Limits,
) -> GuestExit {
    let instance = match linked.instantiate(&mut *store) {
        Ok(instance) => instance,
        Err(error) => return GuestExit::from_error(&error),
    };
    let Some(run) = instance.get_func(&mut *store, ENTRY) else {
        return GuestExit::Bug("the component lost its entry".into());
    };
    let Some(params) = params(&run, store, inputs) else {
        return GuestExit::Bug("the inputs do not fit the component's types".into());
    };
    let mut results = [Val::Bool(false)];
    match run.call(&mut *store, &[params], &mut results) {
        Ok(()) => {
            let [result] = results;
            read_result(result, outputs, limits)
        }
        Err(error) => GuestExit::from_error(&error),
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
fn read_result(result: Val, types: &[Field], limits: &Limits) -> GuestExit {
    if value::weight(&result) > limits.output_bytes {
        return GuestExit::Limit(format!(
            "what the component returned has more than {} bytes",
            limits.output_bytes
        ));
    }
    match result {
        Val::Result(Ok(Some(outputs))) => read_outputs(*outputs, types),
        Val::Result(Err(Some(failure))) => {
            let failure = value::from_val(*failure);
            failure.and_then(|failure| read_failure(&failure)).map_or_else(bad_value, GuestExit::Failed)
        }
        _ => bad_value(),
    }
}

fn read_outputs(outputs: Val, types: &[Field]) -> GuestExit {
    match value::from_val(outputs) {
        Some(Value::Object(fields)) => match outputs::read(fields, types) {
            Ok(outputs) => GuestExit::Done(outputs),
            Err(error) => GuestExit::Trapped(error.to_string()),
        },
        _ => bad_value(),
    }
}

fn bad_value() -> GuestExit {
    GuestExit::Trapped("the component returned a value that cannot be written as JSON, such as NaN".into())
}

fn read_failure(failure: &Value) -> Option<RunEnd> {
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
    Some(RunEnd { exit, code: text("code")?, message: text("message")?, hint: text("hint"), location })
}
