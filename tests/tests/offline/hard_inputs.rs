//! Inputs that are well formed or nearly so, and hard to read: nested without end, growing when expanded, very large.
//! Each ends with an exit code that is documented and one message that names the file, never by a signal or a panic.

use lockstep_tests::support::Scene;

/// How deep the nesting is.
const DEEP: usize = 10_000;
/// How many keys a mapping has.
const KEYS: usize = 200_000;
/// The bytes of a scalar beyond every limit.
const LARGE: usize = 100_000_000;
/// The most characters that a message may have: a log must stay readable.
const MESSAGE: usize = 500;

/// A mapping whose one value is nested between these.
fn nested(open: &str, close: &str) -> String {
    format!("a: {}x{}\n", open.repeat(DEEP), close.repeat(DEEP))
}

/// Lists of aliases of lists of aliases: a few lines that stand for nine to the power of eleven values.
fn bomb(item: impl Fn(usize, &str) -> String) -> String {
    let level = |level: usize| {
        let inner = vec![format!("*l{}", level - 1); 9].join(", ");
        item(level, &inner)
    };
    format!("l0: &l0 {{k0: x}}\n{}v: 1\n", (1..12).map(level).collect::<String>())
}

fn alias_bomb() -> String {
    bomb(|level, inner| format!("l{level}: &l{level} [{inner}]\n"))
}

fn merge_bomb() -> String {
    bomb(|level, inner| format!("l{level}: &l{level} {{<<: [{inner}], k{level}: x}}\n"))
}

fn large() -> String {
    format!("a: \"{}\"\n", "x".repeat(LARGE))
}

fn keys() -> String {
    (0..KEYS).map(|number| format!("key-{number}: {number}\n")).collect()
}

/// Runs a step on one file. It must end so; where it does not end well, with a short message that names the file, and
/// without a change.
#[track_caller]
fn ends(step: &str, file: &str, text: &str, args: &[&str], exit: i32, part: &str) {
    let scene = Scene::new();
    scene.put(&format!("workspace/{file}"), text);
    scene.put("workspace/template.yaml", "a: ((name))\n");
    scene.put("workspace/rows.yaml", "- {name: a}\n");
    let before = scene.files();
    let ended = scene.run(step).args(args.iter().copied()).without_secrets().end();
    let shown = format!("{step} {args:?}: {:?} {}", ended.exit, ended.stderr);
    assert_eq!(ended.exit, Some(exit), "{shown}");
    let result = ended.result();
    let message = result["message"].as_str().unwrap_or_default();
    assert!(message.chars().count() <= MESSAGE, "{shown}: {message}");
    if exit != 0 {
        let at = result["location"]["path"].as_str().unwrap_or_default();
        assert!(message.contains(part), "{shown}: {message}");
        assert!(message.contains(file) || at == file, "{shown}: does not name {file}: {result}");
        assert_eq!(scene.files(), before, "{shown}: files changed");
    }
}

#[test]
fn deeply_nested_yaml_is_refused() {
    let set = ["--files", "hard.yaml", "--set", "v=2", "--create"];
    let template = ["--template", "hard.yaml", "--rows", "rows.yaml", "--to", "out/{name}.yaml"];
    let rows = ["--template", "template.yaml", "--rows", "hard.yaml", "--to", "out/{name}.yaml"];
    let open = format!("a: {}\n", "[".repeat(DEEP));
    let dashes = format!("a:\n{}x\n", "- ".repeat(DEEP));
    let questions = format!("{}x\n", "? ".repeat(DEEP));
    for text in [nested("[", "]"), nested("{a: ", "}"), open, dashes, questions] {
        for (step, args) in
            [("manifest-patch", &set[..]), ("config-render", &template[..]), ("config-render", &rows[..])]
        {
            ends(step, "hard.yaml", &text, args, 2, "collections within one another");
        }
    }
}

#[test]
fn deeply_nested_json_is_refused() {
    let value = format!("{}{}", "[".repeat(DEEP), "]".repeat(DEEP));
    let outputs = format!("{{\"a\": {{\"sensitive\": false, \"value\": {value}}}}}");
    ends("terraform-parse", "hard.json", &outputs, &["--source", "hard.json"], 2, "deep");
    let plan = format!("{{\"format_version\": \"1.2\", \"resource_changes\": {value}}}");
    ends("plan-gate", "hard.json", &plan, &["--plan", "hard.json"], 2, "");
    let rows = ["--template", "template.yaml", "--rows", "hard.json", "--to", "out/{name}.yaml"];
    ends("config-render", "hard.json", &value, &rows, 2, "collections within one another");
}

#[test]
fn aliases_that_multiply_are_not_expanded() {
    for text in [alias_bomb(), merge_bomb()] {
        ends("manifest-patch", "hard.yaml", &text, &["--files", "hard.yaml", "--set", "v=2"], 0, "");
        let template = ["--template", "hard.yaml", "--rows", "rows.yaml", "--to", "out/{name}.yaml"];
        ends("config-render", "hard.yaml", &text, &template, 0, "");
    }
    let set = |alias| ["--files", "hard.yaml", "--set-json", "l11[0][0]=1", "--alias", alias];
    for (alias, exit, part) in [("refuse", 2, "alias"), ("expand", 2, "too large"), ("follow", 0, "")] {
        ends("manifest-patch", "hard.yaml", &alias_bomb(), &set(alias), exit, part);
    }
    ends(
        "manifest-patch",
        "hard.yaml",
        "a: &a [*a]\nv: 1\n",
        &["--files", "hard.yaml", "--set", "v=2"],
        0,
        "",
    );
}

#[test]
fn an_error_names_a_scalar_over_the_limit() {
    let text = large();
    let set = ["--files", "hard.yaml", "--set", "v=2", "--create"];
    ends("manifest-patch", "hard.yaml", &text, &set, 2, "the limit is 33554432");
    let rows = ["--template", "template.yaml", "--rows", "hard.yaml", "--to", "out/{name}.yaml"];
    ends("config-render", "hard.yaml", &text, &rows, 7, "more than 67108864 bytes");
    let template = ["--template", "hard.yaml", "--rows", "rows.yaml", "--to", "out/{name}.yaml"];
    ends("config-render", "hard.yaml", &text, &template, 7, "more than 67108864 bytes");
}

#[test]
fn many_keys_are_read_and_the_same_key_is_refused() {
    let set = ["--files", "hard.yaml", "--set", "key-7=x"];
    ends("manifest-patch", "hard.yaml", &keys(), &set, 0, "");
    let anchors: String = (0..KEYS).map(|number| format!("key-{number}: &a{number} {number}\n")).collect();
    ends("manifest-patch", "hard.yaml", &anchors, &set, 0, "");
    let same: String = (0..KEYS).map(|number| format!("key: {number}\n")).collect();
    ends(
        "manifest-patch",
        "hard.yaml",
        &same,
        &["--files", "hard.yaml", "--set", "key=x"],
        2,
        "stands twice",
    );
    let template = ["--template", "hard.yaml", "--rows", "rows.yaml", "--to", "out/{name}.yaml"];
    ends("config-render", "hard.yaml", &keys(), &template, 0, "");
}

#[test]
fn a_hard_file_of_inputs_is_refused() {
    for (text, part) in [
        (nested("[", "]"), "recursion"),
        (alias_bomb(), "budget"),
        (merge_bomb(), "budget"),
        (large(), "has more than"),
        (keys(), "budget"),
    ] {
        let scene = Scene::new();
        scene.put("own/inputs.yaml", &text);
        let run = scene.run("manifest-patch").arg("--inputs").arg(scene.path("own/inputs.yaml"));
        let ended = run.without_secrets().end();
        let result = ended.expect(2, "bad-input");
        let message = result["message"].as_str().unwrap_or_default();
        assert!(message.contains(part) && message.contains("inputs.yaml"), "{message}");
        assert!(message.chars().count() <= MESSAGE, "{message}");
    }
}
