//! Searches the files of the sources, and decides which key each gets. It changes nothing.

use std::collections::BTreeMap;

use lockstep_sdk::types::Error as HostError;
use lockstep_sdk::workspace::{FileEntry, SearchResult, SkipReason, SkippedEntry};
use lockstep_sdk::{HostResult, Workspace};

use crate::failure::{Code, Error, file_error};
use crate::filter::Filter;
use crate::inputs::Settings;
use crate::names;

/// The files of all sources.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// The files to upload with their keys, in the order of the sources.
    pub files: Vec<(String, FileEntry)>,
    /// What the step leaves out.
    pub left_out: LeftOut,
}

/// What the step leaves out of the sources.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LeftOut {
    /// What the searches skipped, by the key that each would have.
    pub skipped: BTreeMap<String, SkippedEntry>,
    /// The paths of files that `include` and `exclude` leave out, by key.
    pub excluded: BTreeMap<String, String>,
}

impl LeftOut {
    /// Whether the step keeps an object with this key although no source makes it, because it leaves out its file.
    #[must_use]
    pub fn keeps(&self, filter: &Filter, key: &str) -> bool {
        self.has(key) || filter.leaves_out(key)
    }

    /// Whether a key is that of a skipped file, or could be that of a file in a skipped folder.
    fn has(&self, key: &str) -> bool {
        let folders = key.match_indices('/').map(|(at, _)| &key[..at]);
        // A link can lead to a folder.
        let is_folder = |entry: &SkippedEntry| entry.is_folder || entry.reason == SkipReason::SymbolicLink;
        self.skipped.contains_key(key)
            || !self.skipped.is_empty()
                && folders.into_iter().any(|folder| self.skipped.get(folder).is_some_and(is_folder))
    }
}

/// Searches the files of all sources.
///
/// # Errors
/// The host cannot read a folder, a source or a pattern of `include` matches nothing, or a file has a name that no path can hold.
pub fn search(host: &mut impl Workspace, settings: &Settings) -> Result<Sources, Vec<Error>> {
    let (mut sources, mut errors) = (Sources::default(), Vec::new());
    let one = |error: HostError| vec![file_error(&error)];
    for source in &settings.sources {
        let (found, prefix_len) = search_source(host, source, settings.dotfiles).map_err(one)?;
        if found.files.is_empty() && !settings.allow_empty {
            errors.push(no_files(source, &found.skipped));
        }
        for entry in found.skipped {
            let key = key_of(&entry.path, prefix_len).to_owned();
            if settings.filter.leaves_out(&key) {
                sources.left_out.excluded.insert(key, entry.path);
            } else if entry.reason == SkipReason::UnsupportedName {
                errors.push(unsupported_name(&entry));
            } else {
                sources.left_out.skipped.insert(key, entry);
            }
        }
        for file in found.files {
            let key = key_of(&file.path, prefix_len).to_owned();
            match settings.filter.leaves_out(&key) {
                true => drop(sources.left_out.excluded.insert(key, file.path)),
                false => sources.files.push((key, file)),
            }
        }
    }
    let unmatched = settings.filter.include.iter().filter(|pattern| {
        !sources.files.iter().any(|(key, _)| pattern.matches(key))
            && !sources.left_out.excluded.keys().any(|key| pattern.matches(key))
    });
    if !settings.allow_empty {
        errors.extend(unmatched.map(|pattern| {
            let message = format!("`{}` of `include` matches no file of `source`", pattern.text);
            Error::new(Code::NoFiles, message)
                .hint("a pattern matches the path below `to`; set `allow-empty` if there may be no file")
        }));
    }
    if errors.is_empty() { Ok(sources) } else { Err(errors) }
}

/// Searches the files of a source. Returns also how many bytes of each path are not part of the key.
fn search_source(
    host: &mut impl Workspace,
    source: &str,
    dotfiles: bool,
) -> HostResult<(SearchResult, usize)> {
    let mut glob = |pattern: &str| match dotfiles {
        true => host.glob_hidden(pattern),
        false => host.glob(pattern),
    };
    let prefix_len = |base: &str| if base.is_empty() { 0 } else { base.len() + 1 };
    let path = names::source(source).unwrap_or_default();
    if path == "." {
        return Ok((glob("**")?, 0));
    }
    let found = glob(&path)?;
    if !found.files.is_empty() || !found.skipped.is_empty() {
        let prefix_len = prefix_len(&found.base);
        return Ok((found, prefix_len));
    }
    // It can be a folder.
    let below = glob(&format!("{path}/**"))?;
    match below.base == path {
        true => Ok((below, path.len() + 1)),
        false => Ok((found, 0)),
    }
}

fn key_of(path: &str, prefix_len: usize) -> &str {
    path.get(prefix_len..).unwrap_or(path)
}

fn unsupported_name(entry: &SkippedEntry) -> Error {
    let what = if entry.is_folder { "folder" } else { "file" };
    let message = format!(
        "the {what} `{}` has a backslash, a control character, an invisible one or no UTF-8 in its name; Lockstep reads no such name",
        entry.path
    );
    Error::new(Code::BadInput, message).hint(format!("rename the {what}, or leave it out with `exclude`"))
}

fn no_files(source: &str, skipped: &[SkippedEntry]) -> Error {
    let error = |message: String| Error::new(Code::NoFiles, message);
    let Some(first) = skipped.first() else {
        return error(format!("`{source}` matches no file")).hint(
            "correct the path, spell the dot of a name that begins with one, such as `dist/.config`, or set `allow-empty` if \
             there may be no file",
        );
    };
    let path = &first.path;
    match (first.reason, &first.target) {
        (SkipReason::SymbolicLink, Some(target)) => error(format!(
            "`{source}` matches no file; `{path}` is a symbolic link, and the step does not follow links"
        ))
        .hint(format!("name its target, `{target}`")),
        (SkipReason::Hidden, _) => error(format!(
            "`{source}` matches no file; the step skips `{path}`, because its name begins with a dot"
        ))
        .hint("set `dotfiles`"),
        (reason, _) => error(format!(
            "`{source}` matches no file; the step skips `{path}`: {}",
            lockstep_sdk::skipped::reason(reason)
        )),
    }
}
