//! Writes what follows from the steps' WIT and `step.toml`: the wrappers of each platform, the reference
//! pages and the table in the README. It generates data, never logic: the wrappers all call `ci/run.sh`.

mod book;
mod describe;
mod docs;
mod examples;
mod exits;
mod failures;
mod github;
mod gitlab;
mod jenkins;
mod protected;
mod text;
mod wit;

#[cfg(test)]
mod tests;

use describe::describe;

use anyhow::{Context as _, Result, ensure};
use lockstep_model::info::StepInfo;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// The inputs that every wrapper has besides the step's own.
const CONTROLS: [Control; 6] = [
    Control { name: "policy", docs: "A policy file that bounds what the step may do." },
    Control { name: "dry-run", docs: "`true` shows what would change and changes nothing." },
    Control { name: "receipt", docs: "Where to write the receipt of the run." },
    Control {
        name: "binary",
        docs: "The path of lockstep, if it is not where the wrapper looks for it. Its SHA-256 must be that of this version, \
               unless `own-build` is `true`.",
    },
    Control {
        name: OWN_BUILD,
        docs: "`true` runs the program that `binary` names without a check of its SHA-256.",
    },
    Control {
        name: WORKSPACE_CREDENTIALS,
        docs: "`true` lets the host use a kubeconfig or an AWS configuration in the workspace. Any commit can have put it \
               there.",
    },
];

/// The control that lets another program run.
const OWN_BUILD: &str = "own-build";
/// The control that lets the host use configuration of credentials in the workspace.
const WORKSPACE_CREDENTIALS: &str = "allow-workspace-credentials";

/// An input that is the wrapper's, not the step's.
struct Control {
    name: &'static str,
    docs: &'static str,
}

impl Control {
    /// The variable through which a wrapper passes it. Empty is not given.
    fn variable(&self) -> String {
        format!("LOCKSTEP_CONTROL_{}", text::upper(self.name))
    }

    /// Whether the wrapper passes it as an argument of the shim: it decides which program runs, or where credentials come
    /// from, and an earlier step or job can set variables.
    fn is_argument(&self) -> bool {
        ["binary", OWN_BUILD, WORKSPACE_CREDENTIALS].contains(&self.name)
    }

    /// Whether it is `true` or `false`.
    fn is_flag(&self) -> bool {
        ["dry-run", OWN_BUILD, WORKSPACE_CREDENTIALS].contains(&self.name)
    }
}

/// Folders in which every file is generated: what is there and not expected is stale.
const OWNED: [&str; 6] = ["actions", "docs/steps", "docs/wit", "resources/lockstep/ci", "templates", "vars"];

/// Writes every generated file below `root`, or with `check` writes nothing. Returns the paths, relative to
/// `root`, of the files that were not as they should be.
///
/// # Errors
/// A step that cannot be described, or a file that cannot be read or written.
pub(crate) fn run(root: &Path, check: bool) -> Result<Vec<PathBuf>> {
    let files = expected(root)?;
    let mut stale = Vec::new();
    for (path, text) in &files {
        if fs::read_to_string(root.join(path)).ok().as_ref() != Some(text) {
            stale.push(path.clone());
            if !check {
                write(&root.join(path), text)?;
            }
        }
    }
    for folder in OWNED {
        for path in files_below(root, Path::new(folder))? {
            if !files.contains_key(&path) {
                if !check {
                    fs::remove_file(root.join(&path)).with_context(|| path.display().to_string())?;
                }
                stale.push(path);
            }
        }
    }
    Ok(stale)
}

/// The description of one step as JSON, to be embedded.
///
/// # Errors
/// A step that cannot be described.
pub(crate) fn step_json(root: &Path, step: &str) -> Result<String> {
    let info = describe(root, &root.join("components").join(step))?;
    Ok(serde_json::to_string(&info)?)
}

/// Every generated file with its content.
fn expected(root: &Path) -> Result<BTreeMap<PathBuf, String>> {
    let steps = steps(root)?;
    let shim = Shim::read(root)?;
    let mut files = BTreeMap::new();
    files.insert(PathBuf::from("action.yml"), github::generic());
    files.insert("vars/lockstep.groovy".into(), jenkins::generic());
    files.insert("resources/lockstep/ci/run.sh".into(), shim.run.clone());
    files.insert("resources/lockstep/ci/CHECKSUMS".into(), shim.checksums.clone());
    for step in &steps {
        let name = &step.name;
        files.insert(format!("actions/{name}/action.yml").into(), github::action(step));
        files.insert(format!("templates/{name}.yml").into(), gitlab::template(step, &shim));
        files.insert(format!("vars/{}.groovy", text::camel(name)).into(), jenkins::typed(step));
        let page = docs::page(step, &examples::more(root, step)?);
        files.insert(format!("docs/steps/{name}.md").into(), page);
    }
    files.insert("docs/protected-files.md".into(), protected::page());
    files.insert("docs/exit-codes.md".into(), exits::page());
    let contract = wit::pages(root)?;
    let names: Vec<PathBuf> = contract.iter().map(|(path, _)| path.clone()).collect();
    files.extend(contract);
    files.extend(book::pages(root, &steps, &names)?);
    let readme = fs::read_to_string(root.join("README.md")).unwrap_or_default();
    files.insert("README.md".into(), docs::readme(&readme, &steps)?);
    Ok(files)
}

/// All steps, by name: the folders of `components` that have a `step.toml`.
///
/// # Errors
/// A step that cannot be described.
pub(crate) fn steps(root: &Path) -> Result<Vec<StepInfo>> {
    let folder = root.join("components");
    let mut folders: Vec<PathBuf> = fs::read_dir(&folder)
        .with_context(|| folder.display().to_string())?
        .map(|entry| Ok(entry?.path()))
        .collect::<Result<_>>()?;
    folders.retain(|folder| folder.join("step.toml").is_file());
    folders.sort();
    let steps: Vec<StepInfo> = folders.iter().map(|folder| describe(root, folder)).collect::<Result<_>>()?;
    // A GitLab project can hold no more components.
    ensure!(steps.len() <= 30, "there are {} steps; GitLab takes 30 components of a project", steps.len());
    Ok(steps)
}

/// What the wrappers carry along where they cannot reach the checkout.
struct Shim {
    run: String,
    checksums: String,
}

impl Shim {
    fn read(root: &Path) -> Result<Self> {
        let read = |path: &str| fs::read_to_string(root.join(path)).with_context(|| path.to_owned());
        Ok(Self { run: read("ci/run.sh")?, checksums: read("ci/CHECKSUMS")? })
    }
}

fn write(path: &Path, text: &str) -> Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(path, text).with_context(|| path.display().to_string())
}

/// The files below a folder, as paths relative to `root`.
pub(crate) fn files_below(root: &Path, folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    if !root.join(folder).is_dir() {
        return Ok(files);
    }
    for entry in fs::read_dir(root.join(folder))? {
        let entry = entry?;
        let path = folder.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            files.extend(files_below(root, &path)?);
        } else {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}
