//! Finds the files of the sources, and decides which object each becomes. It changes nothing.

use std::collections::{BTreeMap, btree_map::Entry};

use lockstep_sdk::Workspace;
use lockstep_sdk::objects::{Content, PutOptions};
use lockstep_sdk::types::Error as HostError;
use lockstep_sdk::workspace::{FileEntry, LinkEntry};

use crate::failure::{Code, Error, file_error};
use crate::headers;
use crate::inputs::Settings;
use crate::parts::{MAX_FILE_SIZE, MAX_WHOLE_SIZE, PartLayout};

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
    /// The symbolic links that the step skips, by the key that each would have.
    pub links: BTreeMap<String, LinkEntry>,
    /// The different options of the objects.
    pub options: Vec<PutOptions>,
}

impl Files {
    fn add_item(&mut self, settings: &Settings, key: &str, content: Content, size: u64, mode: u32) -> Item {
        let headers = headers::headers_of(&settings.header_rules, key);
        let options = PutOptions { headers, ..settings.options.clone() };
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
    let (mut files, mut errors) = (Files::default(), Vec::new());
    let mut entries: BTreeMap<String, FileEntry> = BTreeMap::new();
    let one = |error: HostError| vec![file_error(&error)];
    for source in &settings.sources {
        let (mut matches, mut skipped) = (false, None);
        for (pattern, prefix_len) in &source.patterns {
            for file in host.glob(pattern).map_err(one)? {
                matches = true;
                let key = key_of(&file.path, *prefix_len).to_owned();
                errors.extend(add_entry(settings, &mut entries, key, file).err());
            }
            for link in host.links(pattern).map_err(one)? {
                skipped.get_or_insert_with(|| link.clone());
                files.links.insert(key_of(&link.path, *prefix_len).to_owned(), link);
            }
        }
        if !matches && !settings.allow_empty {
            errors.push(no_files(&source.text, skipped.as_ref()));
        }
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
        let message = format!("`{}` would become `{name}`, which no object can be named", file.path);
        return error(message, "rename the file, or leave it out of `source`");
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

fn key_of(path: &str, prefix_len: usize) -> &str {
    path.get(prefix_len..).unwrap_or(path)
}

fn no_files(source: &str, link: Option<&LinkEntry>) -> Error {
    match link {
        Some(LinkEntry { path, target }) => {
            let message = format!(
                "`{source}` matches no file; `{path}` is a symbolic link, and the step does not follow links"
            );
            Error::new(Code::NoFiles, message).hint(format!("name its target, `{target}`"))
        }
        None => Error::new(Code::NoFiles, format!("`{source}` matches no file"))
            .hint(
                "correct the path, spell the dot of a name that begins with one, such as `dist/.well-known`, or set \
                 `allow-empty` if there may be no file",
            ),
    }
}
