//! Finds the files of the sources, and decides which object each becomes. It changes nothing.

use std::collections::{BTreeMap, btree_map::Entry};

use lockstep_sdk::Workspace;
use lockstep_sdk::objects::{Content, PutOptions};
use lockstep_sdk::text::plural;
use lockstep_sdk::workspace::FileEntry;

use crate::failure::{Code, Error};
use crate::inputs::Settings;
use crate::parts::{MAX_FILE_SIZE, MAX_WHOLE_SIZE, PartLayout};
use crate::search::{self, LeftOut, Sources};
use crate::{headers, names};

/// Content that becomes an object.
#[derive(Clone, Debug, PartialEq)]
pub struct Item {
    /// The name of the object below the prefix.
    pub key: String,
    /// The full name of the object.
    pub name: String,
    /// A file, or the bytes of the manifest.
    pub content: Content,
    /// Its size in bytes.
    pub size: u64,
    /// The permission bits of the file.
    pub mode: u32,
    /// The options of the object: an index into [`Files::options`].
    pub options: u32,
    /// How a multipart upload divides the content.
    pub layout: PartLayout,
    /// The SHA-256 of the content, if the step computed it.
    pub sha256: Option<String>,
}

impl Item {
    /// The path of the file, or the key of the manifest.
    #[must_use]
    pub fn path(&self) -> &str {
        match &self.content {
            Content::File(path) => path,
            Content::Bytes(_) => &self.key,
        }
    }
}

/// The files of all sources.
#[derive(Clone, Debug, Default)]
pub struct Files {
    /// The files, sorted by key.
    pub items: Vec<Item>,
    /// What the step leaves out.
    pub left_out: LeftOut,
    /// The different options of the objects.
    pub options: Vec<PutOptions>,
}

impl Files {
    fn add_item(&mut self, settings: &Settings, key: &str, content: Content, size: u64, mode: u32) -> Item {
        let (redirects, headers): (Vec<_>, Vec<_>) = headers::headers_of(&settings.header_rules, key)
            .into_iter()
            .partition(|header| header.name == headers::REDIRECT);
        let website_redirect = redirects.into_iter().next().map(|header| header.value);
        let options = PutOptions { headers, website_redirect, ..settings.options.clone() };
        let index = self.options.iter().position(|other| *other == options).unwrap_or_else(|| {
            self.options.push(options);
            self.options.len() - 1
        });
        Item {
            key: key.to_owned(),
            name: settings.target.name(key),
            content,
            size,
            mode,
            options: u32::try_from(index).unwrap_or(u32::MAX),
            layout: PartLayout::new(size, &self.options[index]),
            sha256: None,
        }
    }

    /// The item of a manifest with these bytes. It is not among [`Files::items`].
    pub fn add_manifest(&mut self, settings: &Settings, key: &str, bytes: Vec<u8>) -> Item {
        let size = bytes.len() as u64;
        self.add_item(settings, key, Content::Bytes(bytes), size, 0)
    }

    /// Whether the step sends the item after all others: a page of HTML, or an object that caches may not keep. It can refer to
    /// other objects, which must exist before.
    #[must_use]
    pub fn comes_last(&self, item: &Item) -> bool {
        let header = |name: &str| {
            let headers = self.options.get(item.options as usize).map_or(&[][..], |options| &options.headers);
            headers.iter().find(|header| header.name == name).map(|header| header.value.to_ascii_lowercase())
        };
        let is_page =
            |value: String| ["text/html", "application/xhtml+xml"].iter().any(|ty| value.starts_with(ty));
        let is_fresh = |value: String| {
            let rules = ["no-cache", "no-store", "max-age=0"];
            value.split(',').any(|rule| rules.contains(&rule.trim()))
        };
        header("content-type").is_some_and(is_page) || header("cache-control").is_some_and(is_fresh)
    }

    /// Whether the step sends the item as a multipart upload. A local folder takes every file whole.
    #[must_use]
    pub fn is_multipart(settings: &Settings, item: &Item) -> bool {
        let is_file = matches!(item.content, Content::File(_));
        is_file && item.size > MAX_WHOLE_SIZE && !settings.target.is_folder
    }
}

/// Finds the files.
///
/// # Errors
/// The host cannot read a folder, a source matches nothing, a name is invalid for an object, or two files have the same key.
pub fn find(host: &mut impl Workspace, settings: &Settings) -> Result<Files, Vec<Error>> {
    let Sources { files: found, left_out } = search::search(host, settings)?;
    let (mut files, mut errors) = (Files { left_out, ..Files::default() }, Vec::new());
    let mut entries: BTreeMap<String, FileEntry> = BTreeMap::new();
    if let (Some(name), [first, second, ..]) = (&settings.target.only_key, &found[..]) {
        let message = format!(
            "`to` is the name of one object, and `source` matches {}: `{}`, `{}` and so on",
            plural(found.len(), "file"),
            first.1.path,
            second.1.path
        );
        return Err(vec![
            Error::new(Code::BadInput, message).hint(format!("end `to` with `/`, as in `{name}/`")),
        ]);
    }
    for (key, file) in found {
        let key = settings.target.only_key.clone().unwrap_or(key);
        errors.extend(add_entry(settings, &mut entries, key, file).err());
    }
    if let Some(manifest) = &settings.manifest
        && let Some(file) = entries.get(manifest)
    {
        let message = format!("`{}` would become the same object as the manifest", file.path);
        let error = Error::new(Code::BadInput, message).hint("give `manifest` another name");
        errors.push(error.at(&file.path, None));
    }
    if !errors.is_empty() {
        return Err(errors);
    }
    for (key, FileEntry { path, size, mode }) in entries {
        let item = files.add_item(settings, &key, Content::File(path), size, mode);
        files.items.push(item);
    }
    Ok(files)
}

fn add_entry(
    settings: &Settings,
    entries: &mut BTreeMap<String, FileEntry>,
    key: String,
    file: FileEntry,
) -> Result<(), Error> {
    let error = |message: String, hint: &str| {
        Err(Error::new(Code::BadInput, message).hint(hint).at(&file.path, None))
    };
    let name = settings.target.name(&key);
    if !settings.target.is_valid_key(&key) {
        let message = format!("`{}` would become `{name}`: {}", file.path, names::rule(&key));
        return error(message, "rename the file, or leave it out with `exclude`");
    }
    if file.size > MAX_FILE_SIZE && !settings.target.is_folder {
        let message =
            format!("`{}` has {} bytes; an object has at most {MAX_FILE_SIZE}", file.path, file.size);
        return error(message, "split the file");
    }
    match entries.entry(key) {
        Entry::Occupied(other) if other.get().path != file.path => {
            let message = format!("`{}` and `{}` would both become `{name}`", other.get().path, file.path);
            error(message, "name a folder above both as the `source`")
        }
        Entry::Occupied(_) => Ok(()),
        Entry::Vacant(free) => {
            free.insert(file);
            Ok(())
        }
    }
}
