//! One connection of a client, with one request: the proxy sends `Connection: close` to both sides. It changes no other
//! header and reads no body.

use super::fault::{ErrorStatus, KubeFault, KubeRequest};
use super::{KubeExchange, Shared, locked};
use crate::kube::client::settings;
use crate::kube::cluster::Cluster;
use crate::s3::http::{Body, Head};
use crate::services::Result as ServiceResult;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, ServerConfig};
use std::io::{Error, ErrorKind, Result};
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _, BufReader, copy, copy_bidirectional};
use tokio::net::TcpStream;
use tokio_rustls::{TlsAcceptor, TlsConnector, server::TlsStream};

/// The maximum size of a head in bytes.
const HEAD: usize = 64 * 1024;
/// A time longer than any test.
const FOREVER: Duration = Duration::from_secs(24 * 3600);

type Client = BufReader<TlsStream<TcpStream>>;

/// The server behind the proxy, and the TLS settings of the proxy for both sides.
pub(super) struct Server {
    port: u16,
    acceptor: TlsAcceptor,
    connector: TlsConnector,
}

impl Server {
    pub(super) fn new(cluster: &Cluster) -> ServiceResult<Self> {
        let inside: ClientConfig = settings(&cluster.authority())?;
        let chain: Vec<_> = CertificateDer::pem_file_iter(cluster.authority())
            .and_then(Iterator::collect)
            .map_err(|error| error.to_string())?;
        let key = PrivateKeyDer::from_pem_file(cluster.folder().join("tls/apiserver.key"))
            .map_err(|error| error.to_string())?;
        let outside = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| error.to_string())?
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .map_err(|error| error.to_string())?;
        Ok(Self {
            port: cluster.port(),
            acceptor: TlsAcceptor::from(Arc::new(outside)),
            connector: TlsConnector::from(Arc::new(inside)),
        })
    }

    async fn connect(&self) -> Result<tokio_rustls::client::TlsStream<TcpStream>> {
        let tcp = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).await?;
        tcp.set_nodelay(true)?;
        self.connector.connect(ServerName::from(IpAddr::from(Ipv4Addr::LOCALHOST)), tcp).await
    }
}

/// Serves the one request of a connection.
pub(super) async fn serve(stream: TcpStream, server: &Server, shared: &Shared, number: usize) -> Result<()> {
    stream.set_nodelay(true)?;
    let mut client = BufReader::new(server.acceptor.accept(stream).await?);
    let Some(head) = read_head(&mut client).await? else { return Ok(()) };
    let agent = head.header("user-agent").unwrap_or_default();
    let request = KubeRequest::new(head.word(0), head.word(1), agent);
    let faults = shared.meet(&request);
    locked(&shared.log).insert(number, KubeExchange { request, status: None, passed: false, over: false });
    let mut limit = None;
    for fault in faults {
        match fault {
            KubeFault::Delay(time) => tokio::time::sleep(time).await,
            KubeFault::Hold => tokio::time::sleep(FOREVER).await,
            KubeFault::Reset => return Ok(()),
            KubeFault::Cut(bytes) => limit = Some(bytes),
            KubeFault::Answer(answer) => {
                shared.note(number, |exchange| exchange.status = Some(answer.code));
                return answer_with(&mut client, &plain(&answer), &head).await;
            }
            KubeFault::ErrorEvent(answer) => {
                shared.note(number, |exchange| exchange.status = Some(200));
                return answer_with(&mut client, &event(&answer), &head).await;
            }
        }
    }
    pass(client, &head, server, limit, |status| {
        shared.note(number, |exchange| (exchange.status, exchange.passed) = (status, true));
    })
    .await
}

/// Passes the request on, and the answer as it arrives.
async fn pass(
    mut client: Client,
    head: &Head,
    server: &Server,
    limit: Option<u64>,
    note: impl Fn(Option<u16>),
) -> Result<()> {
    let length = match head.body() {
        Body::Length(length) => length,
        // Clients of Kubernetes send bodies with a length.
        Body::Chunked | Body::Rest => return Err(Error::new(ErrorKind::Unsupported, "a body in chunks")),
    };
    note(None);
    let mut inside = BufReader::new(server.connect().await?);
    inside.write_all(closing(head).as_bytes()).await?;
    copy(&mut (&mut client).take(length), &mut inside).await?;
    inside.flush().await?;
    let reply = read_head(&mut inside).await?.ok_or(ErrorKind::UnexpectedEof)?;
    note(Some(reply.status()));
    client.write_all(closing(&reply).as_bytes()).await?;
    client.flush().await?;
    match limit {
        Some(bytes) => {
            copy(&mut inside.take(bytes), &mut client).await?;
            client.flush().await
        }
        None => copy_bidirectional(&mut client, &mut inside).await.map(drop),
    }
}

/// The head with `Connection: close`.
fn closing(head: &Head) -> String {
    let mut text = format!("{}\r\n", head.line);
    for (name, value) in &head.headers {
        if !name.eq_ignore_ascii_case("connection") {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
    }
    text + "Connection: close\r\n\r\n"
}

async fn read_head(from: &mut (impl AsyncRead + Unpin)) -> Result<Option<Head>> {
    let mut raw = Vec::new();
    while !raw.ends_with(b"\r\n\r\n") {
        if raw.len() == HEAD {
            return Err(ErrorKind::InvalidData.into());
        }
        match from.read_u8().await {
            Ok(byte) => raw.push(byte),
            Err(_) if raw.is_empty() => return Ok(None),
            Err(error) => return Err(error),
        }
    }
    Head::read(&mut raw.as_slice())
}

/// Sends the proxy's own answer after the whole request, because an earlier answer may be lost.
async fn answer_with(client: &mut Client, text: &str, head: &Head) -> Result<()> {
    if let Body::Length(length) = head.body() {
        copy(&mut (&mut *client).take(length), &mut tokio::io::sink()).await?;
    }
    client.write_all(text.as_bytes()).await?;
    client.shutdown().await?;
    // Wait until the client has read the answer.
    copy(client, &mut tokio::io::sink()).await.map(drop)
}

fn plain(answer: &ErrorStatus) -> String {
    let body = answer.status().to_string();
    let retry = answer.retry_after.map(|seconds| format!("Retry-After: {seconds}\r\n")).unwrap_or_default();
    format!(
        "HTTP/1.1 {} {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n{retry}Connection: close\r\n\r\n\
         {body}",
        answer.code,
        answer.reason,
        body.len()
    )
}

fn event(answer: &ErrorStatus) -> String {
    let event = serde_json::json!({ "type": "ERROR", "object": answer.status() });
    let line = format!("{event}\n");
    format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n\
         {:x}\r\n{line}\r\n0\r\n\r\n",
        line.len()
    )
}
