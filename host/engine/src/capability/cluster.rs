//! The host functions of `wit/cluster.wit`.

use crate::bindings::{cluster as wit, types};
use crate::handles::WatcherHandle;
use crate::host::{HostResult, RunHost, to_error, to_outcome};
use lockstep_cluster::{Cluster, ConfigEntry, Event, Selector, WatchEvent};
use lockstep_model::call::{Answer, CallError, CallRequest, Outcome, RawTarget};
use lockstep_model::capability::Capability;
use lockstep_model::gate::Permit;
use wasmtime::component::Resource;

impl wit::Host for RunHost {
    fn get(&mut self, object: wit::ObjectRef) -> HostResult<String> {
        let target = object_name(&object);
        let request = cluster_request("get", RawTarget::Resource(&target));
        let answer = self.gate.call(request, |permit| self.cluster.get(permit));
        self.report_cluster_warnings();
        self.answer(answer)
    }

    fn watch(&mut self, selections: Vec<wit::Selection>) -> HostResult<Resource<WatcherHandle>> {
        let (targets, selectors): (Vec<_>, Vec<_>) = selections.into_iter().map(read_selection).unzip();
        let request = cluster_request("watch", RawTarget::Resources(&targets));
        let Self { gate, cluster, state, .. } = self;
        let watcher = gate.call(request, |permit| {
            let watch = cluster.watch(permit, &selectors)?.value;
            let too_many = |_| CallError::LimitExceeded("more handles than a component may hold".into());
            state.table.push(WatcherHandle(watch)).map(Answer::plain).map_err(too_many)
        });
        self.report_cluster_warnings();
        self.answer(watcher)
    }

    fn logs(
        &mut self,
        namespace: String,
        pod: String,
        container: String,
        previous: bool,
        tail_lines: u32,
    ) -> HostResult<String> {
        let target = resource_name(&namespace, "Pod", &pod);
        let request = cluster_request("logs", RawTarget::Resource(&target));
        let logs =
            self.gate.call(request, |permit| self.cluster.logs(permit, &container, previous, tail_lines));
        self.report_cluster_warnings();
        self.answer(logs)
    }

    fn rollback(
        &mut self,
        object: wit::ObjectRef,
        resource_version: String,
        revision: u64,
    ) -> HostResult<types::Outcome> {
        let target = object_name(&object);
        self.change("rollback", &target, |cluster, permit| {
            cluster.rollback(permit, &resource_version, revision)
        })
    }

    fn scale(
        &mut self,
        object: wit::ObjectRef,
        resource_version: String,
        replicas: u32,
    ) -> HostResult<types::Outcome> {
        let target = object_name(&object);
        self.change("scale", &target, |cluster, permit| cluster.scale(permit, &resource_version, replicas))
    }

    fn suspend(
        &mut self,
        object: wit::ObjectRef,
        resource_version: String,
        suspended: bool,
    ) -> HostResult<types::Outcome> {
        let target = object_name(&object);
        self.change("suspend", &target, |cluster, permit| {
            cluster.suspend(permit, &resource_version, suspended)
        })
    }

    fn evict(&mut self, namespace: String, pod: String, uid: String) -> HostResult<types::Outcome> {
        let target = resource_name(&namespace, "Pod", &pod);
        self.change("evict", &target, |cluster, permit| cluster.evict(permit, &uid))
    }

    fn put_config_map(
        &mut self,
        namespace: String,
        name: String,
        resource_version: Option<String>,
        entries: Vec<wit::ConfigEntry>,
    ) -> HostResult<types::Outcome> {
        let target = resource_name(&namespace, "ConfigMap", &name);
        let entry = |wit::ConfigEntry { key, value }| ConfigEntry { key, value };
        let entries: Vec<_> = entries.into_iter().map(entry).collect();
        self.change("put-config-map", &target, |cluster, permit| {
            cluster.put_config_map(permit, resource_version.as_deref(), &entries)
        })
    }
}

impl RunHost {
    /// Writes the warnings of the client to the log.
    fn report_cluster_warnings(&mut self) {
        for message in self.cluster.warnings() {
            self.warn(message);
        }
    }

    /// Passes a call that changes an object.
    fn change(
        &mut self,
        function: &'static str,
        target: &str,
        change: impl FnOnce(&mut Cluster, &Permit) -> Result<Answer<Outcome>, CallError>,
    ) -> HostResult<types::Outcome> {
        let request = cluster_request(function, RawTarget::Resource(target));
        let outcome = self.gate.call(request, |permit| change(&mut self.cluster, permit));
        self.report_cluster_warnings();
        self.answer(outcome.map(to_outcome))
    }
}

impl wit::HostWatcher for RunHost {
    fn next(
        &mut self,
        watcher: Resource<WatcherHandle>,
        timeout_ms: u32,
    ) -> HostResult<Vec<wit::WatchEvent>> {
        let Self { gate, cluster, state, .. } = self;
        let WatcherHandle(watch) = state.table.get_mut(&watcher)?;
        let request = cluster_request("next", RawTarget::Staged);
        let changes = gate.call_on(request, |_| cluster.next(watch, timeout_ms).map(Answer::plain));
        self.report_cluster_warnings();
        self.answer(changes.map(|changes| changes.into_iter().map(to_watch_event).collect()))
    }

    fn drop(&mut self, watcher: Resource<WatcherHandle>) -> wasmtime::Result<()> {
        self.state.table.delete(watcher)?;
        Ok(())
    }
}

/// The name of one object. The gate counts the parts, so a slash in one of them makes no further part.
fn resource_name(namespace: &str, kind: &str, name: &str) -> String {
    format!("{namespace}/{kind}/{name}")
}

fn cluster_request<'a>(function: &'static str, target: RawTarget<'a>) -> CallRequest<'a> {
    CallRequest::new(Capability::Cluster, function, target)
}

fn object_name(object: &wit::ObjectRef) -> String {
    resource_name(&object.namespace, &object.kind, &object.name)
}

fn read_selection(selection: wit::Selection) -> (String, Selector) {
    let wit::Selection { namespace, kind, name, label_selector, field_selector } = selection;
    (
        resource_name(&namespace, &kind, name.as_deref().unwrap_or("*")),
        Selector { label_selector, field_selector },
    )
}

fn to_watch_event(event: WatchEvent) -> wit::WatchEvent {
    let selection = event.selection;
    let event = match event.event {
        Event::Updated(json) => wit::Event::Updated(json),
        Event::Deleted(uid) => wit::Event::Deleted(uid),
        Event::Synced => wit::Event::Synced,
        Event::Interrupted(text) => wit::Event::Interrupted(text),
        Event::Failed(error) => wit::Event::Failed(to_error(error)),
    };
    wit::WatchEvent { selection, event }
}
