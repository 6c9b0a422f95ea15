//! The word that somebody most likely meant.

use lockstep_model::near;

/// `did you mean …?` for a word that is none of these, if one of them is near; else all of them.
pub(crate) fn hint(word: &str, known: &[String]) -> String {
    match near::question(word, known.iter().map(String::as_str)) {
        Some(question) => question,
        None if known.len() > 80 => format!("none of {} names is near", known.len()),
        None => format!("expected one of {}", known.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::hint;

    #[test]
    fn a_hint_asks_for_a_near_name_and_lists_all_if_none_is_near() {
        let known = ["recover", "recovery", "plan-gate"].map(str::to_owned);
        assert_eq!(hint("rceover", &known), "did you mean `recover`?");
        assert_eq!(hint("recovr", &known), "did you mean `recover`?");
        assert_eq!(hint("zzz", &known), "expected one of recover, recovery, plan-gate");
    }
}
