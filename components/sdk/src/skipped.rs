//! Phrases about what searches skip, so that no step passes over a file in silence. Never decides what is skipped.

use crate::Reporter;
use crate::report::Level;
use crate::text::plural;
use crate::workspace::{SkipReason, SkippedEntry};

/// How many names a line has.
const NAMED: usize = 5;

const REASONS: [SkipReason; 5] = [
    SkipReason::SymbolicLink,
    SkipReason::Hidden,
    SkipReason::SpecialFile,
    SkipReason::UnsupportedName,
    SkipReason::Protected,
];

/// The reason in a few words, as outputs have it: `symbolic link`.
#[must_use]
pub fn reason(reason: SkipReason) -> &'static str {
    match reason {
        SkipReason::SymbolicLink => "symbolic link",
        SkipReason::Hidden => "hidden",
        SkipReason::SpecialFile => "pipe, socket or device",
        SkipReason::UnsupportedName => "unsupported name",
        SkipReason::Protected => "protected",
    }
}

/// One line per reason and kind: ``skipped 2 symbolic links: `a`, `b` ``.
#[must_use]
pub fn lines(entries: &[SkippedEntry]) -> Vec<(SkipReason, String)> {
    let mut lines = Vec::new();
    for why in REASONS {
        for is_folder in [false, true] {
            let same = |entry: &&SkippedEntry| entry.reason == why && entry.is_folder == is_folder;
            let paths: Vec<&str> = entries.iter().filter(same).map(|entry| entry.path.as_str()).collect();
            if !paths.is_empty() {
                let line = format!("skipped {}: {}", what(why, is_folder, paths.len()), names(&paths));
                lines.push((why, line));
            }
        }
    }
    lines
}

/// Notes what searches skipped, with one line per reason and kind. Everybody expects that wildcards skip hidden names, so
/// these lines are no notices.
pub fn note(reporter: &mut impl Reporter, entries: &[SkippedEntry]) {
    for (reason, line) in lines(entries) {
        let level = if reason == SkipReason::Hidden { Level::Info } else { Level::Notice };
        reporter.note(level, &line);
    }
}

/// Names in backticks, at most five: `` `a`, `b`, `c`, `d`, `e` and 3 more``.
#[must_use]
pub fn names(names: &[&str]) -> String {
    let shown: Vec<String> = names.iter().take(NAMED).map(|name| format!("`{name}`")).collect();
    let shown = shown.join(", ");
    match names.len().saturating_sub(NAMED) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

/// `2 folders whose names begin with a dot`.
fn what(reason: SkipReason, is_folder: bool, count: usize) -> String {
    let kind = plural(count, if is_folder { "folder" } else { "file" });
    let begins = if count == 1 { "whose name begins" } else { "whose names begin" };
    match reason {
        SkipReason::SymbolicLink => plural(count, "symbolic link"),
        SkipReason::Hidden => format!("{kind} {begins} with a dot"),
        SkipReason::SpecialFile if count == 1 => "1 pipe, socket or device".to_owned(),
        SkipReason::SpecialFile => format!("{count} pipes, sockets or devices"),
        SkipReason::UnsupportedName => {
            format!("{kind} with a backslash, a control character, an invisible one or no UTF-8 in the name")
        }
        SkipReason::Protected => format!("{kind} of this run or its CI system"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_reason_has_a_line_with_count_and_names() {
        let entry = |path: &str, reason, is_folder| SkippedEntry {
            path: path.to_owned(),
            reason,
            is_folder,
            target: None,
        };
        let mut entries = vec![
            entry("a/.git-x", SkipReason::Hidden, true),
            entry("a/.env", SkipReason::Hidden, false),
            entry("pipe", SkipReason::SpecialFile, false),
        ];
        entries.extend((0..7).map(|at| entry(&format!("link{at}"), SkipReason::SymbolicLink, false)));
        let lines =
            |entries: &[SkippedEntry]| lines(entries).into_iter().map(|(_, line)| line).collect::<Vec<_>>();
        assert_eq!(
            lines(&entries),
            [
                "skipped 7 symbolic links: `link0`, `link1`, `link2`, `link3`, `link4` and 2 more",
                "skipped 1 file whose name begins with a dot: `a/.env`",
                "skipped 1 folder whose name begins with a dot: `a/.git-x`",
                "skipped 1 pipe, socket or device: `pipe`",
            ]
        );
        assert!(lines(&[]).is_empty());
    }
}
