//! Builds the finished programs: the compiler, components to wasm, wasm to machine code, machine code into the host. What
//! has not changed is not built again.

use crate::{r#gen, shell};
use anyhow::{Context as _, Result, bail};
use lockstep_model::digest::{Checksum, Digest};
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The target of components.
const WASM: &str = "wasm32-wasip2";
/// The package of the compiler. It is always built alone: together with others, they would get Cranelift too.
pub(crate) const COMPILER: &str = "lockstep-compiler";
/// What cargo is told so that each library is built for one set of features: it selects all other crates with what their
/// tests need, whichever of them it then builds.
pub(crate) const WHOLE: [&str; 5] =
    ["--workspace", "--exclude", COMPILER, "--features", "lockstep-tests/live"];

/// How the programs are built.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Form {
    /// The profile of cargo.
    pub(crate) profile: &'static str,
    /// The system that they are for, if it is not that of this machine.
    pub(crate) target: Option<&'static str>,
}

/// The form for every day.
pub(crate) const EVERYDAY: Form = Form { profile: "release", target: None };

impl Form {
    /// The host in this form.
    pub(crate) fn host(self, root: &Path) -> PathBuf {
        self.folder(root).join("lockstep")
    }

    /// The compiler in this form.
    pub(crate) fn compiler(self, root: &Path) -> PathBuf {
        self.folder(root).join("lockstep-compiler")
    }

    /// What is embedded in the host of this form: a folder for each step.
    pub(crate) fn components(self, root: &Path) -> PathBuf {
        target(root).join("lockstep").join(self.profile)
    }

    fn folder(self, root: &Path) -> PathBuf {
        target(root).join(self.target.unwrap_or_default()).join(self.profile)
    }

    /// The command that builds one package in this form, alone.
    fn alone(self, root: &Path, package: &str) -> Command {
        let mut cargo = shell::cargo(root);
        cargo.args(["build", "--locked", "--package", package, "--profile", self.profile]);
        cargo.args(self.target.into_iter().flat_map(|target| ["--target", target]));
        cargo
    }

    /// The command that builds the host, with the components in it and the digest of the compiler. The everyday host has the
    /// libraries that its tests have, so that each is built once; what ships is built alone.
    pub(crate) fn host_command(self, root: &Path) -> Command {
        let mut cargo = if self == EVERYDAY {
            let mut cargo = shell::cargo(root);
            cargo.args(["build", "--locked", "--release", "--bin", "lockstep"]).args(WHOLE);
            cargo
        } else {
            self.alone(root, "lockstep")
        };
        self.embed(root, &mut cargo);
        cargo
    }

    /// Has cargo embed the components and the digest of the compiler, if they are built: cargo builds the crate of the
    /// program anew when they change.
    fn embed(self, root: &Path, cargo: &mut Command) {
        if let Ok(compiler) = fs::read(self.compiler(root)) {
            cargo.env("LOCKSTEP_COMPILER", Digest::of(&compiler).to_string());
        }
        if self.components(root).exists() {
            cargo.env("LOCKSTEP_COMPONENTS", self.components(root));
        }
    }
}

/// Has cargo embed what the everyday program embeds.
pub(crate) fn with_components(root: &Path, cargo: &mut Command) {
    EVERYDAY.embed(root, cargo);
}

/// The folder that cargo builds into.
pub(crate) fn target(root: &Path) -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), |folder| root.join(folder))
}

/// The finished host.
pub(crate) fn host(root: &Path) -> PathBuf {
    EVERYDAY.host(root)
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

/// Builds both programs for every day; gives the path of the host.
pub(crate) fn build(root: &Path) -> Result<PathBuf> {
    build_as(root, EVERYDAY)
}

/// Builds both programs in a form; gives the path of the host.
pub(crate) fn build_as(root: &Path, form: Form) -> Result<PathBuf> {
    shell::step("the compiler");
    shell::run(&mut form.alone(root, COMPILER))?;
    components(root, form)?;
    shell::step("the host");
    shell::run(&mut form.host_command(root))?;
    Ok(form.host(root))
}

/// Builds every step to wasm, and has the compiler make machine code of it.
fn components(root: &Path, form: Form) -> Result<()> {
    let steps = steps(root)?;
    ensure_wasm_target(root)?;
    shell::step(&format!("components: {}", steps.join(", ")));
    guests(root, &steps)?;
    shell::step("machine code of the components");
    let out = form.components(root);
    forget_others(&out, &steps)?;
    for step in &steps {
        component(root, form, step, &out.join(step))?;
    }
    Ok(())
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
fn component(root: &Path, form: Form, step: &str, out: &Path) -> Result<()> {
    let wasm = fs::read(guest(root, step))?;
    let digest = Digest::of(&wasm).to_string();
    let compiler = fs::read(form.compiler(root))?;
    let made_from = format!("{digest} {}", Digest::of(&compiler));
    fs::create_dir_all(out)?;
    write_if_changed(&out.join("step.json"), r#gen::step_json(root, step)?.as_bytes())?;
    if fs::read_to_string(out.join("made-from")).is_ok_and(|text| text == made_from) {
        return Ok(());
    }
    let code = compile(&form.compiler(root), wasm)?;
    write_if_changed(&out.join("component.cwasm"), &code)?;
    write_if_changed(&out.join("digests"), format!("{}\n{digest}\n", Checksum::of(&code)).as_bytes())?;
    write_if_changed(&out.join("made-from"), made_from.as_bytes())
}

fn compile(compiler: &Path, wasm: Vec<u8>) -> Result<Vec<u8>> {
    let mut child = Command::new(compiler).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
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

/// Writes a file only if its content would change, so that cargo does not build what depends on it again.
pub(crate) fn write_if_changed(path: &Path, content: &[u8]) -> Result<()> {
    if fs::read(path).is_ok_and(|old| old == content) {
        return Ok(());
    }
    fs::write(path, content).with_context(|| path.display().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use lockstep_tests::support;
    use std::io::BufRead as _;

    /// A constant that the compiler copies into each place that uses it would double the program.
    #[test]
    fn the_code_of_each_component_is_in_the_program_once() {
        let root = crate::root();
        let program = fs::read(support::slim()).unwrap();
        for step in steps(&root).unwrap() {
            let code = fs::read(EVERYDAY.components(&root).join(&step).join("component.cwasm")).unwrap();
            // From the middle, since all begin with the same headers, and from a byte that is not everywhere.
            let middle = &code[code.len() / 2..];
            let start = middle.iter().position(|byte| *byte == RARE).unwrap();
            assert_eq!(count(&program, &middle[start..][..4096]), 1, "{step}");
        }
    }

    /// A byte that is neither padding nor common in machine code.
    const RARE: u8 = 0xb7;

    /// How often this piece, which begins with [`RARE`], is among the bytes.
    fn count(bytes: &[u8], piece: &[u8]) -> usize {
        let (mut rest, mut found) = (bytes, 0);
        loop {
            let before = rest;
            match rest.skip_until(RARE).unwrap() {
                0 => return found,
                skipped => found += usize::from(before[skipped - 1..].starts_with(piece)),
            }
        }
    }

    #[test]
    fn a_piece_that_is_there_twice_is_found_twice() {
        let piece = [RARE, 1, 2];
        assert_eq!(count(&[0, RARE, 1, 2, RARE, RARE, 1, 2, RARE], &piece), 2);
        assert_eq!(count(&[RARE, 1, RARE], &piece), 0);
    }
}
