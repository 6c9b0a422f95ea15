//! Compares the settings of the sandbox with the source of wasmtime: a knob that nobody has decided about fails a test.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

/// What a command says.
fn said(command: &mut Command) -> String {
    let output = command.current_dir(crate::root()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// The source of the wasmtime that this workspace is built of, unpacked by cargo.
fn wasmtime() -> PathBuf {
    // Without the platform, cargo asks for the packages of all others too.
    let compiler = said(Command::new("rustc").arg("-vV"));
    let host = compiler.lines().find_map(|line| line.strip_prefix("host: ")).unwrap();
    let mut metadata = Command::new(env!("CARGO"));
    metadata.args(["metadata", "--locked", "--offline", "--format-version", "1", "--filter-platform", host]);
    let metadata: serde_json::Value = serde_json::from_str(&said(&mut metadata)).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    let package = packages.iter().find(|package| package["name"] == "wasmtime").unwrap();
    PathBuf::from(package["manifest_path"].as_str().unwrap()).parent().unwrap().to_owned()
}

/// The names of the functions of `Config` that set something.
fn knobs(source: &str) -> BTreeSet<String> {
    let (_, config) = source.split_once("\nimpl Config {").expect("an `impl Config`");
    let (config, _) = config.split_once("\n}\n").expect("its end");
    let functions = config.lines().filter_map(|line| {
        let rest = line.strip_prefix("    pub ")?;
        let rest = rest.strip_prefix("unsafe ").unwrap_or(rest).strip_prefix("fn ")?;
        rest.split(['(', '<']).next()
    });
    functions.filter(|name| *name != "new").map(str::to_owned).collect()
}

#[test]
fn the_sandbox_names_each_setting_of_wasmtime() {
    let source = fs::read_to_string(wasmtime().join("src/config.rs")).unwrap();
    let knobs = knobs(&source);
    assert!(knobs.len() > 80 && knobs.contains("wasm_threads"), "that is not all of them: {knobs:?}");
    let ours = fs::read_to_string(crate::root().join("host/sandbox/src/config.rs")).unwrap();
    let named: BTreeSet<&str> = ours.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').collect();
    let missing: Vec<_> = knobs.iter().filter(|knob| !named.contains(knob.as_str())).collect();
    assert!(missing.is_empty(), "host/sandbox/src/config.rs does not name {missing:?}");
}

#[test]
fn a_new_setting_of_wasmtime_is_found() {
    let source = "\nimpl Config {\n    pub fn new() -> Self {}\n    pub fn old(&mut self) {}\n    pub unsafe fn fresh<T>(\n\
                  &mut self) {}\n    fn private(&self) {}\n}\n\nimpl Other {\n    pub fn other(&self) {}\n}\n";
    assert_eq!(knobs(source), BTreeSet::from(["old".to_owned(), "fresh".to_owned()]));
}
