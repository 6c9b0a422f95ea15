//! The examples that promote between environments, as each platform runs them, on a real forge.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lockstep_tests::gitea::Gitea;
use lockstep_tests::platforms::{Scratch, act, gitlab_ci_local, pipeline, run};
use lockstep_tests::shim::root;
use serde_json::{Value, json};
use std::fs;

const RELEASE: &str = "@0000000000000000000000000000000000000000";
const REPOSITORY: &str = "https://git.example.com/shop/deploy";
const IMAGE: &str = ".spec.template.spec.containers[name=web].image";

/// A forge with the repository of the examples. Each test has its own.
struct Shop {
    gitea: Gitea,
    url: String,
}

impl Shop {
    fn new() -> Self {
        let gitea = Gitea::start().unwrap();
        let manifest = |version: &str| {
            let containers =
                format!("      containers:\n        - name: web\n          image: shop/web:{version}\n");
            format!("kind: Deployment\nspec:\n  template:\n    spec:\n{containers}")
        };
        let (new, old) = (manifest("1.3.0"), manifest("1.2.0"));
        let files =
            [("envs/dev/web.yaml", &*new), ("envs/staging/web.yaml", &*old), ("envs/prod/web.yaml", &*old)];
        let url = gitea.repository("deploy", &files).unwrap();
        Self { gitea, url }
    }

    /// The example, for this forge: its name does not say which kind it is.
    fn example(&self, path: &str, forge: &str) -> String {
        let text = fs::read_to_string(root().join("examples").join(path)).unwrap();
        assert_eq!(text.matches(REPOSITORY).count(), 2, "{text}");
        text.replace(REPOSITORY, &format!("{}{forge}", self.url))
    }

    fn text(&self, path: &str) -> String {
        let path = format!("/repos/shop/deploy/contents/{path}?ref=main");
        let content = self.gitea.well("GET", &path, &Value::Null).unwrap()["content"].clone();
        String::from_utf8(STANDARD.decode(content.as_str().unwrap()).unwrap()).unwrap()
    }

    /// Whether staging has it, its ledger says so, and it is proposed once for prod.
    fn assert_promoted(&self, log: &str) {
        assert!(self.text("envs/staging/web.yaml").contains("shop/web:1.3.0"), "{log}");
        assert!(self.text("envs/prod/web.yaml").contains("shop/web:1.2.0"), "{log}");
        assert_eq!(self.text("promotions.jsonl").lines().count(), 1, "{log}");
        let requests = self.gitea.well("GET", "/repos/shop/deploy/pulls?state=all", &Value::Null).unwrap();
        let requests = requests.as_array().unwrap();
        assert_eq!(requests.len(), 1, "{log}");
        assert_eq!(requests[0]["head"]["ref"], "promote/web-envs-prod-web.yaml");
        assert_eq!(requests[0]["labels"][0]["name"], "promotion");
        assert!(!log.contains(&self.gitea.token), "{log}");
    }
}

#[test]
fn github_promotes_and_opens_a_pull_request() {
    let shop = Shop::new();
    let scratch = Scratch::new();
    scratch.copy(&["action.yml", "actions", "ci"]);
    let text = shop.example("github/promote.yml", "\n          forge: gitea");
    let text = text.replace("OWNER/lockstep/", "./").replace(RELEASE, "");
    // The actions are those of the workspace here, which has to be there for that.
    let checkout =
        "    steps:\n      - uses: actions/checkout@11bd71901bbe5b1630ceea73d27597364c9af683 # v4.2.2\n";
    scratch.put("work/.github/workflows/promote.yml", &text.replace("    steps:\n", checkout));
    scratch.commit();
    for _ in 0..2 {
        let mut act = act(&scratch, "workflow_dispatch", &json!({}));
        let log = run(act.args(["-s", "DEPLOY_TOKEN"]).env("DEPLOY_TOKEN", &shop.gitea.token));
        shop.assert_promoted(&log);
        assert!(log.contains("/pulls/1 is open"), "{log}");
    }
}

#[test]
fn gitlab_promotes_and_opens_a_merge_request() {
    let shop = Shop::new();
    let scratch = Scratch::new();
    scratch.copy(&["templates"]);
    let commit = scratch.commit();
    let project = format!("gitlab.example.com/group/project/env-promote@{commit}");
    let text = shop.example("gitlab/promote.yml", "\n      forge: gitea");
    let text = text.replace(&format!("$CI_SERVER_FQDN/OWNER/lockstep/env-promote{RELEASE}"), &project);
    scratch.put("work/.gitlab-ci.yml", &text);
    for _ in 0..2 {
        let mut local = gitlab_ci_local(&scratch);
        local.arg("--variable").arg(format!("LOCKSTEP_FORGE_TOKEN={}", shop.gitea.token));
        shop.assert_promoted(&run(&mut local));
    }
}

#[test]
fn jenkins_promotes_and_opens_a_pull_request() {
    let shop = Shop::new();
    let scratch = Scratch::new();
    let text = fs::read_to_string(root().join("examples/jenkins/promote.Jenkinsfile")).unwrap();
    let to_staging = json!({
        "repository": shop.url, "forge": "gitea", "from": "envs/dev/web.yaml", "to": ["envs/staging/web.yaml"],
        "pick": [IMAGE], "ledger": "promotions.jsonl",
    });
    let to_prod = json!({
        "repository": shop.url, "forge": "gitea", "app": "web", "from": "envs/staging/web.yaml",
        "to": ["envs/prod/web.yaml"], "pick": [IMAGE], "mode": "pull-request", "labels": ["promotion"],
    });
    // What is called here is what the example calls.
    for (name, value) in to_staging.as_object().unwrap().iter().chain(to_prod.as_object().unwrap()) {
        let value = value.to_string().replace('"', "'");
        assert!(
            ["repository", "forge"].contains(&&**name) || text.contains(&format!("{name}: {value}")),
            "{name}"
        );
    }
    for _ in 0..2 {
        for arguments in [&to_staging, &to_prod] {
            let mut pipeline = pipeline(&scratch, "envPromote", arguments);
            run(pipeline.env("LOCKSTEP_FORGE_TOKEN", &shop.gitea.token));
        }
        let result: Value = serde_json::from_str(&scratch.read("out/result.json")).unwrap();
        assert_eq!(
            (&result["outputs"]["state"], &result["outputs"]["pull-request"]),
            (&json!("open"), &json!(1))
        );
        shop.assert_promoted(&result.to_string());
    }
}
