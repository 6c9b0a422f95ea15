//! Large documents of Terraform, read whole by each tool to answer one question. Each answer is looked at once,
//! before anything is measured.

use super::measure::Contender;
use super::work::{plain, with_args};
use crate::build;
use anyhow::{Context as _, Error, Result, bail, ensure};
use lockstep_tests::{services, terraform};
use serde_json::{Value, json};
use std::fs::{self, File};
use std::io::{self, BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The bytes of each output's value.
const OUTPUT: usize = 5_000;

/// Counts the actions of a plan of so many megabytes.
pub(super) fn plans(root: &Path, folder: &Path, megabytes: usize) -> Result<Vec<Contender>> {
    let mut count = 0;
    let document = Document::write(folder, &format!("plan-{megabytes}"), |out| {
        count = terraform::plan(megabytes * 1_000_000, out)?;
        Ok(())
    })?;
    let jq = "[.resource_changes[].change.actions]|group_by(.)|map({(.[0]|join(\",\")):length})|add";
    let python = "import collections, json, sys\n\
                  changes = json.load(open(sys.argv[1], encoding='utf-8'))['resource_changes']\n\
                  print(json.dumps(collections.Counter(','.join(c['change']['actions']) for c in changes)))";
    let counts = move |answer: &Value, replace: &str| {
        let expected = [("create", 10), ("update", 5), (replace, 10), ("delete", 10)];
        expected.iter().all(|(name, share)| answer[name] == json!(count / share))
    };
    document.contenders(root, "plan-gate", json!({ "plan": ["document.json"] }), jq, python, move |answer| {
        match answer.get("outputs") {
            Some(outputs) => counts(outputs, "replace"),
            None => counts(answer, "delete,create"),
        }
    })
}

/// Takes the values out of so many outputs.
pub(super) fn outputs(root: &Path, folder: &Path, count: usize) -> Result<Vec<Contender>> {
    let document =
        Document::write(folder, &format!("outputs-{count}"), |out| terraform::outputs(count, OUTPUT, out))?;
    let python = "import json, sys\n\
                  outputs = json.load(open(sys.argv[1], encoding='utf-8'))\n\
                  print(json.dumps({name: output['value'] for name, output in outputs.items()}))";
    let inputs = json!({ "source": "document.json", "file": "values.json" });
    let file = document.folder.join("values.json");
    document.contenders(root, "terraform-parse", inputs, "map_values(.value)", python, move |answer| {
        let names = answer["outputs"]["names"].as_array().map(Vec::len);
        let of_file = || -> Option<usize> {
            let values: Value = serde_json::from_slice(&fs::read(&file).ok()?).ok()?;
            values.as_object().map(serde_json::Map::len)
        };
        let found = if names.is_some() { of_file() } else { answer.as_object().map(serde_json::Map::len) };
        found == Some(count) && names.is_none_or(|names| names == count)
    })
}

/// A folder with one document.
struct Document {
    folder: PathBuf,
}

impl Document {
    fn write(
        folder: &Path,
        name: &str,
        write: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>,
    ) -> Result<Self> {
        let document = Self { folder: folder.join(name) };
        fs::create_dir_all(&document.folder)?;
        let mut out = BufWriter::new(File::create(document.folder.join("document.json"))?);
        write(&mut out)?;
        out.flush()?;
        Ok(document)
    }

    /// The least that reading takes, the step, and the tools that people use instead.
    fn contenders(
        &self,
        root: &Path,
        step: &'static str,
        inputs: Value,
        jq: &'static str,
        python: &'static str,
        is_right: impl Fn(&Value) -> bool,
    ) -> Result<Vec<Contender>> {
        let in_folder = |program: &Path, args: &[&str]| {
            let mut command = Command::new(program);
            command.current_dir(&self.folder);
            with_args(command, args)
        };
        fs::write(self.folder.join("inputs.json"), inputs.to_string())?;
        let host = build::host(root);
        let own = ["run", step, "--inputs", "inputs.json"];
        let interpreter = services::linters().map_err(Error::msg)?.join("python3");
        let folder = self.folder.clone();
        let lockstep = {
            let (host, state) = (host.clone(), self.folder.with_extension("state"));
            let folder = folder.clone();
            move || {
                let mut command = with_args(Command::new(&host), &own);
                command.current_dir(&folder).env("XDG_STATE_HOME", &state);
                command
            }
        };
        let jq_args = ["-c", jq, "document.json"];
        let python_args = ["-c", python, "document.json"];
        answers(&mut with_args(lockstep(), &["--format", "json"]), &is_right)?;
        answers(&mut in_folder(Path::new("jq"), &jq_args), &is_right)?;
        answers(&mut in_folder(&interpreter, &python_args), &is_right)?;
        let other = |name: &str, program: PathBuf, args: Vec<&'static str>| {
            let folder = folder.clone();
            plain(name, move || {
                let mut command = with_args(Command::new(&program), &args);
                command.current_dir(&folder);
                command
            })
        };
        Ok(vec![
            other("cat", "cat".into(), vec!["document.json"]),
            plain(&format!("lockstep run {step}"), lockstep),
            other("jq", "jq".into(), jq_args.to_vec()),
            other("python3, json", interpreter, python_args.to_vec()),
        ])
    }
}

/// Fails if the program gives a wrong answer. One that is not installed gives none.
fn answers(command: &mut Command, is_right: &impl Fn(&Value) -> bool) -> Result<()> {
    let output = match command.output() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        output => output?,
    };
    if !output.status.success() {
        bail!("{command:?}: {}\n{}", output.status, String::from_utf8_lossy(&output.stderr));
    }
    let answer: Value =
        serde_json::from_slice(&output.stdout).with_context(|| format!("{command:?} prints no JSON"))?;
    ensure!(is_right(&answer), "{command:?} gives a wrong answer");
    Ok(())
}
