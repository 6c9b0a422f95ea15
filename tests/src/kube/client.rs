//! A client of an API server, independent of the tested code, with one connection for each request. It never retries and
//! does not watch.

use crate::s3::http::{self, Head, Piece};
use crate::services::Result;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use std::io::{self, BufReader, Write as _};
use std::net::{Ipv4Addr, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// The timeout of an answer.
const PATIENCE: Duration = Duration::from_secs(60);

/// An answer.
#[derive(Debug, Clone)]
pub struct Reply {
    /// The status.
    pub status: u16,
    /// The body.
    pub body: String,
}

impl Reply {
    /// The body of a successful answer.
    ///
    /// # Errors
    /// The status is not a success.
    pub fn well(self) -> Result<String> {
        if (200..300).contains(&self.status) {
            return Ok(self.body);
        }
        Err(format!("{}: {}", self.status, self.body))
    }
}

/// A client with one user's token.
#[derive(Debug, Clone)]
pub(super) struct Client {
    port: u16,
    tls: Arc<ClientConfig>,
    token: String,
}

impl Client {
    pub(super) fn new(port: u16, authority: &Path, token: &str) -> Result<Self> {
        Ok(Self { port, tls: Arc::new(settings(authority)?), token: token.to_owned() })
    }

    /// Sends one request. A body is JSON; that of `PATCH` is a JSON merge patch.
    pub(super) fn send(&self, method: &str, target: &str, body: &str) -> Result<Reply> {
        self.exchange(method, target, body).map_err(|error| format!("{method} {target}: {error}"))
    }

    fn exchange(&self, method: &str, target: &str, body: &str) -> io::Result<Reply> {
        let tcp = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port))?;
        tcp.set_read_timeout(Some(PATIENCE))?;
        tcp.set_nodelay(true)?;
        let name = ServerName::from(std::net::IpAddr::from(Ipv4Addr::LOCALHOST));
        let tls = ClientConnection::new(Arc::clone(&self.tls), name).map_err(io::Error::other)?;
        let mut stream = StreamOwned::new(tls, tcp);
        let kind = if method == "PATCH" { "application/merge-patch+json" } else { "application/json" };
        let head = format!(
            "{method} {target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAccept: application/json\r\n\
             Authorization: Bearer {}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\r\n",
            self.token,
            body.len()
        );
        stream.write_all([head.as_bytes(), body.as_bytes()].concat().as_slice())?;
        stream.flush()?;
        let mut stream = BufReader::new(stream);
        let head = Head::read(&mut stream)?.ok_or(io::ErrorKind::UnexpectedEof)?;
        let mut content = Vec::new();
        http::copy(&mut stream, head.reply_body(method), |piece, bytes| {
            if piece == Piece::Content {
                content.extend_from_slice(bytes);
            }
            Ok(())
        })?;
        Ok(Reply { status: head.status(), body: String::from_utf8_lossy(&content).into_owned() })
    }
}

/// TLS settings that trust only the authority in this file.
pub(super) fn settings(authority: &Path) -> Result<ClientConfig> {
    let mut roots = RootCertStore::empty();
    let certificates = CertificateDer::pem_file_iter(authority).map_err(|error| error.to_string())?;
    for certificate in certificates {
        roots.add(certificate.map_err(|error| error.to_string())?).map_err(|error| error.to_string())?;
    }
    ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())
        .map(|builder| builder.with_root_certificates(roots).with_no_client_auth())
}
