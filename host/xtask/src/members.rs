//! The crates of the workspace, as cargo lists them: nothing here is kept by hand.

use crate::shell;
use anyhow::{Context as _, Result};
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// What a crate that opens connections is built on. Such crates share hundreds of libraries.
const CLIENTS: [&str; 2] = ["tokio", "wasmtime"];

/// One crate.
#[derive(Debug)]
pub(crate) struct Member {
    /// Its name.
    pub(crate) name: String,
    /// Its folder, from the top of the checkout.
    pub(crate) folder: PathBuf,
    /// Tests that are programs without libtest: they list nothing and take no filter.
    pub(crate) unlisted: BTreeSet<String>,
    /// The crates that it always uses, tests apart.
    uses: BTreeSet<String>,
}

impl Member {
    /// The last part of its folder, which people know it by.
    pub(crate) fn short(&self) -> String {
        self.folder.file_name().unwrap_or_default().to_string_lossy().into_owned()
    }

    /// Whether it is a step.
    pub(crate) fn is_step(&self, root: &Path) -> bool {
        root.join(&self.folder).join("step.toml").exists()
    }

    /// Whether it has this name, or a folder of this name.
    pub(crate) fn is_called(&self, name: &str) -> bool {
        self.name == name || self.short() == name
    }
}

/// All crates, by name.
pub(crate) fn members(root: &Path) -> Result<Vec<Member>> {
    let mut metadata = shell::cargo(root);
    metadata.args(["metadata", "--no-deps", "--locked", "--format-version", "1"]);
    let metadata: Value = serde_json::from_slice(&shell::output(&mut metadata)?)?;
    let packages = metadata["packages"].as_array().context("cargo lists no packages")?;
    let mut members = packages.iter().map(|package| member(root, package)).collect::<Result<Vec<_>>>()?;
    members.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(members)
}

fn member(root: &Path, package: &Value) -> Result<Member> {
    let text = |value: &Value| value.as_str().map(str::to_owned).context("cargo leaves out a name");
    let manifest = PathBuf::from(text(&package["manifest_path"])?);
    let folder = manifest.parent().context("a manifest has no folder")?;
    let always = |dependency: &&Value| dependency["kind"].is_null() && dependency["optional"] == false;
    let uses = package["dependencies"].as_array().into_iter().flatten().filter(always);
    Ok(Member {
        name: text(&package["name"])?,
        folder: folder.strip_prefix(root).unwrap_or(folder).to_owned(),
        unlisted: unlisted(&manifest)?,
        uses: uses.map(|dependency| text(&dependency["name"])).collect::<Result<_>>()?,
    })
}

/// The tests that a manifest says have no harness, which cargo does not tell.
fn unlisted(manifest: &Path) -> Result<BTreeSet<String>> {
    let manifest: toml::Table = toml::from_str(&std::fs::read_to_string(manifest)?)?;
    let tests = manifest.get("test").and_then(toml::Value::as_array).into_iter().flatten();
    let bare = tests.filter(|test| test.get("harness").and_then(toml::Value::as_bool) == Some(false));
    Ok(bare.filter_map(|test| test.get("name")?.as_str().map(str::to_owned)).collect())
}

/// Whether a crate is built on a client or the sandbox, by itself or by another crate of the workspace.
pub(crate) fn has_clients(member: &Member, all: &[Member]) -> bool {
    let inner = |name: &String| all.iter().any(|other| other.name == *name && has_clients(other, all));
    member.uses.iter().any(|name| CLIENTS.contains(&name.as_str()) || inner(name))
}

#[cfg(test)]
mod tests {
    use super::{has_clients, members};

    #[test]
    fn crates_are_found_with_what_they_are_built_on() {
        let root = crate::root();
        let all = members(&root).unwrap();
        let one = |name: &str| all.iter().find(|member| member.name == name).unwrap();
        assert!(has_clients(one("lockstep"), &all) && has_clients(one("lockstep-objects"), &all));
        assert!(!has_clients(one("lockstep-model"), &all) && !has_clients(one("plan-gate"), &all));
        assert!(one("plan-gate").is_step(&root) && !one("lockstep-yaml").is_step(&root));
        assert!(one("lockstep-process").unlisted.contains("keeper"));
        assert!(one("lockstep-http").is_called("http"));
    }
}
