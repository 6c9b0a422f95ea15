//! The work that is measured: the same edit by each tool, on the same files, checked afterwards.

use super::fresh::Fresh;
use super::measure::Contender;
use crate::build;
use anyhow::{Error, Result, bail};
use lockstep_tests::services;
use std::fs;
use std::path::Path;
use std::process::Command;

/// What the edit looks for and makes.
pub(super) const OLD: &str = "registry.example.com/shop/web:v1.7.3";
pub(super) const NEW: &str = "registry.example.com/shop/web:v1.8.0";
/// The place of the edit for tools with paths.
const POINTER: &str = "/spec/template/spec/containers/[name=web]/image";
/// The same edit for yq.
pub(super) const YQ: &str = "(.spec.template.spec.containers[] | select(.name == \"web\") | .image) = \"registry.example.com/shop/web:v1.8.0\"";

/// One file, one edit: mostly the start of the process.
pub(super) fn start(root: &Path, folder: &Path) -> Result<Vec<Contender>> {
    let files = folder.join("start");
    let python = services::linters().map_err(Error::msg)?.join("python3");
    let nothing = |name: &str, program: &str, args: &'static [&'static str]| {
        let program = program.to_owned();
        plain(name, move || with_args(Command::new(&program), args))
    };
    Ok(vec![
        nothing("true", "true", &[]),
        edit("lockstep run manifest-patch", &files, 1, lockstep(&build::host(root), &files)),
        edit(
            "lockstep, secrets in the environment",
            &files,
            1,
            with_secret(lockstep(&build::host(root), &files)),
        ),
        edit("yq -i", &files, 1, {
            let (yq, file) = (services::yq().map_err(Error::msg)?, files.join("web-0.yaml"));
            move || with_args(Command::new(&yq), &["-i", YQ, &file.to_string_lossy()])
        }),
        nothing("jq -n 0", "jq", &["-n", "0"]),
        nothing("python3 -c 'import yaml'", &python.to_string_lossy(), &["-c", "import yaml"]),
        nothing("node -e 0", "node", &["-e", "0"]),
    ])
}

/// Many files, one edit in each.
pub(super) fn bulk(root: &Path, fresh: &Fresh, count: usize) -> Result<Vec<Contender>> {
    let this = std::env::current_exe()?;
    let host = build::host(root);
    let edit = |name: &str, command: Box<dyn Fn(&Path) -> Command>| {
        let (lay_out, check) =
            (move |files: &Path| lay_out(files, count), move |files: &Path| check(files, count));
        fresh.contender(&format!("{name}, {count}"), lay_out, command, check)
    };
    let mut contenders = vec![
        edit(
            "read and write each file",
            Box::new(move |files| with_args(Command::new(&this), &["bench-floor", &files.to_string_lossy()])),
        ),
        edit("lockstep run manifest-patch", Box::new(move |files| lockstep(&host, files)())),
    ];
    // A process a file: at the larger size it would take minutes and show the same.
    if count <= 500 {
        let yq = services::yq().map_err(Error::msg)?;
        let each = move |files: &Path| {
            let script = "for f in \"$2\"/*.yaml; do \"$0\" -i \"$1\" \"$f\" || exit 1; done";
            let (yq, files) = (yq.to_string_lossy(), files.to_string_lossy());
            with_args(Command::new("sh"), &["-c", script, &yq, YQ, &files])
        };
        contenders.push(edit("yq -i, a process a file", Box::new(each)));
    }
    Ok(contenders)
}

/// The floor: every file read, the bytes replaced, written beside it and renamed, in one process.
pub(crate) fn floor(folder: &Path) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let text = fs::read_to_string(&path)?.replace(OLD, NEW);
        let beside = path.with_extension("new");
        fs::write(&beside, text)?;
        fs::rename(beside, path)?;
    }
    Ok(())
}

/// The step, making the edit in every file of a folder.
pub(super) fn lockstep(host: &Path, files: &Path) -> impl Fn() -> Command + 'static {
    let (host, files) = (host.to_owned(), files.to_owned());
    let state = files.with_extension("state");
    move || {
        let set = format!("{POINTER}={NEW}");
        let mut command = Command::new(&host);
        command.args(["run", "manifest-patch", "--files", "*.yaml", "--set", &set]).current_dir(&files);
        command.env("XDG_STATE_HOME", &state);
        command
    }
}

/// With a secret in the environment the program starts itself again without it.
fn with_secret(command: impl Fn() -> Command + 'static) -> impl Fn() -> Command + 'static {
    move || {
        let mut command = command();
        command.env("DEPLOY_TOKEN", "correct-horse-battery-staple");
        command
    }
}

/// One whose work leaves nothing to be laid out or checked.
pub(super) fn plain(name: &str, command: impl Fn() -> Command + 'static) -> Contender {
    Contender {
        name: name.to_owned(),
        prepare: Box::new(|| Ok(())),
        command: Box::new(command),
        check: Box::new(|| Ok(())),
    }
}

fn edit(name: &str, files: &Path, count: usize, command: impl Fn() -> Command + 'static) -> Contender {
    let (prepared, checked) = (files.to_owned(), files.to_owned());
    Contender {
        name: name.to_owned(),
        prepare: Box::new(move || lay_out(&prepared, count)),
        command: Box::new(command),
        check: Box::new(move || check(&checked, count)),
    }
}

/// Writes the manifests as they are before the edit.
fn lay_out(folder: &Path, count: usize) -> Result<()> {
    fs::create_dir_all(folder)?;
    for i in 0..count {
        fs::write(folder.join(format!("web-{i}.yaml")), manifest(i))?;
    }
    Ok(())
}

fn check(folder: &Path, count: usize) -> Result<()> {
    for i in 0..count {
        let path = folder.join(format!("web-{i}.yaml"));
        let text = fs::read_to_string(&path)?;
        if !text.contains(NEW) || text.contains(OLD) {
            bail!("{} was not edited", path.display());
        }
    }
    Ok(())
}

/// A deployment and its service, about 1.5 KB, with comments as people write them.
pub(super) fn manifest(i: usize) -> String {
    let text = include_str!("manifest.yaml");
    text.replace("NUMBER", &i.to_string())
}

pub(super) fn with_args(mut command: Command, args: &[&str]) -> Command {
    command.args(args);
    command
}
