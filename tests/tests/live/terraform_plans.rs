//! `plan-gate` on plans that the real `tofu` made: it counts what `tofu` says in words, sees changes where `tofu`
//! does, says no where it must, and shows no value.

use lockstep_tests::support::{ProgramOutput, SECRETS, Scene, assert_absent};
use lockstep_tests::tofu::{Plan, Tofu};
use serde_json::{Value, json};
use std::fs;

/// The name of the input that takes the plan.
const DOCUMENT: &str = "plan";
/// The beginning of every secret in the configurations, sensitive or made so by `tofu` on its way.
const SECRET: &str = "canary-";

/// A run of the gate on a document. What it leaves is looked through for values.
#[track_caller]
fn gate_json(scene: &Scene, document: &str, mut inputs: Value) -> ProgramOutput {
    scene.put("workspace/plan.json", document);
    inputs[DOCUMENT] = json!(["plan.json"]);
    scene.put("own/inputs.json", &inputs.to_string());
    let ended = scene.run("plan-gate").arg("--inputs").arg(scene.path("own/inputs.json")).end();
    assert_absent(scene, &ended, &[SECRET], &["own/stdin", "workspace/.git", "workspace/plan.json"]);
    assert_absent(scene, &ended, &SECRETS, &["own/stdin", "workspace/.git"]);
    ended
}

#[track_caller]
fn gate(plan: &Plan, inputs: Value) -> ProgramOutput {
    gate_json(&Scene::new(), &plan.json, inputs)
}

/// What the run said, in its notes and at its end.
fn said(ended: &ProgramOutput) -> String {
    let result = ended.result();
    let notes = result["notes"].as_array().cloned().unwrap_or_default();
    let texts = notes.iter().map(|note| &note["message"]).chain([&result["message"]]);
    texts.filter_map(Value::as_str).collect::<Vec<_>>().join("\n")
}

/// Checks that the gate and `tofu` agree on a plan, whatever is to be said against it, and gives the outputs.
#[track_caller]
fn agrees(plan: &Plan) -> Value {
    let ended = gate(plan, json!({ "on-checks": "ignore", "on-drift": "ignore" }));
    let outputs = ended.expect(0, "done")["outputs"].clone();
    let count = |name: &str| outputs[name].as_u64().unwrap_or_else(|| panic!("{name}: {outputs}"));
    let counted = [
        count("import"),
        count("create") + count("replace"),
        count("update"),
        count("delete") + count("replace"),
        count("forget"),
    ];
    assert_eq!(
        counted,
        ["import", "add", "change", "destroy", "forget"].map(|word| plan.said(word)),
        "{plan:#?}"
    );
    assert_eq!(
        (outputs["changes"].as_bool(), &outputs["verdict"]),
        (Some(plan.exit == Some(2)), &json!("pass"))
    );
    outputs
}

/// Checks the counts by their names; those that are not named are 0.
#[track_caller]
fn holds(outputs: &Value, expected: &[(&str, u64)]) {
    for name in ["create", "update", "replace", "delete", "forget", "import", "move", "read", "invoke"] {
        let expected = expected.iter().find(|(other, _)| *other == name).map_or(0, |(_, count)| *count);
        assert_eq!(outputs[name], expected, "{name}: {outputs}");
    }
}

/// The plan with every action, and its configuration.
fn mixed() -> (Tofu, Plan) {
    let tofu = Tofu::new("changes/before");
    tofu.apply(&[]);
    tofu.take("changes/after");
    let plan = tofu.plan(&[]);
    (tofu, plan)
}

#[test]
fn every_action_is_counted_as_tofu_counts_it() {
    let (_tofu, plan) = mixed();
    let counts = [
        ("create", 2),
        ("update", 3),
        ("replace", 2),
        ("delete", 3),
        ("forget", 1),
        ("import", 2),
        ("move", 2),
        ("read", 1),
    ];
    holds(&agrees(&plan), &counts);
}

#[test]
fn a_shop_is_created_changed_and_destroyed() {
    let shop = Tofu::new("shop");
    holds(&agrees(&shop.plan(&[])), &[("create", 19)]);
    shop.apply(&[]);
    holds(&agrees(&shop.plan(&[])), &[]);
    holds(&agrees(&shop.plan(&["-refresh-only"])), &[]);
    holds(&agrees(&shop.plan(&["-var=db_password=canary-other"])), &[("update", 1)]);
    holds(&agrees(&shop.plan(&["-replace=terraform_data.db"])), &[("replace", 1)]);
    let release = shop.plan(&["-var=release=v1.8.0", "-var=replicas=2"]);
    holds(&agrees(&release), &[("update", 3), ("replace", 6), ("delete", 3)]);
    holds(&agrees(&shop.plan(&["-destroy"])), &[("delete", 19)]);
    shop.edit("terraform.tfstate", "192.0.2.10", "192.0.2.99");
    holds(&agrees(&shop.plan(&[])), &[("update", 1)]);
}

#[test]
fn changes_of_outputs_and_state_alone_are_changes() {
    let moved = Tofu::new("changes/before");
    moved.apply(&[]);
    moved.edit("main.tf", "\"terraform_data\" \"unchanged\"", "\"terraform_data\" \"renamed\"");
    let block = "moved {\n  from = terraform_data.unchanged\n  to = terraform_data.renamed\n}\n";
    fs::write(moved.path("moved.tf"), block).unwrap();
    holds(&agrees(&moved.plan(&[])), &[("move", 1)]);

    let outputs = Tofu::new("outputs_only");
    let plan = outputs.plan(&["-var=release=v1"]);
    holds(&agrees(&plan), &[]);
    assert_eq!(plan.exit, Some(2));
    outputs.apply(&["-var=release=v1"]);
    assert_eq!(agrees(&outputs.plan(&["-var=release=v1"]))["changes"], false);
    assert_eq!(agrees(&outputs.plan(&["-var=release=v2"]))["changes"], true);
}

#[test]
fn an_import_alone_is_a_change() {
    let tofu = Tofu::new("errored");
    let import = "import {\n  to = terraform_data.x\n  id = \"x\"\n}\nresource \"terraform_data\" \"x\" {}\n";
    fs::write(tofu.path("main.tf"), import).unwrap();
    let plan = tofu.plan(&[]);
    holds(&agrees(&plan), &[("import", 1)]);
    assert_eq!(plan.exit, Some(2));
}

#[test]
fn a_deposed_object_is_a_deletion() {
    let tofu = Tofu::new("deposed");
    tofu.apply(&["-var=generation=1"]);
    fs::write(tofu.path("stuck"), "").unwrap();
    assert!(!tofu.end(&["apply", "-auto-approve", "-var=generation=2"]).status.success());
    fs::remove_file(tofu.path("stuck")).unwrap();
    holds(&agrees(&tofu.plan(&["-var=generation=2"])), &[("replace", 1), ("delete", 1)]);
    holds(&agrees(&tofu.plan(&["-var=generation=3"])), &[("replace", 2), ("delete", 1)]);
    holds(&agrees(&tofu.plan(&["-var=generation=2", "-destroy"])), &[("delete", 3)]);
    tofu.say(&["untaint", "terraform_data.address"]);
    let plan = tofu.plan(&["-var=generation=2"]);
    holds(&agrees(&plan), &[("delete", 1)]);
    let ended = gate(&plan, json!({ "deny": ["delete"] }));
    ended.expect(1, "forbidden");
    assert!(said(&ended).contains("terraform_data.server"), "{ended:#?}");
}

#[test]
fn a_policy_rejects_and_names_each_resource() {
    let (_tofu, plan) = mixed();
    let deleted = ["terraform_data.counted[2]", "terraform_data.deleted", "terraform_data.keyed[\"us\"]"];
    let replaced = ["terraform_data.replaced", "terraform_data.replaced_first_created"];
    let created = ["terraform_data.created", "terraform_data.keyed[\"ap \\\"south\\\"\"]"];
    for (inputs, code, named) in [
        (json!({ "deny": ["delete"] }), "forbidden", [&deleted[..], &replaced].concat()),
        (json!({ "deny": ["replace:terraform_data"] }), "forbidden", replaced.to_vec()),
        (json!({ "deny": ["create:terraform_data.*"] }), "forbidden", created.to_vec()),
        (json!({ "deny": ["forget"] }), "forbidden", vec!["terraform_data.forgotten"]),
        (json!({ "deny": ["import:*_changed"] }), "forbidden", vec!["terraform_data.imported_and_changed"]),
        (json!({ "deny": ["move:terraform_data.old_name"] }), "forbidden", vec!["terraform_data.new_name"]),
        (json!({ "deny": ["read"] }), "forbidden", vec!["data.terraform_remote_state.other"]),
        (
            json!({ "allow": ["create", "update", "replace", "import", "move", "read"] }),
            "forbidden",
            [&deleted[..], &["terraform_data.forgotten"]].concat(),
        ),
        (json!({ "max": ["delete=2"] }), "too-many", vec![]),
        (json!({ "max": ["replace=1", "update=3"] }), "too-many", vec![]),
    ] {
        let ended = gate(&plan, inputs.clone());
        let result = ended.expect(1, code);
        let said = said(&ended);
        for name in &named {
            assert!(said.contains(name), "{inputs}: {name}\n{said}");
        }
        assert!(!said.contains("terraform_data.unchanged"), "{inputs}: {said}");
        assert_eq!(
            (&result["outputs"]["verdict"], &result["outputs"]["delete"]),
            (&json!("fail"), &json!(3))
        );
    }
    for inputs in [
        json!({ "deny": ["delete:aws_*", "replace:module.*"] }),
        json!({ "max": ["delete=3", "replace=2", "create=2", "update=3", "forget=1", "invoke=0"] }),
        json!({ "allow": ["create", "update", "replace", "delete", "forget", "import", "move", "read:data.*"] }),
    ] {
        gate(&plan, inputs).expect(0, "done");
    }
}

#[test]
fn a_rejection_has_a_summary_without_values() {
    let (_tofu, plan) = mixed();
    let scene = Scene::new();
    for (inputs, exit, code) in [
        (json!({ "summary-file": "plan.md" }), 0, "done"),
        (json!({ "summary-file": "plan.md", "deny": ["delete"] }), 1, "forbidden"),
    ] {
        let _ = fs::remove_file(scene.path("workspace/plan.md"));
        let result = gate_json(&scene, &plan.json, inputs).expect(exit, code);
        assert_eq!(result["outputs"]["summary-file"], "plan.md");
        let summary = scene.text("workspace/plan.md").replace('\\', "");
        for text in
            ["terraform_data.replaced_first_created", "terraform_data.old_name", "triggers_replace", "input"]
        {
            assert!(summary.contains(text), "{text}: {summary}");
        }
        for value in ["web:v1", "web:v2", "2026", "imported-2", "belongs to another"] {
            assert!(!summary.contains(value), "{value}: {summary}");
        }
    }
}

#[test]
fn a_plan_with_an_error_never_passes() {
    let refused = Tofu::new("errored").plan(&[]);
    // Its data source cannot be read, and nothing else would change.
    let (tofu, _) = mixed();
    let _ = tofu.end(&["apply", "-auto-approve"]);
    let unread = tofu.plan(&[]);
    for plan in [refused, unread] {
        assert_eq!(plan.exit, Some(1), "{plan:#?}");
        for inputs in [json!({}), json!({ "on-checks": "ignore", "on-drift": "ignore" })] {
            let result = gate(&plan, inputs).expect(1, "incomplete");
            assert_eq!(result["outputs"]["verdict"], "fail");
        }
    }
}

#[test]
fn an_incomplete_plan_is_rejected_only_if_it_says_so() {
    let plan = Tofu::new("shop").plan(&["-target=module.network"]);
    holds(&agrees(&plan), &[("create", 4)]);
    // This version does not say that a plan is of a part. Once it does, the lines above must say no.
    let mut document: Value = serde_json::from_str(&plan.json).unwrap();
    assert_eq!((document.get("complete"), document.get("applyable")), (None, None));
    document["complete"] = json!(false);
    let result = gate_json(&Scene::new(), &document.to_string(), json!({})).expect(1, "incomplete");
    assert_eq!(result["outputs"]["verdict"], "fail");
}

#[test]
fn drift_gives_a_warning_by_default() {
    let tofu = Tofu::new("drift");
    tofu.apply(&[]);
    fs::remove_file(tofu.path("site/cart.html")).unwrap();
    // A plan that only refreshes is there to be applied: drift is a change in it. It has no list of changes at all.
    for (args, count) in [(&[][..], 1), (&["-refresh-only"], 0)] {
        let plan = tofu.plan(args);
        holds(&agrees(&plan), &[("create", count)]);
        assert_eq!(plan.exit, Some(2));
        let ended = gate(&plan, json!({}));
        let result = ended.expect(0, "done");
        let warned = result["notes"].as_array().unwrap().iter().any(|note| {
            note["level"] == "warning"
                && note["message"].as_str().is_some_and(|text| text.contains("local_file.page[\"cart\"]"))
        });
        assert!(warned, "{ended:#?}");
        let ended = gate(&plan, json!({ "on-drift": "fail" }));
        ended.expect(1, "drift");
        assert!(said(&ended).contains("local_file.page[\"cart\"]"), "{ended:#?}");
        let ended = gate(&plan, json!({ "on-drift": "ignore" }));
        assert!(!said(&ended).contains("local_file"), "{ended:#?}");
    }
    // Gone from the configuration too: drift is all that is left of it.
    tofu.edit("main.tf", "[\"index\", \"cart\"]", "[\"index\"]");
    let plan = tofu.plan(&[]);
    holds(&agrees(&plan), &[]);
    assert!(said(&gate(&plan, json!({}))).contains("local_file.page[\"cart\"]"), "{plan:#?}");
}

#[test]
fn a_failed_check_is_a_rejection_by_default() {
    let tofu = Tofu::new("checks");
    let unknown = tofu.plan(&["-var=healthy=true"]);
    holds(&agrees(&unknown), &[("create", 2)]);
    gate(&unknown, json!({})).expect(0, "done");
    let failing = tofu.plan(&["-var=healthy=false"]);
    tofu.apply(&["-var=healthy=true"]);
    gate(&tofu.plan(&["-var=healthy=true"]), json!({})).expect(0, "done");
    for plan in
        [failing, tofu.plan(&["-var=healthy=false"]), tofu.plan(&["-var=healthy=false", "-refresh-only"])]
    {
        agrees(&plan);
        let ended = gate(&plan, json!({}));
        ended.expect(1, "checks");
        assert!(said(&ended).contains("check.certificate"), "{ended:#?}");
        assert!(!said(&ended).contains("check.names"), "{ended:#?}");
        let ended = gate(&plan, json!({ "on-checks": "warn" }));
        ended.expect(0, "done");
        assert!(said(&ended).contains("check.certificate"), "{ended:#?}");
        assert!(!said(&gate(&plan, json!({ "on-checks": "ignore" }))).contains("check.certificate"));
    }
}

#[test]
fn other_documents_of_tofu_are_refused() {
    let shop = Tofu::new("shop");
    shop.apply(&[]);
    let _ = shop.end(&["plan", "-out=saved"]);
    let saved = fs::read(shop.path("saved")).unwrap();
    let plan = shop.say(&["show", "-json", "saved"]);
    let (half, _) = plan.split_at(plan.find("\"prior_state\"").unwrap());
    for (what, document) in [
        ("a state", shop.say(&["show", "-json"])),
        ("outputs", shop.say(&["output", "-json"])),
        ("a log", String::from_utf8(shop.end(&["plan", "-json"]).stdout).unwrap()),
        ("words", shop.say(&["show", "-no-color", "saved"])),
        ("the saved plan itself", String::from_utf8_lossy(&saved).into_owned()),
        ("cut off", half.to_owned()),
        ("two", plan.repeat(2)),
        ("nothing", String::new()),
    ] {
        let ended = gate_json(&Scene::new(), &document, json!({}));
        assert_eq!(ended.exit, Some(2), "{what}: {ended:#?}");
        assert_eq!(ended.result()["outputs"], json!({}), "{what}: {ended:#?}");
    }
}
