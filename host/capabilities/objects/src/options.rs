//! Writes options of objects into requests: headers, metadata, tags, encryption, retention, ACL, storage class,
//! redirect. It sends nothing.

use super::types::{PutOptions, RetentionMode};
use aws_sdk_s3::primitives::{DateTime, DateTimeFormat};
use aws_sdk_s3::types::{ObjectLockMode, ServerSideEncryption};
use lockstep_model::call::CallError;

/// Writes options into the builder of a request. The builders of a write and of a multipart upload have the same
/// methods and no type in common.
macro_rules! apply_options {
    ($request:expr, $options:expr) => {{
        let (mut request, options): (_, &$crate::types::PutOptions) = ($request, $options);
        for (name, value) in &options.headers {
            request = match name.as_str() {
                "cache-control" => request.cache_control(value),
                "content-disposition" => request.content_disposition(value),
                "content-encoding" => request.content_encoding(value),
                "content-language" => request.content_language(value),
                "content-type" => request.content_type(value),
                _ => request.expires($crate::options::date(value)?),
            };
        }
        for (name, value) in &options.metadata {
            request = request.metadata(name, value);
        }
        request = request.set_tagging($crate::options::tagging(options));
        if let Some((encryption, key)) = $crate::options::encryption(options) {
            request = request.server_side_encryption(encryption).set_ssekms_key_id(key);
        }
        if let Some((mode, until)) = $crate::options::retention(options) {
            request = request.object_lock_mode(mode).object_lock_retain_until_date(until);
        }
        request = request.set_acl(options.acl.as_deref().map(Into::into));
        request = request.set_storage_class(options.storage_class.as_deref().map(Into::into));
        request.set_website_redirect_location(options.website_redirect.clone())
    }};
}
pub(super) use apply_options;

/// The HTTP headers that an object can have.
const HEADERS: [&str; 6] = [
    "cache-control",
    "content-disposition",
    "content-encoding",
    "content-language",
    "content-type",
    "expires",
];
/// The canned ACLs. <https://docs.aws.amazon.com/AmazonS3/latest/userguide/acl-overview.html#canned-acl>
const ACLS: [&str; 7] = [
    "authenticated-read",
    "aws-exec-read",
    "bucket-owner-full-control",
    "bucket-owner-read",
    "private",
    "public-read",
    "public-read-write",
];
/// The most bytes of metadata. <https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingMetadata.html>
const MAX_METADATA_BYTES: usize = 2048;
/// The longest redirect. <https://docs.aws.amazon.com/AmazonS3/latest/userguide/how-to-page-redirect.html>
const MAX_REDIRECT_BYTES: usize = 2048;
/// The most tags. <https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-tagging.html>
const MAX_TAGS: usize = 10;

/// Checks that options fit into a request, so that no value can begin another header.
pub(super) fn check(options: &PutOptions) -> Result<(), CallError> {
    let invalid = |text: String| Err(CallError::Invalid(text));
    let visible = |text: &str| text.chars().all(|c| !c.is_control()) && text.len() <= 4096;
    for (name, value) in &options.headers {
        if !HEADERS.contains(&name.as_str()) || !visible(value) || !value.is_ascii() {
            return invalid(format!(
                "invalid header `{}`: expected one of `{}`, with a value of visible ASCII of at most 4,096 bytes",
                name.escape_debug(),
                HEADERS.join("`, `")
            ));
        }
        if name == "expires" {
            date(value)?;
        }
    }
    let word = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    let size: usize = options.metadata.iter().map(|(name, value)| name.len() + value.len()).sum();
    if size > MAX_METADATA_BYTES
        || !options.metadata.iter().all(|(name, value)| word(name) && visible(value) && value.is_ascii())
    {
        return invalid(format!(
            "invalid metadata: expected names of letters, digits and `-`, values of ASCII, and at most \
             {MAX_METADATA_BYTES} bytes in all"
        ));
    }
    if options.tags.len() > MAX_TAGS
        || !options.tags.iter().all(|(name, value)| !name.is_empty() && visible(name) && visible(value))
    {
        return invalid(format!("invalid tags: expected at most {MAX_TAGS}, each with a name"));
    }
    let encryption = options.encryption.as_deref().unwrap_or("AES256");
    if !(matches!(encryption, "AES256" | "aws:kms") || encryption.starts_with("aws:kms:"))
        || !encryption.chars().all(|c| c.is_ascii_graphic())
    {
        return invalid(format!(
            "invalid encryption `{}`: expected one of `AES256`, `aws:kms`, `aws:kms:KEY`",
            encryption.escape_debug()
        ));
    }
    check_access(options)
}

/// Checks the ACL, the storage class and the redirect.
fn check_access(options: &PutOptions) -> Result<(), CallError> {
    let invalid = |text: String| Err(CallError::Invalid(text));
    if let Some(acl) = options.acl.as_deref().filter(|acl| !ACLS.contains(acl)) {
        return invalid(format!(
            "invalid ACL `{}`: expected one of `{}`",
            acl.escape_debug(),
            ACLS.join("`, `")
        ));
    }
    // Stores have classes of their own.
    let is_class = |class: &str| {
        (1..=64).contains(&class.len())
            && class.bytes().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == b'_')
    };
    if let Some(class) = options.storage_class.as_deref().filter(|class| !is_class(class)) {
        return invalid(format!(
            "invalid storage class `{}`: expected a name such as `STANDARD_IA` in upper-case letters",
            class.escape_debug()
        ));
    }
    let is_target = |target: &str| {
        ["/", "http://", "https://"].iter().any(|start| target.starts_with(start))
            && target.len() <= MAX_REDIRECT_BYTES
            && target.chars().all(|c| c.is_ascii_graphic())
    };
    match options.website_redirect.as_deref().filter(|target| !is_target(target)) {
        Some(target) => invalid(format!(
            "invalid redirect `{}`: expected a key with `/` in front or an `http` or `https` URL, without spaces",
            target.escape_debug()
        )),
        None => Ok(()),
    }
}

/// The ACL of options that lets others than the owners of object and bucket read it.
pub(super) fn public_acl(options: &PutOptions) -> Option<&str> {
    let is_public = |acl: &&str| acl.starts_with("public-") || *acl == "authenticated-read";
    options.acl.as_deref().filter(is_public)
}

pub(super) fn date(value: &str) -> Result<DateTime, CallError> {
    let parsed = DateTime::from_str(value, DateTimeFormat::HttpDate);
    parsed.map_err(|_| {
        CallError::Invalid(format!(
            "invalid date `{value}`: expected an HTTP date such as `Wed, 21 Oct 2026 07:28:00 GMT`"
        ))
    })
}

/// The tags as a query string, the format of their header.
pub(super) fn tagging(options: &PutOptions) -> Option<String> {
    let pairs = options.tags.iter().map(|(name, value)| format!("{}={}", escaped(name), escaped(value)));
    let pairs: Vec<_> = pairs.collect();
    (!pairs.is_empty()).then(|| pairs.join("&"))
}

pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(char::from(byte)),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

pub(super) fn encryption(options: &PutOptions) -> Option<(ServerSideEncryption, Option<String>)> {
    Some(match options.encryption.as_deref()? {
        "AES256" => (ServerSideEncryption::Aes256, None),
        other => (ServerSideEncryption::AwsKms, other.strip_prefix("aws:kms:").map(str::to_owned)),
    })
}

pub(super) fn retention(options: &PutOptions) -> Option<(ObjectLockMode, DateTime)> {
    let retention = options.retention?;
    let mode = match retention.mode {
        RetentionMode::Governance => ObjectLockMode::Governance,
        RetentionMode::Compliance => ObjectLockMode::Compliance,
    };
    Some((mode, DateTime::from_secs(i64::try_from(retention.until).unwrap_or(i64::MAX))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use lockstep_workspace::hash::Algorithm;

    fn options() -> PutOptions {
        PutOptions {
            headers: vec![],
            metadata: vec![],
            tags: vec![],
            checksum: Algorithm::Crc64Nvme,
            encryption: None,
            retention: None,
            acl: None,
            storage_class: None,
            website_redirect: None,
        }
    }

    fn pair(name: &str, value: &str) -> Vec<(String, String)> {
        vec![(name.to_owned(), value.to_owned())]
    }

    #[test]
    fn options_that_could_begin_another_header_are_invalid() {
        assert!(check(&options()).is_ok());
        for bad in [
            PutOptions { headers: pair("x-amz-acl", "public-read"), ..options() },
            PutOptions { headers: pair("cache-control", "no-cache\r\nx-amz-acl: public-read"), ..options() },
            PutOptions { headers: pair("expires", "tomorrow"), ..options() },
            PutOptions { metadata: pair("a b", "x"), ..options() },
            PutOptions { metadata: pair("a", "x\ny"), ..options() },
            PutOptions { metadata: pair("a", &"x".repeat(3000)), ..options() },
            PutOptions { tags: pair("", "x"), ..options() },
            PutOptions { encryption: Some("none".into()), ..options() },
            PutOptions { encryption: Some("aws:kms:a\nb".into()), ..options() },
            PutOptions { acl: Some("public".into()), ..options() },
            PutOptions { acl: Some("private\r\nx: y".into()), ..options() },
            PutOptions { storage_class: Some("glacier".into()), ..options() },
            PutOptions { storage_class: Some("STANDARD\nx".into()), ..options() },
            PutOptions { website_redirect: Some("new.html".into()), ..options() },
            PutOptions { website_redirect: Some("/new\r\nx: y".into()), ..options() },
        ] {
            assert!(matches!(check(&bad), Err(CallError::Invalid(_))), "{bad:?}");
        }
    }

    #[test]
    fn access_class_and_redirect_are_those_of_stores() {
        let all = PutOptions {
            acl: Some("bucket-owner-full-control".into()),
            storage_class: Some("STANDARD_IA".into()),
            website_redirect: Some("https://example.com/new?a=b".into()),
            ..options()
        };
        assert!(check(&all).is_ok() && public_acl(&all).is_none());
        let public = PutOptions { acl: Some("public-read".into()), ..options() };
        assert_eq!(public_acl(&public), Some("public-read"));
        let error = check(&PutOptions { acl: Some("public".into()), ..options() }).unwrap_err();
        assert!(error.message().contains("`public-read`"), "{error}");
    }

    #[test]
    fn tags_are_escaped() {
        let tags = [pair("a b", "c&d=ü"), pair("x", "")].concat();
        assert_eq!(tagging(&PutOptions { tags, ..options() }).unwrap(), "a%20b=c%26d%3D%C3%BC&x=");
    }
}
