//! What comes of metrics, with a model of the web and of time. It never waits.
#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

mod common_web;

use common_web::{Answered, Model, answer, failed, metric_input};
use deploy_verify::metric::{MetricCheck, Outcome, Sample, Verdict, messages, run};
use deploy_verify::{Metric, NoData};
use lockstep_sdk::http::ErrorCode;
use lockstep_sdk::types::Error;
use lockstep_sdk::{Deadline, InputError};

const TEN_MINUTES: u64 = 600_000;

fn record(edit: impl FnOnce(&mut Metric)) -> Metric {
    let mut record = metric_input("https://p.example/base/", "rate(errors[{{window}}])", "< 0.01");
    edit(&mut record);
    record
}

fn metric(edit: impl FnOnce(&mut Metric)) -> MetricCheck {
    MetricCheck::parse(&record(edit)).unwrap()
}

/// A vector of these values.
fn vector(values: &[&str]) -> Answered {
    let series: Vec<String> = values
        .iter()
        .enumerate()
        .map(|(number, value)| {
            format!(r#"{{"metric":{{"__name__":"up","pod":"{number}"}},"value":[1.5,"{value}"]}}"#)
        })
        .collect();
    data("vector", &format!("[{}]", series.join(",")))
}

fn data(kind: &str, result: &str) -> Answered {
    answer(200, &[], &format!(r#"{{"status":"success","data":{{"resultType":"{kind}","result":{result}}}}}"#))
}

fn error(status: u16, kind: &str) -> Answered {
    answer(status, &[], &format!(r#"{{"status":"error","errorType":"{kind}","error":"it is so"}}"#))
}

/// What comes of a metric that is answered so, and how often it is asked.
fn told(metric: MetricCheck, deadline: u64, mut serve: impl FnMut(usize) -> Answered) -> (Outcome, Vec<u64>) {
    let (mut web, mut time) = Model::new(|_: &str, count, _| serve(count));
    let outcomes = run(&mut web, &mut time, &[metric], Deadline::after(0, deadline), &mut |_, _| ()).unwrap();
    (outcomes.into_iter().next().unwrap(), web.requests.iter().map(|(time, _)| *time).collect())
}

/// The verdict on six samples: `+` good, `-` violated, `0` no data, `!` an error.
fn verdict(samples: &str, on_no_data: NoData) -> Verdict {
    let serve = |count: usize| match samples.as_bytes()[count] {
        b'+' => vector(&["0.001"]),
        b'-' => vector(&["0.5"]),
        b'0' => vector(&[]),
        _ => error(503, "unavailable"),
    };
    told(metric(|record| record.on_no_data = on_no_data), TEN_MINUTES, serve).0.verdict
}

#[test]
fn samples_decide_the_verdict() {
    use Verdict::{Error, Failed, Inconclusive, Passed};
    for (samples, when_inconclusive, when_fail) in [
        ("++++++", Passed, Passed),
        // A spike passes, unless it is the last sample or the next one confirms it.
        ("+-++++", Passed, Passed),
        ("-++-++", Passed, Passed),
        ("+++++-", Failed, Failed),
        ("--", Failed, Failed),
        ("+++--", Failed, Failed),
        ("-0!-", Failed, Failed),
        ("+++-00", Failed, Failed),
        ("-+-+-+", Failed, Failed),
        // No data never passes.
        ("000000", Inconclusive, Failed),
        ("+++000", Inconclusive, Failed),
        ("++++00", Passed, Passed),
        ("00++++", Passed, Passed),
        ("-+0000", Failed, Failed),
        ("++000!", Inconclusive, Failed),
        // Errors never pass, and are no lack of data.
        ("!!!!!!", Error, Error),
        ("!!!+++", Error, Error),
        ("!!++++", Passed, Passed),
        ("++++!!", Passed, Passed),
        ("!!00++", Error, Error),
        ("!00+++", Inconclusive, Failed),
    ] {
        assert_eq!(verdict(samples, NoData::Inconclusive), when_inconclusive, "{samples}");
        assert_eq!(verdict(samples, NoData::Fail), when_fail, "{samples}");
    }
}

/// What one sample says, and the verdict on it alone.
fn sample(threshold: &str, answered: Answered) -> (&'static str, String, Verdict) {
    let metric = metric(|record| {
        record.query = "q".into();
        record.threshold = threshold.into();
        record.window = Some("0s".into());
        record.on_no_data = NoData::Inconclusive;
    });
    let (outcome, times) = told(metric, TEN_MINUTES, |_| answered.clone());
    assert_eq!(times, [0]);
    let (kind, text) = match outcome.sample.unwrap() {
        Sample::Good(text) => ("good", text),
        Sample::Violated(text) => ("violated", text),
        Sample::NoData(text) => ("no data", text),
        Sample::Error { message, is_permanent, .. } => {
            (if is_permanent { "permanent" } else { "error" }, message)
        }
    };
    (kind, text, outcome.verdict)
}

#[test]
fn a_response_becomes_a_sample() {
    let long = format!("[{}]", " ".repeat(2 << 20));
    let trailing = format!("{{\"status\":\"success\"}}{}", " ".repeat(2 << 20));
    let histogram = r#"[{"metric":{},"histogram":[1,{"count":"1"}]}]"#;
    for (threshold, answered, kind, text) in [
        ("< 1", vector(&["0.5"]), "good", "0.5 of `up{pod=\"0\"}`"),
        ("< 1", vector(&["0.5", "1e-1", "0.7"]), "good", "3 values from 1e-1 to 0.7"),
        ("< 1", vector(&["0.5", "1"]), "violated", "1 of `up{pod=\"1\"}`"),
        ("<= 1", data("scalar", r#"[1,"1"]"#), "good", "1"),
        ("> 1", data("scalar", r#"[1,"1"]"#), "violated", "1"),
        (">= 1", data("scalar", r#"[1,"1"]"#), "good", "1"),
        ("== 0", data("scalar", r#"[1,"-0"]"#), "good", "-0"),
        ("==0", data("scalar", r#"[1,"1"]"#), "violated", "1"),
        ("< 1", vector(&[]), "no data", "an empty result"),
        ("< 1", data("vector", "null"), "no data", "an empty result"),
        ("< 1", vector(&["NaN"]), "no data", "NaN of `up{pod=\"0\"}`"),
        ("< 1", vector(&["0.5", "NaN"]), "no data", "NaN of `up{pod=\"1\"}`"),
        ("< 1", vector(&["NaN", "2"]), "violated", "2 of `up{pod=\"1\"}`"),
        ("< 1", data("scalar", r#"[1,"+Inf"]"#), "violated", "+Inf"),
        ("> 1", data("scalar", r#"[1,"+Inf"]"#), "no data", "+Inf"),
        ("< 1", data("scalar", r#"[1,"-Inf"]"#), "no data", "-Inf"),
        ("< 1", data("scalar", r#"[1,"x"]"#), "error", "the result is not a scalar"),
        ("< 1", data("scalar", "7"), "error", "the result is not a scalar"),
        ("< 1", data("vector", "7"), "error", "the result is not a vector"),
        ("< 1", data("tensor", "7"), "error", "the result is of the unknown type `tensor`"),
        ("< 1", data("matrix", "[]"), "permanent", "the result is a range of values"),
        ("< 1", data("string", r#"[1,"x"]"#), "permanent", "the result is a text"),
        ("< 1", data("vector", histogram), "permanent", "a value of the result is not a number"),
        ("< 1", data("vector", &long), "permanent", "the response has more than 1048576 bytes"),
        ("< 1", answer(200, &[], &trailing), "permanent", "the response has more than 1048576 bytes"),
        ("< 1", error(400, "bad_data"), "permanent", "bad_data: it is so"),
        ("< 1", error(422, "execution"), "error", "execution: it is so"),
        ("< 1", error(200, "timeout"), "error", "timeout: it is so"),
        ("< 1", answer(200, &[], r#"{"status":"success"}"#), "error", "the response has no `data`"),
        ("< 1", answer(200, &[], "<html>"), "error", "the response is not from Prometheus: `<html>`"),
        ("< 1", answer(502, &[], ""), "error", "status 502, no body"),
        ("< 1", (answer(500, &[], "").0, 20), "error", "status 500, no body"),
        ("< 1", answer(302, &[("location", "/login")], ""), "permanent", "the server redirects to `/login`"),
        ("< 1", failed(ErrorCode::ResponseTimeout), "error", "response-timeout: it is so"),
        ("< 1", failed(|text| ErrorCode::NotSent(Error::Denied(text))), "permanent", "not-sent: it is so"),
    ] {
        let verdict = match kind {
            "good" => Verdict::Passed,
            "violated" => Verdict::Failed,
            "no data" => Verdict::Inconclusive,
            _ => Verdict::Error,
        };
        assert_eq!(sample(threshold, answered), (kind, text.to_owned(), verdict), "{text}");
    }
    let mut failing = vector(&["0.5"]);
    failing.0.as_mut().unwrap().status = 500;
    assert_eq!(sample("< 1", failing).0, "error");
}

#[test]
fn the_query_is_encoded_and_contains_the_window() {
    let metric = metric(|record| {
        record.query = "sum(rate(a{b=~\"x|ü\"}[{{window}}])) / 2 + 1 & c#".into();
        record.window = Some("90s".into());
    });
    let (mut web, mut time) = Model::new(|_: &str, _, _| vector(&["0"]));
    let mut heard = Vec::new();
    let mut hear = |metric: &MetricCheck, sample: &Sample| heard.push(messages::sample(metric, sample));
    let deadline = Deadline::after(0, TEN_MINUTES);
    let outcomes = run(&mut web, &mut time, &[metric], deadline, &mut hear).unwrap();
    assert_eq!(
        web.requests[0].1.url,
        "https://p.example/base/api/v1/query?query=sum%28rate%28a%7Bb%3D~%22x%7C%C3%BC%22%7D%5B1m30s%5D%29%29\
         %20%2F%202%20%2B%201%20%26%20c%23"
    );
    let query = "sum(rate(a{b=~\"x|ü\"}[1m30s])) / 2 + 1 & c#";
    assert_eq!(heard[0], format!("metric `{query}`: 0 of `up{{pod=\"0\"}}`, within `< 0.01`"));
    let row = [query, "passed", "0 of `up{pod=\"0\"}`, within `< 0.01`; 9 samples in 1m30s: 9 good"];
    assert_eq!(messages::row(&outcomes[0]), row);
    assert_eq!(messages::end(&outcomes[0]), format!("metric `{query}` has passed: {}", row[2]));
}

#[test]
fn the_query_runs_every_interval_and_at_the_end_of_the_window() {
    for (window, interval, expected) in [
        ("1m", "10s", vec![10, 20, 30, 40, 50, 60]),
        ("25s", "10s", vec![10, 20, 25]),
        ("5s", "10s", vec![5]),
        ("0s", "10s", vec![0]),
    ] {
        let metric = metric(|record| {
            record.query = "q".into();
            record.window = Some(window.into());
            record.interval = Some(interval.into());
        });
        let (outcome, times) = told(metric, TEN_MINUTES, |_| vector(&["0"]));
        assert_eq!(outcome.verdict, Verdict::Passed);
        assert_eq!(times, expected.iter().map(|second| second * 1_000).collect::<Vec<u64>>());
    }
}

#[test]
fn missed_intervals_are_skipped() {
    let slow = |_| (vector(&["0"]).0, 9_000);
    let metric = metric(|record| record.interval = Some("4s".into()));
    let (outcome, times) = told(metric, TEN_MINUTES, slow);
    assert_eq!(
        (outcome.verdict, times),
        (Verdict::Passed, vec![4_000, 16_000, 28_000, 40_000, 52_000, 61_000])
    );
}

#[test]
fn a_window_longer_than_the_timeout_times_out() {
    let (outcome, times) = told(metric(|_| ()), 60_000, |_| vector(&["0"]));
    assert_eq!((outcome.verdict, times), (Verdict::TimedOut, vec![]));
    assert_eq!(messages::hint(&outcome), Some("increase `timeout`, or shorten `window`"));
    // It fits, but an answer takes until the end.
    let often = metric(|record| record.interval = Some("4s".into()));
    let (outcome, times) = told(often, 60_500, |_| (vector(&["0"]).0, 9_000));
    assert_eq!(
        (outcome.verdict, times.last(), outcome.elapsed_ms),
        (Verdict::TimedOut, Some(&52_000), 60_500)
    );
}

#[test]
fn an_invalid_query_or_a_second_violation_ends_the_check_at_once() {
    for (answered, verdict, times) in [
        (vector(&["1"]), Verdict::Failed, vec![10_000, 20_000]),
        (error(400, "bad_data"), Verdict::Error, vec![10_000]),
        (data("matrix", "[]"), Verdict::Error, vec![10_000]),
    ] {
        let (outcome, asked) = told(metric(|_| ()), TEN_MINUTES, |_| answered.clone());
        assert_eq!((outcome.verdict, asked), (verdict, times));
    }
}

#[test]
fn warnings_of_the_server_are_reported() {
    let body = r#"{"status":"success","warnings":["no store\nof eu","no store\nof eu"],"isPartial":true,
        "data":{"resultType":"scalar","result":[1,"0"]}}"#;
    let (outcome, _) = told(metric(|_| ()), TEN_MINUTES, |_| answer(200, &[], body));
    assert_eq!(outcome.warnings, ["no store of eu", "the result is partial"]);
    assert!(
        messages::end(&outcome).ends_with("; the server warns: no store of eu; the result is partial"),
        "{outcome:?}"
    );
}

#[test]
fn the_message_names_the_deciding_sample() {
    let answers = ["0.001", "0.5", "0.001", "NaN", "NaN", "NaN"];
    let (outcome, _) = told(metric(|_| ()), TEN_MINUTES, |count| vector(&answers[count..=count]));
    assert_eq!(
        messages::end(&outcome),
        "metric `rate(errors[1m])` has failed: no data: NaN of `up{pod=\"0\"}`; 6 samples in 1m: 2 good, 1 violated, \
         3 without data"
    );
    assert!(messages::hint(&outcome).unwrap().contains(">= 0"));
}

#[test]
fn metrics_are_watched_at_the_same_time() {
    let metrics: Vec<MetricCheck> =
        (0..150).map(|number| metric(|record| record.query = format!("q{number}"))).collect();
    let (mut web, mut time) =
        Model::new(|url: &str, _, _| vector(&[if url.ends_with("q7") { "1" } else { "0" }]));
    let deadline = Deadline::after(0, TEN_MINUTES);
    let outcomes = run(&mut web, &mut time, &metrics, deadline, &mut |_, _| ()).unwrap();
    let failed: Vec<_> = outcomes.iter().filter(|outcome| outcome.verdict != Verdict::Passed).collect();
    assert_eq!((failed.len(), failed[0].query.as_str()), (1, "q7"));
    assert!(outcomes.iter().all(|outcome| outcome.elapsed_ms < 61_000));
}

#[test]
fn repeated_queries_do_not_starve_other_metrics() {
    let often =
        |number| metric(|record| (record.query, record.interval) = (format!("q{number}"), Some("1s".into())));
    let metrics: Vec<MetricCheck> = (0..250).map(often).collect();
    let (mut web, mut time) = Model::new(|_: &str, _, _| (vector(&["0"]).0, 3_000));
    run(&mut web, &mut time, &metrics, Deadline::after(0, TEN_MINUTES), &mut |_, _| ()).unwrap();
    assert_eq!(web.times("https://p.example/base/api/v1/query?query=q249")[0], 7_000);
}

#[test]
fn all_invalid_inputs_are_reported_at_once() {
    let errors = MetricCheck::parse(&record(|record| {
        record.url = "https://p.example/api/v1".into();
        record.query = "up[{{ window }}]".into();
        record.threshold = "< 1%".into();
        record.window = Some("x".into());
        record.interval = Some("0s".into());
    }))
    .unwrap_err();
    let lines: Vec<String> = errors.iter().map(InputError::line).collect();
    let starts = [
        "`url` has `/api/v1`",
        "`threshold` is `< 1%`",
        "`window`: ",
        "`interval` is `0s`",
        "`query` has `{{ w",
    ];
    assert_eq!(lines.len(), starts.len(), "{lines:#?}");
    for (line, start) in lines.iter().zip(starts) {
        assert!(line.starts_with(&format!("metric `up[{{{{ window }}}}]`: {start}")), "{line}");
    }
    for threshold in ["", "1", "< x", "< NaN", "< inf", "< 1e999", "!= 1", "=< 1", "= 1", "< 1 2", "<"] {
        assert!(
            MetricCheck::parse(&record(|record| record.threshold = threshold.into())).is_err(),
            "{threshold}"
        );
    }
    let none = |record: &mut Metric| record.window = Some("0s".into());
    assert!(MetricCheck::parse(&record(none)).unwrap_err()[0].line().contains("longer `window`"));
    let long = |record: &mut Metric| record.query = "(".repeat(3_000);
    assert!(MetricCheck::parse(&record(long)).unwrap_err()[0].line().contains("recording rule"));
}
