//! Servers that accept and never answer: a run says that it waits, and ends in good time. Each test takes two minutes.

use lockstep_tests::git_http::{GitFault, GitServer};
use lockstep_tests::s3::S3Target;
use lockstep_tests::s3::upload::{scene, upload};
use lockstep_tests::shop::Shop;
use lockstep_tests::web::{Web, WebReply};
use std::time::{Duration, Instant};

/// By when a run has ended.
const GOOD_TIME: Duration = Duration::from_secs(200);

#[test]
fn a_silent_store_ends_the_run() {
    let web = Web::new(|_, _| WebReply { parts: vec![(Duration::from_secs(3600), Vec::new())] });
    let text = str::to_owned;
    let place = S3Target {
        endpoint: web.url(""),
        region: text("us-east-1"),
        access_key: text("AKIAIOSFODNN7EXAMPLE"),
        secret_key: text("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
        session_token: None,
        bucket: text("releases"),
    };
    for args in [&[][..], &["--sync=false"]] {
        let scene = scene(&[("a", "1"), ("b", "2")]);
        let begun = Instant::now();
        let ended = upload(&scene, &place).args(args.to_vec()).end();
        ended.expect(6, "unavailable");
        assert!(begun.elapsed() < GOOD_TIME, "{:?}", begun.elapsed());
        assert!(ended.stderr.contains("still waiting for an answer: objects."), "{ended:#?}");
    }
}

#[test]
fn a_silent_git_server_ends_the_run() {
    let shop = Shop::new();
    let server = GitServer::new(&shop.scene.path("outside"), |_, _| Some(GitFault::Silence));
    let begun = Instant::now();
    let ended = shop.run().args(["--repository", &server.url("bare")]).end();
    ended.expect(6, "unavailable");
    assert!(begun.elapsed() < GOOD_TIME, "{:?}", begun.elapsed());
    assert!(ended.stderr.contains("still waiting for an answer: repository."), "{ended:#?}");
}
