//! Many files in one run of manifest-patch: looked into by several instances at once, changed all together or not at
//! all, and not touched where nothing changes.

use lockstep_tests::support::{self, ProgramOutput, Scene};
use serde_json::json;
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::PathBuf;

/// Enough files for several jobs, and for several batches of jobs with the large one among them.
const COUNT: usize = 700;
const OLD: &str = "registry.example.com/shop/web:v1.7.3";
const NEW: &str = "registry.example.com/shop/web:v1.8.0";

fn manifest(i: usize) -> String {
    let comment = "# Kept as it is, whatever happens to the image below.\n".repeat(10);
    format!(
        "{comment}kind: Deployment\nmetadata: {{name: web-{i}}}\nspec:\n  image:   {OLD}   # of web {i}\n---\n{comment}kind: Service\n"
    )
}

/// A workspace of many manifests, one of them large.
fn scene() -> Scene {
    let scene = Scene::new();
    for i in 0..COUNT {
        scene.put(&format!("workspace/many/{i:03}.yaml"), &manifest(i));
    }
    let large = format!("{}{}", "# a long story\n".repeat(80_000), manifest(350));
    scene.put("workspace/many/350.yaml", &large);
    scene
}

fn run(scene: &Scene) -> ProgramOutput {
    scene
        .run("manifest-patch")
        .args(["--files", "many/*.yaml", "--image", NEW, "--expect", &COUNT.to_string()])
        .end()
}

/// What identifies each file and its last change.
fn marks(scene: &Scene) -> BTreeMap<PathBuf, (u64, i64, i64, u32)> {
    let entries = fs::read_dir(scene.path("workspace/many")).unwrap();
    let mark = |path: PathBuf| {
        let stat = fs::metadata(&path).unwrap();
        (path, (stat.ino(), stat.mtime(), stat.mtime_nsec(), stat.mode()))
    };
    entries.map(|entry| mark(entry.unwrap().path())).collect()
}

#[test]
fn each_file_gets_its_edit_only_and_a_second_run_changes_none() {
    let scene = scene();
    let program = scene.path("workspace/many/007.yaml");
    fs::set_permissions(&program, fs::Permissions::from_mode(0o750)).unwrap();
    let replaced = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap().replace(OLD, NEW).into_bytes();
    let wanted: BTreeMap<_, _> =
        scene.contents().into_iter().map(|(path, bytes)| (path, replaced(bytes))).collect();
    let result = run(&scene).expect(0, "done");
    assert_eq!((&result["outputs"]["edits"], &result["outputs"]["changed"]), (&json!(COUNT), &json!(true)));
    let sorted: Vec<_> = (0..COUNT).map(|i| format!("many/{i:03}.yaml")).collect();
    assert_eq!(result["outputs"]["files"], json!(sorted));
    assert!(scene.contents() == wanted, "something else than the image changed");
    assert_eq!(fs::metadata(&program).unwrap().mode() & 0o777, 0o750);

    let before = marks(&scene);
    let result = run(&scene).expect(0, "done");
    assert_eq!((&result["outputs"]["edits"], &result["outputs"]["changed"]), (&json!(0), &json!(false)));
    assert_eq!(marks(&scene), before);
}

#[test]
fn the_calls_of_parallel_instances_are_recorded_in_order() {
    let scene = scene();
    run(&scene).expect(0, "done");
    let calls = support::calls(&scene);
    let verb = |verb: &str| -> Vec<_> {
        calls.iter().filter(|call| call.0 == verb).map(|call| call.1.clone()).collect()
    };
    let sorted: Vec<_> = (0..COUNT).map(|i| format!("many/{i:03}.yaml")).collect();
    assert_eq!((verb("workspace.read"), verb("workspace.write")), (sorted.clone(), sorted));
}

#[test]
fn bad_files_are_all_named_and_no_file_changes() {
    let scene = scene();
    scene.put("workspace/many/100.yaml", "image: web\nimage: registry.example.com/shop/web:v1\n");
    scene.put(
        "workspace/many/600.yaml",
        "{{- if .Values.web }}\nimage: registry.example.com/shop/web:v1\n{{- end }}\n",
    );
    // This one is no YAML either, but no image is in it.
    scene.put("workspace/many/650.yaml", "{{- if .Values.other }}\n{{- end }}\n");
    fs::write(scene.path("workspace/many/200.yaml"), b"image: \xff web\n").unwrap();
    let before = marks(&scene);
    let result = run(&scene).expect(2, "refused");
    assert_eq!(marks(&scene), before);
    let named: Vec<_> = result["notes"].as_array().unwrap().iter().map(|note| note["path"].clone()).collect();
    assert_eq!(named, ["many/100.yaml", "many/200.yaml", "many/600.yaml"]);
}
