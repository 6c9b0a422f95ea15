//! The functions that a component runs on all cores. If a component calls its import `NAME: func(list<T>) -> list<U>` of an
//! interface `parallel` in its own package, the host calls its export `NAME: func(T) -> U` once for each item, in other
//! instances. Those instances have no capabilities: this module never links them to the host of the run.

use crate::guest::{GuestExit, GuestExitError};
use crate::host::RunHost;
use crate::store_state::{self, HasStoreState, StoreState};
use crate::{link, value};
use lockstep_model::gate::Gate;
use lockstep_model::limits::Limits;
use std::collections::BTreeMap;
use std::num::NonZero;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use wasmtime::component::types::{ComponentFunc, ComponentInstance, ComponentItem, Type};
use wasmtime::component::{Component, Func, InstancePre, Linker, ResourceType, Val};
use wasmtime::{Engine, Store};
use wasmtime_wasi::p2::pipe::MemoryOutputPipe;
use wasmtime_wasi::{WasiCtxView, WasiView};

/// The names of the functions, by the full name of their interface.
pub(crate) type ParallelFunctions = BTreeMap<String, Vec<String>>;

/// The name of the interface of parallel functions.
pub(crate) const PARALLEL: &str = "parallel";
/// The name of the interface of types that other interfaces of a step use.
pub(crate) const TYPES: &str = "types";

/// Whether an import is an interface of this name in the component's own package.
pub(crate) fn is_own_interface(import: &str, interface: &str) -> bool {
    let path = import.split_once('@').map_or(import, |(path, _)| path);
    let foreign = ["wasi:", "lockstep:step/"].iter().any(|package| path.starts_with(package));
    !foreign && path.rsplit_once('/').is_some_and(|(_, name)| name == interface)
}

/// Lists the functions of an interface `parallel`. The error is the name of one without an export that implements it.
pub(crate) fn functions(
    engine: &Engine,
    component: &Component,
    interface: &ComponentInstance,
) -> Result<Vec<String>, String> {
    let mut names = Vec::new();
    for (name, item) in interface.exports(engine) {
        match item.ty {
            ComponentItem::ComponentFunc(import) => {
                let export = component.component_type().get_export(engine, name).map(|item| item.ty);
                match export {
                    Some(ComponentItem::ComponentFunc(export)) if does_implement(&export, &import) => {
                        names.push(name.to_owned());
                    }
                    _ => return Err(name.to_owned()),
                }
            }
            ComponentItem::Type(_) => {}
            _ => return Err(name.to_owned()),
        }
    }
    Ok(names)
}

/// Whether the import has the type of the export with a list for each item, and both take and return plain data.
fn does_implement(export: &ComponentFunc, import: &ComponentFunc) -> bool {
    let (Some((job, answer)), Some((jobs, answers))) = (signature(export), signature(import)) else {
        return false;
    };
    let plain = value::is_plain(&job) && value::is_plain(&answer);
    match (jobs, answers) {
        (Type::List(jobs), Type::List(answers)) => plain && jobs.ty() == job && answers.ty() == answer,
        _ => false,
    }
}

/// The types of the parameter and the result; none if a function does not have one of each.
fn signature(function: &ComponentFunc) -> Option<(Type, Type)> {
    let (mut params, mut results) = (function.params(), function.results());
    match (params.next(), params.next(), results.next(), results.next()) {
        (Some((_, param)), None, Some(result), None) => Some((param, result)),
        _ => None,
    }
}

/// The data for all job instances of a run.
pub(crate) struct JobPool {
    pub(crate) engine: Engine,
    pub(crate) component: Component,
    pub(crate) gate: Arc<Gate>,
    pub(crate) stop: Arc<AtomicBool>,
    pub(crate) printed: MemoryOutputPipe,
}

/// A job called a function that job instances do not have.
#[derive(Debug, thiserror::Error)]
#[error("called `{0}`: jobs have no capabilities")]
struct UnlinkedCall(String);

/// The host's state of a job instance: no file, no report and no capability.
struct JobHost(StoreState);

impl HasStoreState for JobHost {
    fn store_state(&mut self) -> &mut StoreState {
        &mut self.0
    }
}

impl WasiView for JobHost {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        self.0.wasi_view()
    }
}

/// Links the parallel functions into the linker of a run.
pub(crate) fn add(
    linker: &mut Linker<RunHost>,
    functions: &ParallelFunctions,
    pool: JobPool,
) -> wasmtime::Result<()> {
    let pool = Arc::new(pool);
    for (interface, names) in functions {
        let mut instance = linker.instance(interface)?;
        for name in names {
            let (pool, export) = (Arc::clone(&pool), name.clone());
            instance.func_new(name, move |_, _, params, results| {
                let ([Val::List(jobs)], [result]) = (params, results) else {
                    return Err(GuestExitError(GuestExit::Bug(format!(
                        "the parallel function `{export}` has another type"
                    )))
                    .into());
                };
                *result = Val::List(pool.run(&export, jobs).map_err(GuestExitError)?);
                Ok(())
            })?;
        }
    }
    Ok(())
}

impl JobPool {
    /// Runs the export for each job and returns the answers in the order of the jobs. If several jobs fail, the exit is that
    /// of the first one.
    fn run(&self, export: &str, jobs: &[Val]) -> Result<Vec<Val>, GuestExit> {
        self.gate.admit_jobs(jobs.len()).map_err(|error| GuestExit::Limit(error.to_string()))?;
        let linked = self.link()?;
        let batch = JobBatch {
            pool: self,
            linked: &linked,
            export,
            jobs,
            next: AtomicUsize::new(0),
            weight: AtomicUsize::new(0),
        };
        let cores = thread::available_parallelism().map_or(1, NonZero::get);
        let threads = cores.min(Limits::PARALLEL).min(jobs.len());
        let mut done = thread::scope(|scope| {
            let spawn = |_| {
                let builder = thread::Builder::new()
                    .name("job".into())
                    .stack_size(lockstep_sandbox::THREAD_STACK_BYTES);
                builder.spawn_scoped(scope, || batch.run_jobs())
            };
            let workers: Vec<_> = (0..threads).map(spawn).collect();
            let mut done = Vec::with_capacity(jobs.len());
            for worker in workers {
                let worker =
                    worker.map_err(|error| GuestExit::Bug(format!("no thread for a job: {error}")))?;
                done.extend(
                    worker.join().map_err(|_| GuestExit::Bug("the thread of a job panicked".into()))?,
                );
            }
            Ok(done)
        })?;
        done.sort_by_key(|(index, _)| *index);
        done.into_iter().map(|(_, answer)| answer).collect()
    }

    /// Links the component to WASI and stubs.
    fn link(&self) -> Result<InstancePre<JobHost>, GuestExit> {
        let linked = || {
            let mut linker = Linker::new(&self.engine);
            link::add_wasi(&mut linker)?;
            self.add_stubs(&mut linker)?;
            linker.instantiate_pre(&self.component)
        };
        linked().map_err(|error| GuestExit::Bug(format!("cannot link the component for its jobs: {error:#}")))
    }

    /// Links a stub for each import that is not of WASI, so that the component can be instantiated. Each stub ends the run.
    fn add_stubs(&self, linker: &mut Linker<JobHost>) -> wasmtime::Result<()> {
        for (interface, item) in self.component.component_type().imports(&self.engine) {
            let ComponentItem::ComponentInstance(item) = item.ty else {
                continue;
            };
            if interface.starts_with("wasi:") {
                continue;
            }
            let mut instance = linker.instance(interface)?;
            for (name, item) in item.exports(&self.engine) {
                match item.ty {
                    ComponentItem::ComponentFunc(_) => {
                        let call = format!("{interface}#{name}");
                        instance.func_new(name, move |_, _, _, _| Err(UnlinkedCall(call.clone()).into()))?;
                    }
                    ComponentItem::Resource(_) => {
                        instance.resource(name, ResourceType::host::<JobHost>(), |_, _| Ok(()))?;
                    }
                    _ => {}
                }
            }
        }
        Ok(())
    }

    fn new_store(&self) -> Store<JobHost> {
        let limits = self.gate.limits();
        let state = StoreState::new(limits, limits.job_memory_mb(), &self.printed);
        store_state::new_store(&self.engine, JobHost(state), limits, Arc::clone(&self.stop))
    }
}

/// The jobs of one call.
struct JobBatch<'a> {
    pool: &'a JobPool,
    linked: &'a InstancePre<JobHost>,
    export: &'a str,
    jobs: &'a [Val],
    next: AtomicUsize,
    weight: AtomicUsize,
}

impl JobBatch<'_> {
    /// Runs jobs until none is left, or one fails.
    fn run_jobs(&self) -> Vec<(usize, Result<Val, GuestExit>)> {
        let mut store = self.pool.new_store();
        let mut done = Vec::new();
        let mut entry = None;
        loop {
            let index = self.next.fetch_add(1, Ordering::Relaxed);
            let Some(job) = self.jobs.get(index) else {
                return done;
            };
            let answer = self.run_job(&mut store, &mut entry, job);
            let failed = answer.is_err();
            done.push((index, answer));
            if failed {
                // No thread starts another job. The jobs with lower numbers have started already.
                self.next.store(self.jobs.len(), Ordering::Relaxed);
                return done;
            }
        }
    }

    fn run_job(
        &self,
        store: &mut Store<JobHost>,
        entry: &mut Option<Func>,
        job: &Val,
    ) -> Result<Val, GuestExit> {
        let exit = |store: &Store<JobHost>, error: wasmtime::Error| match GuestExit::from_error(&error) {
            GuestExit::Trapped(_) if store.data().0.limiter.refused => {
                let max = self.pool.gate.limits().job_memory_mb();
                GuestExit::Limit(format!("a job of `{}` wanted more than {max} MiB of memory", self.export))
            }
            GuestExit::Limit(_) if error.is::<UnlinkedCall>() => {
                GuestExit::Trapped(format!("a job of `{}` {error}", self.export))
            }
            exit => exit,
        };
        let function = match entry {
            Some(function) => *function,
            None => {
                let instance = self.linked.instantiate(&mut *store).map_err(|error| exit(store, error))?;
                let function = instance.get_func(&mut *store, self.export);
                *entry.insert(
                    function.ok_or_else(|| {
                        GuestExit::Bug(format!("the component exports no `{}`", self.export))
                    })?,
                )
            }
        };
        let mut answer = [Val::Bool(false)];
        let called = function.call(&mut *store, std::slice::from_ref(job), &mut answer);
        called.map_err(|error| exit(store, error))?;
        let [answer] = answer;
        let max = self.pool.gate.limits().hostcall_bytes;
        let weight = value::weight(&answer);
        if self.weight.fetch_add(weight, Ordering::Relaxed).saturating_add(weight) > max {
            return Err(GuestExit::Limit(format!(
                "the answers of `{}` have more than {max} bytes",
                self.export
            )));
        }
        Ok(answer)
    }
}
