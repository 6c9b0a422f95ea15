//! Makes planned edits with each tool, each edit in a folder of its own, and returns the resulting file. It judges nothing.

use super::corpus::PlannedEdit;
use super::folder;
use crate::services::{self, Result};
use serde_json::{Value, json};
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use tempfile::TempDir;

/// The result of one edit.
#[derive(Debug)]
pub struct Attempt {
    /// The bytes of the file.
    pub after: Vec<u8>,
    /// The error of the tool, if it failed.
    pub error: Option<String>,
}

/// A tool that edits YAML.
#[derive(Debug)]
pub enum Tool {
    /// The finished program.
    Lockstep(PathBuf),
    /// The program of Mike Farah.
    Yq(PathBuf),
    /// `kustomize edit set image`.
    Kustomize(PathBuf),
    /// A library of Python, by the interpreter that has it and its name.
    Python(PathBuf, &'static str),
}

impl Tool {
    /// The other tools, installed on first use.
    ///
    /// # Errors
    /// The installation of one fails.
    pub fn peers() -> Result<Vec<Self>> {
        let python = services::yaml_python()?;
        Ok(vec![
            Self::Yq(services::yq()?),
            Self::Kustomize(services::kustomize()?),
            Self::Python(python.clone(), "ruamel"),
            Self::Python(python, "pyyaml"),
        ])
    }

    /// The name in tables.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Lockstep(_) => "lockstep run manifest-patch",
            Self::Yq(_) => "yq 4.54.1",
            Self::Kustomize(_) => "kustomize 5.7.1 edit set image",
            Self::Python(_, "ruamel") => "ruamel.yaml 0.19.1",
            Self::Python(..) => "PyYAML 6.0.3",
        }
    }

    /// Makes each edit that the tool has a command for; the others are `None`.
    ///
    /// # Errors
    /// The start of the tool fails.
    pub fn attempt(&self, plan: &[PlannedEdit]) -> Result<Vec<Option<Attempt>>> {
        let scenes: Vec<Scene> = plan.iter().map(Scene::new).collect::<Result<_>>()?;
        let errors = match self {
            Self::Python(python, library) => in_python(python, library, plan, &scenes)?.map(Some).collect(),
            _ => plan
                .iter()
                .zip(&scenes)
                .map(|(planned, scene)| self.one(planned, scene))
                .collect::<Result<Vec<_>>>()?,
        };
        let attempts = plan.iter().zip(errors).zip(&scenes).map(|((planned, error), scene)| {
            error
                .filter(|_| self.knows(planned))
                .map(|error| scene.file().map(|after| Attempt { after, error }))
                .transpose()
        });
        attempts.collect()
    }

    /// Only lockstep has an option for a write through an alias to a shared value.
    fn knows(&self, planned: &PlannedEdit) -> bool {
        matches!(self, Self::Lockstep(_)) || planned.edit.alias.as_deref() != Some("follow")
    }

    /// Runs one process for one edit. The inner `None` is success; the outer `None` means that the tool has no such command.
    fn one(&self, planned: &PlannedEdit, scene: &Scene) -> Result<Option<Option<String>>> {
        let edit = &planned.edit;
        match self {
            Self::Lockstep(program) => {
                let mut command = scene.command(program);
                command.args(["run", "manifest-patch", "--inputs", "-"]);
                run(&mut command, &edit.lockstep(&planned.file).to_string()).map(Some)
            }
            Self::Yq(program) => {
                run(scene.command(program).args(["-i", &edit.yq(), &planned.file]), "").map(Some)
            }
            Self::Kustomize(program) => match &edit.image {
                Some(image) if planned.file == "kustomization.yaml" => {
                    run(scene.command(program).args(["edit", "set", "image", image]), "").map(Some)
                }
                _ => Ok(None),
            },
            Self::Python(..) => Ok(None),
        }
    }
}

/// A folder with the file.
struct Scene {
    folder: TempDir,
    file: PathBuf,
}

impl Scene {
    fn new(planned: &PlannedEdit) -> Result<Self> {
        let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
        let scene = Self { file: folder.path().join("work").join(&planned.file), folder };
        fs::create_dir(scene.work())
            .and_then(|()| fs::write(&scene.file, &planned.before))
            .map_err(|e| e.to_string())?;
        Ok(scene)
    }

    fn work(&self) -> PathBuf {
        self.folder.path().join("work")
    }

    fn file(&self) -> Result<Vec<u8>> {
        fs::read(&self.file).map_err(|error| error.to_string())
    }

    fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.current_dir(self.work()).env_clear();
        command.env("HOME", self.folder.path()).env("LOCKSTEP_PLATFORM", "plain");
        command
    }
}

/// Runs a program to its end, and returns its error output if it failed.
fn run(command: &mut Command, input: &str) -> Result<Option<String>> {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(|error| format!("{command:?}: {error}"))?;
    // A program that reads no input may have ended already.
    let _ = child.stdin.take().map(|mut stdin| stdin.write_all(input.as_bytes()));
    let output = child.wait_with_output().map_err(|error| error.to_string())?;
    let said = [output.stdout, output.stderr].concat();
    Ok((!output.status.success()).then(|| String::from_utf8_lossy(&said).into_owned()))
}

/// Makes all edits in one process of Python, which answers each with null or an error.
fn in_python(
    python: &Path,
    library: &str,
    plan: &[PlannedEdit],
    scenes: &[Scene],
) -> Result<impl Iterator<Item = Option<String>> + use<>> {
    let asked =
        plan.iter().zip(scenes).map(|(planned, scene)| json!({ "file": scene.file, "edit": planned.edit }));
    let input: String = asked.map(|edit| format!("{edit}\n")).collect();
    let answers =
        services::output_of(Command::new(python).arg(folder().join("python/edit.py")).arg(library), &input)?;
    let answers: Vec<Value> = answers
        .lines()
        .map(|line| serde_json::from_str(line).map_err(|error| format!("{error} in {line}")))
        .collect::<Result<_>>()?;
    if answers.len() != plan.len() {
        return Err(format!("edit.py answered {} of {} edits", answers.len(), plan.len()));
    }
    Ok(answers.into_iter().map(|answer| answer.as_str().map(str::to_owned)))
}
