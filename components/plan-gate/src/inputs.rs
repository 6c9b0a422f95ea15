//! Parses the inputs into a policy.

use lockstep_sdk::suggest;

use crate::Inputs;
use crate::action::Action;
use crate::failure::{Code, Error};
use crate::policy::{Counted, Limit, Policy, Rule};
use crate::require::Requirement;
use crate::slip;
use crate::text::clip_at;

/// Parses the policy of a run.
///
/// # Errors
/// Returns an error for every invalid entry.
pub fn parse_policy(inputs: &Inputs) -> Result<Policy, Vec<Error>> {
    let mut policy = Policy {
        on_unknown: inputs.on_unknown,
        on_drift: inputs.on_drift,
        on_checks: inputs.on_checks,
        ..Policy::default()
    };
    let mut errors = Vec::new();
    for (name, entries, rules) in
        [("allow", &inputs.allow, &mut policy.allow), ("deny", &inputs.deny, &mut policy.deny)]
    {
        for text in entries {
            match parse_rule(text) {
                Ok(rule) if name == "allow" && rule.is_about_outputs() => {
                    let reason =
                        "`allow` is about resources: write `deny` for outputs, such as `delete:output.*`";
                    errors.push(invalid(name, text, reason));
                }
                Ok(rule) => rules.push(rule),
                Err(reason) => errors.push(invalid(name, text, &reason)),
            }
        }
    }
    for text in &inputs.max {
        match parse_limit(text) {
            Ok(Limit { counted, .. }) if policy.max.iter().any(|other| other.counted == counted) => {
                errors.push(invalid("max", text, &format!("there are two entries for `{counted}`")));
            }
            Ok(limit) => policy.max.push(limit),
            Err(reason) => errors.push(invalid("max", text, &reason)),
        }
    }
    policy.count_replacements();
    for text in &inputs.require {
        match Requirement::parse(text) {
            Ok(requirement) => requirement.add_to(&mut policy.require),
            Err(reason) => errors.push(invalid("require", text, &reason)),
        }
    }
    errors.extend(check_files(inputs, &inputs.plan));
    if errors.is_empty() { Ok(policy) } else { Err(errors) }
}

/// Checks that the files that the step writes are not the same, and are none of these plans.
pub fn check_files(inputs: &Inputs, plans: &[String]) -> Vec<Error> {
    let plain = |path: &str| path.trim_start_matches("./").to_owned();
    let files = [("summary-file", &inputs.summary_file), ("gitlab-report", &inputs.gitlab_report)];
    let files = files.into_iter().filter_map(|(name, file)| Some((name, plain(file.as_deref()?))));
    let is_plan = |file: &String| plans.iter().any(|plan| plain(plan) == *file);
    let mut errors: Vec<Error> = files
        .clone()
        .filter(|(_, file)| is_plan(file))
        .map(|(name, file)| {
            let message =
                format!("`{name}` is the plan `{}`, which the file would replace", clip_at(&file, 80));
            Error::new(Code::BadInput, message).hint("name another file, which no pattern of `plan` matches")
        })
        .collect();
    if let [(_, one), (_, other)] = &files.collect::<Vec<_>>()[..]
        && one == other
    {
        let message = "`gitlab-report` and `summary-file` are the same file";
        errors.push(Error::new(Code::BadInput, message).hint("name two files"));
    }
    errors
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
    let action = match glob.filter(|glob| Action::parse(glob).is_some()) {
        Some(glob) => {
            return Err(format!("the action comes first: write `{glob}:{}`", clip_at(name.trim(), 80)));
        }
        None => parse_action(name)?,
    };
    if let Some(glob) = glob {
        slip::check(glob)?;
    }
    let rule = Rule { action, glob: glob.map(str::to_owned) };
    let has_outputs = matches!(action, Action::Create | Action::Update | Action::Delete);
    match rule.is_about_outputs() && !has_outputs {
        true => Err("a plan creates, updates or deletes an output".into()),
        false => Ok(rule),
    }
}

/// Parses `ACTION=N`.
fn parse_limit(text: &str) -> Result<Limit, String> {
    let (name, number) = text.split_once('=').ok_or("write ACTION=N, such as `delete=0`")?;
    let digits = number.trim();
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err("the text after `=` is not a number".into());
    }
    let maximum = digits.parse().map_err(|_| format!("the number is larger than {}", u32::MAX))?;
    let counted = match name.trim() {
        "destroy" => Counted::Destroy,
        name => Counted::Action(parse_action(name)?),
    };
    Ok(Limit { counted, maximum })
}

fn parse_action(name: &str) -> Result<Action, String> {
    let name = name.trim();
    Action::parse(name).ok_or_else(|| {
        let valid = Action::ALL.map(Action::name);
        let expected = match name.to_lowercase().as_str() {
            "destroy" | "remove" => "did you mean `delete`?".into(),
            "add" => "did you mean `create`?".into(),
            "change" => "did you mean `update`?".into(),
            _ => suggest::expected(name, &valid),
        };
        let name = clip_at(name.lines().next().unwrap_or_default(), 80);
        format!("invalid action `{name}`: {expected}")
    })
}
