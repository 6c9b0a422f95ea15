//! The accepted status codes of a response.

use std::fmt;

use lockstep_sdk::InputError;

/// Accepted status codes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatusRanges {
    text: String,
    ranges: Vec<(u16, u16)>,
}

impl StatusRanges {
    /// Parses `200`, `200-299`, `2xx`, or several of these with commas.
    ///
    /// # Errors
    /// A part is invalid.
    pub fn parse(text: &str) -> Result<Self, InputError> {
        let range = |part: &str| {
            range(part.trim()).ok_or_else(|| {
                let message = format!("`status` has `{}`, which is not a status code", part.trim());
                InputError::new(
                    message,
                    "write codes such as `200`, `200-299` or `2xx`, with commas in between",
                )
            })
        };
        let ranges = text.split(',').map(range).collect::<Result<_, _>>()?;
        Ok(Self { text: text.trim().to_owned(), ranges })
    }

    /// Whether a status code is accepted.
    #[must_use]
    pub fn accept(&self, status: u16) -> bool {
        self.ranges.iter().any(|(first, last)| (*first..=*last).contains(&status))
    }
}

fn range(part: &str) -> Option<(u16, u16)> {
    if let Some((first, last)) = part.split_once('-') {
        let (first, last) = (code(first.trim())?, code(last.trim())?);
        return (first <= last).then_some((first, last));
    }
    if let Some(hundreds) = part.strip_suffix("xx").or_else(|| part.strip_suffix("XX")) {
        let first = code(&format!("{hundreds}00"))?;
        return Some((first, first + 99));
    }
    code(part).map(|code| (code, code))
}

fn code(text: &str) -> Option<u16> {
    let plain = text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|code| plain && (100..600).contains(code))
}

impl fmt::Display for StatusRanges {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.text)
    }
}
