//! Which ways credentials take: over a line without TLS they go to no other machine, and files of credentials are read as
//! files and uploaded by nobody, however they are named.
#![cfg(unix)]

use lockstep_tests::stand_in::empty;
use lockstep_tests::support::{Run, Scene, assert_absent, contents, program};
use lockstep_tests::web::Web;
use serde_json::json;
use std::fs;
use std::os::unix::fs::symlink;

const TOKEN: &str = "canary-way-token-91cc";
const ROLE: &str = "arn:aws:iam::123456789012:role/x";

/// An upload to a store elsewhere, for which a proxy stands: it hears what would go there.
fn uploading<'s>(scene: &'s Scene, proxy: &Web, endpoint: &str) -> Run<'s> {
    scene.put("workspace/dist/a", "1");
    let run = scene.run("artifact-upload").args([
        "--source",
        "dist",
        "--to",
        "s3://shop/x/",
        "--endpoint",
        endpoint,
    ]);
    run.env("HTTP_PROXY", proxy.url("")).env("http_proxy", proxy.url(""))
}

/// Ends the run as one whose credentials are not good enough, and of which the proxy has heard no token.
fn refused(scene: &Scene, proxy: &Web, run: Run<'_>) {
    let ended = run.end();
    let said = ended.expect(5, "credentials")["message"].to_string();
    assert!(said.contains("without TLS"), "{said}");
    assert_absent(scene, &ended, &[TOKEN], &["own/stdin", "own/token"]);
    let heard = format!("{:?}", proxy.log());
    assert!(!heard.contains(TOKEN), "{heard}");
}

#[test]
fn no_token_goes_to_aws_without_tls() {
    let scene = Scene::new();
    scene.put("own/token", TOKEN);
    let proxy = empty();
    let run = || uploading(&scene, &proxy, "https://s3.example.com");
    for variable in ["AWS_ENDPOINT_URL_STS", "AWS_ENDPOINT_URL"] {
        let own = run()
            .env(variable, "http://sts.example.com")
            .env("AWS_WEB_IDENTITY_TOKEN_FILE", scene.path("own/token"));
        refused(&scene, &proxy, own.args(["--role", ROLE]));
        // By the chain of the SDK.
        let own = run()
            .env(variable, "http://sts.example.com")
            .env("AWS_WEB_IDENTITY_TOKEN_FILE", scene.path("own/token"));
        refused(&scene, &proxy, own.env("AWS_ROLE_ARN", ROLE));
    }
    let asked =
        run().env("GITHUB_ACTIONS", "true").env("ACTIONS_ID_TOKEN_REQUEST_URL", "http://oidc.example.com/x");
    refused(&scene, &proxy, asked.env("ACTIONS_ID_TOKEN_REQUEST_TOKEN", TOKEN).args(["--role", ROLE]));
}

#[test]
fn a_session_token_needs_tls_and_a_permanent_key_gives_a_warning() {
    let scene = Scene::new();
    let proxy = empty();
    for endpoint in ["http://s3.example.com", "http://192.0.2.2:9000", "http://127.0.0.1.example.com"] {
        let run = uploading(&scene, &proxy, endpoint).env("AWS_ACCESS_KEY_ID", "AKIDWAY");
        refused(
            &scene,
            &proxy,
            run.env("AWS_SECRET_ACCESS_KEY", "canary-x-1").env("AWS_SESSION_TOKEN", TOKEN),
        );
    }
    // The address can come from elsewhere than the input.
    scene.put(
        "own/config",
        "[default]\nservices = x\n[services x]\ns3 =\n  endpoint_url = http://s3.example.com\n",
    );
    for (name, value) in [
        ("AWS_ENDPOINT_URL_S3", "http://s3.example.com".into()),
        ("AWS_ENDPOINT_URL", "http://s3.example.com".into()),
        ("AWS_CONFIG_FILE", scene.path("own/config")),
    ] {
        let run = scene.run("artifact-upload").args(["--source", "dist", "--to", "s3://shop/x/"]);
        let run = run.env("HTTP_PROXY", proxy.url("")).env("http_proxy", proxy.url("")).env(name, value);
        let run = run.env("AWS_ACCESS_KEY_ID", "AKIDWAY").env("AWS_SECRET_ACCESS_KEY", "canary-x-1");
        refused(&scene, &proxy, run.env("AWS_SESSION_TOKEN", TOKEN));
    }
    let run = uploading(&scene, &proxy, "http://s3.example.com").env("AWS_ACCESS_KEY_ID", "AKIDWAY");
    let ended = run.env("AWS_SECRET_ACCESS_KEY", "canary-secret-key-1").end();
    assert!(ended.stderr.contains("requests to http://s3.example.com without TLS"), "{ended:?}");
    assert!(format!("{:?}", proxy.log()).contains("AKIDWAY"));
}

#[test]
fn no_file_of_the_checkout_gives_credentials() {
    let scene = Scene::new();
    let mark = scene.path("own/started");
    program(&scene.path("workspace/tools/give"), &format!("touch {}", mark.display()));
    let own = scene.path("workspace/tools/give").display().to_string();
    fs::create_dir_all(scene.path("outside")).unwrap();
    symlink(scene.path("workspace/tools"), scene.path("outside/tools")).unwrap();
    let linked = scene.path("outside/tools/give").display().to_string();
    let option = format!("/bin/cat --config={own}");
    let shell = format!("/bin/sh -c \"exec {own}\"");
    let lines = [&own, &linked, &option, &shell, &format!("\"{own}\" --x"), &format!("sh -e {linked}")];
    for line in lines {
        scene.put("outside/config", &format!("[default]\ncredential_process = {line}\n"));
        let run = uploading(&scene, &empty(), "https://s3.example.com");
        let said = run.env("AWS_CONFIG_FILE", scene.path("outside/config")).end().expect(5, "credentials");
        assert!(said["message"].to_string().contains("checkout"), "{line}: {said}");
        assert!(!mark.exists(), "{line}");
    }
    // The environment that a kubeconfig gives its plugin counts as well.
    program(&scene.path("outside/aws"), &format!("touch {}", mark.display()));
    for variable in ["HOME", "AWS_CONFIG_FILE", "LD_PRELOAD"] {
        let exec = json!({"apiVersion": "client.authentication.k8s.io/v1", "command": scene.path("outside/aws"),
            "interactiveMode": "Never", "env": [{"name": variable, "value": scene.path("workspace/x")}]});
        let said = scaling(&scene, &json!({"exec": exec})).end().expect(5, "credentials");
        assert!(said["message"].to_string().contains(variable), "{said}");
        assert!(!mark.exists(), "{variable}");
    }
}

#[test]
fn no_argument_and_no_setting_of_a_plugin_names_the_checkout() {
    let scene = Scene::new();
    let mark = scene.path("own/started");
    scene.put("workspace/evil.py", "open('x')\n");
    program(&scene.path("outside/aws"), &format!("touch {}", mark.display()));
    let script = scene.path("workspace/evil.py").display().to_string();
    let exec = |args: &[&str], env: &[(&str, &str)]| {
        let env: Vec<_> = env.iter().map(|(name, value)| json!({"name": name, "value": value})).collect();
        json!({"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": scene.path("outside/aws"),
            "interactiveMode": "Never", "args": args, "env": env}})
    };
    let list = format!("/usr/lib:{script}");
    let option = format!("--require={script}");
    for user in [
        exec(&[&script], &[]),
        exec(&[&option], &[]),
        exec(&[], &[("PYTHONPATH", &list)]),
        exec(&[], &[("NODE_OPTIONS", &option)]),
    ] {
        let said = scaling(&scene, &user).end().expect(5, "credentials");
        assert!(said["message"].to_string().contains("checkout"), "{said}");
        assert!(!mark.exists(), "{user}");
    }
    // The configuration of the plugin's own, which a link of the home folder takes from the checkout.
    scene.put("workspace/aws/config", "[default]\n");
    symlink(scene.path("workspace/aws"), scene.path("own/home/.aws")).unwrap();
    let said = scaling(&scene, &exec(&[], &[])).end().expect(5, "credentials");
    assert!(said["message"].to_string().contains(".aws/config") && !mark.exists(), "{said}");
}

/// A run by a kubeconfig whose user is this.
fn scaling<'s>(scene: &'s Scene, user: &serde_json::Value) -> Run<'s> {
    let kubeconfig = json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "own",
        "clusters": [{"name": "own", "cluster": {"server": empty().url("")}}],
        "users": [{"name": "own", "user": user}],
        "contexts": [{"name": "own", "context": {"cluster": "own", "user": "own", "namespace": "shop"}}],
    });
    scene.put("outside/kubeconfig", &kubeconfig.to_string());
    let run = scene.run("workload-scale").args(["--targets", "deployment/web", "--to", "0"]);
    run.env("KUBECONFIG", scene.path("outside/kubeconfig"))
}

#[test]
fn a_pipe_or_a_device_is_no_credential_file() {
    let scene = Scene::new();
    let pipe = scene.path("own/pipe");
    rustix::fs::mkfifoat(rustix::fs::CWD, &pipe, rustix::fs::Mode::RUSR).unwrap();
    let proxy = empty();
    for place in [pipe.clone(), "/dev/zero".into()] {
        let token = || json!({"token": "x"});
        let aws = |variable: &str| uploading(&scene, &proxy, "https://s3.example.com").env(variable, &place);
        let refused = |run: Run<'_>| {
            let ended = run.end();
            let said = ended.result()["message"].to_string();
            assert!(matches!(ended.exit, Some(2 | 5)) && said.contains("is not a regular file"), "{ended:?}");
        };
        // Each run has a kubeconfig of its own, which is written when it is made.
        refused(scaling(&scene, &token()).env("KUBECONFIG", &place));
        refused(scaling(&scene, &json!({"tokenFile": place})));
        refused(scaling(&scene, &token()).env("SSL_CERT_FILE", &place));
        refused(aws("AWS_WEB_IDENTITY_TOKEN_FILE").env("AWS_ROLE_ARN", ROLE));
        refused(aws("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"));
        refused(aws("AWS_CONFIG_FILE").args(["--role", ROLE]));
        refused(aws("AWS_WEB_IDENTITY_TOKEN_FILE").args(["--role", ROLE]));
    }
}

#[test]
fn a_credential_file_with_a_relative_path_is_not_uploaded() {
    for (variable, value) in [
        ("GOOGLE_APPLICATION_CREDENTIALS", "dist/cred.json"),
        ("GOOGLE_APPLICATION_CREDENTIALS", "./dist/cred.json"),
        ("NETRC", "dist/cred.json"),
        ("DEPLOY_KEY", "dist/cred.json"),
        ("DEPLOY_KEY", "dist/../dist/cred.json"),
        ("BOTO_CONFIG", "dist/cred.json"),
    ] {
        let scene = Scene::new();
        scene.put("workspace/dist/cred.json", "{\"key\": 1}");
        scene.put("workspace/dist/a", "1");
        let to = format!("file://{}/", scene.path("own/store").display());
        fs::create_dir_all(scene.path("own/store")).unwrap();
        let run = scene.run("artifact-upload").args(["--source", "dist", "--to", &to]).env(variable, value);
        let mut command = run.command();
        command.current_dir(scene.path("workspace")).status().unwrap();
        let stored = contents(&scene.path("own/store"));
        assert!(!stored.contains_key("cred.json"), "{variable}={value}: {stored:?}");
        let said = scene.text("own/stderr");
        assert!(said.contains("dist/cred.json") && said.contains(variable), "{said}");
    }
}
