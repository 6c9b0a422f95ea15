//! The functions that a component runs on all cores. An import `NAME: func(list<T>) -> list<U>` of an interface
//! `parallel` in the component's own package is answered by its own export `NAME: func(T) -> U`, once for each item,
//! in instances that reach nothing at all. It never links such an instance to the run's host.

use crate::confines::{self, Confined, Confines};
use crate::guest::{GuestExit, GuestExitError};
use crate::host::Host;
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
pub(crate) type Functions = BTreeMap<String, Vec<String>>;

/// The interface of parallel functions.
pub(crate) const PARALLEL: &str = "parallel";
/// The interface of the types that a step shares between its others.
pub(crate) const TYPES: &str = "types";

/// Whether the import is an interface of this name in a package of the component's own.
pub(crate) fn is_own(import: &str, interface: &str) -> bool {
    let path = import.split_once('@').map_or(import, |(path, _)| path);
    let foreign = ["wasi:", "lockstep:step/"].iter().any(|package| path.starts_with(package));
    !foreign && path.rsplit_once('/').is_some_and(|(_, name)| name == interface)
}

/// The functions of such an interface. The error is the name of one that no export answers.
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
                    Some(ComponentItem::ComponentFunc(export)) if answers(&export, &import) => {
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

/// Whether the export does for one item what the import does for a list, and both with plain data.
fn answers(export: &ComponentFunc, import: &ComponentFunc) -> bool {
    let (Some((job, answer)), Some((jobs, answers))) = (signature(export), signature(import)) else {
        return false;
    };
    let plain = value::is_plain(&job) && value::is_plain(&answer);
    match (jobs, answers) {
        (Type::List(jobs), Type::List(answers)) => plain && jobs.ty() == job && answers.ty() == answer,
        _ => false,
    }
}

/// The one parameter and the one result.
fn signature(function: &ComponentFunc) -> Option<(Type, Type)> {
    let (mut params, mut results) = (function.params(), function.results());
    match (params.next(), params.next(), results.next(), results.next()) {
        (Some((_, param)), None, Some(result), None) => Some((param, result)),
        _ => None,
    }
}

/// What the instances of a run share.
pub(crate) struct Pool {
    pub(crate) engine: Engine,
    pub(crate) component: Component,
    pub(crate) gate: Arc<Gate>,
    pub(crate) stop: Arc<AtomicBool>,
    pub(crate) printed: MemoryOutputPipe,
}

/// A job called what it cannot reach.
#[derive(Debug, thiserror::Error)]
#[error("called `{0}`: jobs reach nothing, they take and give data")]
struct Reached(String);

/// All that an instance for jobs holds: no file, no report, nothing to reach.
struct Worker(Confines);

impl Confined for Worker {
    fn confines(&mut self) -> &mut Confines {
        &mut self.0
    }
}

impl WasiView for Worker {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        self.0.view()
    }
}

/// Links the functions into the linker of a run.
pub(crate) fn add(linker: &mut Linker<Host>, functions: &Functions, pool: Pool) -> wasmtime::Result<()> {
    let pool = Arc::new(pool);
    for (interface, names) in functions {
        let mut instance = linker.instance(interface)?;
        for name in names {
            let (pool, export) = (Arc::clone(&pool), name.clone());
            instance.func_new(name, move |_, _, params, results| {
                let ([Val::List(jobs)], [result]) = (params, results) else {
                    return Err(GuestExitError(GuestExit::Bug(format!("`{export}` has another form"))).into());
                };
                *result = Val::List(pool.run(&export, jobs).map_err(GuestExitError)?);
                Ok(())
            })?;
        }
    }
    Ok(())
}

impl Pool {
    /// Runs the export for every job and gives the answers in the order of the jobs. Of several jobs that fail
    /// the first one counts.
    fn run(&self, export: &str, jobs: &[Val]) -> Result<Vec<Val>, GuestExit> {
        self.gate.admit_jobs(jobs.len()).map_err(|error| GuestExit::Limit(error.to_string()))?;
        let linked = self.linked()?;
        let batch = Batch {
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
                builder.spawn_scoped(scope, || batch.work())
            };
            let workers: Vec<_> = (0..threads).map(spawn).collect();
            let mut done = Vec::with_capacity(jobs.len());
            for worker in workers {
                let worker =
                    worker.map_err(|error| GuestExit::Bug(format!("no thread for a job: {error}")))?;
                done.extend(
                    worker.join().map_err(|_| GuestExit::Bug("the thread of a job broke off".into()))?,
                );
            }
            Ok(done)
        })?;
        done.sort_by_key(|(index, _)| *index);
        done.into_iter().map(|(_, answer)| answer).collect()
    }

    /// The component over nothing.
    fn linked(&self) -> Result<InstancePre<Worker>, GuestExit> {
        let link = || {
            let mut linker = Linker::new(&self.engine);
            link::add_wasi(&mut linker)?;
            self.add_nothing(&mut linker)?;
            linker.instantiate_pre(&self.component)
        };
        link().map_err(|error| GuestExit::Bug(format!("the component does not fit over nothing: {error:#}")))
    }

    /// Something to instantiate over for all that is not WASI. Each of its functions ends the run.
    fn add_nothing(&self, linker: &mut Linker<Worker>) -> wasmtime::Result<()> {
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
                        instance.func_new(name, move |_, _, _, _| Err(Reached(call.clone()).into()))?;
                    }
                    ComponentItem::Resource(_) => {
                        instance.resource(name, ResourceType::host::<Worker>(), |_, _| Ok(()))?;
                    }
                    _ => {}
                }
            }
        }
        Ok(())
    }

    fn worker(&self) -> Store<Worker> {
        let limits = self.gate.limits();
        let confines = Confines::new(limits, limits.job_memory_mb(), &self.printed);
        confines::store(&self.engine, Worker(confines), limits, Arc::clone(&self.stop))
    }
}

/// The jobs of one call.
struct Batch<'a> {
    pool: &'a Pool,
    linked: &'a InstancePre<Worker>,
    export: &'a str,
    jobs: &'a [Val],
    next: AtomicUsize,
    weight: AtomicUsize,
}

impl Batch<'_> {
    /// Does jobs until there are none left, or one fails.
    fn work(&self) -> Vec<(usize, Result<Val, GuestExit>)> {
        let mut store = self.pool.worker();
        let mut done = Vec::new();
        let mut entry = None;
        loop {
            let index = self.next.fetch_add(1, Ordering::Relaxed);
            let Some(job) = self.jobs.get(index) else {
                return done;
            };
            let answer = self.answer(&mut store, &mut entry, job);
            let failed = answer.is_err();
            done.push((index, answer));
            if failed {
                // Nobody begins another job; those with a lower number have begun already.
                self.next.store(self.jobs.len(), Ordering::Relaxed);
                return done;
            }
        }
    }

    fn answer(
        &self,
        store: &mut Store<Worker>,
        entry: &mut Option<Func>,
        job: &Val,
    ) -> Result<Val, GuestExit> {
        let ended = |store: &Store<Worker>, error: wasmtime::Error| match GuestExit::from_error(&error) {
            GuestExit::Trapped(_) if store.data().0.limiter.refused => {
                let most = self.pool.gate.limits().job_memory_mb();
                GuestExit::Limit(format!("a job of `{}` wanted more than {most} MiB of memory", self.export))
            }
            GuestExit::Limit(_) if error.is::<Reached>() => {
                GuestExit::Trapped(format!("a job of `{}` {error}", self.export))
            }
            ended => ended,
        };
        let function = match entry {
            Some(function) => *function,
            None => {
                let instance = self.linked.instantiate(&mut *store).map_err(|error| ended(store, error))?;
                let function = instance.get_func(&mut *store, self.export);
                *entry.insert(function.ok_or_else(|| GuestExit::Bug(format!("`{}` is gone", self.export)))?)
            }
        };
        let mut answer = [Val::Bool(false)];
        let called = function.call(&mut *store, std::slice::from_ref(job), &mut answer);
        called.map_err(|error| ended(store, error))?;
        let [answer] = answer;
        let most = self.pool.gate.limits().hostcall_bytes;
        let weight = value::weight(&answer);
        if self.weight.fetch_add(weight, Ordering::Relaxed).saturating_add(weight) > most {
            return Err(GuestExit::Limit(format!(
                "the answers of `{}` have more than {most} bytes",
                self.export
            )));
        }
        Ok(answer)
    }
}
