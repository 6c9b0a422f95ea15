//! One file of thousands of documents, as `kustomize build` and `helm template` print them: one value of one document
//! changes, or one of each. It is about what a file costs as it grows.

use super::measure::Contender;
use super::work::{self, NEW, OLD, with_args};
use crate::build;
use anyhow::{Error, Result, ensure};
use lockstep_tests::services;
use std::fs;
use std::path::Path;
use std::process::Command;

/// In which documents the value changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Which {
    /// In the one in the middle. The others are as they shall be.
    One,
    /// In every deployment; the services between them stay.
    Each,
}

/// The same edit of a file of so many kilobytes by each tool.
pub(super) fn streams(root: &Path, folder: &Path, kilobytes: usize, which: Which) -> Result<Vec<Contender>> {
    let files = folder.join(format!("stream-{kilobytes}-{which:?}"));
    let count = kilobytes * 1_000 / work::manifest(0).len();
    let name = format!("web-{}", count / 2);
    let floor = {
        let (this, files) = (std::env::current_exe()?, files.clone());
        move || with_args(Command::new(&this), &["bench-floor", &files.to_string_lossy()])
    };
    let lockstep = {
        let (step, condition) = (work::lockstep(&build::host(root), &files), format!("metadata.name={name}"));
        move || match which {
            Which::One => with_args(step(), &["--where", "kind=Deployment", "--where", &condition]),
            Which::Each => step(),
        }
    };
    let yq = {
        let (yq, file) = (services::yq().map_err(Error::msg)?, files.join("all.yaml"));
        let one = format!("(select(.kind == \"Deployment\" and .metadata.name == \"{name}\") | ");
        let expression = match which {
            Which::One => work::YQ.replacen('(', &one, 1),
            Which::Each => work::YQ.to_owned(),
        };
        move || with_args(Command::new(&yq), &["-i", &expression, &file.to_string_lossy()])
    };
    let contender = |name: &str, command: Box<dyn Fn() -> Command>| {
        let (prepared, checked) = (files.clone(), files.clone());
        Contender {
            name: name.to_owned(),
            prepare: Box::new(move || lay_out(&prepared, count, which)),
            command,
            check: Box::new(move || check(&checked, count)),
        }
    };
    Ok(vec![
        contender("read and write the file", Box::new(floor)),
        contender("lockstep run manifest-patch", Box::new(lockstep)),
        contender("yq -i", Box::new(yq)),
    ])
}

/// Writes the file as it is before the edit.
fn lay_out(folder: &Path, count: usize, which: Which) -> Result<()> {
    fs::create_dir_all(folder)?;
    let document = |number: usize| match which {
        Which::One if number != count / 2 => work::manifest(number).replace(OLD, NEW),
        _ => work::manifest(number),
    };
    let documents: Vec<String> = (0..count).map(document).collect();
    Ok(fs::write(folder.join("all.yaml"), documents.join("---\n"))?)
}

fn check(folder: &Path, count: usize) -> Result<()> {
    let text = fs::read_to_string(folder.join("all.yaml"))?;
    let (new, old) = (text.matches(NEW).count(), text.matches(OLD).count());
    ensure!((new, old) == (count, 0), "{new} of {count} values are new, {old} old");
    Ok(())
}
