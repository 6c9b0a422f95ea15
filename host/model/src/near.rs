//! The name that somebody most likely meant by a word that names nothing.

/// The longest word to compare, in bytes. No name is nearly as long.
const MAX_WORD: usize = 100;
/// The shortest word that may stand for a name that has it in it, in bytes.
const MIN_PART: usize = 3;

/// The question for the name that is nearest to a word: ``did you mean `NAME`?`` There is none if no name is near.
pub fn question<'n>(word: &str, known: impl IntoIterator<Item = &'n str>) -> Option<String> {
    nearest(word, known).map(|near| format!("did you mean `{near}`?"))
}

/// The name that is nearest to a word. At most a third of its characters may differ, unless one has the other in it.
pub fn nearest<'n>(word: &str, known: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    if word.len() > MAX_WORD {
        return None;
    }
    let names: Vec<&str> = known.into_iter().collect();
    let distance = |name: &&&str| strsim::osa_distance(name, word);
    let near = names.iter().min_by_key(distance);
    let near = near.filter(|name| distance(name) * 3 <= name.len().max(word.len()));
    let holds = |long: &str, part: &str| part.len() >= MIN_PART && long.contains(part);
    let within = |name: &&&str| holds(name, word) || holds(word, name);
    let part = || names.iter().filter(within).min_by_key(|name| name.len().abs_diff(word.len()));
    near.or_else(part).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_asked_for_and_a_far_one_is_not() {
        let known = ["recover", "recovery", "plan-gate", "files", "set"];
        let ask = |word: &str| question(word, known);
        assert_eq!(ask("recovr").as_deref(), Some("did you mean `recover`?"));
        assert_eq!(ask("plan_gate").as_deref(), Some("did you mean `plan-gate`?"));
        assert_eq!(ask("gate").as_deref(), Some("did you mean `plan-gate`?"));
        assert_eq!(ask("flies").as_deref(), Some("did you mean `files`?"));
        for far in ["", "zzz", "a", "e", &"recover".repeat(20)] {
            assert_eq!(ask(far), None, "{far}");
        }
        assert_eq!(question("x", []), None);
    }
}
