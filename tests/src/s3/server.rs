//! Servers of objects, each with a folder and a port of its own. Dropping one ends it. They listen on loopback only.
//!
//! The module `support` finds out which features each server has, and the test
//! `the_servers_behave_as_their_description_says` compares that with this list. A status alone means that the server
//! executed the request, with or without the feature; a value after it is the one that the server returned.
//!
//! - `versitygw` takes no session tokens, replies `MD5` tags, and has no encryption and no storage classes: it says
//!   200 and forgets them. It is the one that verifies and keeps all checksums.
//! - `s3s-fs` verifies checksums of `PutObject` only, keeps none of an upload in parts, lists no uploads, lists parts
//!   in no order, and believes every session token.
//! - `moto` verifies neither signatures nor checksums, and makes up CRC-32C and CRC-64 of objects in parts. It is good
//!   for headers, tags and encryption.
//!
#![doc = include_str!("support.md")]

use super::S3Target;
use super::client::Client;
use crate::services;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// The credentials of all servers here.
const ACCESS_KEY: &str = "lockstep-test-key";
const SECRET_KEY: &str = "canary-s3-Secret/Key+55d1";
/// The timeout of a server's first answer.
const START: Duration = Duration::from_secs(60);

/// A running server with an empty bucket, `artifacts`.
#[derive(Debug)]
pub struct Server {
    place: S3Target,
    program: Program,
    folder: TempDir,
}

#[derive(Debug)]
enum Program {
    Child(Child),
    #[cfg(feature = "live")]
    Runtime(Option<tokio::runtime::Runtime>),
}

impl Server {
    /// `versitygw` over a folder.
    ///
    /// # Panics
    /// The installation fails, or the server does not answer.
    #[must_use]
    pub fn versitygw() -> Self {
        Self::versity(false)
    }

    /// `versitygw` with object locks, and with versions in the bucket.
    ///
    /// # Panics
    /// The installation fails, or the server does not answer.
    #[must_use]
    pub fn versitygw_versioned() -> Self {
        Self::versity(true)
    }

    fn versity(versions: bool) -> Self {
        let program = services::versitygw().unwrap_or_else(|error| panic!("{error}"));
        let server = Self::child(|folder, port| {
            let mut command = Command::new(&program);
            command.env("ROOT_ACCESS_KEY", ACCESS_KEY).env("ROOT_SECRET_KEY", SECRET_KEY);
            // Without this option every reply closes its connection.
            command.args(["--keep-alive", "--quiet", "--port", &format!("127.0.0.1:{port}"), "posix"]);
            if versions {
                command.arg("--versioning-dir").arg(made(folder, "versions"));
            }
            command.arg(made(folder, "buckets"));
            command
        });
        let client = Client::new(&server.place);
        if versions {
            // A lock needs versions, and a bucket created with locks.
            let lock = [("x-amz-bucket-object-lock-enabled", "true")];
            let _ = client.send("PUT", "", &[], &lock, b"").expect("a reply").well();
        } else {
            client.create_bucket();
        }
        server
    }

    /// `moto_server`, which imitates AWS and accepts every signature.
    ///
    /// # Panics
    /// The installation fails, or the server does not answer.
    #[must_use]
    pub fn moto() -> Self {
        let programs = services::moto_python().unwrap_or_else(|error| panic!("{error}"));
        let server = Self::child(|_, port| {
            let mut command = Command::new(programs.join("moto_server"));
            command.args(["-H", "127.0.0.1", "-p", &port.to_string()]);
            command
        });
        Client::new(&server.place).create_bucket();
        server
    }

    /// `s3s-fs`, in this process.
    ///
    /// # Panics
    /// The start fails.
    #[cfg(feature = "live")]
    #[must_use]
    pub fn s3s() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let (runtime, port) = super::s3s::serve(folder.path(), ACCESS_KEY, SECRET_KEY);
        let server = Self { place: place(port), program: Program::Runtime(Some(runtime)), folder };
        Client::new(&server.place).create_bucket();
        server
    }

    /// Starts a program on a free port and waits until it listens.
    fn child(command: impl Fn(&Path, u16) -> Command) -> Self {
        let start = Instant::now();
        loop {
            let folder = tempfile::tempdir().expect("a folder");
            let port = free_port();
            let mut command = command(folder.path(), port);
            let log = std::fs::File::create(folder.path().join("log")).expect("a log");
            let errors = log.try_clone().expect("a log");
            command.stdin(Stdio::null()).stdout(log).stderr(errors).current_dir(folder.path());
            let child = command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));
            let mut server = Self { place: place(port), program: Program::Child(child), folder };
            while server.runs() {
                if TcpStream::connect(server.place.address()).is_ok() {
                    return server;
                }
                assert!(start.elapsed() < START, "{command:?} does not answer: {}", server.log());
                thread::sleep(Duration::from_millis(20));
            }
            // Another process may have taken the port.
            assert!(start.elapsed() < START, "{command:?} has ended: {}", server.log());
        }
    }

    fn runs(&mut self) -> bool {
        match &mut self.program {
            Program::Child(child) => matches!(child.try_wait(), Ok(None)),
            #[cfg(feature = "live")]
            Program::Runtime(_) => true,
        }
    }

    /// The folder in which `versitygw` keeps its buckets.
    #[must_use]
    pub fn buckets(&self) -> PathBuf {
        self.folder.path().join("buckets")
    }

    /// The address.
    #[must_use]
    pub fn place(&self) -> &S3Target {
        &self.place
    }

    /// A client of its bucket.
    #[must_use]
    pub fn client(&self) -> Client {
        Client::new(&self.place)
    }

    /// The text on standard output.
    #[must_use]
    pub fn log(&self) -> String {
        std::fs::read(self.folder.path().join("log"))
            .map(|log| String::from_utf8_lossy(&log).into_owned())
            .unwrap_or_default()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        match &mut self.program {
            Program::Child(child) => {
                let _ = child.kill();
                let _ = child.wait();
            }
            #[cfg(feature = "live")]
            Program::Runtime(runtime) => {
                if let Some(runtime) = runtime.take() {
                    runtime.shutdown_timeout(Duration::from_secs(1));
                }
            }
        }
    }
}

fn place(port: u16) -> S3Target {
    S3Target {
        endpoint: format!("http://127.0.0.1:{port}"),
        region: "us-east-1".to_owned(),
        access_key: ACCESS_KEY.to_owned(),
        secret_key: SECRET_KEY.to_owned(),
        session_token: None,
        bucket: "artifacts".to_owned(),
    }
}

/// A port that was free a moment ago, because the programs cannot choose a free port themselves.
fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("an address").port()
}

fn made(folder: &Path, name: &str) -> PathBuf {
    let folder = folder.join(name);
    std::fs::create_dir_all(&folder).expect("a folder");
    folder
}
