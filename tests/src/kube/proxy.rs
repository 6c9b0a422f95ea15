//! A proxy before an API server. It logs each request, causes the faults that a test chooses, and passes the other requests
//! on. It has the server's certificate and passes tokens on; it answers itself only for a fault.

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

/// A request and its outcome.
#[derive(Debug, Clone)]
pub struct KubeExchange {
    /// The request.
    pub request: KubeRequest,
    /// The status of the answer to the client; none without an answer.
    pub status: Option<u16>,
    /// Whether the proxy passed the request to the server.
    pub passed: bool,
    /// Whether the exchange has ended.
    pub over: bool,
}

/// A running proxy. Dropping it ends the proxy and its connections.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    shared: Arc<Shared>,
    context: Context,
    /// Dropping it ends all tasks.
    _runtime: Runtime,
}

#[derive(Debug, Default)]
struct Shared {
    faults: Mutex<Vec<KubeFaultRule>>,
    log: Mutex<BTreeMap<usize, KubeExchange>>,
    /// The open connections, which the proxy can cut.
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
    /// Starts a proxy before this cluster.
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

    /// The address for clients: `https://127.0.0.1:PORT`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("https://{}", self.address)
    }

    /// The context of `admin` through the proxy.
    #[must_use]
    pub fn context(&self) -> Context {
        self.context.clone()
    }

    /// Adds a fault for later requests. All matching faults apply to a request, in this order, until one ends it.
    pub fn fault(&self, matcher: KubeMatcher, fault: KubeFault) {
        locked(&self.shared.faults).push(KubeFaultRule::new(matcher, fault));
    }

    /// Removes all faults. Requests on hold stay so.
    pub fn clear(&self) {
        locked(&self.shared.faults).clear();
    }

    /// Cuts every open watch without an answer, and returns their number.
    #[must_use]
    pub fn cut_watches(&self) -> usize {
        self.cut(|exchange| exchange.request.verb == "watch")
    }

    /// Cuts every open exchange without an answer, even those on hold, and returns their number.
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

    /// All requests so far, including open ones.
    #[must_use]
    pub fn log(&self) -> Vec<KubeExchange> {
        locked(&self.shared.log).values().cloned().collect()
    }

    /// The number of requests so far with this verb, or of all requests if the verb is empty.
    #[must_use]
    pub fn count(&self, verb: &str) -> usize {
        self.log().iter().filter(|exchange| verb.is_empty() || exchange.request.verb == verb).count()
    }

    /// The number of open watches that the server has begun to answer.
    #[must_use]
    pub fn open_watches(&self) -> usize {
        let open = |exchange: &&KubeExchange| {
            exchange.request.verb == "watch" && exchange.status == Some(200) && !exchange.over
        };
        self.log().iter().filter(open).count()
    }

    /// Removes finished requests from the log.
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

/// Records the end of a connection when it is dropped, even if the proxy cut it.
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
        // The lock makes the insertion come before the removal at the end of the task.
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
