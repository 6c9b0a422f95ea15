//! The input `expect`: how many places each edit must match.

use std::fmt;

use crate::failure::{Code, Error};

/// How many places an edit must match.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expect {
    /// This many.
    Exactly(u32),
    /// This many or more.
    AtLeast(u32),
    /// Any number, including none.
    Any,
}

impl Expect {
    /// Reads `N`, `N+` or `any`.
    ///
    /// # Errors
    /// The text is none of them.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let number = |digits: &str| {
            let plain = digits.bytes().all(|byte| byte.is_ascii_digit());
            digits.parse().ok().filter(|_| plain)
        };
        let parsed = match text.strip_suffix('+') {
            _ if text == "any" => Some(Self::Any),
            Some(minimum) => number(minimum).map(Self::AtLeast),
            None => number(text).map(Self::Exactly),
        };
        parsed.ok_or_else(|| {
            let message = format!("invalid expect `{text}`: expected a number, `N+` or `any`");
            Error::new(Code::BadInput, message)
        })
    }

    /// Whether this number of places is allowed.
    pub fn allows(self, count: u32) -> bool {
        match self {
            Self::Exactly(expected) => count == expected,
            Self::AtLeast(minimum) => count >= minimum,
            Self::Any => true,
        }
    }
}

impl fmt::Display for Expect {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exactly(count) => write!(out, "{count}"),
            Self::AtLeast(minimum) => write!(out, "at least {minimum}"),
            Self::Any => write!(out, "any number"),
        }
    }
}
