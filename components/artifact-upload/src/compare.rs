//! Compares files with objects in the store by digests. It changes nothing.

use std::collections::BTreeMap;

use lockstep_sdk::Workspace;
use lockstep_sdk::objects::{Checksum, Content};
use lockstep_sdk::workspace::Algorithm;

use crate::digest::{self, EntityTag, file_algorithm, multipart_etag, parse_etag};
use crate::failure::{Error, file_error};
use crate::files::Item;
use crate::host::StoreHost;
use crate::inspect::{self, StoredObject};

/// How the content of an object compares with that of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// The content is the same.
    Same,
    /// The content differs.
    Different,
    /// The store tells no digest that decides it.
    Unknown,
}

/// The most files in one call that computes digests.
const MAX_FILES: usize = 5000;
/// The most digests that one call returns: each has 32 to 64 characters, and all are in memory.
const MAX_DIGESTS: u64 = 100_000;

/// Compares items with the objects that have their names.
///
/// # Errors
/// The host cannot read a file, or the store refuses a request.
pub fn compare<H: StoreHost>(
    host: &mut H,
    pairs: &[(&Item, &StoredObject)],
) -> Result<Vec<Comparison>, Error> {
    let mut results: Vec<Comparison> = pairs.iter().map(compare_sizes).collect();
    let undecided = |results: &[Comparison]| {
        (0..pairs.len()).filter(|index| results[*index] == Comparison::Unknown).collect::<Vec<_>>()
    };
    for index in matching_etags(host, pairs, &undecided(&results))? {
        results[index] = Comparison::Same;
    }
    // A different entity tag proves nothing: other tools use other parts, and the store may encrypt.
    let rest = undecided(&results);
    let listed: Vec<usize> = rest.iter().copied().filter(|index| pairs[*index].1.is_listed_only).collect();
    let items: Vec<&Item> = listed.iter().map(|index| pairs[*index].0).collect();
    let details: BTreeMap<usize, Option<StoredObject>> =
        listed.into_iter().zip(inspect::head(host, &items)?).collect();
    let mut by_algorithm: BTreeMap<Algorithm, Vec<(usize, String)>> = BTreeMap::new();
    for index in rest {
        match details.get(&index).map_or(Some(pairs[index].1), Option::as_ref) {
            // Somebody deleted or replaced the object after the listing.
            None => results[index] = Comparison::Different,
            Some(object) if object.size != pairs[index].0.size => results[index] = Comparison::Different,
            Some(StoredObject { checksum: Some(Checksum { algorithm, value }), .. }) => {
                by_algorithm.entry(file_algorithm(*algorithm)).or_default().push((index, value.clone()));
            }
            Some(_) => {}
        }
    }
    for (algorithm, group) in by_algorithm {
        let items: Vec<&Item> = group.iter().map(|(index, _)| pairs[*index].0).collect();
        for ((index, value), own) in group.iter().zip(whole_digests(host, &items, algorithm)?) {
            let is_same = own.eq_ignore_ascii_case(value);
            results[*index] = if is_same { Comparison::Same } else { Comparison::Different };
        }
    }
    Ok(results)
}

fn compare_sizes((item, object): &(&Item, &StoredObject)) -> Comparison {
    match (item.size == object.size, item.size) {
        (false, _) => Comparison::Different,
        (true, 0) => Comparison::Same,
        (true, _) => Comparison::Unknown,
    }
}

/// The indexes of the objects whose entity tag is that of the item's content.
fn matching_etags<H: StoreHost>(
    host: &mut H,
    pairs: &[(&Item, &StoredObject)],
    undecided: &[usize],
) -> Result<Vec<usize>, Error> {
    // By the size of the parts; none for objects that were sent whole.
    let mut groups: BTreeMap<Option<u64>, Vec<usize>> = BTreeMap::new();
    for &index in undecided {
        let (item, object) = pairs[index];
        match parse_etag(&object.etag) {
            EntityTag::Md5(_) => groups.entry(None).or_default().push(index),
            EntityTag::Multipart(count) if count == item.layout.count() => {
                groups.entry(Some(item.layout.part_size)).or_default().push(index);
            }
            _ => {}
        }
    }
    let mut matching = Vec::new();
    for (chunk, group) in groups {
        let items: Vec<&Item> = group.iter().map(|index| pairs[*index].0).collect();
        for (index, digests) in group.iter().zip(chunk_digests(host, &items, Algorithm::Md5, chunk)?) {
            let etag = match chunk {
                None => digests.first().cloned(),
                Some(_) => multipart_etag(digests.iter().map(String::as_str)),
            };
            if etag.is_some_and(|etag| etag == pairs[*index].1.etag) {
                matching.push(*index);
            }
        }
    }
    Ok(matching)
}

/// The digest of the whole content of each item.
///
/// # Errors
/// The host cannot read a file, or the file changes meanwhile.
pub fn whole_digests(
    host: &mut impl Workspace,
    items: &[&Item],
    algorithm: Algorithm,
) -> Result<Vec<String>, Error> {
    let digests = chunk_digests(host, items, algorithm, None)?;
    Ok(digests.into_iter().map(|chunks| chunks.into_iter().next().unwrap_or_default()).collect())
}

/// For each item the digests of its chunks of this many bytes, or of the whole content.
///
/// # Errors
/// The host cannot read a file, or the file changes meanwhile.
pub fn chunk_digests(
    host: &mut impl Workspace,
    items: &[&Item],
    algorithm: Algorithm,
    chunk_bytes: Option<u64>,
) -> Result<Vec<Vec<String>>, Error> {
    let count = |item: &Item| chunk_bytes.map_or(1, |chunk| item.size.div_ceil(chunk).max(1));
    let mut all = Vec::with_capacity(items.len());
    let mut rest = items;
    while !rest.is_empty() {
        let mut sum = 0;
        let fit = rest.iter().take(MAX_FILES).take_while(|item| {
            sum += count(item);
            sum <= MAX_DIGESTS
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
            false => host.digests(&paths, algorithm, chunk_bytes).map_err(|error| file_error(&error))?,
        }
        .into_iter();
        all.extend(batch.iter().map(|item| match &item.content {
            Content::File(_) => of_files.next().unwrap_or_default(),
            Content::Bytes(bytes) => digest::chunk_digests(bytes, algorithm, chunk_bytes),
        }));
    }
    Ok(all)
}
