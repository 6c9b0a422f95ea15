//! One file's change as a unified diff, the way git prints it and `git apply` reads it. Equal contents
//! give an equal diff on every machine: what bounds the work is a size, never a clock.

use lockstep_model::path::WorkspacePath;
use similar::{Algorithm, DiffOp, DiffTag};
use std::fmt::Write;

/// A side of the change: what is to be compared.
#[derive(Debug, Clone, Copy)]
pub(super) enum DiffSide<'a> {
    /// No file.
    Absent,
    /// A file's content, and whether it is executable.
    File { content: &'a [u8], executable: bool },
    /// A file too large to be shown.
    Large { executable: bool },
}

impl DiffSide<'_> {
    /// The side without its content.
    pub(super) fn hidden(self) -> Self {
        match self {
            Self::File { executable, .. } => Self::Large { executable },
            other => other,
        }
    }
}

/// Lines of context around a change.
const CONTEXT: usize = 3;
/// What the search for differences may cost in a whole diff: the square of the lines of each text, both sides
/// together, between its first and last difference, which is enough for one of 400,000 lines. Texts that cost more are
/// compared line by line if they have as many lines, and else shown as replaced whole.
pub(super) const MAX_COST: u64 = 400_000 * 400_000;
/// Where git looks for a zero byte to tell binary content.
const HEAD: usize = 8000;

/// Adds the change of one file; `cost` is what is left of [`MAX_COST`].
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
            // A name with a blank ends with a tab, or tools take the rest for a time.
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

/// The content as text; none if it is binary or in another encoding.
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
    // What both begin and end with costs no search: one line of a file of any length is one line of the diff.
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
        // Its search is bounded by the number of lines, as git's is.
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

/// What differs where each line has its place in the other text, which needs no search: many values of a large file.
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

/// Where a hunk is, each side as the index of its first line and its length.
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
