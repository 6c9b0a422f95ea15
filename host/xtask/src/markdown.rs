//! Links and anchors of Markdown pages, as far as the pages of this project use them. It knows inline links, headings and
//! code, and no reference links.

#[cfg(test)]
use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Component, Path, PathBuf};

/// An inline link, `[text](target)`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Link {
    /// Where it stands in the page, in bytes.
    pub(crate) at: Range<usize>,
    /// What the reader sees.
    pub(crate) text: String,
    /// What is between the parentheses.
    pub(crate) target: String,
}

impl Link {
    /// The path and the anchor of a target within the project; none for a URL.
    pub(crate) fn local(&self) -> Option<(&str, Option<&str>)> {
        if self.target.contains("://") || self.target.starts_with("mailto:") {
            return None;
        }
        Some(match self.target.split_once('#') {
            Some((path, anchor)) => (path, Some(anchor)),
            None => (&self.target, None),
        })
    }
}

/// The links of a page, in their order.
pub(crate) fn links(page: &str) -> Vec<Link> {
    let prose = without_code(page);
    let mut links = Vec::new();
    for (middle, _) in prose.match_indices("](") {
        let Some(length) = prose[middle..].find(')') else { continue };
        let Some(begin) = opening(&prose[..middle]) else { continue };
        let end = middle + length;
        // The text itself may hold code, so it is taken from the page.
        let (text, target) = (page[begin + 1..middle].to_owned(), page[middle + 2..end].to_owned());
        links.push(Link { at: begin..end + 1, text, target });
    }
    links
}

/// Where the bracket opens that closes at the end of this text.
fn opening(text: &str) -> Option<usize> {
    let mut depth = 1;
    for (at, c) in text.char_indices().rev() {
        match c {
            ']' => depth += 1,
            '[' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Some(at);
        }
    }
    None
}

/// The anchors of a page's headings, as GitHub and mdBook make them: `a-heading`, and `a-heading-1` for a second one.
#[cfg(test)]
pub(crate) fn anchors(page: &str) -> Vec<String> {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let prose = without_fences(page);
    let headings = prose.lines().filter(|line| line.starts_with('#'));
    let headings = headings.filter_map(|line| line.trim_start_matches('#').strip_prefix(' '));
    headings
        .map(|heading| {
            let name = anchor(heading);
            let count = seen.entry(name.clone()).or_default();
            *count += 1;
            if *count == 1 { name } else { format!("{name}-{}", *count - 1) }
        })
        .collect()
}

#[cfg(test)]
fn anchor(heading: &str) -> String {
    let kept = heading.trim().chars().filter_map(|c| match c {
        ' ' => Some('-'),
        c if c.is_alphanumeric() || c == '-' || c == '_' => Some(c),
        _ => None,
    });
    kept.collect::<String>().to_lowercase()
}

/// The page with blanks in place of code, in blocks and within lines; every byte keeps its place.
pub(crate) fn without_code(page: &str) -> String {
    let prose = without_fences(page);
    let mut out = String::with_capacity(prose.len());
    let mut rest = prose.as_str();
    while let Some(begin) = rest.find('`') {
        let ticks = rest[begin..].chars().take_while(|c| *c == '`').count();
        let after = begin + ticks;
        let Some(length) = rest[after..].find(&"`".repeat(ticks)) else { break };
        let end = after + length + ticks;
        out.push_str(&rest[..begin]);
        out.push_str(&blank(&rest[begin..end]));
        rest = &rest[end..];
    }
    out + rest
}

/// The page with blanks in place of blocks of code.
fn without_fences(page: &str) -> String {
    let mut inside = false;
    let mut out = String::with_capacity(page.len());
    for line in page.split_inclusive('\n') {
        let fence = line.trim_start().starts_with("```");
        if inside || fence {
            out.push_str(&blank(line))
        } else {
            out.push_str(line)
        }
        inside ^= fence;
    }
    out
}

fn blank(text: &str) -> String {
    text.bytes().map(|byte| if byte == b'\n' { '\n' } else { ' ' }).collect()
}

/// The path that a link in the page at `page` names, without `.` and `..`.
pub(crate) fn resolve(page: &Path, target: &str) -> PathBuf {
    let mut path = page.parent().unwrap_or(Path::new("")).to_owned();
    for part in Path::new(target).components() {
        match part {
            Component::ParentDir => drop(path.pop()),
            Component::CurDir => {}
            part => path.push(part),
        }
    }
    path
}

/// How the page at `page` names a path.
pub(crate) fn relative(page: &Path, path: &Path) -> String {
    let folder: Vec<_> = page.parent().unwrap_or(Path::new("")).components().collect();
    let parts: Vec<_> = path.components().collect();
    let common = folder.iter().zip(&parts).take_while(|(one, other)| one == other).count();
    let ups = folder[common..].iter().map(|_| "..".to_owned());
    let downs = parts[common..].iter().map(|part| part.as_os_str().to_string_lossy().into_owned());
    ups.chain(downs).collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_found_outside_of_code() {
        let page = "See [a `[0]` page](x/y.md#top), `[no](link)`.\n```\n[no](link)\n```\n[url](https://example.com)\n";
        let links = links(page);
        let found: Vec<_> = links.iter().map(|link| (&*link.text, &*link.target)).collect();
        assert_eq!(found, [("a `[0]` page", "x/y.md#top"), ("url", "https://example.com")]);
        assert_eq!(&page[links[0].at.clone()], "[a `[0]` page](x/y.md#top)");
        assert_eq!((links[0].local(), links[1].local()), (Some(("x/y.md", Some("top"))), None));
    }

    #[test]
    fn anchors_are_those_of_github() {
        let page =
            "# One: `two`, three\n## A step's end\n```sh\n# no heading\n```\n## A step's end\n#no heading\n";
        assert_eq!(anchors(page), ["one-two-three", "a-steps-end", "a-steps-end-1"]);
    }

    #[test]
    fn paths_go_up_and_down() {
        let page = Path::new("docs/contributing/README.md");
        assert_eq!(resolve(page, "../wit/types.md"), Path::new("docs/wit/types.md"));
        assert_eq!(relative(page, Path::new("docs/wit/types.md")), "../wit/types.md");
        assert_eq!(relative(page, Path::new("docs/contributing/style.md")), "style.md");
    }
}
