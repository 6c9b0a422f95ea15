//! The cases of this step, run against the pure modules: what they promise is so before any host runs them.
#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use std::collections::BTreeMap;
use std::path::Path;

use deploy_verify::host::{Back, Host, LogOf};
use deploy_verify::problem::Kind;
use deploy_verify::settings::Inputs;
use deploy_verify::smoke;
use deploy_verify::verify::verify;
use deploy_verify::web::{Answers, Fault, Request, Web};
use lockstep_cases::Case;
use lockstep_glue::{Clock, Level, Tell};
use lockstep_rollout::{Effect, Event, Selection, Watch};

/// Files and no cluster: a case that gets as far as one fails.
struct Files(BTreeMap<String, Vec<u8>>);

impl Watch for Files {
    type Watcher = ();

    fn watch(&mut self, selections: &[Selection]) -> Result<(), Fault> {
        panic!("{selections:?} are followed")
    }

    fn next(&mut self, (): &mut (), _: u32) -> Result<Vec<(u32, Event)>, Fault> {
        panic!("nothing is followed")
    }

    fn get(&mut self, _: &str, kind: &str, name: &str) -> Result<String, Fault> {
        panic!("{kind} {name} is looked at")
    }
}

impl Host for Files {
    fn glob(&mut self, pattern: &str) -> Result<Vec<String>, Fault> {
        let folder = pattern.trim_end_matches("*.yaml");
        Ok(self.0.keys().filter(|path| path.starts_with(folder)).cloned().collect())
    }

    fn read(&mut self, path: &str) -> Result<Vec<u8>, Fault> {
        self.0.get(path).cloned().ok_or_else(|| Fault::NotFound(path.to_owned()))
    }

    fn write(&mut self, path: &str, _: &str) -> Result<(), Fault> {
        panic!("{path} is written")
    }

    fn logs(&mut self, of: LogOf<'_>) -> Result<String, Fault> {
        panic!("{of:?} is read")
    }

    fn rollback(&mut self, back: Back<'_>) -> Result<Effect, Fault> {
        panic!("{back:?}")
    }

    fn evict(&mut self, _: &str, pod: &str, _: &str) -> Result<Effect, Fault> {
        panic!("{pod} is to end")
    }
}

impl Web for Files {
    fn send(&mut self, requests: &[Request]) -> Result<Answers, Fault> {
        panic!("{requests:?} are sent")
    }
}

/// A clock that stands still, and nobody who listens.
struct Nobody;

impl Clock for Nobody {
    fn now(&self) -> u64 {
        0
    }

    fn sleep(&mut self, _: u64) {}
}

impl Tell for Nobody {
    fn note(&mut self, _: Level, _: &str) {}

    fn progress(&mut self, _: usize, _: usize) {}
}

#[test]
fn every_case_holds() {
    lockstep_cases::every(&Path::new(env!("CARGO_MANIFEST_DIR")).join("cases"), 7, check);
}

fn check(case: &mut Case) {
    let record = |text: String| {
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        let text = |name: &str| value[name].as_str().map(str::to_owned);
        smoke::Record { url: text("url").unwrap(), status: text("status"), ..smoke::Record::default() }
    };
    let namespace = case.list("--namespace");
    let inputs = Inputs {
        resources: case.list("--resources"),
        namespace: if namespace.is_empty() { vec![".".to_owned()] } else { namespace },
        timeout: case.one("--timeout").unwrap_or_else(|| "10m".to_owned()),
        grace: case.one("--grace"),
        rules: case.list("--rules"),
        smoke: case.list("--smoke").into_iter().map(record).collect(),
        ..Inputs::default()
    };
    let mut files = Files(case.files());
    let problems = verify(&mut files, &mut Nobody, &mut Nobody, &inputs).unwrap_err();
    let rejected = problems[0].code.kind() == Kind::Rejected;
    let messages: Vec<_> = problems.iter().map(|problem| problem.message.as_str()).collect();
    case.assert_refused(rejected, problems[0].code.name(), &messages.join("; "), &problems);
}
