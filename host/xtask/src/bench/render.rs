//! Many files from one template: the first time, and again when nothing changes. The floor pastes text into text, in
//! one process, and knows no YAML.

use super::fresh::Fresh;
use super::measure::Contender;
use crate::build;
use anyhow::{Result, ensure};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// 0.9 KB when rendered.
const TEMPLATE: &str = "\
# One service in one environment.
apiVersion: apps/v1
kind: Deployment
metadata:
  name: ((name))
  labels: {app: ((name)), env: \"((env))\", tier: backend}
  annotations:
    example.com/owner: \"team-shop\"   # who to call
    example.com/runbook: 'https://runbooks.example.com/((name))'
spec:
  replicas: ((replicas))
  selector:
    matchLabels:
      app: ((name))
  template:
    metadata:
      labels: {app: ((name))}
    spec:
      serviceAccountName: ((name))
      containers:
        # the application itself
        - name: web
          image: ((image))
          ports:
            - containerPort: 8080
              name: http
          env:
            - name: ENVIRONMENT
              value: \"((env))\"
            - name: CONFIG
              value: |
                name = ((name))
                env = ((env))
          resources:
            requests: {cpu: 100m, memory: 128Mi}
            limits: {memory: 256Mi}
";

/// The names in the template with their values in a row.
fn values(row: usize) -> [(&'static str, String); 4] {
    [
        ("name", format!("svc-{row:05}")),
        ("env", ["dev", "staging", "production"][row % 3].to_owned()),
        ("replicas", (row % 7 + 1).to_string()),
        ("image", format!("registry.example.com/shop/svc:v{row}")),
    ]
}

/// Writes so many files.
pub(super) fn renders(root: &Path, fresh: &Fresh, count: usize) -> Result<Vec<Contender>> {
    let this = std::env::current_exe()?;
    let host = build::host(root);
    let lockstep = move |folder: &Path| {
        let mut command = Command::new(&host);
        command.args(["run", "config-render", "--template", "app.yaml", "--rows", "rows.yaml"]);
        command.args(["--to", "out/{env}/{name}.yaml"]).current_dir(folder);
        command.env("XDG_STATE_HOME", folder.with_extension("state"));
        command
    };
    let paste = move |folder: &Path| {
        let mut command = Command::new(&this);
        command.arg("bench-paste").arg(folder).arg(count.to_string());
        command
    };
    let before = lockstep.clone();
    let rendered = move |folder: &Path| {
        lay_out(folder, count)?;
        before(folder).stdout(Stdio::null()).stderr(Stdio::null()).status()?;
        Ok(())
    };
    let lay_out = move |folder: &Path| lay_out(folder, count);
    let check = move |folder: &Path| check(folder, count);
    let name = |name: &str| format!("{name}, {count}");
    Ok(vec![
        fresh.contender(&name("paste into text and write"), lay_out, paste, check),
        fresh.contender(&name("lockstep run config-render"), lay_out, lockstep.clone(), check),
        fresh.contender(&name("again, nothing to change"), rendered, lockstep, check),
    ])
}

/// Template and rows.
fn lay_out(folder: &Path, count: usize) -> Result<()> {
    fs::write(folder.join("app.yaml"), TEMPLATE)?;
    let row = |row| values(row).map(|(name, value)| format!("{name}: {value}")).join(", ");
    let rows: String = (0..count).map(|number| format!("- {{{}}}\n", row(number))).collect();
    Ok(fs::write(folder.join("rows.yaml"), rows)?)
}

/// Whether the last file is as pasting makes it: with these values it reads the same.
fn check(folder: &Path, count: usize) -> Result<()> {
    let (path, text) = pasted(folder, count - 1);
    ensure!(fs::read_to_string(&path)? == text, "{} is another", path.display());
    Ok(())
}

/// A file of a row, by pasting.
fn pasted(folder: &Path, row: usize) -> (PathBuf, String) {
    let values = values(row);
    let paste = |text: String, (name, value): &(&str, String)| text.replace(&format!("(({name}))"), value);
    let path = folder.join("out").join(&values[1].1).join(format!("{}.yaml", values[0].1));
    (path, values.iter().fold(TEMPLATE.to_owned(), paste))
}

/// The floor, a process of its own.
pub(crate) fn paste(folder: &Path, count: usize) -> Result<()> {
    for (path, text) in (0..count).map(|row| pasted(folder, row)) {
        path.parent().map_or(Ok(()), fs::create_dir_all)?;
        fs::write(path, text)?;
    }
    Ok(())
}
