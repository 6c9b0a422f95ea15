//! Inspects the objects that exist in the store. It changes nothing, and ignores names that no file can get.

use std::collections::{BTreeMap, BTreeSet};

use lockstep_sdk::Objects;
use lockstep_sdk::objects::{Checksum, ObjectInfo};
use lockstep_sdk::types::Error as HostError;

use crate::failure::{Code, Error, store_error};
use crate::files::Item;
use crate::inputs::Settings;
use crate::search::LeftOut;

/// The most objects that the step requests one by one instead of listing the prefix.
const MAX_HEADS: usize = 100;
/// The most objects in one call.
const BATCH: usize = 1000;

/// An object in the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredObject {
    /// Its size in bytes.
    pub size: u64,
    /// Its entity tag; empty if it has none.
    pub etag: String,
    /// A checksum of the whole content, if the store has one.
    pub checksum: Option<Checksum>,
    /// Whether it comes from a listing, which has no checksums.
    pub is_listed_only: bool,
}

/// The objects below the prefix.
#[derive(Clone, Debug, Default)]
pub struct StoreState {
    /// The objects that have the names of items, by key.
    pub objects: BTreeMap<String, StoredObject>,
    /// The keys of the objects to delete.
    pub extra: Vec<String>,
    /// The keys of objects that `delete` keeps, because the step skips or excludes their files.
    pub kept: Vec<String>,
    /// How many keys a file can get.
    pub valid_keys: u64,
    /// How many keys no file can get.
    pub invalid_keys: u64,
}

impl From<ObjectInfo> for StoredObject {
    fn from(info: ObjectInfo) -> Self {
        Self { size: info.size, etag: info.etag, checksum: info.checksum, is_listed_only: false }
    }
}

/// Inspects the objects that have the names of the items, and with `delete` all others.
///
/// # Errors
/// The store refuses a request.
pub fn inspect(
    host: &mut impl Objects,
    settings: &Settings,
    left_out: &LeftOut,
    items: &[&Item],
) -> Result<StoreState, Error> {
    if settings.max_delete.is_some() || items.len() > MAX_HEADS {
        return list(host, settings, left_out, items);
    }
    let objects = head(host, items)?.into_iter().zip(items);
    let objects = objects.filter_map(|(object, item)| Some((item.key.clone(), object?))).collect();
    Ok(StoreState { objects, ..StoreState::default() })
}

fn list(
    host: &mut impl Objects,
    settings: &Settings,
    left_out: &LeftOut,
    items: &[&Item],
) -> Result<StoreState, Error> {
    let keys: BTreeSet<&str> = items.iter().map(|item| item.key.as_str()).collect();
    let mut state = StoreState::default();
    let mut start = None;
    loop {
        let page = host
            .list_objects(&settings.target.prefix, start.as_deref())
            .map_err(|error| inspect_error(&error))?;
        for object in page.objects {
            let Some(key) = settings.target.key(&object.name) else {
                state.invalid_keys += 1;
                continue;
            };
            state.valid_keys += 1;
            if keys.contains(key) {
                let (size, etag) = (object.size, object.etag);
                let object = StoredObject { size, etag, checksum: None, is_listed_only: true };
                state.objects.insert(key.to_owned(), object);
            } else if settings.max_delete.is_some() {
                let is_kept = left_out.keeps(&settings.filter, key);
                if is_kept { &mut state.kept } else { &mut state.extra }.push(key.to_owned());
            }
        }
        if page.next.is_none() {
            return Ok(state);
        }
        if page.next == start {
            let message = format!("the listing of `{}` returns the same page again", settings.target.prefix);
            return Err(Error::new(Code::Unavailable, message));
        }
        start = page.next;
    }
}

/// Requests what the store says about the object of each item.
///
/// # Errors
/// The store refuses a request.
pub fn head(host: &mut impl Objects, items: &[&Item]) -> Result<Vec<Option<StoredObject>>, Error> {
    let mut all = Vec::with_capacity(items.len());
    for batch in items.chunks(BATCH) {
        let names: Vec<String> = batch.iter().map(|item| item.name.clone()).collect();
        for answer in host.head_objects(&names).map_err(|error| inspect_error(&error))? {
            all.push(answer.map_err(|error| inspect_error(&error))?.map(StoredObject::from));
        }
    }
    Ok(all)
}

/// The error of a request that reads. A store answers 403 for an object that does not exist to credentials that may not list:
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html>.
fn inspect_error(error: &HostError) -> Error {
    let error = store_error(error);
    match error.code {
        Code::Forbidden => error
            .hint("allow listing and reading of the objects below `to` (`s3:ListBucket`, `s3:GetObject`)"),
        _ => error,
    }
}
