//! Reads types the way Terraform writes them. Never knows what a type is for.

use crate::types::{Attribute, Type};

/// How deep types may stand in one another.
const DEPTH: usize = 50;

/// Reads a type from the beginning of a text, with the blanks around it; gives the rest of the text too.
///
/// # Errors
/// If the text does not begin with a type; says what is wrong.
pub(crate) fn read_type(text: &str) -> Result<(Type, &str), String> {
    let mut reader = Reader { rest: text, depth: 0 };
    let ty = reader.ty()?;
    reader.blanks();
    Ok((ty, reader.rest))
}

struct Reader<'a> {
    rest: &'a str,
    depth: usize,
}

impl<'a> Reader<'a> {
    fn ty(&mut self) -> Result<Type, String> {
        self.depth += 1;
        if self.depth > DEPTH {
            return Err(format!("types stand more than {DEPTH} deep in one another"));
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
            "optional" => return Err("`optional(…)` stands only in an attribute of `object`".into()),
            "" => return Err(format!("a type is missing {}", self.place())),
            other => return Err(format!("`{}` is no type of Terraform", lockstep_path::clip(other, 40))),
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

    /// `({name = T, …})`, where a line break separates as well as a comma.
    fn object(&mut self) -> Result<Type, String> {
        self.expect('(')?;
        self.expect('{')?;
        let mut attributes: Vec<Attribute> = Vec::new();
        while !self.take('}') {
            let attribute = self.attribute()?;
            if attributes.iter().any(|other| other.name == attribute.name) {
                return Err(format!("the attribute `{}` stands twice", attribute.name));
            }
            attributes.push(attribute);
            if !self.take(',') && !self.broke_line() {
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
            return Err(format!("the name of an attribute is missing {}", self.place()));
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
            return Err(format!("`{name}` has a default; a contract has defaults for whole outputs only"));
        }
        self.expect(')')?;
        Ok(Attribute { name, ty, optional: true })
    }

    /// A word of letters, digits, `_` and `-`; empty if none stands here.
    fn word(&mut self) -> &'a str {
        self.blanks();
        let part = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
        let starts = self.rest.starts_with(|c: char| c.is_alphabetic() || c == '_');
        let end = if starts { self.rest.find(|c| !part(c)).unwrap_or(self.rest.len()) } else { 0 };
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        word
    }

    fn blanks(&mut self) {
        self.rest = self.rest.trim_start();
    }

    /// Whether a line ended on the way to what stands here.
    fn broke_line(&mut self) -> bool {
        let before = self.rest;
        self.blanks();
        before[..before.len() - self.rest.len()].contains('\n')
    }

    /// Takes a character, with the blanks before it.
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
        if self.take(wanted) { Ok(()) } else { Err(format!("`{wanted}` is missing {}", self.place())) }
    }

    fn place(&self) -> String {
        match self.rest.trim_start() {
            "" => "at the end".into(),
            rest => format!("before `{}`", lockstep_path::clip(rest, 20)),
        }
    }
}
