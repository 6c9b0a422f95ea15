//! A small client of a server, independent of the tested code, with one connection for each request. It never retries and
//! never splits an upload.

use super::S3Target;
use super::http::{Head, content_of};
pub use super::reply::Reply;
use super::sign::{Signed, digest, encode, query, time};
use std::io::{BufReader, ErrorKind, Result, Write as _};
use std::net::TcpStream;
use std::time::{Duration, SystemTime};

/// The timeout of a server without a byte.
const PATIENCE: Duration = Duration::from_secs(30);

/// A client of one bucket.
#[derive(Debug, Clone)]
pub struct Client {
    place: S3Target,
}

/// A version of an object, or a delete marker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    /// The key of the object.
    pub key: String,
    /// The identifier of the version.
    pub id: String,
    /// Whether it is a delete marker.
    pub deleted: bool,
}

/// A part of an incomplete upload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// The number of the part, from 1.
    pub number: u32,
    /// Its size in bytes.
    pub size: u64,
    /// The entity tag, without quotes.
    pub etag: String,
    /// The whole XML element, with the checksums.
    pub xml: String,
}

impl Client {
    /// A client of this bucket.
    #[must_use]
    pub fn new(place: &S3Target) -> Self {
        Self { place: place.clone() }
    }

    /// Sends one signed request for a key, or for the bucket if the key is empty.
    ///
    /// # Errors
    /// The reply is missing or incomplete.
    pub fn send(
        &self,
        method: &str,
        key: &str,
        pairs: &[(&str, &str)],
        more: &[(&str, &str)],
        body: &[u8],
    ) -> Result<Reply> {
        self.send_as(method, key, pairs, more, body, &digest(body))
    }

    /// The same with this digest of the body, which may be wrong.
    ///
    /// # Errors
    /// The reply is missing or incomplete.
    pub fn send_as(
        &self,
        method: &str,
        key: &str,
        pairs: &[(&str, &str)],
        more: &[(&str, &str)],
        body: &[u8],
        digest: &str,
    ) -> Result<Reply> {
        let now = time(SystemTime::now());
        let path = match key {
            "" => format!("/{}", self.place.bucket),
            _ => format!("/{}/{}", self.place.bucket, encode(key, "/")),
        };
        let mut headers = vec![
            ("host".to_owned(), self.place.address().to_owned()),
            ("x-amz-content-sha256".to_owned(), digest.to_owned()),
            ("x-amz-date".to_owned(), now.clone()),
        ];
        headers.extend(more.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        if let Some(token) = &self.place.session_token {
            headers.push(("x-amz-security-token".to_owned(), token.clone()));
        }
        let region = &self.place.region;
        let signed =
            Signed { method, path: &path, query: pairs, headers: &headers, digest, time: &now, region };
        let authorization = signed.authorization(&self.place.access_key, &self.place.secret_key);
        let mark = if pairs.is_empty() { "" } else { "?" };
        let mut head = format!("{method} {path}{mark}{} HTTP/1.1\r\n", query(pairs));
        for (name, value) in &headers {
            head += &format!("{name}: {value}\r\n");
        }
        head += &format!("authorization: {authorization}\r\ncontent-length: {}\r\n", body.len());
        head += "connection: close\r\n\r\n";

        let stream = TcpStream::connect(self.place.address())?;
        stream.set_read_timeout(Some(PATIENCE))?;
        // A server may answer and close the connection before it has read the whole body.
        let sent = (&stream).write_all(head.as_bytes()).and_then(|()| (&stream).write_all(body));
        let mut from = BufReader::new(&stream);
        loop {
            let Some(head) = Head::read(&mut from)? else {
                return Err(sent.err().unwrap_or_else(|| ErrorKind::UnexpectedEof.into()));
            };
            if head.status() >= 200 {
                let body = content_of(&mut from, head.reply_body(method))?;
                return Ok(Reply { status: head.status(), headers: head.headers, body });
            }
        }
    }

    #[track_caller]
    fn ask(
        &self,
        method: &str,
        key: &str,
        pairs: &[(&str, &str)],
        more: &[(&str, &str)],
        body: &[u8],
    ) -> Reply {
        self.send(method, key, pairs, more, body).unwrap_or_else(|error| panic!("{method} {key}: {error}"))
    }

    /// Creates the bucket.
    ///
    /// # Panics
    /// The server rejects the request.
    #[track_caller]
    pub fn create_bucket(&self) {
        let _ = self.ask("PUT", "", &[], &[], b"").well();
    }

    /// Stores an object.
    ///
    /// # Panics
    /// The server does not answer.
    #[track_caller]
    pub fn put(&self, key: &str, body: &[u8], headers: &[(&str, &str)]) -> Reply {
        self.ask("PUT", key, &[], headers, body)
    }

    /// The bytes of an object; none if it does not exist.
    ///
    /// # Panics
    /// The server rejects the request.
    #[must_use]
    #[track_caller]
    pub fn get(&self, key: &str) -> Option<Vec<u8>> {
        let reply = self.ask("GET", key, &[], &[], b"");
        (reply.status != 404).then(|| reply.body_of_well())
    }

    /// Status and headers of an object, with its checksums.
    ///
    /// # Panics
    /// The server does not answer.
    #[must_use]
    #[track_caller]
    pub fn head(&self, key: &str) -> Reply {
        self.ask("HEAD", key, &[], &[("x-amz-checksum-mode", "ENABLED")], b"")
    }

    /// Deletes an object.
    ///
    /// # Panics
    /// The server rejects the request.
    #[track_caller]
    pub fn delete(&self, key: &str) {
        let _ = self.ask("DELETE", key, &[], &[], b"").well();
    }

    /// All keys with this prefix, in the order of the server.
    ///
    /// # Panics
    /// The server rejects the request.
    #[must_use]
    #[track_caller]
    pub fn keys(&self, prefix: &str) -> Vec<String> {
        let (mut keys, mut next) = (Vec::new(), String::new());
        loop {
            // No encoding of keys: two of the servers announce it and do not do it.
            let mut pairs = vec![("list-type", "2"), ("prefix", prefix)];
            if !next.is_empty() {
                pairs.push(("continuation-token", &next));
            }
            let reply = self.ask("GET", "", &pairs, &[], b"").well();
            keys.extend(reply.all("Key"));
            next = reply.first("NextContinuationToken");
            if next.is_empty() {
                return keys;
            }
        }
    }

    /// All versions of the objects with this prefix.
    ///
    /// # Panics
    /// The server rejects the request.
    #[must_use]
    #[track_caller]
    pub fn versions(&self, prefix: &str) -> Vec<Version> {
        let reply = self.ask("GET", "", &[("prefix", prefix), ("versions", "")], &[], b"").well();
        let of = |element: &str, deleted| {
            let part =
                |xml: &str, name| super::reply::elements(xml, name).into_iter().next().unwrap_or_default();
            let version =
                move |xml: &String| Version { key: part(xml, "Key"), id: part(xml, "VersionId"), deleted };
            reply.all(element).iter().map(version).collect::<Vec<_>>()
        };
        [of("Version", false), of("DeleteMarker", true)].concat()
    }

    /// Begins a multipart upload and returns its identifier.
    ///
    /// # Panics
    /// The server rejects the request.
    #[must_use]
    #[track_caller]
    pub fn begin(&self, key: &str, headers: &[(&str, &str)]) -> String {
        self.ask("POST", key, &[("uploads", "")], headers, b"").well().first("UploadId")
    }

    /// Sends a part.
    ///
    /// # Panics
    /// The server does not answer.
    #[track_caller]
    pub fn part(&self, key: &str, upload: &str, number: u32, body: &[u8], headers: &[(&str, &str)]) -> Reply {
        let pairs = [("partNumber", &*number.to_string()), ("uploadId", upload)];
        self.ask("PUT", key, &pairs, headers, body)
    }

    /// Completes an upload of these parts, each with the content of its `<Part>`.
    ///
    /// # Panics
    /// The server does not answer.
    #[track_caller]
    pub fn complete(&self, key: &str, upload: &str, parts: &[String], headers: &[(&str, &str)]) -> Reply {
        let parts: String = parts.iter().map(|part| format!("<Part>{part}</Part>")).collect();
        let space = "xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"";
        let body = format!("<CompleteMultipartUpload {space}>{parts}</CompleteMultipartUpload>");
        self.ask("POST", key, &[("uploadId", upload)], headers, body.as_bytes())
    }

    /// Aborts an upload.
    ///
    /// # Panics
    /// The server rejects the request.
    #[track_caller]
    pub fn abort(&self, key: &str, upload: &str) {
        let _ = self.ask("DELETE", key, &[("uploadId", upload)], &[], b"").well();
    }

    /// Keys and identifiers of the incomplete uploads with this prefix.
    ///
    /// # Panics
    /// The server rejects the request.
    #[must_use]
    #[track_caller]
    pub fn uploads(&self, prefix: &str) -> Vec<(String, String)> {
        let reply = self.ask("GET", "", &[("prefix", prefix), ("uploads", "")], &[], b"").well();
        reply.all("Key").into_iter().zip(reply.all("UploadId")).collect()
    }

    /// The parts of an upload on the server.
    ///
    /// # Panics
    /// The server rejects the request.
    #[must_use]
    #[track_caller]
    pub fn parts(&self, key: &str, upload: &str) -> Vec<Part> {
        let reply = self.ask("GET", key, &[("uploadId", upload)], &[], b"").well();
        let text = |xml: &str, name| super::reply::elements(xml, name).into_iter().next().unwrap_or_default();
        let part = |xml: String| Part {
            number: text(&xml, "PartNumber").parse().unwrap_or(0),
            size: text(&xml, "Size").parse().unwrap_or(0),
            etag: text(&xml, "ETag").replace('"', ""),
            xml,
        };
        reply.all("Part").into_iter().map(part).collect()
    }
}

impl Reply {
    #[track_caller]
    fn body_of_well(self) -> Vec<u8> {
        assert_eq!(self.status, 200, "{}", self.text());
        self.body
    }
}
