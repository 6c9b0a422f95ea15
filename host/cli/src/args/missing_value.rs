//! Finds an option that lost its value, as `--manifest $EMPTY --dry-run` does: the next option would become the value, and
//! the run would be no dry run. Values may begin with `-`, so clap accepts that.

use super::{ALLOW_WORKSPACE_CREDENTIALS, PLAIN_FLAGS, VALUE_OPTIONS};
use lockstep_model::info::InputInfo;
use lockstep_model::types::Type;

/// The problem of the first option whose value would be another option of the command line; `None` if each has its own.
/// `words` starts with the program's name.
pub(crate) fn missing_value(words: &[String], inputs: &[InputInfo]) -> Option<String> {
    let mut words = words.iter().skip(1);
    while let Some(word) = words.next() {
        if let Some((name, "")) = word.split_once('=')
            && VALUE_OPTIONS.contains(&name)
        {
            return Some(format!("`{name}` has an empty value"));
        }
        if !takes_value(word, inputs) {
            continue;
        }
        let value = words.next()?;
        if value.is_empty() && VALUE_OPTIONS.contains(&word.as_str()) {
            return Some(format!("`{word}` has an empty value"));
        }
        if is_option(value, inputs) {
            return Some(format!(
                "`{word}` has no value: the next word is the option `{value}`; if that is the value, write `{word}={value}`"
            ));
        }
    }
    None
}

/// Whether the next word is the value of this one.
pub(super) fn takes_value(word: &str, inputs: &[InputInfo]) -> bool {
    let is_input = |name: &str| inputs.iter().any(|input| input.name == name && input.ty != Type::Bool);
    VALUE_OPTIONS.contains(&word) || word.strip_prefix("--").is_some_and(is_input)
}

/// Whether a word is an option of `run` or of the step, with a value behind `=` or without.
pub(super) fn is_option(word: &str, inputs: &[InputInfo]) -> bool {
    let name = word.split_once('=').map_or(word, |(name, _)| name);
    let is_input = |name: &str| inputs.iter().any(|input| input.name == name);
    let own = |name: &str| is_input(name) || matches!(name, "help" | ALLOW_WORKSPACE_CREDENTIALS);
    let short = name.strip_prefix('-').filter(|letters| !letters.is_empty() && !letters.starts_with('-'));
    VALUE_OPTIONS.contains(&name)
        || PLAIN_FLAGS.contains(&name)
        // `-CDIR` and `-qv`.
        || short.is_some_and(|letters| letters.starts_with('C') || letters.chars().all(|c| "qvh".contains(c)))
        || name.strip_prefix("--").is_some_and(own)
}

#[cfg(test)]
mod tests {
    use super::*;
    use lockstep_model::info::Shape;
    use serde_json::Value;

    fn problem(line: &str) -> Option<String> {
        let input = |name: &str, ty| InputInfo {
            name: name.into(),
            ty,
            shape: Shape::Text,
            docs: String::new(),
            required: false,
            default: Value::Null,
            choices: Vec::new(),
            fields: Vec::new(),
        };
        let inputs = [input("manifest", Type::String), input("immutable", Type::Bool)];
        missing_value(&line.split(' ').map(str::to_owned).collect::<Vec<_>>(), &inputs)
    }

    #[test]
    fn an_option_is_no_value_of_another_one() {
        for line in [
            "lockstep run a --manifest --dry-run",
            "lockstep run a --manifest --policy=p",
            "lockstep run a --manifest --manifest m",
            "lockstep run a --manifest --immutable=true",
            "lockstep run a --manifest -v",
            "lockstep run a --manifest -qv",
            "lockstep run a --manifest -C../prod",
            "lockstep run --policy --dry-run a",
        ] {
            assert!(problem(line).is_some_and(|text| text.contains("has no value")), "{line}");
        }
    }

    #[test]
    fn an_option_of_run_has_no_empty_value() {
        for line in ["lockstep run a --policy= --manifest m", "lockstep run --inputs  a"] {
            assert!(problem(line).is_some_and(|text| text.ends_with("has an empty value")), "{line}");
        }
        assert_eq!(problem("lockstep run a --manifest="), None);
        assert_eq!(problem("lockstep run a --manifest  --dry-run"), None);
    }

    #[test]
    fn other_words_with_a_hyphen_are_values() {
        for line in [
            "lockstep run a --manifest --all --dry-run",
            "lockstep run a --manifest=--dry-run",
            "lockstep run a --manifest - --dry-run",
            "lockstep run a --immutable --dry-run",
            "lockstep run a --dry-run --manifest",
        ] {
            assert_eq!(problem(line), None, "{line}");
        }
    }
}
