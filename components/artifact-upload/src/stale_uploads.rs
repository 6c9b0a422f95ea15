//! Finds open multipart uploads below the prefix of files that no source matches. A run that was killed leaves them if the
//! next run has other files, and the store keeps their parts. The step aborts only uploads of its own.

use std::collections::BTreeSet;

use lockstep_sdk::objects::MultipartUploadInfo;
use lockstep_sdk::{HostResult, Objects, UploadParts};

use crate::files::{Files, Item};
use crate::inputs::Settings;
use crate::parts::have_sizes_of_step;

/// The stale uploads.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StaleUploads {
    /// The names of the objects whose upload stays open.
    pub open: Vec<String>,
    /// The names of the objects whose upload this run aborted.
    pub aborted: Vec<String>,
    /// Why the step could not list the uploads.
    pub list_error: Option<String>,
}

/// Finds stale uploads if there can be any. With `delete`, it aborts those that this step created with the options of this
/// run, as the sizes of their parts show.
pub fn clean_up(
    host: &mut impl Objects,
    settings: &Settings,
    files: &Files,
    manifest: Option<&Item>,
) -> StaleUploads {
    let has_multipart = files.items.iter().any(|item| Files::is_multipart(settings, item));
    let has_one_object = settings.target.only_key.is_some();
    if settings.target.is_folder || has_one_object || !has_multipart && settings.max_delete.is_none() {
        return StaleUploads::default();
    }
    let uploads = match host.list_multipart_uploads(&settings.target.prefix) {
        Ok(uploads) => uploads,
        Err(error) => {
            return StaleUploads { list_error: Some(error.into_message()), ..StaleUploads::default() };
        }
    };
    let own: BTreeSet<&str> = files.items.iter().chain(manifest).map(|item| item.name.as_str()).collect();
    let mut stale = StaleUploads::default();
    for upload in uploads.into_iter().filter(|upload| !own.contains(upload.name.as_str())) {
        let is_aborted =
            settings.max_delete.is_some() && abort(host, settings, files, &upload).unwrap_or(false);
        let names = if is_aborted { &mut stale.aborted } else { &mut stale.open };
        names.push(upload.name);
    }
    stale
}

/// Aborts an upload if this step created it with these options. Returns whether it did.
fn abort(
    host: &mut impl Objects,
    settings: &Settings,
    files: &Files,
    info: &MultipartUploadInfo,
) -> HostResult<bool> {
    let is_kept = |key: &str| files.left_out.keeps(&settings.filter, key);
    if settings.target.key(&info.name).is_none_or(is_kept) {
        return Ok(false);
    }
    let upload = host.resume_multipart_upload(&info.name, &info.upload_id, settings.options.checksum)?;
    if !have_sizes_of_step(&upload.list_parts()?, &files.options) {
        return Ok(false);
    }
    upload.abort()?;
    Ok(true)
}
