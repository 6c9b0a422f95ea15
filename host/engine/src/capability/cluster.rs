//! The host's side of `wit/cluster.wit`.

use crate::bindings::{cluster as wit, types};
use crate::handles::WatcherHandle;
use crate::host::{Host, HostResult, to_error, to_outcome};
use lockstep_cluster::{Cluster, ConfigEntry, Event, Selector, WatchEvent};
use lockstep_model::call::{Answer, CallError, CallRequest, Outcome, RawTarget};
use lockstep_model::capability::Capability;
use lockstep_model::gate::Permit;
use wasmtime::component::Resource;

impl wit::Host for Host {
    fn get(&mut self, object: wit::ObjectRef) -> HostResult<String> {
        let target = named_object(&object);
        let request = on_cluster("get", RawTarget::Resource(&target));
        let answer = self.gate.call(request, |permit| self.cluster.get(permit));
        self.report_cluster_warnings();
        self.answer(answer)
    }

    fn watch(&mut self, selections: Vec<wit::Selection>) -> HostResult<Resource<WatcherHandle>> {
        let (targets, selectors): (Vec<_>, Vec<_>) = selections.into_iter().map(read_selection).unzip();
        let request = on_cluster("watch", RawTarget::Resources(&targets));
        let Self { gate, cluster, confines, .. } = self;
        let watcher = gate.call(request, |permit| {
            let following = cluster.watch(permit, &selectors)?.value;
            let too_many = |_| CallError::LimitExceeded("more handles than a component may hold".into());
            confines.table.push(WatcherHandle(following)).map(Answer::plain).map_err(too_many)
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
        let target = named(&namespace, "Pod", &pod);
        let request = on_cluster("logs", RawTarget::Resource(&target));
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
        let target = named_object(&object);
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
        let target = named_object(&object);
        self.change("scale", &target, |cluster, permit| cluster.scale(permit, &resource_version, replicas))
    }

    fn suspend(
        &mut self,
        object: wit::ObjectRef,
        resource_version: String,
        suspended: bool,
    ) -> HostResult<types::Outcome> {
        let target = named_object(&object);
        self.change("suspend", &target, |cluster, permit| {
            cluster.suspend(permit, &resource_version, suspended)
        })
    }

    fn evict(&mut self, namespace: String, pod: String, uid: String) -> HostResult<types::Outcome> {
        let target = named(&namespace, "Pod", &pod);
        self.change("evict", &target, |cluster, permit| cluster.evict(permit, &uid))
    }

    fn put_config_map(
        &mut self,
        namespace: String,
        name: String,
        resource_version: Option<String>,
        entries: Vec<wit::ConfigEntry>,
    ) -> HostResult<types::Outcome> {
        let target = named(&namespace, "ConfigMap", &name);
        let entry = |wit::ConfigEntry { key, value }| ConfigEntry { key, value };
        let entries: Vec<_> = entries.into_iter().map(entry).collect();
        self.change("put-config-map", &target, |cluster, permit| {
            cluster.put_config_map(permit, resource_version.as_deref(), &entries)
        })
    }
}

impl Host {
    /// Notes the warnings of the client.
    fn report_cluster_warnings(&mut self) {
        for message in self.cluster.warnings() {
            self.warn(message);
        }
    }

    /// A call that changes an object.
    fn change(
        &mut self,
        function: &'static str,
        target: &str,
        change: impl FnOnce(&mut Cluster, &Permit) -> Result<Answer<Outcome>, CallError>,
    ) -> HostResult<types::Outcome> {
        let request = on_cluster(function, RawTarget::Resource(target));
        let outcome = self.gate.call(request, |permit| change(&mut self.cluster, permit));
        self.report_cluster_warnings();
        self.answer(outcome.map(to_outcome))
    }
}

impl wit::HostWatcher for Host {
    fn next(
        &mut self,
        watcher: Resource<WatcherHandle>,
        timeout_ms: u32,
    ) -> HostResult<Vec<wit::WatchEvent>> {
        let Self { gate, cluster, confines, .. } = self;
        let WatcherHandle(following) = confines.table.get_mut(&watcher)?;
        let request = on_cluster("next", RawTarget::Staged);
        let changes = gate.call_on(request, |_| cluster.next(following, timeout_ms).map(Answer::plain));
        self.report_cluster_warnings();
        self.answer(changes.map(|changes| changes.into_iter().map(to_watch_event).collect()))
    }

    fn drop(&mut self, watcher: Resource<WatcherHandle>) -> wasmtime::Result<()> {
        self.confines.table.delete(watcher)?;
        Ok(())
    }
}

/// The name of one object. What stands in a part cannot become another part: the gate counts them.
fn named(namespace: &str, kind: &str, name: &str) -> String {
    format!("{namespace}/{kind}/{name}")
}

fn on_cluster<'a>(function: &'static str, target: RawTarget<'a>) -> CallRequest<'a> {
    CallRequest::new(Capability::Cluster, function, target)
}

fn named_object(object: &wit::ObjectRef) -> String {
    named(&object.namespace, &object.kind, &object.name)
}

fn read_selection(selection: wit::Selection) -> (String, Selector) {
    let wit::Selection { namespace, kind, name, label_selector, field_selector } = selection;
    (named(&namespace, &kind, name.as_deref().unwrap_or("*")), Selector { label_selector, field_selector })
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
