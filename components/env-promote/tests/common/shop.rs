//! The repository and the inputs of the tests with pull requests.

use crate::common::{Model, Tree};
use env_promote::problem::Code;
use env_promote::promote::Done;
use env_promote::settings::Inputs;

pub(crate) const DEV: &str = "kind: Deployment\nspec:\n  replicas: 1\n  image: shop/web:1.3.0 # newest\n";
pub(crate) const PROD: &str = "kind: Deployment\nspec:\n  replicas: 5\n  image: shop/web:1.2.0\n";
pub(crate) const BRANCH: &str = "promote/web-envs-prod";
pub(crate) const FILE: &str = "envs/prod/web.yaml";

pub(crate) fn shop() -> Model {
    Model::of(&[("envs/dev/web.yaml", DEV), (FILE, PROD), ("other", "1")])
}

pub(crate) fn inputs() -> Inputs {
    Inputs {
        from: "envs/dev".into(),
        to: vec!["envs/prod".into()],
        pick: vec![".spec.image".into()],
        app: "web".into(),
        base: "main".into(),
        pull_request: true,
        branch: "promote/{app}-{to}".into(),
        wait: "0s".into(),
        timeout: "5m".into(),
        ..Inputs::default()
    }
}

pub(crate) fn version(tree: &mut Tree, version: &str) {
    let text = DEV.replace("1.3.0", version);
    tree.insert("envs/dev/web.yaml".into(), text.into_bytes());
}

pub(crate) fn code(done: &Done) -> Option<Code> {
    done.rejection.as_ref().map(|problem| problem.code)
}
