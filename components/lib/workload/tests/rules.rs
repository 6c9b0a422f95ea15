//! The inputs `grace` and `rules`: what they change, and what is said of mistakes.

use lockstep_workload::{Class, RULES, RuleId, Rules, messages};

fn parse(grace: Option<&str>, overrides: &[&str]) -> Result<Rules, Vec<String>> {
    Rules::parse(grace, &overrides.iter().map(|&one| one.to_owned()).collect::<Vec<_>>())
}

#[test]
fn grace_periods_can_be_overridden() {
    let rules = parse(None, &["crash-loop=5m", " unschedulable = never ", "never-ready=1h"]).unwrap();
    assert_eq!(rules.grace(RuleId::CrashLoop), Some(300));
    assert_eq!(rules.grace(RuleId::Unschedulable), None);
    assert_eq!(rules.grace(RuleId::NeverReady), Some(3_600));
    assert_eq!(rules.grace(RuleId::Quota), Some(300));
    // A rule of its own outdoes the general time, in whichever order.
    let rules = parse(Some("30s"), &["crash-loop=5m"]).unwrap();
    assert_eq!(rules.grace(RuleId::CrashLoop), Some(300));
    for rule in RULES.iter().filter(|rule| rule.id != RuleId::CrashLoop) {
        let expected = if rule.class == Class::Permanent { Some(30) } else { rule.grace };
        assert_eq!(rules.grace(rule.id), expected, "{}", rule.name);
    }
}

#[test]
fn every_error_has_a_hint() {
    let wrong = [
        ("crashloop=5m", "did you mean `crash-loop`?"),
        ("something=5m", "expected one of `crash-loop`, `init-crash`"),
        ("crash-loop=5", "the unit is missing"),
        ("crash-loop=forever", "or write `crash-loop=never`"),
        ("crash-loop", "write `RULE=DURATION`"),
        ("", "write `RULE=DURATION`"),
        ("ready", "write `RULE=DURATION`"),
        ("ready widgets.example.com", "write `ready KIND=PATH=VALUE`"),
        ("ready widgets.example.com=.a..b=c", "a key is empty"),
        ("ready widgets.example.com=.conditions[type=Ready", "`]` is missing"),
        ("ready widgets.example.com=.status.phase", "`=` is missing after it"),
        ("ignore", "write `RULE=DURATION`"),
        ("ignore=widgets.example.com", "`ignore` lacks its kind"),
        ("ignore Widget", "write other kinds with their group"),
        ("ignore Job=x", "is not a kind"),
        ("failed =.status.phase=x", "does not say the kind"),
        ("ready=widgets.example.com=.status.phase=x", "write `ready KIND=PATH=VALUE`"),
        ("ready Deployment.apps=.status.phase=x", "Deployment has rules of its own"),
    ];
    let texts: Vec<&str> = wrong.iter().map(|(text, _)| *text).collect();
    let errors = parse(Some("soon"), &texts).unwrap_err();
    assert!(errors[0].contains("`grace`: invalid duration `soon`"), "{}", errors[0]);
    assert_eq!(errors.len(), wrong.len() + 1);
    for (error, (text, hint)) in errors[1..].iter().zip(wrong) {
        assert!(error.contains(hint), "{text}: {error}");
    }
    let twice = parse(None, &["quota=1m", "quota=2m"]).unwrap_err();
    assert_eq!(twice, ["`quota` is given twice: leave one of them out"]);
}

#[test]
fn the_table_can_be_printed() {
    let rows: Vec<[String; 4]> = messages::table().collect();
    assert_eq!(rows.len(), RULES.len());
    assert_eq!(rows[0][..3], ["crash-loop", "1m", "no"]);
    assert!(rows.iter().any(|row| row[..3] == ["never-ready", "never", "yes"]));
}
