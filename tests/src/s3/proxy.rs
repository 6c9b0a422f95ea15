//! A proxy that passes requests to one server byte for byte, logs each, and causes the faults that a test chooses. It
//! changes no header, so signatures stay valid if the server accepts the `Host` of the client.

mod exchange;
mod rate_limiter;
#[cfg(test)]
mod tests;

use super::fault::{S3Fault, S3FaultRule, S3Matcher, S3Request};
use rate_limiter::RateLimiter;
use std::collections::BTreeMap;
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// A request and its outcome.
#[derive(Debug, Clone)]
pub struct S3Exchange {
    /// The request.
    pub request: S3Request,
    /// The number of the client's connection, from 1. Requests on a reused connection have the same number.
    pub connection: usize,
    /// The number of received bytes of its content.
    pub sent: u64,
    /// The status of the answer to the client; none without an answer.
    pub status: Option<u16>,
    /// The status of the server's answer; none without an answer.
    pub server: Option<u16>,
    /// The number of bytes of the reply's content that the proxy sent to the client.
    pub received: u64,
    /// The names of its faults.
    pub faults: Vec<&'static str>,
    /// The time of its head.
    pub began: Instant,
    /// The time of its end; none while it is open.
    pub ended: Option<Instant>,
}

/// A running proxy. Dropping it ends the proxy and its connections.
#[derive(Debug)]
pub struct Proxy {
    shared: Arc<Shared>,
    address: SocketAddr,
    acceptor: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Shared {
    server: String,
    faults: Mutex<Vec<S3FaultRule>>,
    log: Mutex<Vec<S3Exchange>>,
    /// The open connections of both sides, which the proxy closes at its end.
    open: Mutex<BTreeMap<usize, TcpStream>>,
    next: AtomicUsize,
    active: AtomicUsize,
    busiest: AtomicUsize,
    ended: AtomicBool,
    latency: Mutex<Duration>,
    up: RateLimiter,
    down: RateLimiter,
}

impl Proxy {
    /// Starts a proxy before the server at this endpoint, which may lack the scheme.
    ///
    /// # Panics
    /// No port is free.
    #[must_use]
    pub fn new(endpoint: &str) -> Self {
        let server = endpoint.trim_start_matches("http://").trim_end_matches('/').to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let shared = Arc::new(Shared {
            server,
            faults: Mutex::default(),
            log: Mutex::default(),
            open: Mutex::default(),
            next: AtomicUsize::new(1),
            active: AtomicUsize::new(0),
            busiest: AtomicUsize::new(0),
            ended: AtomicBool::new(false),
            latency: Mutex::default(),
            up: RateLimiter::default(),
            down: RateLimiter::default(),
        });
        let acceptor = thread::spawn({
            let shared = Arc::clone(&shared);
            move || accept(&listener, &shared)
        });
        Self { shared, address, acceptor: Some(acceptor) }
    }

    /// The address for clients: `http://127.0.0.1:PORT`.
    #[must_use]
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Adds a fault for later requests. All matching faults apply to a request, in this order, until one ends it.
    pub fn fault(&self, matcher: S3Matcher, fault: S3Fault) {
        locked(&self.shared.faults).push(S3FaultRule::new(matcher, fault));
    }

    /// Removes all faults.
    pub fn clear(&self) {
        locked(&self.shared.faults).clear();
    }

    /// All requests so far, including open ones.
    #[must_use]
    pub fn log(&self) -> Vec<S3Exchange> {
        locked(&self.shared.log).clone()
    }

    /// The requests so far with this method and with this text in path or query.
    #[must_use]
    pub fn requests(&self, method: &str, part: &str) -> Vec<S3Exchange> {
        let mut log = self.log();
        log.retain(|exchange| exchange.request.method == method && exchange.request.target.contains(part));
        log
    }

    /// The maximum number of parallel requests so far.
    #[must_use]
    pub fn busiest(&self) -> usize {
        self.shared.busiest.load(Ordering::SeqCst)
    }

    /// Limits the bytes per second to the server, for all connections together; `None` is no limit.
    pub fn throttle(&self, bytes_per_second: Option<u64>) {
        self.shared.up.set(bytes_per_second);
    }

    /// Limits the bytes per second to clients, for all connections together; `None` is no limit.
    pub fn throttle_replies(&self, bytes_per_second: Option<u64>) {
        self.shared.down.set(bytes_per_second);
    }

    /// Delays every request by this time.
    pub fn latency(&self, latency: Duration) {
        *locked(&self.shared.latency) = latency;
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.shared.ended.store(true, Ordering::SeqCst);
        // The acceptor checks the flag only after a new connection.
        let _ = TcpStream::connect(self.address);
        if let Some(acceptor) = self.acceptor.take() {
            let _ = acceptor.join();
        }
    }
}

impl Shared {
    fn ended(&self) -> bool {
        self.ended.load(Ordering::SeqCst)
    }

    /// Registers a connection, so that the proxy can close it, until the returned value is dropped.
    fn keep(self: &Arc<Self>, stream: &TcpStream) -> OpenConnection {
        let number = self.next.fetch_add(1, Ordering::SeqCst);
        if let Ok(stream) = stream.try_clone() {
            locked(&self.open).insert(number, stream);
        }
        // A connection that arrived while the proxy closed the others.
        if self.ended() {
            let _ = stream.shutdown(Shutdown::Both);
        }
        OpenConnection { shared: Arc::clone(self), number }
    }

    fn meet(&self, request: &S3Request) -> Vec<S3Fault> {
        locked(&self.faults).iter_mut().filter_map(|fault| fault.meet(request)).collect()
    }

    /// Sleeps for this time, or until the proxy ends.
    fn wait(&self, time: Duration) {
        let end = Instant::now() + time;
        while !self.ended() {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            thread::sleep(left.min(Duration::from_millis(20)));
        }
    }

    fn enter(&self) {
        let active = self.active.fetch_add(1, Ordering::SeqCst) + 1;
        self.busiest.fetch_max(active, Ordering::SeqCst);
    }
}

struct OpenConnection {
    shared: Arc<Shared>,
    number: usize,
}

impl Drop for OpenConnection {
    fn drop(&mut self) {
        locked(&self.shared.open).remove(&self.number);
    }
}

fn accept(listener: &TcpListener, shared: &Arc<Shared>) {
    let mut threads: Vec<JoinHandle<()>> = Vec::new();
    let mut connection = 0;
    for stream in listener.incoming() {
        if shared.ended() {
            break;
        }
        threads.retain(|thread| !thread.is_finished());
        if let Ok(stream) = stream {
            connection += 1;
            let shared = Arc::clone(shared);
            threads.push(thread::spawn(move || exchange::serve(&shared, &stream, connection)));
        }
    }
    for stream in locked(&shared.open).values() {
        let _ = stream.shutdown(Shutdown::Both);
    }
    for thread in threads {
        let _ = thread.join();
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
