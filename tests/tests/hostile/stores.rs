//! Hostile components that reach for objects and for digests of files they were not granted. Nothing outside the grant
//! is asked for or changed; the receipt lists each call with its verdict.

use lockstep_tests::support::{self, ProgramOutput, Scene, assert_no_secret, hostile};
use std::os::unix::fs::symlink;

/// A scene with a store outside the workspace, and something beside it.
fn scene() -> Scene {
    let scene = Scene::new();
    scene.put("outside/store/web/kept", "kept");
    scene.put("outside/store/webby/other", "other");
    scene.put("outside/repository/.git/config", "theirs");
    scene
}

/// The name of a place in the scene as an object.
fn object(scene: &Scene, path: &str) -> String {
    format!("file://{}", scene.path(path).display())
}

/// A run that may do everything with what begins with `outside/store/web/`, and read `deploy/`.
fn attack(scene: &Scene, act: &str, words: &[String]) -> ProgramOutput {
    let store = format!("{}/", object(scene, "outside/store/web"));
    let rights = serde_json::json!({
        "workspace": ["read deploy/**"],
        "objects": [format!("list,head,put,multipart,delete {store}"), "list,head,put,multipart,delete s3://granted/web/"],
    });
    let run = scene.allowed(&hostile("stores"), &rights, "").args(["--act", act]);
    let run = words.iter().fold(run, |run, word| run.arg("--words").arg(word));
    run.env("AWS_EC2_METADATA_DISABLED", "true").end()
}

#[test]
fn a_component_reaches_the_objects_that_its_policy_allows() {
    let scene = scene();
    let within = object(&scene, "outside/store/web/new");
    let ended = attack(&scene, "put", std::slice::from_ref(&within));
    assert_eq!(ended.expect(0, "done")["outputs"]["said"][0], "\"9 bytes\"");
    assert_eq!(scene.text("outside/store/web/new"), "attacked\n");
    let ended = attack(&scene, "steal", &[within.clone(), "deploy/web.yaml".into()]);
    ended.expect(0, "done");
    assert_eq!(scene.text("outside/store/web/new"), "image: web:v1\n");
    attack(&scene, "delete", &[within]).expect(0, "done");
    assert!(!scene.path("outside/store/web/new").exists());
}

#[test]
fn attack_19_no_name_leads_out_of_a_prefix() {
    let scene = scene();
    let root = object(&scene, "outside/store");
    let names = [
        format!("{root}/web/../webby/other"),
        format!("{root}/web/%2e%2e/webby/other"),
        format!("{root}/web/..%2fwebby/other"),
        format!("{root}/web//kept"),
        format!("{root}/web/./kept"),
        format!("{root}/webby/other"),
        format!("{root}/web"),
        format!("{root}/"),
        "file:///etc/passwd".to_owned(),
        "file://localhost/etc/passwd".to_owned(),
        "s3://granted/other/x".to_owned(),
        "s3://granted/webby".to_owned(),
        "s3://granted/web/../x".to_owned(),
        "s3://granted/web/%2E%2E/x".to_owned(),
        "s3://granted@evil/web/x".to_owned(),
        "s3://other/web/x".to_owned(),
        "s3://GRANTED/web/x".to_owned(),
        "https://granted/web/x".to_owned(),
        "../store/web/kept".to_owned(),
        scene.path("outside/store/web/kept").display().to_string(),
    ];
    for act in ["list", "head", "put", "update", "delete", "uploads", "begin", "resume"] {
        for name in &names {
            let before = scene.files();
            let ended = attack(&scene, act, std::slice::from_ref(name));
            ended.expect(3, "denied");
            assert_eq!(scene.files(), before, "{act} {name}");
            let calls = support::calls(&scene);
            assert_eq!((calls.len(), calls[0].2.as_str()), (1, "denied"), "{act} {name}: {calls:?}");
            assert_no_secret(&scene, &ended);
        }
    }
}

#[test]
fn attack_19_one_bad_name_stops_the_whole_call() {
    let scene = scene();
    let before = scene.files();
    let names = [object(&scene, "outside/store/web/new"), object(&scene, "outside/store/webby/new")];
    attack(&scene, "both", &names).expect(3, "denied");
    assert_eq!(scene.files(), before);
}

#[test]
fn attack_19_the_host_sends_no_file_without_the_right_to_read_it() {
    let scene = scene();
    symlink(scene.path("outside/secret.txt"), scene.path("workspace/deploy/link")).unwrap();
    scene.put("workspace/other/secret.yaml", "theirs");
    let before = scene.files();
    let within = object(&scene, "outside/store/web/new");
    for path in
        ["other/secret.yaml", ".git/config", "../outside/secret.txt", "/etc/passwd", "deploy/link", "-"]
    {
        let ended = attack(&scene, "steal", &[within.clone(), path.to_owned()]);
        ended.expect(3, "denied");
        assert_eq!(scene.files(), before, "{path}");
        assert_no_secret(&scene, &ended);
    }
}

#[test]
fn attack_19_the_host_stores_no_object_through_a_link_or_in_a_repository() {
    let scene = scene();
    symlink(scene.path("outside/store/webby"), scene.path("outside/store/web/link")).unwrap();
    let before = scene.files();
    let ended = attack(&scene, "put", &[object(&scene, "outside/store/web/link/other")]);
    assert_eq!(ended.expect(0, "done")["outputs"]["said"][0], "local");
    let ended = attack(&scene, "list", &[format!("{}/", object(&scene, "outside/store/web"))]);
    assert!(!ended.expect(0, "done")["outputs"].to_string().contains("link"));
    for name in [
        "outside/store/web/.git/config",
        "outside/store/web/.GitHub/workflows/x.yml",
        "outside/store/web/Jenkinsfile",
    ] {
        attack(&scene, "put", &[object(&scene, name)]).expect(3, "denied");
    }
    assert_eq!(scene.files(), before);
}

#[test]
fn attack_19_no_header_is_smuggled() {
    let scene = scene();
    let before = scene.files();
    let ended = attack(&scene, "headers", &[object(&scene, "outside/store/web/new")]);
    let said = ended.expect(0, "done")["outputs"]["said"].clone();
    assert_eq!(said, serde_json::json!(vec!["invalid"; 9]));
    assert_eq!(scene.files(), before);
}

#[test]
fn attack_21_a_step_uses_no_store_of_another_step() {
    let scene = scene();
    let drop_off = object(&scene, "outside/store/web/drop-off");
    attack(&scene, "put", std::slice::from_ref(&drop_off)).expect(0, "done");
    // The next step knows the name and has no right to the place: not by its store, nor as a file.
    let rights =
        serde_json::json!({"workspace": ["read deploy/**"], "objects": ["list,head s3://granted/web/"]});
    let elsewhere = |act: &str, name: &str| {
        let run = scene.allowed(&hostile("stores"), &rights, "").args(["--act", act, "--words", name]);
        run.env("AWS_EC2_METADATA_DISABLED", "true").end()
    };
    let folder = format!("{}/", object(&scene, "outside/store/web"));
    for (act, name) in [("head", &drop_off), ("list", &folder), ("put", &drop_off), ("delete", &drop_off)] {
        elsewhere(act, name).expect(3, "denied");
    }
    scene.attack("watchers", "digest", &["../outside/store/web/drop-off"]).end().expect(3, "denied");
    // One that is granted nothing on stores is not even started with them.
    let nothing = serde_json::json!({"workspace": ["read deploy/**"]});
    let ended =
        scene.allowed(&hostile("stores"), &nothing, "").args(["--act", "head", "--words", &drop_off]).end();
    ended.expect(3, "not-granted");
    assert_eq!(scene.text("outside/store/web/drop-off"), "attacked\n");
}

#[test]
fn attack_28_each_object_of_a_call_counts() {
    let scene = scene();
    let before = scene.files();
    let ended = attack(&scene, "many", &[object(&scene, "outside/store/web/kept")]);
    assert_eq!(ended.exit, Some(7), "{ended:#?}");
    assert_eq!(scene.files(), before);
}

#[test]
fn attacks_2_3_6_and_7_fail_through_digests_and_searches() {
    let scene = scene();
    scene.put("workspace/other/secret.yaml", "theirs");
    symlink(scene.path("outside/secret.txt"), scene.path("workspace/deploy/link")).unwrap();
    let run = |act: &str, words: &[&str]| {
        let ended = scene.attack("watchers", act, words).end();
        assert_no_secret(&scene, &ended);
        ended
    };
    for path in ["other/secret.yaml", "../outside/secret.txt", "/etc/passwd", ".git/config", "deploy/link"] {
        run("digest", &[path]).expect(3, "denied");
    }
    for pattern in ["other/*", "**", "../*", ".git/**", "/etc/*"] {
        run("search", &[pattern]).expect(3, "denied");
    }
    run("both", &["deploy/web.yaml", "other/secret.yaml"]).expect(3, "denied");
    // A link is told by its own path, and what is behind it is not looked at.
    let said = run("search", &["deploy/**"]).expect(0, "done")["outputs"]["said"][0].clone();
    assert!(said.as_str().unwrap().contains("secret.txt"), "{said}");
    assert_eq!(run("nothing", &["deploy/web.yaml"]).expect(0, "done")["outputs"]["said"][0], "invalid");
    assert_eq!(run("many", &["deploy/web.yaml"]).exit, Some(7));
    scene.put("workspace/deploy/large", &"x".repeat(2_000_000));
    assert_eq!(run("crumbs", &["deploy/large"]).exit, Some(7));
}
