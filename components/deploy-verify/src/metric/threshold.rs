//! The threshold of a metric: a comparison with a number.

use std::fmt;

use lockstep_sdk::InputError;

use crate::web::quoted_list;

/// A comparison with a number.
#[derive(Clone, Debug, PartialEq)]
pub struct Threshold {
    operator: Operator,
    number: f64,
    text: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operator {
    Less,
    AtMost,
    More,
    AtLeast,
    Equal,
}

/// Two-character operators come first, because they begin with the others.
const OPERATORS: [(&str, Operator); 5] = [
    ("<=", Operator::AtMost),
    (">=", Operator::AtLeast),
    ("==", Operator::Equal),
    ("<", Operator::Less),
    (">", Operator::More),
];

impl Threshold {
    /// Parses `<`, `<=`, `>`, `>=` or `==` and a number.
    ///
    /// # Errors
    /// The text is invalid.
    pub fn parse(text: &str) -> Result<Self, InputError> {
        let invalid = |hint: &str| {
            let message =
                format!("`threshold` is {}, which is not a comparison with a number", quoted_list(&[text]));
            InputError::new(message, hint)
        };
        let expected = "write `<`, `<=`, `>`, `>=` or `==` and a number, such as `< 0.01`";
        let found =
            OPERATORS.iter().find_map(|(sign, operator)| Some((text.trim().strip_prefix(sign)?, operator)));
        let (rest, &operator) = found.ok_or_else(|| invalid(expected))?;
        if rest.trim_end().ends_with('%') {
            return Err(invalid("write a percentage as the query returns it, such as `< 0.01` for 1 %"));
        }
        let plain = rest.trim().bytes().all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte));
        let number = rest.trim().parse::<f64>().ok().filter(|number| plain && number.is_finite());
        let number = number.ok_or_else(|| invalid(expected))?;
        Ok(Self { operator, number, text: text.trim().to_owned() })
    }

    /// Whether a value is within the threshold. NaN never is.
    #[must_use]
    pub fn holds(&self, value: f64) -> bool {
        match self.operator {
            Operator::Less => value < self.number,
            Operator::AtMost => value <= self.number,
            Operator::More => value > self.number,
            Operator::AtLeast => value >= self.number,
            // People compare counts and states with `==`: whole numbers, which floats represent exactly.
            Operator::Equal => value.partial_cmp(&self.number).is_some_and(std::cmp::Ordering::is_eq),
        }
    }
}

impl fmt::Display for Threshold {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.text)
    }
}
