//! The change of one file as a unified diff, as git prints it and `git apply` reads it. Equal contents give an equal diff on
//! every machine, because a size limits the work, not a clock.

use lockstep_model::path::WorkspacePath;
use similar::{Algorithm, DiffOp, DiffTag};
use std::fmt::Write;

/// One side of a change.
#[derive(Debug, Clone, Copy)]
pub(super) enum DiffSide<'a> {
    /// No file.
    Absent,
    /// A file: its content, and whether it is executable.
    File { content: &'a [u8], executable: bool },
    /// A file whose content the diff does not show.
    Large { executable: bool },
}

impl DiffSide<'_> {
    /// The side without its content.
    pub(super) fn without_content(self) -> Self {
        match self {
            Self::File { executable, .. } => Self::Large { executable },
            other => other,
        }
    }
}

/// Lines of context around a change.
const CONTEXT: usize = 3;
/// The maximum cost of the search for differences in a whole diff. The cost of a text is the square of the number of lines
/// of both sides between the first and the last difference, so one text of 400,000 lines fits. A text that costs more is
/// compared line by line if both sides have the same number of lines, and otherwise replaced as a whole.
pub(super) const MAX_COST: u64 = 400_000 * 400_000;
/// The number of bytes at the start in which git looks for a zero byte. A file with one is binary.
const HEAD: usize = 8000;

/// Adds the change of one file; `cost` is the rest of [`MAX_COST`].
pub(super) fn render(
    out: &mut String,
    cost: &mut u64,
    path: &WorkspacePath,
    before: DiffSide<'_>,
    after: DiffSide<'_>,
) {
    let (old, new) = (name("a/", path.as_str()), name("b/", path.as_str()));
    let _ = writeln!(out, "diff --git {old} {new}");
    match (before, after) {
        (DiffSide::Absent, _) => {
            let _ = writeln!(out, "new file mode {}", mode(after));
        }
        (_, DiffSide::Absent) => {
            let _ = writeln!(out, "deleted file mode {}", mode(before));
        }
        _ => {}
    }
    let old = label(old, before);
    let new = label(new, after);
    match (text(before), text(after)) {
        (Some(before), Some(after)) if before == after => {}
        (Some(before), Some(after)) => {
            // After a name with a blank, tools take the rest of the line for a time unless a tab follows.
            let end = if path.as_str().contains(' ') { "\t" } else { "" };
            let end = |label: &str| if label == NONE { "" } else { end };
            let _ = write!(out, "--- {old}{}\n+++ {new}{}\n", end(&old), end(&new));
            hunks(out, cost, before, after);
        }
        _ => {
            let _ = writeln!(out, "Binary files {old} and {new} differ");
        }
    }
}

const NONE: &str = "/dev/null";

fn label(name: String, side: DiffSide<'_>) -> String {
    match side {
        DiffSide::Absent => NONE.to_owned(),
        _ => name,
    }
}

/// The name as git quotes it. A workspace path holds no backslash and no control character.
fn name(prefix: &str, path: &str) -> String {
    match path.contains('"') {
        true => format!("\"{prefix}{}\"", path.replace('"', "\\\"")),
        false => format!("{prefix}{path}"),
    }
}

fn mode(side: DiffSide<'_>) -> &'static str {
    match side {
        DiffSide::File { executable: true, .. } | DiffSide::Large { executable: true } => "100755",
        _ => "100644",
    }
}

/// The content as text; none if it is binary or not UTF-8.
fn text(side: DiffSide<'_>) -> Option<&str> {
    match side {
        DiffSide::Absent => Some(""),
        DiffSide::Large { .. } => None,
        DiffSide::File { content, .. } if content.iter().take(HEAD).any(|&byte| byte == 0) => None,
        DiffSide::File { content, .. } => std::str::from_utf8(content).ok(),
    }
}

fn hunks(out: &mut String, cost: &mut u64, before: &str, after: &str) {
    let old: Vec<&str> = before.split_inclusive('\n').collect();
    let new: Vec<&str> = after.split_inclusive('\n').collect();
    // The common start and end need no search, so a change of one line is cheap in a file of any length.
    let head = old.iter().zip(&new).take_while(|(old, new)| old == new).count();
    let ends = old[head..].iter().rev().zip(new[head..].iter().rev());
    let tail = ends.take_while(|(old, new)| old == new).count();
    let (inner_old, inner_new) = (head..old.len() - tail, head..new.len() - tail);
    let searched = (inner_old.len() + inner_new.len()) as u64;
    let left = searched.checked_pow(2).and_then(|max| cost.checked_sub(max));
    let (old_index, new_index) = (inner_old.end, inner_new.end);
    let mut ops = vec![DiffOp::Equal { old_index: 0, new_index: 0, len: head }];
    if let Some(left) = left {
        *cost = left;
        // The number of lines limits this search, as in git.
        ops.extend(similar::capture_diff(Algorithm::Myers, &old[..], inner_old, &new[..], inner_new));
    } else if inner_old.len() == inner_new.len() {
        ops.extend(line_by_line(&old[inner_old], &new[inner_new], head));
    } else {
        header(out, (0, old.len()), (0, new.len()));
        old.iter().for_each(|text| line(out, '-', text));
        new.iter().for_each(|text| line(out, '+', text));
        return;
    }
    ops.push(DiffOp::Equal { old_index, new_index, len: tail });
    ops.retain(|op| !op.old_range().is_empty() || !op.new_range().is_empty());
    for group in similar::group_diff_ops(ops, CONTEXT) {
        hunk(out, &group, &old, &new);
    }
}

/// The differences between two texts with the same number of lines, without a search: a change of many values in a large
/// file.
fn line_by_line<'a>(old: &'a [&str], new: &'a [&str], first: usize) -> impl Iterator<Item = DiffOp> + 'a {
    let same: Vec<bool> = old.iter().zip(new).map(|(old, new)| old == new).collect();
    let mut at = first;
    let runs: Vec<(bool, usize)> = same.chunk_by(|a, b| a == b).map(|run| (run[0], run.len())).collect();
    runs.into_iter().map(move |(same, len)| {
        let index = at;
        at += len;
        match same {
            true => DiffOp::Equal { old_index: index, new_index: index, len },
            false => DiffOp::Replace { old_index: index, old_len: len, new_index: index, new_len: len },
        }
    })
}

fn hunk(out: &mut String, ops: &[DiffOp], old: &[&str], new: &[&str]) {
    let (Some(first), Some(last)) = (ops.first(), ops.last()) else {
        return;
    };
    let (old_start, new_start) = (first.old_range().start, first.new_range().start);
    header(out, (old_start, last.old_range().end - old_start), (new_start, last.new_range().end - new_start));
    for op in ops {
        let (removed, added) = (&old[op.old_range()], &new[op.new_range()]);
        if op.tag() == DiffTag::Equal {
            removed.iter().for_each(|text| line(out, ' ', text));
            continue;
        }
        removed.iter().for_each(|text| line(out, '-', text));
        added.iter().for_each(|text| line(out, '+', text));
    }
}

/// Writes the header of a hunk. Each side is the index of its first line and its number of lines.
fn header(out: &mut String, old: (usize, usize), new: (usize, usize)) {
    let range = |(start, length): (usize, usize)| match length {
        0 => format!("{start},0"),
        1 => format!("{}", start + 1),
        _ => format!("{},{length}", start + 1),
    };
    let _ = writeln!(out, "@@ -{} +{} @@", range(old), range(new));
}

fn line(out: &mut String, sign: char, text: &str) {
    out.push(sign);
    out.push_str(text);
    if !text.ends_with('\n') {
        out.push_str("\n\\ No newline at end of file\n");
    }
}
