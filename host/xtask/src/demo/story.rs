//! The release itself: its steps in order, and how each of them is to end. It runs nothing but what the stage shows.

use super::receipts;
use super::stage::{Stage, ends, well};
use anyhow::Result;

/// The new image.
const IMAGE: &str = "registry.example.com/shop/web:v1.8.0";
/// What is promoted.
const PICK: &str = ".spec.template.spec.containers[name=web].image";

/// Tells it.
pub(super) fn tell(stage: &mut Stage) -> Result<()> {
    repository(stage)?;
    upload(stage)?;
    patch(stage)?;
    promote(stage)?;
    verify(stage)?;
    show_receipts(stage)
}

/// A repository with what runs today, and the clone of it that the job has.
fn repository(stage: &mut Stage) -> Result<()> {
    stage.say(
        "A shop with three environments. Its repository is in a folder, and the job has a checkout of it.",
    );
    let origin = stage.url("shop.git");
    stage.git(&["init", "--quiet", "--initial-branch=main"], well(&[]))?;
    stage.git(&["add", "."], well(&[]))?;
    stage.git(&["commit", "--quiet", "--message", "What runs today: web v1.7.3"], well(&[]))?;
    stage.git(&["clone", "--quiet", "--bare", ".", "../shop.git"], well(&[]))?;
    stage.git(&["remote", "add", "origin", &origin], well(&[]))
}

/// What was built goes to a store.
fn upload(stage: &mut Stage) -> Result<()> {
    stage.say("1. What was built goes to a store. A folder needs no account.");
    let to = stage.url("store/");
    let args = ["artifact-upload", "--source", "dist", "--to", &to, "--receipt", "../receipts/upload.json"];
    stage.lockstep(&args, well(&["2 objects uploaded, 0 unchanged, 0 deleted"]))
}

/// The new image comes to the first environment.
fn patch(stage: &mut Stage) -> Result<()> {
    let run = [
        "manifest-patch",
        "--files",
        "envs/dev/*.yaml",
        "--where",
        "kind=Deployment",
        "--image",
        IMAGE,
        "--set-json",
        ".spec.replicas=2",
    ];
    stage.say("2. dev gets the new image, and one replica more. First only look: what would it change?");
    stage.lockstep(
        &[&run[..], &["--dry-run"]].concat(),
        well(&["edits = 2", "lockstep manifest-patch (dry run): would change 1 file"]),
    )?;
    stage.say("Then do it, and push it with plain git as the job of the CI would.");
    stage.lockstep(&run, well(&["edits = 2", "lockstep manifest-patch: changed 1 file"]))?;
    stage.git(&["commit", "--quiet", "--all", "--message", "Deploy web v1.8.0 to dev"], well(&[]))?;
    stage.git(&["push", "--quiet", "origin", "main"], well(&[]))
}

/// The image goes on to the next environments, and only the image.
fn promote(stage: &mut Stage) -> Result<()> {
    stage.say(
        "3. From dev to staging goes the image, and nothing else: one commit, pushed to the repository.",
    );
    promotion(stage, "dev", "staging", true, &[])?;
    stage.say("Run it again: nothing happens.");
    promotion(stage, "dev", "staging", false, &[])?;
    stage.say("From staging to prod it is the same, and so is a second run.");
    promotion(stage, "staging", "prod", true, &["--receipt", "../receipts/promote-prod.json"])?;
    promotion(stage, "staging", "prod", false, &[])?;
    stage.say("What the repository has now. The replicas and the comments of each environment are its own.");
    stage.git(&["pull", "--quiet", "--ff-only", "origin", "main"], well(&[]))?;
    let says = [
        "* Deploy web v1.8.0 to dev",
        "* Promote envs/dev to envs/staging",
        "* Promote envs/staging to envs/prod",
        " envs/prod/web.yaml | 2 +-",
    ];
    stage.git(&["log", "--reverse", "--format=* %s", "--stat", "HEAD~3.."], well(&says))?;
    let says = [
        "envs/dev/web.yaml:  replicas: 2  # enough to look at",
        "envs/prod/web.yaml:  replicas: 3  # scaled by hand before sales",
        "envs/prod/web.yaml:          image: registry.example.com/shop/web:v1.8.0",
    ];
    stage.git(&["grep", "-e", "replicas:", "-e", "shop/web:", "--", "envs"], well(&says))
}

/// A promotion of the image from one environment to the next.
fn promotion(stage: &mut Stage, from: &str, to: &str, changes: bool, more: &[&str]) -> Result<()> {
    let (from, to) = (format!("envs/{from}"), format!("envs/{to}"));
    let run = ["env-promote", "--from", &from, "--to", &to, "--pick", PICK];
    let says: &[&str] = match changes {
        true => &["state = pushed", "lockstep env-promote: changed 1 object"],
        false => &["state = pushed", "lockstep env-promote: nothing to change"],
    };
    stage.lockstep(&[&run[..], more].concat(), well(says))
}

/// What can be known without a cluster. What cannot is said.
fn verify(stage: &mut Stage) -> Result<()> {
    stage.say(
        "4. Verified. There is no cluster here, so nothing here knows whether the new pods run: that is what\n\
         deploy-verify waits for, and its tests have it do so on a real control plane. What can be known without\n\
         one: the store has what was built. It is compared by digests, and nothing is sent.",
    );
    let to = stage.url("store/");
    let again = ["artifact-upload", "--source", "dist", "--to", &to];
    stage.lockstep(&again, well(&["Nothing to upload, 2 objects up to date"]))?;
    stage.say("Every environment has the image: there is nothing to change.");
    let run = ["manifest-patch", "--files", "envs/**/*.yaml", "--where", "kind=Deployment", "--image", IMAGE];
    stage.lockstep(
        &[&run[..], &["--dry-run"]].concat(),
        well(&["lockstep manifest-patch (dry run): nothing to change"]),
    )?;
    stage.say("A plan of Terraform that would replace the database is stopped before it is applied.");
    let gate = ["plan-gate", "--plan", "plan.json", "--deny", "delete:*database*"];
    stage.lockstep(&gate, ends(1, &["Plan: 2 to update, 1 to replace", "Verdict: fail, 1 violation"]))?;
    stage
        .say("The outputs of Terraform are those that the release counts on, and the password stays hidden.");
    let database = "database:object({host=string,port=number,password=string})";
    let parse =
        ["terraform-parse", "--source", "outputs.json", "--outputs", "url:string", "--outputs", database];
    stage.lockstep(&parse, well(&["url = https://shop.example.com", "database = ***"]))
}

/// What the runs have left.
fn show_receipts(stage: &mut Stage) -> Result<()> {
    stage.say(
        "5. Every run leaves a receipt. Here is some of two: what was granted, what was changed with which verdict,\n\
         and the digest, which was computed once more from the record.",
    );
    receipts::show(stage, "upload", "done")?;
    receipts::show(stage, "promote-prod", "done")
}
