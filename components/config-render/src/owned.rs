//! The list of owned files: for each `to`, the files that the step wrote for it and the digests of their contents.
//!
//! The format is that of `sha256sum`, one line per file, so that `sha256sum --check` reads it and git merges it. A line
//! `# to: ` begins the files of one `to`.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

const HEAD: &str = "# Written by lockstep config-render: the files it owns and their digests. Do not edit.\n";
const SECTION: &str = "# to: ";

/// The files of one `to`: path and digest in hexadecimal digits.
pub(crate) type Digests = BTreeMap<String, String>;

/// The whole list, by `to`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct OwnedFiles(pub(crate) BTreeMap<String, Digests>);

impl OwnedFiles {
    /// Parses a list.
    ///
    /// # Errors
    /// The number of the first invalid line, counted from 1.
    pub(crate) fn parse(text: &str) -> Result<Self, u32> {
        let mut sections: BTreeMap<String, Digests> = BTreeMap::new();
        let mut current = None;
        for (number, line) in (1..).zip(text.lines()) {
            if let Some(to) = line.strip_prefix(SECTION) {
                current = Some(to);
                sections.entry(to.to_owned()).or_default();
            } else if !line.starts_with('#') {
                let (digest, path) = entry(line).ok_or(number)?;
                let files = current.and_then(|to| sections.get_mut(to)).ok_or(number)?;
                if files.insert(path.to_owned(), digest.to_owned()).is_some() {
                    return Err(number);
                }
            }
        }
        Ok(Self(sections))
    }

    /// The files of a `to`.
    pub(crate) fn section(&self, to: &str) -> impl Iterator<Item = (&String, &String)> {
        self.0.get(to).into_iter().flatten()
    }

    /// The digest of a file of a `to`.
    pub(crate) fn digest(&self, to: &str, path: &str) -> Option<&String> {
        self.0.get(to)?.get(path)
    }

    /// Another `to` that owns a file.
    pub(crate) fn other_owner(&self, to: &str, path: &str) -> Option<&String> {
        let mut others = self.0.iter().filter(|(other, _)| *other != to);
        others.find(|(_, files)| files.contains_key(path)).map(|(other, _)| other)
    }

    /// The list as text.
    pub(crate) fn write(&self) -> String {
        let sections = self.0.iter().filter(|(_, files)| !files.is_empty());
        let mut text = HEAD.to_owned();
        for (to, files) in sections {
            text.extend([SECTION, to, "\n"]);
            for (path, digest) in files {
                text.extend([digest, "  ", path, "\n"]);
            }
        }
        text
    }
}

/// Splits `DIGEST  PATH`.
fn entry(line: &str) -> Option<(&str, &str)> {
    let (digest, path) = line.split_once("  ")?;
    let hexadecimal = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    (digest.len() == 64 && digest.bytes().all(hexadecimal) && !path.is_empty()).then_some((digest, path))
}

/// The SHA-256 of bytes, in hexadecimal digits.
pub(crate) fn digest(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digest = Sha256::digest(bytes);
    let digits = digest.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.map(|digit| char::from(DIGITS[usize::from(digit)])).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
    use super::*;

    #[test]
    fn a_written_list_is_parsed_unchanged() {
        let files = |path: &str| Digests::from([(path.to_owned(), digest(path.as_bytes()))]);
        let owned = OwnedFiles(BTreeMap::from([
            ("b/{x}.yaml".into(), files("b/1 2.yaml")),
            ("a".into(), files("a")),
        ]));
        let text = owned.write();
        assert_eq!(OwnedFiles::parse(&text).unwrap(), owned);
        assert_eq!(OwnedFiles::parse(&text.replace('\n', "\r\n")).unwrap(), owned);
        assert_eq!(OwnedFiles::default().write(), HEAD);
    }

    #[test]
    fn an_invalid_list_is_rejected_with_its_line() {
        let sum = "0".repeat(64);
        for (text, line) in [
            ("x\n".to_owned(), 1),
            (format!("{sum}  a\n"), 1),
            (format!("# to: a\n{sum} a\n"), 2),
            (format!("# to: a\n{}  a\n", &sum[1..]), 2),
            (format!("# to: a\n{sum}  a\n<<<<<<< ours\n"), 3),
            (format!("# to: a\n{sum}  a\n{sum}  a\n"), 3),
        ] {
            assert_eq!(OwnedFiles::parse(&text), Err(line), "{text}");
        }
    }
}
