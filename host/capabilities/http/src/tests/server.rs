//! A web server on loopback that sends the bytes of a test and records the heads of requests. It does not parse HTTP.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// A step of a server after a request. The server closes the connection after the last step.
#[derive(Clone)]
pub(super) enum ServerStep {
    Say(Vec<u8>),
    Wait(u64),
    /// Closes the connection without reading all, which resets it.
    Reset,
}

pub(super) fn say(text: &str) -> ServerStep {
    ServerStep::Say(text.as_bytes().to_vec())
}

/// A complete response with this body.
pub(super) fn answer(body: &[u8]) -> Vec<ServerStep> {
    let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", body.len());
    vec![say(&head), ServerStep::Say(body.to_vec())]
}

/// A server that runs until the tests end.
pub(super) struct ScriptedServer {
    pub(super) address: SocketAddr,
    heads: Arc<Mutex<Vec<String>>>,
}

impl ScriptedServer {
    /// A server that does these steps for every request.
    pub(super) fn doing(steps: Vec<ServerStep>) -> Self {
        Self::answering(move |_| steps.clone())
    }

    /// A server whose steps depend on the head of the request.
    pub(super) fn answering(act: impl Fn(&str) -> Vec<ServerStep> + Send + Sync + 'static) -> Self {
        Self::listening(act, |stream, serve| serve(stream, None))
    }

    /// A server with TLS and a certificate for `web.test` and 127.0.0.1.
    pub(super) fn secure(act: impl Fn(&str) -> Vec<ServerStep> + Send + Sync + 'static) -> Self {
        let config = Arc::new(config());
        Self::listening(act, move |stream, serve| serve(stream, Some(Arc::clone(&config))))
    }

    fn listening(
        act: impl Fn(&str) -> Vec<ServerStep> + Send + Sync + 'static,
        accept: impl Fn(TcpStream, &dyn Fn(TcpStream, Option<Arc<ServerConfig>>)) + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let heads = Arc::new(Mutex::new(Vec::new()));
        let (seen, act, accept) = (Arc::clone(&heads), Arc::new(act), Arc::new(accept));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (seen, act, accept) = (Arc::clone(&seen), Arc::clone(&act), Arc::clone(&accept));
                thread::spawn(move || {
                    accept(stream, &|stream, tls| match tls {
                        None => serve(stream, &*act, &seen),
                        Some(tls) => {
                            let tls = ServerConnection::new(tls).unwrap();
                            serve(StreamOwned::new(tls, stream), &*act, &seen);
                        }
                    });
                });
            }
        });
        Self { address, heads }
    }

    pub(super) fn port(&self) -> u16 {
        self.address.port()
    }

    /// The heads of all requests. A connection without a request counts with an empty head.
    pub(super) fn heads(&self) -> Vec<String> {
        self.heads.lock().unwrap().clone()
    }
}

trait TestStream: Read + Write {
    fn close(&mut self);
}

impl TestStream for TcpStream {
    fn close(&mut self) {
        // A close with unread bytes resets the connection, so the server reads the rest first.
        let _ = self.shutdown(Shutdown::Write);
        let _ = self.set_read_timeout(Some(Duration::from_secs(2)));
        let _ = self.read_to_end(&mut Vec::new());
    }
}

impl TestStream for StreamOwned<ServerConnection, TcpStream> {
    fn close(&mut self) {
        self.conn.send_close_notify();
        let _ = self.flush();
        self.sock.close();
    }
}

fn serve(mut stream: impl TestStream, act: &dyn Fn(&str) -> Vec<ServerStep>, seen: &Mutex<Vec<String>>) {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).is_ok_and(|read| read == 1) {
        head.push(byte[0]);
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    seen.lock().unwrap().push(head.clone());
    for step in act(&head) {
        match step {
            ServerStep::Say(bytes) => {
                if stream.write_all(&bytes).and_then(|()| stream.flush()).is_err() {
                    return;
                }
            }
            ServerStep::Wait(milliseconds) => thread::sleep(Duration::from_millis(milliseconds)),
            ServerStep::Reset => return,
        }
    }
    stream.close();
}

/// A certificate from openssl, valid for a hundred years. Its authority is `tls/authority.pem`.
fn config() -> ServerConfig {
    let bytes = |text: &str| STANDARD.decode(text.trim()).unwrap();
    let key = PrivatePkcs8KeyDer::from(bytes(include_str!("tls/server.key")));
    let certificate = CertificateDer::from(bytes(include_str!("tls/server.crt")));
    ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key.into())
        .unwrap()
}
