//! The names of the branches of pull requests, filled in from a pattern. Never asks whether a branch is there.

use lockstep_glue::Mistake;

/// The last number of a further branch.
pub const LAST: u32 = 9;

/// What a pattern may name.
const HOLES: [&str; 3] = ["{app}", "{from}", "{to}"];

/// Fills in a pattern.
///
/// # Errors
/// It names something else, or two places would share a branch.
pub fn fill(pattern: &str, app: &str, from: &str, to: &[String]) -> Result<String, Mistake> {
    let values = [slug(app), slug(from), to.iter().map(|to| slug(to)).collect::<Vec<_>>().join("+")];
    let filled =
        HOLES.iter().zip(values).fold(pattern.to_owned(), |text, (hole, value)| text.replace(hole, &value));
    if filled.contains(['{', '}']) {
        let message = format!("`branch`: `{pattern}` has a brace that is none of {}", HOLES.join(", "));
        return Err(Mistake::new(message, "write for example `promote/{app}-{to}`"));
    }
    if !pattern.contains("{to}") && !pattern.contains("{from}") {
        let message = format!("`branch`: `{pattern}` is the same wherever it is promoted to");
        return Err(Mistake::new(message, "have `{to}` in it, so that there is a branch for each place"));
    }
    Ok(filled)
}

/// A branch like this one for when that is somebody else's by now; the first is that branch itself.
#[must_use]
pub fn numbered(branch: &str, number: u32) -> String {
    if number < 2 { branch.to_owned() } else { format!("{branch}-{number}") }
}

/// A text as one part of a branch's name.
fn slug(text: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '.' | '_') { c } else { '-' };
    text.trim_matches('/').chars().map(plain).collect::<String>().trim_matches(['-', '.']).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_branch_is_named_after_what_goes_where() {
        let to = ["envs/prod".to_owned(), "envs/eu".to_owned()];
        let fill = |pattern: &str, app: &str| fill(pattern, app, "envs/dev", &to);
        assert_eq!(fill("promote/{app}-{to}", "shop/web").unwrap(), "promote/shop-web-envs-prod+envs-eu");
        assert_eq!(fill("{from}/{app}", "web").unwrap(), "envs-dev/web");
        assert!(fill("promote/{env}-{to}", "web").is_err());
        assert!(fill("promote/{app}", "web").is_err());
        assert_eq!(numbered("promote/web", 1), "promote/web");
        assert_eq!(numbered("promote/web", 2), "promote/web-2");
    }
}
