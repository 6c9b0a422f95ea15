//! The main job, shown on real input: a release changes image and replicas in a small repository of manifests.
//! It changes nothing outside a folder of its own below target/.

use crate::{build, shell};
use anyhow::{Result, bail};
use std::fs;
use std::path::Path;
use std::process::Command;

/// What a release job would type. README.md shows the same.
const RUN: [&str; 10] = [
    "run",
    "manifest-patch",
    "--files",
    "deploy/**/*.yaml",
    "--where",
    "kind=Deployment",
    "--image",
    "registry.example.com/shop/web:v1.8.0",
    "--set-json",
    ".spec.replicas=4",
];

/// What is asked of a plan of Terraform before it is applied.
const GATE: [&str; 6] = ["run", "plan-gate", "--plan", "plan.json", "--deny", "delete:*database*"];

/// What is taken from Terraform afterwards.
const PARSE: [&str; 8] = [
    "run",
    "terraform-parse",
    "--source",
    "outputs.json",
    "--outputs",
    "url:string",
    "--outputs",
    "database:object({host=string,port=number,password=string})",
];

/// Shows it.
pub(crate) fn demo(root: &Path) -> Result<()> {
    let host = build::build(root, build::Form::Slim)?;
    let folder = build::target(root).join("demo");
    lay_out(&root.join("examples/demo"), &folder)?;
    let plan = [&RUN[..], &["--plan"]].concat();
    show(&host, &folder, &plan, 0, "first only look: what would it change?")?;
    show(&host, &folder, &RUN, 0, "then do it")?;
    show(&host, &folder, &RUN, 0, "run it again: nothing to do")?;
    let denied = ["run", "manifest-patch", "--files", ".git/config", "--set", ".a=b"];
    show(&host, &folder, &denied, 3, "and what it may not touch, it cannot")?;
    show(&host, &folder, &GATE, 1, "a plan of Terraform that would destroy the database")?;
    show(&host, &folder, &PARSE, 0, "outputs of Terraform, held against what is expected of them")?;
    shell::say(&format!("\nthe folder is {}; the program is {}", folder.display(), host.display()));
    Ok(())
}

/// A fresh copy of the example, as a git repository.
fn lay_out(from: &Path, to: &Path) -> Result<()> {
    if to.exists() {
        fs::remove_dir_all(to)?;
    }
    copy_folder(from, to)?;
    shell::run(Command::new("git").args(["init", "--quiet"]).arg(to))
}

fn copy_folder(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        if from.is_dir() {
            copy_folder(&from, &to)?;
        } else {
            fs::copy(from, to)?;
        }
    }
    Ok(())
}

fn show(host: &Path, folder: &Path, args: &[&str], expected: i32, why: &str) -> Result<()> {
    let quoted: Vec<_> = args
        .iter()
        .map(|arg| if arg.contains(['*', '=']) { format!("'{arg}'") } else { (*arg).to_owned() })
        .collect();
    shell::say(&format!("\n# {why}\n$ lockstep {}", quoted.join(" ")));
    let status = Command::new(host).args(args).args(["--platform", "plain"]).current_dir(folder).status()?;
    if status.code() != Some(expected) {
        bail!("expected exit code {expected}, got {status}");
    }
    Ok(())
}
