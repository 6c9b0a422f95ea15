//! The inputs `include` and `exclude`: which files of the sources the step uploads. It never looks at a file.

use fast_glob::glob_match;

/// A pattern of `include` or `exclude`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FilterPattern {
    /// The text of the input.
    pub text: String,
    glob: String,
}

/// The patterns of both inputs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// The step uploads only files that one of these matches; all files if there is none.
    pub include: Vec<FilterPattern>,
    /// The step uploads no file that one of these matches.
    pub exclude: Vec<FilterPattern>,
}

impl FilterPattern {
    /// Parses a pattern of the input with this name.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(input: &str, text: &str) -> Result<Self, String> {
        let glob = text.strip_prefix("./").unwrap_or(text);
        let glob = glob.strip_suffix('/').unwrap_or(glob);
        if glob.is_empty() {
            return Err(format!("`{input}` has an empty pattern"));
        }
        if glob.starts_with('/') || glob.split('/').any(|part| matches!(part, "" | "." | "..")) {
            return Err(format!(
                "`{text}` of `{input}`: a pattern matches paths below `to`; write it like `assets/*.js`"
            ));
        }
        if glob.starts_with('!') {
            return Err(format!(
                "`{text}` of `{input}`: a pattern cannot begin with `!`; use `include` and `exclude`"
            ));
        }
        Ok(Self { text: text.to_owned(), glob: glob.to_owned() })
    }

    /// Whether the pattern matches a key, or a folder above it.
    #[must_use]
    pub fn matches(&self, key: &str) -> bool {
        if !self.glob.contains('/') {
            return key.split('/').any(|name| self.glob == name || glob_match(&self.glob, name));
        }
        let ends = key.match_indices('/').map(|(at, _)| at).chain([key.len()]);
        ends.map(|end| &key[..end]).any(|path| self.glob == path || glob_match(&self.glob, path))
    }
}

impl Filter {
    /// Whether the patterns leave this key out.
    #[must_use]
    pub fn leaves_out(&self, key: &str) -> bool {
        let any = |patterns: &[FilterPattern]| patterns.iter().any(|pattern| pattern.matches(key));
        !self.include.is_empty() && !any(&self.include) || any(&self.exclude)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

    use super::*;

    fn pattern(text: &str) -> FilterPattern {
        FilterPattern::parse("exclude", text).unwrap()
    }

    #[test]
    fn a_pattern_matches_names_paths_and_folders_above() {
        for (text, key) in [
            ("*.map", "a.map"),
            ("*.map", "js/b.map"),
            ("node_modules", "a/node_modules/b/c.js"),
            ("node_modules/", "node_modules/c.js"),
            ("./js/*.js", "js/a.js"),
            ("js/*", "js/a/b.js"),
            ("**/test/**", "a/test/b"),
            ("[slug]", "[slug]/a.js"),
            ("a/[id].js", "a/[id].js"),
        ] {
            assert!(pattern(text).matches(key), "{text} should match {key}");
        }
        for (text, key) in
            [("*.map", "a.map.js"), ("js/*.js", "lib/js/a.js"), ("js", "a.js"), ("a/b", "a/bc")]
        {
            assert!(!pattern(text).matches(key), "{text} should not match {key}");
        }
    }

    #[test]
    fn exclude_counts_more_than_include() {
        let filter = Filter { include: vec![pattern("*.js")], exclude: vec![pattern("test")] };
        assert!(!filter.leaves_out("a.js") && filter.leaves_out("a.css") && filter.leaves_out("test/a.js"));
        assert!(!Filter::default().leaves_out("a"));
    }

    #[test]
    fn a_pattern_that_can_match_nothing_is_invalid() {
        for text in ["", "/", "/a", "a//b", "../a", "!a", "./"] {
            assert!(FilterPattern::parse("exclude", text).is_err(), "{text:?} passed");
        }
    }
}
