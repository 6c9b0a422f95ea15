//! Every planned edit of the corpus through the finished program: the bytes are those planned, or the edit is
//! refused and the file untouched. The other tools are measured by `cargo xtask score`.

use lockstep_tests::peers::judge::{Outcome, by_bytes};
use lockstep_tests::peers::tools::{Attempt, Tool};
use lockstep_tests::peers::{self, corpus::PlannedEdit};
use lockstep_tests::support;

/// Edits that change the right value and more bytes than planned. One that has become exact must go from here.
const NOISY: [&str; 0] = [];

fn outcomes(plan: &[PlannedEdit]) -> Vec<(Option<Outcome>, Attempt)> {
    let tool = Tool::Lockstep(support::slim());
    let attempts = tool.attempt(plan).unwrap_or_else(|error| panic!("{error}"));
    let attempts = attempts.into_iter().map(|attempt| attempt.expect("it attempts all"));
    plan.iter().zip(attempts).map(|(planned, attempt)| (by_bytes(planned, &attempt), attempt)).collect()
}

#[test]
fn every_planned_edit_is_exact_or_refused() {
    let plan = peers::planned();
    assert!(plan.len() >= 1400, "{} edits", plan.len());
    let (mut exact, mut noisy) = (0, 0);
    for (planned, (outcome, attempt)) in plan.iter().zip(outcomes(&plan)) {
        let after = String::from_utf8_lossy(&attempt.after);
        match outcome {
            Some(Outcome::Exact) => exact += 1,
            Some(Outcome::Refused) => {}
            None if NOISY.contains(&planned.name.as_str()) => noisy += 1,
            _ => panic!("{}: {after:?} instead of {:?}: {:?}", planned.name, planned.expected, attempt.error),
        }
    }
    assert_eq!(noisy, NOISY.len());
    assert!(exact * 100 >= plan.len() * 99, "{exact} of {} edits are exact", plan.len());
}

/// Shows that the test above sees one wrong byte.
#[test]
fn a_wrong_byte_is_seen() {
    let mut plan: Vec<PlannedEdit> = peers::planned().into_iter().take(1).collect();
    assert!(matches!(outcomes(&plan)[0].0, Some(Outcome::Exact)));
    plan[0].expected = vec![format!("{} ", plan[0].expected[0])];
    assert_eq!(outcomes(&plan)[0].0, None);
}
