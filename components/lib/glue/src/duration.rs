//! Lengths of time as people write them. Never looks at a clock.

use crate::mistake::Mistake;

/// The longest length of time that is accepted, in seconds: a year.
const LONGEST: u64 = 365 * 24 * 3_600;

/// Reads a length of time such as `90s`, `5m`, `1h30m` or `0s`, as seconds.
///
/// # Errors
/// If it is not one; the text says what is wrong and how to write it.
pub fn duration(text: &str) -> Result<u64, String> {
    let wrong =
        |why: &str| Err(format!("`{text}` is not a length of time: {why}, such as `90s`, `5m` or `1h30m`"));
    let mut rest = text.trim();
    if rest.is_empty() {
        return wrong("write a number and a unit");
    }
    let mut total = 0_u64;
    let mut before = u64::MAX;
    while !rest.is_empty() {
        let digits = rest.len() - rest.trim_start_matches(|one: char| one.is_ascii_digit()).len();
        let (number, tail) = rest.split_at(digits);
        let letters = tail.len() - tail.trim_start_matches(|one: char| one.is_ascii_alphabetic()).len();
        let (unit, after) = tail.split_at(letters);
        let unit = match unit {
            "h" => 3_600,
            "m" => 60,
            "s" => 1,
            "" if after.is_empty() => return wrong("it lacks the unit `s`, `m` or `h`"),
            _ => return wrong("write whole numbers with the units `h`, `m` and `s`"),
        };
        if number.is_empty() || unit >= before {
            return wrong("write whole numbers, hours before minutes before seconds");
        }
        // A number too large for the type is also too large for the limit.
        total = number.parse::<u64>().unwrap_or(u64::MAX).saturating_mul(unit).saturating_add(total);
        (before, rest) = (unit, after);
    }
    if total > LONGEST { wrong("it is longer than a year") } else { Ok(total) }
}

/// A length of time in seconds, as [`duration`] reads it.
pub fn spell(seconds: u64) -> String {
    let parts = [(seconds / 3_600, "h"), (seconds / 60 % 60, "m"), (seconds % 60, "s")];
    let text: String =
        parts.iter().filter(|(count, _)| *count > 0).map(|(count, unit)| format!("{count}{unit}")).collect();
    if text.is_empty() { "0s".to_owned() } else { text }
}

/// Reads the length of time of an input as milliseconds.
///
/// # Errors
/// What is wrong with it.
pub fn milliseconds(input: &str, text: &str) -> Result<u64, Mistake> {
    let wrong = |why| Mistake { message: format!("`{input}`: {why}"), hint: None };
    duration(text).map(|seconds| seconds.saturating_mul(1000)).map_err(wrong)
}

/// How many whole seconds these milliseconds are, in the shortest spelling. Prometheus reads it too.
#[must_use]
pub fn spelled(milliseconds: u64) -> String {
    spell(milliseconds / 1000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_read_and_spelled() {
        for (text, seconds) in [("0s", 0), ("90s", 90), ("5m", 300), ("1h30m", 5_400), ("1h1m1s", 3_661)] {
            assert_eq!(duration(text), Ok(seconds), "{text}");
            assert_eq!(duration(&spell(seconds)), Ok(seconds));
        }
        assert_eq!(spell(90), "1m30s");
    }

    #[test]
    fn what_is_none_is_refused_with_the_way_to_write_it() {
        for text in [
            "",
            "90",
            "5 m",
            "1.5m",
            "-5s",
            "s",
            "1m1h",
            "1m1m",
            "1d",
            "99999999999999999999s",
            "9000h",
            "5é",
        ] {
            assert!(duration(text).is_err_and(|why| why.contains("`1h30m`")), "{text}");
        }
    }
}
