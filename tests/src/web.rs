//! A web server for tests. A closure makes the answer to each request, down to single bytes. The server reads the head of a
//! request, and a body of the length in the head.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

/// A request as the client sent it.
#[derive(Clone, Debug, Default)]
pub struct WebRequest {
    /// `GET`, `PATCH` and so on.
    pub method: String,
    /// Path and query.
    pub target: String,
    /// The lines of the head, without the first.
    pub headers: Vec<String>,
    /// The body as text; empty if the head has no length.
    pub body: String,
    /// The bytes of the body.
    pub bytes: Vec<u8>,
}

impl WebRequest {
    /// The value of a header; empty without such a header.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        let named = |line: &&String| line.split(':').next().is_some_and(|own| own.eq_ignore_ascii_case(name));
        let line = self.headers.iter().find(named);
        line.and_then(|line| line.split_once(':')).map_or("", |(_, value)| value.trim())
    }
}

/// A server that ends with its process.
pub struct Web {
    address: String,
    log: Arc<Mutex<Vec<WebRequest>>>,
}

impl Web {
    /// Serves the answers of `answer`, each request in a thread of its own.
    ///
    /// # Panics
    /// There is no free port.
    #[must_use]
    pub fn new(answer: impl Fn(&WebRequest, usize) -> WebReply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        let address = listener.local_addr().expect("an address").to_string();
        let log = Arc::new(Mutex::new(Vec::new()));
        let (own, answer) = (Arc::clone(&log), Arc::new(answer));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (log, answer) = (Arc::clone(&own), Arc::clone(&answer));
                thread::spawn(move || serve(stream, &log, &*answer));
            }
        });
        Self { address, log }
    }

    /// The URL of a path.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// The log of the requests.
    #[must_use]
    pub fn log(&self) -> Vec<WebRequest> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// The answer to a request.
#[derive(Clone, Debug)]
pub struct WebReply {
    /// Parts of the answer, each after a pause.
    pub parts: Vec<(Duration, Vec<u8>)>,
}

impl WebReply {
    /// A whole answer.
    #[must_use]
    pub fn of(status: u16, headers: &[&str], body: &str) -> Self {
        let headers: String = headers.iter().map(|header| format!("{header}\r\n")).collect();
        let length = body.len();
        let text = format!(
            "HTTP/1.1 {status} X\r\ncontent-length: {length}\r\nconnection: close\r\n{headers}\r\n{body}"
        );
        Self::raw(&text)
    }

    /// An answer of these bytes, which need not be HTTP.
    #[must_use]
    pub fn raw(bytes: impl AsRef<[u8]>) -> Self {
        Self { parts: vec![(Duration::ZERO, bytes.as_ref().to_vec())] }
    }

    /// Adds bytes after a pause.
    #[must_use]
    pub fn then(mut self, pause: Duration, text: &str) -> Self {
        self.parts.push((pause, text.as_bytes().to_vec()));
        self
    }
}

fn serve(stream: TcpStream, log: &Mutex<Vec<WebRequest>>, answer: &dyn Fn(&WebRequest, usize) -> WebReply) {
    let mut reader = BufReader::new(&stream);
    let mut lines = reader.by_ref().lines().map_while(Result::ok).take_while(|line| !line.is_empty());
    let Some(first) = lines.next() else { return };
    let mut words = first.split(' ').map(str::to_owned);
    let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let mut request = WebRequest { method, target, headers: lines.collect(), ..WebRequest::default() };
    // Unread bytes would reset the connection before the client has the answer.
    let length = request.header("content-length").parse().unwrap_or(0);
    let _ = reader.take(length).read_to_end(&mut request.bytes);
    request.body = String::from_utf8_lossy(&request.bytes).into_owned();
    let number = {
        let mut log = log.lock().unwrap_or_else(PoisonError::into_inner);
        log.push(request.clone());
        log.len()
    };
    for (pause, bytes) in answer(&request, number).parts {
        thread::sleep(pause);
        if (&stream).write_all(&bytes).is_err() {
            return;
        }
    }
}
