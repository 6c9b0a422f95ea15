//! The command line of the finished program: every mistake is one JSON document with its code, inputs count in
//! their order, a dry run changes nothing, and equal runs leave equal receipts.

use lockstep_model::digest::Digest;
use lockstep_tests::support::{self, ProgramOutput, Run, Scene};
use serde_json::{Value, json};
use std::ffi::OsString;
use std::fs;
use std::os::unix::ffi::OsStringExt as _;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::process::Command;

/// A run that would go through.
fn good<'s>(scene: &'s Scene) -> Run<'s> {
    scene.run("manifest-patch").args(["--files", "deploy/*.yaml", "--set", "image=web:v2"])
}

/// Checks that a bad run is one JSON document of the promised form, that nothing changed, and gives its message and
/// everything that was noted.
#[track_caller]
fn refused(scene: &Scene, run: Run<'_>, code: &str) -> String {
    let before = scene.files();
    let ended = run.end();
    let result = ended.expect(2, code);
    assert_eq!(ended.stdout.lines().count(), 1, "{ended:?}");
    assert_eq!((&result["version"], &result["outcome"]), (&json!(1), &json!("invalid")), "{ended:?}");
    for name in ["step", "message"] {
        assert!(result[name].as_str().is_some_and(|text| !text.is_empty()), "{name}: {ended:?}");
    }
    assert_eq!((&result["outputs"], &result["changed"]), (&json!({}), &json!([])), "{ended:?}");
    assert_eq!(scene.files(), before, "files changed");
    support::assert_no_secret(scene, &ended);
    let notes = result["notes"].as_array().unwrap().iter().filter_map(|note| note["message"].as_str());
    notes.chain(result["message"].as_str()).collect::<Vec<_>>().join("\n")
}

#[test]
fn an_unknown_step_is_an_error() {
    let scene = Scene::new();
    for args in [&[][..], &["--files", "a", "--set", "b"], &["--create"], &["--files=a"]] {
        let said = refused(&scene, scene.run("manifest-pach").args(args), "unknown-step");
        assert!(said.contains("`manifest-pach`"), "{said}");
        refused(&scene, scene.run("./missing.wasm").args(args), "bad-component");
    }
    let run = scene.call(support::slim()).args(["run", "--format", "json", "nothing"]);
    refused(&scene, run, "unknown-step");
}

#[test]
fn wrong_flags_are_an_error() {
    let scene = Scene::new();
    for (args, word) in [
        (&["--flies", "x"][..], "--flies"),
        (&["stray"], "stray"),
        (&["--dry-run=maybe"], "--dry-run"),
        (&["-z"], "-z"),
        (&["--dry-run", "--dry-run"], "--dry-run"),
    ] {
        let said = refused(&scene, good(&scene).args(args), "bad-usage");
        assert!(said.contains(word), "{args:?}: {said}");
    }
    let run = scene.call(support::slim()).args(["run", "manifest-patch", "--format=json", "--set=a=b", "-C"]);
    let run = run.arg(scene.path("workspace")).arg("--files");
    assert!(refused(&scene, run, "bad-usage").contains("--files"));
    let not_utf8 = OsString::from_vec(b"--set=image=\xff\xfe".to_vec());
    let said = refused(&scene, good(&scene).arg(not_utf8), "bad-usage");
    assert!(said.contains("UTF-8"), "{said}");
    for run in [good(&scene).args(["--platform", "bamboo"]), good(&scene).env("LOCKSTEP_PLATFORM", "bamboo")]
    {
        let said = refused(&scene, run, "bad-usage");
        assert!(said.contains("bamboo") && said.contains("gitlab"), "{said}");
    }
}

#[test]
fn one_run_reports_each_wrong_input() {
    let scene = Scene::new();
    let inputs = r#"{"set": "a=b", "nothing": 1, "create": "yes", "expect": ["1"], "image": [1, 2]}"#;
    scene.put("own/inputs.json", inputs);
    let run = scene.run("manifest-patch").arg("--inputs").arg(scene.path("own/inputs.json"));
    let said = refused(&scene, run, "bad-input");
    for name in ["files", "set", "nothing", "create", "expect", "image"] {
        assert!(said.contains(&format!("input `{name}`")), "{name}: {said}");
    }
    let said = refused(&scene, scene.run("manifest-patch").args(["--set", "a=b"]), "bad-input");
    assert!(said.contains("`files`") && said.contains("is missing"), "{said}");
    let said = refused(&scene, good(&scene).arg("--create=maybe"), "bad-input");
    assert!(said.contains("`create` (--create)"), "{said}");
    for files in ["../outside/*", "/etc/*", "[", "!deploy"] {
        let run = scene.run("manifest-patch").args(["--set", "a=b", "--files", files]);
        assert!(refused(&scene, run, "bad-input").contains(files));
    }
}

#[test]
fn a_broken_inputs_file_is_refused() {
    let scene = Scene::new();
    for text in [
        "{\"files\": [",
        "files: [a",
        "files: a\nfiles: b\n",
        "- files",
        "just text",
        "a: !!binary x\nb",
        "\u{0}",
    ] {
        scene.put("own/inputs", text);
        let said = refused(&scene, good(&scene).arg("--inputs").arg(scene.path("own/inputs")), "bad-input");
        assert!(said.contains("own/inputs"), "{text:?}: {said}");
        refused(&scene, good(&scene).args(["--inputs", "-"]).stdin(text), "bad-input");
    }
    for path in ["own/missing", "own", "own/inputs/below"] {
        refused(&scene, good(&scene).arg("--inputs").arg(scene.path(path)), "bad-input");
    }
    fs::write(scene.path("own/latin1"), b"files: [\xe9]").unwrap();
    refused(&scene, good(&scene).arg("--inputs").arg(scene.path("own/latin1")), "bad-input");
    for text in ["{", "[]", "{\"nothing\": \"x\"}"] {
        let said = refused(&scene, good(&scene).env("LOCKSTEP_INPUTS", text), "bad-input");
        assert!(said.contains("LOCKSTEP_INPUTS"), "{said}");
    }
    let said = refused(&scene, good(&scene).env("LOCKSTEP_INPUT_NOTHING", "x"), "bad-input");
    assert!(said.contains("LOCKSTEP_INPUT_NOTHING"), "{said}");
}

#[test]
fn a_broken_policy_is_refused() {
    let scene = Scene::new();
    for text in [
        "",
        "version: 2",
        "version: 1\nstep: {}",
        "version: 1\nversion: 1",
        "version: 1\nsteps: {manifest-patch: {}, manifest-patch: {}}",
        "version: 1\nsteps: {manifest-patch: {network: ['get x']}}",
        "version: 1\nsteps: {manifest-patch: {workspace: ['fly x']}}",
        "version: 1\nsteps: {manifest-patch: {workspace: ['read']}}",
        "version: 1\nsteps: {manifest-patch: {workspace: ['read ../x']}}",
        "version: 1\nsteps: {manifest-patch: {workspace: ['read ${nothing}']}}",
        "version: 1\ncomponents: [{digest: sha256:00}]",
        "version: 1\ncomponents: [{digest: 1, deny: {}}]",
        "[",
    ] {
        scene.put("own/policy.yaml", text);
        let run = good(&scene).arg("--policy").arg(scene.path("own/policy.yaml"));
        let said = refused(&scene, run, "bad-policy");
        assert!(said.contains("policy.yaml"), "{text:?}: {said}");
    }
    for path in ["own/missing", "own"] {
        refused(&scene, good(&scene).arg("--policy").arg(scene.path(path)), "bad-policy");
    }
}

#[test]
fn a_workspace_or_receipt_that_cannot_be_used_is_refused() {
    let scene = Scene::new();
    scene.put("own/file", "");
    let run = |workspace: &str, receipt: &str| {
        let run = scene.call(support::slim()).args(["run", "manifest-patch", "--format", "json"]);
        let run = run.args(["--files", "**", "--set", "image=x", "-C"]).arg(scene.path(workspace));
        run.arg("--receipt").arg(scene.path(receipt))
    };
    refused(&scene, run("own/file", "own/receipt.json"), "bad-workspace");
    refused(&scene, run("own/missing", "own/receipt.json"), "bad-workspace");
    refused(&scene, run("workspace", "own/file/receipt.json"), "bad-receipt");
    refused(&scene, run("workspace", "own"), "bad-receipt");
    run("workspace", "own/new/folder/receipt.json").end().expect(0, "done");
    assert!(scene.path("own/new/folder/receipt.json").exists());
}

#[test]
fn an_error_names_a_read_only_folder_and_the_run_leaves_no_file() {
    let scene = Scene::new();
    let deploy = scene.path("workspace/deploy");
    fs::set_permissions(&deploy, fs::Permissions::from_mode(0o555)).unwrap();
    let said = refused(&scene, good(&scene).nobody(), "unwritable");
    assert!(said.contains("deploy") || said.contains(".lockstep-"), "{said}");
    fs::set_permissions(&deploy, fs::Permissions::from_mode(0o755)).unwrap();
}

/// The typed inputs of the last run.
fn typed(scene: &Scene) -> Value {
    support::receipt(scene)["predicate"]["record"]["inputs"].clone()
}

#[test]
fn flags_win_over_the_file_and_the_file_over_variables() {
    let scene = Scene::new();
    scene.put("own/inputs.yaml", "expect: '3'\ncreate: true\n");
    let dry_run = || scene.run("manifest-patch").args(["--files", "deploy/*.yaml", "--dry-run"]);
    let single = || dry_run().env("LOCKSTEP_INPUT_EXPECT", "2").env("LOCKSTEP_INPUT_SET_JSON", "x=1\ny=2");
    let _ = single().end();
    assert_eq!((&typed(&scene)["expect"], &typed(&scene)["set-json"]), (&json!("2"), &json!(["x=1", "y=2"])));
    // Beside a document single variables do not count.
    let document = r#"{"expect": "1", "set": "from=document", "image": "a:1\nb:2\n"}"#;
    let environment = || single().env("LOCKSTEP_INPUTS", document);
    let _ = environment().end();
    assert_eq!((&typed(&scene)["expect"], &typed(&scene)["set-json"]), (&json!("1"), &json!([])));
    assert_eq!(typed(&scene)["image"], json!(["a:1", "b:2"]));
    let file = || environment().arg("--inputs").arg(scene.path("own/inputs.yaml"));
    let _ = file().end();
    assert_eq!((&typed(&scene)["expect"], &typed(&scene)["create"]), (&json!("3"), &json!(true)));
    assert_eq!((&typed(&scene)["set"], &typed(&scene)["image"]), (&json!([]), &json!([])));
    let _ = file().args(["--expect", "4", "--create=false", "--set", "a=1\nb", "--set", "c=2"]).end();
    let inputs = typed(&scene);
    assert_eq!((&inputs["expect"], &inputs["create"]), (&json!("4"), &json!(false)));
    assert_eq!(inputs["set"], json!(["a=1\nb", "c=2"]), "a flag is one item, taken whole");
}

#[test]
fn a_wrapper_passes_texts_json_values_and_absent_inputs() {
    let scene = Scene::new();
    for (document, expected) in [
        (r#"{"files": "deploy/*.yaml\n", "set": "image=web:v2", "create": "true"}"#, "true"),
        (r#"{"files": ["deploy/*.yaml"], "set": ["image=web:v2"], "create": true}"#, "true"),
        (
            r#"{"files": "a\r\n\r\ndeploy/*.yaml", "set": "image=web:v2", "create": "", "expect": ""}"#,
            "false",
        ),
        (
            r#"{"files": "deploy/*.yaml", "set": "image=web:v2", "policy": "", "dry-run": "false", "receipt": "", "binary": ""}"#,
            "false",
        ),
    ] {
        let run = scene.run("manifest-patch").env("LOCKSTEP_INPUTS", document).arg("--dry-run");
        let ended = run.end();
        assert!(ended.result()["code"] == "done" || document.contains("a\\r"), "{ended:?}");
        assert_eq!(typed(&scene)["create"].to_string(), expected, "{document}");
        assert_eq!(typed(&scene)["expect"], "1+");
    }
}

#[test]
fn a_dry_run_changes_nothing_and_git_takes_its_diff() {
    for case in ["set-keeps-comment-and-quotes", "crlf-bom-open-end", "create-label"] {
        let folder = support::checkout().join("components/manifest-patch/cases").join(case);
        let toml: toml::Table =
            toml::from_str(&fs::read_to_string(folder.join("case.toml")).unwrap()).unwrap();
        let args: Vec<String> =
            toml["args"].as_array().unwrap().iter().map(|a| a.as_str().unwrap().to_owned()).collect();
        let scene = Scene::of(&folder.join("in"));
        fs::remove_dir_all(scene.path("workspace/.git")).unwrap();
        let before = scene.files();
        let run = || scene.run("manifest-patch").args(&args).arg("--dry-run");
        let result = run().end().expect(0, "done");
        assert_eq!((&result["dry-run"], scene.files()), (&json!(true), before.clone()));
        let diff = result["diff"].as_str().unwrap();
        scene.put("own/diff", diff);
        let ended = run().human().end();
        assert!(ended.stdout.contains("@@ "), "people see the diff: {}", ended.stdout);
        let asked = |word| scene.run("manifest-patch").args(&args).env("LOCKSTEP_DRY_RUN", word).end();
        for word in ["true", " true ", "true\n"] {
            assert_eq!(asked(word).expect(0, "done")["dry-run"], true, "{word:?}");
        }
        // A word that is misspelled must not change anything.
        for word in ["True", "TRUE", "yes", "1", "on", "tru", "untrue", "no", "0"] {
            let said = asked(word).expect(2, "bad-usage")["message"].to_string();
            assert!(said.contains("LOCKSTEP_DRY_RUN") && said.contains(&format!("`{word}`")), "{said}");
        }
        assert_eq!(scene.files(), before);
        for check in [&["apply", "--check"][..], &["apply"]] {
            let mut git = Command::new("git");
            git.args(["-c", "core.autocrlf=false"]).args(check).arg(scene.path("own/diff"));
            assert!(git.current_dir(scene.path("workspace")).status().unwrap().success(), "{case}: {diff}");
        }
        assert_eq!(scene.contents(), support::contents(&folder.join("out")), "{case}");
    }
}

#[test]
fn commands_that_only_print_end_with_0() {
    let scene = Scene::new();
    for args in [
        &["--help"][..],
        &["-h"],
        &["--version"],
        &["help"],
        &["list"],
        &["list", "--format", "json"],
        &["describe", "manifest-patch"],
        &["describe", "manifest-patch", "--format", "json"],
        &["run", "--help"],
        &["run", "manifest-patch", "--help"],
        &["completion", "bash"],
        &["completion", "zsh"],
        &["completion", "fish"],
    ] {
        let ended = scene.call(support::slim()).args(args).end();
        assert_eq!((ended.exit, ended.stderr.as_str()), (Some(0), ""), "{args:?}: {ended:?}");
        assert!(!ended.stdout.is_empty(), "{args:?}");
        if args.contains(&"json") {
            let _ = ended.result();
        }
    }
    let listed = scene.call(support::slim()).arg("list").end().stdout;
    for step in support::steps() {
        assert!(listed.contains(&step), "{listed}");
    }
    for args in
        [&[][..], &["nothing"], &["run"], &["describe"], &["describe", "nothing"], &["completion", "tcsh"]]
    {
        let ended = scene.call(support::slim()).args(args).end();
        assert_eq!(ended.exit, Some(2), "{args:?}: {ended:?}");
    }
}

/// Makes a run in a scene of its own and gives the receipt.
fn receipt_of(run: impl FnOnce(&Scene) -> ProgramOutput) -> Value {
    let scene = Scene::new();
    assert_eq!(run(&scene).exit, Some(0));
    support::receipt(&scene)
}

#[test]
fn equal_runs_have_equal_receipts_in_each_folder() {
    let plain = receipt_of(|scene| good(scene).end());
    let predicate = &plain["predicate"];
    assert_eq!(predicate["digest"], Digest::of(predicate["record"].to_string().as_bytes()).to_string());
    let mut platforms = vec![plain["predicate"]["run"]["platform"].clone()];
    for platform in ["github", "gitlab", "jenkins"] {
        let other = receipt_of(|scene| good(scene).platform(platform).end());
        assert_eq!(other["predicate"]["record"], predicate["record"]);
        assert_eq!(other["predicate"]["digest"], predicate["digest"]);
        platforms.push(other["predicate"]["run"]["platform"].clone());
    }
    assert_eq!(json!(platforms), json!(["plain", "github", "gitlab", "jenkins"]));
    let elsewhere = receipt_of(|scene| {
        fs::rename(scene.path("workspace"), scene.path("own/elsewhere")).unwrap();
        let run = good(scene).bare().args(["--format=json", "-C"]).arg(scene.path("own/elsewhere"));
        run.arg("--receipt").arg(scene.path("own/receipt.json")).without_secrets().end()
    });
    assert_eq!(elsewhere["predicate"]["digest"], predicate["digest"]);
    let another = receipt_of(|scene| good(scene).args(["--set", "image=web:v2"]).end());
    assert_ne!(another["predicate"]["digest"], predicate["digest"]);
}

#[test]
fn a_run_with_nothing_to_do_changes_no_file() {
    let scene = Scene::new();
    good(&scene).end().expect(0, "done");
    let state = |path: &str| {
        let stat = fs::metadata(scene.path(path)).unwrap();
        (stat.ino(), stat.mtime_nsec(), stat.ctime_nsec(), stat.mode())
    };
    let paths = ["workspace", "workspace/deploy", "workspace/deploy/web.yaml"];
    let before = paths.map(state);
    let result = good(&scene).end().expect(0, "done");
    assert_eq!((&result["changed"], &result["outputs"]["changed"]), (&json!([]), &json!(false)));
    assert_eq!(paths.map(state), before);
    assert!(support::calls(&scene).iter().all(|(call, ..)| call != "workspace.write"));
}

#[test]
fn each_run_leaves_a_receipt_with_its_exit_code() {
    let scene = Scene::new();
    for (run, exit, code) in [
        (good(&scene), 0, "done"),
        (good(&scene).args(["--expect", "7"]), 1, "no-match"),
        (good(&scene).args(["--image", "@"]), 2, "bad-input"),
        (good(&scene).args(["--files", ".git/config"]), 3, "denied"),
        (scene.run("nothing").args(["--files", "x"]), 2, "unknown-step"),
        (good(&scene).arg("--nothing"), 2, "bad-usage"),
    ] {
        let ended = run.end();
        let result = ended.expect(exit, code);
        let receipt = support::receipt(&scene);
        let record = &receipt["predicate"]["record"];
        assert_eq!((&record["exit-code"], &record["code"]), (&json!(exit), &json!(code)));
        assert_eq!(result["receipt"], receipt["predicate"]["digest"]);
        assert_eq!(receipt["_type"], "https://in-toto.io/Statement/v1");
    }
}
