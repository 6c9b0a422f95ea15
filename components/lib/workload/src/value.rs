//! Reads values out of JSON that may be missing, null or of another type than expected. Never fails: what is
//! not as expected counts as not there.

use serde_json::Value;

/// The longest text that is kept, in bytes. Messages of registries and schedulers say what matters at their
/// beginning or their end, so both are kept.
const LONGEST: usize = 600;

/// The text under a key, empty if there is none.
pub(crate) fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_default()
}

/// The text under a key, shortened if it is very long.
pub(crate) fn kept(value: &Value, key: &str) -> Box<str> {
    clip(text(value, key))
}

/// A whole number, which may be spelled as a string.
pub(crate) fn int(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

/// The count under a key; 0 if there is none.
pub(crate) fn count(value: &Value, key: &str) -> u32 {
    int(&value[key]).and_then(|number| u32::try_from(number).ok()).unwrap_or_default()
}

/// Whether `true` stands under a key.
pub(crate) fn is(value: &Value, key: &str) -> bool {
    value[key].as_bool().unwrap_or_default()
}

/// The items of a list under a key.
pub(crate) fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value[key].as_array().map(Vec::as_slice).unwrap_or_default()
}

/// The condition of this type, if there is one, among those of a status.
pub(crate) fn condition<'a>(status: &'a Value, of: &str) -> Option<&'a Value> {
    list(status, "conditions").iter().find(|condition| text(condition, "type") == of)
}

/// Whether a status has the condition of this type, and it is `True`.
pub(crate) fn holds(status: &Value, of: &str) -> bool {
    condition(status, of).is_some_and(|condition| text(condition, "status") == "True")
}

/// A text of one line, shortened in its middle if it is very long.
pub(crate) fn clip(text: &str) -> Box<str> {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.len() <= LONGEST {
        return line.into();
    }
    let head = line.floor_char_boundary(LONGEST / 2);
    let tail = line.ceil_char_boundary(line.len() - LONGEST / 2);
    format!("{} ... {}", &line[..head], &line[tail..]).into()
}

/// A time as Kubernetes writes it, `2026-03-01T12:00:00Z` with or without a fraction, as microseconds since
/// 1970.
pub(crate) fn micros(text: &str) -> Option<u64> {
    let number = |from: usize, to: usize| text.get(from..to)?.parse::<u64>().ok();
    let is_form = text.is_ascii()
        && text.ends_with('Z')
        && [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':')]
            .iter()
            .all(|&(at, byte)| text.as_bytes().get(at) == Some(&byte));
    if !is_form {
        return None;
    }
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let seconds = days(year, month, day)? * 86_400 + number(11, 13)? * 3_600 + number(14, 16)? * 60;
    let fraction = text.get(19..text.len() - 1)?.trim_start_matches('.');
    let fraction = fraction.get(..6).unwrap_or(fraction);
    let scale = 10_u64.pow(u32::try_from(6 - fraction.len()).ok()?);
    Some((seconds + number(17, 19)?) * 1_000_000 + fraction.parse::<u64>().unwrap_or_default() * scale)
}

/// The days from 1970 to a day of the Gregorian calendar. A year begins in March here, so that a leap day is
/// its last.
fn days(year: u64, month: u64, day: u64) -> Option<u64> {
    let is_day = (1..=12).contains(&month) && (1..=31).contains(&day) && year >= 1970;
    let (year, month) = if month > 2 { (year, month - 3) } else { (year.checked_sub(1)?, month + 9) };
    let of_year = (153 * month + 2) / 5 + day;
    is_day.then(|| (365 * year + year / 4 - year / 100 + year / 400 + of_year).checked_sub(719_469))?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read() {
        assert_eq!(micros("1970-01-01T00:00:00Z"), Some(0));
        assert_eq!(micros("2026-03-01T12:00:00Z"), Some(1_772_366_400_000_000));
        assert_eq!(micros("2024-02-29T23:59:59.25Z"), Some(1_709_251_199_250_000));
        assert_eq!(micros("2024-02-29T23:59:59.123456789Z"), Some(1_709_251_199_123_456));
        for other in ["", "Z", "1969-12-31T00:00:00Z", "2026-13-01T00:00:00Z", "2026-03-01 12:00:00Z", "é"] {
            assert_eq!(micros(other), None, "{other}");
        }
    }

    #[test]
    fn long_texts_keep_both_ends() {
        let long = format!("first{}last", "é".repeat(900));
        let clipped = clip(&long);
        assert!(clipped.len() < 620 && clipped.starts_with("first") && clipped.ends_with("last"));
        assert_eq!(&*clip("a\n  b"), "a b");
    }
}
