//! The rules of the tree that no compiler knows, each a test. The invariants they hold are numbered in
//! ARCHITECTURE.md. It reads files and asks cargo for dependencies; it changes nothing.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The most lines of a source file.
const MAX_LINES: usize = 400;
/// The largest component, in bytes.
const MAX_WASM: u64 = 1_500_000;

#[test]
fn every_source_file_says_what_it_is_and_is_short() {
    for path in sources(".") {
        let text = read(&path);
        let lines = text.lines().count();
        assert!(lines <= MAX_LINES, "{}: {lines} lines, more than {MAX_LINES}", path.display());
        let first = text.lines().next().unwrap_or_default();
        assert!(first.starts_with("//!"), "{}: does not open with `//!`", path.display());
        let trailing = text.lines().position(|line| line.ends_with([' ', '\t']));
        assert_eq!(trailing, None, "{}: blanks at the end of a line", path.display());
    }
}

/// I1: `unsafe` stands in one place.
#[test]
fn unsafe_code_is_in_one_file() {
    let own = Path::new("host/engine/src/load.rs");
    for path in sources("host").into_iter().chain(sources("components")).chain(sources("tests/src")) {
        // Spelled in two parts so that this line is not found.
        let word = concat!("uns", "afe ");
        let used = read(&path).lines().any(|line| line.trim_start().contains(&format!("{word}{{")));
        assert!(!used || path.ends_with(own), "{}: {word}code", path.display());
    }
}

/// Components know nothing of the host, so both have the list of characters that no path has.
#[test]
fn the_host_and_the_components_refuse_the_same_characters() {
    let differ =
        |c: &char| lockstep_model::path::is_invisible(*c) != lockstep_sdk::characters::is_invisible(*c);
    assert_eq!(('\0'..=char::MAX).find(differ), None);
}

/// I2: who may depend on whom. Where a crate lies says what it is.
#[test]
fn dependencies_go_one_way() {
    let members = crate::members::members(&root()).unwrap();
    let below = |folder: &str| -> Vec<&str> {
        let inside = members.iter().filter(|member| member.folder.starts_with(folder));
        inside.map(|member| member.name.as_str()).filter(|name| *name != "xtask").collect()
    };
    let (host, capabilities) = (below("host"), below("host/capabilities"));
    assert!(host.len() > capabilities.len() && capabilities.len() > 3, "{host:?}");
    let mut rules: Vec<(&str, Vec<&str>)> = vec![
        ("lockstep-model", [&host[..], &["wasmtime", "tokio", "rustix", "clap"]].concat()),
        ("lockstep-process", [&host[..], &["wasmtime", "tokio", "clap"]].concat()),
        ("lockstep-workspace", vec!["tokio"]),
        ("lockstep-sandbox", [&host[..], &["wasmtime-internal-cranelift", "tokio"]].concat()),
        (crate::build::COMPILER, [&host[..], &["wasmtime-wasi", "tokio", "reqwest"]].concat()),
        // I8: the host has no compiler in it.
        ("lockstep", vec!["wasmtime-internal-cranelift", "cranelift-codegen", crate::build::COMPILER]),
        ("xtask", [&host[..], &["wasmtime"]].concat()),
        ("lockstep-tests", [&host[..], &["wasmtime"]].concat()),
    ];
    for name in &capabilities {
        rules
            .push((name, [&capabilities[..], &["wasmtime", "lockstep-engine", "lockstep", "clap"]].concat()));
    }
    rules.extend(
        below("components").into_iter().map(|name| (name, [&host[..], &["wasmtime", "tokio"]].concat())),
    );
    for (package, never) in rules {
        let found = dependencies(package);
        for name in never.into_iter().filter(|name| *name != package && !MAY.contains(&(package, name))) {
            assert!(!found.contains(name), "{package} depends on {name}");
        }
    }
}

/// What a rule of `dependencies_go_one_way` would refuse, and is meant so.
const MAY: [(&str, &str); 6] = [
    ("lockstep-compiler", "lockstep-sandbox"),
    ("lockstep-objects", "lockstep-workspace"),
    ("lockstep-forge", "lockstep-http"),
    ("lockstep-forge", "lockstep-repository"),
    ("xtask", "lockstep-model"),
    ("lockstep-tests", "lockstep-model"),
];

/// I3: only two files read the environment.
#[test]
fn the_environment_is_read_in_one_place() {
    let readers = ["host/cli/src/environment.rs", "host/cli/src/secrets.rs"];
    let ships = |path: &PathBuf| !path.components().any(|part| part.as_os_str() == "xtask");
    for path in sources("host").into_iter().filter(ships) {
        let reads = read(&path).contains("env::var");
        let allowed = readers.iter().any(|reader| path.ends_with(reader))
            || path.ends_with("build.rs")
            || is_test(&path);
        assert!(!reads || allowed, "{} reads the environment", path.display());
    }
}

/// Every step has a case that ends well and one that does not, and stays small. One that needs a cluster ends well in the
/// live tests only.
#[test]
fn every_step_has_its_cases() {
    for step in crate::build::steps(&root()).unwrap() {
        let cases = root().join("components").join(&step).join("cases");
        let exits: BTreeSet<bool> = fs::read_dir(&cases)
            .unwrap()
            .map(|case| {
                let case: toml::Table =
                    toml::from_str(&read(&case.unwrap().path().join("case.toml"))).unwrap();
                case["exit"].as_integer() == Some(0)
            })
            .collect();
        let needs_place = lockstep_tests::support::needs_place(&step);
        let wanted: BTreeSet<bool> = if needs_place { [false].into() } else { [false, true].into() };
        assert_eq!(exits, wanted, "{step}: needs a case that ends 0 and one that does not");
        let wasm = crate::build::target(&root())
            .join("wasm32-wasip2/guest")
            .join(format!("{}.wasm", step.replace('-', "_")));
        let bytes = fs::metadata(wasm).map_or(0, |wasm| wasm.len());
        assert!(bytes <= MAX_WASM, "{step}: {bytes} bytes of wasm, more than {MAX_WASM}");
    }
}

/// An invariant that code cites is one that ARCHITECTURE.md has.
#[test]
fn cited_invariants_exist() {
    let architecture = read(&root().join("ARCHITECTURE.md"));
    for path in sources("host").into_iter().chain(sources("tests/src")) {
        for line in read(&path).lines().filter(|line| line.trim_start().starts_with("//")) {
            for word in line.split(|c: char| !c.is_ascii_alphanumeric()) {
                let number = word
                    .strip_prefix('I')
                    .filter(|rest| !rest.is_empty() && rest.chars().all(|c| c.is_ascii_digit()));
                if let Some(number) = number {
                    assert!(
                        architecture.contains(&format!("**I{number}**")),
                        "{}: cites I{number}",
                        path.display()
                    );
                }
            }
        }
    }
}

/// ARCHITECTURE.md says for each library why this workspace uses it.
#[test]
fn every_library_is_in_the_table_of_architecture() {
    let architecture = read(&root().join("ARCHITECTURE.md"));
    let (_, table) = architecture.split_once("\n## Libraries\n").unwrap();
    let is_part = |c: char| c.is_ascii_alphanumeric() || "-_".contains(c);
    let words: BTreeSet<&str> = table.split(|c| !is_part(c)).collect();
    let manifest: toml::Table = toml::from_str(&read(&root().join("Cargo.toml"))).unwrap();
    let libraries = manifest["workspace"]["dependencies"].as_table().unwrap();
    for (name, _) in libraries.iter().filter(|(_, library)| library.get("path").is_none()) {
        assert!(words.contains(&**name), "the table of ARCHITECTURE.md lacks {name}");
    }
}

fn root() -> PathBuf {
    crate::root()
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn is_test(path: &Path) -> bool {
    path.components().any(|part| part.as_os_str() == "tests") || path.ends_with("tests.rs")
}

/// The Rust files below a folder of the checkout, build output apart.
fn sources(folder: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if path.is_dir() && name != "target" && !name.starts_with('.') {
                folders.push(path);
            } else if name.ends_with(".rs") {
                found.push(path);
            }
        }
    }
    found
}

/// Everything a package is built of, for any target and with any feature.
fn dependencies(package: &str) -> BTreeSet<String> {
    let mut tree = Command::new(env!("CARGO"));
    tree.args([
        "tree",
        "--locked",
        "--offline",
        "--edges",
        "normal",
        "--prefix",
        "none",
        "--format",
        "{p}",
        "--package",
        package,
    ]);
    let output = tree.current_dir(root()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    let names = text.lines().filter_map(|line| line.split(' ').next()).map(str::to_owned);
    names.filter(|name| name != package).collect()
}
