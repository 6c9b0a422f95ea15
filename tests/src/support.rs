//! Runs the finished programs in a scene: a workspace, a folder outside it, planted secrets, and an environment without
//! other variables. It knows the program's command line and files, none of its code.

mod files;
mod leaks;
mod run;

pub use files::{contents, copy, executable, folder, program, tree};
pub use leaks::{assert_absent, assert_no_secret};
pub use run::{ProgramOutput, Run, Running};

use lockstep_model::digest::Digest;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// The planted secrets: two in the environment, one in the repository's own data, one in a file outside.
pub const SECRETS: [&str; 4] =
    ["canary-Deploy/Token+7291", "canary Secret&X=4410", "canary-git-5d20c1", "canary-outside-93be07"];

/// The finished program: `LOCKSTEP_BIN`, or the one of the last build. For components that are not built in, it starts the
/// compiler beside it.
#[must_use]
pub fn slim() -> PathBuf {
    built("LOCKSTEP_BIN", "release/lockstep")
}

/// A hostile component, in the folder `LOCKSTEP_HOSTILE` or that of the last build.
#[must_use]
pub fn hostile(name: &str) -> PathBuf {
    built("LOCKSTEP_HOSTILE", "hostile/wasm32-wasip2/guest").join(format!("{name}.wasm"))
}

/// The folder of the checkout.
#[must_use]
pub fn checkout() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new("."))
}

/// The path in a variable, or this path below the folder of cargo's builds.
fn built(variable: &str, place: &str) -> PathBuf {
    let target = || std::env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into());
    let path = std::env::var_os(variable).map(PathBuf::from);
    let path = path.unwrap_or_else(|| checkout().join(target()).join(place));
    assert!(path.exists(), "{} does not exist; `cargo xtask test offline` builds it", path.display());
    path
}

/// A temporary folder for runs. Dropping it removes the folder.
#[derive(Debug)]
pub struct Scene {
    folder: TempDir,
}

impl Default for Scene {
    fn default() -> Self {
        Self::new()
    }
}

impl Scene {
    /// Creates a workspace with one file and a `.git`, a folder outside, and the secrets.
    #[must_use]
    pub fn new() -> Self {
        let scene = Self { folder: folder() };
        scene.put("workspace/deploy/web.yaml", "image: web:v1\n");
        let [_, _, git, outside] = SECRETS;
        scene.put("workspace/.git/config", &format!("[http]\n\textraheader = Authorization: {git}\n"));
        scene.put("outside/secret.txt", &format!("{outside}\n"));
        for folder in ["own/home", "own/tmp"] {
            fs::create_dir_all(scene.path(folder)).expect("a folder");
        }
        scene
    }

    /// A scene whose workspace holds a copy of this folder.
    #[must_use]
    pub fn of(folder: &Path) -> Self {
        let scene = Self::new();
        fs::remove_dir_all(scene.path("workspace/deploy")).expect("the folder");
        copy(folder, &scene.path("workspace"));
        scene
    }

    /// The files of the workspace by path, without the repository's own data.
    #[must_use]
    pub fn contents(&self) -> BTreeMap<String, Vec<u8>> {
        let mut contents = contents(&self.path("workspace"));
        contents.retain(|path, _| !path.starts_with(".git/"));
        contents
    }

    /// A path in the scene: below `workspace/`, `outside/` or `own/`, the last for what a run writes.
    #[must_use]
    pub fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    /// Writes a file, and creates its folders.
    pub fn put(&self, path: &str, content: &str) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        fs::write(path, content).expect("a file");
    }

    /// The text of a file; empty if there is none.
    #[must_use]
    pub fn text(&self, path: &str) -> String {
        fs::read(self.path(path))
            .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
            .unwrap_or_default()
    }

    /// All files in the workspace and outside it.
    #[must_use]
    pub fn files(&self) -> BTreeMap<PathBuf, String> {
        let mut files = tree(&self.path("workspace"));
        files.extend(tree(&self.path("outside")));
        files
    }

    /// A run of a built-in step.
    #[must_use]
    pub fn run(&self, step: &str) -> Run<'_> {
        Run::new(self, slim()).args(["run", step])
    }

    /// A run of a component from a file, under a policy that allows it these rights on the workspace.
    #[must_use]
    pub fn component(&self, path: &Path, rights: &[&str], limits: &str) -> Run<'_> {
        self.allowed(path, &serde_json::json!({ "workspace": rights }), limits)
    }

    /// A run of a component from a file, under a policy that allows it this, by capability.
    #[must_use]
    pub fn allowed(&self, path: &Path, allow: &Value, limits: &str) -> Run<'_> {
        self.connected(path, allow, &serde_json::json!({}), limits)
    }

    /// The same, with the inputs of the component that configure clients of the host, by capability and setting.
    #[must_use]
    pub fn connected(&self, path: &Path, allow: &Value, connect: &Value, limits: &str) -> Run<'_> {
        let digest = Digest::of(&fs::read(path).expect("the component"));
        self.put(
            "own/policy.yaml",
            &format!(
                "version: 1\ncomponents:\n  - digest: {digest}\n    allow: {allow}\n    connect: {connect}\n    limits: {{{limits}}}\n"
            ),
        );
        let policy = self.path("own/policy.yaml");
        Run::new(self, slim()).args(["run"]).arg(path).args(["--policy"]).arg(policy)
    }

    /// A run of a hostile component that may do everything below `deploy/`.
    #[must_use]
    pub fn attack(&self, name: &str, act: &str, words: &[&str]) -> Run<'_> {
        self.attack_with(name, act, words, &["read,write,remove deploy/**"], "")
    }

    /// A run of a hostile component with these rights and limits.
    #[must_use]
    pub fn attack_with(
        &self,
        name: &str,
        act: &str,
        words: &[&str],
        rights: &[&str],
        limits: &str,
    ) -> Run<'_> {
        let run = self.component(&hostile(name), rights, limits).args(["--act", act]);
        words.iter().fold(run, |run, word| run.arg("--words").arg(*word))
    }

    /// A call of another command than `run`.
    #[must_use]
    pub fn call(&self, program: PathBuf) -> Run<'_> {
        Run::new(self, program).bare()
    }
}

/// The content of an older receipt, as far as a run reads it.
pub const OLDER_RECEIPT: &str = "{\n  \"_type\": \"https://in-toto.io/Statement/v1\",\n  \"predicateType\": \"urn:lockstep:receipt:v1\",\n  \"subject\": []\n}\n";

/// The receipt of the last run.
#[must_use]
pub fn receipt(scene: &Scene) -> Value {
    let text = scene.text("own/receipt.json");
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("the receipt: {error}: {text}"))
}

/// The host calls that the receipt of the last run lists: function, target, verdict.
#[must_use]
pub fn calls(scene: &Scene) -> Vec<(String, String, String)> {
    let receipt = receipt(scene);
    let calls = receipt["predicate"]["record"]["calls"].as_array().cloned().expect("a list of calls");
    let text = |call: &Value, name: &str| call[name].as_str().unwrap_or_default().to_owned();
    calls.iter().map(|call| (text(call, "call"), text(call, "target"), text(call, "verdict"))).collect()
}

/// Whether a step needs a cluster or a repository, which a case cannot give. Then all of its cases end with an error, and
/// other tests cover its success.
///
/// # Panics
/// The step has no `step.toml`.
#[must_use]
pub fn needs_place(step: &str) -> bool {
    let path = checkout().join("components").join(step).join("step.toml");
    let text = fs::read_to_string(path).expect("its step.toml");
    text.lines().any(|line| line.starts_with("cluster = ") || line.starts_with("repository = "))
}

/// The names of the built-in steps: the folders with a `step.toml`.
#[must_use]
pub fn steps() -> Vec<String> {
    let folders = fs::read_dir(checkout().join("components")).expect("the components").flatten();
    let steps = folders.filter(|folder| folder.path().join("step.toml").exists());
    let mut names: Vec<_> = steps.map(|step| step.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}
