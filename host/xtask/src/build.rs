//! Builds the finished host: components to wasm, wasm to machine code, machine code into the program. What has
//! not changed is not built again.

use crate::{r#gen, shell};
use anyhow::{Context as _, Result, bail};
use lockstep_model::digest::{Checksum, Digest};
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The target of components.
const WASM: &str = "wasm32-wasip2";
/// What cargo is told so that each library is built for one set of features: it selects all crates with what their tests
/// need, whichever of them it then builds.
pub(crate) const WHOLE: [&str; 3] = ["--workspace", "--features", "lockstep/compile,lockstep-tests/live"];
/// The same for the program without the compiler.
const SLIM: [&str; 3] = ["--workspace", "--features", "lockstep-tests/live"];

/// Which programs are built.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// Only the one that runs built-in steps.
    Slim,
    /// Also the one with the compiler.
    Both,
}

/// The folder that cargo builds into.
pub(crate) fn target(root: &Path) -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), |folder| root.join(folder))
}

/// The finished host.
pub(crate) fn host(root: &Path) -> PathBuf {
    target(root).join("release/lockstep")
}

/// The finished host with the compiler.
pub(crate) fn full_host(root: &Path) -> PathBuf {
    target(root).join("release/lockstep-full")
}

/// The folder of compiled components.
fn components_folder(root: &Path) -> PathBuf {
    target(root).join("lockstep/components")
}

/// Has cargo embed the components that are there: the crate of the program is built anew when they come or go.
pub(crate) fn with_components(root: &Path, cargo: &mut Command) {
    let folder = components_folder(root);
    if folder.exists() {
        cargo.env("LOCKSTEP_COMPONENTS", folder);
    }
}

/// The names of the steps: the folders below components/ that have a `step.toml`.
pub(crate) fn steps(root: &Path) -> Result<Vec<String>> {
    let mut steps = Vec::new();
    for entry in fs::read_dir(root.join("components"))? {
        let entry = entry?;
        if entry.path().join("step.toml").exists() {
            steps.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    steps.sort();
    Ok(steps)
}

/// Builds the host; gives its path.
pub(crate) fn build(root: &Path, form: Form) -> Result<PathBuf> {
    components(root)?;
    let host_build = |selection: &[&str]| {
        let mut cargo = shell::cargo(root);
        cargo.args(["build", "--locked", "--release"]).args(selection).args(["--bin", "lockstep"]);
        with_components(root, &mut cargo);
        shell::run(&mut cargo)
    };
    if form == Form::Both {
        shell::step("the host with the compiler");
        host_build(&WHOLE)?;
        copy(&host(root), &full_host(root))?;
    }
    shell::step("the host");
    host_build(&SLIM)?;
    Ok(host(root))
}

/// Builds and compiles every step; gives the folder that holds them.
pub(crate) fn components(root: &Path) -> Result<PathBuf> {
    let steps = steps(root)?;
    ensure_wasm_target(root)?;
    shell::step(&format!("components: {}", steps.join(", ")));
    guests(root, &steps)?;
    shell::step("the compiler");
    let mut compiler = shell::cargo(root);
    compiler.args(["build", "--locked", "--release"]).args(WHOLE).args(["--bin", "lockstep-compiler"]);
    shell::run(&mut compiler)?;
    let out = components_folder(root);
    forget_others(&out, &steps)?;
    for step in &steps {
        component(root, step, &out.join(step))?;
    }
    Ok(out)
}

/// Builds the components to wasm.
fn guests(root: &Path, packages: &[String]) -> Result<()> {
    let mut guests = shell::cargo(root);
    guests.args(["build", "--locked", "--profile", "guest", "--target", WASM]);
    guests.args(packages.iter().flat_map(|package| ["--package", package]));
    shell::run(&mut guests)
}

/// Where the wasm of a component is.
fn guest(root: &Path, package: &str) -> PathBuf {
    target(root).join(WASM).join("guest").join(format!("{}.wasm", package.replace('-', "_")))
}

/// Compiles one step and lays out what is embedded.
fn component(root: &Path, step: &str, out: &Path) -> Result<()> {
    let wasm = fs::read(guest(root, step))?;
    let digest = Digest::of(&wasm).to_string();
    let compiler = fs::read(target(root).join("release/lockstep-compiler"))?;
    let made_from = format!("{digest} {}", Digest::of(&compiler));
    fs::create_dir_all(out)?;
    write_if_changed(&out.join("step.json"), r#gen::step_json(root, step)?.as_bytes())?;
    if fs::read_to_string(out.join("made-from")).is_ok_and(|text| text == made_from) {
        return Ok(());
    }
    let code = compile(root, wasm)?;
    write_if_changed(&out.join("component.cwasm"), &code)?;
    write_if_changed(&out.join("digests"), format!("{}\n{digest}\n", Checksum::of(&code)).as_bytes())?;
    write_if_changed(&out.join("made-from"), made_from.as_bytes())
}

fn compile(root: &Path, wasm: Vec<u8>) -> Result<Vec<u8>> {
    let program = target(root).join("release/lockstep-compiler");
    let mut child = Command::new(program).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    let stdin = child.stdin.take();
    let writer = std::thread::spawn(move || stdin.map(|mut stdin| stdin.write_all(&wasm)));
    let output = child.wait_with_output()?;
    drop(writer.join());
    if !output.status.success() {
        bail!("the compiler refused a component");
    }
    Ok(output.stdout)
}

/// Removes what an earlier build left of steps that are gone.
fn forget_others(out: &Path, steps: &[String]) -> Result<()> {
    fs::create_dir_all(out)?;
    for entry in fs::read_dir(out)? {
        let entry = entry?;
        if !steps.contains(&entry.file_name().to_string_lossy().into_owned()) {
            fs::remove_dir_all(entry.path())?;
        }
    }
    Ok(())
}

/// Adds the wasm target to the toolchain if it is not there.
pub(crate) fn ensure_wasm_target(root: &Path) -> Result<()> {
    let installed =
        shell::output(Command::new("rustup").args(["target", "list", "--installed"]).current_dir(root))?;
    if String::from_utf8_lossy(&installed).lines().any(|line| line == WASM) {
        return Ok(());
    }
    shell::step(&format!("adding the target {WASM} to the toolchain"));
    shell::run(Command::new("rustup").args(["target", "add", WASM]).current_dir(root))
}

/// Replaces a file by a copy, also while an old copy of it runs.
pub(crate) fn copy(from: &Path, to: &Path) -> Result<()> {
    let mut temporary = to.as_os_str().to_owned();
    temporary.push(".new");
    fs::copy(from, &temporary).with_context(|| from.display().to_string())?;
    Ok(fs::rename(&temporary, to)?)
}

/// Writes a file only if its content would change, so that cargo does not build what depends on it again.
pub(crate) fn write_if_changed(path: &Path, content: &[u8]) -> Result<()> {
    if fs::read(path).is_ok_and(|old| old == content) {
        return Ok(());
    }
    fs::write(path, content).with_context(|| path.display().to_string())
}
