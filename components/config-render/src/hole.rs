//! How a hole is written: `((name))`. Never knows what goes into it.
//!
//! Two parentheses are plain text to YAML wherever a value or a key can stand: without quotes, in quotes, in flow
//! collections and in blocks. `${name}` is not (`{` ends a plain scalar in a flow collection) and belongs to shells,
//! Compose and Flux; `{{name}}` opens a flow mapping and belongs to Helm and to alert rules.

/// A part of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// Text that stays.
    Text(String),
    /// The name of what goes here.
    Hole(String),
}

/// Something that looks like a hole and is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadHole {
    /// As it is written.
    pub written: String,
    /// What is wrong with it.
    pub problem: &'static str,
    /// How it is written right.
    pub hint: String,
}

/// Splits a text at its holes. `None` if it has none, and nothing that stands for one.
///
/// `((!name))` is the text `((name))`, `((!!name))` is `((!name))`, and so on. Anything else in parentheses, such as
/// `((i + 1))`, is text.
///
/// # Errors
/// If a hole has blanks, or a name that no row can have.
pub fn split(text: &str) -> Result<Option<Vec<Piece>>, BadHole> {
    let mut pieces = Vec::new();
    let mut kept = String::new();
    let mut special = false;
    let mut rest = text;
    while let Some(at) = rest.find("((") {
        let Some(found) = Found::at_start(&rest[at..]) else {
            kept.push_str(&rest[..=at]);
            rest = &rest[at + 1..];
            continue;
        };
        special = true;
        kept.push_str(&rest[..at]);
        if found.is_text {
            kept.push_str("((");
            kept.push_str(&rest[at + 3..at + found.length]);
        } else {
            found.check()?;
            if !kept.is_empty() {
                pieces.push(Piece::Text(std::mem::take(&mut kept)));
            }
            pieces.push(Piece::Hole(found.name.to_owned()));
        }
        rest = &rest[at + found.length..];
    }
    kept.push_str(rest);
    if !kept.is_empty() {
        pieces.push(Piece::Text(kept));
    }
    Ok(special.then_some(pieces))
}

/// Whether a hole can have this name.
#[must_use]
pub fn is_name(text: &str) -> bool {
    let mut characters = text.chars();
    let letter = |c: char| c.is_ascii_alphabetic() || c == '_';
    characters.next().is_some_and(letter) && characters.all(|c| letter(c) || c.is_ascii_digit() || c == '-')
}

/// `((`, `!`s, blanks, something like a name, blanks, `))`.
struct Found<'a> {
    written: &'a str,
    name: &'a str,
    blanks: bool,
    is_text: bool,
    length: usize,
}

impl<'a> Found<'a> {
    fn at_start(text: &'a str) -> Option<Self> {
        let inner = text.strip_prefix("((")?;
        let after = inner.trim_start_matches('!');
        let is_text = after.len() < inner.len();
        let trimmed = after.trim_start_matches([' ', '\t']);
        let end = trimmed.find(|c: char| !(c.is_ascii_alphanumeric() || "_.-".contains(c)))?;
        let (name, behind) = trimmed.split_at(end);
        let close = behind.trim_start_matches([' ', '\t']);
        let length = text.len() - close.strip_prefix("))")?.len();
        let blanks = trimmed.len() < after.len() || close.len() < behind.len();
        (!name.is_empty()).then_some(Self { written: &text[..length], name, blanks, is_text, length })
    }

    fn check(&self) -> Result<(), BadHole> {
        let name = self.name;
        let bad = |problem, hint| Err(BadHole { written: self.written.to_owned(), problem, hint });
        if !is_name(name) {
            let problem = "a name has letters, digits, `_` and `-`, and begins with a letter or `_`";
            return bad(problem, format!("for the text itself write `((!{}`", &self.written[2..]));
        }
        if self.blanks {
            let hint = format!("write `(({name}))`; for the text itself `((!{}`", &self.written[2..]);
            return bad("a hole has no blanks", hint);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
    use super::*;

    fn shown(text: &str) -> String {
        let pieces = split(text).unwrap().unwrap_or_else(|| vec![Piece::Text(text.to_owned())]);
        let show = |piece: &Piece| match piece {
            Piece::Text(text) => format!("<{text}>"),
            Piece::Hole(name) => name.clone(),
        };
        pieces.iter().map(show).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn holes_and_text_are_told_apart() {
        for (text, pieces) in [
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
            assert_eq!(shown(text), pieces, "{text}");
        }
    }

    #[test]
    fn what_only_looks_like_a_hole_is_refused() {
        for text in ["(( a ))", "((a ))", "((a.b))", "((1))", "((-a))", "x ((a b))(( c))"] {
            assert!(split(text).is_err(), "{text} passed");
        }
    }
}
