//! A proxy that passes requests to one server byte for byte, writes down each, and does to them what it is told.
//! It changes no header, so signatures stay good as long as the server believes the `Host` that the client named.

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

/// A request that came, and what became of it.
#[derive(Debug, Clone)]
pub struct S3Exchange {
    /// The request.
    pub request: S3Request,
    /// The number of the client's connection, from 1: equal for requests on one that was kept.
    pub connection: usize,
    /// The bytes of its content that came.
    pub sent: u64,
    /// The status that the client was told; nothing if it was told nothing.
    pub status: Option<u16>,
    /// The status that the server gave; nothing if it was not asked or said nothing.
    pub server: Option<u16>,
    /// The bytes of the reply's content that the client was sent.
    pub received: u64,
    /// What went wrong with it.
    pub faults: Vec<&'static str>,
    /// When its head had come.
    pub began: Instant,
    /// When it was over; nothing while it is not.
    pub ended: Option<Instant>,
}

/// A running proxy. It and its connections end when it is dropped.
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
    /// The connections of both sides, to end them.
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
    /// A proxy before the server at this endpoint, with or without its scheme.
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

    /// Where clients find it: `http://127.0.0.1:PORT`.
    #[must_use]
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Adds something that goes wrong from now on. All that a request meets happen to it, in this order; the first
    /// that ends it is the last.
    pub fn fault(&self, matcher: S3Matcher, fault: S3Fault) {
        locked(&self.shared.faults).push(S3FaultRule::new(matcher, fault));
    }

    /// From now on nothing goes wrong.
    pub fn clear(&self) {
        locked(&self.shared.faults).clear();
    }

    /// Every request so far, also those that are not over.
    #[must_use]
    pub fn log(&self) -> Vec<S3Exchange> {
        locked(&self.shared.log).clone()
    }

    /// The requests so far with this method and with this text in path and query.
    #[must_use]
    pub fn requests(&self, method: &str, part: &str) -> Vec<S3Exchange> {
        let mut log = self.log();
        log.retain(|exchange| exchange.request.method == method && exchange.request.target.contains(part));
        log
    }

    /// The most requests that were under way at once.
    #[must_use]
    pub fn busiest(&self) -> usize {
        self.shared.busiest.load(Ordering::SeqCst)
    }

    /// Passes on so many bytes a second to the server, all connections together; nothing is no limit.
    pub fn throttle(&self, bytes_per_second: Option<u64>) {
        self.shared.up.set(bytes_per_second);
    }

    /// Passes on so many bytes a second to clients, all connections together; nothing is no limit.
    pub fn throttle_replies(&self, bytes_per_second: Option<u64>) {
        self.shared.down.set(bytes_per_second);
    }

    /// Holds every request for so long before it is passed on.
    pub fn latency(&self, latency: Duration) {
        *locked(&self.shared.latency) = latency;
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.shared.ended.store(true, Ordering::SeqCst);
        // The acceptor sees that only when somebody comes.
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

    /// Keeps a connection to end it with the proxy, until what this gives is dropped.
    fn keep(self: &Arc<Self>, stream: &TcpStream) -> OpenConnection {
        let number = self.next.fetch_add(1, Ordering::SeqCst);
        if let Ok(stream) = stream.try_clone() {
            locked(&self.open).insert(number, stream);
        }
        // One that came while the others were ended.
        if self.ended() {
            let _ = stream.shutdown(Shutdown::Both);
        }
        OpenConnection { shared: Arc::clone(self), number }
    }

    fn meet(&self, request: &S3Request) -> Vec<S3Fault> {
        locked(&self.faults).iter_mut().filter_map(|fault| fault.meet(request)).collect()
    }

    /// Sleeps for so long, or until the proxy ends.
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
