//! Image references, and the changes `NAME[=NEW][:TAG][@DIGEST]` of them.

use std::fmt;

/// The change of one part of a reference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// The change does not mention it.
    Unspecified,
    /// `*`: it stays.
    Keep,
    /// It becomes this text.
    Set(String),
}

/// A change of images: `NAME[=NEW][:TAG][@DIGEST]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageEdit {
    /// The repository whose images change.
    pub name: String,
    /// The new repository.
    pub new_name: Part,
    /// The new tag.
    pub tag: Part,
    /// The new digest.
    pub digest: Part,
}

/// An image as manifests name it: `repository[:tag][@digest]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    /// Registry, port and path.
    pub repository: String,
    /// The tag.
    pub tag: Option<String>,
    /// The digest, with its algorithm.
    pub digest: Option<String>,
}

impl ImageEdit {
    /// Reads `NAME[=NEW][:TAG][@DIGEST]`.
    ///
    /// # Errors
    /// The text is no such change; the message says why.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        if text.contains(char::is_whitespace) {
            return Err("it contains blanks");
        }
        let (name, new) = match text.split_once('=') {
            Some((name, new)) => (Some(name), new),
            None => (None, text),
        };
        let parsed = Reference::split(new);
        let part = |text: Option<&str>| match text {
            None => Part::Unspecified,
            Some("*") => Part::Keep,
            Some(text) => Part::Set(text.to_owned()),
        };
        let edit = match name {
            Some(name) => Self {
                name: name.to_owned(),
                new_name: part(Some(parsed.0)),
                tag: part(parsed.1),
                digest: part(parsed.2),
            },
            None => Self {
                name: parsed.0.to_owned(),
                new_name: Part::Unspecified,
                tag: part(parsed.1),
                digest: part(parsed.2),
            },
        };
        edit.check()
    }

    fn check(self) -> Result<Self, &'static str> {
        let parts = [&self.new_name, &self.tag, &self.digest];
        if self.name.is_empty() {
            Err("NAME is missing")
        } else if self.name.contains(['=', '@', '*']) || Reference::split(&self.name).1.is_some() {
            Err("NAME must be a repository without tag or digest")
        } else if parts.iter().all(|part| **part == Part::Unspecified) {
            Err("it changes nothing: add `=NEW`, `:TAG` or `@DIGEST`")
        } else if matches!(&self.new_name, Part::Set(name) if !is_repository(name)) {
            Err("NEW must be a repository, or `*` to keep it")
        } else if matches!(&self.tag, Part::Set(tag) if !is_tag(tag)) {
            Err("TAG must be letters, digits, `_`, `.` and `-`, at most 128, or `*` to keep it")
        } else if matches!(&self.digest, Part::Set(digest) if !is_digest(digest)) {
            Err("DIGEST must be like `sha256:` and 64 hexadecimal digits, or `*` to keep it")
        } else {
            Ok(self)
        }
    }

    /// The reference after the change. An unspecified part stays, with one exception: a new tag without a digest removes the
    /// digest, and a new digest without a tag removes the tag, because the old one belongs to another image.
    pub fn apply(&self, old: &Reference) -> Reference {
        let set = |part: &Part| matches!(part, Part::Set(_));
        let part = |part: &Part, old: &Option<String>, replaced: bool| match part {
            Part::Set(new) => Some(new.clone()),
            Part::Unspecified if replaced => None,
            Part::Unspecified | Part::Keep => old.clone(),
        };
        Reference {
            repository: match &self.new_name {
                Part::Set(name) => name.clone(),
                Part::Unspecified | Part::Keep => old.repository.clone(),
            },
            tag: part(&self.tag, &old.tag, set(&self.digest)),
            digest: part(&self.digest, &old.digest, set(&self.tag)),
        }
    }

    /// The reference after the change, if the change applies to it. It also applies to a reference that equals its result, so
    /// that a second run matches.
    pub fn change(&self, old: &Reference) -> Option<Reference> {
        let new = self.apply(old);
        let already = matches!(&self.new_name, Part::Set(name) if *name == old.repository) && new == *old;
        (old.repository == self.name || already).then_some(new)
    }
}

impl Reference {
    /// Reads a reference. `None` if the text is none.
    pub fn parse(text: &str) -> Option<Self> {
        let (repository, tag, digest) = Self::split(text);
        let whole = !repository.is_empty() && !text.contains(char::is_whitespace);
        whole.then(|| Self {
            repository: repository.to_owned(),
            tag: tag.map(str::to_owned),
            digest: digest.map(str::to_owned),
        })
    }

    /// Splits into repository, tag and digest. A `:` with a `/` after it separates a port.
    fn split(text: &str) -> (&str, Option<&str>, Option<&str>) {
        let (rest, digest) = match text.split_once('@') {
            Some((rest, digest)) => (rest, Some(digest)),
            None => (text, None),
        };
        match rest.rsplit_once(':') {
            Some((repository, tag)) if !tag.contains('/') => (repository, Some(tag), digest),
            _ => (rest, None, digest),
        }
    }
}

fn is_repository(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._-/:[]".contains(&byte);
    !text.is_empty() && text.bytes().all(allowed) && !text.starts_with('/') && !text.ends_with('/')
}

fn is_tag(text: &str) -> bool {
    let word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    text.len() <= 128
        && text.bytes().next().is_some_and(word)
        && text.bytes().all(|byte| word(byte) || matches!(byte, b'.' | b'-'))
}

fn is_digest(text: &str) -> bool {
    let Some((algorithm, hex)) = text.split_once(':') else {
        return false;
    };
    let name = |byte: u8| byte.is_ascii_alphanumeric() || b"+._-".contains(&byte);
    let length = if algorithm == "sha256" { hex.len() == 64 } else { hex.len() >= 32 };
    !algorithm.is_empty()
        && algorithm.bytes().all(name)
        && length
        && hex.bytes().all(|byte| byte.is_ascii_hexdigit())
}

impl fmt::Display for Reference {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.repository)?;
        if let Some(tag) = &self.tag {
            write!(out, ":{tag}")?;
        }
        if let Some(digest) = &self.digest {
            write!(out, "@{digest}")?;
        }
        Ok(())
    }
}

impl fmt::Display for ImageEdit {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let part = |mark: &str, part: &Part| match part {
            Part::Unspecified => String::new(),
            Part::Keep => format!("{mark}*"),
            Part::Set(text) => format!("{mark}{text}"),
        };
        let (name, tag, digest) = (part("=", &self.new_name), part(":", &self.tag), part("@", &self.digest));
        write!(out, "{}{name}{tag}{digest}", self.name)
    }
}
