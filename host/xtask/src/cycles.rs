//! Test: the files of a crate use each other in one direction. A file and the folder of its submodules may use each other. It
//! reads sources and changes nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Modules of a crate by path, such as `gate::read`, with the modules that each uses.
type Graph = BTreeMap<String, BTreeSet<String>>;

#[test]
fn files_use_each_other_in_one_direction() {
    let root = crate::root();
    let mut cycles = Vec::new();
    for member in crate::members::members(&root).unwrap() {
        let graph = graph(&root.join(&member.folder).join("src"));
        cycles.extend(knots(&graph).into_iter().map(|knot| format!("{}: {}", member.name, knot.join(", "))));
    }
    assert!(cycles.is_empty(), "files that use each other in a circle:\n{}", cycles.join("\n"));
}

/// The modules below a folder of sources, and what each uses. Tests are left out: they may use everything.
fn graph(folder: &Path) -> Graph {
    let files = files(folder, "");
    let names: BTreeSet<String> = files.iter().map(|(name, _)| name.clone()).collect();
    let mut graph = Graph::new();
    for (name, path) in &files {
        let text = fs::read_to_string(path).unwrap();
        let uses = uses(&text, name, &names);
        graph.insert(name.clone(), uses.into_iter().filter(|other| !related(name, other)).collect());
    }
    graph
}

/// Whether one of two modules contains the other.
fn related(one: &str, other: &str) -> bool {
    let inside = |inner: &str, outer: &str| {
        outer.is_empty() || inner == outer || inner.starts_with(&format!("{outer}::"))
    };
    inside(one, other) || inside(other, one)
}

/// The files with the paths of their modules. The module of the crate itself is the empty path.
fn files(folder: &Path, prefix: &str) -> Vec<(String, PathBuf)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let join = |name: &str| if prefix.is_empty() { name.to_owned() } else { format!("{prefix}::{name}") };
        if path.is_dir() && stem != "tests" && stem != "bin" {
            found.extend(files(&path, &join(&stem)));
        } else if path.extension().is_some_and(|end| end == "rs") && stem != "tests" {
            let is_top = matches!(stem.as_str(), "lib" | "main" | "mod");
            found.push((if is_top { prefix.to_owned() } else { join(&stem) }, path));
        }
    }
    found
}

/// The modules of the crate that a text uses.
fn uses(text: &str, own: &str, modules: &BTreeSet<String>) -> BTreeSet<String> {
    let code: String =
        without_tests(text).lines().map(|line| line.split("//").next().unwrap_or("")).collect();
    let mut found = BTreeSet::new();
    for (word, is_own) in [("crate::", false), ("super::", true)] {
        for (at, _) in code.match_indices(word) {
            let before = code[..at].chars().next_back();
            if before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == '$')
                || code[..at].ends_with("super::")
            {
                continue;
            }
            let (mut base, mut rest) = (String::new(), &code[at + word.len()..]);
            if is_own {
                base = parent(own);
                while let Some(further) = rest.strip_prefix("super::") {
                    (base, rest) = (parent(&base), further);
                }
            }
            for path in paths(rest) {
                let full = if base.is_empty() { path } else { format!("{base}::{path}") };
                found.extend(module_of(&full, modules));
            }
        }
    }
    found
}

/// The text without what follows its first test module.
fn without_tests(text: &str) -> &str {
    text.split("#[cfg(test)]\nmod ").next().unwrap_or(text)
}

fn parent(module: &str) -> String {
    module.rsplit_once("::").map_or(String::new(), |(parent, _)| parent.to_owned())
}

/// The paths of a tree such as `a::{b, c::d}`.
fn paths(text: &str) -> Vec<String> {
    let end = text.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':')).unwrap_or(text.len());
    let head = text[..end].trim_end_matches(':').to_owned();
    let is_group = text[end..].starts_with('{') && (end == 0 || text[..end].ends_with("::"));
    if !is_group {
        return vec![head];
    }
    let inner = group(&text[end + 1..]);
    let join = |path: String| if head.is_empty() { path } else { format!("{head}::{path}") };
    inner.into_iter().flat_map(|part| paths(part.trim_start())).map(join).collect()
}

/// The parts of a group up to its closing brace.
fn group(text: &str) -> Vec<&str> {
    let (mut depth, mut start, mut parts) = (0, 0, Vec::new());
    for (at, c) in text.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => {
                parts.push(&text[start..at]);
                break;
            }
            '}' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts
}

/// The longest beginning of a path that is a module.
fn module_of(path: &str, modules: &BTreeSet<String>) -> Option<String> {
    let mut path = path.to_owned();
    while !path.is_empty() {
        if modules.contains(&path) {
            return Some(path);
        }
        path = parent(&path);
    }
    None
}

/// The groups of modules that reach each other.
fn knots(graph: &Graph) -> Vec<Vec<String>> {
    let reach: BTreeMap<&String, BTreeSet<String>> =
        graph.keys().map(|name| (name, reached(graph, name))).collect();
    let mut knots: BTreeSet<Vec<String>> = BTreeSet::new();
    for (name, others) in &reach {
        let knot: Vec<String> = others.iter().filter(|other| reach[other].contains(*name)).cloned().collect();
        if knot.len() > 1 {
            knots.insert(knot);
        }
    }
    knots.into_iter().collect()
}

/// The modules that a module reaches.
fn reached(graph: &Graph, from: &str) -> BTreeSet<String> {
    let (mut seen, mut open) = (BTreeSet::new(), vec![from.to_owned()]);
    while let Some(name) = open.pop() {
        for next in graph.get(&name).into_iter().flatten() {
            if seen.insert(next.clone()) {
                open.push(next.clone());
            }
        }
    }
    seen
}

#[test]
fn a_circle_is_found_through_groups_and_parents() {
    let modules = ["", "a", "b", "b::c", "d"].map(str::to_owned).into();
    let used = |text: &str, own: &str| uses(text, own, &modules).into_iter().collect::<Vec<_>>();
    assert_eq!(used("use crate::{b::{self, c::X}, d::Y};", "a"), ["b", "b::c", "d"]);
    assert_eq!(used("use super::c::X; let x = super::super::a::f();", "b::c"), ["a", "b::c"]);
    assert!(used("// use crate::a::X;\n#[cfg(test)]\nmod tests { use crate::a; }", "d").is_empty());
    let graph = |pairs: &[(&str, &str)]| {
        let mut graph = Graph::new();
        for (from, to) in pairs {
            graph.entry((*from).to_owned()).or_default().insert((*to).to_owned());
            graph.entry((*to).to_owned()).or_default();
        }
        graph
    };
    assert_eq!(knots(&graph(&[("a", "b"), ("b", "c"), ("c", "a"), ("c", "d")])), [["a", "b", "c"]]);
    assert!(knots(&graph(&[("a", "b"), ("a", "c"), ("b", "c")])).is_empty());
}
