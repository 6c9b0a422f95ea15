//! The word that somebody most likely meant.

/// `did you mean …?` for a word that is none of these, if one of them is near; else all of them.
pub(crate) fn hint(word: &str, known: &[String]) -> String {
    match nearest(word, known) {
        Some(near) => format!("did you mean `{near}`?"),
        None if known.len() > 80 => format!("none of {} names is near", known.len()),
        None => format!("expected one of {}", known.join(", ")),
    }
}

/// The name that is nearest to a word. At most a third of its characters may differ, unless one has the other in it.
fn nearest<'n>(word: &str, known: &'n [String]) -> Option<&'n str> {
    let within = |name: &&String| name.contains(word) || word.contains(name.as_str());
    let part = known.iter().filter(within).min_by_key(|name| name.len().abs_diff(word.len()));
    let near = known.iter().map(|name| (distance(name, word), name)).min_by_key(|(distance, _)| *distance);
    let near = near.filter(|(distance, name)| *distance * 3 <= name.len().max(word.len()));
    near.map(|(_, name)| name).or(part).map(String::as_str)
}

/// How many characters differ: those outside of the longest common subsequence of the longer text.
fn distance(one: &str, other: &str) -> usize {
    let (one, other): (Vec<char>, Vec<char>) = (one.chars().collect(), other.chars().collect());
    let mut common = vec![0; other.len() + 1];
    for letter in &one {
        let mut before = 0;
        for (at, second) in other.iter().enumerate() {
            let above = common[at + 1];
            common[at + 1] = if letter == second { before + 1 } else { above.max(common[at]) };
            before = above;
        }
    }
    one.len().max(other.len()) - common[other.len()]
}

#[cfg(test)]
mod tests {
    use super::{distance, hint};

    #[test]
    fn a_hint_asks_for_a_near_name_and_lists_all_if_none_is_near() {
        let known = ["recover", "recovery", "plan-gate"].map(str::to_owned);
        assert_eq!(hint("recovr", &known), "did you mean `recover`?");
        assert_eq!(hint("plan_gate", &known), "did you mean `plan-gate`?");
        assert_eq!(hint("gate", &known), "did you mean `plan-gate`?");
        assert_eq!(hint("zzz", &known), "expected one of recover, recovery, plan-gate");
    }

    #[test]
    fn a_distance_counts_characters_that_differ() {
        assert_eq!([distance("abc", "abc"), distance("abc", "abd"), distance("", "ab")], [0, 1, 2]);
    }
}
