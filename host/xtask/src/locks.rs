//! Test: the lock files of workspaces of their own, below `tests/`, know what our crates need. Cargo says so only where it builds
//! them, which is the last stage of a check.

use crate::members::members;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// The lock files.
const LOCKS: [&str; 2] = ["tests/fuzz/Cargo.lock", "tests/hostile/Cargo.lock"];

#[test]
fn each_lock_file_has_what_our_crates_need() {
    let root = crate::root();
    let mut missing = Vec::new();
    for lock in LOCKS {
        let locked = packages(&root.join(lock));
        assert!(!locked.is_empty(), "{lock} has no package");
        for member in members(&root).unwrap() {
            let Some(known) = locked.get(&member.name) else { continue };
            let lacks = needed(&root.join(&member.folder)).into_iter().filter(|name| !known.contains(name));
            missing.extend(lacks.map(|name| format!("{lock}: {} needs {name}", member.name)));
        }
    }
    assert!(missing.is_empty(), "run `cargo metadata` with their manifests:\n{}", missing.join("\n"));
}

/// The packages of a lock file, with the names that each depends on.
fn packages(lock: &Path) -> BTreeMap<String, Vec<String>> {
    let lock: toml::Table = fs::read_to_string(lock).unwrap().parse().unwrap();
    let text = |value: &toml::Value| value.as_str().unwrap_or_default().to_owned();
    // `base64 0.23.1`, where there are two.
    let name = |value: &toml::Value| text(value).split(' ').next().unwrap_or_default().to_owned();
    let names = |package: &toml::Value| {
        let dependencies = package.get("dependencies").and_then(toml::Value::as_array);
        dependencies.into_iter().flatten().map(name).collect()
    };
    lock["package"]
        .as_array()
        .unwrap()
        .iter()
        .map(|package| (text(&package["name"]), names(package)))
        .collect()
}

/// The names of the dependencies of a crate, without those that a feature turns on.
fn needed(folder: &Path) -> Vec<String> {
    let manifest: toml::Table = fs::read_to_string(folder.join("Cargo.toml")).unwrap().parse().unwrap();
    let dependencies = manifest.get("dependencies").and_then(toml::Value::as_table);
    let is_optional =
        |value: &toml::Value| value.get("optional").and_then(toml::Value::as_bool) == Some(true);
    let needed = dependencies.into_iter().flatten().filter(|(_, value)| !is_optional(value));
    needed.map(|(name, _)| name.clone()).collect()
}
