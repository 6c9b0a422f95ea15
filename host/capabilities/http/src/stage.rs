//! Records the stage of a connection, so that a timeout can name it. It stores no TLS session, so that no later
//! connection depends on an earlier one.

use rustls::NamedGroup;
use rustls::client::{ClientSessionStore, Tls12ClientSessionValue, Tls13ClientSessionValue};
use rustls::pki_types::ServerName;
use std::sync::atomic::{AtomicBool, Ordering};

/// The stage of the connection of one request.
#[derive(Debug, Default)]
pub(super) struct ConnectionStage {
    resolved: AtomicBool,
    tls_started: AtomicBool,
}

impl ConnectionStage {
    /// Records that the host has the address of the name.
    pub(super) fn resolved(&self) {
        self.resolved.store(true, Ordering::Relaxed);
    }

    /// Whether the host has the address, by a lookup or from the URL.
    pub(super) fn is_resolved(&self) -> bool {
        self.resolved.load(Ordering::Relaxed)
    }

    /// Whether a server accepted the connection and the TLS handshake began.
    pub(super) fn has_started_tls(&self) -> bool {
        self.tls_started.load(Ordering::Relaxed)
    }
}

/// A store of TLS sessions that stores none, so that each connection verifies the certificate of the server. TLS asks
/// for a session when the handshake begins; the store records that.
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
