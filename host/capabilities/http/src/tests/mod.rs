//! Sends requests through the gate to servers on loopback and to names that only a test knows. No test reaches another
//! machine.

mod addresses;
mod budgets;
mod echoes;
mod environment;
mod errors;
mod headers;
mod names;
mod server;
mod tokens;

use super::*;
use lockstep_model::call::RawTarget;
use lockstep_model::capability::Capability;
use lockstep_model::gate::Gate;
use lockstep_model::grant::{Grant, Permission};
use std::io;
use std::net::IpAddr;
use std::sync::Mutex;

/// A token as long as common ones.
pub(crate) const TOKEN: &str = "canary-7fK2+pQ/x9~Zt.4mW=";

/// A list of names with addresses, which records the names that the host looked up.
#[derive(Default)]
pub(crate) struct FakeLookup {
    names: Vec<(&'static str, Vec<IpAddr>)>,
    requested: Mutex<Vec<String>>,
    wait: Duration,
}

impl FakeLookup {
    fn of(names: &[(&'static str, &[&str])]) -> Arc<Self> {
        let read = |addresses: &[&str]| addresses.iter().map(|text| text.parse().unwrap()).collect();
        let names = names.iter().map(|(name, addresses)| (*name, read(addresses))).collect();
        Arc::new(Self { names, ..Self::default() })
    }

    fn requested(&self) -> Vec<String> {
        self.requested.lock().unwrap().clone()
    }
}

impl NameLookup for FakeLookup {
    /// A name that is in the list several times has another address each time.
    fn addresses(&self, name: &str) -> io::Result<Vec<IpAddr>> {
        std::thread::sleep(self.wait);
        let mut requested = self.requested.lock().unwrap();
        let before = requested.iter().filter(|requested| *requested == name).count();
        requested.push(name.to_owned());
        let answers: Vec<_> = self.names.iter().filter(|(names, _)| *names == name).collect();
        let answer = answers.get(before).or(answers.last());
        answer.map(|(_, addresses)| addresses.clone()).ok_or_else(|| io::Error::other("no such name"))
    }
}

/// A client that knows `web.test`, which is this machine. Two origins with a comma are those of a server and of its
/// token server.
pub(crate) fn run(names: Arc<FakeLookup>, credentials: &[(&str, &str)]) -> WebClient {
    let credential = |(origins, authorization): &(&str, &str)| {
        let mut origins = origins.split(',').map(str::to_owned);
        Credential {
            origin: origins.next().unwrap_or_default(),
            token_server: origins.next(),
            header: "authorization".to_owned(),
            value: (*authorization).to_owned(),
        }
    };
    let config = HttpConfig { credentials: credentials.iter().map(credential).collect() };
    let mut web = WebClient::new(config, &Limits::default());
    web.lookup = names;
    web
}

pub(crate) fn local() -> Arc<FakeLookup> {
    FakeLookup::of(&[("web.test", &["127.0.0.1"])])
}

pub(crate) fn get(timeout_ms: u32, max_body_bytes: u32, headers: &[(&str, &str)]) -> Request {
    let header =
        |(name, value): &(&str, &str)| Header { name: (*name).to_owned(), value: (*value).to_owned() };
    Request { method: Method::Get, headers: headers.iter().map(header).collect(), timeout_ms, max_body_bytes }
}

/// The result of one request.
pub(crate) type RequestResult = Result<Result<Response, ErrorCode>, CallError>;

/// Sends requests through a gate with these rights on these scopes.
pub(crate) fn send_granted(
    web: &mut WebClient,
    grants: &[(&str, &str)],
    requested: Vec<(&str, Request)>,
) -> Result<Vec<RequestResult>, CallError> {
    let permission = |(rights, scope): &(&str, &str)| {
        Permission::parse(Capability::Http, &format!("{rights} {scope}")).unwrap()
    };
    let grant = Grant { requested: grants.iter().map(permission).collect(), ceilings: vec![], policy: None };
    let gate = Gate::new(grant, Limits::default());
    let (urls, requests): (Vec<_>, Vec<_>) = requested.into_iter().unzip();
    let calls: Vec<_> = urls
        .iter()
        .map(|url| lockstep_model::call::CallRequest::new(Capability::Http, "send", RawTarget::Url(url)))
        .collect();
    gate.call_each(&calls, |permits| web.send(permits, requests))
}

/// Sends one request to a URL whose whole origin is granted, with private addresses.
pub(crate) fn send_one(web: &mut WebClient, url: &str, request: Request) -> RequestResult {
    let rest = url.find("://").unwrap() + 3;
    let origin = url[rest..].find('/').map_or(url, |slash| &url[..rest + slash]);
    send_granted(web, &[("get,private", &format!("{origin}/"))], vec![(url, request)])
        .map(|mut all| all.remove(0))?
}

/// As [`send_one`], for a request that must have a response.
pub(crate) fn answered(web: &mut WebClient, url: &str, request: Request) -> Response {
    send_one(web, url, request).unwrap().unwrap()
}
