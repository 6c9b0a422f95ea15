//! Says whether an object has the content of a file: by digests, never by time. It changes nothing.

use std::collections::BTreeMap;

use crate::digest::{self, Tag, read_tag, tag_of_parts};
use crate::find::Item;
use crate::host::{Algorithm, Content, Host};
use crate::look::{self, Seen};
use crate::problem::Problem;

/// How an object and a file compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sameness {
    /// The content is the same.
    Same,
    /// It is not.
    Other,
    /// Nothing that the store tells proves the one or the other.
    Unknown,
}

/// How many files are digested in one call.
const FILES: usize = 5000;
/// How many digests a call may give: each has 32 to 64 characters, and all are in memory.
const PIECES: u64 = 100_000;

/// Compares items with what is there under their names.
///
/// # Errors
/// A file cannot be read, or the store does not tell more.
pub fn compare<H: Host>(host: &mut H, pairs: &[(&Item, &Seen)]) -> Result<Vec<Sameness>, Problem> {
    let mut verdicts: Vec<Sameness> = pairs.iter().map(by_size).collect();
    let open = |verdicts: &[Sameness]| {
        (0..pairs.len()).filter(|at| verdicts[*at] == Sameness::Unknown).collect::<Vec<_>>()
    };
    for at in by_tags(host, pairs, &open(&verdicts))? {
        verdicts[at] = Sameness::Same;
    }
    // A tag that differs proves nothing: others may have cut the file in other places, or the store encrypts.
    let left = open(&verdicts);
    let listed: Vec<usize> = left.iter().copied().filter(|at| pairs[*at].1.only_listed).collect();
    let items: Vec<&Item> = listed.iter().map(|at| pairs[*at].0).collect();
    let more: BTreeMap<usize, Option<Seen>> = listed.into_iter().zip(look::head(host, &items)?).collect();
    let mut by_algorithm: BTreeMap<Algorithm, Vec<(usize, String)>> = BTreeMap::new();
    for at in left {
        match more.get(&at).map_or(Some(pairs[at].1), Option::as_ref) {
            // Gone since, or another one.
            None => verdicts[at] = Sameness::Other,
            Some(seen) if seen.size != pairs[at].0.size => verdicts[at] = Sameness::Other,
            Some(Seen { checksum: Some((algorithm, value)), .. }) => {
                by_algorithm.entry(*algorithm).or_default().push((at, value.clone()));
            }
            Some(_) => {}
        }
    }
    for (algorithm, group) in by_algorithm {
        let items: Vec<&Item> = group.iter().map(|(at, _)| pairs[*at].0).collect();
        for ((at, value), own) in group.iter().zip(whole(host, &items, algorithm)?) {
            verdicts[*at] = if own.eq_ignore_ascii_case(value) { Sameness::Same } else { Sameness::Other };
        }
    }
    Ok(verdicts)
}

fn by_size((item, seen): &(&Item, &Seen)) -> Sameness {
    match (item.size == seen.size, item.size) {
        (false, _) => Sameness::Other,
        (true, 0) => Sameness::Same,
        (true, _) => Sameness::Unknown,
    }
}

/// Those whose entity tag is the one that the item's content would have.
fn by_tags<H: Host>(host: &mut H, pairs: &[(&Item, &Seen)], open: &[usize]) -> Result<Vec<usize>, Problem> {
    // By the size of the pieces; none is the whole file.
    let mut groups: BTreeMap<Option<u64>, Vec<usize>> = BTreeMap::new();
    for &at in open {
        let (item, seen) = pairs[at];
        match read_tag(&seen.etag) {
            Tag::Whole(_) => groups.entry(None).or_default().push(at),
            Tag::Parts(count) if count == item.plan.count() => {
                groups.entry(Some(item.plan.part)).or_default().push(at);
            }
            _ => {}
        }
    }
    let mut same = Vec::new();
    for (piece, group) in groups {
        let items: Vec<&Item> = group.iter().map(|at| pairs[*at].0).collect();
        for (at, digests) in group.iter().zip(pieces(host, &items, Algorithm::Md5, piece)?) {
            let tag = match piece {
                None => digests.first().cloned(),
                Some(_) => tag_of_parts(digests.iter().map(String::as_str)),
            };
            if tag.is_some_and(|tag| tag == pairs[*at].1.etag) {
                same.push(*at);
            }
        }
    }
    Ok(same)
}

/// The digest of the whole content of each.
///
/// # Errors
/// A file cannot be read, or changes meanwhile.
pub fn whole<H: Host>(host: &mut H, items: &[&Item], algorithm: Algorithm) -> Result<Vec<String>, Problem> {
    let digests = pieces(host, items, algorithm, None)?;
    Ok(digests.into_iter().map(|pieces| pieces.into_iter().next().unwrap_or_default()).collect())
}

/// The digests of the pieces of each.
///
/// # Errors
/// A file cannot be read, or changes meanwhile.
pub fn pieces<H: Host>(
    host: &mut H,
    items: &[&Item],
    algorithm: Algorithm,
    piece: Option<u64>,
) -> Result<Vec<Vec<String>>, Problem> {
    let count = |item: &Item| piece.map_or(1, |piece| item.size.div_ceil(piece).max(1));
    let mut all = Vec::with_capacity(items.len());
    let mut rest = items;
    while !rest.is_empty() {
        let mut sum = 0;
        let fit = rest.iter().take(FILES).take_while(|item| {
            sum += count(item);
            sum <= PIECES
        });
        let (batch, later) = rest.split_at(fit.count().max(1));
        rest = later;
        let path = |item: &&Item| match &item.content {
            Content::File(path) => Some(path.clone()),
            Content::Bytes(_) => None,
        };
        let paths: Vec<String> = batch.iter().filter_map(path).collect();
        let mut of_files = match paths.is_empty() {
            true => Vec::new(),
            false => host.digests(&paths, algorithm, piece).map_err(|fault| Problem::of_file(&fault))?,
        }
        .into_iter();
        for item in batch {
            all.push(match &item.content {
                Content::File(_) => of_files.next().unwrap_or_default(),
                Content::Bytes(bytes) => match piece {
                    None => vec![digest::of_bytes(bytes, algorithm)],
                    Some(piece) => {
                        let size = usize::try_from(piece).unwrap_or(usize::MAX).max(1);
                        bytes.chunks(size).map(|bytes| digest::of_bytes(bytes, algorithm)).collect()
                    }
                },
            });
        }
    }
    Ok(all)
}
