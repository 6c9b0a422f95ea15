//! The judge of `cargo xtask score` sees what it is there for: real readers tell damage from noise.

use lockstep_tests::peers::judge::{Outcome, judge};
use lockstep_tests::peers::readers::Reader;
use lockstep_tests::peers::tools::Attempt;
use lockstep_tests::peers::{self, corpus::PlannedEdit};

const EXPECTED: &str = "kind: Kustomization\nimages:\n- name: a\n- name: b\n\nmode: \"off\"  # by hand\n";

/// What the judge says of a tool that leaves this and no error.
fn outcome(after: &str, readers: &[Reader]) -> Outcome {
    let mut planned: PlannedEdit = peers::planned().swap_remove(0);
    planned.expected = vec![EXPECTED.to_owned()];
    let attempt = Attempt { after: after.as_bytes().to_vec(), error: None };
    judge(&[(&planned, attempt)], readers).unwrap_or_else(|error| panic!("{error}"))[0]
}

#[test]
fn readers_tell_damage_from_noise() {
    let readers = Reader::all().unwrap_or_else(|error| panic!("{error}"));
    let changed = |old: &str, new: &str| {
        let after = EXPECTED.replace(old, new);
        assert_ne!(after, EXPECTED);
        outcome(&after, &readers)
    };
    assert_eq!(outcome(EXPECTED, &readers), Outcome::Exact);
    assert_eq!(changed("\n\n", "\n"), Outcome::Noisy { comments_lost: false });
    assert_eq!(changed("\"off\"", "'off'"), Outcome::Noisy { comments_lost: false });
    assert_eq!(changed("  # by hand", ""), Outcome::Noisy { comments_lost: true });
    assert_eq!(
        changed("- name: a\n- name: b", "- name: b\n- name: a"),
        Outcome::Noisy { comments_lost: false }
    );
    assert_eq!(changed("\"off\"", "off"), Outcome::Damaged, "a boolean to Kubernetes");
    assert_eq!(changed("\"off\"", "\"on\""), Outcome::Damaged);
    assert_eq!(changed("\"off\"", "\"off"), Outcome::Damaged);
    assert_eq!(changed("mode:", "---\nmode:"), Outcome::Damaged);
}
