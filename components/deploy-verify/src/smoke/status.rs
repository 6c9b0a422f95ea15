//! Which status codes are accepted. Never looks at anything else of an answer.

use std::fmt;

use lockstep_glue::Mistake;

/// Accepted status codes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statuses {
    text: String,
    ranges: Vec<(u16, u16)>,
}

impl Statuses {
    /// Reads `200`, `200-299`, `2xx`, or several of these with commas.
    ///
    /// # Errors
    /// The first part that is none of these.
    pub fn read(text: &str) -> Result<Self, Mistake> {
        let range = |part: &str| {
            range(part.trim()).ok_or_else(|| {
                let message = format!("`status` has `{}`, which is no status code", part.trim());
                Mistake::new(message, "write codes such as `200`, `200-299` or `2xx`, with commas in between")
            })
        };
        let ranges = text.split(',').map(range).collect::<Result<_, _>>()?;
        Ok(Self { text: text.trim().to_owned(), ranges })
    }

    /// Whether this one is accepted.
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

impl fmt::Display for Statuses {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.text)
    }
}
