//! The input `updates`: the list of Kargo's `yaml-update`. Never looks at a file.

use lockstep_yaml::{NodeId, Path, Segment, Stream};

use crate::document::{self, bad};
use crate::problem::Problem;
use crate::request::Edit;

/// Why something else than a list is refused.
const NO_LIST: &str = "it is not a list of `key` and `value`";

/// Reads the list. A blank text is none.
pub(crate) fn read(text: &str) -> Vec<Result<Edit, Problem>> {
    if text.trim().is_empty() {
        return Vec::new();
    }
    let opened = document::open("updates", text);
    match opened.and_then(|(stream, root)| list(&stream, root).map(|list| (stream, list))) {
        Ok((stream, list)) => entries(&stream, list),
        Err(problem) => vec![Err(problem)],
    }
}

/// The list itself, which may stand under `updates:`.
fn list(stream: &Stream<'_>, root: NodeId) -> Result<NodeId, Problem> {
    let list = match stream.pairs(root) {
        [(key, list)] if stream.scalar(*key) == Some("updates") => *list,
        [] => root,
        _ => {
            let hint = "give what stands under `updates:`; the files to change are said in `files`";
            return Err(bad("updates", NO_LIST).hint(hint));
        }
    };
    if stream.items(list).is_empty() {
        return Err(bad("updates", NO_LIST).hint("write `[{key: image.tag, value: v2}]`"));
    }
    Ok(list)
}

fn entries(stream: &Stream<'_>, list: NodeId) -> Vec<Result<Edit, Problem>> {
    let mut read = Vec::new();
    let mut paths: Vec<(usize, Path)> = Vec::new();
    for (number, &item) in (1..).zip(stream.items(list)) {
        let mut problems = Vec::new();
        match entry(stream, number, item, &mut problems) {
            Some((path, edit)) => match paths.iter().find(|(_, before)| *before == path) {
                Some((before, _)) => {
                    let problem = format!("`{}` stands in entry {before} already", edit.label);
                    read.push(Err(bad(&format!("updates entry {number}"), problem)));
                }
                None => {
                    paths.push((number, path));
                    read.push(Ok(edit));
                }
            },
            None => read.extend(problems.into_iter().map(Err)),
        }
    }
    read
}

/// One update, or all that is wrong with it.
fn entry(
    stream: &Stream<'_>,
    number: usize,
    item: NodeId,
    problems: &mut Vec<Problem>,
) -> Option<(Path, Edit)> {
    let mut what = format!("updates entry {number}");
    let [key, value] = ["key", "value"].map(|name| stream.get(item, name));
    let (Some(key), Some(value)) = (key, value) else {
        problems.push(bad(&what, "it has not both a `key` and a `value`"));
        return None;
    };
    for &(name, _) in stream.pairs(item) {
        if !matches!(stream.scalar(name), Some("key" | "value")) {
            let name = stream.scalar(name).unwrap_or_default();
            problems.push(bad(&what, format!("`{name}` is not known; there are `key` and `value`")));
        }
    }
    let mut keep = |result: Result<_, Problem>| result.map_err(|problem| problems.push(problem)).ok();
    let path = keep(document::string(stream, key, &what).and_then(|text| {
        what = format!("updates entry {number} (`{text}`)");
        Ok((self::key(&text).map_err(|problem| bad(&what, problem))?, text))
    }));
    let value = document::value(stream, value, &what).map_err(|problem| problems.push(problem)).ok();
    let ((path, text), value) = (path?, value?);
    let edit = Edit::new(format!("updates {text}"), document::set(path.clone(), value));
    problems.is_empty().then_some((path, edit))
}

/// Reads a key of Kargo. Dots separate, `\` keeps the next character, and a part that is a number is an index into a
/// list or a key of a mapping, whichever stands there; with `:` in front of it, it is a key.
///
/// # Errors
/// What is wrong with it.
pub fn key(text: &str) -> Result<Path, &'static str> {
    let mut segments = Vec::new();
    let mut part = String::new();
    let mut characters = text.chars();
    let mut forced = false;
    while let Some(character) = characters.next() {
        match character {
            '\\' => part.push(characters.next().ok_or("behind the last `\\` a character is missing")?),
            '.' => segments.push(segment(&mut part, &mut forced)?),
            ':' if part.is_empty() && !forced && is_number(characters.as_str()) => forced = true,
            other => part.push(other),
        }
    }
    segments.push(segment(&mut part, &mut forced)?);
    Ok(Path::of(segments))
}

/// Whether a part begins here that is a number.
fn is_number(rest: &str) -> bool {
    let part = rest.split('.').next().unwrap_or_default();
    !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit())
}

/// Ends a part.
fn segment(part: &mut String, forced: &mut bool) -> Result<Segment, &'static str> {
    let part = std::mem::take(part);
    if part.is_empty() {
        return Err("a part of the key is empty; a dot that is part of a name is written `\\.`");
    }
    let canonical = part == "0" || !part.starts_with('0');
    let number = Some(&part).filter(|part| canonical && is_number(part) && part.len() < 10);
    Ok(match number.and_then(|part| part.parse().ok()) {
        Some(number) if !std::mem::take(forced) => Segment::KeyOrIndex(number),
        _ => {
            *forced = false;
            Segment::Key(part)
        }
    })
}
