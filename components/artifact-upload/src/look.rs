//! Looks at what is in the store already. It changes nothing, and touches no name that is no file's.

use std::collections::{BTreeMap, BTreeSet};

use crate::find::Item;
use crate::host::{Algorithm, Fault, Host, Stored};
use crate::problem::{Code, Problem};
use crate::settings::Settings;

/// More objects than this are listed, fewer are asked for one by one.
const FEW: usize = 100;
/// How many objects are asked for in one call.
const BATCH: usize = 1000;

/// What is known about an object in the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Its size in bytes.
    pub size: u64,
    /// Its entity tag; empty if there is none.
    pub etag: String,
    /// A checksum of the whole content.
    pub checksum: Option<(Algorithm, String)>,
    /// Whether there may be more to know than a listing tells.
    pub only_listed: bool,
}

/// What is in the store.
#[derive(Clone, Debug, Default)]
pub struct Look {
    /// Of the names that were asked about those that are there, by the path below the prefix.
    pub seen: BTreeMap<String, Seen>,
    /// The paths below the prefix that nobody asked about.
    pub strays: Vec<String>,
    /// How many names below the prefix can be those of files.
    pub all: u64,
    /// How many cannot.
    pub foreign: u64,
}

impl From<Stored> for Seen {
    fn from(stored: Stored) -> Self {
        Self { size: stored.size, etag: stored.etag, checksum: stored.checksum, only_listed: false }
    }
}

/// Looks for the objects that the items would become, and with `delete` for all others.
///
/// # Errors
/// The store does not tell.
pub fn look<H: Host>(host: &mut H, settings: &Settings, items: &[&Item]) -> Result<Look, Problem> {
    if settings.delete.is_some() || items.len() > FEW {
        return list(host, settings, items);
    }
    let seen = head(host, items)?.into_iter().zip(items);
    let seen = seen.filter_map(|(seen, item)| Some((item.below.clone(), seen?))).collect();
    Ok(Look { seen, ..Look::default() })
}

fn list<H: Host>(host: &mut H, settings: &Settings, items: &[&Item]) -> Result<Look, Problem> {
    let wanted: BTreeSet<&str> = items.iter().map(|item| item.below.as_str()).collect();
    let mut look = Look::default();
    let mut start = None;
    loop {
        let page = host.list(&settings.target.prefix, start.as_deref()).map_err(|fault| not_told(&fault))?;
        for object in page.objects {
            let Some(below) = settings.target.below(&object.name) else {
                look.foreign += 1;
                continue;
            };
            look.all += 1;
            if wanted.contains(below) {
                let seen = Seen { size: object.size, etag: object.etag, checksum: None, only_listed: true };
                look.seen.insert(below.to_owned(), seen);
            } else if settings.delete.is_some() {
                look.strays.push(below.to_owned());
            }
        }
        if page.next.is_none() {
            return Ok(look);
        }
        if page.next == start {
            let message = format!("the listing of `{}` does not get on", settings.target.prefix);
            return Err(Problem::new(Code::Unavailable, message));
        }
        start = page.next;
    }
}

/// What the store says about each of these.
///
/// # Errors
/// It does not tell.
pub fn head<H: Host>(host: &mut H, items: &[&Item]) -> Result<Vec<Option<Seen>>, Problem> {
    let mut all = Vec::with_capacity(items.len());
    for batch in items.chunks(BATCH) {
        let names: Vec<String> = batch.iter().map(|item| item.name.clone()).collect();
        let answers = host.head(&names).map_err(|fault| not_told(&fault))?;
        for answer in answers {
            all.push(answer.map_err(|fault| not_told(&fault))?.map(Seen::from));
        }
    }
    Ok(all)
}

/// A look that was refused. Stores also refuse to say that an object is not there to those who cannot list:
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html>.
fn not_told(fault: &Fault) -> Problem {
    let problem = Problem::of_store(fault);
    match problem.code {
        Code::Forbidden => {
            problem.hint("allow listing and reading of what `to` names (`s3:ListBucket`, `s3:GetObject`)")
        }
        _ => problem,
    }
}
