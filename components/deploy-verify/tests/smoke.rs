//! What comes of smoke checks, with a model of the web and of time. It never waits.
#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

mod common_web;

use common_web::{Answered, Model, answer, check_input, failed};
use deploy_verify::Check;
use deploy_verify::smoke::{Outcome, SmokeCheck, Verdict, messages, run};
use lockstep_sdk::Deadline;
use lockstep_sdk::http::ErrorCode;
use lockstep_sdk::types::Error;

const URL: &str = "https://a.example/";
const TEN_MINUTES: u64 = 600_000;

fn record(edit: impl FnOnce(&mut Check)) -> Check {
    let mut record = check_input(URL);
    edit(&mut record);
    record
}

fn check(edit: impl FnOnce(&mut Check)) -> SmokeCheck {
    SmokeCheck::parse(&record(edit)).unwrap()
}

/// The outcome of one check, the times of its requests, and what was heard meanwhile.
fn told(
    check: SmokeCheck,
    deadline: u64,
    mut serve: impl FnMut(usize, u64) -> Answered,
) -> (Outcome, Vec<u64>, Vec<String>) {
    let (mut web, mut time) = Model::new(|_: &str, count, now| serve(count, now));
    let mut heard = Vec::new();
    let mut hear = |outcome: &Outcome, ended: bool| {
        heard.push(if ended { messages::end(outcome) } else { messages::progress(outcome) });
    };
    let outcomes = run(&mut web, &mut time, &[check], Deadline::after(0, deadline), &mut hear).unwrap();
    let times = web.times(URL);
    (outcomes.into_iter().next().unwrap(), times, heard)
}

fn outcome(check: SmokeCheck, serve: impl FnMut(usize, u64) -> Answered) -> Outcome {
    told(check, TEN_MINUTES, serve).0
}

/// The reason, and what came.
fn reason(outcome: &Outcome) -> (&'static str, &str) {
    outcome.mismatch.as_ref().map_or(("", ""), |mismatch| (mismatch.reason.name(), &mismatch.actual))
}

fn versioned(record: &mut Check) {
    record.expect_version = Some("2.0".into());
    record.version_at = Some("header X-Version".into());
}

fn one_at_a(record: &mut Check) {
    record.json = Some(vec![".a=1".into()]);
}

fn version(version: &str) -> Answered {
    answer(200, &[("x-version", version)], "fine")
}

#[test]
fn one_expected_response_passes() {
    let (outcome, times, heard) = told(check(|_| ()), TEN_MINUTES, |_, _| answer(204, &[], ""));
    assert_eq!((outcome.verdict, outcome.attempts, times), (Verdict::Passed, 1, vec![0]));
    assert_eq!(
        heard,
        [
            "smoke check `https://a.example/` has passed: 1 response as expected; 1 request in 0s, last status 204"
        ]
    );
}

#[test]
fn each_mismatch_has_its_reason() {
    type Edit = fn(&mut Check);
    let long = "x".repeat(2 << 20);
    let cases: Vec<(Edit, Answered, &str, &str)> = vec![
        (|_| (), failed(ErrorCode::DnsError), "dns-error", "it is so"),
        (|_| (), failed(ErrorCode::ConnectionRefused), "connection-refused", "it is so"),
        (|_| (), failed(ErrorCode::TlsError), "tls-error", "it is so"),
        (|_| (), failed(ErrorCode::ResponseTimeout), "response-timeout", "it is so"),
        (|_| (), failed(ErrorCode::BodyTimeout), "body-timeout", "it is so"),
        (|_| (), failed(ErrorCode::ConnectionClosed), "connection-closed", "it is so"),
        (|_| (), failed(ErrorCode::ProtocolError), "protocol-error", "it is so"),
        (|_| (), answer(302, &[("location", "/login")], ""), "redirect", "a redirect to `/login`"),
        (|_| (), answer(304, &[("location", "/")], ""), "status", "status 304, no body"),
        (|_| (), answer(502, &[], "<h1>Bad\n gateway</h1>"), "status", "status 502, `<h1>Bad gateway</h1>`"),
        (|r| r.header = Some(vec!["x-a: b".into()]), answer(200, &[], ""), "header", "no header `x-a`"),
        (
            |r| r.header = Some(vec!["X-A: b".into()]),
            answer(200, &[("x-a", "c"), ("x-a", "d")], ""),
            "header",
            "header `x-a` with `c`, `d`",
        ),
        (|r| r.body = Some("Hello".into()), answer(200, &[], "bye"), "body", "`bye`"),
        (
            |r| r.body = Some("Hello".into()),
            answer(200, &[("content-encoding", "gzip")], "\u{1f}"),
            "body",
            "a body compressed with `gzip`, which this step cannot read",
        ),
        (|r| r.body = Some("y".into()), answer(200, &[], &long), "too-long", "only its first 1048576 bytes"),
        // The text is there, and what follows it is not read.
        (|r| r.body = Some("x".into()), answer(200, &[], &long), "too-long", "only its first 1048576 bytes"),
        (one_at_a, answer(200, &[], r#"{"a":2}"#), "json", "`.a=2`"),
        (one_at_a, answer(200, &[], r#"{"b":2}"#), "json", "nothing at `.a`"),
        (one_at_a, answer(200, &[], "<html>"), "json", "`<html>`, which is not JSON"),
        (one_at_a, answer(200, &[], &long), "too-long", "only its first 1048576 bytes"),
        (versioned, version("1.0"), "version", "`1.0`"),
        (versioned, answer(503, &[], "no endpoints"), "version", "status 503, `no endpoints`"),
    ];
    for (edit, answered, word, came) in cases {
        let outcome = outcome(check(edit), |_, _| answered.clone());
        assert_eq!((outcome.verdict, reason(&outcome)), (Verdict::Failed, (word, came)));
        assert!(messages::end(&outcome).contains(came) && !messages::end(&outcome).contains('\n'));
    }
}

#[test]
fn the_message_has_expected_and_actual_values_the_number_of_requests_and_a_hint() {
    let ended = outcome(check(|_| ()), |_, _| answer(301, &[("location", "https://b.example/")], ""));
    assert_eq!(
        messages::end(&ended),
        "smoke check `https://a.example/` has failed: redirect: expected status 2xx, got a redirect to \
         `https://b.example/`; 16 requests in 1m, last status 301"
    );
    assert_eq!(messages::hint(&ended), Some("smoke checks follow no redirect: name the final address"));
    assert_eq!(messages::row(&ended)[..2], ["https://a.example/", "failed"]);
    let other = outcome(check(versioned), |_, _| answer(302, &[("location", "/login")], ""));
    assert_eq!((reason(&other).0, messages::hint(&other)), ("version", messages::hint(&ended)));
}

#[test]
fn an_expected_redirect_passes() {
    let redirect = |record: &mut Check| {
        record.status = Some("200, 301-302".into());
        record.header = Some(vec!["location: https://*.example/*".into()]);
    };
    let ended = outcome(check(redirect), |_, _| answer(301, &[("location", "https://b.example/x")], ""));
    assert_eq!(ended.verdict, Verdict::Passed);
}

#[test]
fn every_error_is_retried() {
    for kind in [
        ErrorCode::DnsError,
        ErrorCode::ConnectionRefused,
        ErrorCode::TlsError,
        ErrorCode::ResponseTimeout,
        ErrorCode::BodyTimeout,
        ErrorCode::ConnectionClosed,
        ErrorCode::ProtocolError,
        |text| ErrorCode::NotSent(Error::Unavailable(text)),
    ] {
        let serve = |_, now| if now < 59_000 { failed(kind) } else { answer(200, &[], "") };
        assert_eq!(outcome(check(|_| ()), serve).verdict, Verdict::Passed);
    }
}

#[test]
fn a_denied_request_is_not_retried() {
    let denied = |text| ErrorCode::NotSent(Error::Denied(text));
    let ended = outcome(check(|_| ()), |_, _| failed(denied));
    assert_eq!((ended.verdict, ended.attempts, reason(&ended).0), (Verdict::Failed, 1, "not-sent"));
}

#[test]
fn pauses_grow_and_the_last_attempt_is_at_the_end_of_retry() {
    let (ended, times, _) =
        told(check(|r| r.retry = Some("15s".into())), TEN_MINUTES, |_, _| answer(500, &[], ""));
    assert_eq!(times, [0, 520, 1_540, 3_560, 7_580, 12_600, 15_000]);
    assert_eq!(ended.verdict, Verdict::Failed);
    let (ended, times, _) =
        told(check(|r| r.retry = Some("0s".into())), TEN_MINUTES, |_, _| answer(500, &[], ""));
    assert_eq!((ended.verdict, times), (Verdict::Failed, vec![0]));
}

#[test]
fn an_old_version_neither_passes_nor_fails_the_check() {
    // The old version answers in every way there is, the new one from 40 seconds on.
    let mut edit = check(|record| {
        versioned(record);
        record.body = Some("fine".into());
    });
    edit.retry_ms = 90_000;
    let (ended, times, heard) = told(edit, TEN_MINUTES, |count, now| match count % 3 {
        _ if now > 40_000 => version("2.0"),
        0 => version("1.0"),
        1 => answer(500, &[("x-version", "1.0")], ""),
        _ => answer(200, &[("x-version", "1.0")], "broken"),
    });
    assert_eq!((ended.verdict, ended.streak), (Verdict::Passed, 3));
    let good: Vec<u64> = times.into_iter().filter(|time| *time > 40_000).collect();
    assert_eq!((good.len(), good[1] - good[0], good[2] - good[1]), (3, 120, 120));
    assert!(heard.iter().all(|line| !line.contains("body:")), "{heard:?}");
}

#[test]
fn an_old_version_resets_the_streak() {
    let pattern = ["2.0", "2.0", "1.0", "2.0", "1.0", "2.0", "2.0", "2.0", "1.0"];
    let ended = outcome(check(versioned), |count, _| version(pattern[count]));
    assert_eq!((ended.verdict, ended.attempts), (Verdict::Passed, 8));
}

#[test]
fn an_error_of_the_new_version_has_its_own_reason() {
    let ended = outcome(check(versioned), |_, _| answer(500, &[("x-version", "2.0")], "out of memory"));
    assert_eq!((ended.verdict, reason(&ended)), (Verdict::Failed, ("status", "status 500, `out of memory`")));
}

#[test]
fn alternating_versions_never_pass() {
    for good in [1, 2] {
        let serve = |count: usize, _| if count % (good + 1) < good { version("2.0") } else { version("1.0") };
        let ended = outcome(check(versioned), serve);
        assert_eq!((ended.verdict, reason(&ended).0), (Verdict::Failed, "version"), "{good} in a row");
    }
}

#[test]
fn a_streak_may_end_after_the_retry_time() {
    let serve = |_, now| if now < 60_000 { version("1.0") } else { version("2.0") };
    let (ended, times, _) = told(check(versioned), TEN_MINUTES, serve);
    assert_eq!((ended.verdict, times.into_iter().max()), (Verdict::Passed, Some(60_240)));
}

#[test]
fn the_timeout_of_the_run_has_its_own_verdict() {
    let (ended, times, heard) = told(check(|_| ()), 10_000, |_, _| answer(500, &[], ""));
    assert_eq!((ended.verdict, reason(&ended).0), (Verdict::TimedOut, "status"));
    assert_eq!(times, [0, 520, 1_540, 3_560, 7_580]);
    let end = "smoke check `https://a.example/` did not pass before the time was up: status: expected status 2xx, \
               got status 500, no body; 5 requests in 10s, last status 500";
    assert_eq!(heard.last().unwrap(), end);
    let (ended, times, _) = told(check(|_| ()), 0, |_, _| answer(200, &[], ""));
    assert_eq!((ended.verdict, times), (Verdict::TimedOut, vec![]));
    assert!(messages::end(&ended).ends_with("there was no time for a request"));
}

#[test]
fn a_request_that_the_timeout_of_the_run_cut_short_does_not_fail_the_check() {
    let edit = |record: &mut Check| record.retry = Some("0s".into());
    let drip = |_, _| (Err(ErrorCode::BodyTimeout("3 of 10 bytes in 5000 ms".into())), 5_000);
    let (ended, _, _) = told(check(edit), 5_000, drip);
    assert_eq!((ended.verdict, reason(&ended).0), (Verdict::TimedOut, "body-timeout"));
    let (ended, _, _) = told(check(edit), 20_000, drip);
    assert_eq!((ended.verdict, reason(&ended).0), (Verdict::Failed, "body-timeout"));
    let (ended, _, _) = told(check(edit), 5_000, |_, _| answer(500, &[], ""));
    assert_eq!(ended.verdict, Verdict::Failed);
}

#[test]
fn all_checks_progress_at_the_same_time() {
    let urls: Vec<String> = (0..230).map(|number| format!("http://10.0.0.1/{number}")).collect();
    let checks: Vec<SmokeCheck> = urls.iter().map(|url| check(|record| record.url.clone_from(url))).collect();
    let (mut web, mut time) = Model::new(|url: &str, count, _| match url.ends_with('7') && count < 2 {
        true => answer(503, &[], ""),
        false => answer(200, &[], ""),
    });
    let deadline = Deadline::after(0, TEN_MINUTES);
    let outcomes = run(&mut web, &mut time, &checks, deadline, &mut |_, _| ()).unwrap();
    assert!(outcomes.iter().zip(&urls).all(|(one, url)| one.verdict == Verdict::Passed && one.name == *url));
    assert!(outcomes.iter().all(|one| one.elapsed_ms < 2_000));
}

#[test]
fn retries_do_not_starve_other_checks() {
    let url = |number| format!("http://10.0.0.1/{number}");
    let checks: Vec<SmokeCheck> = (0..250).map(|number| check(|record| record.url = url(number))).collect();
    let (mut web, mut time) = Model::new(|_: &str, _, _| (answer(500, &[], "").0, 6_000));
    run(&mut web, &mut time, &checks, Deadline::after(0, TEN_MINUTES), &mut |_, _| ()).unwrap();
    assert_eq!(web.times(&url(249))[0], 12_000);
}

#[test]
fn a_check_that_waited_for_a_slow_one_gets_another_attempt() {
    let quick = check(|record| record.retry = Some("5s".into()));
    let slow = check(|record| {
        record.url = "https://slow.example/".into();
        record.timeout = Some("1m".into());
    });
    let (mut web, mut time) = Model::new(|url: &str, count, _| match (url == URL, count) {
        (true, 0) => answer(503, &[], ""),
        (true, _) => answer(200, &[], ""),
        (false, _) => (answer(200, &[], "").0, 59_000),
    });
    let deadline = Deadline::after(0, TEN_MINUTES);
    let outcomes = run(&mut web, &mut time, &[quick, slow], deadline, &mut |_, _| ()).unwrap();
    assert!(outcomes.iter().all(|outcome| outcome.verdict == Verdict::Passed), "{outcomes:?}");
}

#[test]
fn each_new_result_is_reported_once() {
    let (_, times, heard) = told(check(|_| ()), TEN_MINUTES, |_, now| match now {
        0..20_000 => failed(ErrorCode::ConnectionRefused),
        20_000..40_000 => answer(503, &[], &now.to_string()),
        _ => answer(200, &[], ""),
    });
    let kinds: Vec<&str> = heard.iter().map(|line| line.split(": ").nth(1).unwrap()).collect();
    assert_eq!(
        kinds,
        ["connection-refused", "status", "1 response as expected; 12 requests in 42s, last status 200"]
    );
    assert_eq!(times.len(), 12);
}

#[test]
fn an_error_of_the_host_ends_the_run() {
    let (mut web, mut time) = Model::new(|_: &str, _, _| answer(500, &[], ""));
    web.broken = Some((2, Error::LimitExceeded("calls".into())));
    let deadline = Deadline::after(0, TEN_MINUTES);
    let ended = run(&mut web, &mut time, &[check(|_| ())], deadline, &mut |_, _| ());
    assert_eq!((ended, web.requests.len()), (Err(Error::LimitExceeded("calls".into())), 2));
}
