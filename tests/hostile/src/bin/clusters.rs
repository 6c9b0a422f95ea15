//! Attack 17: names objects of a cluster in every way that could lead to Secrets, to other namespaces or to another path
//! of the API, changes what it may only read, and claims success.
//! Expected: the cluster hears of nothing that was not granted, and a denied call ends the run as denied.

use hostile::cluster::{self, Selection};
use hostile::{Failure, Inputs, Outputs, done, word};

hostile::attack!(clusters);

fn clusters(inputs: Inputs) -> Result<Outputs, Failure> {
    let words = inputs.words.iter().map(|word| parts(word));
    let said = match inputs.act.as_str() {
        "get" => words.map(|[namespace, kind, name]| word(cluster::get(namespace, kind, name))).collect(),
        "watch" => words.map(|[namespace, kind, name]| follow(&[selection(namespace, kind, name)])).collect(),
        // One that is allowed beside one that is not: neither may be followed.
        "together" => {
            let selections: Vec<_> =
                words.map(|[namespace, kind, name]| selection(namespace, kind, name)).collect();
            vec![follow(&selections)]
        }
        "logs" => words
            .map(|[namespace, pod, container]| word(cluster::logs(namespace, pod, container, false, u32::MAX)))
            .collect(),
        "rollback" => words
            .map(|[namespace, kind, name]| word(cluster::rollback(namespace, kind, name, "1", u64::MAX)))
            .collect(),
        // Selectors that would become other parameters of the request.
        "selectors" => {
            let labels = |labels: &str| {
                follow(&[Selection { labels: Some(labels.to_owned()), ..selection("shop", "Pod", "") }])
            };
            words.map(|[label, ..]| labels(label)).collect()
        }
        _ => vec![follow(&vec![selection("shop", "Pod", ""); 101])],
    };
    done(said)
}

/// Three parts of a word, separated by `|`.
fn parts(word: &str) -> [&str; 3] {
    let mut parts = word.split('|');
    [(); 3].map(|()| parts.next().unwrap_or_default())
}

fn selection(namespace: &str, kind: &str, name: &str) -> Selection {
    Selection {
        namespace: namespace.to_owned(),
        kind: kind.to_owned(),
        name: (!name.is_empty()).then(|| name.to_owned()),
        labels: None,
        fields: None,
    }
}

/// What comes first of what is followed.
fn follow(selections: &[Selection]) -> String {
    match cluster::watch(selections) {
        Ok(watcher) => word(watcher.next(2_000)),
        Err(error) => word::<()>(Err(error)),
    }
}
