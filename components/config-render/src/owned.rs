//! The list of owned files: for each pattern of paths the files written for it, with the digest of what was written.
//! Never looks at the files themselves.
//!
//! It is what `sha256sum` writes and `sha256sum --check` reads, one line a file, so that two branches merge; lines
//! with `# to: ` say which pattern the files below belong to.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

const HEAD: &str = "# Written by lockstep config-render: the files it owns and their digests. Do not edit.\n";
const SECTION: &str = "# to: ";

/// The files of one pattern: their path, and the digest in hexadecimal.
pub type Files = BTreeMap<String, String>;

/// The whole list, by pattern.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Owned(pub BTreeMap<String, Files>);

impl Owned {
    /// Reads a list.
    ///
    /// # Errors
    /// The number of the first line that is none of a list, counted from 1.
    pub fn read(text: &str) -> Result<Self, u32> {
        let mut sections: BTreeMap<String, Files> = BTreeMap::new();
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

    /// The list as text.
    #[must_use]
    pub fn write(&self) -> String {
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

/// `DIGEST  PATH`.
fn entry(line: &str) -> Option<(&str, &str)> {
    let (digest, path) = line.split_once("  ")?;
    let hexadecimal = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    (digest.len() == 64 && digest.bytes().all(hexadecimal) && !path.is_empty()).then_some((digest, path))
}

/// The SHA-256 of some bytes, in hexadecimal.
#[must_use]
pub fn digest(bytes: &[u8]) -> String {
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
    fn a_list_is_read_as_it_was_written() {
        let files = |path: &str| Files::from([(path.to_owned(), digest(path.as_bytes()))]);
        let owned =
            Owned(BTreeMap::from([("b/{x}.yaml".into(), files("b/1 2.yaml")), ("a".into(), files("a"))]));
        let text = owned.write();
        assert_eq!(Owned::read(&text).unwrap(), owned);
        assert_eq!(Owned::read(&text.replace('\n', "\r\n")).unwrap(), owned);
        assert_eq!(Owned::default().write(), HEAD);
    }

    #[test]
    fn what_is_no_list_is_refused_with_its_line() {
        let sum = "0".repeat(64);
        for (text, line) in [
            ("x\n".to_owned(), 1),
            (format!("{sum}  a\n"), 1),
            (format!("# to: a\n{sum} a\n"), 2),
            (format!("# to: a\n{}  a\n", &sum[1..]), 2),
            (format!("# to: a\n{sum}  a\n<<<<<<< ours\n"), 3),
            (format!("# to: a\n{sum}  a\n{sum}  a\n"), 3),
        ] {
            assert_eq!(Owned::read(&text), Err(line), "{text}");
        }
    }
}
