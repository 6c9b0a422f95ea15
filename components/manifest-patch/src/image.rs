//! Image references, and how `NAME[=NEW][:TAG][@DIGEST]` changes them. Never looks at a file.

use std::fmt;

/// What becomes of one part of a reference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// Nothing is said about it.
    Unsaid,
    /// `*`: it stays as it is.
    Keep,
    /// It becomes this.
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
    /// What is wrong with it.
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
            None => Part::Unsaid,
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
                new_name: Part::Unsaid,
                tag: part(parsed.1),
                digest: part(parsed.2),
            },
        };
        edit.check()
    }

    fn check(self) -> Result<Self, &'static str> {
        let said = [&self.new_name, &self.tag, &self.digest];
        if self.name.is_empty() {
            Err("NAME is missing")
        } else if self.name.contains(['=', '@', '*']) || Reference::split(&self.name).1.is_some() {
            Err("NAME must be a repository without tag or digest")
        } else if said.iter().all(|part| **part == Part::Unsaid) {
            Err("it says nothing new: add `=NEW`, `:TAG` or `@DIGEST`")
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

    /// The reference after the change. A part that is not said stays, except that a tag alone takes
    /// the digest away and a digest alone the tag: the old one would belong to another image.
    pub fn apply(&self, old: &Reference) -> Reference {
        let set = |part: &Part| matches!(part, Part::Set(_));
        let part = |part: &Part, old: &Option<String>, replaced: bool| match part {
            Part::Set(new) => Some(new.clone()),
            Part::Unsaid if replaced => None,
            Part::Unsaid | Part::Keep => old.clone(),
        };
        Reference {
            repository: match &self.new_name {
                Part::Set(name) => name.clone(),
                Part::Unsaid | Part::Keep => old.repository.clone(),
            },
            tag: part(&self.tag, &old.tag, set(&self.digest)),
            digest: part(&self.digest, &old.digest, set(&self.tag)),
        }
    }

    /// The reference after the change, if the change is about it. One that already is what the change
    /// makes of NAME counts too, so that a second run finds it.
    pub fn change(&self, old: &Reference) -> Option<Reference> {
        let new = self.apply(old);
        let done = matches!(&self.new_name, Part::Set(name) if *name == old.repository) && new == *old;
        (old.repository == self.name || done).then_some(new)
    }
}

impl Reference {
    /// Reads a reference. `None` if the text cannot be one.
    pub fn parse(text: &str) -> Option<Self> {
        let (repository, tag, digest) = Self::split(text);
        let whole = !repository.is_empty() && !text.contains(char::is_whitespace);
        whole.then(|| Self {
            repository: repository.to_owned(),
            tag: tag.map(str::to_owned),
            digest: digest.map(str::to_owned),
        })
    }

    /// Splits into repository, tag and digest. A `:` with a `/` behind it belongs to a port.
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
            Part::Unsaid => String::new(),
            Part::Keep => format!("{mark}*"),
            Part::Set(text) => format!("{mark}{text}"),
        };
        let (name, tag, digest) = (part("=", &self.new_name), part(":", &self.tag), part("@", &self.digest));
        write!(out, "{}{name}{tag}{digest}", self.name)
    }
}
