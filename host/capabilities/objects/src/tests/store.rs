//! A small server of S3 on loopback: it keeps objects and open uploads in memory, and damages what a test says.

use lockstep_workspace::hash::{Algorithm, Hasher, hex};
use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// A request.
#[derive(Debug, Clone)]
pub(super) struct Request {
    pub(super) method: String,
    /// The path as the client sent it, such as `/releases/web/a`.
    pub(super) path: String,
    pub(super) query: String,
    pub(super) headers: BTreeMap<String, String>,
    pub(super) body: Vec<u8>,
}

impl Request {
    /// Whether the query has this name.
    pub(super) fn has(&self, name: &str) -> bool {
        self.value(name).is_some()
    }

    pub(super) fn value(&self, name: &str) -> Option<&str> {
        let pairs = self.query.split('&').map(|pair| pair.split_once('=').unwrap_or((pair, "")));
        pairs.into_iter().find(|(known, _)| *known == name).map(|(_, value)| value)
    }

    pub(super) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }
}

/// A response.
#[derive(Debug, Clone, Default)]
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: Vec<u8>,
}

impl Reply {
    pub(super) fn of(status: u16, body: &str) -> Self {
        Self { status, headers: Vec::new(), body: body.as_bytes().to_vec() }
    }

    pub(super) fn error(status: u16, code: &str, message: &str) -> Self {
        Self::of(status, &format!("<Error><Code>{code}</Code><Message>{message}</Message></Error>"))
    }

    pub(super) fn with(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }
}

/// A server that runs until the process ends, and the requests that it got.
pub(super) struct Server {
    pub(super) origin: String,
    log: Arc<Mutex<Vec<Request>>>,
}

impl Server {
    /// Answers each request by itself and its number from 0.
    pub(super) fn new(answer: impl Fn(&Request, usize) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        let (log, answer): (Arc<Mutex<Vec<Request>>>, _) = (Arc::default(), Arc::new(answer));
        let server = Self { origin, log: Arc::clone(&log) };
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (log, answer) = (Arc::clone(&log), Arc::clone(&answer));
                thread::spawn(move || while serve(&stream, &log, &*answer).is_some() {});
            }
        });
        server
    }

    /// A server that keeps what it gets.
    pub(super) fn keeping(store: &Arc<MemoryStore>) -> Self {
        let store = Arc::clone(store);
        Self::new(move |request, _| store.answer(request))
    }

    pub(super) fn requests(&self) -> Vec<Request> {
        self.log.lock().unwrap().clone()
    }

    /// How many requests have this method and this text in their query.
    pub(super) fn count(&self, method: &str, query: &str) -> usize {
        let fits = |request: &&Request| request.method == method && request.query.contains(query);
        self.requests().iter().filter(fits).count()
    }
}

fn serve(
    mut stream: &TcpStream,
    log: &Mutex<Vec<Request>>,
    answer: &dyn Fn(&Request, usize) -> Reply,
) -> Option<()> {
    let mut reader = BufReader::new(stream);
    let mut first = String::new();
    reader.read_line(&mut first).ok().filter(|read| *read > 0)?;
    let mut words = first.split_whitespace();
    let (method, target) = (words.next()?.to_owned(), words.next()?);
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let mut headers = BTreeMap::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok().filter(|read| *read > 0)?;
        let Some((name, value)) = line.trim().split_once(':') else { break };
        headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
    }
    if headers.contains_key("expect") {
        write!(stream, "HTTP/1.1 100 Continue\r\n\r\n").ok()?;
    }
    let length = headers.get("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let request = Request { method, path: path.to_owned(), query: query.to_owned(), headers, body };
    let number = {
        let mut log = log.lock().unwrap();
        log.push(Request { body: Vec::new(), ..request.clone() });
        log.len() - 1
    };
    let reply = answer(&request, number);
    let mut head = format!("HTTP/1.1 {} X\r\n", reply.status);
    for (name, value) in &reply.headers {
        head += &format!("{name}: {value}\r\n");
    }
    let own_length = reply.headers.iter().any(|(name, _)| *name == "content-length");
    if !own_length {
        head += &format!("content-length: {}\r\n", reply.body.len());
    }
    write!(stream, "{head}\r\n").ok()?;
    if request.method != "HEAD" {
        stream.write_all(&reply.body).ok()?;
    }
    Some(())
}

/// How a store makes entity tags.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Tags {
    Md5,
    Opaque,
}

/// Whether a store damages the content of a request, which has been damaged so many times before.
pub(super) type Damage = Box<dyn Fn(&Request, usize) -> bool + Send + Sync>;

/// A store that ignores checksums and tells none.
pub(super) struct MemoryStore {
    tags: Tags,
    damage: Damage,
    damaged: Mutex<usize>,
    objects: Mutex<BTreeMap<String, Vec<u8>>>,
    parts: Mutex<BTreeMap<u32, Vec<u8>>>,
}

impl MemoryStore {
    pub(super) fn new(
        tags: Tags,
        damage: impl Fn(&Request, usize) -> bool + Send + Sync + 'static,
    ) -> Arc<Self> {
        let (objects, parts) = (Mutex::default(), Mutex::default());
        Arc::new(Self { tags, damage: Box::new(damage), damaged: Mutex::default(), objects, parts })
    }

    pub(super) fn object(&self, path: &str) -> Option<Vec<u8>> {
        self.objects.lock().unwrap().get(path).cloned()
    }

    fn tag(&self, bytes: &[u8], suffix: &str) -> String {
        let tag = match self.tags {
            Tags::Md5 => md5(bytes),
            Tags::Opaque => "tag".to_owned(),
        };
        format!("\"{tag}{suffix}\"")
    }

    fn received(&self, request: &Request) -> Vec<u8> {
        let (mut body, mut damaged) = (request.body.clone(), self.damaged.lock().unwrap());
        if !body.is_empty() && (self.damage)(request, *damaged) {
            body[0] ^= 1;
            *damaged += 1;
        }
        body
    }

    pub(super) fn answer(&self, request: &Request) -> Reply {
        let path = request.path.clone();
        match request.method.as_str() {
            "PUT" if request.has("partNumber") => {
                let bytes = self.received(request);
                let reply = Reply::of(200, "").with("etag", &self.tag(&bytes, ""));
                self.parts
                    .lock()
                    .unwrap()
                    .insert(request.value("partNumber").unwrap().parse().unwrap(), bytes);
                reply
            }
            "PUT" => {
                let bytes = self.received(request);
                let reply = Reply::of(200, "").with("etag", &self.tag(&bytes, ""));
                self.objects.lock().unwrap().insert(path, bytes);
                reply
            }
            "POST" if request.has("uploads") => {
                let body =
                    "<InitiateMultipartUploadResult><UploadId>id</UploadId></InitiateMultipartUploadResult>";
                Reply::of(200, body)
            }
            "POST" => {
                let parts = std::mem::take(&mut *self.parts.lock().unwrap());
                let tags: Vec<u8> = parts.values().flat_map(|part| digest(part)).collect();
                let tag = self.tag(&tags, &format!("-{}", parts.len())).replace('"', "&quot;");
                self.objects.lock().unwrap().insert(path, parts.into_values().flatten().collect());
                Reply::of(
                    200,
                    &format!("<R><ETag>{tag}</ETag></R>").replace("R>", "CompleteMultipartUploadResult>"),
                )
            }
            "GET" | "HEAD" => match self.object(&path) {
                None => Reply::error(404, "NoSuchKey", "no such key"),
                Some(bytes) => {
                    let length = bytes.len().to_string();
                    Reply { status: 200, headers: vec![("content-length", length)], body: bytes }
                }
            },
            _ => Reply::of(204, ""),
        }
    }
}

fn digest(bytes: &[u8]) -> Vec<u8> {
    let mut hasher = Hasher::new(Algorithm::Md5);
    hasher.update(bytes);
    hasher.finish()
}

pub(super) fn md5(bytes: &[u8]) -> String {
    hex(&digest(bytes))
}
