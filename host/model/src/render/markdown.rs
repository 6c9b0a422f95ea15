//! The summary of a GitHub step. Texts of a component have no effect as markup: they are escaped in HTML, or in code
//! blocks with fences longer than any in the text.

use super::{Renderer, fragments};
use crate::exit::Exit;
use crate::report::{Block, Report};
use std::fmt::Write as _;

/// The largest size of a summary in bytes. GitHub drops a summary of more than 1 MiB. A notice counts the parts that do
/// not fit.
const MAX_BYTES: usize = 900 * 1024;
/// The room for that notice in bytes.
const NOTICE_BYTES: usize = 256;
/// The languages that GitHub only highlights. It draws others (`mermaid`, `geojson`, `math`) with their links.
const LANGUAGES: [&str; 10] = ["console", "diff", "hcl", "ini", "json", "sh", "text", "toml", "xml", "yaml"];
/// The largest number of changed files in the list.
const MAX_CHANGES: usize = 200;

/// The summary of a run.
pub(super) fn summary(r: &Renderer, report: &Report) -> String {
    let mut parts = report.summary.clone();
    if let Some(diff) = report.diff.as_ref().filter(|_| report.dry_run) {
        parts.push(Block::Code { language: "diff".to_owned(), text: diff.clone() });
    }
    let mut out = head(r, report);
    if !parts.is_empty() && report.would_change() {
        let _ = writeln!(out, "<p>{}</p>\n", fragments::WITHOUT_DRY_RUN);
    }
    self::parts(r, &parts, &mut out);
    out
}

/// Adds the parts that fit, and the number of the others.
pub(super) fn parts(r: &Renderer, parts: &[Block], out: &mut String) {
    for (i, part) in parts.iter().enumerate() {
        let Some(text) = block(r, part, (MAX_BYTES - NOTICE_BYTES).saturating_sub(out.len())) else {
            let left = parts.len() - i;
            let _ = writeln!(out, "<p><i>{left} more parts do not fit here; the log has them.</i></p>\n");
            break;
        };
        out.push_str(&text);
    }
}

/// The outcome, the message, the hint and the changed files.
fn head(r: &Renderer, report: &Report) -> String {
    let ending = &report.ending;
    let at = ending.location.as_ref().filter(|_| ending.exit != Exit::Done);
    let dry_run = if report.dry_run { " (dry run)" } else { "" };
    let mut out = format!("<h3>{}{dry_run}: {}</h3>\n\n", lines(r, &report.step), ending.exit.word());
    let heading = out.len();
    let _ = write!(out, "<p>{}{}", html(&fragments::place(r, at)), lines(r, &ending.message));
    if let Some(hint) = &ending.hint {
        let _ = write!(out, "<br>hint: {}", lines(r, hint));
    }
    out.push_str("</p>\n\n");
    let changed = report.changes.len() + report.objects.len();
    if changed > 0 {
        let word = match (report.objects.is_empty(), report.dry_run) {
            (true, true) => "Files to change",
            (true, false) => "Changed files",
            (false, true) => "Objects to change",
            (false, false) => "Changed objects",
        };
        let _ = writeln!(out, "<details><summary>{word}: {changed}</summary><ul>");
        for name in report.changed().take(MAX_CHANGES) {
            let _ = writeln!(out, "<li><code>{}</code></li>", html(&r.clean(name)));
        }
        if changed > MAX_CHANGES {
            let _ = writeln!(out, "<li>and {} more</li>", changed - MAX_CHANGES);
        }
        out.push_str("</ul></details>\n\n");
    }
    if out.len() > MAX_BYTES - NOTICE_BYTES {
        out.truncate(heading);
        out.push_str("<p><i>The message does not fit here; the log has it.</i></p>\n\n");
    }
    out
}

/// A part of the summary; none if it does not fit. It cuts code at a line to fit.
fn block(r: &Renderer, block: &Block, room: usize) -> Option<String> {
    let text = match block {
        Block::Heading(text) => format!("<h3>{}</h3>\n\n", lines(r, text)),
        Block::Paragraph(text) => format!("<p>{}</p>\n\n", lines(r, text)),
        Block::Code { language, text } => code(r, language, text, room),
        Block::Table { columns, rows } => table(r, columns, rows),
    };
    (text.len() <= room).then_some(text)
}

fn code(r: &Renderer, language: &str, text: &str, room: usize) -> String {
    let lines = r.clean_lines(text);
    let ticks = lines.iter().map(|line| longest_run(line, '`')).max().unwrap_or_default();
    let fence = "`".repeat(ticks.max(2) + 1);
    let language = LANGUAGES.into_iter().find(|known| *known == language).unwrap_or_default();
    let mut out = format!("{fence}{language}\n");
    let mut cut = "";
    for line in &lines {
        if out.len() + line.len() + fence.len() + NOTICE_BYTES > room {
            cut = "<p><i>The rest does not fit here; the log has it.</i></p>\n\n";
            break;
        }
        let _ = writeln!(out, "{line}");
    }
    let _ = write!(out, "{fence}\n\n{cut}");
    out
}

fn table(r: &Renderer, columns: &[String], rows: &[Vec<String>]) -> String {
    let row = |tag: &str, cells: &[String]| {
        let cells = cells.iter().map(|cell| format!("<{tag}>{}</{tag}>", lines(r, cell)));
        format!("<tr>{}</tr>\n", cells.collect::<String>())
    };
    let body: String = rows.iter().map(|cells| row("td", cells)).collect();
    format!("<table>\n{}{body}</table>\n\n", row("th", columns))
}

/// A text as HTML on one line, because an empty line would end the HTML.
fn lines(r: &Renderer, text: &str) -> String {
    let lines: Vec<String> = r.clean_lines(text).iter().map(|line| html(line)).collect();
    lines.join("<br>")
}

/// Escapes a text for HTML, and divides mentions, references and links so that GitHub does not make any.
fn html(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '@' | '#' => {
                let _ = write!(out, "<span>{c}</span>");
            }
            _ => out.push(c),
        }
    }
    out.replace("://", "<span>:</span>//")
}

fn longest_run(line: &str, wanted: char) -> usize {
    line.split(|c| c != wanted).map(str::len).max().unwrap_or_default()
}
