//! Parses types in the notation of Terraform.

use lockstep_path::clip;
use lockstep_sdk::suggest;

use crate::types::{Attribute, Type};

/// How deeply types can be nested.
const MAX_DEPTH: usize = 50;

/// Parses a text that is one type.
///
/// # Errors
/// Says why the text is not a type.
pub fn parse(text: &str) -> Result<Type, String> {
    match parse_prefix(text)? {
        (ty, "") => Ok(ty),
        (_, rest) => Err(format!("unexpected `{}` after the type", clip(rest, 40))),
    }
}

/// Parses a type at the beginning of a text, with the blanks around it, and returns the rest of the text too.
///
/// # Errors
/// Says why the text does not begin with a type.
pub fn parse_prefix(text: &str) -> Result<(Type, &str), String> {
    let mut parser = Parser { rest: text, depth: 0 };
    let ty = parser.ty()?;
    parser.skip_blanks();
    Ok((ty, parser.rest))
}

/// The words with which a type begins.
const WORDS: [&str; 9] = ["string", "number", "bool", "any", "list", "set", "map", "object", "tuple"];

struct Parser<'a> {
    rest: &'a str,
    depth: usize,
}

impl<'a> Parser<'a> {
    fn ty(&mut self) -> Result<Type, String> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(format!("types are nested more than {MAX_DEPTH} deep"));
        }
        let word = self.word();
        let ty = match word {
            "any" => Type::Any,
            "string" => Type::String,
            "number" => Type::Number,
            "bool" => Type::Bool,
            "list" => Type::List(self.element(word)?),
            "set" => Type::Set(self.element(word)?),
            "map" => Type::Map(self.element(word)?),
            "tuple" => self.tuple()?,
            "object" => self.object()?,
            "optional" => return Err("`optional(…)` is valid only for an attribute of `object`".into()),
            "" => return Err(format!("a type is missing {}", self.location())),
            other => {
                return Err(format!(
                    "invalid type `{}`: {}",
                    clip(other, 40),
                    suggest::expected(other, &WORDS)
                ));
            }
        };
        self.depth -= 1;
        Ok(ty)
    }

    /// `(T)`
    fn element(&mut self, word: &str) -> Result<Box<Type>, String> {
        if !self.take('(') {
            return Err(format!("`{word}` needs the type of its elements, such as `{word}(any)`"));
        }
        let inner = self.ty()?;
        self.expect(')')?;
        Ok(Box::new(inner))
    }

    /// `([T, …])`
    fn tuple(&mut self) -> Result<Type, String> {
        self.expect('(')?;
        self.expect('[')?;
        let mut items = Vec::new();
        while !self.take(']') {
            items.push(self.ty()?);
            if !self.take(',') {
                self.expect(']')?;
                break;
            }
        }
        self.expect(')')?;
        Ok(Type::Tuple(items))
    }

    /// `({name = T, …})`, with commas or line breaks between the attributes.
    fn object(&mut self) -> Result<Type, String> {
        self.expect('(')?;
        self.expect('{')?;
        let mut attributes: Vec<Attribute> = Vec::new();
        while !self.take('}') {
            let attribute = self.attribute()?;
            if attributes.iter().any(|other| other.name == attribute.name) {
                return Err(format!("there are two attributes `{}`", attribute.name));
            }
            attributes.push(attribute);
            if !self.take(',') && !self.skip_line_break() {
                self.expect('}')?;
                break;
            }
        }
        self.expect(')')?;
        Ok(Type::Object(attributes))
    }

    fn attribute(&mut self) -> Result<Attribute, String> {
        let name = self.word().to_owned();
        if name.is_empty() {
            return Err(format!("the name of an attribute is missing {}", self.location()));
        }
        if !self.take('=') {
            self.expect(':')?;
        }
        let ahead = Self { rest: self.rest, depth: 0 }.word();
        if ahead != "optional" {
            return Ok(Attribute { name, ty: self.ty()?, optional: false });
        }
        self.word();
        self.expect('(')?;
        let ty = self.ty()?;
        if self.take(',') {
            return Err(format!("`{name}` has a default: only a whole output can have one, with `=DEFAULT`"));
        }
        self.expect(')')?;
        Ok(Attribute { name, ty, optional: true })
    }

    /// Consumes a word of letters, digits, `_` and `-`; empty if there is none.
    fn word(&mut self) -> &'a str {
        self.skip_blanks();
        let is_part = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
        let starts = self.rest.starts_with(|c: char| c.is_alphabetic() || c == '_');
        let end = if starts { self.rest.find(|c| !is_part(c)).unwrap_or(self.rest.len()) } else { 0 };
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        word
    }

    fn skip_blanks(&mut self) {
        self.rest = self.rest.trim_start();
    }

    /// Skips blanks, and returns whether there was a line break among them.
    fn skip_line_break(&mut self) -> bool {
        let before = self.rest;
        self.skip_blanks();
        before[..before.len() - self.rest.len()].contains('\n')
    }

    /// Consumes a character and the blanks before it, if it comes next.
    fn take(&mut self, wanted: char) -> bool {
        match self.rest.trim_start().strip_prefix(wanted) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn expect(&mut self, wanted: char) -> Result<(), String> {
        if self.take(wanted) { Ok(()) } else { Err(format!("`{wanted}` is missing {}", self.location())) }
    }

    fn location(&self) -> String {
        match self.rest.trim_start() {
            "" => "at the end".into(),
            rest => format!("before `{}`", clip(rest, 20)),
        }
    }
}
