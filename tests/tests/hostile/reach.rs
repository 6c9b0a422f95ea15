//! Hostile components that reach for files, secrets and handles. Each ends as it must, leaves every file as it was,
//! and shows no secret; the receipt lists each call it made once, with its verdict.

use lockstep_tests::support::{self, ProgramOutput, Run, SECRETS, Scene, assert_no_secret, hostile};
use lockstep_tests::wat::{self, Parts};
use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;

/// A host call as the receipt lists it: function, target, verdict.
type Call<'a> = (&'a str, &'a str, &'a str);

/// Makes the run and checks what holds for every attack.
#[track_caller]
fn check(scene: &Scene, run: Run<'_>, end: (i32, &str), calls: &[Call<'_>]) -> ProgramOutput {
    let before = scene.files();
    let ended = run.end();
    ended.expect(end.0, end.1);
    assert_eq!(scene.files(), before, "files changed");
    let made = support::calls(scene);
    let made: Vec<Call<'_>> =
        made.iter().map(|(call, target, verdict)| (&**call, &**target, &**verdict)).collect();
    assert_eq!(made, calls);
    assert_no_secret(scene, &ended);
    ended
}

/// A run of `reach` that uses one path in one way.
fn reach<'s>(scene: &'s Scene, act: &str, path: &str) -> Run<'s> {
    scene.attack("reach", act, &[path])
}

const ACTS: [&str; 5] = ["read", "open", "glob", "write", "remove"];

/// What a granted call on a file of the scene looks like, so that the refusals of the other tests mean something.
#[test]
fn a_component_reaches_what_its_policy_allows() {
    let scene = Scene::new();
    let ended = reach(&scene, "read", "deploy/web.yaml").end();
    assert_eq!(ended.expect(0, "done")["outputs"]["said"][0], "\"image: web:v1\\n\"");
    let ended = reach(&scene, "write", "deploy/new.yaml").end();
    assert_eq!(ended.expect(0, "done")["changed"][0], "deploy/new.yaml");
    assert_eq!(scene.text("workspace/deploy/new.yaml"), "attacked\n");
}

#[test]
fn attack_1_std_fs_finds_no_file() {
    let scene = Scene::new();
    let (secret, own) = (scene.path("outside/secret.txt"), scene.path("workspace/deploy/web.yaml"));
    let paths = ["/etc/passwd", "/proc/self/environ", "/", ".", "deploy/web.yaml", "/dev/stdin"];
    let run = scene.attack("wasi_files", "", &paths).arg("--words").arg(secret).arg("--words").arg(own);
    let ended = check(&scene, run, (0, "done"), &[]);
    assert_eq!(ended.result()["outputs"]["said"], serde_json::json!([]));
}

#[test]
fn attack_2_no_path_leads_out() {
    let scene = Scene::new();
    let absolute = scene.path("outside/secret.txt");
    let denied = [
        "../outside/secret.txt",
        "deploy/../../outside/secret.txt",
        "/etc/passwd",
        absolute.to_str().unwrap(),
        "deploy/",
        "deploy//web.yaml",
        "deploy/./web.yaml",
        "./",
        "C:/windows",
        "c:secret",
        "other/web.yaml",
        "deployed/web.yaml",
        // The same letters to the eye, other characters: not below `deploy/`.
        "deplo\u{443}/web.yaml",
        "\u{ff44}eploy/web.yaml",
    ];
    for act in ACTS {
        // A pattern may begin with `./`, and then this one is empty.
        for path in denied.into_iter().filter(|path| (act, *path) != ("glob", "./")) {
            let call = format!("workspace.{act}");
            check(&scene, reach(&scene, act, path), (3, "denied"), &[(&call, path, "denied")]);
        }
    }
}

#[test]
fn attack_2_a_malformed_path_is_invalid() {
    let scene = Scene::new();
    let (deep, long) = (format!("deploy/{}x", "a/".repeat(5_000)), format!("deploy/{}", "n".repeat(5_000)));
    let invalid = [
        "deploy\\web.yaml",
        "..\\..\\outside",
        "deploy/web.yaml\n",
        "deploy/\u{1b}[31mweb.yaml",
        "deploy/web\u{202e}lmay",
        "deploy/we\u{200b}b.yaml",
        "",
        &deep,
        &long,
    ];
    for act in ["read", "write", "glob"] {
        for path in invalid {
            let shown = lockstep_model::text::short(path, 300);
            let call = format!("workspace.{act}");
            let ended = check(&scene, reach(&scene, act, path), (0, "done"), &[(&call, &shown, "invalid")]);
            assert_eq!(ended.result()["outputs"]["said"][0], "invalid");
        }
    }
}

#[test]
fn attack_3_no_link_is_followed() {
    let scene = Scene::new();
    let workspace = scene.path("workspace");
    symlink("../../outside/secret.txt", workspace.join("deploy/file")).unwrap();
    symlink(scene.path("outside"), workspace.join("deploy/folder")).unwrap();
    symlink("/proc/self/environ", workspace.join("deploy/environ")).unwrap();
    symlink("web.yaml", workspace.join("deploy/inside")).unwrap();
    symlink("../../outside/new.txt", workspace.join("deploy/dangling")).unwrap();
    for path in
        ["deploy/file", "deploy/folder/secret.txt", "deploy/environ", "deploy/inside", "deploy/dangling"]
    {
        for act in ACTS.into_iter().filter(|act| *act != "glob" || !path.contains("folder")) {
            let call = format!("workspace.{act}");
            check(&scene, reach(&scene, act, path), (3, "denied"), &[(&call, path, "denied")]);
        }
    }
    // A pattern passes over links, and finds nothing behind them.
    let run = reach(&scene, "glob", "deploy/**");
    let ended = check(&scene, run, (0, "done"), &[("workspace.glob", "deploy/**", "allowed")]);
    let said = ended.result()["outputs"]["said"][0].as_str().unwrap().to_owned();
    // It lists each link by its own path, and no file behind one.
    let (found, skipped) = said.split_once("skipped: ").unwrap();
    assert!(found.contains("web.yaml") && found.matches("FileEntry {").count() == 1, "{said}");
    assert!(!skipped.contains("\"deploy/folder/") && skipped.contains("SkipReason::SymbolicLink"), "{said}");
}

#[test]
fn attack_5_a_write_replaces_a_hard_link() {
    let scene = Scene::new();
    fs::hard_link(scene.path("outside/secret.txt"), scene.path("workspace/deploy/link")).unwrap();
    let outside = support::tree(&scene.path("outside"));
    let ended = reach(&scene, "write", "deploy/link").end();
    assert_eq!(ended.expect(0, "done")["changed"][0], "deploy/link");
    assert_eq!(support::tree(&scene.path("outside")), outside);
    assert_eq!(scene.text("workspace/deploy/link"), "attacked\n");
    assert_eq!(support::calls(&scene).len(), 1);
    assert_no_secret(&scene, &ended);
}

#[test]
fn attack_6_no_grant_opens_a_protected_file() {
    let scene = Scene::new();
    scene.put("workspace/.github/workflows/ci.yml", "on: push\n");
    scene.put("workspace/Jenkinsfile", "node {}\n");
    let everything = ["read,write,remove **", "read,write,remove .git/**", "read,write,remove .github/**"];
    let more =
        ["read,write,remove .GIT/config", "read,write,remove .lockstep-journal", "read,write .gitlab-ci.yml"];
    let rights: Vec<&str> = everything.into_iter().chain(more).collect();
    let attack = |act, path| scene.attack_with("reach", act, &[path], &rights, "");
    for (act, path) in [
        ("read", ".git/config"),
        ("open", ".git/config"),
        ("write", ".git/config"),
        ("write", ".git/hooks/pre-commit"),
        ("read", ".GIT/config"),
        ("glob", ".git/config"),
        ("write", ".github/workflows/ci.yml"),
        ("remove", ".github/workflows/ci.yml"),
        ("write", ".gitlab-ci.yml"),
        ("write", "Jenkinsfile"),
        ("remove", "Jenkinsfile"),
        ("write", "JENKINSFILE"),
        ("write", "lockstep.yaml"),
        ("write", "lockstep.lock"),
        ("write", ".lockstep-journal"),
        ("read", ".lockstep-journal"),
    ] {
        let call = format!("workspace.{act}");
        check(&scene, attack(act, path), (3, "denied"), &[(&call, path, "denied")]);
    }
    let call = ("workspace.glob", ".git/**", "allowed");
    let ended = check(&scene, attack("glob", ".git/**"), (0, "done"), &[call]);
    let said = &ended.result()["outputs"]["said"][0];
    assert_eq!(said, "SearchResult { base: \".git\", files: [], skipped: [] }");
}

#[test]
fn attack_6_the_files_between_the_run_and_its_platform_are_out_of_reach() {
    let scene = Scene::new();
    for (variable, file) in [("GITHUB_OUTPUT", "deploy/output"), ("GITHUB_ENV", "deploy/env")] {
        scene.put(&format!("workspace/{file}"), "");
        let file_path = scene.path("workspace").join(file);
        let run = reach(&scene, "write", file).env(variable, file_path);
        check(&scene, run, (3, "denied"), &[("workspace.write", file, "denied")]);
    }
    // The policy and the receipt of this very run.
    let digest = lockstep_model::digest::Digest::of(&fs::read(hostile("reach")).unwrap());
    scene.put(
        "workspace/deploy/policy.yaml",
        &format!(
            "version: 1\ncomponents: [{{digest: '{digest}', allow: {{workspace: ['write deploy/**']}}}}]\n"
        ),
    );
    let run = scene.call(support::slim()).arg("run").arg(hostile("reach")).arg("--policy");
    let run = run.arg(scene.path("workspace/deploy/policy.yaml")).arg("-C").arg(scene.path("workspace"));
    let run = run.arg("--receipt").arg(scene.path("own/receipt.json"));
    let run = run.args(["--format=json", "--act=write", "--words=deploy/policy.yaml"]);
    check(&scene, run, (3, "denied"), &[("workspace.write", "deploy/policy.yaml", "denied")]);
}

#[test]
fn attack_7_a_file_that_is_not_regular_is_refused_at_once() {
    let scene = Scene::new();
    let deploy = scene.path("workspace/deploy");
    fs::create_dir(deploy.join("folder")).unwrap();
    let mode = rustix::fs::Mode::from_raw_mode(0o666);
    rustix::fs::mknodat(rustix::fs::CWD, deploy.join("pipe"), rustix::fs::FileType::Fifo, mode, 0).unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(deploy.join("socket")).unwrap();
    fs::File::create(deploy.join("sparse")).unwrap().set_len(1 << 40).unwrap();
    for act in ["read", "open", "write", "remove"] {
        for name in ["folder", "pipe", "socket"] {
            let (call, path) = (format!("workspace.{act}"), format!("deploy/{name}"));
            check(&scene, reach(&scene, act, &path), (0, "done"), &[(&call, &path, "invalid")]);
        }
    }
    for act in ["read", "write", "remove"] {
        let call = format!("workspace.{act}");
        check(
            &scene,
            reach(&scene, act, "deploy/sparse"),
            (7, "limit-exceeded"),
            &[(&call, "deploy/sparse", "limit-exceeded")],
        );
    }
}

#[test]
fn attack_8_wasi_shows_no_secret() {
    let scene = Scene::new();
    let run = scene.attack("secret_sources", "", &[]).stdin(&SECRETS.join("\n"));
    let ended = check(&scene, run, (0, "done"), &[]);
    assert_eq!(ended.result()["outputs"]["said"], serde_json::json!([]));
}

#[test]
fn attack_9_an_unknown_import_is_refused_by_name() {
    let scene = Scene::new();
    let ended = check(&scene, scene.attack("sockets", "", &[]), (3, "unknown-import"), &[]);
    assert!(ended.result()["message"].as_str().unwrap().contains("`wasi:sockets/"), "{ended:?}");
    for (import, name) in [
        (
            r#"(import "evil:steal/secrets@1.0.0" (instance (export "all" (func (result string)))))"#,
            "evil:steal/secrets",
        ),
        (r#"(import "wasi:http/outgoing-handler@0.2.6" (instance))"#, "wasi:http/outgoing-handler"),
        (r#"(import "wasi:cli/environment@0.3.0" (instance))"#, "wasi:cli/environment@0.3.0"),
        (r#"(import "lockstep:steps/workspace@0.1.0" (instance))"#, "lockstep:steps/workspace"),
        (r#"(import "steal" (func (result string)))"#, "steal"),
        // What a step calls its own is not believed: only types are, and what its own exports answer.
        (
            r#"(import "evil:own/types@1.0.0" (instance (export "all" (func (result string)))))"#,
            "evil:own/types",
        ),
        (
            r#"(import "evil:own/parallel@1.0.0" (instance (export "all" (func (result string)))))"#,
            "evil:own/parallel",
        ),
        (
            r#"(import "evil:own/parallel" (instance (export "run" (func (param "jobs" (list string)) (result (list string))))))"#,
            "evil:own/parallel#run",
        ),
    ] {
        let component = made(&scene, Parts { imports: import, ..Parts::default() });
        let run = scene.component(&component, &["read **"], "").args(["--act", ""]);
        let ended = check(&scene, run, (3, "unknown-import"), &[]);
        assert!(ended.result()["message"].as_str().unwrap().contains(name), "{ended:?}");
    }
}

#[test]
fn attack_16_another_version_of_an_interface_is_an_unknown_import() {
    let scene = Scene::new();
    for import in [
        r#"(import "lockstep:step/workspace@0.2.0" (instance))"#,
        r#"(import "lockstep:step/workspace@1.0.0" (instance))"#,
        // A version that would fit, with functions that this host does not have.
        r#"(import "lockstep:step/workspace@0.1.7" (instance (export "format-disk" (func))))"#,
        r#"(import "lockstep:step/report@0.1.0" (instance (export "tell-everything" (func))))"#,
    ] {
        let component = made(&scene, Parts { imports: import, ..Parts::default() });
        let run = scene.component(&component, &["read **"], "").args(["--act", ""]);
        check(&scene, run, (3, "unknown-import"), &[]);
    }
}

#[test]
fn attack_16_no_handle_can_be_forged() {
    let scene = Scene::new();
    for handle in ["0", "1", "2", "3", "4", "1000", "4294967295"] {
        let run = scene.attack("handles", handle, &["deploy/web.yaml"]);
        check(&scene, run, (7, "limit-exceeded"), &[]);
    }
    let opened = ("workspace.open", "deploy/web.yaml", "allowed");
    check(&scene, scene.attack("handles", "dropped", &["deploy/web.yaml"]), (7, "limit-exceeded"), &[opened]);
}

#[test]
fn attack_29_a_file_that_is_no_component_is_refused() {
    let scene = Scene::new();
    let good = fs::read(hostile("reach")).unwrap();
    let half = &good[..good.len() / 2];
    let mut turned = good.clone();
    turned[good.len() / 2] ^= 0xff;
    turned.truncate(good.len() - 1);
    let module = b"\0asm\x01\0\0\0";
    for bytes in [&b""[..], b"\0", b"hello", half, &turned, module, b"\x7fELF\x02\x01\x01"] {
        let path = scene.path("own/broken.wasm");
        fs::write(&path, bytes).unwrap();
        let run = scene.component(&path, &["read **"], "").args(["--act", ""]);
        let before = scene.files();
        let ended = run.end();
        ended.expect(2, "bad-component");
        assert_eq!(scene.files(), before);
        assert_no_secret(&scene, &ended);
    }
}

fn made(scene: &Scene, parts: Parts<'_>) -> PathBuf {
    let path = scene.path("own/made.wasm");
    fs::write(&path, wat::component(parts)).unwrap();
    path
}
