//! Finds patterns that match nothing in the plans of a run.

use crate::glob;
use crate::policy::{OUTPUT, Policy};
use crate::slip::as_glob;
use crate::text::clip_at;

/// The patterns of a policy, and whether each matches anything in the plans of the run.
#[derive(Debug, Default)]
pub struct Coverage(Vec<Pattern>);

/// A pattern of an input.
#[derive(Debug)]
pub struct Pattern {
    /// The name of the input.
    pub input: &'static str,
    /// The entry of the input.
    pub entry: String,
    glob: String,
    /// The glob for the pattern, if it is a simple regular expression.
    regex: Option<String>,
    /// The pattern with a star on both ends.
    part: String,
    is_matched: bool,
    near: Option<Near>,
}

/// Something of the plan that the pattern nearly matches.
#[derive(Debug)]
enum Near {
    /// The pattern matches this if case does not count.
    OtherCase(String),
    /// The pattern matches a part of something.
    Part,
    /// The pattern matches something as a regular expression.
    Regex,
}

impl Coverage {
    /// The patterns of the policy.
    pub fn of(policy: &Policy) -> Self {
        let rules =
            [("allow", &policy.allow), ("deny", &policy.deny)].into_iter().flat_map(|(input, rules)| {
                rules
                    .iter()
                    .filter_map(move |rule| Some(Pattern::new(input, rule.to_string(), rule.glob.as_ref()?)))
            });
        let required = policy.require.iter();
        let required = required.map(|one| Pattern::new("require", one.to_string(), &one.glob));
        Self(rules.chain(required).collect())
    }

    /// Sees a resource, changed or not: its type and its addresses.
    pub(crate) fn see_resource<'n>(&mut self, names: impl IntoIterator<Item = &'n str> + Clone) {
        self.see(names, false);
    }

    /// Sees an output by its address, such as `output.url`.
    pub(crate) fn see_output(&mut self, address: &str) {
        self.see([address], true);
    }

    fn see<'n>(&mut self, names: impl IntoIterator<Item = &'n str> + Clone, is_output: bool) {
        let unmatched = self.0.iter_mut().filter(|pattern| !pattern.is_matched);
        for pattern in unmatched.filter(|pattern| pattern.is_about_outputs() == is_output) {
            for name in names.clone() {
                pattern.see(name);
            }
        }
    }

    /// The patterns that match nothing.
    pub fn unmatched(&self) -> impl Iterator<Item = &Pattern> {
        self.0.iter().filter(|pattern| !pattern.is_matched)
    }
}

impl Pattern {
    fn new(input: &'static str, entry: String, glob: &str) -> Self {
        let (regex, part) = (as_glob(glob), format!("*{}*", glob.trim_matches('*')));
        Self { input, entry, glob: glob.to_owned(), regex, part, is_matched: false, near: None }
    }

    fn see(&mut self, name: &str) {
        if self.is_matched || glob::matches(&self.glob, name) {
            self.is_matched = true;
        } else if self.near.is_none() {
            self.near = if glob::matches_ignoring_case(&self.glob, name) {
                Some(Near::OtherCase(name.to_owned()))
            } else if self.regex.as_ref().is_some_and(|regex| glob::matches(regex, name)) {
                Some(Near::Regex)
            } else {
                glob::matches(&self.part, name).then_some(Near::Part)
            };
        }
    }

    /// Whether the pattern is about outputs.
    pub fn is_about_outputs(&self) -> bool {
        self.glob.starts_with(OUTPUT)
    }

    /// The next act.
    pub fn hint(&self) -> String {
        match &self.near {
            Some(Near::OtherCase(name)) => format!("case counts: there is `{}`", clip_at(name, 120)),
            Some(Near::Part) => {
                format!("a pattern matches the whole type or address: write `{}`", clip_at(&self.part, 80))
            }
            Some(Near::Regex) => {
                let glob = clip_at(self.regex.as_deref().unwrap_or_default(), 80);
                format!("a pattern is a glob, not a regular expression: write `{glob}`")
            }
            None => "check its spelling, unless it is for resources to come".into(),
        }
    }
}
