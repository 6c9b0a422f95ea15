//! The cases of this step, run with fakes.
#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

mod cases_host;

use std::path::Path;

use cases_host::Files;
use deploy_verify::{Check, Inputs, Rollback};
use lockstep_cases::Case;
use lockstep_sdk::fake::{FakeClock, FakeReporter};
use lockstep_sdk::types::FailureKind;

#[test]
fn every_case_holds() {
    lockstep_cases::every(&Path::new(env!("CARGO_MANIFEST_DIR")).join("cases"), 11, check);
}

/// A smoke check as `--smoke` has it.
fn smoke(text: &str) -> Check {
    let value: serde_json::Value = serde_json::from_str(text).unwrap();
    let text = |name: &str| value[name].as_str().map(str::to_owned);
    Check {
        url: text("url").unwrap(),
        status: text("status"),
        send: None,
        body: None,
        header: None,
        json: None,
        expect_version: None,
        version_at: None,
        consecutive: None,
        timeout: None,
        retry: None,
    }
}

fn check(case: &mut Case) {
    let namespace = case.list("--namespace");
    let inputs = Inputs {
        resources: case.list("--resources"),
        namespace: if namespace.is_empty() { vec![".".to_owned()] } else { namespace },
        context: None,
        timeout: case.one("--timeout").unwrap_or_else(|| "10m".to_owned()),
        grace: case.one("--grace"),
        rules: case.list("--rules"),
        smoke: case.list("--smoke").iter().map(|text| smoke(text)).collect(),
        metrics: Vec::new(),
        allow_private: false,
        credentials: Vec::new(),
        rollback: Rollback::Never,
        evidence: String::new(),
    };
    let mut reporter = FakeReporter::default();
    let mut host = Files::new(case.files());
    let failure =
        deploy_verify::run(&mut host, &mut reporter, &mut FakeClock::default(), &inputs).unwrap_err();
    let messages = format!("{}; {}", failure.message, reporter.text());
    case.assert_refused(failure.kind == FailureKind::Rejected, &failure.code, &messages, &failure);
}
