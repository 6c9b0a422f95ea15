//! Fingerprints of specifications, which detect a change without keeping values: a specification may contain secrets.

use std::hash::{DefaultHasher, Hash, Hasher};

use serde_json::Value;

/// The label that a Deployment adds to the templates of its ReplicaSets.
const HASH_LABEL: &str = "pod-template-hash";

/// The fingerprint of a pod template, which is equal for a Deployment and its ReplicaSet. The order of keys and null values
/// do not matter.
pub(crate) fn template(template: &Value) -> u64 {
    hash(template)
}

/// The fingerprints of all scalar values of a specification with their paths, sorted; without `replicas`, which
/// autoscalers change.
pub(crate) fn leaves(spec: &Value) -> Box<[u64]> {
    let mut leaves = Vec::new();
    if let Some(map) = spec.as_object() {
        for (key, value) in map.iter().filter(|(key, _)| *key != "replicas") {
            collect(value, hash_of(key), &mut leaves);
        }
    }
    leaves.sort_unstable();
    leaves.dedup();
    leaves.into()
}

/// The fingerprints of labels, or of a selector of labels, sorted.
pub(crate) fn labels(labels: &Value) -> Box<[u64]> {
    let pairs = labels.as_object().into_iter().flatten();
    let mut labels: Vec<u64> =
        pairs.map(|(key, value)| hash_of((key, value.as_str().unwrap_or_default()))).collect();
    labels.sort_unstable();
    labels.into()
}

/// Whether `all` contains every fingerprint of `first`; both are sorted. A controller may add defaults to a specification,
/// but a changed or removed value means that somebody else changed it.
pub(crate) fn contains(all: &[u64], first: &[u64]) -> bool {
    first.iter().all(|leaf| all.binary_search(leaf).is_ok())
}

fn hash_of(item: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    item.hash(&mut hasher);
    hasher.finish()
}

fn hash(value: &Value) -> u64 {
    match value {
        Value::Null => 0,
        Value::Bool(flag) => hash_of(flag),
        // The tag distinguishes a number from the same text.
        Value::Number(number) => hash_of(("number", number.to_string())),
        Value::String(text) => hash_of(text),
        Value::Array(items) => items.iter().fold(1, |sum, item| hash_of((sum, hash(item)))),
        // A sum, so that the order of keys does not matter.
        Value::Object(map) => map
            .iter()
            .filter(|(key, value)| !value.is_null() && *key != HASH_LABEL)
            .fold(2, |sum, (key, value)| sum.wrapping_add(hash_of((key, hash(value))))),
    }
}

fn collect(value: &Value, path: u64, leaves: &mut Vec<u64>) {
    match value {
        Value::Null => {}
        Value::Object(map) => {
            map.iter().for_each(|(key, value)| collect(value, hash_of((path, key)), leaves))
        }
        Value::Array(items) => {
            items
                .iter()
                .enumerate()
                .for_each(|(index, value)| collect(value, hash_of((path, index)), leaves));
        }
        scalar => leaves.push(hash_of((path, hash(scalar)))),
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
    fn added_fields_do_not_change_the_fingerprint() {
        let first = leaves(&json!({"replicas": 1, "image": "a", "list": [{"x": 1}]}));
        assert!(contains(
            &leaves(&json!({"replicas": 5, "image": "a", "more": true, "list": [{"x": 1}]})),
            &first
        ));
        assert!(!contains(&leaves(&json!({"image": "b", "list": [{"x": 1}]})), &first));
        assert!(!contains(&leaves(&json!({"image": "a"})), &first));
    }
}
