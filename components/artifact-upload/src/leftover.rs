//! Looks for uploads in parts that stay open below the prefix for names that no source makes: killed runs leave them when
//! the next one has files of other names, and the store keeps their parts. It gives up none that others may have begun.

use std::collections::BTreeSet;

use crate::find::{Files, Item};
use crate::host::{Fault, Host, Open};
use crate::parts::are_of_settings;
use crate::settings::Settings;

/// What stays open.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Leftovers {
    /// The names of those that stay as they are.
    pub open: Vec<String>,
    /// The names of those that this run has given up.
    pub given_up: Vec<String>,
    /// Why nobody knows.
    pub unknown: Option<String>,
}

/// Looks for them where there can be any, and with `delete` gives up those that this step has begun with these settings, as
/// the size of their parts tells.
pub fn tidy<H: Host>(host: &mut H, settings: &Settings, files: &Files, manifest: Option<&Item>) -> Leftovers {
    let in_parts = files.items.iter().any(|item| Files::in_parts(settings, item));
    if settings.target.folder || !in_parts && settings.delete.is_none() {
        return Leftovers::default();
    }
    let open = match host.open_uploads(&settings.target.prefix) {
        Ok(open) => open,
        Err(fault) => return Leftovers { unknown: Some(fault.message().to_owned()), ..Leftovers::default() },
    };
    let own: BTreeSet<&str> = files.items.iter().chain(manifest).map(|item| item.name.as_str()).collect();
    let mut leftovers = Leftovers::default();
    for upload in open.iter().filter(|upload| !own.contains(upload.name.as_str())) {
        let gone = settings.delete.is_some() && give_up(host, settings, files, upload).unwrap_or(false);
        let names = if gone { &mut leftovers.given_up } else { &mut leftovers.open };
        names.push(upload.name.clone());
    }
    leftovers
}

/// Gives an upload up if this step has begun it with these settings. Whether it did.
fn give_up<H: Host>(host: &mut H, settings: &Settings, files: &Files, upload: &Open) -> Result<bool, Fault> {
    if settings.target.below(&upload.name).is_none() {
        return Ok(false);
    }
    let held = host.resume(upload, settings.keeping.checksum)?;
    if !are_of_settings(&host.parts(&held)?, &files.keepings) {
        return Ok(false);
    }
    host.abort(&held)?;
    Ok(true)
}
