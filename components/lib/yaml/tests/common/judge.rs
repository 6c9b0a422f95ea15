//! A second opinion: what another parser, which shares no line with ours, reads in a file.

use std::str::FromStr;

use yaml_edit::{YamlFile, YamlNode};

/// Every leaf with its path. Text only: types are the business of other tests.
pub(crate) fn leaves(text: &str) -> Vec<(String, String)> {
    let mut leaves = Vec::new();
    let file = YamlFile::from_str(text).unwrap_or_else(|error| panic!("{error} in {text:?}"));
    for (number, document) in file.documents().enumerate() {
        let root = document.as_mapping().map(YamlNode::Mapping);
        let root = root.or_else(|| document.as_sequence().map(YamlNode::Sequence));
        if let Some(root) = root {
            walk(&root, &number.to_string(), &mut leaves);
        }
    }
    leaves
}

fn walk(node: &YamlNode, path: &str, leaves: &mut Vec<(String, String)>) {
    match node {
        YamlNode::Mapping(mapping) => {
            let mut count = 0;
            for entry in mapping.entries() {
                let key = entry.key_node().map(|key| scalar(&key)).unwrap_or_default();
                let path = format!("{path}[\"{key}\"]");
                match entry.value_node() {
                    Some(value) => walk(&value, &path, leaves),
                    None => leaves.push((path, String::new())),
                }
                count += 1;
            }
            if count == 0 {
                leaves.push((path.to_owned(), "{}".into()));
            }
        }
        YamlNode::Sequence(sequence) => {
            let mut count = 0;
            for item in sequence.values() {
                walk(&item, &format!("{path}[{count}]"), leaves);
                count += 1;
            }
            if count == 0 {
                leaves.push((path.to_owned(), "[]".into()));
            }
        }
        other => leaves.push((path.to_owned(), scalar(other))),
    }
}

fn scalar(node: &YamlNode) -> String {
    match node {
        YamlNode::Scalar(scalar) => scalar.as_string(),
        YamlNode::Alias(alias) => format!("*{}", alias.name()),
        YamlNode::TaggedNode(tagged) => tagged.as_string().unwrap_or_default(),
        _ => "a collection".into(),
    }
}
