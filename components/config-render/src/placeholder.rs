//! The syntax of a placeholder: `((name))`.
//!
//! Two parentheses are plain text to YAML wherever a value or a key can be: without quotes, in quotes, in flow
//! collections and in blocks. `${name}` is not (`{` ends a plain scalar in a flow collection) and belongs to shells,
//! Compose and Flux; `{{name}}` opens a flow mapping and belongs to Helm and to alert rules.

/// A part of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// Text that stays.
    Text(String),
    /// The name of a value.
    Placeholder(String),
}

/// A text that looks like a placeholder and is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlaceholderError {
    /// The text.
    pub text: String,
    /// What is wrong, as a lower-case fragment.
    pub message: &'static str,
    /// The next act.
    pub hint: String,
}

/// Splits a text at its placeholders. `None` if it has neither a placeholder nor an escaped one.
///
/// `((!name))` is the text `((name))`, `((!!name))` is `((!name))`, and so on. Anything else in parentheses, such as
/// `((i + 1))`, is text.
///
/// # Errors
/// A placeholder has blanks, or a name that no row can have.
pub fn split(text: &str) -> Result<Option<Vec<Piece>>, PlaceholderError> {
    let mut pieces = Vec::new();
    let mut literal = String::new();
    let mut special = false;
    let mut rest = text;
    while let Some(at) = rest.find("((") {
        let Some(candidate) = Candidate::at_start(&rest[at..]) else {
            literal.push_str(&rest[..=at]);
            rest = &rest[at + 1..];
            continue;
        };
        special = true;
        literal.push_str(&rest[..at]);
        if candidate.is_escaped {
            literal.push_str("((");
            literal.push_str(&rest[at + 3..at + candidate.length]);
        } else {
            candidate.check()?;
            if !literal.is_empty() {
                pieces.push(Piece::Text(std::mem::take(&mut literal)));
            }
            pieces.push(Piece::Placeholder(candidate.name.to_owned()));
        }
        rest = &rest[at + candidate.length..];
    }
    literal.push_str(rest);
    if !literal.is_empty() {
        pieces.push(Piece::Text(literal));
    }
    Ok(special.then_some(pieces))
}

/// Whether a placeholder can have this name.
#[must_use]
pub fn is_name(text: &str) -> bool {
    let mut characters = text.chars();
    let letter = |c: char| c.is_ascii_alphabetic() || c == '_';
    characters.next().is_some_and(letter) && characters.all(|c| letter(c) || c.is_ascii_digit() || c == '-')
}

/// `((`, any number of `!`, blanks, characters of a name and dots, blanks, `))`.
struct Candidate<'a> {
    text: &'a str,
    name: &'a str,
    blanks: bool,
    is_escaped: bool,
    length: usize,
}

impl<'a> Candidate<'a> {
    fn at_start(text: &'a str) -> Option<Self> {
        let inner = text.strip_prefix("((")?;
        let after = inner.trim_start_matches('!');
        let is_escaped = after.len() < inner.len();
        let trimmed = after.trim_start_matches([' ', '\t']);
        let end = trimmed.find(|c: char| !(c.is_ascii_alphanumeric() || "_.-".contains(c)))?;
        let (name, behind) = trimmed.split_at(end);
        let close = behind.trim_start_matches([' ', '\t']);
        let length = text.len() - close.strip_prefix("))")?.len();
        let blanks = trimmed.len() < after.len() || close.len() < behind.len();
        (!name.is_empty()).then_some(Self { text: &text[..length], name, blanks, is_escaped, length })
    }

    fn check(&self) -> Result<(), PlaceholderError> {
        let name = self.name;
        let error = |message, hint| Err(PlaceholderError { text: self.text.to_owned(), message, hint });
        if !is_name(name) {
            let message = "a name has letters, digits, `_` and `-`, and begins with a letter or `_`";
            return error(message, format!("for the text itself write `((!{}`", &self.text[2..]));
        }
        if self.blanks {
            let hint = format!("write `(({name}))`; for the text itself `((!{}`", &self.text[2..]);
            return error("a placeholder has no blanks", hint);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
    use super::*;

    fn pieces(text: &str) -> String {
        let pieces = split(text).unwrap().unwrap_or_else(|| vec![Piece::Text(text.to_owned())]);
        let format = |piece: &Piece| match piece {
            Piece::Text(text) => format!("<{text}>"),
            Piece::Placeholder(name) => name.clone(),
        };
        pieces.iter().map(format).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn placeholders_and_text_are_distinguished() {
        for (text, expected) in [
            ("((a))", "a"),
            ("x((a))y((b-c_1))", "<x> a <y> b-c_1"),
            ("(((a)))", "<(> a <)>"),
            ("$((a))", "<$> a"),
            ("((!a))", "<((a))>"),
            ("((!!a))((a))", "<((!a))> a"),
            ("((! a ))", "<(( a ))>"),
            ("((!1))", "<((1))>"),
            ("((a", "<((a>"),
            ("((a)", "<((a)>"),
            ("((i + 1))", "<((i + 1))>"),
            ("((!i + 1))", "<((!i + 1))>"),
            ("(())", "<(())>"),
            ("((ü))", "<((ü))>"),
            ("((((a))", "<((> a"),
        ] {
            assert_eq!(pieces(text), expected, "{text}");
        }
    }

    #[test]
    fn a_malformed_placeholder_is_rejected() {
        for text in ["(( a ))", "((a ))", "((a.b))", "((1))", "((-a))", "x ((a b))(( c))"] {
            assert!(split(text).is_err(), "{text} passed");
        }
    }
}
