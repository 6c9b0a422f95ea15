//! A server of S3 for the demo, in this process: it says on its first line where it is and how to get in, and ends when
//! its standard input does. It listens on loopback only, and what it keeps goes with it.
#![forbid(unsafe_code)]

use lockstep_tests::s3::server::Server;
use std::io::{Read as _, Write as _};

fn main() -> std::io::Result<()> {
    let server = Server::s3s();
    let place = server.place();
    let line = serde_json::json!({
        "endpoint": place.endpoint,
        "region": place.region,
        "bucket": place.bucket,
        "access-key": place.access_key,
        "secret-key": place.secret_key,
    });
    let mut out = std::io::stdout();
    writeln!(out, "{line}")?;
    out.flush()?;
    std::io::stdin().read_to_end(&mut Vec::new()).map(drop)
}
