//! `terraform-parse` on what the real `tofu` prints: every value exact, and what is sensitive in no place but those
//! that are meant for it.

use lockstep_tests::runner::github;
use lockstep_tests::support::{self, ProgramOutput, Run, Running, SECRETS, Scene, assert_absent};
use lockstep_tests::tofu::{Tofu, is_private, printed};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs;
use std::process::Stdio;

/// The sensitive texts of the shop that stand nowhere else in it, by lines; the short one too.
const SENSITIVE: [&str; 9] = [
    "canary-Db/Pass+\"8812\"\\x",
    "canary-replica-0-51c9",
    "canary-replica-1-51c9",
    "db-1.shop.internal",
    "canaryMIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us",
    "canary8cKjMzEfYyjiWA4R4ypbPvMdDVUk0iQoNqv3DQUSqSvNIsJbJXyxOc2kQ1pN",
    "canary-kube-77ad",
    "9007199254740997",
    "q7!",
];
/// The outputs that `output -raw` can print.
const PLAIN: [&str; 13] = [
    "cluster_name",
    "enabled",
    "replicas",
    "account",
    "serial",
    "ratio",
    "tiny",
    "empty",
    "banner",
    "windows",
    "unicode",
    "quoted",
    "list_of_text",
];
const PLAIN_SENSITIVE: [&str; 6] = ["db_password", "tls_key", "kubeconfig", "pin", "quota", "blank_secret"];
/// What the run may hold sensitive values in: what it reads, and what it writes for that.
const MAY_HOLD: [&str; 5] =
    ["own/stdin", "own/output", "workspace/.git", "workspace/tofu", "workspace/exact.json"];

/// The applied shop, and a scene with its documents.
struct Shop {
    tofu: Tofu,
    scene: Scene,
}

impl Shop {
    fn new() -> Self {
        let shop = Self { tofu: Tofu::new("shop"), scene: Scene::new() };
        shop.tofu.apply(&[]);
        shop.scene.put("workspace/tofu/output.json", &shop.tofu.say(&["output", "-json"]));
        shop.scene.put("workspace/tofu/state.json", &shop.tofu.say(&["show", "-json"]));
        shop
    }

    /// A run with these inputs and this source.
    fn parse(&self, source: &str, mut inputs: Value) -> Run<'_> {
        inputs["source"] = json!(source);
        self.scene.put("own/inputs.json", &inputs.to_string());
        self.scene.run("terraform-parse").arg("--inputs").arg(self.scene.path("own/inputs.json"))
    }

    /// What `output -raw` prints.
    fn raw(&self, name: &str) -> String {
        self.tofu.say(&["output", "-raw", name])
    }

    #[track_caller]
    fn assert_kept(&self, ended: &ProgramOutput) {
        assert_absent(&self.scene, ended, &SENSITIVE, &MAY_HOLD);
        assert_absent(&self.scene, ended, &SECRETS, &["own/stdin", "workspace/.git"]);
    }
}

/// The notes of a result of this level.
fn notes(result: &Value, level: &str) -> String {
    let notes = result["notes"].as_array().cloned().unwrap_or_default();
    let notes = notes.iter().filter(|note| note["level"] == level);
    notes.filter_map(|note| note["message"].as_str()).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_file_a_state_and_a_pipe_give_the_same_exact_values() {
    let shop = Shop::new();
    let file = shop.parse("tofu/output.json", json!({})).end().expect(0, "done");
    let state = shop.parse("tofu/state.json", json!({})).end().expect(0, "done");
    let mut tofu = shop.tofu.command(&["output", "-json"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut lockstep = shop.parse("-", json!({})).command();
    lockstep.stdin(tofu.stdout.take().unwrap());
    let pipe = Running { child: lockstep.spawn().unwrap() }.end(&shop.scene).expect(0, "done");
    assert!(tofu.wait().unwrap().success());
    assert_eq!(file["outputs"], state["outputs"]);
    assert_eq!(file["outputs"], pipe["outputs"]);

    let outputs = &file["outputs"];
    for name in PLAIN {
        assert_eq!(outputs[name], json!(shop.raw(name)), "{name}");
    }
    assert!(outputs["banner"].as_str().unwrap().ends_with("\n\n"));
    assert_eq!(outputs["account"], "9007199254740993");
    assert_eq!(outputs["serial"], "123456789012345678901234567890");
    // What has parts is JSON.
    for name in ["network", "dns", "images", "zones", "mixed", "empty_list"] {
        let expected: Value = serde_json::from_str(&shop.tofu.say(&["output", "-json", name])).unwrap();
        let value: Value = serde_json::from_str(outputs[name].as_str().unwrap()).unwrap();
        assert_eq!(value, expected, "{name}");
    }
    // OpenTofu drops outputs that are null.
    assert_eq!(outputs.get("nothing"), None);
    let names: Vec<&str> = outputs["names"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    let documented: BTreeMap<String, Value> =
        serde_json::from_str(&shop.scene.text("workspace/tofu/output.json")).unwrap();
    assert_eq!(names, documented.keys().collect::<Vec<_>>());
}

#[test]
fn sensitive_values_are_in_the_file_and_nowhere_else() {
    let shop = Shop::new();
    for format in ["json", "plain", "gitlab", "jenkins"] {
        let _ = fs::remove_file(shop.scene.path("workspace/exact.json"));
        let run = shop.parse("tofu/output.json", json!({ "file": "exact.json" })).arg("--verbose");
        let ended = if format == "json" { run } else { run.platform(format) }.end();
        assert_eq!(ended.exit, Some(0), "{ended:#?}");
        shop.assert_kept(&ended);

        assert!(is_private(&shop.scene.path("workspace/exact.json")));
        let text = shop.scene.text("workspace/exact.json");
        let exact: BTreeMap<String, Value> = serde_json::from_str(&text).unwrap();
        let documented: BTreeMap<String, Value> =
            serde_json::from_str(&shop.scene.text("workspace/tofu/output.json")).unwrap();
        let expected: BTreeMap<_, _> =
            documented.into_iter().map(|(name, output)| (name, output["value"].clone())).collect();
        assert_eq!(exact, expected);
        assert!(text.contains("9007199254740997"), "{text}");
        if format == "json" {
            let result = ended.result();
            for name in PLAIN_SENSITIVE.iter().chain(&["db"]) {
                assert_eq!(result["outputs"][name], "***", "{name}");
            }
            let warned = notes(&result, "warning");
            assert!(warned.contains("pin") && !warned.contains("db_password"), "{warned}");
        }
    }
}

#[test]
fn github_gets_the_masks_first_and_then_the_exact_values() {
    let shop = Shop::new();
    let ended = shop.parse("tofu/output.json", json!({})).platform("github").end();
    assert_eq!(ended.exit, Some(0), "{ended:#?}");
    // Nobody reads the lines by which GitHub is told.
    let read: Vec<&str> = ended.stdout.lines().filter(|line| !line.starts_with("::add-mask::")).collect();
    shop.scene.put("own/stdout", &read.join("\n"));
    shop.assert_kept(&ProgramOutput { stdout: read.join("\n"), stderr: ended.stderr.clone(), ..ended });

    let lines: Vec<&str> = ended.stdout.lines().collect();
    let said = lines.iter().position(|line| line.starts_with('│')).expect("words of the step");
    assert!(lines[said..].iter().all(|line| !line.starts_with("::add-mask::")), "{ended:#?}");
    let mut log = github::Log::default();
    lines[..said].iter().for_each(|line| log.line(line));
    let masked: Vec<String> = log.named("add-mask").map(|command| command.data.clone()).collect();
    let told = |text: &str| masked.iter().flat_map(|mask| mask.lines()).any(|line| line.trim() == text);
    for text in SENSITIVE.iter().filter(|text| text.len() >= 8 && !text.contains("kube")) {
        assert!(told(text), "{text}: {masked:?}");
    }
    assert!(told("canary-kube-77ad"), "{masked:?}");
    assert!(!told("q7!") && !told("") && !told("true"), "{masked:?}");

    let outputs = github::outputs(&shop.scene.text("own/output")).unwrap();
    for name in PLAIN.iter().chain(&PLAIN_SENSITIVE) {
        assert_eq!(outputs.get(*name), Some(&shop.raw(name)), "{name}");
    }
    let documented: BTreeMap<String, Value> =
        serde_json::from_str(&shop.scene.text("workspace/tofu/output.json")).unwrap();
    let all: BTreeMap<String, Value> = serde_json::from_str(&outputs["json"]).unwrap();
    for (name, output) in &documented {
        assert_eq!(all[name], output["value"], "{name}");
    }
    assert!(outputs["json"].contains("123456789012345678901234567890"));
    assert_eq!(serde_json::from_str::<Value>(&outputs["db"]).unwrap(), documented["db"]["value"]);
}

#[test]
fn sensitive_outputs_can_be_left_out_or_refused() {
    let shop = Shop::new();
    let omit = json!({ "sensitive": "omit", "file": "exact.json" });
    let ended = shop.parse("tofu/output.json", omit).end();
    let outputs = ended.expect(0, "done")["outputs"].clone();
    assert_eq!((outputs.get("db_password"), &outputs["cluster_name"]), (None, &json!("shop-prod-eu")));
    assert!(!shop.scene.text("workspace/exact.json").contains("canary"));
    shop.assert_kept(&ended);

    fs::remove_file(shop.scene.path("workspace/exact.json")).unwrap();
    let refuse = json!({ "sensitive": "refuse", "file": "exact.json" });
    let ended = shop.parse("tofu/output.json", refuse).end();
    ended.expect(1, "sensitive");
    assert!(!shop.scene.path("workspace/exact.json").exists());
    shop.assert_kept(&ended);
}

#[test]
fn a_contract_passes_or_its_failure_lists_each_violation() {
    let shop = Shop::new();
    let contract = json!({
        "outputs": [
            "cluster_name:string",
            "enabled:bool",
            "account:number",
            "dns:map(string)",
            "images:list(string)",
            "zones:set(string)",
            "network:object({cidr=string, subnets=list(object({zone=string, cidr=string}))})",
            "db:object({host=string, port=number})",
            "nothing:string?=by default",
            "not_there:list(string)?",
        ],
        "select": ["first_zone=network.subnets[0].zone", "replica=/db/replicas/1/token"],
        "prefix": "tf_",
    });
    for source in ["tofu/output.json", "tofu/state.json"] {
        let ended = shop.parse(source, contract.clone()).end();
        let outputs = ended.expect(0, "done")["outputs"].clone();
        assert_eq!(outputs["tf_cluster_name"], "shop-prod-eu");
        assert_eq!((&outputs["tf_nothing"], &outputs["tf_not_there"]), (&json!("by default"), &json!("")));
        assert_eq!((&outputs["tf_first_zone"], &outputs["tf_replica"]), (&json!("a"), &json!("***")));
        assert_eq!((outputs.get("tf_banner"), outputs.get("cluster_name")), (None, None));
        shop.assert_kept(&ended);
    }

    let broken = json!({
        "outputs": [
            "cluster_name:number",
            "list_of_text:list(string)",
            "replicas:string",
            "mixed:list(string)",
            "db:object({host=string, port=string, zone=string})",
            "db_password:number",
            "pin:bool",
            "nothing:string",
            "not_there",
        ],
        "file": "exact.json",
    });
    let ended = shop.parse("tofu/output.json", broken).end();
    let result = ended.expect(1, "contract");
    let said = format!("{}\n{}", notes(&result, "error"), result["message"].as_str().unwrap());
    for name in [
        "cluster_name",
        "list_of_text",
        "replicas",
        "mixed",
        "db",
        "db_password",
        "pin",
        "nothing",
        "not_there",
    ] {
        assert!(said.contains(name), "{name}: {said}");
    }
    assert_eq!(result["outputs"].get("cluster_name"), None);
    assert!(!shop.scene.path("workspace/exact.json").exists());
    shop.assert_kept(&ended);
}

#[test]
fn other_documents_of_tofu_are_refused() {
    let shop = Shop::new();
    let plan = shop.tofu.plan(&["-var=release=v9"]);
    let documents = [
        ("a plan", "not-outputs", plan.json),
        ("one value", "not-outputs", shop.tofu.say(&["output", "-json", "db"])),
        ("a log", "noise", printed(&shop.tofu.end(&["plan", "-json"]))),
        ("an error", "not-outputs", printed(&shop.tofu.end(&["output", "-json", "none"]))),
        ("text", "noise", shop.tofu.say(&["output", "-no-color"])),
        (
            "the file of the state",
            "not-outputs",
            fs::read_to_string(shop.tofu.path("terraform.tfstate")).unwrap(),
        ),
        ("two", "noise", shop.scene.text("workspace/tofu/output.json").repeat(2)),
        (
            "cut off",
            "broken",
            shop.scene.text("workspace/tofu/output.json").split_once("tls_key").unwrap().0.to_owned(),
        ),
        ("nothing", "broken", String::new()),
    ];
    for (what, code, document) in documents {
        shop.scene.put("workspace/tofu/other.json", &document);
        for (source, stdin) in [("tofu/other.json", ""), ("-", &*document)] {
            let ended = shop.parse(source, json!({ "file": "exact.json" })).stdin(stdin).end();
            assert_eq!(ended.exit, Some(2), "{what}: {ended:#?}");
            assert_eq!(ended.result()["code"], code, "{what}: {ended:#?}");
            assert!(!shop.scene.path("workspace/exact.json").exists(), "{what}");
            shop.assert_kept(&ended);
        }
    }
}

#[test]
fn the_receipt_has_the_digest_of_the_document_and_no_value() {
    let shop = Shop::new();
    let ended = shop.parse("tofu/state.json", json!({ "file": "exact.json" })).end();
    ended.expect(0, "done");
    shop.assert_kept(&ended);
    let calls = support::calls(&shop.scene);
    assert!(calls.iter().any(|(_, target, _)| target.contains("tofu/state.json")), "{calls:?}");
    assert!(support::receipt(&shop.scene).to_string().contains("exact.json"));
}
