//! Reads the saved sizes, and finds those whose objects no longer exist.

use std::collections::BTreeMap;

use lockstep_sdk::cluster::{ObjectRef, Selection};
use lockstep_sdk::report::Level;
use lockstep_sdk::text::plural;
use lockstep_sdk::{Clock, Cluster, Reporter, types};

use crate::failure::{Error, cluster_error};
use crate::list::{ListError, Lister};
use crate::messages::listed;
use crate::object::{Scalable, TargetKey, scalable};
use crate::saved::{CONFIG_MAP, Gone, entry_key, saved_sizes};
use crate::snapshot::Snapshot;

/// Adds the saved sizes of the namespaces of the targets.
pub(crate) fn add_saved_sizes(host: &mut impl Cluster, snapshot: &mut Snapshot) -> Result<(), Error> {
    let namespaces: BTreeMap<_, _> = snapshot
        .targets
        .iter()
        .map(|(key, target)| (key.namespace.clone(), target.input_namespace.clone()))
        .collect();
    for (namespace, input_namespace) in namespaces {
        let config_map = ObjectRef {
            namespace: input_namespace.clone(),
            kind: "ConfigMap".to_owned(),
            name: CONFIG_MAP.to_owned(),
        };
        match host.get(&config_map) {
            Ok(json) => {
                let (saved, invalid) = saved_sizes(&input_namespace, &json);
                for key in invalid {
                    let message =
                        format!("`{key}` in the ConfigMap `{CONFIG_MAP}` cannot be read and stays unchanged");
                    snapshot.notes.push((Level::Warning, message));
                }
                snapshot.saved.insert(namespace, saved);
            }
            Err(types::Error::NotFound(_)) => {}
            Err(error) => return Err(cluster_error(error)),
        }
    }
    Ok(())
}

/// Finds the saved sizes whose objects are gone. It asks for every object that the snapshot lacks, because the snapshot is
/// older than the saved sizes: another run may have saved the size of a new object in between.
pub(crate) fn find_gone<C: Clock, R: Reporter>(
    lister: &mut Lister<'_, C, R>,
    host: &mut impl Cluster,
    snapshot: &mut Snapshot,
) {
    for (selection, keys) in doubtful(snapshot) {
        let error = match lister.list(host, std::slice::from_ref(&selection)).map(|mut all| all.pop()) {
            Ok(Some(Ok(objects))) => {
                let objects = objects
                    .iter()
                    .filter_map(|json| scalable(&selection.kind, &selection.namespace, json))
                    .collect();
                compare(snapshot, keys, &objects);
                continue;
            }
            Ok(Some(Err(error))) | Err(ListError::Host(error)) => error.into_message(),
            Err(ListError::TimedOut(why)) => why,
            Ok(None) => continue,
        };
        let names: Vec<_> = keys.iter().map(TargetKey::title).collect();
        let kept = plural(keys.len(), "saved size");
        let message =
            format!("{error}; the step keeps {kept} of objects that may be gone: {}", listed(&names));
        snapshot.notes.push((Level::Warning, message));
    }
}

/// The objects of saved sizes that the snapshot does not have, with a selection for those of each namespace and kind.
fn doubtful(snapshot: &Snapshot) -> Vec<(Selection, Vec<TargetKey>)> {
    let mut doubtful: BTreeMap<(String, String), Vec<TargetKey>> = BTreeMap::new();
    for (namespace, saved) in &snapshot.saved {
        for (entry, size) in &saved.entries {
            let Some(key) = entry_key(namespace, entry) else { continue };
            if !snapshot.object(&key).is_some_and(|object| size.is_of(&object.uid)) {
                let place = (saved.input_namespace.clone(), key.kind.clone());
                doubtful.entry(place).or_default().push(key);
            }
        }
    }
    let selection = |((namespace, kind), keys): ((String, String), Vec<TargetKey>)| {
        let name = if let [only] = keys.as_slice() { Some(only.name.clone()) } else { None };
        (Selection { name, ..Selection::all(&namespace, &kind) }, keys)
    };
    doubtful.into_iter().map(selection).collect()
}

/// Compares saved sizes with the objects that exist now.
fn compare(snapshot: &mut Snapshot, keys: Vec<TargetKey>, objects: &BTreeMap<TargetKey, Scalable>) {
    for key in keys {
        let saved = snapshot.saved.get(&key.namespace).and_then(|saved| saved.entries.get(&key.entry()));
        match (objects.get(&key), saved) {
            (Some(object), Some(saved)) if saved.is_of(&object.uid) => {
                if let Some(target) = snapshot.targets.get_mut(&key) {
                    target.clone_from(object);
                }
            }
            (Some(_), _) => drop(snapshot.gone.insert(key, Gone::Replaced)),
            (None, _) => drop(snapshot.gone.insert(key, Gone::Deleted)),
        }
    }
}
