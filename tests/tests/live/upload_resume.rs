//! `artifact-upload` killed at any moment, started again, and run by two jobs at once.

use lockstep_tests::s3::fault::{Moment, S3Fault, S3Matcher};
use lockstep_tests::s3::proxy::Proxy;
use lockstep_tests::s3::server::Server;
use lockstep_tests::s3::upload::{noise, scene, upload};
use lockstep_tests::support::{Running, Scene};
use rustix::process::{Pid, Signal, kill_process};
use std::fs;
use std::sync::{Arc, Mutex};

const LARGE: usize = 60 * 1024 * 1024 + 1;

fn stage(content: &[u8]) -> Scene {
    let scene = scene(&[("a", "1")]);
    fs::write(scene.path("workspace/dist/large"), content).unwrap();
    scene
}

/// A run that is killed at this moment of the first request that matches.
fn killed(scene: &Scene, server: &Server, when: S3Matcher, moment: Moment) {
    killed_by(scene, server, Proxy::new(&server.place().endpoint), when, moment);
}

fn killed_by(scene: &Scene, server: &Server, proxy: Proxy, when: S3Matcher, moment: Moment) {
    // So slow that not everything is under way at once.
    proxy.throttle(Some(40_000_000));
    let process: Arc<Mutex<Option<Pid>>> = Arc::default();
    let victim = Arc::clone(&process);
    let kill = move || {
        if let Some(pid) = *victim.lock().unwrap() {
            let _ = kill_process(pid, Signal::KILL);
        }
    };
    proxy.fault(when, S3Fault::call(moment, kill));
    let mut held = process.lock().unwrap();
    let running: Running = upload(scene, &server.place().through(&proxy)).start();
    *held = Pid::from_raw(i32::try_from(running.child.id()).unwrap());
    drop(held);
    assert_eq!(running.end(scene).exit, None, "it was not killed");
}

fn parts_sent(proxy: &Proxy) -> usize {
    proxy.requests("PUT", "partNumber=").len()
}

#[test]
fn a_run_resumes_a_killed_upload_and_sends_no_part_twice() {
    let server = Server::versitygw();
    let scene = stage(&noise(LARGE));
    let part = |name: &str| S3Matcher::method("PUT").with(name);
    for (when, moment) in [
        (S3Matcher::method("POST").with("uploads"), Moment::Answered),
        (part("partNumber=").that(|asked| !asked.target.contains("partNumber=1&")).nth(3), Moment::Answered),
        // It is cut off in the middle of the part that is still missing.
        (part("partNumber=1&"), Moment::Sent(1000)),
    ] {
        let proxy = Proxy::new(&server.place().endpoint);
        if matches!(moment, Moment::Answered) {
            // However fast the others are, one part does not arrive.
            proxy.fault(part("partNumber=1&"), S3Fault::Stall);
        }
        killed_by(&scene, &server, proxy, when, moment);
        assert!(server.client().uploads("web/large").len() <= 1, "{:?}", server.client().uploads(""));
    }
    let open = server.client().uploads("web/large");
    let held = server.client().parts("web/large", &open[0].1).len();
    assert!((1..8).contains(&held), "{held} parts are there");
    // Another job, which knows nothing but the server.
    let (elsewhere, proxy) = (stage(&noise(LARGE)), Proxy::new(&server.place().endpoint));
    upload(&elsewhere, &server.place().through(&proxy)).end().expect(0, "done");
    let all = LARGE.div_ceil(8 * 1024 * 1024);
    assert!(parts_sent(&proxy) <= all - held, "{} parts were sent, {held} were there", parts_sent(&proxy));
    assert!(server.client().get("web/large").unwrap() == noise(LARGE));
    assert!(server.client().uploads("").is_empty());
}

#[test]
fn a_run_after_a_completed_upload_sends_nothing() {
    let server = Server::versitygw();
    let scene = stage(&noise(LARGE));
    killed(&scene, &server, S3Matcher::method("POST").with("uploadId"), Moment::Answered);
    let proxy = Proxy::new(&server.place().endpoint);
    upload(&scene, &server.place().through(&proxy)).end().expect(0, "done");
    assert_eq!(parts_sent(&proxy), 0);
    assert!(server.client().get("web/large").unwrap() == noise(LARGE));
    assert!(server.client().uploads("").is_empty());
}

#[test]
fn a_changed_file_uses_no_part_of_the_old_one() {
    let server = Server::versitygw();
    let mut content = noise(LARGE);
    let scene = stage(&content);
    killed(&scene, &server, S3Matcher::method("PUT").with("partNumber=5"), Moment::Answered);
    content[0] ^= 1;
    fs::write(scene.path("workspace/dist/large"), &content).unwrap();
    upload(&scene, server.place()).end().expect(0, "done");
    assert!(server.client().get("web/large").unwrap() == content);
    assert!(server.client().uploads("").is_empty());
}

#[test]
fn other_settings_begin_another_upload() {
    let server = Server::versitygw();
    let scene = stage(&noise(LARGE));
    killed(&scene, &server, S3Matcher::method("PUT").with("partNumber=5"), Moment::Answered);
    let run = upload(&scene, server.place()).args(["--metadata", "commit=abc"]);
    run.end().expect(0, "done");
    assert_eq!(server.client().head("web/large").header("x-amz-meta-commit"), "abc");
    assert!(server.client().uploads("").is_empty());
}

#[test]
fn two_jobs_with_the_same_content_both_succeed() {
    let server = Server::versitygw();
    let scenes = [stage(&noise(LARGE)), stage(&noise(LARGE))];
    let running: Vec<_> =
        scenes.iter().map(|scene| upload(scene, server.place()).arg("--immutable").start()).collect();
    for (scene, running) in scenes.iter().zip(running) {
        running.end(scene).expect(0, "done");
    }
    assert!(server.client().get("web/large").unwrap() == noise(LARGE));
    // A server can open an upload again for a part that arrives while the other job completes it. The next run aborts it.
    upload(&scenes[0], server.place()).arg("--immutable").end().expect(0, "done");
    assert!(server.client().uploads("").is_empty());
}

#[test]
fn of_two_jobs_with_different_content_one_succeeds_and_one_reports_a_conflict() {
    let server = Server::versitygw();
    let mut other = noise(LARGE);
    other[LARGE / 2] ^= 1;
    let scenes = [stage(&noise(LARGE)), stage(&other)];
    let running: Vec<_> =
        scenes.iter().map(|scene| upload(scene, server.place()).arg("--immutable").start()).collect();
    let ends: Vec<_> = scenes.iter().zip(running).map(|(scene, running)| running.end(scene)).collect();
    let mut codes: Vec<_> =
        ends.iter().map(|end| end.result()["code"].as_str().unwrap().to_owned()).collect();
    codes.sort();
    assert_eq!(codes, ["conflict", "done"], "{ends:#?}");
    let there = server.client().get("web/large").unwrap();
    let winner = ends.iter().position(|end| end.exit == Some(0)).unwrap();
    assert!(there == [noise(LARGE), other][winner]);
    assert!(server.client().uploads("").is_empty());
}
