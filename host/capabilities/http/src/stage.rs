//! How far a connection has come, so that a silence has a reason. It decides nothing, and keeps nothing of a
//! connection: no later one is made easier by it.

use rustls::NamedGroup;
use rustls::client::{ClientSessionStore, Tls12ClientSessionValue, Tls13ClientSessionValue};
use rustls::pki_types::ServerName;
use std::sync::atomic::{AtomicBool, Ordering};

/// How far the connection of one request has come.
#[derive(Debug, Default)]
pub(super) struct ConnectionStage {
    resolved: AtomicBool,
    tls_started: AtomicBool,
}

impl ConnectionStage {
    /// The name has been looked up.
    pub(super) fn resolved(&self) {
        self.resolved.store(true, Ordering::Relaxed);
    }

    /// Whether the name has been looked up, or needed not to be.
    pub(super) fn is_resolved(&self) -> bool {
        self.resolved.load(Ordering::Relaxed)
    }

    /// Whether somebody accepted the connection and TLS has begun on it.
    pub(super) fn has_started_tls(&self) -> bool {
        self.tls_started.load(Ordering::Relaxed)
    }
}

/// A store of TLS sessions that keeps none: each connection proves the server's certificate anew. It is asked for a
/// session when TLS begins, and that is what it remembers.
impl ClientSessionStore for ConnectionStage {
    fn take_tls13_ticket(&self, _: &ServerName<'static>) -> Option<Tls13ClientSessionValue> {
        self.tls_started.store(true, Ordering::Relaxed);
        None
    }

    fn tls12_session(&self, _: &ServerName<'_>) -> Option<Tls12ClientSessionValue> {
        None
    }

    fn kx_hint(&self, _: &ServerName<'_>) -> Option<NamedGroup> {
        None
    }

    fn set_kx_hint(&self, _: ServerName<'static>, _: NamedGroup) {}
    fn set_tls12_session(&self, _: ServerName<'static>, _: Tls12ClientSessionValue) {}
    fn remove_tls12_session(&self, _: &ServerName<'static>) {}
    fn insert_tls13_ticket(&self, _: ServerName<'static>, _: Tls13ClientSessionValue) {}
}
