//! Parses the inputs into a policy.

use lockstep_sdk::suggest;

use crate::Inputs;
use crate::action::Action;
use crate::failure::{Code, Error};
use crate::policy::{Policy, Rule};
use crate::text::clip_at;

/// Parses the policy of a run.
///
/// # Errors
/// Returns an error for every invalid entry.
pub fn parse_policy(inputs: &Inputs) -> Result<Policy, Vec<Error>> {
    let mut policy = Policy { on_drift: inputs.on_drift, on_checks: inputs.on_checks, ..Policy::default() };
    let mut errors = Vec::new();
    for (name, entries, rules) in
        [("allow", &inputs.allow, &mut policy.allow), ("deny", &inputs.deny, &mut policy.deny)]
    {
        for text in entries {
            match parse_rule(text) {
                Ok(rule) => rules.push(rule),
                Err(reason) => errors.push(invalid(name, text, &reason)),
            }
        }
    }
    for text in &inputs.max {
        match parse_maximum(text) {
            Ok((action, _)) if policy.max.iter().any(|(other, _)| *other == action) => {
                errors.push(invalid("max", text, &format!("there are two entries for `{action}`")));
            }
            Ok(maximum) => policy.max.push(maximum),
            Err(reason) => errors.push(invalid("max", text, &reason)),
        }
    }
    let plain = |path: &str| path.trim_start_matches("./").to_owned();
    if inputs.summary_file.as_deref().is_some_and(|file| plain(file) == plain(&inputs.plan)) {
        let message = "`summary-file` is `plan`: the summary would replace the plan, and a dry run would show its values";
        errors.push(Error::new(Code::BadInput, message).hint("name another file"));
    }
    if errors.is_empty() { Ok(policy) } else { Err(errors) }
}

fn invalid(input: &str, text: &str, reason: &str) -> Error {
    let entry = clip_at(text.lines().next().unwrap_or_default(), 80);
    Error::new(Code::BadInput, format!("{input} `{entry}`: {reason}"))
}

/// Parses `ACTION[:GLOB]`.
fn parse_rule(text: &str) -> Result<Rule, String> {
    let (name, glob) = match text.split_once(':') {
        Some((name, glob)) => (name, Some(glob.trim())),
        None => (text, None),
    };
    if glob == Some("") {
        return Err("a type or an address is missing after the colon".into());
    }
    Ok(Rule { action: parse_action(name)?, glob: glob.map(str::to_owned) })
}

/// Parses `ACTION=N`.
fn parse_maximum(text: &str) -> Result<(Action, u32), String> {
    let (name, number) = text.split_once('=').ok_or("write ACTION=N, such as `delete=0`")?;
    let digits = number.trim();
    let is_plain = digits.bytes().all(|byte| byte.is_ascii_digit());
    let number = digits.parse().ok().filter(|_| is_plain).ok_or("the text after `=` is not a number")?;
    Ok((parse_action(name)?, number))
}

fn parse_action(name: &str) -> Result<Action, String> {
    let name = name.trim();
    Action::parse(name).ok_or_else(|| {
        let valid = Action::ALL.map(Action::name);
        let expected = suggest::expected(name, &valid);
        let name = clip_at(name.lines().next().unwrap_or_default(), 80);
        format!("invalid action `{name}`: {expected}")
    })
}
