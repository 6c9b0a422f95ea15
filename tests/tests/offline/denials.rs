//! Rights through the finished program: a run that lacks one ends as denied and says which line would allow it;
//! with exactly that line it goes through.

use lockstep_tests::support::{self, Scene, hostile};
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};

/// A permission that a step requests.
struct Permission {
    capability: String,
    rights: Vec<String>,
    scope: String,
}

fn permissions(step: &str) -> Vec<Permission> {
    let scene = Scene::new();
    let described = scene.call(support::slim()).args(["describe", step, "--format", "json"]).end();
    let info: Value = serde_json::from_str(&described.stdout).unwrap();
    let mut permissions = Vec::new();
    for (capability, lines) in info["permissions"].as_object().unwrap() {
        for line in lines.as_array().unwrap() {
            let (rights, scope) = line.as_str().unwrap().split_once(' ').unwrap();
            let rights = rights.split(',').map(str::to_owned).collect();
            permissions.push(Permission { capability: capability.clone(), rights, scope: scope.to_owned() });
        }
    }
    permissions
}

/// The steps that can end well here. For one that needs a cluster the live tests have the same.
fn steps() -> Vec<String> {
    support::steps().into_iter().filter(|step| !support::needs_place(step)).collect()
}

/// What stands for the folder of the scene in the arguments of a case.
const SCENE: &str = "SCENE";

/// A case that ends well and changes something, so that it needs every right.
fn changing_case(step: &str) -> (PathBuf, Vec<String>) {
    if step == "artifact-upload" {
        // It changes nothing in the workspace, so no case of its own says where it may.
        let to = format!("file://{SCENE}/own/store/");
        let args = ["--source", "dist/index.html", "--to", &to, "--delete", "--dotfiles"].map(str::to_owned);
        return (support::checkout().join("examples/demo"), args.to_vec());
    }
    let cases = support::checkout().join("components").join(step).join("cases");
    let mut cases: Vec<_> = fs::read_dir(cases).unwrap().flatten().map(|entry| entry.path()).collect();
    cases.sort();
    let read = |case: PathBuf| {
        let text = fs::read_to_string(case.join("case.toml")).unwrap();
        (case, text.parse::<toml::Table>().unwrap())
    };
    let changes = |(case, toml): &(PathBuf, toml::Table)| {
        case.join("out").exists() && toml["exit"].as_integer() == Some(0)
    };
    let (case, toml) = cases.into_iter().map(read).find(changes).expect("a case that changes something");
    let args = toml["args"].as_array().unwrap().iter().map(|arg| arg.as_str().unwrap().to_owned()).collect();
    (case.join("in"), args)
}

fn policy(step: &str, lines: &[(String, String)]) -> String {
    let mut rights = serde_json::Map::new();
    for (capability, line) in lines {
        let lines = rights.entry(capability.clone()).or_insert_with(|| json!([]));
        lines.as_array_mut().unwrap().push(json!(line));
    }
    json!({"version": 1, "steps": {step: rights}}).to_string()
}

fn run(folder: &Path, step: &str, args: &[String], policy: &str) -> (Scene, support::ProgramOutput) {
    let scene = Scene::of(folder);
    let place = place(&scene);
    scene.put("own/policy.yaml", &policy.replace(SCENE, &place));
    let before = scene.files();
    let args = args.iter().map(|arg| arg.replace(SCENE, &place));
    let ended = scene.run(step).args(args).arg("--policy").arg(scene.path("own/policy.yaml")).end();
    if ended.exit != Some(0) {
        assert_eq!(scene.files(), before, "a run that was denied changed something");
    }
    (scene, ended)
}

fn place(scene: &Scene) -> String {
    scene.path("").display().to_string().trim_end_matches('/').to_owned()
}

#[test]
fn each_right_that_a_step_requests_is_needed_and_a_policy_can_allow_it() {
    for step in steps() {
        let (folder, args) = changing_case(&step);
        let requested = permissions(&step);
        let line = |one: &Permission, rights: &[String]| {
            (one.capability.clone(), format!("{} {}", rights.join(","), one.scope))
        };
        let all: Vec<_> = requested.iter().map(|one| line(one, &one.rights)).collect();
        run(&folder, &step, &args, &policy(&step, &all)).1.expect(0, "done");
        for (i, one) in requested.iter().enumerate() {
            for right in &one.rights {
                let rest: Vec<_> = one.rights.iter().filter(|other| *other != right).cloned().collect();
                let mut lines = all.clone();
                match rest.is_empty() {
                    true => drop(lines.remove(i)),
                    false => lines[i] = line(one, &rest),
                }
                if !lines.iter().any(|(capability, _)| *capability == one.capability) {
                    // Without any right on it the component is not even started.
                    let ended = run(&folder, &step, &args, &policy(&step, &lines)).1;
                    let result = ended.expect(3, "not-granted");
                    assert!(result["hint"].as_str().unwrap().contains(&one.capability), "{result}");
                    continue;
                }
                give_what_is_missing(&folder, &step, &args, right, lines);
            }
        }
    }
}

/// Adds the line that each refusal names until the run goes through.
fn give_what_is_missing(
    folder: &Path,
    step: &str,
    args: &[String],
    right: &str,
    mut lines: Vec<(String, String)>,
) {
    for _ in 0..20 {
        let (scene, ended) = run(folder, step, args, &policy(step, &lines));
        if ended.exit == Some(0) {
            return;
        }
        let result = ended.expect(3, "denied");
        let message = result["message"].as_str().unwrap();
        let policy = scene.path("own/policy.yaml").display().to_string();
        assert!(message.contains(&policy), "the message names the file: {message}");
        let (_, rest) = message.split_once("to allow it, add `").expect(message);
        let (line, rest) = rest.split_once("` there under `").expect(message);
        let (capability, _) = rest.split_once('`').expect(message);
        assert!(line.starts_with(&format!("{right} ")), "{line} allows {right}");
        let denied = support::calls(&scene).into_iter().filter(|(_, _, verdict)| verdict == "denied").count();
        assert_eq!(denied, 1, "{ended:?}");
        lines.push((capability.to_owned(), line.replace(&place(&scene), SCENE)));
    }
    panic!("{step}: {right} is denied whatever is added: {lines:?}");
}

#[test]
fn a_policy_denies_a_step_that_it_does_not_name() {
    for step in steps() {
        let (folder, args) = changing_case(&step);
        let empty = json!({"version": 1, "steps": {&step: {}}}).to_string();
        let other =
            json!({"version": 1, "steps": {"another-step": {"workspace": ["read,write **"]}}}).to_string();
        for policy in [empty, other, "version: 1\n".to_owned()] {
            let (scene, ended) = run(&folder, &step, &args, &policy);
            let result = ended.expect(3, "not-granted");
            let hint = result["hint"].as_str().unwrap();
            assert!(hint.contains("to allow it, add `") && hint.contains("policy.yaml"), "{hint}");
            assert_eq!(support::calls(&scene), []);
        }
    }
}

#[test]
fn a_policy_restricts_and_never_extends_a_grant() {
    let scene = Scene::new();
    scene.put(
        "own/policy.yaml",
        "version: 1\nsteps: {manifest-patch: {workspace: ['read,write **', 'read .git/**']}}\n",
    );
    let run = |file: &str| {
        let run = scene.run("manifest-patch").args(["--files", file, "--set", "image=web:v2"]);
        run.arg("--policy").arg(scene.path("own/policy.yaml")).end()
    };
    run("deploy/*.yaml").expect(0, "done");
    assert_eq!(scene.text("workspace/deploy/web.yaml"), "image: web:v2\n");
    let before = scene.files();
    let ended = run(".git/config");
    ended.expect(3, "denied");
    support::assert_no_secret(&scene, &ended);
    assert_eq!(scene.files(), before);
}

#[test]
fn a_path_with_placeholders_opens_its_own_files_only() {
    let scene = Scene::new();
    scene.put("workspace/t.yaml", "name: ((name))\n");
    scene.put("workspace/rows.csv", "env,name\nprod,web\ntest,web\n");
    let run = |to: &str, rights: &[&str]| {
        let common =
            ["read t.yaml", "read rows.csv", "read,write envs/.config-render.sha256", "read envs/**"];
        let rights: Vec<&str> = common.iter().chain(rights).copied().collect();
        let policy = json!({"version": 1, "steps": {"config-render": {"workspace": rights}}}).to_string();
        scene.put("own/policy.yaml", &policy);
        let run = scene.run("config-render").args(["--template", "t.yaml", "--rows", "rows.csv", "--to", to]);
        run.arg("--policy").arg(scene.path("own/policy.yaml")).end()
    };
    let before = scene.contents();
    let to = "envs/{env}/{name}.yaml";
    // One file within what the policy allows and one outside of it: neither is written.
    let denied = run(to, &["write envs/prod/*.yaml"]).expect(3, "denied");
    assert!(denied["message"].as_str().unwrap().contains("`write envs/test/web.yaml`"), "{denied}");
    // Two holes side by side are one name, and the step asks for no more.
    run("envs/{env}{name}.yaml", &["write envs/*/*.yaml"]).expect(3, "denied");
    for to in [".github/workflows/{env}-{name}.yml", ".git/{env}-{name}.yaml"] {
        run(to, &["read,write .github/**", "read,write .git/**"]).expect(3, "denied");
    }
    assert_eq!(scene.contents(), before);
    run(to, &["write ${to:pattern}"]).expect(0, "done");
    assert_eq!(scene.text("workspace/envs/test/web.yaml"), "name: web\n");
}

#[test]
fn a_component_from_a_file_runs_with_the_policy_that_its_denial_prints() {
    let scene = Scene::new();
    let component = hostile("reach");
    scene.put("own/empty.yaml", "version: 1\n");
    let base = || scene.call(support::slim()).arg("run").arg(&component).args(["--act", "write"]);
    let base =
        || base().args(["--words=deploy/new.yaml", "--format=json", "-C"]).arg(scene.path("workspace"));
    for run in [base(), base().arg("--policy").arg(scene.path("own/empty.yaml"))] {
        let ended = run.end();
        let result = ended.expect(3, "not-allowed");
        let note = result["notes"][0]["message"].as_str().unwrap();
        let (_, policy) = note.split_once(":\n").expect("a policy after the words");
        scene.put("own/printed.yaml", policy);
        assert_eq!(scene.text("workspace/deploy/new.yaml"), "");
    }
    base().arg("--policy").arg(scene.path("own/printed.yaml")).end().expect(0, "done");
    assert_eq!(scene.text("workspace/deploy/new.yaml"), "attacked\n");
}

#[test]
fn a_component_with_one_more_byte_needs_another_digest() {
    let scene = Scene::new();
    let component = scene.path("own/copy.wasm");
    fs::copy(hostile("reach"), &component).unwrap();
    let run = scene.component(&component, &["read **"], "").args(["--act", "read"]);
    // A custom section that means nothing, behind the policy's back.
    let mut bytes = fs::read(&component).unwrap();
    bytes.extend([0, 2, 1, b'x']);
    fs::write(&component, bytes).unwrap();
    run.end().expect(3, "not-allowed");
}
