//! Durations as people write them in inputs. Never looks at a clock.

use jiff::SignedDuration;
use jiff::fmt::friendly::{Spacing, SpanPrinter};

use crate::InputError;

/// The longest accepted duration: 365 days.
const MAX: SignedDuration = SignedDuration::from_hours(365 * 24);

/// Reads a duration such as `90s`, `5m`, `1h30m` or `500ms`, in milliseconds.
///
/// ```
/// # use lockstep_sdk::duration::parse;
/// assert_eq!(parse("1h30m"), Ok(5_400_000));
/// assert!(parse("90").is_err());
/// ```
///
/// # Errors
/// The text is not a duration, is negative or is longer than a year; the message says which.
pub fn parse(text: &str) -> Result<u64, String> {
    let invalid = |why: &str| format!("invalid duration `{text}`: {why}, for example `90s`, `5m` or `1h30m`");
    let trimmed = text.trim();
    if trimmed.is_empty() {
        return Err(invalid("expected a number and a unit"));
    }
    if trimmed.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(invalid("the unit is missing: expected `s`, `m` or `h`"));
    }
    let duration: SignedDuration =
        trimmed.parse().map_err(|_| invalid("expected numbers with the units `h`, `m`, `s` or `ms`"))?;
    if duration.is_negative() {
        return Err(invalid("it is negative"));
    }
    if duration > MAX {
        return Err(invalid("it is longer than a year"));
    }
    Ok(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX))
}

/// Reads the duration of an input, in milliseconds.
///
/// # Errors
/// As for [`parse`]; the message begins with the name of the input.
pub fn parse_input(input: &str, text: &str) -> Result<u64, InputError> {
    parse(text).map_err(|message| InputError::without_hint(format!("`{input}`: {message}")))
}

/// Writes milliseconds as a duration that [`parse`] reads, and Prometheus as well.
///
/// ```
/// # use lockstep_sdk::duration::format;
/// assert_eq!(format(90_000), "1m30s");
/// ```
#[must_use]
pub fn format(milliseconds: u64) -> String {
    let duration = SignedDuration::from_millis(i64::try_from(milliseconds).unwrap_or(i64::MAX));
    SpanPrinter::new().spacing(Spacing::None).duration_to_string(&duration)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_and_written() {
        for (text, seconds) in [("0s", 0), ("90s", 90), ("5m", 300), ("1h30m", 5_400), ("1h1m1s", 3_661)] {
            assert_eq!(parse(text), Ok(seconds * 1000), "{text}");
            assert_eq!(parse(&format(seconds * 1000)), Ok(seconds * 1000));
        }
        assert_eq!([format(90_000), format(0), format(7_200_000)], ["1m30s", "0s", "2h"]);
    }

    #[test]
    fn other_texts_are_errors_that_show_a_valid_duration() {
        for text in [
            "",
            "90",
            "-5s",
            "s",
            "1m1h",
            "1m1m",
            "1d",
            "99999999999999999999s",
            "9000h",
            "5é",
            "P1D",
            "5s ago",
        ] {
            let error = parse(text);
            assert!(error.as_ref().is_err_and(|why| why.contains("`1h30m`")), "{text}: {error:?}");
        }
    }
}
