//! A web server in the place of a cluster, and runs of the hostile component on it. It sends the answers of a test and has
//! no objects.

use crate::support::{ProgramOutput, Run, Scene, assert_no_secret, hostile};
use crate::web::{Web, WebReply};
use serde_json::{Value, json};

/// The token of the kubeconfig.
pub const TOKEN: &str = "kub3-t0ken";

/// A cluster with one answer to all requests.
#[must_use]
pub fn says(what: &Value) -> Web {
    let what = what.to_string();
    Web::new(move |_, _| json_of(200, &what))
}

/// A cluster without objects.
#[must_use]
pub fn empty() -> Web {
    says(&json!({"kind": "PodList", "apiVersion": "v1", "metadata": {"resourceVersion": "1"}, "items": []}))
}

/// An answer with this document.
#[must_use]
pub fn json_of(status: u16, document: &str) -> WebReply {
    WebReply::of(status, &["content-type: application/json"], document)
}

/// A run with these rights on this cluster.
#[must_use]
pub fn run<'s>(
    scene: &'s Scene,
    cluster: &Web,
    (rights, limits): (&[&str], &str),
    act: &str,
    words: &[&str],
) -> Run<'s> {
    let kubeconfig = json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "own",
        "clusters": [{"name": "own", "cluster": {"server": cluster.url("")}}],
        "users": [{"name": "own", "user": {"token": TOKEN}}],
        "contexts": [{"name": "own", "context": {"cluster": "own", "user": "own", "namespace": "shop"}}],
    });
    scene.put("kubeconfig", &kubeconfig.to_string());
    let rights = json!({ "cluster": rights });
    let run = scene.allowed(&hostile("clusters"), &rights, limits).args(["--act", act]);
    let run = words.iter().fold(run, |run, word| run.arg("--words").arg(*word));
    run.env("KUBECONFIG", scene.path("kubeconfig"))
}

/// Makes the run, and fails if its files or output hold the token or a secret.
///
/// # Panics
/// They hold one.
#[must_use]
#[track_caller]
pub fn end(scene: &Scene, run: Run<'_>) -> ProgramOutput {
    let ended = run.end();
    assert!(!format!("{ended:?}").contains(TOKEN), "{ended:#?}");
    assert_no_secret(scene, &ended);
    ended
}
