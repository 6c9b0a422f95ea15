//! Names the head branches of pull requests from a pattern. Never looks for a branch.

use lockstep_sdk::{InputError, suggest};

/// The number of the last branch with `on-foreign: new-branch`.
pub const LAST: u32 = 9;

/// The placeholders of a pattern.
const PLACEHOLDERS: [&str; 3] = ["{app}", "{from}", "{to}"];

/// Fills in a pattern.
///
/// # Errors
/// The pattern has another placeholder, or two targets would share a branch.
pub fn fill(pattern: &str, app: &str, from: &str, to: &[String]) -> Result<String, InputError> {
    let values = [slug(app), slug(from), to.iter().map(|to| slug(to)).collect::<Vec<_>>().join("+")];
    let filled = PLACEHOLDERS
        .iter()
        .zip(values)
        .fold(pattern.to_owned(), |text, (placeholder, value)| text.replace(placeholder, &value));
    if filled.contains(['{', '}']) {
        let invalid = filled
            .find('{')
            .map_or("", |start| filled[start..].split_inclusive('}').next().unwrap_or_default());
        let expected = suggest::expected(invalid, &PLACEHOLDERS);
        let message = format!("`branch`: invalid placeholder in `{pattern}`: {expected}");
        return Err(InputError::new(message, "write for example `promote/{app}-{to}`"));
    }
    if !pattern.contains("{to}") && !pattern.contains("{from}") {
        let message = format!("`branch`: `{pattern}` gives the same branch for all targets");
        return Err(InputError::new(message, "add `{to}`, so that each target has a branch"));
    }
    Ok(filled)
}

/// The branch with a number behind its name; number 1 is the branch itself.
#[must_use]
pub fn numbered(branch: &str, number: u32) -> String {
    if number < 2 { branch.to_owned() } else { format!("{branch}-{number}") }
}

/// A text as a part of a branch name.
fn slug(text: &str) -> String {
    let replace = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '.' | '_') { c } else { '-' };
    text.trim_matches('/').chars().map(replace).collect::<String>().trim_matches(['-', '.']).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_branch_is_named_after_the_app_and_the_environments() {
        let to = ["envs/prod".to_owned(), "envs/eu".to_owned()];
        let fill = |pattern: &str, app: &str| fill(pattern, app, "envs/dev", &to);
        assert_eq!(fill("promote/{app}-{to}", "shop/web").unwrap(), "promote/shop-web-envs-prod+envs-eu");
        assert_eq!(fill("{from}/{app}", "web").unwrap(), "envs-dev/web");
        let invalid = |pattern: &str| fill(pattern, "web").unwrap_err().message;
        assert!(invalid("promote/{env}-{to}").ends_with("expected one of `{app}`, `{from}`, `{to}`"));
        assert!(invalid("promote/{ap}-{to}").ends_with("did you mean `{app}`?"));
        assert!(fill("promote/{app}", "web").is_err());
        assert_eq!(numbered("promote/web", 1), "promote/web");
        assert_eq!(numbered("promote/web", 2), "promote/web-2");
    }
}
