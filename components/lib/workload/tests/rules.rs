//! The inputs `grace` and `rules`: what they change, and what is said of mistakes.

use lockstep_workload::{Class, RULES, RuleId, Rules, words};

fn parse(grace: Option<&str>, overrides: &[&str]) -> Result<Rules, Vec<String>> {
    Rules::parse(grace, &overrides.iter().map(|&one| one.to_owned()).collect::<Vec<_>>())
}

#[test]
fn times_are_changed() {
    let rules = parse(None, &["crash-loop=5m", " unschedulable = never ", "never-ready=1h"]).unwrap();
    assert_eq!(rules.grace(RuleId::CrashLoop), Some(300));
    assert_eq!(rules.grace(RuleId::Unschedulable), None);
    assert_eq!(rules.grace(RuleId::NeverReady), Some(3_600));
    assert_eq!(rules.grace(RuleId::Quota), Some(300));
    // A rule of its own outdoes the general time, in whichever order.
    let rules = parse(Some("30s"), &["crash-loop=5m"]).unwrap();
    assert_eq!(rules.grace(RuleId::CrashLoop), Some(300));
    for rule in RULES.iter().filter(|rule| rule.id != RuleId::CrashLoop) {
        let expected = if rule.class == Class::Lasting { Some(30) } else { rule.grace };
        assert_eq!(rules.grace(rule.id), expected, "{}", rule.name);
    }
}

#[test]
fn every_mistake_is_told_with_a_hint() {
    let wrong = [
        ("crashloop=5m", "did you mean `crash-loop`?"),
        ("something=5m", "there are crash-loop, init-crash"),
        ("crash-loop=5", "it lacks the unit"),
        ("crash-loop=forever", "or write `crash-loop=never`"),
        ("crash-loop", "write `RULE=DURATION`"),
        ("", "write `RULE=DURATION`"),
        ("ready", "write `RULE=DURATION`"),
        ("ready widgets.example.com", "write `ready KIND=PATH=VALUE`"),
        ("ready widgets.example.com=.a..b=c", "is not a path"),
        ("failed =.status.phase=x", "does not say the kind"),
        ("ready=widgets.example.com=.status.phase=x", "write `ready KIND=PATH=VALUE`"),
        ("ready Deployment.apps=.status.phase=x", "Deployment has rules of its own"),
    ];
    let texts: Vec<&str> = wrong.iter().map(|(text, _)| *text).collect();
    let mistakes = parse(Some("soon"), &texts).unwrap_err();
    assert!(mistakes[0].contains("`soon` is not a length of time"), "{}", mistakes[0]);
    assert_eq!(mistakes.len(), wrong.len() + 1);
    for (mistake, (text, hint)) in mistakes[1..].iter().zip(wrong) {
        assert!(mistake.contains(hint), "{text}: {mistake}");
    }
    let twice = parse(None, &["quota=1m", "quota=2m"]).unwrap_err();
    assert_eq!(twice, ["`quota` is given twice: leave one of them out"]);
}

#[test]
fn the_table_can_be_printed() {
    let rows: Vec<[String; 4]> = words::table().collect();
    assert_eq!(rows.len(), RULES.len());
    assert_eq!(rows[0][..3], ["crash-loop", "1m", "no"]);
    assert!(rows.iter().any(|row| row[..3] == ["never-ready", "never", "yes"]));
}
