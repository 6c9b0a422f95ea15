//! The host's side of `cluster`: each function turns the component's words into a request, passes the gate and hands back
//! the answer. No decision is taken here and no effect happens here.

use crate::host::bindings::lockstep::step::cluster as wit;
use crate::host::bindings::lockstep::step::types::Error;
use crate::host::{Host, to_error};
use lockstep_cluster::{Change, Cluster, Effect, Entry, Following, Selector, What};
use lockstep_model::call::{Answer, CallError, Capability, RawTarget, Request};
use lockstep_model::gate::Permit;
use wasmtime::Result;
use wasmtime::component::Resource;

/// Objects that a component follows.
pub struct Watcher(Following);

type Told<T> = Result<std::result::Result<T, Error>>;

impl wit::Host for Host {
    fn get(&mut self, namespace: String, kind: String, name: String) -> Told<String> {
        let target = named(&namespace, &kind, &name);
        let request = on_cluster("get", "read", RawTarget::Resource(&target));
        let answer = self.gate.call(request, |permit| self.cluster.get(permit));
        self.hear_cluster();
        self.told(answer)
    }

    fn watch(&mut self, selections: Vec<wit::Selection>) -> Told<Resource<Watcher>> {
        let (targets, selectors): (Vec<_>, Vec<_>) = selections.into_iter().map(read_selection).unzip();
        let request = on_cluster("watch", "read", RawTarget::Resources(&targets));
        let Self { gate, cluster, confines, .. } = self;
        let watcher = gate.call(request, |permit| {
            let following = cluster.watch(permit, &selectors)?.value;
            let too_many = |_| CallError::Limit("more handles than a component may hold".into());
            confines.table.push(Watcher(following)).map(Answer::plain).map_err(too_many)
        });
        self.hear_cluster();
        self.told(watcher)
    }

    fn logs(
        &mut self,
        namespace: String,
        pod: String,
        container: String,
        previous: bool,
        lines: u32,
    ) -> Told<String> {
        let target = named(&namespace, "Pod", &pod);
        let request = on_cluster("logs", "logs", RawTarget::Resource(&target));
        let logs = self.gate.call(request, |permit| self.cluster.logs(permit, &container, previous, lines));
        self.hear_cluster();
        self.told(logs)
    }

    fn rollback(
        &mut self,
        namespace: String,
        kind: String,
        name: String,
        version: String,
        revision: u64,
    ) -> Told<wit::Effect> {
        let target = named(&namespace, &kind, &name);
        self.change("rollback", &target, |cluster, permit| cluster.rollback(permit, &version, revision))
    }

    fn scale(
        &mut self,
        namespace: String,
        kind: String,
        name: String,
        version: String,
        replicas: u32,
    ) -> Told<wit::Effect> {
        let target = named(&namespace, &kind, &name);
        self.change("scale", &target, |cluster, permit| cluster.scale(permit, &version, replicas))
    }

    fn suspend(
        &mut self,
        namespace: String,
        kind: String,
        name: String,
        version: String,
        suspended: bool,
    ) -> Told<wit::Effect> {
        let target = named(&namespace, &kind, &name);
        self.change("suspend", &target, |cluster, permit| cluster.suspend(permit, &version, suspended))
    }

    fn evict(&mut self, namespace: String, pod: String, uid: String) -> Told<wit::Effect> {
        let target = named(&namespace, "Pod", &pod);
        self.change("evict", &target, |cluster, permit| cluster.evict(permit, &uid))
    }

    fn keep(
        &mut self,
        namespace: String,
        name: String,
        version: Option<String>,
        entries: Vec<wit::Entry>,
    ) -> Told<wit::Effect> {
        let target = named(&namespace, "ConfigMap", &name);
        let entry = |wit::Entry { key, text }| Entry { key, text };
        let entries: Vec<_> = entries.into_iter().map(entry).collect();
        self.change("keep", &target, |cluster, permit| cluster.keep(permit, version.as_deref(), &entries))
    }
}

impl Host {
    /// Passes on what the way into the cluster gave reason to warn of.
    fn hear_cluster(&mut self) {
        for message in self.cluster.warnings() {
            self.warn(message);
        }
    }

    /// A call that changes an object; the right that it takes is called like the function.
    fn change(
        &mut self,
        verb: &'static str,
        target: &str,
        change: impl FnOnce(&mut Cluster, &Permit) -> std::result::Result<Answer<Effect>, CallError>,
    ) -> Told<wit::Effect> {
        let request = on_cluster(verb, verb, RawTarget::Resource(target));
        let effect = self.gate.call(request, |permit| change(&mut self.cluster, permit));
        self.hear_cluster();
        let effect = effect.map(|effect| match effect {
            Effect::Made => wit::Effect::Made,
            Effect::Planned => wit::Effect::Planned,
        });
        self.told(effect)
    }
}

impl wit::HostWatcher for Host {
    fn next(&mut self, watcher: Resource<Watcher>, patience: u32) -> Told<Vec<wit::Change>> {
        let Self { gate, cluster, confines, .. } = self;
        let Watcher(following) = confines.table.get_mut(&watcher)?;
        let request = Request { right: None, ..on_cluster("next", "read", RawTarget::Staged) };
        let changes = gate.call_on(request, |_| cluster.next(following, patience).map(Answer::plain));
        self.hear_cluster();
        self.told(changes.map(|changes| changes.into_iter().map(to_change).collect()))
    }

    fn drop(&mut self, watcher: Resource<Watcher>) -> Result<()> {
        self.confines.table.delete(watcher)?;
        Ok(())
    }
}

/// The name of one object. What stands in a part cannot become another part: the gate counts them.
fn named(namespace: &str, kind: &str, name: &str) -> String {
    format!("{namespace}/{kind}/{name}")
}

fn on_cluster<'a>(verb: &'static str, right: &'static str, target: RawTarget<'a>) -> Request<'a> {
    Request { capability: Capability::Cluster, verb, right: Some(right), target, source: None }
}

fn read_selection(selection: wit::Selection) -> (String, Selector) {
    let wit::Selection { namespace, kind, name, labels, fields } = selection;
    (named(&namespace, &kind, name.as_deref().unwrap_or("*")), Selector { labels, fields })
}

fn to_change(change: Change) -> wit::Change {
    let event = match change.what {
        What::Present(json) => wit::Event::Present(json),
        What::Gone(uid) => wit::Event::Gone(uid),
        What::Complete => wit::Event::Complete,
        What::Interrupted(text) => wit::Event::Interrupted(text),
        What::Failed(error) => wit::Event::Failed(to_error(error)),
    };
    wit::Change { of: change.of, event }
}
