//! Finds all options of a command line that neither `run` nor the step has. clap tells of the first only.

use super::missing_value::{is_option, takes_value};
use super::{PLAIN_FLAGS, VALUE_OPTIONS};
use lockstep_model::info::InputInfo;
use lockstep_model::near;

/// The problem with all unknown options, each with the nearest option; `None` if there are fewer than two. `words` starts
/// with the program's name.
pub(crate) fn unknown_options(words: &[String], inputs: &[InputInfo]) -> Option<String> {
    let mut unknown: Vec<&str> = Vec::new();
    let mut words = words.iter().skip(1);
    while let Some(word) = words.next() {
        if takes_value(word, inputs) {
            words.next();
        } else if word.len() > 1 && word.starts_with('-') && word != "--" && !is_option(word, inputs) {
            let name = word.split_once('=').map_or(word.as_str(), |(name, _)| name);
            if !unknown.contains(&name) {
                unknown.push(name);
            }
        }
    }
    let near = |name: &str| {
        let own = VALUE_OPTIONS.iter().chain(&PLAIN_FLAGS).filter_map(|option| option.strip_prefix("--"));
        let known = inputs.iter().map(|input| input.name.as_str()).chain(own);
        near::nearest(name.trim_start_matches('-'), known).map(|near| format!(" (did you mean `--{near}`?)"))
    };
    let shown = |name: &&str| format!("`{name}`{}", near(name).unwrap_or_default());
    let all: Vec<String> = unknown.iter().map(shown).collect();
    (all.len() > 1).then(|| format!("{} unknown options: {}", all.len(), all.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use lockstep_model::types::Type;

    #[test]
    fn all_unknown_options_are_named_with_the_nearest_one() {
        let inputs = [InputInfo::bare("files", &Type::String), InputInfo::bare("set", &Type::String)];
        let problem =
            |line: &str| unknown_options(&line.split(' ').map(str::to_owned).collect::<Vec<_>>(), &inputs);
        let said = problem("lockstep run a --flies x --files --odd --zzzz=1 --dry-run").unwrap();
        assert_eq!(said, "2 unknown options: `--flies` (did you mean `--files`?), `--zzzz`");
        let said = problem("lockstep run a --recipt x --polcy y -qv -C..").unwrap();
        assert!(said.contains("(did you mean `--receipt`?), `--polcy` (did you mean `--policy`?)"), "{said}");
        assert_eq!(problem("lockstep run a --flies x"), None);
        assert_eq!(problem("lockstep run a --files --odd - --set --flies"), None);
    }
}
