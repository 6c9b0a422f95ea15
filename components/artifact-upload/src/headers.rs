//! Rules that give files headers, `PATTERN=HEADER: VALUE`. It never looks at a file.

use fast_glob::glob_match;

use crate::media;

/// The headers that a rule can set.
pub const KNOWN: [&str; 6] = [
    "cache-control",
    "content-disposition",
    "content-encoding",
    "content-language",
    "content-type",
    "expires",
];

/// One rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// What it is compared with: the path below `to`, or the name of the file if it has no `/`.
    pattern: String,
    /// The header, in lower case.
    header: &'static str,
    /// Its value.
    value: String,
}

impl Rule {
    /// Reads a rule.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn read(text: &str) -> Result<Self, String> {
        let form = || format!("`{text}` is not of the form `PATTERN=HEADER: VALUE`");
        let (pattern, header) = text.split_once('=').ok_or_else(form)?;
        let (header, value) = header.split_once(':').ok_or_else(form)?;
        let (pattern, header, value) = (pattern.trim(), header.trim().to_ascii_lowercase(), value.trim());
        if pattern.is_empty() || value.is_empty() {
            return Err(form());
        }
        let known = KNOWN.into_iter().find(|known| *known == header);
        let header = known.ok_or_else(|| {
            format!("`{text}`: `{header}` is no header that can be set; there are {}", KNOWN.join(", "))
        })?;
        if !value.chars().all(|c| matches!(c, ' '..='~')) {
            return Err(format!("`{text}`: the value has characters that no header can have"));
        }
        if header == "expires" && !is_date(value) {
            return Err(format!("`{text}`: `expires` is a date such as `Sun, 06 Nov 1994 08:49:37 GMT`"));
        }
        let pattern = pattern.strip_prefix("./").unwrap_or(pattern);
        Ok(Self { pattern: pattern.to_owned(), header, value: value.to_owned() })
    }

    fn matches(&self, below: &str) -> bool {
        let name = below.rsplit('/').next().unwrap_or(below);
        glob_match(&self.pattern, if self.pattern.contains('/') { below } else { name })
    }
}

/// Whether it has the form of a date of HTTP, <https://www.rfc-editor.org/rfc/rfc9110#section-5.6.7>.
fn is_date(text: &str) -> bool {
    const FORM: &str = "Aaa, 00 Aaa 0000 00:00:00 GMT";
    let fits = |(form, c): (char, char)| match form {
        '0' => c.is_ascii_digit(),
        'A' => c.is_ascii_uppercase(),
        'a' => c.is_ascii_lowercase(),
        form => form == c,
    };
    text.len() == FORM.len() && FORM.chars().zip(text.chars()).all(fits)
}

/// The headers of a file with this path below `to`, sorted by name. Later rules win.
#[must_use]
pub fn of(rules: &[Rule], below: &str) -> Vec<(String, String)> {
    let value = |header: &str| {
        let rule = rules.iter().rev().find(|rule| rule.header == header && rule.matches(below));
        let own = (header == "content-type").then(|| media::of(below));
        rule.map(|rule| rule.value.as_str()).or(own).map(str::to_owned)
    };
    KNOWN.iter().filter_map(|header| Some(((*header).to_owned(), value(header)?))).collect()
}
