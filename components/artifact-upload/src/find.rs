//! Finds the files of the sources, and settles what each becomes. It changes nothing.

use std::collections::{BTreeMap, btree_map::Entry};

use crate::headers;
use crate::host::{Content, Fault, Found, Host, Keeping, Link};
use crate::parts::{LONGEST, Plan, WHOLE};
use crate::problem::{Code, Problem};
use crate::settings::Settings;

/// What is to become an object.
#[derive(Clone, Debug, PartialEq)]
pub struct Item {
    /// Its path below the prefix.
    pub below: String,
    /// Its full name.
    pub name: String,
    /// What it is made of.
    pub content: Content,
    /// Its size in bytes.
    pub size: u64,
    /// The permission bits of the file.
    pub mode: u32,
    /// How it is kept: an index into [`Files::keepings`].
    pub keeping: u32,
    /// How it is taken apart, if it is.
    pub plan: Plan,
    /// The SHA-256 of its content, if the run knows it.
    pub sha256: Option<String>,
}

impl Item {
    /// The path of the file, or the name of what is none.
    #[must_use]
    pub fn path(&self) -> &str {
        match &self.content {
            Content::File(path) => path,
            Content::Bytes(_) => &self.below,
        }
    }
}

/// What the sources find.
#[derive(Clone, Debug, Default)]
pub struct Files {
    /// The files, sorted by their paths below the prefix.
    pub items: Vec<Item>,
    /// The symbolic links that were passed over, by the path below the prefix that they would have.
    pub links: BTreeMap<String, Link>,
    /// Each way in which some of the objects are kept.
    pub keepings: Vec<Keeping>,
}

impl Files {
    /// Adds what is to become an object.
    fn item(&mut self, settings: &Settings, below: &str, content: Content, size: u64, mode: u32) -> Item {
        let headers = headers::of(&settings.rules, below);
        let keeping = Keeping { headers, ..settings.keeping.clone() };
        let at = self.keepings.iter().position(|other| *other == keeping).unwrap_or_else(|| {
            self.keepings.push(keeping);
            self.keepings.len() - 1
        });
        Item {
            below: below.to_owned(),
            name: settings.target.name(below),
            content,
            size,
            mode,
            keeping: u32::try_from(at).unwrap_or(u32::MAX),
            plan: Plan::new(size, &self.keepings[at]),
            sha256: None,
        }
    }

    /// The item of a manifest with these bytes. It is not among [`Files::items`].
    pub fn manifest(&mut self, settings: &Settings, below: &str, bytes: Vec<u8>) -> Item {
        let size = bytes.len() as u64;
        self.item(settings, below, Content::Bytes(bytes), size, 0)
    }

    /// Whether the item is sent in parts. A folder takes any file whole.
    #[must_use]
    pub fn in_parts(settings: &Settings, item: &Item) -> bool {
        matches!(item.content, Content::File(_)) && item.size > WHOLE && !settings.target.folder
    }
}

/// Finds the files.
///
/// # Errors
/// A folder cannot be read, a source finds nothing, or names that no object or that two files would have.
pub fn find<H: Host>(host: &mut H, settings: &Settings) -> Result<Files, Vec<Problem>> {
    let (mut files, mut wrong) = (Files::default(), Vec::new());
    let mut found: BTreeMap<String, Found> = BTreeMap::new();
    let one = |fault: Fault| vec![Problem::of_file(&fault)];
    for source in &settings.sources {
        let (mut any, mut link) = (false, None);
        for (pattern, cut) in &source.patterns {
            for file in host.glob(pattern).map_err(one)? {
                any = true;
                wrong.extend(take(settings, &mut found, file, *cut));
            }
            for passed in host.links(pattern).map_err(one)? {
                link.get_or_insert_with(|| passed.clone());
                files.links.insert(below(&passed.path, *cut).to_owned(), passed);
            }
        }
        if !any && !settings.allow_empty {
            wrong.push(nothing(&source.text, link.as_ref()));
        }
    }
    if let Some(manifest) = &settings.manifest
        && let Some(file) = found.get(manifest)
    {
        let message = format!("`{}` would become the same object as the manifest", file.path);
        wrong.push(Problem::new(Code::BadInput, message).hint("give `manifest` another name").at(&file.path));
    }
    if !wrong.is_empty() {
        return Err(wrong);
    }
    for (below, Found { path, size, mode }) in found {
        let item = files.item(settings, &below, Content::File(path), size, mode);
        files.items.push(item);
    }
    Ok(files)
}

/// Takes a file up, unless something is wrong with the name it would have.
fn take(
    settings: &Settings,
    found: &mut BTreeMap<String, Found>,
    file: Found,
    cut: usize,
) -> Option<Problem> {
    let below = below(&file.path, cut);
    if !settings.target.fits(below) {
        let message = format!(
            "`{}` would become `{}`, which no object can be named",
            file.path,
            settings.target.name(below)
        );
        return Some(
            Problem::new(Code::BadInput, message)
                .hint("rename the file, or leave it out of `source`")
                .at(&file.path),
        );
    }
    if file.size > LONGEST && !settings.target.folder {
        let message =
            format!("`{}` has {} bytes; an object can have {LONGEST} at most", file.path, file.size);
        return Some(Problem::new(Code::BadInput, message).hint("split the file").at(&file.path));
    }
    match found.entry(below.to_owned()) {
        Entry::Vacant(free) => {
            free.insert(file);
            None
        }
        Entry::Occupied(other) if other.get().path == file.path => None,
        Entry::Occupied(other) => {
            let name = settings.target.name(below);
            let message = format!("`{}` and `{}` would both become `{name}`", other.get().path, file.path);
            Some(
                Problem::new(Code::BadInput, message)
                    .hint("name a folder above both as the `source`")
                    .at(&file.path),
            )
        }
    }
}

fn below(path: &str, cut: usize) -> &str {
    path.get(cut..).unwrap_or(path)
}

fn nothing(source: &str, link: Option<&Link>) -> Problem {
    match link {
        Some(Link { path, target }) => {
            let message =
                format!("`{source}` finds no file; `{path}` is a symbolic link, which is not followed");
            Problem::new(Code::NoFiles, message).hint(format!("name what it points to, `{target}`"))
        }
        None => Problem::new(Code::NoFiles, format!("`{source}` finds no file"))
            .hint("mend the path, or set `allow-empty` if there may be none"),
    }
}
