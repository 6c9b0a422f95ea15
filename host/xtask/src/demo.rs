//! The main job, shown on real input: a release changes image and replicas in a small repository of manifests.
//! It changes nothing outside a folder of its own below target/.

use crate::{build, shell};
use anyhow::{Context as _, Result, bail};
use serde_json::Value;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

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
    upload(root, &host, &folder)?;
    shell::say(&format!("\nthe folder is {}; the program is {}", folder.display(), host.display()));
    Ok(())
}

/// Uploads what was built: to a folder, then to a server of S3 that lives as long as this.
fn upload(root: &Path, host: &Path, folder: &Path) -> Result<()> {
    let store = format!("file://{}/releases/", folder.display());
    let to_folder = ["run", "artifact-upload", "--source", "dist", "--to", &store];
    show(host, folder, &to_folder, 0, "what was built goes to a store: a folder needs no account")?;
    show(host, folder, &to_folder, 0, "the same content is there already")?;

    shell::step("a server of S3 for the demo");
    let mut server = shell::cargo(root);
    server.args([
        "run",
        "--quiet",
        "--locked",
        "--package",
        "lockstep-tests",
        "--features",
        "live",
        "--bin",
        "s3-server",
    ]);
    let mut server = server.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    let mut line = String::new();
    let stdout = server.stdout.take().context("the server has no output")?;
    BufReader::new(stdout).read_line(&mut line)?;
    let place: Value = serde_json::from_str(&line).context("the server did not start")?;
    let text = |name: &str| place[name].as_str().unwrap_or_default().to_owned();
    let (to, endpoint) = (format!("s3://{}/web/", text("bucket")), text("endpoint"));
    let args = ["run", "artifact-upload", "--source", "dist", "--to", &to, "--endpoint", &endpoint];
    let keys = [("AWS_ACCESS_KEY_ID", text("access-key")), ("AWS_SECRET_ACCESS_KEY", text("secret-key"))];
    let shown = show_with(host, folder, &args, &keys, 0, "a bucket: the keys stay in the host")
        .and_then(|()| show_with(host, folder, &args, &keys, 0, "run it again: nothing to send"));
    // The end of its input ends it.
    drop(server.stdin.take());
    server.wait()?;
    shown
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
    show_with(host, folder, args, &[], expected, why)
}

fn show_with(
    host: &Path,
    folder: &Path,
    args: &[&str],
    secrets: &[(&str, String)],
    expected: i32,
    why: &str,
) -> Result<()> {
    let quoted: Vec<_> = args
        .iter()
        .map(|arg| if arg.contains(['*', '=']) { format!("'{arg}'") } else { (*arg).to_owned() })
        .collect();
    shell::say(&format!("\n# {why}\n$ lockstep {}", quoted.join(" ")));
    let mut run = Command::new(host);
    run.args(args).args(["--platform", "plain"]).envs(secrets.iter().map(|(name, value)| (name, value)));
    let status = run.current_dir(folder).status()?;
    if status.code() != Some(expected) {
        bail!("expected exit code {expected}, got {status}");
    }
    Ok(())
}
