//! Credentials stay with their kind: what a plugin of a kubeconfig gets and says, what may lie in the checkout, to which
//! servers credentials go, and whom the machine is asked for.

use lockstep_tests::stand_in::empty;
use lockstep_tests::support::{ProgramOutput, Run, Scene, assert_absent, assert_no_secret, program};
use lockstep_tests::web::{Web, WebReply};
use serde_json::{Value, json};
use std::fs;
use std::os::unix::fs::symlink;

/// The secret of a cloud, and the token of a cluster that a plugin makes of it.
const CLOUD: &str = "canary-cl0ud-secret-55aa";
const TOKEN: &str = "canary-plugin-token-77bb";

/// The lines of a plugin that leaves its environment and gives a token.
fn giving(scene: &Scene, more: &str) -> String {
    let credential = json!({"kind": "ExecCredential", "apiVersion": "client.authentication.k8s.io/v1",
        "status": {"token": TOKEN}});
    format!("env >{}; {more}\necho '{credential}'", scene.path("own/seen").display())
}

/// A kubeconfig whose user is this.
fn kubeconfig(server: &str, user: &Value) -> String {
    json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "own",
        "clusters": [{"name": "own", "cluster": {"server": server}}],
        "users": [{"name": "own", "user": user}],
        "contexts": [{"name": "own", "context": {"cluster": "own", "user": "own", "namespace": "shop"}}],
    })
    .to_string()
}

fn by_plugin(command: &str) -> Value {
    json!({"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": command,
        "interactiveMode": "IfAvailable"}})
}

/// A run that asks the cluster of the kubeconfig in the scene.
fn scaling(scene: &Scene) -> Run<'_> {
    let run = scene.run("workload-scale").args(["--targets", "deployment/web", "--to", "0"]);
    run.env("KUBECONFIG", scene.path("kubeconfig")).env("AWS_SECRET_ACCESS_KEY", CLOUD)
}

fn end(scene: &Scene, run: Run<'_>) -> ProgramOutput {
    let ended = run.end();
    assert_no_secret(scene, &ended);
    assert_absent(scene, &ended, &[CLOUD, TOKEN], &["own/seen", "own/stdin"]);
    ended
}

#[test]
fn a_plugin_gets_the_variables_of_its_kind_and_its_output_is_redacted() {
    let scene = Scene::new();
    let cluster = empty();
    let loud = format!(
        "printf 'first\\n::error::%s\\n::stop-commands::x\\n' \"$AWS_SECRET_ACCESS_KEY\" >&2; printf {TOKEN} >&2; \
         [ -t 0 ] && echo terminal >&2"
    );
    program(&scene.path("outside/bin/aws"), &giving(&scene, &loud));
    scene.put("kubeconfig", &kubeconfig(&cluster.url(""), &by_plugin("aws")));
    let path = format!("{}:/usr/bin:/bin", scene.path("outside/bin").display());
    let run = scaling(&scene)
        .env("PATH", path)
        .env("AWS_REGION", "eu-west-1")
        .env("AZURE_CLIENT_SECRET", "canary-azure")
        .env("DATABASE", "db")
        .platform("github");
    let ended = end(&scene, run);
    let log = format!("{}{}", ended.stdout, ended.stderr);
    assert!(
        !log.lines().any(|line| line.starts_with("::error::*") || line.starts_with("::stop-commands::x")),
        "{log}"
    );
    assert!(log.contains("the plugin `aws` of the kubeconfig says: first; "), "{log}");
    assert!(!log.contains("terminal"), "{log}");
    let seen = scene.text("own/seen");
    assert!(
        seen.contains(&format!("AWS_SECRET_ACCESS_KEY={CLOUD}")) && seen.contains("AWS_REGION=eu"),
        "{seen}"
    );
    assert!(seen.contains("\"interactive\":false"), "{seen}");
    for other in ["DEPLOY_TOKEN", "LOCKSTEP", "AZURE", "DATABASE", "GITHUB"] {
        assert!(!seen.contains(other), "{other}: {seen}");
    }
    let shown: Vec<_> = cluster.log().iter().map(|asked| asked.header("authorization").to_owned()).collect();
    assert!(!shown.is_empty() && shown.iter().all(|shown| *shown == format!("Bearer {TOKEN}")), "{shown:?}");
}

#[test]
fn an_error_has_the_output_of_a_failed_plugin_and_an_unknown_one_gets_no_secret() {
    let scene = Scene::new();
    program(&scene.path("outside/laws"), &giving(&scene, "echo no $AWS_SECRET_ACCESS_KEY >&2; exit 3"));
    let command = scene.path("outside/laws").display().to_string();
    scene.put("kubeconfig", &kubeconfig(&empty().url(""), &by_plugin(&command)));
    let message = end(&scene, scaling(&scene)).expect(5, "credentials")["message"].to_string();
    assert!(
        message.contains("failed with exit code 3: no; lockstep does not know the plugin `laws`"),
        "{message}"
    );
    assert!(!scene.text("own/seen").contains(CLOUD));
    // Much, without a line end, and the secret over whatever border there is.
    let flood = format!("head -c 30000000 /dev/zero | tr '\\0' x >&2; printf {CLOUD} >&2; exit 1");
    program(&scene.path("outside/laws"), &flood);
    let message = end(&scene, scaling(&scene)).expect(5, "credentials")["message"].to_string();
    assert!(message.len() < 3000, "{}", message.len());
    program(&scene.path("outside/laws"), "head -c 30000000 /dev/zero");
    let message = end(&scene, scaling(&scene)).expect(5, "credentials")["message"].to_string();
    assert!(message.contains("it printed more than"), "{message}");
}

#[test]
fn no_plugin_of_the_checkout_is_started() {
    let scene = Scene::new();
    let mark = scene.path("own/started");
    program(&scene.path("workspace/tools/aws"), &format!("touch {}", mark.display()));
    fs::create_dir_all(scene.path("outside/bin")).unwrap();
    symlink(scene.path("workspace/tools/aws"), scene.path("outside/bin/aws")).unwrap();
    symlink(scene.path("workspace/tools"), scene.path("outside/tools")).unwrap();
    let absolute = scene.path("workspace/tools/aws").display().to_string();
    let workspace = scene.path("workspace").display().to_string();
    let bin = scene.path("outside/bin").display().to_string();
    let tools = scene.path("outside/tools").display().to_string();
    for (command, path) in [
        (absolute.as_str(), ""),
        ("./workspace/tools/aws", ""),
        ("outside/../workspace/./tools/aws", ""),
        ("outside/bin/aws", ""),
        ("outside/tools/aws", ""),
        ("aws", &format!("{workspace}/tools")),
        ("aws", &format!("{bin}:{tools}:")),
        ("aws", "tools:./tools::../workspace/tools"),
    ] {
        scene.put("kubeconfig", &kubeconfig(&empty().url(""), &by_plugin(command)));
        let run = scaling(&scene).env("PATH", format!("{path}:/nonexistent"));
        let mut command_line = run.command();
        command_line.current_dir(scene.path("workspace"));
        let output = command_line.status().unwrap();
        assert_eq!(output.code(), Some(5), "{command} {path}: {}", scene.text("own/stderr"));
        let said = scene.text("own/stdout");
        assert!(
            said.contains("lies in the workspace") || said.contains("no program `aws`"),
            "{command}: {said}"
        );
        assert!(!mark.exists(), "{command} {path}");
    }
}

#[test]
fn a_kubeconfig_of_the_checkout_needs_the_flag() {
    let scene = Scene::new();
    let cluster = empty();
    let text = kubeconfig(&cluster.url(""), &json!({"token": TOKEN}));
    for path in ["workspace/kc", "workspace/.kube/config", "outside/kc"] {
        scene.put(path, &text);
    }
    symlink(scene.path("workspace/kc"), scene.path("outside/into")).unwrap();
    symlink(scene.path("outside/kc"), scene.path("workspace/out")).unwrap();
    let refused = |run: Run<'_>| {
        let message = run.end().expect(5, "credentials")["message"].to_string();
        assert!(message.contains("lies in the workspace") && message.contains("--allow-"), "{message}");
        assert!(cluster.log().is_empty() && !message.contains(TOKEN));
    };
    for path in ["workspace/kc", "workspace/../workspace/kc", "outside/into", "workspace/out"] {
        refused(scaling(&scene).env("KUBECONFIG", scene.path(path)));
    }
    let both = format!("{}:{}", scene.path("outside/kc").display(), scene.path("workspace/kc").display());
    refused(scaling(&scene).env("KUBECONFIG", both));
    refused(scaling(&scene).env("KUBECONFIG", "").env("HOME", scene.path("workspace")));
    // The workspace can be a folder of what was checked out.
    refused(
        scaling(&scene)
            .bare()
            .args(["--format", "json", "-C"])
            .arg(scene.path("workspace/deploy"))
            .env("KUBECONFIG", scene.path("workspace/kc")),
    );
    // What the kubeconfig names counts, too.
    scene.put("workspace/token", TOKEN);
    scene.put("kubeconfig", &kubeconfig(&cluster.url(""), &json!({"tokenFile": "workspace/token"})));
    refused(scaling(&scene));
    let run =
        scaling(&scene).arg("--allow-workspace-credentials").env("KUBECONFIG", scene.path("workspace/kc"));
    drop(run.end());
    assert!(!cluster.log().is_empty());
}

#[test]
fn the_configuration_of_a_plugin_is_not_taken_from_the_checkout() {
    let scene = Scene::new();
    program(&scene.path("outside/aws"), &giving(&scene, ""));
    let command = scene.path("outside/aws").display().to_string();
    scene.put("kubeconfig", &kubeconfig(&empty().url(""), &by_plugin(&command)));
    for variable in ["HOME", "AWS_CONFIG_FILE", "XDG_CONFIG_HOME"] {
        let run = scaling(&scene).env(variable, scene.path("workspace/new"));
        let message = end(&scene, run).expect(5, "credentials")["message"].to_string();
        assert!(message.contains(variable) && message.contains("lies in the workspace"), "{message}");
        assert!(!scene.path("own/seen").exists(), "{variable}");
    }
    let token = scaling(&scene).env("AWS_WEB_IDENTITY_TOKEN_FILE", scene.path("workspace/token"));
    drop(end(&scene, token));
    assert!(scene.path("own/seen").exists());
}

#[test]
fn credentials_of_a_cluster_need_tls() {
    let scene = Scene::new();
    scene.put("token", TOKEN);
    program(&scene.path("outside/aws"), &giving(&scene, ""));
    let plugin = by_plugin(&scene.path("outside/aws").display().to_string());
    for user in [
        json!({"token": TOKEN}),
        json!({"tokenFile": "token"}),
        json!({"username": "eva", "password": TOKEN}),
        plugin,
        json!({"auth-provider": {"name": "oidc", "config": {"id-token": TOKEN}}}),
    ] {
        for server in ["http://192.0.2.2:19300", "http://localhost:19300", "http://127.0.0.1.example:80"] {
            scene.put("kubeconfig", &kubeconfig(server, &user));
            let message = end(&scene, scaling(&scene)).expect(5, "credentials")["message"].to_string();
            assert!(message.contains(server) && message.contains("without TLS"), "{message}");
        }
    }
    assert!(!scene.path("own/seen").exists(), "the plugin ran");
    // On this machine a proxy would be another one.
    let (cluster, proxy) = (empty(), empty());
    scene.put("kubeconfig", &kubeconfig(&cluster.url(""), &json!({"token": TOKEN})));
    drop(end(&scene, scaling(&scene).env("HTTPS_PROXY", proxy.url("")).env("HTTP_PROXY", proxy.url(""))));
    assert!(!cluster.log().is_empty() && proxy.log().is_empty());
    let old =
        json!({"auth-provider": {"name": "gcp", "config": {"cmd-path": "/bin/touch", "cmd-args": "x"}}});
    scene.put("kubeconfig", &kubeconfig(&cluster.url(""), &old));
    let message = end(&scene, scaling(&scene)).result()["message"].to_string();
    assert!(message.contains("auth-provider `gcp`"), "{message}");
}

/// A store that takes nothing.
fn store() -> Web {
    Web::new(|_, _| {
        WebReply::of(403, &["content-type: application/xml"], "<Error><Code>AccessDenied</Code></Error>")
    })
}

fn uploading<'s>(scene: &'s Scene, store: &Web) -> Run<'s> {
    scene
        .run("artifact-upload")
        .args(["--source", "deploy", "--to", "s3://shop/x/", "--endpoint"])
        .arg(store.url(""))
}

#[test]
fn an_aws_configuration_of_the_checkout_is_refused_and_its_program_limited() {
    let scene = Scene::new();
    let mark = scene.path("own/started");
    let keys = json!({"Version": 1, "AccessKeyId": "AKIDPROCESS", "SecretAccessKey": CLOUD});
    scene.put("outside/keys", &keys.to_string());
    let line = format!("env >{}; cat {}", mark.display(), scene.path("outside/keys").display());
    program(&scene.path("outside/give"), &line);
    let config = format!("[default]\ncredential_process = {}\n", scene.path("outside/give").display());
    scene.put("workspace/.aws/config", &config);
    scene.put("workspace/.aws/credentials", &config);
    scene.put("outside/config", &config);
    let store = store();
    let in_workspace = |name: &str| scene.path("workspace/.aws").join(name);
    for (variable, value) in [
        ("HOME", scene.path("workspace")),
        ("AWS_CONFIG_FILE", in_workspace("config")),
        ("AWS_SHARED_CREDENTIALS_FILE", in_workspace("credentials")),
    ] {
        let message = end(&scene, uploading(&scene, &store).env(variable, value)).expect(5, "credentials");
        assert!(message.to_string().contains("lies in the workspace"), "{variable}: {message}");
        assert!(!mark.exists(), "{variable}");
    }
    // A shell that PATH finds in the checkout is no shell.
    program(&scene.path("workspace/sh"), &format!("touch {}", scene.path("own/evil").display()));
    let path = format!("{}:/usr/bin:/bin", scene.path("workspace").display());
    let run =
        uploading(&scene, &store).env("AWS_CONFIG_FILE", scene.path("outside/config")).env("PATH", path);
    let ended = run.end();
    assert_absent(&scene, &ended, &[CLOUD], &["own/started", "own/stdin"]);
    let seen = scene.text("own/started");
    assert!(seen.contains("PATH=/usr/bin:/bin\n") && !seen.contains("DEPLOY_TOKEN"), "{seen}");
    assert!(store.log().iter().any(|asked| asked.header("authorization").contains("AKIDPROCESS")));
    assert!(!scene.path("own/evil").exists());
}

#[test]
fn the_metadata_service_is_the_last_source_and_uses_no_proxy() {
    let scene = Scene::new();
    let role = json!({"Code": "Success", "Type": "AWS-HMAC", "AccessKeyId": "AKIDMACHINE", "Token": "t",
        "SecretAccessKey": CLOUD, "LastUpdated": "2026-01-01T00:00:00Z", "Expiration": "2099-01-01T00:00:00Z"});
    let machine = Web::new(move |asked, _| match asked.target.as_str() {
        "/latest/api/token" => WebReply::of(200, &["x-aws-ec2-metadata-token-ttl-seconds: 21600"], "token"),
        path if path.ends_with("/region") => WebReply::of(200, &[], "eu-north-1"),
        path if path.ends_with("/security-credentials/") => WebReply::of(200, &[], "role"),
        _ => WebReply::of(200, &[], &role.to_string()),
    });
    let (proxy, store) = (empty(), store());
    let run = |store: &Web| {
        let run = uploading(&scene, store).env("HTTP_PROXY", proxy.url("")).env("http_proxy", proxy.url(""));
        run.env("AWS_EC2_METADATA_SERVICE_ENDPOINT", machine.url(""))
    };
    let keys = run(&store).env("AWS_ACCESS_KEY_ID", "AKIDKEYS").env("AWS_SECRET_ACCESS_KEY", CLOUD);
    drop(end(&scene, keys));
    scene.put(
        "outside/config",
        "[default]\naws_access_key_id = AKIDFILE\naws_secret_access_key = canary-file\n",
    );
    drop(end(&scene, run(&store).env("AWS_SHARED_CREDENTIALS_FILE", scene.path("outside/config"))));
    let asked = |id: &str, region: &str| {
        let credential = format!("Credential={id}/");
        store.log().iter().any(|asked| {
            let shown = asked.header("authorization");
            shown.contains(&credential) && shown.contains(&format!("/{region}/s3/"))
        })
    };
    assert!(asked("AKIDKEYS", "us-east-1") && asked("AKIDFILE", "us-east-1"), "{:?}", store.log());
    assert!(machine.log().is_empty(), "{:?}", machine.log());
    drop(end(&scene, run(&store)));
    assert!(asked("AKIDMACHINE", "eu-north-1"), "{:?}", store.log());
    assert!(proxy.log().is_empty(), "{:?}", proxy.log());
}
