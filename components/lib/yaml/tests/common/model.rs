//! A model of documents with anchors, aliases and merges, which another parser reads, and random files
//! full of them: what an edit means is made in the model.

use std::collections::BTreeMap;

use lockstep_yaml::AliasMode;
use saphyr_parser::{Event, Parser};

use super::generate::Choices;

/// A document as it is written.
#[derive(Clone, Debug, Default)]
pub(crate) struct Model {
    /// Those of the document, and copies.
    nodes: Vec<Node>,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Node {
    Scalar(String),
    List(Vec<usize>),
    Mapping(Vec<(String, usize)>),
    Alias(usize),
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Step {
    Key(String),
    Index(usize),
}

/// What leads through an alias or merge is refused.
#[derive(Debug)]
pub(crate) struct Refused;

impl Model {
    pub(crate) fn read(text: &str) -> Self {
        let (mut model, mut anchors, mut open) =
            (Self::default(), BTreeMap::new(), Vec::<(usize, Option<String>)>::new());
        for event in Parser::new_from_str(text) {
            let (event, _) = event.unwrap_or_else(|error| panic!("{error} in {text:?}"));
            let (node, anchor) = match event {
                Event::Scalar(text, _, anchor, _) => (Node::Scalar(text.into_owned()), anchor),
                Event::Alias(anchor) => (Node::Alias(anchors[&anchor]), 0),
                Event::SequenceStart(anchor, _) => (Node::List(vec![]), anchor),
                Event::MappingStart(anchor, _) => (Node::Mapping(vec![]), anchor),
                Event::SequenceEnd | Event::MappingEnd => {
                    open.pop();
                    continue;
                }
                _ => continue,
            };
            let id = model.nodes.len();
            let key = match &node {
                Node::Scalar(text) => Some(text.clone()),
                _ => None,
            };
            let collection = matches!(node, Node::List(_) | Node::Mapping(_));
            anchors.insert(anchor, id);
            model.nodes.push(node);
            if let Some((outer, waiting)) = open.last_mut() {
                match &mut model.nodes[*outer] {
                    Node::List(items) => items.push(id),
                    Node::Mapping(entries) => match waiting.take() {
                        Some(key) => entries.push((key, id)),
                        None => *waiting = key,
                    },
                    _ => unreachable!("only collections are open"),
                }
            }
            if collection {
                open.push((id, None));
            }
        }
        model
    }

    fn resolve(&self, id: usize) -> usize {
        match self.nodes[id] {
            Node::Alias(target) => target,
            _ => id,
        }
    }

    fn own(&self, mapping: usize, key: &str) -> Option<usize> {
        let Node::Mapping(entries) = &self.nodes[mapping] else { return None };
        entries.iter().find(|(name, _)| name == key).map(|&(_, value)| value)
    }

    /// The entries of a mapping as readers see them.
    fn entries(&self, mapping: usize) -> Vec<(String, usize)> {
        let Node::Mapping(own) = &self.nodes[mapping] else { return Vec::new() };
        let mut entries: Vec<_> = own.iter().filter(|(key, _)| key != "<<").cloned().collect();
        let sources = match self.own(mapping, "<<").map(|source| self.resolve(source)) {
            Some(source) => match &self.nodes[source] {
                Node::List(items) => items.iter().map(|&item| self.resolve(item)).collect(),
                _ => vec![source],
            },
            None => vec![],
        };
        for entry in sources.into_iter().flat_map(|source| self.entries(source)) {
            if entries.iter().all(|(key, _)| *key != entry.0) {
                entries.push(entry);
            }
        }
        entries
    }

    /// Every place with a scalar, as readers see it.
    pub(crate) fn leaves(&self) -> BTreeMap<String, String> {
        let mut leaves = BTreeMap::new();
        self.walk(0, String::new(), &mut leaves);
        leaves
    }

    fn walk(&self, id: usize, path: String, leaves: &mut BTreeMap<String, String>) {
        let id = self.resolve(id);
        match &self.nodes[id] {
            Node::Scalar(text) => drop(leaves.insert(path, text.clone())),
            Node::List(items) => {
                leaves.insert(format!("{path}[]"), items.len().to_string());
                for (index, &item) in items.iter().enumerate() {
                    self.walk(item, format!("{path}[{index}]"), leaves);
                }
            }
            Node::Mapping(_) => {
                let entries = self.entries(id);
                leaves.insert(format!("{path}{{}}"), entries.len().to_string());
                for (key, value) in entries {
                    self.walk(value, format!("{path}.{key}"), leaves);
                }
            }
            Node::Alias(_) => unreachable!("an alias of an alias"),
        }
    }

    /// A copy that shares nothing.
    fn copy(&mut self, id: usize) -> usize {
        let id = self.resolve(id);
        let copy = match self.nodes[id].clone() {
            Node::List(items) => Node::List(items.into_iter().map(|item| self.copy(item)).collect()),
            Node::Mapping(_) => {
                let entries = self.entries(id).into_iter();
                Node::Mapping(entries.map(|(key, value)| (key, self.copy(value))).collect())
            }
            scalar => scalar,
        };
        self.nodes.push(copy);
        self.nodes.len() - 1
    }

    fn add(&mut self, mapping: usize, key: &str, value: usize) {
        let Node::Mapping(entries) = &mut self.nodes[mapping] else { panic!("no mapping") };
        entries.push((key.to_owned(), value));
    }

    /// Gives a place a text.
    pub(crate) fn set(&mut self, path: &[Step], text: &str, alias: AliasMode) -> Result<(), Refused> {
        let mut at = 0;
        for number in 0..=path.len() {
            if let Node::Alias(target) = self.nodes[at] {
                match alias {
                    AliasMode::Refuse => return Err(Refused),
                    AliasMode::Follow => at = target,
                    AliasMode::Expand => {
                        let copy = self.copy(target);
                        self.nodes[at] = self.nodes[copy].clone();
                    }
                }
            }
            let Some(step) = path.get(number) else { break };
            at = match (step, &self.nodes[at]) {
                (Step::Index(index), Node::List(items)) => items[*index],
                (Step::Key(key), _) => match (self.own(at, key), alias) {
                    (Some(own), _) => own,
                    (None, AliasMode::Follow) => {
                        self.entries(at).into_iter().find(|(name, _)| name == key).expect("a key").1
                    }
                    (None, _) if number + 1 == path.len() => {
                        self.nodes.push(Node::Scalar(text.into()));
                        self.add(at, key, self.nodes.len() - 1);
                        return Ok(());
                    }
                    (None, AliasMode::Refuse) => return Err(Refused),
                    (None, AliasMode::Expand) => {
                        let merged =
                            self.entries(at).into_iter().find(|(name, _)| name == key).expect("a key").1;
                        let copy = self.copy(merged);
                        self.add(at, key, copy);
                        copy
                    }
                },
                _ => panic!("{path:?} leads nowhere"),
            };
        }
        self.nodes[at] = Node::Scalar(text.into());
        Ok(())
    }

    /// Takes a place out, if nothing on the way to it is shared.
    pub(crate) fn remove(&mut self, path: &[Step]) -> Result<(), Refused> {
        let mut at = 0;
        for (number, step) in path.iter().enumerate() {
            let last = number + 1 == path.len();
            let next = match (step, &mut self.nodes[at]) {
                (Step::Index(index), Node::List(items)) if last => items.remove(*index),
                (Step::Index(index), Node::List(items)) => items[*index],
                (Step::Key(key), Node::Mapping(entries)) => {
                    let own = entries.iter().position(|(name, _)| name == key).ok_or(Refused)?;
                    if last { entries.remove(own).1 } else { entries[own].1 }
                }
                _ => return Err(Refused),
            };
            if matches!(self.nodes[next], Node::Alias(_)) {
                return Err(Refused);
            }
            at = next;
        }
        Ok(())
    }
}

/// The steps of the path of a leaf.
pub(crate) fn steps(path: &str) -> Vec<Step> {
    let parts = path.split(['.', '[']).filter(|part| !part.is_empty());
    parts
        .map(|part| match part.strip_suffix(']') {
            Some(index) => Step::Index(index.parse().expect("an index")),
            None => Step::Key(part.into()),
        })
        .collect()
}

/// Writes a random file: scalars, mappings and lists with anchors, and aliases of those before.
pub(crate) fn file(choices: &mut Choices<'_>) -> String {
    let (mut text, mut anchors, mut mappings) = (String::new(), Vec::new(), Vec::new());
    for number in 0..2 + choices.below(5) {
        let name = format!("a{number}");
        text.push_str(&format!("k{number}:"));
        let kind = choices.below(6);
        match kind {
            0 => text.push_str(&format!(" &{name} v{number} # note\n")),
            1 if !anchors.is_empty() => text.push_str(&format!(" *{}\n", pick(choices, &anchors))),
            2 => {
                text.push_str(&format!(" &{name} # list\n"));
                for _ in 0..=choices.below(3) {
                    text.push_str("- ");
                    value(choices, &anchors, "  ", &mut text);
                }
            }
            3 => {
                let item = anchors.last().map_or("y".into(), |name| format!("*{name}"));
                text.push_str(&format!(" &{name} [x, {item}, {{p: {item} }}]\n"));
            }
            _ => {
                text.push_str(&format!(" &{name}\n"));
                let merge = match (mappings.is_empty(), choices.below(4)) {
                    (false, 0 | 1) => format!("  <<: *{}\n", pick(choices, &mappings)),
                    (false, 2) => {
                        format!("  <<: [*{}, *{}]\n", pick(choices, &mappings), pick(choices, &mappings))
                    }
                    _ => String::new(),
                };
                text.push_str(&merge);
                let first = choices.below(4);
                for key in 0..=choices.below(3) {
                    text.push_str(&format!("  {}: ", ["p", "q", "r", "s"][(first + key) % 4]));
                    value(choices, &anchors, "    ", &mut text);
                }
                mappings.push(name.clone());
            }
        }
        if kind != 1 || text.contains(&format!("&{name}")) {
            anchors.push(name);
        }
        anchors.retain(|name| text.contains(&format!("&{name}")));
    }
    text
}

fn pick(choices: &mut Choices<'_>, names: &[String]) -> String {
    names[choices.below(names.len())].clone()
}

/// Writes what stands behind a key or a dash.
fn value(choices: &mut Choices<'_>, anchors: &[String], indent: &str, text: &mut String) {
    let one = |choices: &mut Choices<'_>| match choices.below(3) {
        0 | 1 if !anchors.is_empty() => format!("*{}", pick(choices, anchors)),
        _ => choices.pick(&["plain", "'3'", "1.10", "yes", "~"]).to_owned(),
    };
    let written = match choices.below(4) {
        0 | 1 => one(choices),
        2 => format!("[{} , {} ]", one(choices), one(choices)),
        _ => format!("\n{indent}p: {}\n{indent}t: {}", one(choices), one(choices)),
    };
    text.push_str(&written);
    text.push_str(choices.pick(&["\n", " # note\n"]));
}
