//! Tests of the generator, on the checkout itself and on a step that has every kind of input.

use super::*;
use tempfile::TempDir;

const WIT: &str = r#"
package test:every@0.1.0;

/// First line
/// of a paragraph.
///
/// Second "quoted" one: `a|b`.
world step {
    enum mode {
        /// Goes on.
        go,
        /// Waits
        /// first.
        stop-here,
    }
    record target {
        /// Its name.
        name: string,
    }
    record inputs {
        /// A text.
        plain: string,
        /// A text with a default.
        with-default: string,
        /// Perhaps a text.
        perhaps: option<string>,
        /// A flag.
        on: bool,
        /// A number.
        count: u32,
        /// A word.
        mode: mode,
        /// Some texts.
        items: list<string>,
        /// Some records with ${{ secrets.X }} and $[[ inputs.x ]].
        targets: list<target>,
    }
    record outputs {
        /// What came.
        first-one: list<target>,
    }
    record failure { code: string }
    export run: func(inputs: inputs) -> result<outputs, failure>;
}
"#;

const TOML: &str = r#"
summary = "Everything"
[defaults]
with-default = "it's"
count = 3
[permissions]
workspace = ["read ${plain}"]
[limits]
seconds = 5
[failures]
no = "it does not"
[example]
plain = "it's $HOME"
mode = "go"
items = ["a b", "c"]
targets = "[]"
"#;

fn checkout(wit: &str, toml: &str) -> TempDir {
    let root = tempfile::tempdir().unwrap();
    let put = |path: &str, text: &str| write(&root.path().join(path), text).unwrap();
    put("wit/base.wit", "package lockstep:step@0.1.0;\nworld base {}\n");
    put("components/every/wit/world.wit", wit);
    put("components/every/step.toml", toml);
    put("components/every/src/failure.rs", "    No = (\"no\", Rejected),\n");
    put("components/lib/yaml/Cargo.toml", "");
    put("ci/run.sh", "#!/bin/sh\necho run\n\n");
    put("ci/CHECKSUMS", "# none\n");
    root
}

fn text(root: &TempDir, path: &str) -> String {
    fs::read_to_string(root.path().join(path)).unwrap()
}

#[test]
fn nothing_in_this_checkout_is_stale() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let stale = run(&root, true).unwrap();
    assert_eq!(stale, Vec::<PathBuf>::new(), "run `cargo xtask gen`");
}

#[test]
fn gen_writes_stale_files_and_removes_files_of_removed_steps() {
    let root = checkout(WIT, TOML);
    let stale = run(root.path(), true).unwrap();
    assert!(stale.contains(&PathBuf::from("actions/every/action.yml")));
    assert!(!root.path().join("actions").exists(), "a check writes nothing");
    assert_eq!(run(root.path(), false).unwrap(), stale);
    assert_eq!(run(root.path(), true).unwrap(), Vec::<PathBuf>::new());
    write(&root.path().join("templates/gone.yml"), "x").unwrap();
    assert_eq!(run(root.path(), true).unwrap(), [PathBuf::from("templates/gone.yml")]);
    run(root.path(), false).unwrap();
    assert!(!root.path().join("templates/gone.yml").exists());
}

#[test]
fn a_step_describes_itself() {
    let root = checkout(WIT, TOML);
    let step = &steps(root.path()).unwrap()[0];
    assert_eq!(step.docs, "First line of a paragraph.\n\nSecond \"quoted\" one: `a|b`.");
    let inputs: Vec<_> = step
        .inputs
        .iter()
        .map(|input| (&*input.name, input.ty.to_string(), input.required, input.default.to_string()))
        .collect();
    let none = || "null".to_owned();
    assert_eq!(
        inputs,
        [
            ("plain", "string".to_owned(), true, none()),
            ("with-default", "string".to_owned(), false, "\"it's\"".to_owned()),
            ("perhaps", "option<string>".to_owned(), false, none()),
            ("on", "bool".to_owned(), false, "false".to_owned()),
            ("count", "u32".to_owned(), false, "3".to_owned()),
            ("mode", "go | stop-here".to_owned(), true, none()),
            ("items", "list<string>".to_owned(), true, none()),
            ("targets", "list<{name: string}>".to_owned(), true, none()),
        ]
    );
    use lockstep_model::info::Shape::{Choice, Flag, Json, List, Number, Text};
    let shapes: Vec<_> = step.inputs.iter().map(|input| input.shape).collect();
    assert_eq!(shapes, [Text, Text, Text, Flag, Number, Choice, List, Json]);
    assert_eq!(step.inputs[5].choices[1].docs, "Waits first.");
    let json = serde_json::to_string(step).unwrap();
    assert_eq!(&serde_json::from_str::<StepInfo>(&json).unwrap(), step);
}

#[test]
fn the_wrappers_take_the_inputs_and_give_the_outputs() {
    let root = checkout(WIT, TOML);
    run(root.path(), false).unwrap();
    let action = text(&root, "actions/every/action.yml");
    assert!(action.contains("  plain:\n    description: \"A text.\"\n    required: true\n"), "{action}");
    assert!(action.contains("Default: `it's`.\"\n    required: false\n"));
    assert!(action.contains("    value: ${{ steps.run.outputs.first-one }}\n"));
    let run = action.split_once("      run: ").unwrap().1;
    assert!(!run.contains("${{"), "no expression is in a script");

    let template = text(&root, "templates/every.yml");
    assert!(template.contains(
        "    count:\n      description: \"A number. Default: `3`.\"\n      type: number\n      default: 3\n"
    ));
    assert!(template.contains(
        "    mode:\n      description: \"A word. One of `go`, `stop-here`.\"\n      type: string\n    items:"
    ));
    assert!(template.contains("      value: ' $[[ inputs.on ]]'\n      expand: false\n"));
    assert!(template.contains("and $ [[ inputs.x ]]"), "a description is not filled in");
    let script = template.split_once("  script:\n").unwrap().1.split_once("  artifacts:").unwrap().0;
    // Into the script goes only what cannot end the quotes around it.
    let filled: Vec<&str> =
        script.split("$[[ inputs.").skip(1).filter_map(|rest| rest.split(' ').next()).collect();
    assert_eq!(filled, ["binary", "own-build", "allow-workspace-credentials"]);
    assert!(
        script.contains("'--binary=$[[ inputs.binary ]]' '--own-build=$[[ inputs.own-build ]]' '--allow-"),
        "{script}"
    );
    assert!(
        template.contains("      default: \"\"\n      regex: '^[A-Za-z0-9@._/+-]*$'\n    own-build:\n"),
        "{template}"
    );
    assert!(template.contains("      type: boolean\n      default: false\n---\n"), "{template}");
    assert!(template.contains("  dependencies: $[[ inputs.job-dependencies ]]\n"), "{template}");
    assert!(template.contains("      type: array\n      default: []\n"), "{template}");
    assert!(script.contains("      echo run\n"), "the shim is carried along");

    let groovy = text(&root, "vars/every.groovy");
    assert!(groovy.contains("        withDefault: 'with-default',\n"));
    let page = text(&root, "docs/steps/every.md");
    assert!(
        page.contains("| code | exit code | meaning |\n| --- | --- | --- |\n| `no` | 1 | it does not |\n")
    );
    assert!(page.contains(
        "| `mode` | `go \\| stop-here` | **required** | A word.<br>`go`: Goes on.<br>`stop-here`: Waits first. |"
    ));
}

#[test]
fn the_page_has_an_example_for_each_platform() {
    let root = checkout(WIT, TOML);
    run(root.path(), false).unwrap();
    let page = text(&root, "docs/steps/every.md");
    for example in [
        "lockstep run every \\\n    --plain 'it'\\''s $HOME' \\\n    --mode go \\\n    --items 'a b' \\\n    --items c",
        "    plain: \"it's $HOME\"\n    mode: \"go\"\n    items: |\n      a b\n      c\n",
        "    VALUE: ${{ steps.every.outputs.first-one }}\n",
        "    - echo \"$LOCKSTEP_EVERY_FIRST_ONE\"\n",
        "every(plain: 'it\\'s $HOME', mode: 'go', items: ['a b', 'c'], targets: '[]')\necho \"${result.outputs['first-one']}\"\n",
    ] {
        assert!(page.contains(example), "{example} is not in {page}");
    }
    let root = checkout(WIT, &TOML.replace("no = \"it", "never = \"it"));
    let error = format!("{:#}", run(root.path(), true).unwrap_err());
    assert!(error.contains("step.toml has the code `never`, which this file lacks"), "{error}");
    let root = checkout(WIT, &TOML.replace("mode = \"go\"", ""));
    let error = format!("{:#}", run(root.path(), true).unwrap_err());
    assert!(error.contains("the example in step.toml has no `mode`"), "{error}");
}

#[test]
fn the_readme_keeps_what_people_wrote() {
    let root = checkout(WIT, TOML);
    write(&root.path().join("README.md"), "# Mine\n<!-- steps -->\nold\n<!-- /steps -->\nmore\n").unwrap();
    run(root.path(), false).unwrap();
    let readme = text(&root, "README.md");
    assert!(
        readme.starts_with("# Mine\n<!-- steps -->\n| step") && readme.ends_with("<!-- /steps -->\nmore\n"),
        "{readme}"
    );
    assert!(readme.contains("| [`every`](docs/steps/every.md) | Everything |"));
}

#[test]
fn names_that_the_wrappers_need_are_refused() {
    for (old, new, word) in [
        ("plain: string", "policy: string", "`policy`"),
        ("plain: string", "job-name: string", "`job-name`"),
        ("first-one:", "%result:", "`result`"),
        ("/// A text.\n", "", "no doc comment"),
        ("export run", "export walk", "no function `run`"),
        ("func(inputs: inputs)", "func()", "one record"),
    ] {
        let root = checkout(&WIT.replacen(old, new, 1), TOML);
        let error = format!("{:#}", run(root.path(), true).unwrap_err());
        assert!(error.contains(word) && error.contains("step `every`"), "{error}");
    }
    let root = checkout(WIT, &TOML.replace("count = 3", "cuont = 3"));
    assert!(format!("{:#}", run(root.path(), true).unwrap_err()).contains("`cuont`"));
}

#[test]
fn no_description_has_an_expression_or_is_too_long() {
    let docs =
        format!("/// Not `${{{{ secrets.X }}}}` and not `$[[ inputs.y ]]`. {}\n", "More words. ".repeat(200));
    let root = checkout(&WIT.replacen("/// A text.\n", &docs, 1), TOML);
    run(root.path(), false).unwrap();
    for file in ["actions/every/action.yml", "templates/every.yml"] {
        let page = text(&root, file);
        let described: Vec<_> = page.lines().filter(|line| line.contains("More words.")).collect();
        assert!(!described.is_empty(), "{page}");
        for line in described {
            assert!(!line.contains("${{") && !line.contains("$[["), "{file}: {line}");
            assert!(!file.starts_with("templates") || line.len() < 1024 + 40, "{file}: {} bytes", line.len());
        }
    }
}

#[test]
fn the_program_knows_each_control() {
    let names: Vec<&str> = CONTROLS.iter().map(|control| control.name).collect();
    assert_eq!(names, lockstep_model::inputs::WRAPPER_CONTROLS);
}
