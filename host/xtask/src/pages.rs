//! The rules of the pages, each a test: links lead somewhere, the book has every page, and the words are those of
//! docs/contributing/style.md. It reads files and changes nothing.

use crate::r#gen;
use crate::markdown::{Link, anchors, links, resolve, without_code};
use lockstep_model::limits::Limits;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// The page that lists the pages of the book.
const SUMMARY: &str = "docs/SUMMARY.md";

/// The most lines of README.md.
const README_LINES: usize = 200;

fn read(page: &Path) -> String {
    fs::read_to_string(crate::root().join(page)).unwrap_or_else(|error| panic!("{}: {error}", page.display()))
}

/// The Markdown pages below a folder.
fn below(folder: &str) -> Vec<PathBuf> {
    let mut pages = r#gen::files_below(&crate::root(), Path::new(folder)).unwrap();
    pages.retain(|page| page.extension().is_some_and(|extension| extension == "md"));
    pages
}

/// The pages of the book.
fn book() -> Vec<PathBuf> {
    let pages = below("docs");
    assert!(pages.len() > 50, "{pages:?}");
    pages
}

/// Every Markdown page that people read: the book, its sources, those at the top of the checkout, of the forge and of tests.
fn all() -> Vec<PathBuf> {
    let mut pages = [book(), below(".github"), below("examples"), below("tests/src")].concat();
    for entry in fs::read_dir(crate::root()).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        if name.ends_with(".md") {
            pages.push(name.into());
        }
    }
    pages
}

/// What is wrong with a link of a page; none if it leads to a file, and to a heading of it if it names one.
fn problem(page: &Path, link: &Link) -> Option<String> {
    let (path, anchor) = link.local()?;
    let path = if path.is_empty() { page.to_owned() } else { resolve(page, path) };
    if !crate::root().join(&path).exists() {
        return Some(format!("there is no {}", path.display()));
    }
    let anchor = anchor?;
    let found = anchors(&read(&path)).iter().any(|heading| heading == anchor);
    (!found).then(|| format!("{} has no heading `#{anchor}`", path.display()))
}

#[test]
fn every_link_leads_somewhere() {
    let mut wrong = Vec::new();
    let mut count = 0;
    for page in all() {
        for link in links(&read(&page)) {
            count += 1;
            let said = problem(&page, &link);
            wrong.extend(
                said.map(|said| format!("{}: [{}]({}): {said}", page.display(), link.text, link.target)),
            );
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(count > 150, "only {count} links");
}

#[test]
fn a_link_that_leads_nowhere_is_noticed() {
    let page = Path::new("docs/README.md");
    let wrong = |text: &str| problem(page, &links(text)[0]);
    assert_eq!(wrong("[x](no.md)"), Some("there is no docs/no.md".to_owned()));
    assert_eq!(
        wrong("[x](contributing/style.md#no)"),
        Some("docs/contributing/style.md has no heading `#no`".into())
    );
    assert_eq!(wrong("[x](contributing/style.md#glossary)"), None);
    assert_eq!(wrong("[x](https://example.com/#no)"), None);
}

/// A link out of docs/ works on a forge and not in the book.
#[test]
fn pages_of_the_book_link_within_it() {
    for page in book() {
        for link in links(&read(&page)) {
            let path = link.local().map(|(path, _)| resolve(&page, path));
            let within = path.is_none_or(|path| path.starts_with("docs"));
            assert!(within, "{}: `{}` is not in the book", page.display(), link.target);
        }
    }
}

#[test]
fn the_summary_lists_every_page_once() {
    let summary = Path::new(SUMMARY);
    let listed: Vec<PathBuf> =
        links(&read(summary)).iter().map(|link| resolve(summary, &link.target)).collect();
    let once: BTreeSet<PathBuf> = listed.iter().cloned().collect();
    assert_eq!(once.len(), listed.len(), "{SUMMARY} lists a page twice");
    let pages: BTreeSet<PathBuf> = book().into_iter().filter(|page| page != summary).collect();
    let missing: Vec<_> = pages.difference(&once).collect();
    assert!(missing.is_empty(), "{SUMMARY} lists every page but {missing:?}");
}

/// mdBook makes no page for the links that lead to a README.
#[test]
fn every_readme_of_the_book_has_a_redirect() {
    let settings = read(Path::new("docs/book.toml"));
    for page in book().iter().filter(|page| page.ends_with("README.md")) {
        let from = page.strip_prefix("docs").unwrap().with_extension("html");
        let redirect = format!("\"/{}\" = \"index.html\"", from.display());
        assert!(settings.contains(&redirect), "docs/book.toml has no line {redirect}");
    }
}

#[test]
fn the_readme_is_short() {
    let lines = read(Path::new("README.md")).lines().count();
    assert!(lines <= README_LINES, "README.md has {lines} lines; move some into a page of docs/");
}

/// People wrote the table by hand, and the numbers are those of the host.
#[test]
fn the_page_of_step_toml_has_the_limits() {
    let (page, limits) = (read(Path::new("docs/step-toml.md")), Limits::default());
    for row in [
        format!("| {} | {} |", limits.seconds, Limits::MAX_SECONDS),
        format!("| {} | {} |", limits.memory_mb, Limits::MAX_MEMORY_MB),
        format!("| {} | {} |", limits.calls, Limits::MAX_CALLS),
        format!("| {} | {} |", limits.output_bytes / (1024 * 1024), Limits::MAX_OUTPUT_MB),
    ] {
        assert!(page.contains(&row), "docs/step-toml.md has no {row}");
    }
}

/// The words that docs/contributing/style.md says to avoid.
fn words() -> Vec<String> {
    let style = read(Path::new("docs/contributing/style.md"));
    let list = style.split("## Words to avoid").nth(1).unwrap().split("\n## ").next().unwrap();
    // Every other piece stands between backticks.
    let words: Vec<String> = list.split('`').skip(1).step_by(2).map(|word| word.replace('\n', " ")).collect();
    assert!(words.len() > 10, "{words:?}");
    words
}

/// Whether a text has a word, and not as a part of another one.
fn has(text: &str, word: &str) -> bool {
    let letter = |c: Option<char>| c.is_some_and(char::is_alphabetic);
    text.match_indices(word).any(|(at, _)| {
        !letter(text[..at].chars().next_back()) && !letter(text[at + word.len()..].chars().next())
    })
}

#[test]
fn pages_use_the_words_of_the_field() {
    let words = words();
    let style = Path::new("docs/contributing/style.md");
    for page in all().into_iter().filter(|page| page != style) {
        let text = without_code(&read(&page)).to_lowercase().replace('\n', " ");
        for word in &words {
            let found = has(&text, word);
            assert!(!found, "{}: `{word}`; {} says what to write", page.display(), style.display());
        }
    }
}
