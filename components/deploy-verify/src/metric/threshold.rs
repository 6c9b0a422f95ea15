//! What every value must be. Never says what a value that is none of these means for the metric.

use std::fmt;

use crate::web::listed;
use lockstep_glue::Mistake;

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

/// Two-character operators first, since they begin with others.
const OPERATORS: [(&str, Operator); 5] = [
    ("<=", Operator::AtMost),
    (">=", Operator::AtLeast),
    ("==", Operator::Equal),
    ("<", Operator::Less),
    (">", Operator::More),
];

impl Threshold {
    /// Reads `<`, `<=`, `>`, `>=` or `==` and a number.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn read(text: &str) -> Result<Self, Mistake> {
        let wrong = |hint: &str| {
            let message = format!("`threshold` is {}, which is no comparison with a number", listed(&[text]));
            Mistake::new(message, hint)
        };
        let usual = "write `<`, `<=`, `>`, `>=` or `==` and a number, such as `< 0.01`";
        let found =
            OPERATORS.iter().find_map(|(sign, operator)| Some((text.trim().strip_prefix(sign)?, operator)));
        let (rest, &operator) = found.ok_or_else(|| wrong(usual))?;
        if rest.trim_end().ends_with('%') {
            return Err(wrong("write a percentage as what the query gives, such as `< 0.01` for 1 %"));
        }
        let plain = rest.trim().bytes().all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte));
        let number = rest.trim().parse::<f64>().ok().filter(|number| plain && number.is_finite());
        let number = number.ok_or_else(|| wrong(usual))?;
        Ok(Self { operator, number, text: text.trim().to_owned() })
    }

    /// Whether the value fulfils it. NaN fulfils none.
    #[must_use]
    pub fn holds(&self, value: f64) -> bool {
        match self.operator {
            Operator::Less => value < self.number,
            Operator::AtMost => value <= self.number,
            Operator::More => value > self.number,
            Operator::AtLeast => value >= self.number,
            // Counts and states are compared so, and they are whole numbers, which floats hold exactly.
            Operator::Equal => value.partial_cmp(&self.number).is_some_and(std::cmp::Ordering::is_eq),
        }
    }
}

impl fmt::Display for Threshold {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.text)
    }
}
