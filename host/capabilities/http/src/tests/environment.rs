//! Tests of certificates and proxies that the environment names. Each test runs itself again in its own environment.

use super::server::{ScriptedServer, answer, say};
use super::*;
use std::process::Command;

/// Runs [`child`] with these variables and a URL.
fn asking(url: &str, variables: &[(&str, &str)]) {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.env_clear().env("TEST_URL", url).args(["--exact", "tests::environment::child", "--ignored"]);
    let output = command.envs(variables.iter().copied()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}

/// Sends a request to the URL in its environment, and expects the body `yes`.
#[test]
#[ignore = "run by the others"]
fn child() {
    let url = std::env::var("TEST_URL").unwrap();
    let names = FakeLookup::of(&[("web.test", &["127.0.0.1"]), ("proxy.test", &["127.0.0.1"])]);
    let mut web = run(names, &[("https://web.test", "Bearer canary-token")]);
    let rights = if url.contains("hidden.test") { "get" } else { "get,private" };
    let ended =
        send_granted(&mut web, &[(rights, &url)], vec![(&url, get(5000, 10, &[]))]).unwrap().remove(0);
    assert_eq!(ended.unwrap().unwrap().body, b"yes");
}

#[test]
fn an_authority_that_ssl_cert_file_names_is_trusted() {
    let server = ScriptedServer::secure(|_| answer(b"yes"));
    let authority = concat!(env!("CARGO_MANIFEST_DIR"), "/src/tests/tls/authority.pem");
    for host in ["web.test", "127.0.0.1"] {
        asking(&format!("https://{host}:{}/", server.port()), &[("SSL_CERT_FILE", authority)]);
    }
    assert_eq!(server.heads().len(), 2);
}

#[test]
fn a_proxy_looks_the_name_up_itself() {
    let proxy = ScriptedServer::doing(answer(b"yes"));
    let url = format!("http://proxy.test:{}", proxy.port());
    asking("http://hidden.test/a?b", &[("HTTP_PROXY", &url)]);
    let heads = proxy.heads();
    assert!(heads[0].starts_with("GET http://hidden.test/a?b HTTP/1.1\r\n"), "{heads:?}");
}

#[test]
fn a_proxy_gets_no_credential_of_a_server_with_tls() {
    let proxy = ScriptedServer::doing(vec![say("HTTP/1.1 502 No\r\ncontent-length: 0\r\n\r\n")]);
    let url = format!("http://proxy.test:{}", proxy.port());
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.env_clear().env("TEST_URL", "https://web.test/").env("HTTPS_PROXY", &url);
    let output = command.args(["--exact", "tests::environment::child", "--ignored"]).output().unwrap();
    let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(stdout.contains("ConnectionRefused") && !stdout.contains("canary"), "{stdout}");
    let heads = proxy.heads();
    assert!(heads[0].starts_with("CONNECT web.test:443 HTTP/1.1\r\n"), "{heads:?}");
    assert!(!heads[0].to_ascii_lowercase().contains("authorization"), "{heads:?}");
}

#[test]
fn requests_to_this_machine_bypass_the_proxy() {
    let (server, proxy) = (ScriptedServer::doing(answer(b"yes")), ScriptedServer::doing(answer(b"no")));
    let url = format!("http://proxy.test:{}", proxy.port());
    asking(&format!("http://127.0.0.1:{}/", server.port()), &[("HTTP_PROXY", &url), ("http_proxy", &url)]);
    asking(&format!("http://web.test:{}/", server.port()), &[("HTTP_PROXY", &url), ("NO_PROXY", "web.test")]);
    assert_eq!((server.heads().len(), proxy.heads().len()), (2, 0));
}
