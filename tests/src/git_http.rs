//! A git server over HTTP for tests. It spoils the requests that a test chooses. The answers come from git's own server;
//! this one knows HTTP only.

use crate::web::{Web, WebReply, WebRequest};
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

/// The way to spoil a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GitFault {
    /// The server answers with this status and does nothing.
    Status(u16),
    /// The server closes the connection and does nothing.
    Cut,
    /// The server executes the request and closes the connection without an answer.
    CutAfter,
    /// The server sends bytes that are not HTTP.
    Garbage,
    /// The server sends half of the answer and closes the connection.
    Half,
    /// The same, without a length in the head.
    QuietHalf,
    /// The server sends an answer as of a proxy: a success without a body.
    Empty,
    /// The server sends nothing.
    Silence,
}

/// A server of the repositories in a folder. Every user may push.
pub struct GitServer {
    web: Web,
}

impl GitServer {
    /// Serves a folder. It calls `spoil` for each request, with its number from 1 on.
    #[must_use]
    pub fn new(
        folder: &Path,
        spoil: impl Fn(usize, &WebRequest) -> Option<GitFault> + Send + Sync + 'static,
    ) -> Self {
        let folder = folder.to_owned();
        let web = Web::new(move |request, number| match spoil(number, request) {
            Some(GitFault::Status(status)) => WebReply::of(status, &[], "not now"),
            Some(GitFault::Cut) => WebReply { parts: Vec::new() },
            Some(GitFault::Garbage) => WebReply::raw("220 this is another protocol\r\n\r\n"),
            Some(GitFault::Empty) => WebReply::of(200, &[], ""),
            Some(GitFault::Silence) => WebReply { parts: vec![(Duration::from_secs(3600), Vec::new())] },
            spoiled => {
                let (head, body) = serve(&folder, request);
                let length = format!("content-length: {}\r\n\r\n", body.len());
                match spoiled {
                    Some(GitFault::CutAfter) => WebReply { parts: Vec::new() },
                    Some(GitFault::Half) => raw(&(head + &length), &body[..body.len() / 2]),
                    Some(GitFault::QuietHalf) => raw(&(head + "\r\n"), &body[..body.len() / 2]),
                    _ => raw(&(head + &length), &body),
                }
            }
        });
        Self { web }
    }

    /// The URL of a repository in the folder.
    #[must_use]
    pub fn url(&self, name: &str) -> String {
        self.web.url(&format!("/{name}"))
    }

    /// The log of the requests.
    #[must_use]
    pub fn log(&self) -> Vec<WebRequest> {
        self.web.log()
    }
}

fn raw(head: &str, body: &[u8]) -> WebReply {
    WebReply::raw([head.as_bytes(), body].concat())
}

/// The answer of git's own server: the head without its last line, and the body.
/// <https://git-scm.com/docs/git-http-backend>
fn serve(folder: &Path, request: &WebRequest) -> (String, Vec<u8>) {
    let (path, query) = request.target.split_once('?').unwrap_or((&request.target, ""));
    let folder: PathBuf = folder.canonicalize().expect("the folder is there");
    let mut child = Command::new("git")
        .arg("http-backend")
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_PROJECT_ROOT", folder)
        .env("GIT_HTTP_EXPORT_ALL", "1")
        .env("REMOTE_USER", "ci")
        .env("REQUEST_METHOD", &request.method)
        .env("PATH_INFO", path)
        .env("QUERY_STRING", query)
        .env("CONTENT_TYPE", request.header("content-type"))
        .env("CONTENT_LENGTH", request.bytes.len().to_string())
        .env("HTTP_CONTENT_ENCODING", request.header("content-encoding"))
        .env("GIT_PROTOCOL", request.header("git-protocol"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("git has a server of HTTP");
    // The program may end before it has read its whole input.
    let _ = child.stdin.take().expect("a pipe").write_all(&request.bytes);
    let output = child.wait_with_output().expect("it ends").stdout;
    let end = output.windows(4).position(|four| four == b"\r\n\r\n").map_or(output.len(), |end| end);
    let head = String::from_utf8_lossy(&output[..end]).into_owned();
    let status = head.lines().find_map(|line| line.strip_prefix("Status: ")).unwrap_or("200 OK");
    let mut lines = format!("HTTP/1.1 {status}\r\nconnection: close\r\n");
    for line in head.lines().filter(|line| !line.starts_with("Status: ")) {
        let _ = write!(lines, "{line}\r\n");
    }
    (lines, output.get(end + 4..).unwrap_or_default().to_vec())
}
