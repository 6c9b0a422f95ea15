//! Runs a step once: makes its store, calls the component and reads its result. [`crate::watch`] enforces the timeout.

use crate::guest::{GuestData, GuestExit, GuestResult};
use crate::host::RunHost;
use crate::live_log::LiveLog;
use crate::load::{ENTRY, Step};
use crate::parallel::{self, JobPool, ParallelFunctions};
use crate::slow_calls::SlowCalls;
use crate::store_state::{self, StoreState};
use crate::{link, value, watch};
use lockstep_cluster::Cluster;
use lockstep_forge::Forges;
use lockstep_http::WebClient;
use lockstep_model::capability::Capability;
use lockstep_model::exit::Exit;
use lockstep_model::gate::Gate;
use lockstep_model::inputs::Inputs;
use lockstep_model::limits::Limits;
use lockstep_model::outputs;
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

/// The data and the clients of a run.
pub struct Setup {
    /// The typed inputs.
    pub inputs: Inputs,
    /// The granted capabilities, which the host links.
    pub granted: Vec<Capability>,
    /// The gate that each host call passes.
    pub gate: Arc<Gate>,
    /// The client of `workspace`.
    pub workspace: Workspace,
    /// The client of `objects`.
    pub objects: Objects,
    /// The client of `http`.
    pub web: WebClient,
    /// The client of `cluster`.
    pub cluster: Cluster,
    /// The client of `repository`.
    pub repositories: Repositories,
    /// The client of `forge`.
    pub forges: Forges,
    /// The log of the run.
    pub live: Box<dyn LiveLog>,
    /// The caller sets this to cancel the run.
    pub cancel: Arc<AtomicBool>,
}

/// Runs a step to its end or to its limits.
#[must_use]
pub fn run(step: &Step, setup: Setup) -> GuestResult {
    let gate = Arc::clone(&setup.gate);
    let stop = Arc::new(AtomicBool::new(false));
    let cancel = Arc::clone(&setup.cancel);
    let pool = JobPool {
        engine: step.engine.clone(),
        component: step.component.clone(),
        gate: Arc::clone(&gate),
        stop: Arc::clone(&stop),
        printed: MemoryOutputPipe::new(gate.limits().printed_bytes),
    };
    let (parallel, outputs) = (step.imports.parallel.clone(), step.outputs.clone());
    let slow_calls = SlowCalls::new(setup.live.duplicate());
    let mut live = setup.live.duplicate();
    setup.objects.write_notes_with(Box::new(move |note| live.note(note)));
    let signals = (&*stop, &*cancel);
    watch::run_watched(&step.engine, &gate, signals, slow_calls, move || {
        run_component(pool, &parallel, setup, &outputs)
    })
}

/// Runs the component on the current thread.
fn run_component(
    pool: JobPool,
    parallel: &ParallelFunctions,
    setup: Setup,
    outputs: &[Field],
) -> GuestResult {
    let Setup { inputs, granted, gate, workspace, objects, web, cluster, repositories, forges, live, .. } =
        setup;
    let (limits, printed) = (*gate.limits(), pool.printed.clone());
    let host = RunHost {
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
        state: StoreState::new(&limits, limits.memory_mb, &printed),
        gate,
    };
    let mut store = store_state::new_store(&pool.engine, host, &limits, Arc::clone(&pool.stop));
    let exit = match link_component(pool, parallel, &granted) {
        Ok(linked) => call_entry(&mut store, &linked, &inputs, outputs, &limits),
        Err(exit) => exit,
    };
    let refused_memory = store.data().state.limiter.refused;
    let RunHost { workspace, objects, cluster, repositories, forges, notes, summary, rejected, .. } =
        store.into_data();
    let mut objects = objects.into_changes();
    objects.append(&mut cluster.into_changes());
    let (mut branches, diff) = repositories.into_changes();
    objects.append(&mut branches);
    objects.append(&mut forges.into_changes());
    let exit = match exit {
        GuestExit::Trapped(_) if refused_memory => {
            GuestExit::Limit(format!("the component wanted more than its {} MiB of memory", limits.memory_mb))
        }
        exit => exit,
    };
    let printed = printed.contents().to_vec();
    GuestResult {
        exit,
        data: Some(GuestData { workspace, objects, diff, notes, summary, printed, rejected }),
    }
}

/// Links the component to the granted capabilities.
fn link_component(
    pool: JobPool,
    parallel: &ParallelFunctions,
    granted: &[Capability],
) -> Result<InstancePre<RunHost>, GuestExit> {
    let component = pool.component.clone();
    let link_bug = |error| GuestExit::Bug(format!("cannot link the interfaces of the host: {error:#}"));
    let mut linker = link::linker(&pool.engine, granted).map_err(link_bug)?;
    parallel::add(&mut linker, parallel, pool).map_err(link_bug)?;
    linker.instantiate_pre(&component).map_err(|error| GuestExit::Unlinked(format!("{error:#}")))
}

/// Instantiates the component and calls its `run`.
fn call_entry(
    store: &mut Store<RunHost>,
    linked: &InstancePre<RunHost>,
    inputs: &Inputs,
    outputs: &[Field],
    limits: &Limits,
) -> GuestExit {
    let instance = match linked.instantiate(&mut *store) {
        Ok(instance) => instance,
        Err(error) => return GuestExit::from_error(&error),
    };
    let Some(run) = instance.get_func(&mut *store, ENTRY) else {
        return GuestExit::Bug(format!("the component exports no `{ENTRY}`"));
    };
    let Some(params) = read_params(&run, store, inputs) else {
        return GuestExit::Bug("the inputs do not match the types of the component".into());
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

fn read_params(run: &Func, store: &Store<RunHost>, inputs: &Inputs) -> Option<Val> {
    let ty = run.ty(store);
    let (_, record) = ty.params().next()?;
    let record: Type = record;
    let fields = inputs.iter().map(|(name, value)| (name.clone(), value.clone()));
    value::to_val(&Value::Object(fields.collect::<Map<_, _>>()), &record)
}

/// Reads `result<outputs, failure>`; loading has checked this type. First it checks the weight: a value that is small in the
/// component can take much memory in the host.
fn read_result(result: Val, types: &[Field], limits: &Limits) -> GuestExit {
    if value::weight(&result) > limits.output_bytes {
        return GuestExit::Limit(format!(
            "the result of the component has more than {} bytes",
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
    GuestExit::Trapped("the component returned a value that JSON cannot represent, such as NaN".into())
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
