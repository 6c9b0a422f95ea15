//! The host's side of `http`: each function turns the component's words into a request, passes the gate and hands back
//! the answer. No decision is taken here and no effect happens here.

use crate::host::bindings::lockstep::step::http as wit;
use crate::host::bindings::lockstep::step::types::Error;
use crate::host::{Host, to_error};
use lockstep_http::{Header, Method, Response, Trouble};
use lockstep_model::call::{Answer, CallError, Capability, RawTarget, Request};
use wasmtime::Result;

impl wit::Host for Host {
    fn send(
        &mut self,
        requests: Vec<wit::Request>,
    ) -> Result<std::result::Result<Vec<std::result::Result<wit::Response, wit::Trouble>>, Error>> {
        let (urls, asks): (Vec<_>, Vec<_>) = requests.into_iter().map(read_request).unzip();
        let calls: Vec<_> = urls.iter().map(|url| on_web("send", url)).collect();
        let answers = self.gate.call_each(&calls, |permits| self.web.send(permits, asks));
        self.told(answers.map(|answers| answers.into_iter().map(to_answer).collect()))
    }

    fn authenticate(
        &mut self,
        url: String,
        patience: u32,
    ) -> Result<std::result::Result<std::result::Result<(), wit::Trouble>, Error>> {
        let giver = self.web.token_url(&url).map(str::to_owned);
        // Two calls on two URLs: where the token is for, and where it comes from.
        let calls: Vec<_> =
            std::iter::once(&url).chain(&giver).map(|url| on_web("authenticate", url)).collect();
        let answers = self.gate.call_each(&calls, |permits| {
            let got = self.web.authenticate(permits, patience);
            let first = got.as_ref().map(|_| Answer::plain(Ok(()))).map_err(Clone::clone);
            std::iter::once(first).chain(Some(got)).take(permits.len()).collect()
        });
        let got =
            answers.and_then(|answers| answers.into_iter().next_back().unwrap_or_else(|| Err(no_call())));
        self.told(got.map(|got| got.map_err(to_trouble)))
    }
}

/// There is a call for each URL, so this is told to nobody; nothing is not an answer.
fn no_call() -> CallError {
    CallError::Invalid("the call is about no web server".into())
}

fn on_web<'u>(verb: &'static str, url: &'u str) -> Request<'u> {
    let (capability, target) = (Capability::Http, RawTarget::Url(url));
    Request { capability, verb, right: Some("get"), target, source: None }
}

fn read_request(request: wit::Request) -> (String, lockstep_http::Request) {
    let method = match request.method {
        wit::Method::Get => Method::Get,
        wit::Method::Head => Method::Head,
    };
    let header = |wit::Header { name, value }| Header { name, value };
    let headers = request.headers.into_iter().map(header).collect();
    let (patience, most) = (request.patience, request.most);
    (request.url, lockstep_http::Request { method, headers, patience, most })
}

fn to_answer(
    answer: std::result::Result<std::result::Result<Response, Trouble>, CallError>,
) -> std::result::Result<wit::Response, wit::Trouble> {
    match answer {
        Ok(answer) => answer.map(to_response).map_err(to_trouble),
        Err(error) => Err(wit::Trouble::Refused(to_error(error))),
    }
}

fn to_response(response: Response) -> wit::Response {
    let Response { status, headers, body, cut, took, peer } = response;
    let header = |Header { name, value }| wit::Header { name, value };
    wit::Response { status, headers: headers.into_iter().map(header).collect(), body, cut, took, peer }
}

fn to_trouble(trouble: Trouble) -> wit::Trouble {
    match trouble {
        Trouble::Unresolved(text) => wit::Trouble::Unresolved(text),
        Trouble::Unreachable(text) => wit::Trouble::Unreachable(text),
        Trouble::Untrusted(text) => wit::Trouble::Untrusted(text),
        Trouble::Silent(text) => wit::Trouble::Silent(text),
        Trouble::Slow(text) => wit::Trouble::Slow(text),
        Trouble::BrokenOff(text) => wit::Trouble::BrokenOff(text),
        Trouble::Unreadable(text) => wit::Trouble::Unreadable(text),
    }
}
