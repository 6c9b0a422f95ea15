//! The repository and the inputs of the tests with pull requests.

use env_promote::{Inputs, Mode};
use lockstep_sdk::fake::FileTree;

use super::{Model, default_inputs};

pub(crate) const DEV: &str = "kind: Deployment\nspec:\n  replicas: 1\n  image: shop/web:1.3.0 # newest\n";
pub(crate) const PROD: &str = "kind: Deployment\nspec:\n  replicas: 5\n  image: shop/web:1.2.0\n";
pub(crate) const BRANCH: &str = "promote/web-envs-prod";
pub(crate) const FILE: &str = "envs/prod/web.yaml";

pub(crate) fn shop() -> Model {
    Model::new(&[("envs/dev/web.yaml", DEV), (FILE, PROD), ("other", "1")])
}

pub(crate) fn inputs() -> Inputs {
    Inputs {
        from: "envs/dev".into(),
        to: vec!["envs/prod".into()],
        pick: vec![".spec.image".into()],
        app: "web".into(),
        mode: Mode::PullRequest,
        ..default_inputs()
    }
}

/// Sets the version in dev.
pub(crate) fn set_version(files: &mut FileTree, version: &str) {
    let text = DEV.replace("1.3.0", version);
    files.insert("envs/dev/web.yaml".into(), text.into_bytes());
}
