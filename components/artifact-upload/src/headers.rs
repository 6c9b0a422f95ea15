//! Rules that set the headers of objects: `PATTERN=HEADER: VALUE`. It never looks at a file.

use fast_glob::glob_match;
use jiff::civil::{Date, Time};
use lockstep_sdk::objects::NameValue;
use lockstep_sdk::suggest;

use crate::content_type;

/// The headers that a rule can set, sorted.
pub const HEADERS: [&str; 7] = [
    "cache-control",
    "content-disposition",
    "content-encoding",
    "content-language",
    "content-type",
    "expires",
    REDIRECT,
];

/// The header to which the website of a bucket redirects. The host takes it as an option of its own.
pub const REDIRECT: &str = "x-amz-website-redirect-location";

/// A rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeaderRule {
    /// Matches the key, or the name of the file if the pattern has no `/`.
    pattern: String,
    /// The header, in lower case.
    header: &'static str,
    /// Its value.
    value: String,
}

impl HeaderRule {
    /// Parses a rule.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let malformed = || format!("`{text}` does not have the form `PATTERN=HEADER: VALUE`");
        let (pattern, header) = text.split_once('=').ok_or_else(malformed)?;
        let (header, value) = header.split_once(':').ok_or_else(malformed)?;
        let (pattern, header, value) = (pattern.trim(), header.trim().to_ascii_lowercase(), value.trim());
        if pattern.is_empty() || value.is_empty() {
            return Err(malformed());
        }
        let known = HEADERS.into_iter().find(|known| *known == header);
        let header = known.ok_or_else(|| {
            format!("`{text}`: invalid header `{header}`: {}", suggest::expected(&header, &HEADERS))
        })?;
        if !value.chars().all(|c| matches!(c, ' '..='~')) {
            return Err(format!("`{text}`: the value has characters that are invalid in a header"));
        }
        if header == "expires" && !is_http_date(value) {
            return Err(format!("`{text}`: `expires` is a date such as `Sun, 06 Nov 1994 08:49:37 GMT`"));
        }
        let pattern = pattern.strip_prefix("./").unwrap_or(pattern);
        Ok(Self { pattern: pattern.to_owned(), header, value: value.to_owned() })
    }

    fn matches(&self, key: &str) -> bool {
        let name = key.rsplit('/').next().unwrap_or(key);
        glob_match(&self.pattern, if self.pattern.contains('/') { key } else { name })
    }
}

/// Whether a text is a date of HTTP in the form that <https://www.rfc-editor.org/rfc/rfc9110#section-5.6.7> prefers, and the
/// day exists. The whole parser of jiff would make the component larger by half.
fn is_http_date(text: &str) -> bool {
    const WEEKDAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let words: Vec<&str> = text.split([' ', ':']).collect();
    let [_, day, month, year, hour, minute, second, _] = words[..] else { return false };
    let print = || {
        let number = |text: &str| text.parse::<i8>().ok();
        let index = MONTHS.iter().position(|known| *known == month)?;
        let date = Date::new(year.parse().ok()?, i8::try_from(index + 1).ok()?, number(day)?).ok()?;
        let time = Time::new(number(hour)?, number(minute)?, number(second)?, 0).ok()?;
        let weekday = WEEKDAYS[usize::try_from(date.weekday().to_monday_zero_offset()).ok()?];
        let (hour, minute, second) = (time.hour(), time.minute(), time.second());
        let (day, year) = (date.day(), date.year());
        Some(format!("{weekday}, {day:02} {month} {year:04} {hour:02}:{minute:02}:{second:02} GMT"))
    };
    print().is_some_and(|printed| printed == text)
}

/// The headers of the object with this key, sorted by name. Of several rules, the last one counts.
#[must_use]
pub fn headers_of(rules: &[HeaderRule], key: &str) -> Vec<NameValue> {
    let value = |header: &str| {
        let rule = rules.iter().rev().find(|rule| rule.header == header && rule.matches(key));
        let default = (header == "content-type").then(|| content_type::content_type(key));
        rule.map(|rule| rule.value.as_str()).or(default).map(str::to_owned)
    };
    let header = |name: &&str| Some(NameValue { name: (*name).to_owned(), value: value(name)? });
    HEADERS.iter().filter_map(header).collect()
}
