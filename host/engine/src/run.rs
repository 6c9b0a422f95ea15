//! One run of a step: the sandbox is set up, the component called, its values turned into ours. It never
//! decides when the time is up; [`crate::watch`] does.

use crate::host::{Host, Live};
use crate::limiter::Limiter;
use crate::load::{ENTRY, Step};
use crate::{link, value, watch};
use lockstep_caps::workspace::Workspace;
use lockstep_model::call::Capability;
use lockstep_model::exit::Exit;
use lockstep_model::gate::Gate;
use lockstep_model::inputs::Inputs;
use lockstep_model::limits::Limits;
use lockstep_model::outputs::{self, Output};
use lockstep_model::report::{Block, Ending, Location, Note};
use lockstep_model::types::Field;
use serde_json::{Map, Value};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use wasmtime::component::types::Type;
use wasmtime::component::{Component, Func, ResourceTable, Val};
use wasmtime::{Engine, Store, Trap, UpdateDeadline};
use wasmtime_wasi::p2::pipe::MemoryOutputPipe;
use wasmtime_wasi::{I32Exit, WasiCtx};

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
    /// Who hears what the component says while it runs.
    pub live: Box<dyn Live>,
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
    let (engine, component, stopped) = (step.engine.clone(), step.component.clone(), Arc::clone(&stop));
    let outputs = step.outputs.clone();
    watch::until_done(&step.engine, &gate, &stop, move || call(&engine, &component, setup, &outputs, stopped))
}

/// Calls the component on the current thread.
fn call(
    engine: &Engine,
    component: &Component,
    setup: Setup,
    outputs: &[Field],
    stop: Arc<AtomicBool>,
) -> Outcome {
    let Setup { inputs, granted, gate, workspace, live } = setup;
    let limits = *gate.limits();
    let printed = MemoryOutputPipe::new(limits.printed_bytes);
    let host = Host {
        workspace,
        live,
        notes: Vec::new(),
        summary: Vec::new(),
        rejected: None,
        limiter: Limiter::new(&limits),
        open_files: 0,
        wasi: wasi(&printed, &limits),
        table: table(&limits),
        gate,
    };
    let mut store = store(engine, host, &limits, stop);
    let ended = enter(&mut store, component, &granted, &inputs, outputs, &limits);
    let refused_memory = store.data().limiter.refused;
    let Host { workspace, notes, summary, rejected, .. } = store.into_data();
    let ended = match ended {
        Ended::Trapped(_) if refused_memory => {
            Ended::Limit(format!("the component wanted more than its {} MiB of memory", limits.memory_mb))
        }
        ended => ended,
    };
    let printed = printed.contents().to_vec();
    Outcome { ended, remains: Some(Remains { workspace, notes, summary, printed, rejected }) }
}

/// WASI over nothing: output is captured, everything else is empty or refused.
fn wasi(printed: &MemoryOutputPipe, limits: &Limits) -> WasiCtx {
    let mut builder = WasiCtx::builder();
    builder.stdout(printed.clone()).stderr(printed.clone());
    builder.max_random_size(limits.random_bytes);
    builder.allow_tcp(false).allow_udp(false).allow_ip_name_lookup(false);
    builder.build()
}

fn table(limits: &Limits) -> ResourceTable {
    let mut table = ResourceTable::new();
    table.set_max_capacity(limits.handles);
    table
}

fn store(engine: &Engine, host: Host, limits: &Limits, stop: Arc<AtomicBool>) -> Store<Host> {
    let mut store = Store::new(engine, host);
    store.limiter(|host| &mut host.limiter);
    store.set_hostcall_fuel(limits.hostcall_bytes);
    store.set_max_component_handles(limits.handles);
    store.set_epoch_deadline(1);
    store.epoch_deadline_callback(move |_| {
        if stop.load(Ordering::Relaxed) {
            Ok(UpdateDeadline::Interrupt)
        } else {
            Ok(UpdateDeadline::Continue(1))
        }
    });
    store
}

/// Instantiates the component and calls its `run`.
fn enter(
    store: &mut Store<Host>,
    component: &Component,
    granted: &[Capability],
    inputs: &Inputs,
    outputs: &[Field],
    limits: &Limits,
) -> Ended {
    let linker = match link::linker(store.engine(), granted) {
        Ok(linker) => linker,
        Err(error) => return Ended::Bug(format!("the host's interfaces do not fit together: {error:#}")),
    };
    let linked = match linker.instantiate_pre(component) {
        Ok(linked) => linked,
        Err(error) => return Ended::Unlinked(format!("{error:#}")),
    };
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
        "limit" => Exit::Limit,
        _ => return None,
    };
    let at = failure.get("at").filter(|at| !at.is_null()).map(|at| Location {
        path: at["path"].as_str().unwrap_or_default().to_owned(),
        line: at["line"].as_u64().and_then(|line| line.try_into().ok()),
        column: at["column"].as_u64().and_then(|column| column.try_into().ok()),
    });
    Some(Ending { exit, code: text("code")?, message: text("message")?, hint: text("hint"), at })
}

/// Why a call did not return. The stop of the watch looks like a trap; it knows its own reason.
fn broke_off(error: &wasmtime::Error) -> Ended {
    if let Some(exit) = error.downcast_ref::<I32Exit>() {
        return Ended::Trapped(format!("the component called exit({}) instead of returning", exit.0));
    }
    match error.downcast_ref::<Trap>() {
        Some(Trap::StackOverflow) => Ended::Limit("the component used up its stack".into()),
        Some(trap) => Ended::Trapped(format!("the component broke off: {trap}")),
        None => Ended::Limit(format!("the component broke off: {error:#}")),
    }
}
