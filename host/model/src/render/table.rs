//! A table of the summary as lines of the log.

use super::fragments::count;
use super::style::Verbosity;
use super::{BAR, Renderer};

/// The largest width of a column that gets padding, in characters, off a terminal.
const MAX_COLUMN: usize = 40;
/// The smallest width that a column is cut to, in characters.
const MIN_COLUMN: usize = 8;
/// The characters between two columns.
const GAP: usize = 2;

/// The lines of a table with aligned columns. On a terminal its cells are cut to the width of the terminal, and a line
/// counts the cut cells.
pub(super) fn table<'t>(
    r: &Renderer,
    columns: &'t [String],
    rows: impl IntoIterator<Item = &'t [String]>,
) -> Vec<String> {
    let charset = r.style.charset;
    let cell = |text: &String| charset.show(&r.clean_lines(text).join(" ")).into_owned();
    let mut all: Vec<Vec<String>> =
        std::iter::once(columns).chain(rows).map(|row| row.iter().map(cell).collect()).collect();
    let terminal = r.style.width.filter(|_| r.style.verbosity != Verbosity::Verbose);
    let mut widths = widths(&all);
    let mut cut = 0;
    match terminal {
        Some(width) => {
            let most = widest(&widths, width);
            for cell in all.iter_mut().flatten() {
                cut += usize::from(shorten(cell, most, &charset.ellipsis()));
            }
            widths.iter_mut().for_each(|width| *width = (*width).min(most));
        }
        None => widths.iter_mut().for_each(|width| *width = (*width).min(MAX_COLUMN)),
    }
    let line = |row: &Vec<String>| {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}{:GAP$}", ""));
        format!("{BAR}{}", cells.collect::<String>().trim_end())
    };
    let mut lines: Vec<String> = all.iter().map(line).collect();
    if let Some(width) = terminal.filter(|_| cut > 0) {
        let cells =
            if cut == 1 { "1 cell is".to_owned() } else { format!("{} cells are", count(cut as u64)) };
        lines.push(format!(
            "{BAR}{cells} cut to the {width} columns of the terminal; --verbose prints whole cells"
        ));
    }
    lines
}

/// The width of each column, in characters.
fn widths(rows: &[Vec<String>]) -> Vec<usize> {
    let width = |i: usize| rows.iter().filter_map(|row| row.get(i)).map(|cell| cell.chars().count()).max();
    (0..).map_while(width).collect()
}

/// The width that no column may exceed, so that a line fits the terminal.
fn widest(widths: &[usize], terminal: usize) -> usize {
    let around = BAR.chars().count() + GAP * widths.len().saturating_sub(1);
    let room = terminal.saturating_sub(around);
    let fits = |most: &usize| widths.iter().map(|width| width.min(most)).sum::<usize>() <= room;
    (MIN_COLUMN..=terminal).rev().find(fits).unwrap_or(MIN_COLUMN)
}

/// Cuts a cell that is longer than `most` characters. Returns whether it did.
fn shorten(cell: &mut String, most: usize, ellipsis: &str) -> bool {
    if cell.chars().count() <= most {
        return false;
    }
    let kept: String = cell.chars().take(most.saturating_sub(ellipsis.chars().count())).collect();
    *cell = kept + ellipsis;
    true
}
