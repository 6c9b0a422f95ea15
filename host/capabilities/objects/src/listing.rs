//! Lists objects, open uploads and their parts. It changes nothing.

use super::checksums::checksum_in;
use super::location::ObjectLocation;
use super::parts::{MAX_PARTS, MultipartUpload};
use super::s3::{S3Store, hex_of, unquoted};
use super::types::{MultipartUploadInfo, ObjectPage, ObjectSummary, PartInfo};
use aws_sdk_s3::types::EncodingType;
use lockstep_model::call::CallError;
use lockstep_workspace::hash::Algorithm;
use std::collections::HashSet;

/// The keys of a page of a list.
const PAGE_KEYS: i32 = 1000;
/// The most bytes of a list in one call.
const MAX_LISTED_BYTES: usize = 32 * 1024 * 1024;
/// The most pages of open uploads: 100,000 of them are reason enough for a warning.
const MAX_PAGES: usize = 100;

impl S3Store {
    pub(super) async fn list(
        &self,
        location: &ObjectLocation,
        start: Option<String>,
    ) -> Result<ObjectPage, CallError> {
        let request = self.connection.client.list_objects_v2().bucket(&location.bucket).prefix(&location.key);
        let request = request.max_keys(PAGE_KEYS).set_start_after(start).encoding_type(EncodingType::Url);
        let answer =
            request.send().await.map_err(|error| self.request_error("list", &location.name, &error))?;
        let encoding = KeyEncoding::of(answer.encoding_type.as_ref());
        let mut page = ObjectPage::default();
        for object in answer.contents.unwrap_or_default() {
            let key = encoding.decode(object.key.unwrap_or_default());
            // The S3 console creates such objects as folders.
            if key.is_empty() || !key.starts_with(&location.key) {
                continue;
            }
            page.objects.push(ObjectSummary {
                name: format!("s3://{}/{key}", location.bucket),
                size: object.size.and_then(|size| size.try_into().ok()).unwrap_or_default(),
                etag: unquoted(object.e_tag),
            });
        }
        if answer.is_truncated == Some(true) {
            // A page after an unreadable key would start at the wrong place, and the next page may repeat such keys.
            let last = page.objects.iter().rev().find(|object| !object.name.contains(UNREADABLE));
            page.next = Some(last.ok_or_else(|| endless_list("list", &location.name))?.name.clone());
        }
        Ok(page)
    }

    pub(super) async fn list_multipart_uploads(
        &self,
        location: &ObjectLocation,
    ) -> Result<Vec<MultipartUploadInfo>, CallError> {
        let (mut uploads, mut bytes, mut markers, mut complete) = (Vec::new(), 0, HashSet::new(), false);
        let (mut key, mut id) = (None, None);
        for _ in 0..MAX_PAGES {
            let request = self
                .connection
                .client
                .list_multipart_uploads()
                .bucket(&location.bucket)
                .prefix(&location.key);
            let request =
                request.set_key_marker(key).set_upload_id_marker(id).encoding_type(EncodingType::Url);
            let answer = request
                .send()
                .await
                .map_err(|error| self.request_error("list uploads of", &location.name, &error))?;
            let encoding = KeyEncoding::of(answer.encoding_type.as_ref());
            for upload in answer.uploads.unwrap_or_default() {
                let (Some(key), Some(id)) = (upload.key, upload.upload_id) else {
                    continue;
                };
                let key = encoding.decode(key);
                let is_below =
                    key == location.key || location.name.ends_with('/') && key.starts_with(&location.key);
                let created_at = upload
                    .initiated
                    .and_then(|initiated| initiated.secs().try_into().ok())
                    .unwrap_or_default();
                if is_below {
                    bytes += key.len() + id.len();
                    uploads.push(MultipartUploadInfo {
                        name: format!("s3://{}/{key}", location.bucket),
                        upload_id: id,
                        created_at,
                    });
                }
            }
            if answer.is_truncated != Some(true) {
                complete = true;
                break;
            }
            let marker = answer.next_key_marker.map(|marker| encoding.decode(marker));
            (key, id) = (marker, answer.next_upload_id_marker);
            if !markers.insert((key.clone(), id.clone())) || bytes > MAX_LISTED_BYTES {
                return Err(endless_list("list uploads of", &location.name));
            }
        }
        if !complete {
            self.warn(format!(
                "the list of open uploads of `{}` has more than {MAX_PAGES} pages; Lockstep skipped the later pages",
                location.name
            ));
        }
        Ok(uploads)
    }

    pub(super) async fn parts(&self, upload: &MultipartUpload) -> Result<Vec<PartInfo>, CallError> {
        let (location, mut parts, mut marker) = (&upload.location, Vec::<PartInfo>::new(), None);
        let (mut markers, mut bytes) = (HashSet::new(), 0);
        loop {
            let request = self.connection.client.list_parts().bucket(&location.bucket).key(&location.key);
            let request = request.upload_id(&upload.id).set_part_number_marker(marker.clone());
            let answer = request
                .send()
                .await
                .map_err(|error| self.request_error("list parts of", &location.name, &error))?;
            let before = parts.len();
            for part in answer.parts.unwrap_or_default() {
                bytes += part.e_tag().map_or(0, str::len);
                let checksum = checksum_in!(part, upload.checksum);
                parts.push(PartInfo {
                    part_number: part
                        .part_number
                        .and_then(|number| number.try_into().ok())
                        .unwrap_or_default(),
                    size: part.size.and_then(|size| size.try_into().ok()).unwrap_or_default(),
                    etag: unquoted(part.e_tag),
                    checksum: checksum.and_then(|text| hex_of(&text)),
                });
            }
            if answer.is_truncated != Some(true) {
                // Some servers list parts in the order of arrival.
                parts.sort_by_key(|part| part.part_number);
                return Ok(parts);
            }
            marker = answer.next_part_number_marker;
            let goes_on = parts.len() > before && marker.is_some() && markers.insert(marker.clone());
            if !goes_on || parts.len() > MAX_PARTS as usize || bytes > MAX_LISTED_BYTES {
                return Err(endless_list("list parts of", &location.name));
            }
        }
    }
}

/// How a store spells the keys of a list. XML cannot have control characters, so the host asks for keys as in a URL.
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html>
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum KeyEncoding {
    Plain,
    Url,
}

impl KeyEncoding {
    /// The encoding that a response names; some stores ignore the request for one.
    fn of(encoding: Option<&EncodingType>) -> Self {
        if encoding == Some(&EncodingType::Url) { Self::Url } else { Self::Plain }
    }

    fn decode(self, key: String) -> String {
        match self {
            // What the XML library of a store writes for characters that XML cannot have.
            Self::Plain => key.replace(char::REPLACEMENT_CHARACTER, UNREADABLE),
            Self::Url => decode(&key),
        }
    }
}

/// Stands for characters of a key that the host could not read. No file name has it, so such a key never becomes that
/// of another object.
const UNREADABLE: &str = "\0";

/// Decodes a key: `+` is a space, as in a form. Bytes that are not UTF-8 become [`UNREADABLE`].
fn decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let (mut decoded, mut at) = (Vec::with_capacity(bytes.len()), 0);
    while let Some(byte) = bytes.get(at) {
        let digits = bytes.get(at + 1..at + 3).filter(|digits| digits.iter().all(u8::is_ascii_hexdigit));
        let digits = digits.and_then(|digits| std::str::from_utf8(digits).ok());
        match (byte, digits.and_then(|digits| u8::from_str_radix(digits, 16).ok())) {
            (b'%', Some(value)) => {
                decoded.push(value);
                at += 2;
            }
            (b'+', _) => decoded.push(b' '),
            _ => decoded.push(*byte),
        }
        at += 1;
    }
    String::from_utf8(decoded).unwrap_or_else(|error| {
        let text = String::from_utf8_lossy(error.as_bytes()).into_owned();
        text.replace(char::REPLACEMENT_CHARACTER, UNREADABLE)
    })
}

/// The error of a list that claims to have more and lists nothing, or returns to an earlier page.
fn endless_list(verb: &str, name: &str) -> CallError {
    CallError::LimitExceeded(format!(
        "{verb} `{name}`: the store claims that the list goes on and lists nothing new; the list has no end"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_decoded_as_stores_encode_them() {
        for (encoded, key) in [
            ("a/b+c%2Bd", "a/b c+d"),
            ("a%20b%25%2f", "a b%/"),
            ("new%0Aline%09tab", "new\nline\ttab"),
            ("%EF%BF%BD", "\u{fffd}"),
            ("%E2%9D%A4%EF%B8%8F.svg", "\u{2764}\u{fe0f}.svg"),
            ("100%", "100%"),
            ("%zz%4", "%zz%4"),
            ("%+1", "% 1"),
            ("Latin-%FC", "Latin-\0"),
            ("", ""),
        ] {
            assert_eq!(decode(encoded), key, "{encoded}");
        }
    }
}
