//! `artifact-upload` with a role and the CI's token instead of keys.

use lockstep_tests::s3::fault::{S3Fault, S3Matcher};
use lockstep_tests::s3::proxy::Proxy;
use lockstep_tests::s3::server::Server;
use lockstep_tests::s3::sts::{REQUEST_TOKEN, Rules, Sts};
use lockstep_tests::s3::token::Claims;
use lockstep_tests::s3::upload::{keyless, noise, scene, with_role};
use lockstep_tests::support::{assert_absent, checkout, slim};
use serde_json::json;
use std::process::Command;
use std::time::Duration;

/// A server whose keys the STS hands out, behind a proxy that refuses sessions which have ended.
fn stage(lifetime: Duration) -> (Server, Sts, Proxy, String) {
    // One that takes sessions; whose they are, the proxy knows.
    let server = Server::s3s();
    let rules = Rules {
        lifetime,
        access_key: server.place().access_key.clone(),
        secret_key: server.place().secret_key.clone(),
        ..Rules::default()
    };
    let role = rules.role.clone();
    let sts = Sts::new(rules);
    let proxy = Proxy::new(&server.place().endpoint);
    for (when, what) in [sts.expired(), sts.unknown()] {
        proxy.fault(when, what);
    }
    (server, sts, proxy, role)
}

#[test]
fn a_job_of_github_needs_no_keys() {
    let (server, sts, proxy, role) = stage(Duration::from_secs(900));
    let scene = scene(&[("a", "1")]);
    let ended =
        with_role(&scene, &server.place().through(&proxy), &sts, &role).env("GITHUB_RUN_ID", "4711").end();
    ended.expect(0, "done");
    let handed = sts.issued();
    assert_eq!((handed.len(), handed[0].session.as_str()), (1, "lockstep-4711"));
    let secrets = [REQUEST_TOKEN, &server.place().secret_key, &handed[0].session_token];
    assert_absent(&scene, &ended, &secrets, &[]);
    assert!(!ended.result()["notes"].to_string().contains("AWS_ACCESS_KEY_ID"));
}

#[test]
fn a_token_in_a_variable_or_a_file_works() {
    let (server, sts, proxy, role) = stage(Duration::from_secs(900));
    let scene = scene(&[("a", "1")]);
    let place = server.place().through(&proxy);
    let token = sts.token(&Claims::default());
    let run = || keyless(&scene, &place).args(["--role", &role]).env("AWS_ENDPOINT_URL_STS", sts.endpoint());
    let ended = run().env("LOCKSTEP_ID_TOKEN", &token).end();
    ended.expect(0, "done");
    assert_absent(&scene, &ended, &[&token], &[]);
    scene.put("outside/token", &token);
    scene.put("workspace/dist/b", "2");
    run().env("AWS_WEB_IDENTITY_TOKEN_FILE", scene.path("outside/token")).end().expect(0, "done");
    assert_eq!(server.client().keys(""), ["web/a", "web/b"]);
}

/// The jobs of GitLab and Jenkins come in through the script that all wrappers share, with inputs as each passes them.
#[test]
fn jobs_of_gitlab_and_jenkins_need_no_keys() {
    let (server, sts, proxy, role) = stage(Duration::from_secs(900));
    let place = server.place().through(&proxy);
    let token = sts.token(&Claims::default());
    let job = |platform: &str, name: &str| {
        let scene = scene(&[(name, "1")]);
        scene.put("own/token", &token);
        let mut command = Command::new("/bin/sh");
        command.arg(checkout().join("ci/run.sh")).current_dir(scene.path("workspace")).env_clear();
        command.env("PATH", "/usr/bin:/bin").env("LOCKSTEP_BIN", slim()).env("LOCKSTEP_ALLOW_BUILD", "true");
        command.env("LOCKSTEP_STEP", "artifact-upload").env("LOCKSTEP_PLATFORM", platform);
        command.env("LOCKSTEP_RECEIPT", scene.path("own/receipt.json"));
        command.env("AWS_ENDPOINT_URL_STS", sts.endpoint()).env("AWS_EC2_METADATA_DISABLED", "true");
        let to = format!("s3://{}/web/", place.bucket);
        if platform == "gitlab" {
            command.env("GITLAB_CI", "true").env("CI_JOB_ID", "4712").env("LOCKSTEP_ID_TOKEN", &token);
            let inputs = [("SOURCE", "dist"), ("TO", &to), ("ENDPOINT", &place.endpoint), ("ROLE", &role)];
            command.envs(inputs.map(|(name, value)| (format!("LOCKSTEP_INPUT_{name}"), value)));
        } else {
            command.env("JENKINS_URL", "https://ci.example.com/").env("BUILD_TAG", "jenkins-web-17");
            command.env("AWS_WEB_IDENTITY_TOKEN_FILE", scene.path("own/token"));
            let inputs = json!({"source": ["dist"], "to": to, "endpoint": place.endpoint, "role": role});
            command.env("LOCKSTEP_DOCUMENT", inputs.to_string());
        }
        let output = command.output().unwrap();
        let text =
            format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "{platform}: {text}");
        assert!(!text.contains(&token) && !scene.text("own/receipt.json").contains(&token), "{platform}");
    };
    job("gitlab", "a");
    job("jenkins", "b");
    assert_eq!(server.client().keys(""), ["web/a", "web/b"]);
    let sessions: Vec<String> = sts.issued().into_iter().map(|handed| handed.session).collect();
    assert_eq!(sessions, ["lockstep-4712", "lockstep-jenkins-web-17"]);
}

#[test]
fn credentials_that_expire_during_the_upload_are_renewed() {
    let (server, sts, proxy, role) = stage(Duration::from_secs(2));
    let files: Vec<_> = (0..120).map(|number| (format!("f{number}"), number.to_string())).collect();
    let files: Vec<_> = files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    let scene = scene(&files);
    proxy.latency(Duration::from_millis(400));
    with_role(&scene, &server.place().through(&proxy), &sts, &role).end().expect(0, "done");
    assert!(sts.issued().len() > 1, "they never ended");
    assert_eq!(server.client().keys("web/").len(), 120);
    // What was done is not done again.
    let done = proxy
        .log()
        .iter()
        .filter(|exchange| exchange.request.method == "PUT" && exchange.status == Some(200))
        .count();
    assert_eq!(done, 120);
}

#[test]
fn a_session_that_a_server_ends_early_costs_one_retry() {
    let (server, sts, proxy, role) = stage(Duration::from_secs(900));
    let scene = scene(&[("a", "1"), ("b", "2")]);
    proxy.fault(S3Matcher::method("PUT").first(1), S3Fault::expired_token());
    with_role(&scene, &server.place().through(&proxy), &sts, &role).end().expect(0, "done");
    assert_eq!(sts.issued().len(), 2);
    assert_eq!(proxy.requests("PUT", "web/").len(), 3);
}

#[test]
fn a_session_that_ends_between_parts_sends_no_part_twice() {
    let (server, sts, proxy, role) = stage(Duration::from_secs(2));
    let scene = scene(&[]);
    let large = noise(60 * 1024 * 1024);
    std::fs::create_dir_all(scene.path("workspace/dist")).unwrap();
    std::fs::write(scene.path("workspace/dist/large"), &large).unwrap();
    // Slow enough that the first session does not last.
    proxy.throttle(Some(12 * 1024 * 1024));
    with_role(&scene, &server.place().through(&proxy), &sts, &role).end().expect(0, "done");
    assert!(sts.issued().len() > 1, "it never ended");
    assert!(server.client().get("web/large").unwrap() == large, "the object differs");
    let done = proxy.requests("PUT", "partNumber=").into_iter().filter(|part| part.status == Some(200));
    let mut done: Vec<String> = done.map(|part| part.request.target).collect();
    let all = done.len();
    done.sort();
    done.dedup();
    assert!(all > 2 && done.len() == all, "{all} parts, {} of them different", done.len());
}

#[test]
fn a_token_that_is_refused_ends_the_run_with_the_reason() {
    for (name, change) in [
        ("audience", (|rules: &mut Rules| rules.token.audience = "somebody-else".into()) as fn(&mut Rules)),
        ("subject", |rules| rules.token.subject = "repo:other/repo:ref:refs/heads/main".into()),
        ("expired", |rules| rules.token_lifetime = -10),
        ("role", |rules| rules.role = "arn:aws:iam::123456789012:role/other".into()),
    ] {
        let (server, sts, proxy, role) = stage(Duration::from_secs(900));
        let claims = Claims::default();
        sts.change(change);
        let scene = scene(&[("a", "1")]);
        // GitLab's token says what it says, whatever the endpoint would.
        let run = match name {
            "expired" => with_role(&scene, &server.place().through(&proxy), &sts, &role),
            _ => keyless(&scene, &server.place().through(&proxy))
                .args(["--role", &role])
                .env("LOCKSTEP_ID_TOKEN", sts.token(&claims))
                .env("AWS_ENDPOINT_URL_STS", sts.endpoint()),
        };
        let ended = run.end();
        ended.expect(5, "credentials");
        assert!(ended.result()["message"].as_str().unwrap().contains(&role), "{name}: {ended:#?}");
        assert!(sts.issued().is_empty() && proxy.log().is_empty(), "{name}");
    }
}
