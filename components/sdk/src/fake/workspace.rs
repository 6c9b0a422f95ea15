//! A workspace in memory.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use crate::traits::HostResult;
use crate::types::{Error, Outcome};
use crate::workspace::{Algorithm, FileEntry, SearchResult, SkipReason, SkippedEntry};
use crate::{OpenFile, Workspace};

/// Files in memory. Changes take effect at once, and `diff` is empty. Digests are equal for equal content and have the length
/// of the algorithm, but are no real digests.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FakeWorkspace {
    /// The files, by path.
    pub files: BTreeMap<String, Vec<u8>>,
    /// What searches skip, as far as the pattern matches the path. Hidden files are skipped in any case.
    pub skipped: Vec<SkippedEntry>,
}

/// An open file in memory.
#[derive(Clone, Debug, PartialEq)]
pub struct FakeFile(pub Vec<u8>);

impl FakeWorkspace {
    /// Adds a file.
    #[must_use]
    pub fn with_file(mut self, path: &str, content: impl Into<Vec<u8>>) -> Self {
        self.files.insert(path.to_owned(), content.into());
        self
    }

    /// The text of a file, if it exists and is UTF-8.
    #[must_use]
    pub fn text(&self, path: &str) -> Option<&str> {
        std::str::from_utf8(self.files.get(path)?).ok()
    }
}

/// Whether wildcards skip a path, because a part of it is hidden and the pattern spells no dot.
fn is_hidden(pattern: &str, path: &str) -> bool {
    let hidden = |part: &str| part.starts_with('.') && part != ".well-known";
    path.split('/').any(hidden) && !pattern.split('/').any(hidden)
}

pub(super) fn matches(pattern: &str, path: &str) -> bool {
    pattern == path || fast_glob::glob_match(pattern, path)
}

/// A hash with the length of the algorithm's digests.
pub(super) fn fake_digest(content: &[u8], algorithm: Algorithm) -> String {
    let digits = match algorithm {
        Algorithm::Sha256 => 64,
        Algorithm::Md5 => 32,
        Algorithm::Crc64nvme => 16,
        Algorithm::Crc32c => 8,
    };
    let mut hasher = DefaultHasher::new();
    (digits, content).hash(&mut hasher);
    format!("{:016x}", hasher.finish()).repeat(4)[..digits].to_owned()
}

fn missing(path: &str) -> Error {
    Error::NotFound(format!("there is no file `{path}`"))
}

impl Workspace for FakeWorkspace {
    type File = FakeFile;

    fn glob(&mut self, pattern: &str) -> HostResult<SearchResult> {
        let SearchResult { base, mut files, mut skipped } = self.glob_hidden(pattern)?;
        let hidden = files.extract_if(.., |file| is_hidden(pattern, &file.path));
        skipped.extend(hidden.map(|file| SkippedEntry {
            path: file.path,
            reason: SkipReason::Hidden,
            is_folder: false,
            target: None,
        }));
        Ok(SearchResult { base, files, skipped })
    }

    fn glob_hidden(&mut self, pattern: &str) -> HostResult<SearchResult> {
        let found = self.files.iter().filter(|(path, _)| matches(pattern, path));
        let file = |(path, content): (&String, &Vec<u8>)| FileEntry {
            path: path.clone(),
            size: content.len() as u64,
            mode: 0o644,
        };
        let skipped = self.skipped.iter().filter(|entry| matches(pattern, &entry.path)).cloned();
        let parts: Vec<&str> = pattern.split('/').collect();
        let names = parts[..parts.len() - 1].iter().take_while(|part| !part.contains(['*', '?', '[', '{']));
        let base = names.copied().collect::<Vec<_>>().join("/");
        Ok(SearchResult { base, files: found.map(file).collect(), skipped: skipped.collect() })
    }

    fn digests(
        &mut self,
        paths: &[String],
        algorithm: Algorithm,
        chunk_bytes: Option<u64>,
    ) -> HostResult<Vec<Vec<String>>> {
        let size = chunk_bytes.map_or(usize::MAX, |bytes| usize::try_from(bytes).unwrap_or(usize::MAX));
        let digests = |path: &String| {
            let content = self.files.get(path).ok_or_else(|| missing(path))?;
            let chunks = content.chunks(size.max(1)).map(|chunk| fake_digest(chunk, algorithm));
            Ok(if content.is_empty() { vec![fake_digest(b"", algorithm)] } else { chunks.collect() })
        };
        paths.iter().map(digests).collect()
    }

    fn read(&mut self, path: &str) -> HostResult<Vec<u8>> {
        self.files.get(path).cloned().ok_or_else(|| missing(path))
    }

    fn open(&mut self, path: &str) -> HostResult<FakeFile> {
        self.read(path).map(FakeFile)
    }

    fn write(&mut self, path: &str, content: &[u8]) -> HostResult<Outcome> {
        let before = self.files.insert(path.to_owned(), content.to_vec());
        Ok(if before.as_deref() == Some(content) { Outcome::Unchanged } else { Outcome::Applied })
    }

    fn write_private(&mut self, path: &str, content: &[u8]) -> HostResult<Outcome> {
        self.write(path, content)
    }

    fn remove(&mut self, path: &str) -> HostResult<()> {
        self.files.remove(path).map(drop).ok_or_else(|| missing(path))
    }

    fn diff(&mut self) -> HostResult<String> {
        Ok(String::new())
    }
}

impl OpenFile for FakeFile {
    fn size(&self) -> u64 {
        self.0.len() as u64
    }

    fn read_at(&self, offset: u64, length: u32) -> HostResult<Vec<u8>> {
        let start = usize::try_from(offset).unwrap_or(usize::MAX).min(self.0.len());
        let end = start.saturating_add(length as usize).min(self.0.len());
        Ok(self.0[start..end].to_vec())
    }

    fn digest(&self) -> HostResult<String> {
        Ok(format!("sha256:{}", fake_digest(&self.0, Algorithm::Sha256)))
    }
}
