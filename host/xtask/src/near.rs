//! The word that somebody most likely meant.

use strsim::osa_distance;

/// `did you mean …?` for a word that is none of these, if one of them is near; else all of them.
pub(crate) fn hint(word: &str, known: &[String]) -> String {
    match nearest(word, known) {
        Some(near) => format!("did you mean `{near}`?"),
        None if known.len() > 80 => format!("none of {} names is near", known.len()),
        None => format!("expected one of {}", known.join(", ")),
    }
}

/// The name that is nearest to a word: at most a third of its characters differ, or one contains the other.
fn nearest<'n>(word: &str, known: &'n [String]) -> Option<&'n str> {
    let within = |name: &&String| name.contains(word) || word.contains(name.as_str());
    let part = known.iter().filter(within).min_by_key(|name| name.len().abs_diff(word.len()));
    let near =
        known.iter().map(|name| (osa_distance(name, word), name)).min_by_key(|(distance, _)| *distance);
    let near = near.filter(|(distance, name)| *distance * 3 <= name.len().max(word.len()));
    near.map(|(_, name)| name).or(part).map(String::as_str)
}

#[cfg(test)]
mod tests {
    use super::hint;

    #[test]
    fn a_hint_asks_for_a_near_name_and_lists_all_if_none_is_near() {
        let known = ["recover", "recovery", "plan-gate"].map(str::to_owned);
        assert_eq!(hint("rceover", &known), "did you mean `recover`?");
        assert_eq!(hint("recovr", &known), "did you mean `recover`?");
        assert_eq!(hint("plan_gate", &known), "did you mean `plan-gate`?");
        assert_eq!(hint("gate", &known), "did you mean `plan-gate`?");
        assert_eq!(hint("zzz", &known), "expected one of recover, recovery, plan-gate");
    }
}
