//! What holds for every check, metric, answer and time. It never waits.
#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

mod common_web;

use common_web::{Answered, Model, answer, check_input, failed, metric_input, response};
use deploy_verify::metric::{self, MetricCheck, Sample};
use deploy_verify::smoke::{self, HeaderPattern, JsonValue, SmokeCheck, StatusRanges, Verdict, judge};
use deploy_verify::web::{Url, excerpt};
use deploy_verify::{Check, Metric, NoData};
use lockstep_sdk::http::ErrorCode;
use lockstep_sdk::{Deadline, duration};
use lockstep_yaml::{Path, Segment};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value as Json, json};

fn checks() -> impl Strategy<Value = SmokeCheck> {
    (any::<bool>(), 1..5_u32, 0..70_u64, 1..15_u64).prop_map(|(versioned, consecutive, retry, timeout)| {
        SmokeCheck::parse(&Check {
            body: Some("fine".into()),
            expect_version: versioned.then(|| "2".to_owned()),
            version_at: versioned.then(|| "header v".to_owned()),
            consecutive: Some(consecutive),
            retry: Some(format!("{retry}s")),
            timeout: Some(format!("{timeout}s")),
            ..check_input("http://a/")
        })
        .unwrap()
    })
}

fn answers() -> impl Strategy<Value = Answered> {
    let kinds = select(vec![
        answer(200, &[("v", "2")], "fine"),
        answer(200, &[("v", "2")], "fine"),
        answer(200, &[("v", "2")], "fine"),
        answer(200, &[("v", "1")], "fine"),
        answer(200, &[("v", "2")], "broken"),
        answer(500, &[("v", "2")], "fine"),
        failed(ErrorCode::ConnectionRefused),
        failed(ErrorCode::ResponseTimeout),
    ]);
    (kinds, prop_oneof![4 => 0..100_u64, 1 => 0..20_000_u64]).prop_map(|((answer, _), took)| (answer, took))
}

/// What one sample of a metric is answered.
fn results() -> impl Strategy<Value = String> {
    let value = select(vec!["0", "0.5", "1", "NaN", "+Inf", "-Inf"]);
    let vector = vec(value, 0..3).prop_map(|values| {
        let series: Vec<Json> =
            values.iter().map(|value| json!({"metric": {}, "value": [1, value]})).collect();
        json!({"status": "success", "data": {"resultType": "vector", "result": series}}).to_string()
    });
    prop_oneof![3 => vector, 1 => Just("{}".to_owned()), 1 => Just(r#"{"status":"error"}"#.to_owned())]
}

fn segments() -> impl Strategy<Value = Segment> {
    prop_oneof![
        3 => "[a-z.\\[\\]=\"' /~|ü]{0,4}".prop_map(Segment::Key),
        1 => (0..3_usize).prop_map(Segment::Index),
    ]
}

proptest! {
    #[test]
    fn a_check_passes_only_after_the_required_streak(
        check in checks(), answers in vec(answers(), 1..30), limit in 0..200_000_u64,
    ) {
        let mut given: Vec<bool> = Vec::new();
        let (mut web, mut time) = Model::new(|_: &str, count, _| answers[count % answers.len()].clone());
        let deadline = Deadline::after(0, limit);
        let outcome = smoke::run(&mut web, &mut time, std::slice::from_ref(&check), deadline, &mut |_, _| ());
        let outcome = outcome.unwrap().remove(0);
        for (number, (_, request)) in web.requests.iter().enumerate() {
            let (answer, took) = &answers[number % answers.len()];
            let in_time = *took <= u64::from(request.timeout_ms);
            given.push(in_time && answer.as_ref().is_ok_and(|answer| judge(&check, answer).is_ok()));
        }
        let wanted = check.consecutive as usize;
        let row = given.len() >= wanted && given[given.len() - wanted..].iter().all(|good| *good);
        prop_assert_eq!(outcome.verdict == Verdict::Passed, row);
        prop_assert_eq!(outcome.attempts as usize, given.len());
        if outcome.verdict == Verdict::Failed {
            let last = web.requests.last().unwrap().0;
            prop_assert!(last >= check.retry_ms && given.last() == Some(&false), "given up at {}", last);
        }
        for (time, request) in &web.requests {
            prop_assert!(time + u64::from(request.timeout_ms) <= limit);
        }
        // Nobody is asked more often than ten times a second, or after the time is up.
        let times = web.times("http://a/");
        prop_assert!(times.windows(2).all(|pair| pair[1] - pair[0] >= 100));
        prop_assert!(times.iter().all(|time| *time < limit));
        let bad = given.iter().filter(|good| !**good).count() as u64;
        prop_assert!(bad <= 6 + limit / 5_000, "{} answers that are not good in {} ms", bad, limit);
    }

    #[test]
    fn a_metric_passes_only_with_data(
        results in vec(results(), 1..12), on_no_data in select(vec![NoData::Fail, NoData::Inconclusive]),
        sign in select(vec!["<", "<=", ">", ">=", "=="]),
    ) {
        let metric = MetricCheck::parse(&Metric {
            on_no_data,
            ..metric_input("http://p", "q", &format!("{sign} 0.5"))
        }).unwrap();
        let (mut web, mut time) = Model::new(|_: &str, count, _| answer(200, &[], &results[count % results.len()]));
        let mut samples = Vec::new();
        let mut hear = |_: &MetricCheck, sample: &Sample| samples.push(sample.clone());
        let deadline = Deadline::after(0, 600_000);
        let outcome = metric::run(&mut web, &mut time, &[metric], deadline, &mut hear).unwrap().remove(0);
        let good = samples.iter().filter(|sample| matches!(sample, Sample::Good(_))).count();
        let data = samples.iter().filter(|sample| matches!(sample, Sample::Good(_) | Sample::Violated(_)));
        let data: Vec<_> = data.collect();
        if outcome.verdict == metric::Verdict::Passed {
            prop_assert!(samples.len() == 6 && data.len() > 3 && good * 2 > data.len());
            prop_assert!(matches!(data.last(), Some(Sample::Good(_))));
            prop_assert!(data.windows(2).all(|two| two.iter().any(|one| matches!(one, Sample::Good(_)))));
        }
        if data.is_empty() {
            prop_assert!(outcome.verdict != metric::Verdict::Passed);
        }
        if samples.iter().all(|sample| matches!(sample, Sample::Error { .. })) {
            prop_assert_eq!(outcome.verdict, metric::Verdict::Error);
        }
    }

    #[test]
    fn no_text_makes_a_reader_panic(text in prop_oneof!["\\PC{0,40}", any::<String>(), "[.a\\[\\]\"'=0x*:, -]{0,20}"]) {
        let _ = (Url::parse(&text), StatusRanges::parse(&text), HeaderPattern::parse(&text), JsonValue::parse(&text), duration::parse_input("x", &text));
        let texts = Some(vec![text.clone()]);
        let some = Some(text.clone());
        let record = Check {
            url: text.clone(), send: texts.clone(), status: some.clone(), body: some.clone(), header: texts.clone(),
            json: texts, expect_version: some.clone(), version_at: some.clone(), consecutive: None,
            timeout: some.clone(), retry: some.clone(),
        };
        prop_assert!(SmokeCheck::parse(&record).is_err_and(|errors| !errors.is_empty()));
        let record = Metric {
            url: text.clone(), query: text.clone(), threshold: text.clone(), window: some.clone(), interval: some,
            on_no_data: NoData::Fail,
        };
        prop_assert!(MetricCheck::parse(&record).is_err_and(|errors| !errors.is_empty()));
        let short = excerpt(&text);
        prop_assert!(short.chars().count() <= 121 && !short.contains(char::is_control));
    }

    #[test]
    fn no_answer_makes_a_judge_panic(text in any::<String>(), body in vec(any::<u8>(), 0..60)) {
        prop_assume!(!text.trim().is_empty() && !text.contains(char::is_control));
        let record = Check {
            expect_version: Some(text.clone()), json: Some(vec![".a=1".into()]),
            ..check_input("http://a/")
        };
        let mut bodies = vec![body, format!("a{text}b {text}").into_bytes(), format!("{text}{text}").into_bytes()];
        bodies.push(text.into_bytes());
        for body in bodies {
            prop_assert!(judge(&SmokeCheck::parse(&record).unwrap(), &response(200, &[], body)).is_err());
        }
    }

    #[test]
    fn a_path_leads_to_the_value_that_stands_there(steps in vec(segments(), 1..5), number in any::<i64>()) {
        let document = steps.iter().rev().fold(json!(number), |inner, step| match step {
            Segment::Key(key) => json!({key: inner, format!("{key}x"): 0}),
            Segment::Index(index) => {
                let mut items = vec![json!(0); *index];
                items.push(inner);
                Json::Array(items)
            }
            _ => inner,
        });
        let path = Path::of(steps).to_string();
        let text = format!("{path}={number}");
        let value = JsonValue::parse(&text).unwrap();
        prop_assert_eq!(value.check(&document), Ok(()));
        prop_assert_eq!(JsonValue::parse(&value.to_string()).unwrap(), value);
        let other = JsonValue::parse(&format!("{path}={number}0.5")).unwrap();
        prop_assert!(other.check(&document).is_err());
    }
}
