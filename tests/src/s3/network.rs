//! A network as in companies: servers with TLS certificates of the company's own authority, and a proxy that is the only way
//! to them. It listens on loopback and passes bytes on without reading them.

use super::{S3Target, listen};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use std::io::{ErrorKind, Result};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional};
use tokio::net::TcpStream;
use tokio::runtime::Runtime;
use tokio_rustls::TlsAcceptor;

/// The name in the server's certificate. Only the proxy resolves it.
pub const NAME: &str = "storage.test";
/// The certificate, its key, and the certificate of the authority. openssl made them, and they are valid for a hundred
/// years.
const CERTIFICATE: &str = include_str!("tls/server.crt");
const KEY: &str = include_str!("tls/server.key");
/// The maximum size of the head of a request to the proxy.
const HEAD: usize = 8192;

/// A running network. Dropping it ends the network.
#[derive(Debug)]
pub struct Network {
    proxy: SocketAddr,
    requests: Arc<Mutex<Vec<String>>>,
    /// Dropping it ends all tasks.
    _runtime: Runtime,
}

impl Network {
    /// Starts a network around the server of this target, which has the name [`NAME`] in it.
    ///
    /// # Panics
    /// No port is free, or the setup of TLS fails.
    #[must_use]
    pub fn around(place: &S3Target) -> Self {
        let runtime = listen::runtime();
        let (server, acceptor) = (place.address().to_owned(), TlsAcceptor::from(Arc::new(settings())));
        let requests = Arc::new(Mutex::new(Vec::new()));
        let (plain, log) = (server.clone(), Arc::clone(&requests));
        let tls =
            listen::listen(&runtime, move |stream| ended(end_tls(stream, acceptor.clone(), server.clone())));
        let proxy = listen::listen(&runtime, move |stream| {
            ended(pass_on(stream, tls, plain.clone(), Arc::clone(&log)))
        });
        Self { proxy, requests, _runtime: runtime }
    }

    /// The proxy, as `HTTPS_PROXY` names it.
    #[must_use]
    pub fn proxy(&self) -> String {
        format!("http://{}", self.proxy)
    }

    /// The certificate of the authority, as `SSL_CERT_FILE` names it.
    #[must_use]
    pub fn authority(&self) -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("src/s3/tls/authority.pem")
    }

    /// The requested servers so far: `HOST:PORT`.
    #[must_use]
    pub fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// A client that disconnects does not affect the others.
async fn ended(served: impl Future<Output = Result<()>>) {
    let _ = served.await;
}

fn settings() -> ServerConfig {
    let bytes = |text: &str| BASE64.decode(text.trim()).expect("base64");
    let key = PrivatePkcs8KeyDer::from(bytes(KEY));
    ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions of TLS")
        .with_no_client_auth()
        .with_single_cert(vec![CertificateDer::from(bytes(CERTIFICATE))], key.into())
        .expect("a certificate and its key")
}

async fn end_tls(stream: TcpStream, acceptor: TlsAcceptor, server: String) -> Result<()> {
    let mut outside = acceptor.accept(stream).await?;
    let mut inside = TcpStream::connect(server).await?;
    copy_bidirectional(&mut outside, &mut inside).await.map(drop)
}

/// Passes a tunnel on to the server with TLS, or requests to the one without TLS. Servers accept the absolute form of a
/// target too. RFC 9110 section 9.3.6, RFC 9112 section 3.2.2.
async fn pass_on(
    mut client: TcpStream,
    tls: SocketAddr,
    plain: String,
    requests: Arc<Mutex<Vec<String>>>,
) -> Result<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        if head.len() == HEAD {
            return Err(ErrorKind::InvalidData.into());
        }
        head.push(client.read_u8().await?);
    }
    let text = String::from_utf8_lossy(&head).into_owned();
    let mut words = text.split(' ');
    let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let host = target.trim_start_matches("http://").split('/').next().unwrap_or_default();
    requests.lock().unwrap_or_else(PoisonError::into_inner).push(host.to_owned());
    let mut server = match (method, host.strip_prefix(NAME)) {
        ("CONNECT", Some(":443")) => TcpStream::connect(tls).await?,
        (_, Some("" | ":80")) => TcpStream::connect(plain).await?,
        _ => return client.write_all(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n").await,
    };
    match method {
        "CONNECT" => client.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").await?,
        _ => server.write_all(&head).await?,
    }
    copy_bidirectional(&mut client, &mut server).await.map(drop)
}
