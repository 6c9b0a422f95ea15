//! Attack 17: names objects of a cluster in every way that could lead to Secrets, to other namespaces or to another path
//! of the API, changes what it may only read, tells what an object holds in a form that nothing looks for, and claims
//! success. Attack 16 with handles of watches: uses what is over,
//! what it was never given, and holds them without end.
//! Expected: the cluster hears of nothing that was not granted, a denied call ends the run as denied, and a forged handle
//! traps.

use hostile::cluster::{self, ConfigEntry, ObjectRef, Selection, Watcher};
use hostile::types::{Error, Outcome};
use hostile::{Failure, Inputs, Outputs, done, word};

hostile::attack!(clusters);

fn clusters(inputs: Inputs) -> Result<Outputs, Failure> {
    let words = inputs.words.iter().map(|word| parts(word));
    let act = inputs.act.as_str();
    let said = match act {
        "get" => words.map(|[namespace, kind, name, ..]| word(get(namespace, kind, name))).collect(),
        "backwards" => words
            .map(|[namespace, kind, name, ..]| word(get(namespace, kind, name)).chars().rev().collect())
            .collect(),
        "watch" => {
            words.map(|[namespace, kind, name, ..]| follow(&[selection(namespace, kind, name)])).collect()
        }
        // One that is allowed beside one that is not: neither may be followed.
        "together" => {
            let selections: Vec<_> =
                words.map(|[namespace, kind, name, ..]| selection(namespace, kind, name)).collect();
            vec![follow(&selections)]
        }
        "logs" => words
            .map(|[namespace, pod, container, ..]| {
                word(cluster::logs(namespace, pod, container, false, u32::MAX))
            })
            .collect(),
        // Selectors that would become other parameters of the request.
        "selectors" => {
            let labels = |labels: &str| {
                let label_selector = Some(labels.to_owned());
                follow(&[Selection { label_selector, ..selection("shop", "Pod", "") }])
            };
            words.map(|[label, ..]| labels(label)).collect()
        }
        "many" => vec![follow(&vec![selection("shop", "Pod", ""); 101])],
        "endless" => vec![without_end()],
        "hold" => hold(inputs.words[0].parse().unwrap_or_default()),
        "crowd" => crowd(inputs.words[0].parse().unwrap_or_default()),
        "dropped" | "forged" => forge(act, &inputs.words),
        _ => words.map(|words| said(change(act, words))).collect(),
    };
    done(said)
}

/// The parts of a word, separated by `|`; what is not there is empty.
fn parts(word: &str) -> [&str; 5] {
    let mut parts = word.split('|');
    [(); 5].map(|()| parts.next().unwrap_or_default())
}

fn get(namespace: &str, kind: &str, name: &str) -> Result<String, Error> {
    cluster::get(&object(namespace, kind, name))
}

fn object(namespace: &str, kind: &str, name: &str) -> ObjectRef {
    ObjectRef { namespace: namespace.to_owned(), kind: kind.to_owned(), name: name.to_owned() }
}

/// Changes an object: its namespace, kind and name, then its resource version and the new value.
fn change(act: &str, [namespace, kind, name, version, to]: [&str; 5]) -> Result<Outcome, Error> {
    let object = object(namespace, kind, name);
    let number = || to.parse().unwrap_or_default();
    match act {
        "rollback" => cluster::rollback(&object, version, number()),
        "scale" => cluster::scale(&object, version, number() as u32),
        "suspend" => cluster::suspend(&object, version, to != "false"),
        // These take no kind: here the word has the name of the pod or the ConfigMap in place of the kind.
        "evict" => cluster::evict(namespace, kind, name),
        _ => {
            let (name, version, entries) = (kind, name, [version, to]);
            let version = (version != "new").then_some(if version == "none" { "" } else { version });
            cluster::put_config_map(namespace, name, version, &entries_of(&entries))
        }
    }
}

/// One value under one key. `~` removes the entry, `LONG` makes either too long; `MANY` is more entries than the limit.
fn entries_of([key, value]: &[&str; 2]) -> Vec<ConfigEntry> {
    let entry = |key: String| ConfigEntry {
        key: key.replace("LONG", &"k".repeat(254)),
        value: (*value != "~").then(|| value.replace("LONG", &"t".repeat(4097))),
    };
    match *key {
        "MANY" => (0..10_001).map(|number| entry(number.to_string())).collect(),
        "NONE" => Vec::new(),
        key => vec![entry(key.to_owned())],
    }
}

/// The outcome of a change; for a missing right, with the message.
fn said(outcome: Result<Outcome, Error>) -> String {
    match outcome {
        Err(Error::Unauthorized(why)) => format!("unauthorized: {why}"),
        other => word(other),
    }
}

fn selection(namespace: &str, kind: &str, name: &str) -> Selection {
    Selection {
        namespace: namespace.to_owned(),
        kind: kind.to_owned(),
        name: (!name.is_empty()).then(|| name.to_owned()),
        label_selector: None,
        field_selector: None,
    }
}

/// What comes first of what is followed.
fn follow(selections: &[Selection]) -> String {
    match cluster::watch(selections) {
        Ok(watcher) => word(watcher.next(2_000)),
        Err(error) => word::<()>(Err(error)),
    }
}

/// Follows Pods until the host has had enough.
fn without_end() -> String {
    let watcher = cluster::watch(&[selection("shop", "Pod", "")]);
    let Ok(watcher) = watcher else { return word(watcher.map(drop)) };
    loop {
        match watcher.next(1_000) {
            Ok(changes)
                if !changes.iter().any(|change| matches!(change.event, cluster::Event::Failed(_))) => {}
            Ok(changes) => return format!("{:?}", changes.last().map(|change| &change.event)),
            error => return word(error.map(drop)),
        }
    }
}

/// So many watches of something that the cluster takes long to answer.
fn hold(count: usize) -> Vec<String> {
    let kept: Vec<_> = (0..count).map(|_| cluster::watch(&[selection("shop", "Pod", "")])).collect();
    vec![kept.iter().filter(|watcher| watcher.is_ok()).count().to_string()]
}

/// Watches of a hundred selections each.
fn crowd(count: usize) -> Vec<String> {
    let many = vec![selection("shop", "Pod", ""); 100];
    let kept: Vec<_> = (0..count).map(|_| cluster::watch(&many)).collect();
    vec![kept.iter().filter(|watcher| watcher.is_ok()).count().to_string()]
}

/// Uses a handle of something that was dropped, or of nothing.
fn forge(act: &str, words: &[String]) -> Vec<String> {
    // Open standard output's handle first, so that a handle of another type exists too.
    println!("about to forge a handle");
    let handle = if act == "dropped" {
        let watcher = cluster::watch(&[selection("shop", "Pod", "")]).ok();
        let handle = watcher.as_ref().map_or(0, Watcher::handle);
        drop(watcher);
        handle
    } else {
        words[0].parse().unwrap_or(u32::MAX)
    };
    // SAFETY: there is none. That the host does not care is what is tested.
    let watcher = unsafe { Watcher::from_handle(handle) };
    vec![word(watcher.next(1_000).map(|changes| changes.len()))]
}
