//! Reads values of JSON. A value of an unexpected type counts as missing.

use jiff::civil::DateTime;
use serde_json::Value;

/// The longest text that is kept, in bytes. Messages of registries and schedulers say what matters at their beginning or
/// their end, so the middle is cut.
const MAX_TEXT_BYTES: usize = 600;

/// The text under a key, empty if there is none.
pub(crate) fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_default()
}

/// The text under a key, shortened if it is very long.
pub(crate) fn clipped(value: &Value, key: &str) -> Box<str> {
    clip(text(value, key))
}

/// A whole number, also in a string.
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

/// Whether the value under a key is `true`.
pub(crate) fn is_true(value: &Value, key: &str) -> bool {
    value[key].as_bool().unwrap_or_default()
}

/// The items of a list under a key.
pub(crate) fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value[key].as_array().map(Vec::as_slice).unwrap_or_default()
}

/// The condition of this type of a status.
pub(crate) fn condition<'a>(status: &'a Value, of: &str) -> Option<&'a Value> {
    list(status, "conditions").iter().find(|condition| text(condition, "type") == of)
}

/// Whether a status has the condition of this type with the status `True`.
pub(crate) fn has_condition(status: &Value, of: &str) -> bool {
    condition(status, of).is_some_and(|condition| text(condition, "status") == "True")
}

/// A text in one line, with its middle cut if it is very long.
pub(crate) fn clip(text: &str) -> Box<str> {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.len() <= MAX_TEXT_BYTES {
        return line.into();
    }
    let head = line.floor_char_boundary(MAX_TEXT_BYTES / 2);
    let tail = line.ceil_char_boundary(line.len() - MAX_TEXT_BYTES / 2);
    format!("{} ... {}", &line[..head], &line[tail..]).into()
}

/// A time as Kubernetes writes it, `2026-03-01T12:00:00Z` with or without a fraction, in microseconds since 1970. The parser
/// of jiff accepts many more formats, and would make the component a fifth larger.
pub(crate) fn micros(text: &str) -> Option<u64> {
    let (date, time) = text.strip_suffix('Z')?.split_once('T')?;
    let [year, month, day] = numbers(date, '-')?;
    let (time, fraction) = time.split_once('.').unwrap_or((time, "0"));
    let [hour, minute, second] = numbers(time, ':')?;
    let part = |number: i16| i8::try_from(number).ok();
    let date =
        DateTime::new(year, part(month)?, part(day)?, part(hour)?, part(minute)?, part(second)?, 0).ok()?;
    let since_1970 = date.duration_since(DateTime::constant(1970, 1, 1, 0, 0, 0, 0));
    let seconds = u64::try_from(since_1970.as_secs()).ok()?;
    // Six digits of the fraction are microseconds.
    let digits = fraction.bytes().chain(std::iter::repeat(b'0')).take(6);
    let mut micros = digits.map(|digit| char::from(digit).to_digit(10));
    let micros = micros.try_fold(0, |sum, digit| Some(sum * 10 + u64::from(digit?)))?;
    Some(seconds * 1_000_000 + micros)
}

/// Three numbers with a separator.
fn numbers(text: &str, separator: char) -> Option<[i16; 3]> {
    let numbers: Option<Vec<i16>> = text.split(separator).map(|number| number.parse().ok()).collect();
    numbers?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_parsed() {
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
