//! Files that decide what others run, through the finished program: no step changes one, however deep it lies.

use lockstep_tests::support::{Scene, slim, tree};
use std::fs;
use std::os::unix::fs::symlink;

const NAMES: [&str; 24] = [
    ".github/workflows/ci.yml",
    ".gitlab-ci.yml",
    ".gitlab-ci/x.yml",
    ".azure-pipelines/x.yml",
    "azure-pipelines.yaml",
    "cloudbuild.yaml",
    "buildspec.yml",
    ".cirrus.yml",
    "appveyor.yml",
    ".semaphore/semaphore.yml",
    "codefresh.yml",
    ".build.yml",
    ".builds/x.yml",
    ".harness/x.yaml",
    ".screwdriver.yml",
    "action.yml",
    "atlantis.yaml",
    ".mergify.yml",
    ".pre-commit-config.yaml",
    "package-lock.json",
    "pnpm-lock.yaml",
    "lockstep.yaml",
    ".GitHub/workflows/x.yaml",
    "JENKIN\u{17f}FILE",
];

/// Where such a file can lie: at the top, in a checkout below the workspace, deeper.
const PLACES: [&str; 3] = ["", "ws/", "a/b/c/"];

#[test]
fn no_edit_changes_a_protected_file() {
    for name in NAMES.iter().filter(|name| !name.starts_with("JENKIN")) {
        for place in PLACES {
            let (scene, path) = (Scene::new(), format!("{place}{name}"));
            scene.put(&format!("workspace/{path}"), "{\"on\": \"push\"}\n");
            let before = scene.files();
            let ended = scene.run("manifest-patch").args(["--files", &path, "--set", ".on=evil"]).end();
            ended.expect(3, "denied");
            assert!(
                ended.stdout.contains(&path) && ended.stdout.contains("no step can change it"),
                "{ended:#?}"
            );
            assert_eq!(scene.files(), before, "{path}");
        }
    }
}

#[test]
fn no_rendered_file_has_a_protected_name() {
    for name in NAMES.iter().filter(|name| name.ends_with("ml")) {
        for place in PLACES {
            let scene = Scene::new();
            scene.put("workspace/t/app.yaml", "on: ((name))\n");
            scene.put("workspace/rows.yaml", "- {name: x}\n");
            let before = scene.files();
            let to = format!("{place}{name}");
            let run = scene.run("config-render");
            let ended = run.args(["--template", "t/app.yaml", "--rows", "rows.yaml", "--to", &to]).end();
            assert_eq!(ended.exit, Some(3), "{to}: {ended:#?}");
            assert_eq!(scene.files(), before, "{to}");
        }
    }
}

#[test]
fn no_upload_to_a_folder_stores_a_protected_file() {
    for name in NAMES {
        let scene = Scene::new();
        let (folder, file) = name.rsplit_once('/').unwrap_or(("", name));
        let source = format!("dist/{file}");
        scene.put(&format!("workspace/{source}"), "evil\n");
        let to = format!("file://{}/checkout/{folder}", scene.path("own").display());
        let to = format!("{}/", to.trim_end_matches('/'));
        let ended = scene.run("artifact-upload").args(["--source", &source, "--to", &to]).end();
        assert_eq!(ended.exit, Some(3), "{name}: {ended:#?}");
        assert!(
            !scene.path("own/checkout").exists() || scene.text(&format!("own/checkout/{name}")).is_empty()
        );
    }
}

#[test]
fn no_workspace_is_in_a_protected_folder() {
    let scene = Scene::new();
    for file in ["repo/.github/workflows/f.yaml", "repo/a/.circleci/f.yaml", "repo/.git/hooks/f.yaml"] {
        scene.put(file, "a: 1\n");
    }
    for (link, to) in
        [("repo/deploy", ".github/workflows"), ("repo/b", ".git/hooks"), ("outside/c", "../repo/.git")]
    {
        fs::create_dir_all(scene.path(link).parent().unwrap()).unwrap();
        symlink(to, scene.path(link)).unwrap();
    }
    let before = tree(&scene.path("repo"));
    for (folder, file) in [
        ("repo/.github/workflows", "f.yaml"),
        ("repo/.github", "workflows/f.yaml"),
        ("repo/a/.circleci", "f.yaml"),
        ("repo/.git/hooks", "f.yaml"),
        ("repo/deploy", "f.yaml"),
        ("repo/b", "f.yaml"),
        ("outside/c", "hooks/f.yaml"),
        ("outside/c/hooks", "f.yaml"),
    ] {
        for more in [None, Some("--dry-run")] {
            let call =
                scene.call(slim()).args(["run", "manifest-patch", "--files", file, "--set", ".a=2", "-C"]);
            let ended = call.arg(scene.path(folder)).args(more).end();
            assert_eq!(ended.exit, Some(3), "{folder}: {ended:#?}");
            assert!(ended.stdout.contains("every step") || ended.stdout.contains("no step"), "{ended:#?}");
            assert_eq!(tree(&scene.path("repo")), before, "{folder}");
        }
    }
    // A link out of the checkout is refused, one that stays in it or lies elsewhere is not.
    for folder in ["repo/app", "plain/app", "repo/releases/1"] {
        scene.put(&format!("{folder}/f.yaml"), "a: 1\n");
    }
    symlink("../plain/app", scene.path("repo/out")).unwrap();
    symlink("releases/1", scene.path("repo/current")).unwrap();
    symlink("app", scene.path("plain/link")).unwrap();
    for (folder, exit) in [
        ("repo/out", 3),
        ("repo/app/../out", 3),
        ("repo/current", 0),
        ("plain/link", 0),
        ("repo/../plain/link", 0),
        ("repo/app/../../plain/link", 0),
    ] {
        let call =
            scene.call(slim()).args(["run", "manifest-patch", "--files", "f.yaml", "--set", ".a=2", "-C"]);
        assert_eq!(call.arg(scene.path(folder)).end().exit, Some(exit), "{folder}");
    }
    // Where there is no checkout, the names below the current folder count.
    scene.put("archive/.github/workflows/f.yaml", "a: 1\n");
    symlink(".github/workflows", scene.path("archive/deploy")).unwrap();
    for folder in ["deploy", ".github/workflows"] {
        let call =
            scene.call(slim()).args(["run", "manifest-patch", "--files", "f.yaml", "--set", ".a=2", "-C"]);
        let mut command = call.arg(folder).command();
        let status = command.current_dir(scene.path("archive")).status().unwrap();
        assert_eq!(status.code(), Some(3), "{folder}");
    }
    // A folder beside them is fine, whatever its own checkout is called.
    scene.put(".github/repo/.git/HEAD", "");
    scene.put(".github/repo/f.yaml", "a: 1\n");
    let call = scene.call(slim()).args(["run", "manifest-patch", "--files", "f.yaml", "--set", ".a=2", "-C"]);
    assert_eq!(call.arg(scene.path(".github/repo")).end().exit, Some(0));
}
