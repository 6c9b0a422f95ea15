//! What the attributes of resources must be: `GLOB:PATH`, `GLOB:PATH=VALUE` and `GLOB:PATH!=VALUE`. Findings name paths and
//! the text of the rule, but no value of the plan.

use std::fmt;

use lockstep_path::{Path, Segment};
use serde::Deserialize;
use serde_json::Value;

use crate::action::Action;
use crate::outcome::Outcome;
use crate::{glob, slip};

/// What an attribute must be.
#[derive(Clone, Debug, PartialEq)]
pub struct Requirement {
    /// The pattern for types and addresses.
    pub glob: String,
    /// The path of the attribute, as the input spells it.
    pub path: String,
    segments: Vec<Segment>,
    check: Check,
}

/// The condition of a requirement.
#[derive(Clone, Debug, PartialEq)]
enum Check {
    /// The value must exist.
    Present,
    /// The value must match one of these globs.
    OneOf(Vec<String>),
    /// No value may match this glob.
    Not(String),
}

/// The values of a resource after the plan, and their marks.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct AfterValues {
    #[serde(default)]
    pub(crate) after: Value,
    #[serde(default)]
    pub(crate) after_unknown: Value,
    #[serde(default)]
    pub(crate) after_sensitive: Value,
}

impl Requirement {
    /// Parses an entry.
    ///
    /// # Errors
    /// Says what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (glob, rest) = split(text, ':').ok_or(
            "write GLOB:PATH, GLOB:PATH=VALUE or GLOB:PATH!=VALUE, such as `aws_s3_bucket:acl!=public-read`",
        )?;
        let glob = glob.trim();
        if Action::parse(glob).is_some() {
            return Err(format!("write GLOB:PATH without the action `{glob}`"));
        }
        if glob.is_empty() {
            return Err("a type or an address is missing before the colon".into());
        }
        slip::check(glob)?;
        let (path, check) = match split(rest, '=') {
            None => (rest, Check::Present),
            Some((_, value)) if value.starts_with('=') => return Err("write one `=`, not `==`".into()),
            Some((path, value)) => match path.strip_suffix('!') {
                Some(path) => (path, Check::Not(text_of(value))),
                None => (path, Check::OneOf(vec![text_of(value)])),
            },
        };
        let path = path.trim();
        let segments = Path::parse(path).map_err(|error| error.to_string())?.segments().to_vec();
        match segments.first() {
            Some(Segment::Key(_)) => Ok(Self { glob: glob.into(), path: path.into(), segments, check }),
            _ => Err("the path begins with the name of an attribute".into()),
        }
    }

    /// Adds the requirement to others. Values for the same attribute are alternatives.
    pub fn add_to(mut self, all: &mut Vec<Self>) {
        if let Check::OneOf(values) = &mut self.check {
            for other in all.iter_mut() {
                if (&other.glob, &other.path) == (&self.glob, &self.path)
                    && let Check::OneOf(known) = &mut other.check
                {
                    known.append(values);
                    return;
                }
            }
        }
        all.push(self);
    }

    /// Whether the requirement is about this resource.
    pub fn matches(&self, kind: &str, address: &str) -> bool {
        glob::matches(&self.glob, kind) || glob::matches(&self.glob, address)
    }

    /// The result for a resource with these values.
    pub(crate) fn check(&self, values: &AfterValues) -> Outcome {
        let Some(Segment::Key(attribute)) = self.segments.first() else { return Outcome::NoAttribute };
        // Terraform lists each attribute of the type: with its value, with null, or among the unknown ones.
        if values.after.get(attribute).is_none() && values.after_unknown.get(attribute).is_none() {
            return Outcome::NoAttribute;
        }
        let root = Node {
            value: Some(&values.after),
            unknown: Some(&values.after_unknown),
            sensitive: Some(&values.after_sensitive),
            is_sensitive: false,
        };
        let mut outcomes = Vec::new();
        self.visit(root, &self.segments, &mut outcomes);
        // A violation counts more than a value that cannot be compared.
        let worst = [Outcome::NotComparable, Outcome::Excluded, Outcome::Differs, Outcome::Missing];
        let worst = worst.into_iter().chain([Outcome::Unknown, Outcome::Sensitive]);
        worst.into_iter().find(|outcome| outcomes.contains(outcome)).unwrap_or(Outcome::Holds)
    }

    /// Visits every value to which the path leads.
    fn visit(&self, node: Node<'_>, path: &[Segment], outcomes: &mut Vec<Outcome>) {
        let node = node.marked();
        if node.unknown == Some(&Value::Bool(true)) {
            outcomes.push(Outcome::Unknown);
            return;
        }
        let Some((segment, rest)) = path.split_first() else {
            self.compare(node, outcomes);
            return;
        };
        let nodes = match node.select(segment) {
            Selected::Through(nodes) => {
                // A list on the way stands for each of its items.
                self.visit_all(nodes, path, outcomes);
                return;
            }
            Selected::Nodes(nodes) => nodes,
            Selected::NotContainer => {
                outcomes.push(Outcome::NotComparable);
                return;
            }
        };
        self.visit_all(nodes, rest, outcomes);
    }

    fn visit_all(&self, nodes: Vec<Node<'_>>, path: &[Segment], outcomes: &mut Vec<Outcome>) {
        if nodes.is_empty() {
            outcomes.push(self.missing());
        }
        for node in nodes {
            self.visit(node, path, outcomes);
        }
    }

    /// The outcome without a value: nothing has the excluded value.
    fn missing(&self) -> Outcome {
        if matches!(self.check, Check::Not(_)) { Outcome::Holds } else { Outcome::Missing }
    }

    fn compare(&self, node: Node<'_>, outcomes: &mut Vec<Outcome>) {
        let value = node.value.unwrap_or(&Value::Null);
        if self.check == Check::Present {
            let is_empty = match value {
                Value::Null => true,
                Value::String(text) => text.is_empty(),
                Value::Array(items) => items.is_empty(),
                Value::Object(members) => members.is_empty() && !node.unknown.is_some_and(has_mark),
                _ => false,
            };
            outcomes.push(if is_empty { Outcome::Missing } else { Outcome::Holds });
            return;
        }
        if node.is_sensitive || node.sensitive.is_some_and(has_mark) {
            outcomes.push(Outcome::Sensitive);
            return;
        }
        let text = match value {
            Value::Null => return outcomes.push(self.missing()),
            Value::Array(items) => {
                let nodes = (0..items.len()).map(|index| node.item(index)).collect();
                return self.visit_all(nodes, &[], outcomes);
            }
            Value::Object(_) => return outcomes.push(Outcome::NotComparable),
            Value::String(text) => text.clone(),
            scalar => scalar.to_string(),
        };
        outcomes.push(match &self.check {
            Check::Not(excluded) if glob::matches(excluded, &text) => Outcome::Excluded,
            Check::OneOf(values) if !values.iter().any(|value| glob::matches(value, &text)) => {
                Outcome::Differs
            }
            _ => Outcome::Holds,
        });
    }
}

impl fmt::Display for Requirement {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}:{}", self.glob, self.path)?;
        match &self.check {
            Check::Present => Ok(()),
            Check::Not(value) => write!(out, "!={value}"),
            Check::OneOf(values) => write!(out, "={}", values.join(" or ")),
        }
    }
}

/// A part of a resource with its marks.
#[derive(Clone, Copy)]
struct Node<'v> {
    value: Option<&'v Value>,
    unknown: Option<&'v Value>,
    sensitive: Option<&'v Value>,
    /// Whether something around it is sensitive.
    is_sensitive: bool,
}

/// What a segment of a path selects.
enum Selected<'v> {
    /// These parts; the segment is done.
    Nodes(Vec<Node<'v>>),
    /// The items of a list, on which the segment is still to be used.
    Through(Vec<Node<'v>>),
    /// The part has no parts.
    NotContainer,
}

impl<'v> Node<'v> {
    fn marked(self) -> Self {
        Self { is_sensitive: self.is_sensitive || self.sensitive == Some(&Value::Bool(true)), ..self }
    }

    fn child(self, key: &str) -> Self {
        let get = |value: Option<&'v Value>| value.and_then(|value| value.get(key));
        Self { value: get(self.value), unknown: get(self.unknown), sensitive: get(self.sensitive), ..self }
    }

    fn item(self, index: usize) -> Self {
        let get = |value: Option<&'v Value>| value.and_then(|value| value.get(index));
        Self { value: get(self.value), unknown: get(self.unknown), sensitive: get(self.sensitive), ..self }
    }

    fn items(self, count: usize) -> Vec<Self> {
        (0..count).map(|index| self.item(index)).collect()
    }

    /// The parts that a segment selects.
    fn select(self, segment: &Segment) -> Selected<'v> {
        // The plan leaves unknown values out, so only the marks may know them.
        let known = self.value.filter(|value| !value.is_null()).or(self.unknown);
        match (segment, known) {
            (Segment::Key(key), None | Some(Value::Null | Value::Object(_))) => self.of_key(key),
            (Segment::KeyOrIndex(index), Some(Value::Object(_))) => self.of_key(&index.to_string()),
            (Segment::Key(_), Some(Value::Array(items))) => Selected::Through(self.items(items.len())),
            (Segment::Index(index) | Segment::KeyOrIndex(index), Some(Value::Array(items))) => {
                let exists = *index < items.len();
                Selected::Nodes(if exists { vec![self.item(*index)] } else { Vec::new() })
            }
            (Segment::Wildcard, Some(Value::Array(items))) => Selected::Nodes(self.items(items.len())),
            (Segment::Wildcard, Some(Value::Object(members))) => {
                Selected::Nodes(members.keys().map(|key| self.child(key)).collect())
            }
            (Segment::Match { key, value }, Some(Value::Array(items))) => {
                let items = self.items(items.len()).into_iter();
                Selected::Nodes(items.filter(|item| item.may_have(key, value)).collect())
            }
            (_, None | Some(Value::Null)) => Selected::Nodes(Vec::new()),
            _ => Selected::NotContainer,
        }
    }

    fn of_key(self, key: &str) -> Selected<'v> {
        let child = self.child(key);
        let exists = child.value.is_some() || child.unknown.is_some();
        Selected::Nodes(if exists { vec![child] } else { Vec::new() })
    }

    /// Whether the key of an item has this text, or may have it after apply.
    fn may_have(self, key: &str, text: &str) -> bool {
        let child = self.child(key);
        let is_unknown = |mark: Option<&Value>| mark == Some(&Value::Bool(true));
        is_unknown(self.unknown)
            || is_unknown(child.unknown)
            || match child.value {
                Some(Value::String(value)) => value == text,
                Some(value) => {
                    let shown = value.to_string();
                    shown == text
                }
                None => false,
            }
    }
}

/// Whether marks contain `true` anywhere.
fn has_mark(marks: &Value) -> bool {
    match marks {
        Value::Bool(mark) => *mark,
        Value::Array(items) => items.iter().any(has_mark),
        Value::Object(members) => members.values().any(has_mark),
        _ => false,
    }
}

/// Splits a text at the first separator outside brackets and quotes.
fn split(text: &str, separator: char) -> Option<(&str, &str)> {
    let (mut depth, mut is_quoted, mut is_escaped) = (0_usize, false, false);
    for (at, c) in text.char_indices() {
        match c {
            _ if is_escaped => is_escaped = false,
            '\\' if is_quoted => is_escaped = true,
            '"' => is_quoted = !is_quoted,
            '[' if !is_quoted => depth += 1,
            ']' if !is_quoted => depth = depth.saturating_sub(1),
            c if c == separator && !is_quoted && depth == 0 => {
                return Some((&text[..at], &text[at + c.len_utf8()..]));
            }
            _ => {}
        }
    }
    None
}

/// The text of a VALUE: a JSON string in quotes, or the text itself.
fn text_of(value: &str) -> String {
    let value = value.trim();
    serde_json::from_str(value).ok().filter(|_| value.starts_with('"')).unwrap_or_else(|| value.to_owned())
}
