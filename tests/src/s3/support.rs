//! Finds out which features of uploads a server has. Each answer is a status or a returned value; it judges none.

use super::checksum;
use super::client::Client;
use super::reply::Reply;
use super::sign::rfc3339;
use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

/// The minimum size of a part that is not the last.
pub const PART: usize = 5 << 20;
const SUMS: [&str; 4] = ["crc64nvme", "crc32c", "crc32", "sha256"];

/// Answers by question.
pub type Answers = BTreeMap<String, String>;

/// Asks all questions.
///
/// # Panics
/// The server does not answer, or rejects a request that every server must accept.
#[must_use]
pub fn ask(client: &Client) -> Answers {
    let mut answers = Answers::new();
    bodies(client, &mut answers);
    conditions(client, &mut answers);
    headers(client, &mut answers);
    uploads(client, &mut answers);
    for sum in SUMS {
        sums(client, sum, &mut answers);
    }
    answers
}

/// The answers of several servers as a table in Markdown.
#[must_use]
pub fn table(servers: &[(&str, Answers)]) -> String {
    let row = |cells: Vec<&str>| format!("| {} |\n", cells.join(" | "));
    let mut head = vec!["what"];
    head.extend(servers.iter().map(|(name, _)| *name));
    let mut table = row(head.clone()) + &row(vec!["---"; head.len()]);
    let questions: Vec<&String> =
        servers.first().map(|(_, answers)| answers.keys().collect()).unwrap_or_default();
    for question in questions {
        let mut cells = vec![question.as_str()];
        cells.extend(
            servers.iter().map(|(_, answers)| answers.get(question).map_or("", |answer| answer.trim())),
        );
        table += &row(cells);
    }
    table
}

fn said(reply: &Reply) -> String {
    let code = reply.first("Code");
    format!("{} {code}", reply.status).trim().to_owned()
}

fn yes(yes: bool) -> String {
    if yes { "yes" } else { "no" }.to_owned()
}

/// Status, and the returned value of a header.
fn kept(client: &Client, key: &str, headers: &[(&str, &str)], name: &str) -> String {
    let put = client.put(key, b"x", headers);
    format!("{} {}", said(&put), client.head(key).header(name)).trim().to_owned()
}

fn bodies(client: &Client, answers: &mut Answers) {
    let mut tell = |question: &str, answer: String| answers.insert(question.to_owned(), answer);
    let put = client.put("etag", b"hello", &[]);
    tell("ETag is MD5", yes(put.header("etag").replace('"', "") == "5d41402abc4b2a76b9719d911017c592"));
    let send = |digest: &str, more: &[(&str, &str)], body: &[u8]| {
        said(&client.send_as("PUT", "body", &[], more, body, digest).expect("a reply"))
    };
    tell("wrong x-amz-content-sha256", send(&super::sign::digest(b"other"), &[], b"hello"));
    tell("UNSIGNED-PAYLOAD", send("UNSIGNED-PAYLOAD", &[], b"hello"));
    let wrong = [("content-md5", "AAAAAAAAAAAAAAAAAAAAAA==")];
    tell("wrong Content-MD5", send("UNSIGNED-PAYLOAD", &wrong, b"hello"));
    let trailer = [
        ("content-encoding", "aws-chunked"),
        ("x-amz-decoded-content-length", "5"),
        ("x-amz-trailer", "x-amz-checksum-crc64nvme"),
    ];
    for (name, of) in [("right", "hello"), ("wrong", "other")] {
        let sum = checksum::crc64nvme(of.as_bytes());
        let body = format!("5\r\nhello\r\n0\r\nx-amz-checksum-crc64nvme:{sum}\r\n\r\n");
        let answer = send("STREAMING-UNSIGNED-PAYLOAD-TRAILER", &trailer, body.as_bytes());
        tell(&format!("{name} checksum in a trailer"), answer);
    }
    let stored = client.head("body");
    tell(
        "what came with a trailer keeps its checksum",
        yes(!stored.header("x-amz-checksum-crc64nvme").is_empty()),
    );
    tell("x-amz-security-token", send("UNSIGNED-PAYLOAD", &[("x-amz-security-token", "session")], b"x"));
}

fn conditions(client: &Client, answers: &mut Answers) {
    let mut tell = |question: &str, answer: String| answers.insert(question.to_owned(), answer);
    let new = [("if-none-match", "*")];
    let _ = client.put("there", b"old", &[]).well();
    tell("PutObject If-None-Match, new", said(&client.put("fresh", b"x", &new)));
    tell("PutObject If-None-Match, there", said(&client.put("there", b"new", &new)));
    tell(
        "PutObject If-Match, other",
        said(&client.put("there", b"new", &[("if-match", "\"0123456789abcdef\"")])),
    );
    let complete = |key: &str| {
        let upload = client.begin(key, &[]);
        let etag = client.part(key, &upload, 1, b"new", &[]).well().header("etag").to_owned();
        let part = format!("<PartNumber>1</PartNumber><ETag>{etag}</ETag>");
        said(&client.complete(key, &upload, &[part], &new))
    };
    tell("CompleteMultipartUpload If-None-Match, new", complete("fresh-parts"));
    tell("CompleteMultipartUpload If-None-Match, there", complete("there"));
    tell("what was there stays", yes(client.get("there").is_some_and(|bytes| bytes == b"old")));
}

fn headers(client: &Client, answers: &mut Answers) {
    let mut tell = |question: &str, answer: String| answers.insert(question.to_owned(), answer);
    tell("x-amz-meta", kept(client, "meta", &[("x-amz-meta-a", "b c")], "x-amz-meta-a"));
    tell("Content-Type", kept(client, "type", &[("content-type", "text/x-a")], "content-type"));
    tell("Cache-Control", kept(client, "cache", &[("cache-control", "max-age=5")], "cache-control"));
    let sse = "x-amz-server-side-encryption";
    tell("SSE AES256", kept(client, "sse", &[(sse, "AES256")], sse));
    tell("SSE aws:kms", kept(client, "kms", &[(sse, "aws:kms")], sse));
    let class = "x-amz-storage-class";
    tell("storage class STANDARD_IA", kept(client, "class", &[(class, "STANDARD_IA")], class));
    tell("x-amz-acl private", said(&client.put("acl", b"x", &[("x-amz-acl", "private")])));
    let _ = client.put("tags", b"x", &[("x-amz-tagging", "a=1&b=2%203")]);
    let tags = client.send("GET", "tags", &[("tagging", "")], &[], b"").expect("a reply");
    let mut values = tags.all("Value");
    values.sort();
    tell("x-amz-tagging", format!("{} {}", said(&tags), values.join(",")));
    let until = rfc3339(SystemTime::now() + Duration::from_secs(60));
    let (mode, date) = ("x-amz-object-lock-mode", "x-amz-object-lock-retain-until-date");
    tell("object lock", kept(client, "lock", &[(mode, "GOVERNANCE"), (date, &until)], mode));
    let put = client.put("version", b"x", &[]).well();
    let count =
        client.send("GET", "", &[("prefix", "version"), ("versions", "")], &[], b"").expect("a reply");
    let versions = [yes(!put.header("x-amz-version-id").is_empty()), said(&count)].join(", ");
    tell("x-amz-version-id, ListObjectVersions", versions);
    let sizes = [("x-amz-object-attributes", "ETag,ObjectSize,Checksum")];
    let attributes = client.send("GET", "version", &[("attributes", "")], &sizes, b"").expect("a reply");
    tell("GetObjectAttributes", format!("{} {}", said(&attributes), attributes.first("ObjectSize")));
    tell("an odd key", said(&client.put("odd/ü +&=~'(1)*.txt", b"x", &[])));
    tell("the odd key in a list", yes(client.keys("odd/") == ["odd/ü +&=~'(1)*.txt"]));
}

fn uploads(client: &Client, answers: &mut Answers) {
    let mut tell = |question: &str, answer: String| answers.insert(question.to_owned(), answer);
    let open = ["up/a/1", "up/b/1"].map(|key| client.begin(key, &[]));
    let list = |prefix| {
        let reply =
            client.send("GET", "", &[("prefix", prefix), ("uploads", "")], &[], b"").expect("a reply");
        format!("{} {}", said(&reply), reply.all("Key").join(","))
    };
    tell("ListMultipartUploads, prefix", list("up/a/"));
    client.abort("up/a/1", &open[0]);
    tell("ListMultipartUploads after the abort", list("up/"));
    let gone = client.send("GET", "up/a/1", &[("uploadId", &open[0])], &[], b"").expect("a reply");
    tell("ListParts after the abort", said(&gone));
    client.abort("up/b/1", &open[1]);
    for (name, size) in [("5 MiB", PART), ("less", 10)] {
        let key = format!("two/{size}");
        let upload = client.begin(&key, &[]);
        let mut parts = Vec::new();
        for (number, size) in [(1, size), (2, 7)] {
            let etag =
                client.part(&key, &upload, number, &vec![b'a'; size], &[]).well().header("etag").to_owned();
            parts.push(format!("<PartNumber>{number}</PartNumber><ETag>{etag}</ETag>"));
        }
        if name == "5 MiB" {
            let mut sizes: Vec<_> = client.parts(&key, &upload).iter().map(|part| part.size).collect();
            // One server lists them in the order of its folder.
            sizes.sort_unstable();
            tell("ListParts, sorted", format!("{sizes:?}"));
        }
        let done = client.complete(&key, &upload, &parts, &[]);
        tell(&format!("two parts, the first of {name}"), said(&done));
        if name == "5 MiB" {
            tell(
                "ETag of parts ends in their number",
                yes(done.first("ETag").replace('"', "").ends_with("-2")),
            );
            tell("complete said twice", said(&client.complete(&key, &upload, &parts, &[])));
        }
    }
}

/// One checksum: in a put, and in an upload of two parts.
fn sums(client: &Client, sum: &str, answers: &mut Answers) {
    let mut tell = |question: &str, answer: String| answers.insert(format!("{sum}: {question}"), answer);
    let name = format!("x-amz-checksum-{sum}");
    let name = name.as_str();
    let right = checksum::of(sum, b"hello");
    let wrong = checksum::of(sum, b"other");
    let algorithm = sum.to_uppercase();
    let algorithm = algorithm.as_str();
    // SDKs name the algorithm in a header too, and moto reads only this header.
    let word = ("x-amz-sdk-checksum-algorithm", algorithm);
    let put = client.put(&format!("sum/{sum}"), b"hello", &[(name, &right), word]);
    let head = client.head(&format!("sum/{sum}"));
    tell("PutObject", said(&put));
    tell("PutObject answers with it", yes(put.header(name) == right));
    tell(
        "HEAD has it, type",
        format!("{} {}", yes(head.header(name) == right), head.header("x-amz-checksum-type")),
    );
    tell("PutObject, wrong", said(&client.put("wrong", b"hello", &[(name, &wrong), word])));

    let kind = if sum == "sha256" { "COMPOSITE" } else { "FULL_OBJECT" };
    let begin = [("x-amz-checksum-algorithm", algorithm), ("x-amz-checksum-type", kind)];
    let element = format!("Checksum{algorithm}");
    let parts = [vec![b'a'; PART], b"end".to_vec()];
    let whole = checksum::of(sum, &parts.concat());
    for (case, full) in [("right", whole.as_str()), ("wrong", wrong.as_str())] {
        let key = format!("parts/{sum}/{case}");
        let upload = client.begin(&key, &begin);
        if case == "right" {
            tell(
                "UploadPart, wrong",
                said(&client.part(&key, &upload, 1, b"hello", &[(name, &wrong), word])),
            );
        }
        let mut xml = Vec::new();
        for (number, part) in (1..).zip(&parts) {
            let value = checksum::of(sum, part);
            let etag = client
                .part(&key, &upload, number, part, &[(name, &value), word])
                .well()
                .header("etag")
                .to_owned();
            xml.push(format!(
                "<{element}>{value}</{element}><ETag>{etag}</ETag><PartNumber>{number}</PartNumber>"
            ));
        }
        if case == "right" {
            let listed = client.parts(&key, &upload);
            tell(
                "ListParts has it",
                yes(listed.iter().all(|part| part.xml.contains(&format!("<{element}>")))),
            );
        }
        // A composite is a checksum of checksums, which the server computes.
        let headers = [(name, full), ("x-amz-checksum-type", kind)];
        let headers = if sum == "sha256" { &headers[1..] } else { &headers[..] };
        let done = client.complete(&key, &upload, &xml, headers);
        if case == "right" {
            tell("complete", said(&done));
            let head = client.head(&key);
            let value = head.header(name);
            let value = match value {
                "" => "none",
                _ if value == whole => "of the whole",
                _ if value.ends_with("-2") => "of the sums of 2 parts",
                _ => "of something else",
            };
            tell("HEAD after complete, type", format!("{value} {}", head.header("x-amz-checksum-type")));
        } else if sum != "sha256" {
            tell("complete, wrong for the whole", said(&done));
        }
    }
}
