//! Inputs that say the same in two ways, and inputs that mean nothing together, in whole runs on the fakes.
#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

mod common;

use common::shop::{inputs, shop};
use env_promote::{Inputs, Mode};

#[test]
fn an_input_of_a_pull_request_is_refused_for_a_commit() {
    let commit = || Inputs { mode: Mode::Commit, ..inputs() };
    for (name, given) in [
        ("branch", Inputs { branch: "release".into(), ..commit() }),
        ("body", Inputs { body: Some("why".into()), ..commit() }),
        ("labels", Inputs { labels: vec!["prod".into()], ..commit() }),
        ("auto-merge", Inputs { auto_merge: true, ..commit() }),
        ("wait", Inputs { wait: "1m".into(), ..commit() }),
    ] {
        let mut model = shop();
        let failed = model.run(&given).unwrap_err();
        let expected = format!("`{name}` is valid only with `mode: pull-request`");
        assert_eq!((failed.code(), &*failed.failure.message), ("bad-input", &*expected));
        assert!(model.log.is_empty());
    }
}

#[test]
fn an_environment_may_be_written_with_a_dot_in_front() {
    let inputs =
        Inputs { mode: Mode::Commit, from: "./envs/dev".into(), to: vec!["./envs/prod/".into()], ..inputs() };
    assert!(shop().run(&inputs).unwrap().changed);
}
