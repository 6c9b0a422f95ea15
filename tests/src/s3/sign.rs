//! Signatures of AWS, version 4, in headers. It sends nothing.

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};
use std::time::{SystemTime, UNIX_EPOCH};

/// The signed parts of a request.
#[derive(Debug)]
pub struct Signed<'s> {
    /// The method.
    pub method: &'s str,
    /// The path, encoded.
    pub path: &'s str,
    /// Names and values of the query, not encoded.
    pub query: &'s [(&'s str, &'s str)],
    /// The signed headers, with `host` and `x-amz-date`.
    pub headers: &'s [(String, String)],
    /// The digest of the body, or a constant in its place.
    pub digest: &'s str,
    /// The time, as `20130524T000000Z`.
    pub time: &'s str,
    /// The region.
    pub region: &'s str,
}

impl Signed<'_> {
    /// The value of the header `authorization`.
    #[must_use]
    pub fn authorization(&self, access_key: &str, secret_key: &str) -> String {
        let mut headers: Vec<(String, String)> =
            self.headers.iter().map(|(n, v)| (n.to_ascii_lowercase(), v.trim().to_owned())).collect();
        headers.sort();
        let names = headers.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(";");
        let lines: String = headers.iter().map(|(name, value)| format!("{name}:{value}\n")).collect();
        let request = [self.method, self.path, &query(self.query), &lines, &names, self.digest].join("\n");
        let day = self.time.get(..8).unwrap_or_default();
        let scope = format!("{day}/{}/s3/aws4_request", self.region);
        let text =
            ["AWS4-HMAC-SHA256", self.time, &scope, &hex(&Sha256::digest(request.as_bytes()))].join("\n");
        let key = [day, self.region, "s3", "aws4_request"]
            .iter()
            .fold(format!("AWS4{secret_key}").into_bytes(), |key, part| mac(&key, part));
        let signature = hex(&mac(&key, &text));
        format!(
            "AWS4-HMAC-SHA256 Credential={access_key}/{scope},SignedHeaders={names},Signature={signature}"
        )
    }
}

/// The query for signature and request: encoded and sorted.
#[must_use]
pub fn query(pairs: &[(&str, &str)]) -> String {
    let mut pairs: Vec<_> =
        pairs.iter().map(|(n, v)| format!("{}={}", encode(n, ""), encode(v, ""))).collect();
    pairs.sort();
    pairs.join("&")
}

/// Encodes a text, except for letters, digits, `-._~` and the characters in `kept`.
#[must_use]
pub fn encode(text: &str, kept: &str) -> String {
    let keep =
        |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) || kept.as_bytes().contains(&byte);
    text.bytes().map(|b| if keep(b) { char::from(b).to_string() } else { format!("%{b:02X}") }).collect()
}

/// Decodes a text, with `+` for a blank.
#[must_use]
pub fn decode(text: &str) -> String {
    let mut parts = text.split('%');
    let mut bytes = parts.next().unwrap_or("").replace('+', " ").into_bytes();
    for part in parts {
        match part.get(..2).map(|hex| u8::from_str_radix(hex, 16)) {
            Some(Ok(byte)) => {
                bytes.push(byte);
                bytes.extend(part[2..].replace('+', " ").bytes());
            }
            _ => bytes.extend(format!("%{part}").bytes()),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The digest of a body, in hexadecimal digits.
#[must_use]
pub fn digest(body: &[u8]) -> String {
    hex(&Sha256::digest(body))
}

/// A time in the format of signatures: `20130524T000000Z`.
#[must_use]
pub fn time(at: SystemTime) -> String {
    let (y, mo, d, h, mi, s) = civil(at);
    format!("{y:04}{mo:02}{d:02}T{h:02}{mi:02}{s:02}Z")
}

/// A time in the format of documents: `2013-05-24T00:00:00Z`.
#[must_use]
pub fn rfc3339(at: SystemTime) -> String {
    let (y, mo, d, h, mi, s) = civil(at);
    format!("{y:04}-{mo:02}-{d:02}T{h:02}:{mi:02}:{s:02}Z")
}

fn civil(at: SystemTime) -> (u64, u64, u64, u64, u64, u64) {
    let seconds = at.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let (days, rest) = (seconds / 86_400, seconds % 86_400);
    // Years from March on, so that a leap day is the last day of a year.
    let shifted = days + 719_468;
    let (era, day) = (shifted / 146_097, shifted % 146_097);
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let shifted_month = (5 * day + 2) / 153;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = year + era * 400 + u64::from(month <= 2);
    (year, month, day - (153 * shifted_month + 2) / 5 + 1, rest / 3600, rest / 60 % 60, rest % 60)
}

fn mac(key: &[u8], text: &str) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("any length of key");
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    const SECRET: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";

    fn signature(
        method: &str,
        path: &str,
        query: &[(&str, &str)],
        more: &[(&str, &str)],
        body: &[u8],
    ) -> String {
        let digest = digest(body);
        let time = "20130524T000000Z";
        let fixed = [
            ("host", "examplebucket.s3.amazonaws.com"),
            ("x-amz-content-sha256", digest.as_str()),
            ("x-amz-date", time),
        ];
        let headers: Vec<_> =
            fixed.iter().chain(more).map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
        let headers = headers.as_slice();
        let signed = Signed { method, path, query, headers, digest: &digest, time, region: "us-east-1" };
        let value = signed.authorization("AKIAIOSFODNN7EXAMPLE", SECRET);
        value.split_once("Signature=").map(|(_, signature)| signature.to_owned()).unwrap_or_default()
    }

    #[test]
    fn the_examples_of_the_documentation_of_s3_have_these_signatures() {
        assert_eq!(
            signature("GET", "/", &[("lifecycle", "")], &[], b""),
            "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"
        );
        assert_eq!(
            signature("GET", "/", &[("max-keys", "2"), ("prefix", "J")], &[], b""),
            "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"
        );
        assert_eq!(
            signature("GET", "/test.txt", &[], &[("range", "bytes=0-9")], b""),
            "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"
        );
        let more = [("date", "Fri, 24 May 2013 00:00:00 GMT"), ("x-amz-storage-class", "REDUCED_REDUNDANCY")];
        assert_eq!(
            signature("PUT", &encode("/test$file.text", "/"), &[], &more, b"Welcome to Amazon S3."),
            "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"
        );
    }

    #[test]
    fn times_are_written_as_calendars_have_them() {
        let at = |seconds| UNIX_EPOCH + Duration::from_secs(seconds);
        assert_eq!(time(at(1_369_353_600)), "20130524T000000Z");
        assert_eq!(rfc3339(at(951_827_696)), "2000-02-29T12:34:56Z");
        assert_eq!(rfc3339(at(0)), "1970-01-01T00:00:00Z");
        assert_eq!(rfc3339(at(1_798_761_599)), "2026-12-31T23:59:59Z");
    }

    #[test]
    fn texts_are_encoded_and_decoded() {
        assert_eq!(encode("a b/ü~", "/"), "a%20b/%C3%BC~");
        assert_eq!(decode("a+b%2F%C3%BC~%"), "a b/ü~%");
    }
}
