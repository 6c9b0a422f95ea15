//! Looks a host's name up, once for each connection, and hands on addresses that the run may connect to: what was
//! checked is what is connected to. It never connects.

use super::address::{Kind, Reach};
use super::stage::Stage;
use lockstep_model::web::WebAddress;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::sync::Arc;

/// The most addresses of a name that are tried.
const MOST: usize = 16;

/// Something that knows the addresses of names.
pub(super) trait Lookup: Send + Sync {
    /// The addresses of a name. It may block.
    fn addresses(&self, name: &str) -> io::Result<Vec<IpAddr>>;
}

/// What the system knows: its files, its name servers.
pub(super) struct System;

impl Lookup for System {
    fn addresses(&self, name: &str) -> io::Result<Vec<IpAddr>> {
        Ok((name, 0).to_socket_addrs()?.map(|address| address.ip()).collect())
    }
}

/// How the host of this address is reached for.
pub(super) fn reach(address: &WebAddress, private: bool) -> Reach {
    match address.host() {
        host if host.parse::<IpAddr>().is_ok() => Reach::Spelled,
        "localhost" => Reach::Own,
        _ if private => Reach::Private,
        _ => Reach::Public,
    }
}

/// Why a name leads nowhere.
#[derive(Debug)]
pub(super) enum NoWay {
    /// It has no address; what the system says.
    Unresolved(String),
    /// It has an address that the run may not connect to.
    Blocked(IpAddr, Kind),
}

impl fmt::Display for NoWay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unresolved(said) => f.write_str(said),
            Self::Blocked(address, kind) => write!(f, "{address} is {}", kind.words()),
        }
    }
}

impl std::error::Error for NoWay {}

/// The resolver of one request.
pub(super) struct Checked {
    pub(super) lookup: Arc<dyn Lookup>,
    /// The host of the request.
    pub(super) host: String,
    pub(super) reach: Reach,
    pub(super) stage: Arc<Stage>,
}

impl Resolve for Checked {
    fn resolve(&self, name: Name) -> Resolving {
        let (lookup, stage) = (Arc::clone(&self.lookup), Arc::clone(&self.stage));
        // Another name than the request's is that of the proxy which the environment says: its owner vouches for it,
        // and it looks the request's own name up, so that no address of that is seen here. A request straight to a
        // server never asks for another name.
        let reach = (name.as_str() == self.host).then_some(self.reach);
        Box::pin(async move {
            let name = name.as_str().to_owned();
            let found = tokio::task::spawn_blocking(move || lookup.addresses(&name)).await;
            let found = found.map_err(io::Error::other).and_then(|found| found);
            let found = found.map_err(|error| NoWay::Unresolved(error.to_string()))?;
            let allowed = allowed(found, reach)?;
            stage.resolved();
            Ok(Box::new(allowed.into_iter().map(|address| SocketAddr::new(address, 0))) as Addrs)
        })
    }
}

/// The addresses, if each of them may be connected to: a name that has both kinds is how a check is led astray.
fn allowed(mut found: Vec<IpAddr>, reach: Option<Reach>) -> Result<Vec<IpAddr>, NoWay> {
    if let Some(reach) = reach {
        check(&found, reach)?;
    }
    found.truncate(MOST);
    if found.is_empty() {
        return Err(NoWay::Unresolved("it has no address".to_owned()));
    }
    Ok(found)
}

/// Whether all of these addresses may be connected to.
pub(super) fn check(addresses: &[IpAddr], reach: Reach) -> Result<(), NoWay> {
    let blocked = addresses.iter().find(|address| !Kind::of(**address).is_open_to(reach));
    blocked.map_or(Ok(()), |address| Err(NoWay::Blocked(*address, Kind::of(*address))))
}
