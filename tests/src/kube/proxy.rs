//! A proxy before an API server that passes requests on, writes down each, and does to them what it is told. It shows
//! the server's own certificate and passes on tokens; it answers for the server only where it was told to.

pub mod fault;
mod pass;

use super::cluster::Cluster;
use super::kubeconfig::Context;
use crate::services::Result;
use fault::{KubeFault, KubeFaultRule, KubeMatcher, KubeRequest};
use pass::Server;
use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::task::AbortHandle;

/// A request that came, and what became of it.
#[derive(Debug, Clone)]
pub struct KubeExchange {
    /// The request.
    pub request: KubeRequest,
    /// The status that the client was told; nothing if it was told nothing.
    pub status: Option<u16>,
    /// Whether the server was asked.
    pub passed: bool,
    /// Whether the exchange is over.
    pub over: bool,
}

/// A running proxy. It and its connections end when it is dropped.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    shared: Arc<Shared>,
    context: Context,
    /// Ends with it all that runs.
    _runtime: Runtime,
}

#[derive(Debug, Default)]
struct Shared {
    faults: Mutex<Vec<KubeFaultRule>>,
    log: Mutex<BTreeMap<usize, KubeExchange>>,
    /// The connections, to cut them.
    open: Mutex<BTreeMap<usize, AbortHandle>>,
}

impl Cluster {
    /// Starts a proxy before the API server.
    ///
    /// # Errors
    /// No port is free, or the system cannot read the server's certificate.
    pub fn proxy(&self) -> Result<Proxy> {
        Proxy::before(self)
    }
}

impl Proxy {
    /// One before this cluster.
    ///
    /// # Errors
    /// No port is free, or the system cannot read the server's certificate.
    pub fn before(cluster: &Cluster) -> Result<Self> {
        let mut builder = tokio::runtime::Builder::new_multi_thread();
        let runtime = builder.worker_threads(2).enable_all().build().map_err(|error| error.to_string())?;
        let server = Arc::new(Server::new(cluster)?);
        let listener =
            runtime.block_on(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))).map_err(|e| e.to_string())?;
        let address = listener.local_addr().map_err(|error| error.to_string())?;
        let shared = Arc::new(Shared::default());
        runtime.spawn(accept(listener, server, Arc::clone(&shared)));
        let context = cluster.context().at(&format!("https://{address}"));
        Ok(Self { address, shared, context, _runtime: runtime })
    }

    /// Where clients find it: `https://127.0.0.1:PORT`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("https://{}", self.address)
    }

    /// The context of `admin` through it.
    #[must_use]
    pub fn context(&self) -> Context {
        self.context.clone()
    }

    /// Adds something that goes wrong from now on. Of what a request meets all happens to it, in this order, until
    /// something ends it.
    pub fn fault(&self, matcher: KubeMatcher, fault: KubeFault) {
        locked(&self.shared.faults).push(KubeFaultRule::new(matcher, fault));
    }

    /// From now on nothing goes wrong. What is held stays held.
    pub fn clear(&self) {
        locked(&self.shared.faults).clear();
    }

    /// Cuts every open watch without a word, and says how many there were.
    #[must_use]
    pub fn cut_watches(&self) -> usize {
        self.cut(|exchange| exchange.request.verb == "watch")
    }

    /// Cuts every open exchange without a word, also those that are held, and says how many there were.
    #[must_use]
    pub fn cut_all(&self) -> usize {
        self.cut(|_| true)
    }

    fn cut(&self, which: impl Fn(&KubeExchange) -> bool) -> usize {
        let log = locked(&self.shared.log);
        let open = locked(&self.shared.open);
        let hit = log.iter().filter(|(_, exchange)| !exchange.over && which(exchange));
        hit.filter_map(|(number, _)| open.get(number)).map(AbortHandle::abort).count()
    }

    /// Every request so far, also those that are not over.
    #[must_use]
    pub fn log(&self) -> Vec<KubeExchange> {
        locked(&self.shared.log).values().cloned().collect()
    }

    /// The number of requests so far with this verb; with an empty one, of all.
    #[must_use]
    pub fn count(&self, verb: &str) -> usize {
        self.log().iter().filter(|exchange| verb.is_empty() || exchange.request.verb == verb).count()
    }

    /// The number of watches that the server has begun to answer and that are open.
    #[must_use]
    pub fn open_watches(&self) -> usize {
        let open = |exchange: &&KubeExchange| {
            exchange.request.verb == "watch" && exchange.status == Some(200) && !exchange.over
        };
        self.log().iter().filter(open).count()
    }

    /// Forgets the requests that are over.
    pub fn forget(&self) {
        locked(&self.shared.log).retain(|_, exchange| !exchange.over);
    }
}

impl Shared {
    fn meet(&self, request: &KubeRequest) -> Vec<KubeFault> {
        locked(&self.faults).iter_mut().filter_map(|fault| fault.meet(request)).collect()
    }

    fn note(&self, number: usize, note: impl FnOnce(&mut KubeExchange)) {
        if let Some(exchange) = locked(&self.log).get_mut(&number) {
            note(exchange);
        }
    }
}

/// Takes note of the end of a connection, also of one that is cut.
struct ConnectionGuard {
    shared: Arc<Shared>,
    number: usize,
}

impl Drop for ConnectionGuard {
    fn drop(&mut self) {
        self.shared.note(self.number, |exchange| exchange.over = true);
        locked(&self.shared.open).remove(&self.number);
    }
}

async fn accept(listener: TcpListener, server: Arc<Server>, shared: Arc<Shared>) {
    let mut number = 0;
    while let Ok((stream, _)) = listener.accept().await {
        number += 1;
        let guard = ConnectionGuard { shared: Arc::clone(&shared), number };
        // Held while the task begins, so that its end is not before this.
        let mut open = locked(&shared.open);
        let (server, shared) = (Arc::clone(&server), Arc::clone(&shared));
        let task = tokio::spawn(async move {
            let _guard = guard;
            // A client that disconnects does not affect the others.
            let _ = pass::serve(stream, &server, &shared, number).await;
        });
        open.insert(number, task.abort_handle());
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
