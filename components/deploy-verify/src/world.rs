//! The host of a run as the pure modules see it: translates, and nothing else.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::bindings::http::{self, Header};
use crate::bindings::{cluster, workspace};
use crate::host::{Back, Host, LogOf};
use crate::web::{Answers, Fault, Request, Response, Trouble, Web};
use lockstep_glue::Clock;
use lockstep_rollout::Effect;

/// The host.
pub(crate) struct World;

/// The clock of the run: it shows the time of day of its start, and never goes back.
pub(crate) struct Time {
    began: Instant,
    /// Milliseconds since 1970-01-01T00:00:00Z.
    at: u64,
}

/// Those who watch.
pub(crate) struct Voice;

impl Host for World {
    fn glob(&mut self, pattern: &str) -> Result<Vec<String>, Fault> {
        Ok(workspace::glob(pattern)?.into_iter().map(|entry| entry.path).collect())
    }

    fn read(&mut self, path: &str) -> Result<Vec<u8>, Fault> {
        Ok(workspace::read(path)?)
    }

    fn write(&mut self, path: &str, content: &str) -> Result<(), Fault> {
        workspace::write(path, content.as_bytes())?;
        Ok(())
    }

    fn logs(&mut self, of: LogOf<'_>) -> Result<String, Fault> {
        Ok(cluster::logs(of.namespace, of.pod, of.container, of.previous, of.lines)?)
    }

    fn rollback(&mut self, back: Back<'_>) -> Result<Effect, Fault> {
        Ok(cluster::rollback(back.namespace, back.kind, back.name, back.version, back.revision)?.into())
    }

    fn evict(&mut self, namespace: &str, pod: &str, uid: &str) -> Result<Effect, Fault> {
        Ok(cluster::evict(namespace, pod, uid)?.into())
    }
}

impl Web for World {
    fn send(&mut self, requests: &[Request]) -> Result<Answers, Fault> {
        let request = |one: &Request| http::Request {
            method: http::Method::Get,
            url: one.url.clone(),
            headers: one.headers.iter().map(header).collect(),
            patience: one.patience,
            most: one.most,
        };
        let answers = http::send(&requests.iter().map(request).collect::<Vec<_>>())?;
        Ok(answers.into_iter().map(|answer| answer.map(response).map_err(trouble)).collect())
    }
}

fn header((name, value): &(String, String)) -> Header {
    Header { name: name.clone(), value: value.clone() }
}

fn response(response: http::Response) -> Response {
    let http::Response { status, headers, body, cut, took, peer } = response;
    let headers = headers.into_iter().map(|header| (header.name, header.value)).collect();
    Response { status, headers, body, cut, took, peer }
}

fn trouble(trouble: http::Trouble) -> Trouble {
    match trouble {
        http::Trouble::Refused(error) => Trouble::Refused(error.into()),
        http::Trouble::Unresolved(text) => Trouble::Unresolved(text),
        http::Trouble::Unreachable(text) => Trouble::Unreachable(text),
        http::Trouble::Untrusted(text) => Trouble::Untrusted(text),
        http::Trouble::Silent(text) => Trouble::Silent(text),
        http::Trouble::Slow(text) => Trouble::Slow(text),
        http::Trouble::BrokenOff(text) => Trouble::BrokenOff(text),
        http::Trouble::Unreadable(text) => Trouble::Unreadable(text),
    }
}

impl Time {
    /// The clock of a run that begins now.
    pub(crate) fn start() -> Self {
        let at = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |now| now.as_millis());
        Self { began: Instant::now(), at: u64::try_from(at).unwrap_or(u64::MAX) }
    }
}

impl Clock for Time {
    fn now(&self) -> u64 {
        let since = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.at.saturating_add(since)
    }

    fn sleep(&mut self, milliseconds: u64) {
        std::thread::sleep(Duration::from_millis(milliseconds));
    }
}
