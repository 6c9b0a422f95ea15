//! What is a secret of a job: by the name of its variable, by what it looks like, by the user's word, and the files that
//! variables name. Through the finished program.
#![cfg(target_os = "linux")]

use lockstep_tests::support::{ProgramOutput, Run, SECRETS, Scene};

const WORD: &str = "canary/Zq8+vW3=x7";

/// A run that shows what stands in a file.
fn showing<'s>(scene: &'s Scene, text: &str) -> Run<'s> {
    scene.put("workspace/deploy/g.yaml", &format!("a: '{}'\n", text.replace('\'', "''")));
    scene.run("manifest-patch").args(["--files", "deploy/g.yaml", "--set", ".a=new"]).human()
}

#[track_caller]
fn assert_starred(scene: &Scene, ended: &ProgramOutput, text: &str) {
    assert_eq!(ended.exit, Some(0), "{ended:?}");
    for said in [&ended.stdout, &ended.stderr, &scene.text("own/receipt.json")] {
        assert!(!said.contains(text), "{said}");
    }
    assert!(ended.stdout.contains("***"), "{ended:?}");
}

#[test]
fn variables_with_usual_names_of_secrets_are_secrets() {
    let names = "VAULT_SECRET_ID DATABASE_URL SLACK_WEBHOOK_URL DB_PASS PGPASS MYSQL_PWD DEPLOY_KEY SSH_KEY SENTRY_DSN \
        KUBE_CONFIG_DATA COOKIE ENCRYPTION_KEY STRIPE_SK GCP_SA_JSON WEBHOOK SIGNING_CERT TWILIO_SID PIN PASS \
        AUTHORIZATION BEARER SESSION CONNECTION_STRING MYSECRET mySecretToken";
    for name in names.split_whitespace() {
        let scene = Scene::new();
        let ended = showing(&scene, WORD).env(name, WORD).end();
        assert_starred(&scene, &ended, WORD);
    }
    let scene = Scene::new();
    let ended =
        showing(&scene, WORD).env("PLAIN", WORD).env("PUBLIC_KEY", WORD).env("TWO_AUTH", "true").end();
    assert!(ended.stdout.contains(WORD), "{ended:?}");
}

#[test]
fn the_user_can_name_other_variables_and_unset_names_give_a_warning() {
    let scene = Scene::new();
    let run = showing(&scene, WORD).env("PLAIN", WORD).env("LOCKSTEP_SECRETS", "PLAIN, MISSPELT");
    let ended = run.end();
    assert_starred(&scene, &ended, WORD);
    assert!(
        ended.stdout.contains("LOCKSTEP_SECRETS names variables that are not set or empty: MISSPELT"),
        "{ended:?}"
    );
}

#[test]
fn values_with_the_form_of_a_token_are_secrets() {
    let jwt = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N";
    for (value, secret) in [
        ("postgres://app:S3cr3t-Pa55@db.example.com/app", "S3cr3t-Pa55"),
        ("postgres://app:S3cr3t-Pa55@db.example.com/app", "app:S3cr3t-Pa55@db.example.com/app"),
        ("glpat-Ab3dEf6hIj9lMn2pQr5t", "glpat-Ab3dEf6hIj9lMn2pQr5t"),
        (jwt, jwt),
        ("-H 'PRIVATE-TOKEN: glpat-Ab3dEf6hIj9lMn2pQr5t'", "glpat-Ab3dEf6hIj9lMn2pQr5t"),
    ] {
        let scene = Scene::new();
        let ended = showing(&scene, secret).env("SOMETHING", value).end();
        assert_starred(&scene, &ended, secret);
        // A proxy's address stays where libraries read it; its password is known.
        let scene = Scene::new();
        let ended = showing(&scene, secret).env("HTTPS_PROXY", value).end();
        assert_starred(&scene, &ended, secret);
    }
}

#[test]
fn an_input_with_the_form_of_a_secret_is_in_no_log_and_no_receipt() {
    let token = "glpat-Ab3dEf6hIj9lMn2pQr5t";
    let set = format!(".a=https://user:S3cr3t-Pa55@example.com/{token}");
    for by_document in [false, true] {
        let scene = Scene::new();
        scene.put("workspace/deploy/g.yaml", "a: b\n");
        let document = format!("{{\"files\":[\"deploy/g.yaml\"],\"set\":[\"{set}\"]}}");
        let run = scene.run("manifest-patch");
        let run = match by_document {
            true => run.env("LOCKSTEP_INPUTS", &document),
            false => run.args(["--files", "deploy/g.yaml", "--set", &set]),
        };
        let ended = run.human().end();
        assert_starred(&scene, &ended, token);
        assert_starred(&scene, &ended, "S3cr3t-Pa55");
        assert!(
            scene.text("workspace/deploy/g.yaml").contains(&format!("user:S3cr3t-Pa55@example.com/{token}"))
        );
    }
    let scene = Scene::new();
    let run = scene.run("deploy-verify").args([
        "--resources",
        "deployment/web",
        "--smoke",
        &format!("Bearer {token}"),
    ]);
    let ended = run.human().end();
    assert_eq!(ended.exit, Some(2), "{ended:?}");
    assert!(!format!("{ended:?}").contains("glpat-Ab3d"), "{ended:?}");
}

#[test]
fn no_ci_system_gets_a_secret_of_the_job_in_the_log() {
    for (name, value) in
        [("GITLAB_CI", "true"), ("GITHUB_ACTIONS", "true"), ("JENKINS_URL", "https://ci.example.com")]
    {
        let scene = Scene::new();
        let run =
            showing(&scene, WORD).env("LOCKSTEP_PLATFORM", "github").env(name, value).env("MY_TOKEN", WORD);
        let ended = run.end();
        assert_starred(&scene, &ended, WORD);
        assert!(!ended.stdout.contains("add-mask") && !ended.stdout.contains(SECRETS[0]), "{ended:?}");
    }
}

#[test]
fn only_github_gets_masks_of_a_component_and_no_short_word() {
    let words = ["true", "main", "v1.8.0", "a-long-secret-text"];
    let masks = |run: Run<'_>| {
        let ended = run.end();
        assert_eq!(ended.exit, Some(0), "{ended:?}");
        let lines = ended.stdout.lines().filter_map(|line| line.strip_prefix("::add-mask::"));
        (lines.map(str::to_owned).collect::<Vec<_>>(), ended)
    };
    let scene = Scene::new();
    let (told, ended) = masks(scene.attack("speaker", "mask", &words).platform("github"));
    assert!(told.contains(&words[3].to_owned()) && told.iter().all(|mask| mask.len() >= 8), "{told:?}");
    assert!(ended.stdout.contains("GitHub does not mask 3 texts that the step makes secret"), "{ended:?}");
    let scene = Scene::new();
    let run = scene.attack("speaker", "mask", &words).platform("gitlab").env("LOCKSTEP_PLATFORM", "github");
    let (told, ended) = masks(run.env("GITHUB_ACTIONS", "true"));
    assert!(told.is_empty() && !ended.stdout.contains(words[3]), "{ended:?}");
}

/// GitHub is told of what a step makes secret, but for what of it the job held before: that is printed nowhere.
#[test]
fn masks_of_a_step_have_all_values_except_secrets_of_the_job() {
    let key = |lines: [&str; 2]| {
        format!("-----BEGIN PRIVATE KEY-----\n{}\n{}\n-----END PRIVATE KEY-----\n", lines[0], lines[1])
    };
    let (own, other) = (["canaryOwnA1", "canaryOwnB2"], ["canaryNewA1", "canaryNewB2"]);
    let (own, other) = (own.map(|line| line.repeat(5)), other.map(|line| line.repeat(5)));
    let both = format!("first-line-77\n{}\nlast-line-88", own[0]);
    let (own_key, other_key) = (key([&own[0], &own[1]]), key([&other[0], &other[1]]));
    let scene = Scene::new();
    let run = scene.attack("speaker", "mask", &[&own_key, &other_key, &both]).platform("github");
    let ended = run.env("DEPLOY_KEY", &own_key).end();
    let masks: Vec<_> = ended.stdout.lines().filter_map(|line| line.strip_prefix("::add-mask::")).collect();
    for line in [&*other[0], &*other[1], "first-line-77", "last-line-88"] {
        assert!(masks.contains(&line), "{line}: {ended:#?}");
    }
    assert!(!ended.stdout.contains(&own[0]) && !ended.stdout.contains(&own[1]), "{ended:#?}");
}

#[test]
fn files_that_hold_credentials_are_never_uploaded() {
    let scene = Scene::new();
    let files =
        ["kubeconfig", "id-token", "gha-creds-0123456789abcdef.json", "file-variable", "docker/config.json"];
    for file in files.iter().chain(&["app.js"]) {
        scene.put(&format!("workspace/{file}"), "canary-of-a-file");
    }
    let path = |file: &str| scene.path(&format!("workspace/{file}"));
    let run = scene.run("artifact-upload").args(["--source", "."]);
    let run = run.arg("--to").arg(format!("file://{}/", scene.path("own/store").display()));
    let run = run.env("KUBECONFIG", path("kubeconfig")).env("AWS_WEB_IDENTITY_TOKEN_FILE", path("id-token"));
    let run = run.env("DEPLOY_KEY", path("file-variable")).env("DOCKER_CONFIG", path("docker"));
    let ended = run.human().end();
    assert_eq!(ended.exit, Some(0), "{ended:?}");
    assert!(scene.path("own/store/app.js").exists(), "{ended:?}");
    for file in files {
        assert!(!scene.path(&format!("own/store/{file}")).exists(), "{file} is uploaded: {ended:?}");
        let named = file.strip_suffix("/config.json").unwrap_or(file);
        assert!(
            ended.stdout.contains(&format!("`{named}` (")),
            "{file} is left out without a word: {ended:?}"
        );
    }
    let run = scene.run("manifest-patch").args(["--files", "kubeconfig", "--set", ".a=b"]);
    let ended = run.env("KUBECONFIG", path("kubeconfig")).end();
    assert_eq!(ended.exit, Some(3), "{ended:?}");
}
