//! Sends the files of a folder to a server of S3 with the fewest words that it takes: no checksum, no digest, no retry, no
//! receipt, and the content never enters the process. It is the floor of an upload, and no way to make one.

use super::upload::PREFIX;
use crate::r#gen::files_below;
use anyhow::{Context as _, Result, bail, ensure};
use lockstep_tests::s3::S3Target;
use lockstep_tests::s3::http::{self, Head};
use lockstep_tests::s3::sign::{self, Signed};
use std::env;
use std::fs::File;
use std::io::{self, BufReader, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::sync::Mutex;
use std::thread;
use std::time::SystemTime;

/// What is signed instead of a digest: <https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html>
const UNSIGNED: &str = "UNSIGNED-PAYLOAD";

/// How many are sent at once: more do not move more on the machines that this was tried on.
const AT_ONCE: usize = 8;

/// The hidden command that sends all files below a folder to a bucket. The rest is in the variables that the tools beside
/// it read.
pub(crate) fn send(folder: &Path, endpoint: &str, bucket: &str) -> Result<()> {
    let place = S3Target {
        endpoint: endpoint.to_owned(),
        region: env::var("AWS_DEFAULT_REGION")?,
        access_key: env::var("AWS_ACCESS_KEY_ID")?,
        secret_key: env::var("AWS_SECRET_ACCESS_KEY")?,
        session_token: None,
        bucket: bucket.to_owned(),
    };
    let mut paths = files_below(folder, Path::new(""))?;
    paths.retain(|path| !path.ends_with(".complete"));
    let paths = Mutex::new(paths);
    let next = || paths.lock().ok().and_then(|mut paths| paths.pop());
    let work = || -> Result<()> {
        let mut connection = BufReader::new(TcpStream::connect(host(&place))?);
        while let Some(path) = next() {
            let name = path.to_str().context("a name that is no text")?;
            put(&mut connection, &place, name, &mut File::open(folder.join(&path))?)
                .with_context(|| name.to_owned())?;
        }
        Ok(())
    };
    thread::scope(|scope| {
        let threads: Vec<_> = (0..AT_ONCE).map(|_| scope.spawn(work)).collect();
        threads.into_iter().try_for_each(|thread| thread.join().unwrap_or_else(|_| bail!("a thread died")))
    })
}

fn host(place: &S3Target) -> &str {
    place.endpoint.trim_start_matches("http://")
}

fn put(connection: &mut BufReader<TcpStream>, place: &S3Target, name: &str, file: &mut File) -> Result<()> {
    let path = format!("/{}/{PREFIX}/{}", place.bucket, sign::encode(name, "/"));
    let (time, length) = (sign::time(SystemTime::now()), file.metadata()?.len());
    let headers = [("host", host(place)), ("x-amz-content-sha256", UNSIGNED), ("x-amz-date", &time)];
    let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let signed = Signed {
        method: "PUT",
        path: &path,
        query: &[],
        headers: &headers,
        digest: UNSIGNED,
        time: &time,
        region: &place.region,
    };
    let authorization = signed.authorization(&place.access_key, &place.secret_key);
    let lines: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let head = format!(
        "PUT {path} HTTP/1.1\r\n{lines}authorization: {authorization}\r\ncontent-length: {length}\r\n\r\n"
    );
    let stream = connection.get_mut();
    stream.write_all(head.as_bytes())?;
    // From the file to the socket within the kernel.
    ensure!(io::copy(file, stream)? == length, "the file changed");
    let answer = Head::read(connection)?.context("the server says nothing")?;
    http::content_of(connection, answer.reply_body("PUT"))?;
    ensure!(answer.status() == 200, "the server says {}", answer.line);
    Ok(())
}
