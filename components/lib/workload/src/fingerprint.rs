//! Fingerprints of specifications, to tell whether somebody changed one. Never keeps a value: a specification
//! may hold what its owner would not print.

use std::hash::{DefaultHasher, Hash, Hasher};

use serde_json::Value;

/// The label by which a Deployment tells its ReplicaSets apart: it is in the template of these, not in its
/// own.
const HASH_LABEL: &str = "pod-template-hash";

/// The fingerprint of a template of pods, the same for a Deployment and the ReplicaSet that it made of it.
/// The order of keys does not matter, and null is as good as nothing.
pub(crate) fn template(template: &Value) -> u64 {
    hash(template)
}

/// The fingerprints of all single values below a specification, each with its place, sorted; without
/// `replicas`, which autoscalers change.
pub(crate) fn leaves(spec: &Value) -> Box<[u64]> {
    let mut leaves = Vec::new();
    if let Some(map) = spec.as_object() {
        for (key, value) in map.iter().filter(|(key, _)| *key != "replicas") {
            gather(value, of(key), &mut leaves);
        }
    }
    leaves.sort_unstable();
    leaves.dedup();
    leaves.into()
}

/// Whether all of the first fingerprints are among the others, both sorted. A controller may add what was
/// left out of a specification; who changes or removes something is somebody else.
pub(crate) fn contains(all: &[u64], first: &[u64]) -> bool {
    first.iter().all(|leaf| all.binary_search(leaf).is_ok())
}

fn of(item: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    item.hash(&mut hasher);
    hasher.finish()
}

fn hash(value: &Value) -> u64 {
    match value {
        Value::Null => 0,
        Value::Bool(flag) => of(flag),
        // Apart from a text that reads the same.
        Value::Number(number) => of(("number", number.to_string())),
        Value::String(text) => of(text),
        Value::Array(items) => items.iter().fold(1, |sum, item| of((sum, hash(item)))),
        // A sum, so that the order of keys does not matter.
        Value::Object(map) => map
            .iter()
            .filter(|(key, value)| !value.is_null() && *key != HASH_LABEL)
            .fold(2, |sum, (key, value)| sum.wrapping_add(of((key, hash(value))))),
    }
}

fn gather(value: &Value, place: u64, leaves: &mut Vec<u64>) {
    match value {
        Value::Null => {}
        Value::Object(map) => map.iter().for_each(|(key, value)| gather(value, of((place, key)), leaves)),
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(at, value)| gather(value, of((place, at)), leaves));
        }
        single => leaves.push(of((place, hash(single)))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn order_and_null_do_not_matter_and_values_do() {
        let one = json!({"metadata": {"labels": {"a": "b", "c": "d"}, "creationTimestamp": null},
            "spec": {"n": 1}});
        let other =
            json!({"spec": {"n": 1}, "metadata": {"labels": {"c": "d", "a": "b", "pod-template-hash": "x"}}});
        assert_eq!(template(&one), template(&other));
        assert_ne!(template(&one), template(&json!({"spec": {"n": 2}})));
        assert_ne!(template(&json!(["a", "b"])), template(&json!(["b", "a"])));
        assert_ne!(template(&json!("1")), template(&json!(1)));
    }

    #[test]
    fn what_is_added_is_no_change() {
        let first = leaves(&json!({"replicas": 1, "image": "a", "list": [{"x": 1}]}));
        assert!(contains(
            &leaves(&json!({"replicas": 5, "image": "a", "more": true, "list": [{"x": 1}]})),
            &first
        ));
        assert!(!contains(&leaves(&json!({"image": "b", "list": [{"x": 1}]})), &first));
        assert!(!contains(&leaves(&json!({"image": "a"})), &first));
    }
}
