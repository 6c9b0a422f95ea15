//! `artifact-upload` in networks that are not simple: an authority and a proxy of one's own.

use lockstep_tests::s3::S3Target;
use lockstep_tests::s3::network::{NAME, Network};
use lockstep_tests::s3::proxy::{Proxy, S3Exchange};
use lockstep_tests::s3::server::Server;
use lockstep_tests::s3::sts::{Rules, Sts};
use lockstep_tests::s3::upload::{noise, scene, upload, with_role};
use lockstep_tests::support::Run;
use std::fs;

/// A run whose job sits in this network: only what is on loopback is reached without the proxy.
fn within<'s>(run: Run<'s>, network: &Network) -> Run<'s> {
    let run = run.env("HTTPS_PROXY", network.proxy()).env("HTTP_PROXY", network.proxy());
    run.env("NO_PROXY", "127.0.0.1,localhost")
}

/// The place as it is called in the network.
fn called(server: &Server, scheme: &str) -> S3Target {
    S3Target { endpoint: format!("{scheme}://{NAME}"), ..server.place().clone() }
}

/// The same with the company's authority among those that the system trusts.
fn trusting<'s>(run: Run<'s>, network: &Network) -> Run<'s> {
    within(run, network).env("SSL_CERT_FILE", network.authority())
}

#[test]
fn the_upload_uses_the_proxy_and_the_certificates_of_the_system() {
    let server = Server::versitygw();
    let network = Network::around(server.place());
    let place = called(&server, "https");
    let scene = scene(&[("a", "1"), ("b", "2")]);
    trusting(upload(&scene, &place), &network).end().expect(0, "done");
    assert_eq!(server.client().keys(""), ["web/a", "web/b"]);
    assert_eq!(network.requests().first().map(String::as_str), Some(&*format!("{NAME}:443")));
}

#[test]
fn an_untrusted_certificate_is_refused_with_the_reason() {
    let server = Server::versitygw();
    let network = Network::around(server.place());
    let place = called(&server, "https");
    let scene = scene(&[("a", "1")]);
    let ended = within(upload(&scene, &place), &network).end();
    let result = ended.expect(6, "unavailable");
    let message = result["message"].as_str().unwrap();
    assert!(message.contains(&format!("https://{NAME} is not trusted")), "{message}");
    assert!(message.contains("SSL_CERT_FILE"), "{message}");
    // Nor is it asked again and again.
    assert_eq!(network.requests().len(), 1);
    assert!(server.client().keys("").is_empty());
}

#[test]
fn a_request_without_tls_has_a_signed_body() {
    let server = Server::versitygw();
    let proxy = Proxy::new(&server.place().endpoint);
    let network = Network::around(&server.place().through(&proxy));
    let scene = scene(&[("a", "1")]);
    fs::write(scene.path("workspace/dist/large"), noise(40 * 1024 * 1024)).unwrap();
    within(upload(&scene, &called(&server, "http")), &network).end().expect(0, "done");
    assert_eq!(server.client().keys(""), ["web/a", "web/large"]);
    let puts = proxy.requests("PUT", "web/");
    let signed = |exchange: &S3Exchange| exchange.request.header("x-amz-content-sha256").len() == 64;
    assert!(puts.len() > 2 && puts.iter().all(signed), "{puts:#?}");
    // To a server on this machine there is no line, and no proxy is asked.
    let asked = network.requests().len();
    let direct = server.place().through(&proxy);
    upload(&scene, &direct).env("HTTP_PROXY", network.proxy()).end().expect(0, "done");
    assert_eq!(network.requests().len(), asked);
}

#[test]
fn a_role_is_assumed_if_only_the_store_is_behind_the_proxy() {
    let server = Server::s3s();
    let (access_key, secret_key) = (server.place().access_key.clone(), server.place().secret_key.clone());
    let sts = Sts::new(Rules { access_key, secret_key, ..Rules::default() });
    let network = Network::around(server.place());
    let place = called(&server, "https");
    let scene = scene(&[("a", "1")]);
    let run = with_role(&scene, &place, &sts, &Rules::default().role);
    trusting(run, &network).end().expect(0, "done");
    assert_eq!(server.client().keys(""), ["web/a"]);
    assert!(network.requests().iter().all(|asked| asked.starts_with(NAME)), "{:?}", network.requests());
}
