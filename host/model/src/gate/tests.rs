//! The gate, alone: what it lets through, what it denies, what it remembers.

use super::*;
use crate::grant::Permission;

/// A request on the workspace about one path.
fn on_path<'a>(function: &'static str, path: &'a str) -> CallRequest<'a> {
    CallRequest::new(Capability::Workspace, function, RawTarget::Path(path))
}

/// A function of the capability that needs this right.
fn function(capability: Capability, right: &str) -> &'static str {
    let needed = capability.right(right).unwrap();
    capability.spec().functions.iter().find(|(_, right)| *right == Some(needed)).unwrap().0
}

fn gate(calls: u64) -> Gate {
    let permission = Permission::parse(Capability::Workspace, "read deploy/*").unwrap();
    Gate::new(
        Grant { requested: vec![permission], ceilings: vec![], policy: None },
        Limits { calls, ..Limits::default() },
    )
}

fn read(gate: &Gate, path: &str) -> Result<(), CallError> {
    gate.call(on_path("read", path), |_| Ok(Answer::new((), 7, None)))
}

#[test]
fn the_gate_executes_and_records_a_granted_call() {
    let gate = gate(10);
    read(&gate, "deploy/a").unwrap();
    let log = gate.log();
    assert_eq!((log.records[0].verdict, log.records[0].bytes), ("allowed", 7));
    assert_eq!(log.denial, None);
}

#[test]
fn a_denied_call_is_not_executed_and_ends_the_run() {
    for path in ["src/a", "../a", "/etc/passwd", "deploy/../src/a", "deploy/a/b"] {
        let gate = gate(10);
        let result = gate
            .call(on_path("read", path), |_| -> Result<Answer<()>, _> { panic!("{path} was carried out") });
        assert!(matches!(result, Err(CallError::Denied(_))), "{path}: {result:?}");
        let log = gate.log();
        assert_eq!((log.records.len(), log.records[0].verdict), (1, "denied"));
        assert!(log.denial.is_some());
    }
}

#[test]
fn a_denial_by_the_capability_ends_the_run() {
    let gate = gate(10);
    let answer = |_: &Permit| -> Result<Answer<()>, _> { Err(CallError::Denied("a symbolic link".into())) };
    assert!(gate.call(on_path("read", "deploy/link"), answer).is_err());
    assert_eq!(gate.log().denial.as_deref(), Some("a symbolic link"));
}

#[test]
fn after_a_denial_the_gate_executes_records_and_counts_no_call() {
    let gate = gate(1_000);
    assert!(read(&gate, "src/first").is_err());
    let never = |_: &Permit| -> Result<Answer<()>, _> { panic!("carried out after a denial") };
    for path in ["deploy/a", "src/b", "", "../c"] {
        assert!(matches!(gate.call(on_path("read", path), never), Err(CallError::LimitExceeded(_))));
        assert!(gate.call_on(on_path("read-at", path), never).is_err());
        let requests = [on_path("read", path), on_path("read", "src/d")];
        assert!(gate.call_each::<()>(&requests, |_| panic!("carried out after a denial")).is_err());
    }
    assert!(!gate.admit_report(1) && !gate.admit_mask(1, 1) && gate.admit_jobs(1).is_err());
    assert!(gate.closed().unwrap().contains("read `src/first`"), "{:?}", gate.closed());
    let log = gate.log();
    assert_eq!((log.records.len(), &*log.records[0].target), (1, "src/first"));
    assert!(log.denial.unwrap().contains("src/first"));
    assert_eq!(log.exhausted, None);
    assert_eq!(gate.state().calls, 1);
}

#[test]
fn a_call_in_progress_when_the_gate_was_closed_is_still_recorded() {
    let gate = gate(10);
    let carried_out = gate.call(on_path("read", "deploy/a"), |_| {
        gate.close("the run is over its time");
        Ok(Answer::plain(()))
    });
    assert_eq!(carried_out, Ok(()));
    assert_eq!(gate.log().records.len(), 1);
}

#[test]
fn calls_are_counted_and_the_one_past_the_limit_closes_the_gate() {
    let gate = gate(2);
    assert!(read(&gate, "deploy/a").is_ok());
    assert!(read(&gate, "deploy/b").is_ok());
    assert!(matches!(read(&gate, "src/a"), Err(CallError::LimitExceeded(_))));
    assert!(gate.closed().is_some());
    for _ in 0..10 {
        let _ = read(&gate, "src/a");
    }
    let log = gate.log();
    assert!(log.exhausted.is_some());
    assert_eq!((log.records.len(), log.denial), (3, None));
}

#[test]
fn reports_masks_and_jobs_over_their_budgets_close_the_gate() {
    let over: [fn(&Gate); 4] = [
        |gate| assert!(!gate.admit_report(8 * 1024 * 1024)),
        |gate| assert!(!gate.admit_mask(1, 8 * 1024 * 1024)),
        |gate| assert!(gate.admit_jobs(11).is_err()),
        |gate| while gate.admit_report(0) {},
    ];
    for over in over {
        let gate = gate(10);
        over(&gate);
        assert!(gate.closed().is_some());
        assert!(matches!(read(&gate, "deploy/a"), Err(CallError::LimitExceeded(_))));
        let log = gate.log();
        assert!(log.exhausted.is_some() && log.records.is_empty(), "{log:?}");
    }
}

#[test]
fn a_budget_of_a_capability_leaves_the_gate_open() {
    let gate = gate(10);
    let full: Result<(), _> =
        gate.call(on_path("read", "deploy/large"), |_| Err(CallError::LimitExceeded("too large".into())));
    assert!(full.is_err() && read(&gate, "deploy/a").is_ok());
    let log = gate.log();
    assert_eq!((log.exhausted.as_deref(), log.records.len()), (Some("too large"), 2));
}

#[test]
fn a_closed_gate_executes_no_call() {
    let gate = gate(10);
    gate.close("the run is over its time");
    assert!(matches!(read(&gate, "deploy/a"), Err(CallError::LimitExceeded(_))));
    assert!(!gate.admit_report(1));
}

#[test]
fn a_refused_mask_ends_all_reports() {
    let gate = gate(10);
    assert!(gate.admit_mask(1, 1_000) && gate.admit_report(1));
    assert!(!gate.admit_mask(1, 8 * 1024 * 1024) && !gate.admit_report(1));
    assert!(gate.log().exhausted.is_some());
}

fn objects(gate: &Gate, names: &[&str], sources: &[&str]) -> Result<Vec<Result<(), CallError>>, CallError> {
    let request = |at| CallRequest {
        source: sources.get(at).copied(),
        ..CallRequest::new(Capability::Objects, "put-objects", RawTarget::Object(names[at]))
    };
    let requests: Vec<_> = (0..names.len()).map(request).collect();
    gate.call_each(&requests, |permits| permits.iter().map(|_| Ok(Answer::plain(()))).collect())
}

fn storing() -> Gate {
    let requested = vec![
        Permission::parse(Capability::Workspace, "read dist/**").unwrap(),
        Permission::parse(Capability::Objects, "put s3://releases/web/").unwrap(),
    ];
    Gate::new(Grant { requested, ceilings: vec![], policy: None }, Limits::default())
}

#[test]
fn each_call_of_a_batch_has_its_own_record() {
    let gate = storing();
    let answers = objects(&gate, &["s3://releases/web/a", "s3://releases/web/b"], &["dist/a"]).unwrap();
    assert_eq!(answers.len(), 2);
    let log = gate.log();
    let targets: Vec<_> = log.records.iter().map(|record| (record.target.as_str(), record.verdict)).collect();
    assert_eq!(targets, [("s3://releases/web/a", "allowed"), ("s3://releases/web/b", "allowed")]);
}

#[test]
fn one_denied_call_stops_all_of_its_batch() {
    for (names, sources) in [
        (["s3://releases/web/a", "s3://releases/api/b"], ["dist/a", "dist/b"]),
        (["s3://releases/web/a", "s3://releases/web/b"], ["dist/a", "src/b"]),
        (["s3://releases/web/a", "s3://releases/web/b"], ["dist/a", "dist/.git/config"]),
        (["s3://releases/web/a", "s3://releases/web/../b"], ["dist/a", "dist/b"]),
    ] {
        let gate = storing();
        assert!(
            matches!(objects(&gate, &names, &sources), Err(CallError::Denied(_))),
            "{names:?} {sources:?}"
        );
        let log = gate.log();
        assert_eq!((log.records.len(), log.records[0].verdict), (1, "denied"));
        assert!(log.denial.is_some());
    }
}

#[test]
fn only_the_first_denied_call_of_a_batch_has_a_record() {
    let gate = storing();
    let many: Vec<_> = (0..10_000).map(|number| format!("s3://releases/api/{number}")).collect();
    let many: Vec<_> = many.iter().map(String::as_str).collect();
    let gate_of = Gate::new(gate.grant.clone(), Limits { calls: 300_000, ..Limits::default() });
    assert!(matches!(objects(&gate_of, &many, &[]), Err(CallError::Denied(_))));
    let log = gate_of.log();
    assert_eq!((log.records.len(), &*log.records[0].target), (1, "s3://releases/api/0"));
    // The log has the invalid calls before it too: they do not end the run.
    let mixed = ["s3://releases/web/\n", "s3://releases/api/a", "s3://releases/api/b"];
    assert!(objects(&gate, &mixed, &[]).is_err());
    let log = gate.log();
    let verdicts: Vec<_> = log.records.iter().map(|record| record.verdict).collect();
    assert_eq!(verdicts, ["invalid", "denied"]);
    assert!(log.denial.is_some());
}

#[test]
fn each_executed_call_of_a_batch_has_a_record_even_after_a_denial() {
    let gate = storing();
    let names = ["s3://releases/web/a", "s3://releases/web/b", "s3://releases/web/c"];
    let request = |name| CallRequest::new(Capability::Objects, "put-objects", RawTarget::Object(name));
    let answers = gate.call_each(&names.map(request), |_| {
        vec![
            Ok(Answer::plain(())),
            Err(CallError::Denied("it shows a credential".into())),
            Ok(Answer::plain(())),
        ]
    });
    assert_eq!(answers.unwrap().len(), 3);
    let verdicts: Vec<_> = gate.log().records.iter().map(|record| record.verdict).collect();
    assert_eq!(verdicts, ["allowed", "denied", "allowed"]);
    assert_eq!(gate.closed().as_deref(), Some("denied: it shows a credential"));
}

/// A gate that grants these lines on a capability.
fn granting(capability: Capability, lines: &[(&str, &str)]) -> Gate {
    let right =
        |(rights, scope): &(&str, &str)| Permission::parse(capability, &format!("{rights} {scope}")).unwrap();
    Gate::new(
        Grant { requested: lines.iter().map(right).collect(), ceilings: vec![], policy: None },
        Limits::default(),
    )
}

#[test]
fn only_urls_below_a_granted_origin_are_allowed() {
    let get = |url: &str| {
        let gate =
            granting(Capability::Http, &[("get", "https://a.example"), ("private", "https://a.example")]);
        let request = CallRequest::new(Capability::Http, "send", RawTarget::Url(url));
        gate.call(request, |permit| {
            Ok(Answer::plain((
                permit.web().unwrap().origin(),
                permit.may(Right::Private),
                permit.may(Right::Get),
            )))
        })
    };
    assert_eq!(get("https://a.example/x?y"), Ok(("https://a.example".into(), true, true)));
    for denied in [
        "http://a.example/",
        "https://b.example/",
        "https://a.example.b.example/",
        "https://a.example@b.example/",
        "https://A.example/",
        "https://a.example./",
        "https://a.example:8443/",
        "https://a.example\\@b.example/",
    ] {
        assert!(matches!(get(denied), Err(CallError::Denied(_))), "{denied}: {:?}", get(denied));
    }
    assert!(matches!(get("a.example"), Err(CallError::Invalid(_))));
}

#[test]
fn a_right_on_one_origin_gives_no_right_on_another() {
    let gate = granting(Capability::Http, &[("get", "https://a.example"), ("private", "https://b.example")]);
    let target = RawTarget::Url("https://a.example/");
    let request = CallRequest::new(Capability::Http, "send", target);
    assert_eq!(gate.call(request, |permit| Ok(Answer::plain(permit.may(Right::Private)))), Ok(false));
}

#[test]
fn a_cluster_call_needs_its_namespace_and_its_right() {
    let on = |verb: &'static str, text: &str| {
        let gate = granting(
            Capability::Cluster,
            &[("read,logs", "shop/*"), ("rollback", "shop/Deployment.apps/web")],
        );
        let (capability, target) = (Capability::Cluster, RawTarget::Resource(text));
        let request = CallRequest::new(capability, function(capability, verb), target);
        gate.call(request, |permit| Ok(Answer::plain(permit.resource().unwrap().name().map(str::to_owned))))
    };
    assert_eq!(on("read", "shop/Pod/web-1"), Ok(Some("web-1".into())));
    assert_eq!(on("logs", "shop/Pod/web-1"), Ok(Some("web-1".into())));
    assert_eq!(on("rollback", "shop/Deployment.apps/web"), Ok(Some("web".into())));
    for (verb, denied) in [
        ("read", "shop/Secret/token"),
        ("read", "shop/secret/token"),
        ("read", "other/Pod/web"),
        ("read", "./Pod/web"),
        ("read", "-/Node/a"),
        ("read", "*/Pod/web"),
        ("read", "shop/*/web"),
        ("read", "shop/Pod/web/../../secrets/x"),
        ("read", "shop/Pod/web/log"),
        ("read", "shop/Pod/.."),
        ("read", "shop/Pod/web%2flog"),
        ("rollback", "shop/Deployment.apps/other"),
        ("rollback", "shop/StatefulSet.apps/web"),
    ] {
        assert!(
            matches!(on(verb, denied), Err(CallError::Denied(_))),
            "{verb} {denied}: {:?}",
            on(verb, denied)
        );
    }
}

#[test]
fn each_change_of_a_cluster_object_needs_its_own_right() {
    const CHANGES: [(&str, &str); 5] = [
        ("rollback", "shop/Deployment.apps/web"),
        ("scale", "shop/Deployment.apps/web"),
        ("suspend", "shop/CronJob.batch/nightly"),
        ("evict", "shop/Pod"),
        ("put-config-map", "shop/ConfigMap/memory"),
    ];
    let on = |granted: &[(&str, &str)], verb: &'static str, text: &str| {
        let (capability, target) = (Capability::Cluster, RawTarget::Resource(text));
        let request = CallRequest::new(capability, function(capability, verb), target);
        granting(capability, granted).call(request, |_| Ok(Answer::plain(())))
    };
    for (verb, scope) in CHANGES {
        let target = if verb == "evict" { "shop/Pod/web-1" } else { scope };
        assert_eq!(on(&[(verb, scope)], verb, target), Ok(()), "{verb}");
        // All other rights on everything there, and the right itself on everything elsewhere.
        let others: Vec<_> = CHANGES.iter().map(|(other, _)| *other).filter(|other| *other != verb).collect();
        let others = format!("read,logs,{}", others.join(","));
        for granted in [
            vec![(&*others, "*/*")],
            vec![(verb, "other/*"), (verb, "./*"), (verb, "-/*")],
            vec![
                (verb, "shop/Deployment/web"),
                (verb, "shop/Deployment.evil.example/web"),
                (verb, "shop/Node"),
            ],
        ] {
            let result = on(&granted, verb, target);
            assert!(matches!(result, Err(CallError::Denied(_))), "{verb} with {granted:?}: {result:?}");
        }
        // No scope allows to change objects that hold credentials, or all objects at once.
        for target in ["shop/Secret/token", "shop/SECRET/token", "*/Pod/web-1", "shop/*/web"] {
            let result = on(&[(verb, "*/*")], verb, target);
            assert!(matches!(result, Err(CallError::Denied(_))), "{verb} {target}: {result:?}");
        }
    }
}

#[test]
fn a_call_on_a_resource_is_counted_and_recorded_only_if_it_fails() {
    let gate = granting(Capability::Cluster, &[("read", "shop/*")]);
    let (capability, target) = (Capability::Cluster, RawTarget::Staged);
    let request = CallRequest::new(capability, "next", target);
    assert_eq!(gate.call_on(request, |_| Ok(Answer::plain(1))), Ok(1));
    let failed: Result<(), _> = gate.call_on(request, |_| Err(CallError::LimitExceeded("bytes".into())));
    assert!(failed.is_err());
    let log = gate.log();
    assert_eq!((log.records.len(), log.records[0].verdict), (1, "limit-exceeded"));
    let few = Gate::new(Grant::default(), Limits { calls: 1, ..Limits::default() });
    assert!(few.call_on(request, |_| Ok(Answer::plain(()))).is_ok());
    assert!(few.call_on(request, |_| Ok(Answer::plain(()))).is_err());
}
