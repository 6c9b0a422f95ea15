//! Hostile components that look at many files at once, by digests and searches. Nothing outside the grant is told and no
//! file is changed; the receipt lists each call once, with its verdict, however many files it names.

use lockstep_tests::support::{self, ProgramOutput, Run, Scene, assert_no_secret};
use rustix::fs::{CWD, FileType, Mode, makedev, mknodat};
use std::fs;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::time::{Duration, Instant};

/// A host call as the receipt lists it: function, target, verdict.
type Call<'a> = (&'a str, &'a str, &'a str);

/// Makes the run and checks what holds for every attack.
#[track_caller]
fn check(scene: &Scene, run: Run<'_>, end: (i32, &str), call: Call<'_>) -> ProgramOutput {
    let before = scene.files();
    let ended = run.end();
    ended.expect(end.0, end.1);
    assert_eq!(scene.files(), before, "files changed");
    let made = support::calls(scene);
    let made: Vec<Call<'_>> =
        made.iter().map(|(call, target, verdict)| (&**call, &**target, &**verdict)).collect();
    assert_eq!(made, [call]);
    assert_no_secret(scene, &ended);
    ended
}

/// The function that an act calls.
fn function(act: &str) -> &'static str {
    match act {
        "search" => "workspace.glob",
        "hidden" => "workspace.glob-hidden",
        _ => "workspace.digests",
    }
}

/// What a search says that found and skipped nothing.
fn is_empty(said: &str) -> bool {
    said.contains("files: []") && said.contains("skipped: []")
}

/// A run that looks in one way at what it names, once, and what it was told.
#[track_caller]
fn look(scene: &Scene, act: &str, name: &str, end: (i32, &str), verdict: &str) -> String {
    let call = function(act);
    let ended = check(scene, scene.attack("watchers", act, &[name]), end, (call, name, verdict));
    ended.result()["outputs"]["said"][0].as_str().unwrap_or_default().to_owned()
}

#[test]
fn a_component_lists_what_its_policy_allows() {
    let scene = Scene::new();
    symlink("web.yaml", scene.path("workspace/deploy/link")).unwrap();
    let digest = lockstep_model::digest::Digest::of(b"image: web:v1\n").hex();
    let said = look(&scene, "digest", "deploy/web.yaml", (0, "done"), "allowed");
    assert_eq!(said, format!("[[\"{digest}\"]]"));
    let said = look(&scene, "search", "deploy/*", (0, "done"), "allowed");
    assert!(said.contains("\"deploy/link\"") && said.contains("\"web.yaml\""), "{said}");
    // A right to read opens no hidden file.
    scene.put("workspace/deploy/.env", "theirs");
    look(&scene, "hidden", "deploy/**", (3, "denied"), "denied");
    look(&scene, "digest", "deploy/.env", (3, "denied"), "denied");
    let said = look(&scene, "search", "deploy/**", (0, "done"), "allowed");
    assert_eq!(said.matches(".env").count(), 1, "{said}");
    assert!(said.contains("SkipReason::Hidden"), "{said}");
}

#[test]
fn a_component_finds_hidden_files_only_with_a_right_of_their_own() {
    let scene = Scene::new();
    scene.put("workspace/deploy/.env", "theirs");
    scene.put("workspace/deploy/.git/config", "theirs");
    scene.put("workspace/other/.env", "theirs");
    let look = |act: &str, name: &str, end, verdict| {
        let run = scene.attack_with("watchers", act, &[name], &["read-hidden deploy/**"], "");
        let said =
            check(&scene, run, end, (function(act), name, verdict)).result()["outputs"]["said"][0].clone();
        said.as_str().unwrap_or_default().to_owned()
    };
    let said = look("hidden", "deploy/**", (0, "done"), "allowed");
    assert!(said.contains("deploy/.env") && !said.contains(".git"), "{said}");
    look("digest", "deploy/.env", (0, "done"), "allowed");
    look("digest", "deploy/.git/config", (3, "denied"), "denied");
    for pattern in ["**", "other/**", "deploy/../other/*"] {
        look("hidden", pattern, (3, "denied"), "denied");
    }
}

#[test]
fn attack_2_no_path_and_no_pattern_leads_out() {
    let scene = Scene::new();
    scene.put("workspace/other/web.yaml", "theirs");
    symlink("web.yaml", scene.path("workspace/other/link")).unwrap();
    let absolute = scene.path("outside/secret.txt");
    for name in [
        "../outside/secret.txt",
        "deploy/../../outside/secret.txt",
        "deploy/../other/link",
        "/etc/passwd",
        "/proc/self/environ",
        absolute.to_str().unwrap(),
        "deploy//web.yaml",
        "other/web.yaml",
        "other/link",
        "other/missing",
    ] {
        for act in ["digest", "search"] {
            look(&scene, act, name, (3, "denied"), "denied");
        }
    }
    for pattern in ["**", "*", "*/*", "other/*", "{deploy,other}/*", "deploy/../*", "/**"] {
        look(&scene, "search", pattern, (3, "denied"), "denied");
    }
    // Standard input is no file, and not granted.
    look(&scene, "digest", "-", (3, "denied"), "denied");
    for name in ["deploy\\web.yaml", "deploy/web.yaml\n", "deploy/we\u{200b}b.yaml", ""] {
        for act in ["digest", "search"] {
            assert_eq!(look(&scene, act, name, (0, "done"), "invalid"), "invalid");
        }
    }
    // One that is not granted spoils the whole call.
    let run = scene.attack("watchers", "both", &["deploy/web.yaml", "other/web.yaml"]);
    let call = ("workspace.digests", "deploy/web.yaml and 1 more", "denied");
    let ended = check(&scene, run, (3, "denied"), call);
    assert_eq!(ended.result()["outputs"], serde_json::json!({}));
}

#[test]
fn attack_3_a_search_follows_no_link() {
    let scene = Scene::new();
    let deploy = scene.path("workspace/deploy");
    symlink("secret.txt", scene.path("outside/inner")).unwrap();
    symlink("../../outside/secret.txt", deploy.join("file")).unwrap();
    symlink(scene.path("outside"), deploy.join("folder")).unwrap();
    symlink("web.yaml", deploy.join("inside")).unwrap();
    symlink("/proc/self/environ", deploy.join("environ")).unwrap();
    for path in ["deploy/file", "deploy/folder/secret.txt", "deploy/inside", "deploy/environ"] {
        look(&scene, "digest", path, (3, "denied"), "denied");
    }
    look(&scene, "search", "deploy/folder/inner", (3, "denied"), "denied");
    let said = look(&scene, "search", "deploy/folder/**", (0, "done"), "allowed");
    assert!(said.contains("files: []") && !said.contains("inner"), "{said}");
    let said = look(&scene, "search", "deploy/**", (0, "done"), "allowed");
    assert!(
        said.contains("SkipReason::SymbolicLink") && said.matches("is-folder: false").count() == 4,
        "{said}"
    );
    assert!(!said.contains("deploy/folder/inner"), "{said}");
}

#[test]
fn attack_6_no_search_finds_a_protected_file() {
    let scene = Scene::new();
    symlink("config", scene.path("workspace/.git/link")).unwrap();
    scene.put("workspace/deploy/output", "");
    let rights = ["read **", "read .git/**", "read .GIT/config", "read .lockstep-journal"];
    let look = |act, name, end, verdict| {
        let call = function(act);
        let run = scene.attack_with("watchers", act, &[name], &rights, "");
        let run = run.env("GITHUB_OUTPUT", scene.path("workspace/deploy/output"));
        let said = check(&scene, run, end, (call, name, verdict)).result()["outputs"]["said"][0].clone();
        said.as_str().unwrap_or_default().to_owned()
    };
    for name in [".git/config", ".GIT/config", ".lockstep-journal", "deploy/output"] {
        for act in ["digest", "search"] {
            look(act, name, (3, "denied"), "denied");
        }
    }
    look("search", ".git/link", (3, "denied"), "denied");
    assert!(is_empty(&look("search", ".git/**", (0, "done"), "allowed")));
    let said = look("search", "**", (0, "done"), "allowed");
    assert!(said.contains("SkipReason::Protected") && said.matches("deploy/output").count() == 1, "{said}");
    assert!(!said.contains(".git"), "{said}");
}

#[test]
fn attack_7_a_file_that_is_not_regular_has_no_digest() {
    let scene = Scene::new();
    let deploy = scene.path("workspace/deploy");
    fs::create_dir(deploy.join("folder")).unwrap();
    let (fifo, device) = (FileType::Fifo, FileType::CharacterDevice);
    mknodat(CWD, deploy.join("pipe"), fifo, Mode::from_raw_mode(0o666), 0).unwrap();
    let _socket = UnixListener::bind(deploy.join("socket")).unwrap();
    // Only root may make one. It would give bytes without end.
    let made = mknodat(CWD, deploy.join("zero"), device, Mode::from_raw_mode(0o666), makedev(1, 5));
    for name in ["folder", "pipe", "socket"].into_iter().chain(made.is_ok().then_some("zero")) {
        let path = format!("deploy/{name}");
        let said = look(&scene, "digest", &path, (0, "done"), "invalid");
        assert_eq!(said, "invalid", "{name}");
        let said = look(&scene, "search", &path, (0, "done"), "allowed");
        assert!(said.contains("files: []"), "{name}: {said}");
    }
}

#[test]
fn attack_7_requests_without_a_bound_are_refused() {
    let scene = Scene::new();
    assert_eq!(look(&scene, "nothing", "deploy/web.yaml", (0, "done"), "invalid"), "invalid");
    let call = |target, verdict| ("workspace.digests", target, verdict);
    let limited =
        |act, path, limits| scene.attack_with("watchers", act, &[path], &["read deploy/**"], limits);
    let million = call("deploy/web.yaml and 999999 more", "limit-exceeded");
    for limits in ["", "calls: 300000"] {
        check(&scene, limited("many", "deploy/web.yaml", limits), (7, "limit-exceeded"), million);
    }
    let more = call("deploy/web.yaml and 10000 more", "limit-exceeded");
    check(&scene, limited("more", "deploy/web.yaml", "calls: 300000"), (7, "limit-exceeded"), more);

    let sparse = fs::File::create(scene.path("workspace/deploy/sparse")).unwrap();
    sparse.set_len(1 << 40).unwrap();
    check(
        &scene,
        limited("crumbs", "deploy/sparse", ""),
        (7, "limit-exceeded"),
        call("deploy/sparse", "limit-exceeded"),
    );
    // A host call that goes on is ended with the process.
    let started = Instant::now();
    let ended = limited("digest", "deploy/sparse", "seconds: 1").end();
    assert_eq!(ended.exit, Some(7), "{ended:?}");
    assert!(started.elapsed() < Duration::from_secs(60), "{:?}", started.elapsed());
    assert_no_secret(&scene, &ended);
}
