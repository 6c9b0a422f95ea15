//! Generated edits: every hazardous string in every style of scalar, in changing variants of the file. The spellings come
//! from a list that a person wrote, `tests/peers/strings.toml`.

use super::corpus::{FileVariant, PlannedEdit};
use super::edit::{Action, Change, Edit, Segment};
use super::folder;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fs;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Strings {
    string: Vec<Hazard>,
}

/// A string and its spellings.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Hazard {
    value: String,
    /// Whether every reader reads the unquoted text as this string.
    #[serde(default)]
    plain: bool,
    /// The same between brackets or braces, if it differs.
    flow: Option<bool>,
    /// The spelling in double quotes, if it needs escapes.
    double: Option<String>,
    /// The spelling in single quotes; empty if there is none.
    single: Option<String>,
}

/// A file with one scalar to change, at the position of `OLD`.
struct ScalarPosition {
    name: &'static str,
    text: &'static str,
    old: &'static str,
    style: Style,
    at: &'static [&'static str],
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Style {
    Plain,
    Flow,
    Single,
    Double,
}

const POSITIONS: [ScalarPosition; 5] = [
    ScalarPosition {
        name: "plain",
        text: "# settings of the shop\nsettings:\n  mode: OLD # set by the release\n  timeout: 30s\n",
        old: "canary",
        style: Style::Plain,
        at: &["settings", "mode"],
    },
    ScalarPosition {
        name: "in braces",
        text: "shop: {first: 'a', mode: OLD, last: [1, 2]}  # one line\nother: [a,b ,  c]\n",
        old: "canary",
        style: Style::Flow,
        at: &["shop", "mode"],
    },
    ScalarPosition {
        name: "single quotes",
        text: "data:\n  one: \"1\"\n  two: OLD\n  three: |\n    text # of three\n    lines\n",
        old: "'canary'",
        style: Style::Single,
        at: &["data", "two"],
    },
    ScalarPosition {
        name: "double quotes",
        text: "---\nenv:\n- name: ZONE\n  value:   OLD # quoted on purpose\n- name: REST\n  value: 'x'\n...\n",
        old: "\"canary\"",
        style: Style::Double,
        at: &["env", "#0", "value"],
    },
    ScalarPosition {
        name: "in a list",
        text: "args:\n    - --verbose\n    - OLD\n\n# the end\n",
        old: "canary",
        style: Style::Plain,
        at: &["args", "#1"],
    },
];

/// Most files are plain.
const VARIANTS: [FileVariant; 8] = [
    FileVariant::Lf,
    FileVariant::Crlf,
    FileVariant::Lf,
    FileVariant::Open,
    FileVariant::Lf,
    FileVariant::Bom,
    FileVariant::Lf,
    FileVariant::CrlfBomOpen,
];

/// Every string at every position.
pub(super) fn all() -> Vec<PlannedEdit> {
    let text = fs::read_to_string(folder().join("strings.toml")).expect("the strings");
    let strings: Strings = toml::from_str(&text).unwrap_or_else(|error| panic!("{error}"));
    let mut all = Vec::new();
    for (row, hazard) in strings.string.iter().enumerate() {
        for (column, place) in POSITIONS.iter().enumerate() {
            // Over the rows, every position occurs in every variant.
            all.push(planned(hazard, place, VARIANTS[(row + 3 * column) % VARIANTS.len()]));
        }
    }
    all
}

fn planned(hazard: &Hazard, place: &ScalarPosition, form: FileVariant) -> PlannedEdit {
    let segment = |word: &&str| match word.strip_prefix('#').map(str::parse) {
        Some(Ok(index)) => Segment::Index(index),
        _ => Segment::Key((*word).to_owned()),
    };
    let written = |new: &str| form.apply(&place.text.replace("OLD", new));
    let at = place.at.iter().map(segment).collect();
    PlannedEdit {
        name: format!("{}: set {:?}{}", place.name, hazard.value, form.suffix()),
        file: "values.yaml".to_owned(),
        before: written(place.old),
        expected: hazard.spellings(place.style).iter().map(|new| written(new)).collect(),
        edit: Edit {
            change: vec![Change { at, action: Action::Set(hazard.value.clone()) }],
            image: None,
            only: BTreeMap::new(),
            create: false,
            alias: None,
        },
        generated: true,
    }
}

impl Hazard {
    /// The spellings of a careful person for a scalar of this style: existing quotes stay, and a plain scalar gets quotes
    /// only if necessary.
    fn spellings(&self, style: Style) -> Vec<String> {
        let double = self.double.clone().unwrap_or_else(|| format!("\"{}\"", self.value));
        let single = self.single.clone().unwrap_or_else(|| format!("'{}'", self.value));
        let plain = match style {
            Style::Plain => self.plain,
            Style::Flow => self.flow.unwrap_or(self.plain),
            Style::Single | Style::Double => false,
        };
        match style {
            _ if plain => vec![self.value.clone()],
            Style::Double => vec![double],
            Style::Single if !single.is_empty() => vec![single],
            _ if single.is_empty() => vec![double],
            _ => vec![double, single],
        }
    }
}
